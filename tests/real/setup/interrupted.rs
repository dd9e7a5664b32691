//! A setup that is killed anywhere, or meets another one, can be run again and completes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::*;

/// Stands between the program and Odoo, counts the calls that write, and withholds the answer to one of them: Odoo has
/// done it, the program never learns.
struct Between {
    port: u16,
    left: Arc<AtomicI64>,
    withheld: Receiver<()>,
}

impl Between {
    fn start(target: &Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream = target.url.trim_start_matches("http://").to_owned();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let (tell, withheld) = channel();
        let counter = Arc::clone(&left);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (upstream, counter, tell) = (upstream.clone(), Arc::clone(&counter), tell.clone());
                thread::spawn(move || pass(client, &upstream, &counter, &tell));
            }
        });
        Self { port, left, withheld }
    }

    /// Withholds the answer to the n-th writing call from now.
    fn withhold(&self, n: i64) {
        self.left.store(n, Ordering::SeqCst);
    }
}

/// One request and its answer; Odoo closes after each.
fn pass(mut client: TcpStream, upstream: &str, left: &AtomicI64, tell: &Sender<()>) -> Option<()> {
    let request = request(&mut client)?;
    let line = String::from_utf8_lossy(&request[..request.iter().position(|b| *b == b'\r')?]).into_owned();
    let method = line.split(' ').nth(1)?.rsplit('/').next()?.to_owned();
    let writes = line.contains("/call_kw/") && ["create", "write", "unlink", "run"].contains(&method.as_str());
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(&request).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    if writes && left.fetch_sub(1, Ordering::SeqCst) == 1 {
        tell.send(()).ok()?;
        // Until the program has been killed, and its end of the connection closed.
        let _ = client.read(&mut [0]);
        return None;
    }
    client.write_all(&answer).ok()
}

fn request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    loop {
        let n = client.read(&mut part).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&part[..n]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            // One request a connection, so that the end of the answer is the end of the stream.
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut out = format!("{head}\r\nConnection: close\r\n\r\n").into_bytes();
            out.extend_from_slice(&bytes[end + 4..]);
            return Some(out);
        }
    }
}

/// How a run that may be killed ended: `None` when it was killed.
fn run_or_kill(bench: &Bench, between: &Between, args: &[&str], nth: i64) -> Option<i32> {
    between.withhold(nth);
    let url = format!("http://127.0.0.1:{}", between.port);
    let mut command =
        bench.command(&[&["setup", "--admin-login", "admin", "--quiet", "--odoo-url", &url], args].concat());
    let mut child: Child = command.spawn().unwrap();
    loop {
        if between.withheld.recv_timeout(std::time::Duration::from_millis(20)).is_ok() {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.code().unwrap());
        }
    }
}

/// How many writing calls a run gets before it is killed. Taking the lease and giving it back are five. `ERPSYNC_TEST_FULL=1`
/// kills after nearly every step, which takes ten minutes.
fn strides() -> [i64; 4] {
    if crate::common::full() { [6, 7, 6, 8] } else { [13, 8, 17, 11] }
}

/// Kills again and again until a run comes to its end; returns how often it was killed.
fn until_done(bench: &Bench, between: &Between, args: &[&str]) -> usize {
    for kills in 0..1000 {
        if let Some(status) = run_or_kill(bench, between, args, strides()[kills % 4]) {
            assert_eq!(status, 0, "after {kills} kills");
            return kills;
        }
    }
    panic!("setup makes no progress");
}

fn killed(version: u32) {
    let bench = bench(version, "erpsync_setup_killed", &["en_US"]);
    let target = &bench.target;
    let between = Between::start(target);
    let kills = until_done(&bench, &between, &[]);
    assert!(kills > 4, "killed {kills} times only");
    assert_eq!(counts(target), WHOLE);
    bench.setup(&[]).expect(0).says("Nothing to do");
    import(&bench, 30);

    // History is there from now on: a removal that keeps it, killed everywhere as well, and then all of it.
    let links = target.sql("select count(*), md5(string_agg(t::text, '|' order by id)) from x_pz_product t");
    until_done(&bench, &between, &["--remove", "--keep-history"]);
    assert_eq!(target.sql("select count(*), md5(string_agg(t::text, '|' order by id)) from x_pz_product t"), links);
    assert!(until_done(&bench, &between, &[]) > 1);
    assert_eq!(counts(target), WHOLE);
    bench.import(&[]).expect(3);
    until_done(&bench, &between, &["--remove"]);
    assert_eq!(counts(target), NOTHING);
}

/// Cut between two steps, a run refuses to work with the half.
fn cut(version: u32) {
    let bench = bench(version, "erpsync_setup_cut", &["en_US"]);
    let admin = people::Person::log_in(&bench.target, "admin", "admin");
    for at in [2, 4, 6, 9, 10, 30, 12, 5, 2] {
        let left = admin.run(async |odoo| {
            let mut survey =
                erpsync::odoo::setup::survey(odoo, &erpsync::odoo::setup::Wishes::default()).await.unwrap();
            survey.steps.truncate(at);
            let left = survey.steps.len();
            erpsync::odoo::setup::install(odoo, survey, None, |_| {}).await.unwrap();
            left
        });
        let whole = bench.target.sql("select to_regclass('x_pz_setup') is not null")[0] == "t"
            && bench.target.sql("select count(*) from x_pz_setup")[0] == "1";
        if left == at && !whole {
            let status = bench.import(&[]).status;
            assert!([77, 78].contains(&status), "{status}");
        }
    }
    import(&bench, 30);
    assert_eq!(counts(&bench.target), WHOLE);
}

/// Two at once on one machine: the second finds the lock and ends at once. (Threads of Odoo 14 that rebuild their models at
/// the same time break them until it is restarted, whoever makes them do it.)
fn two_at_once(version: u32) {
    let bench = bench(version, "erpsync_setup_two", &["en_US"]);
    let target = &bench.target;
    for round in 0..3 {
        let spawn = || bench.command(&["setup", "--admin-login", "admin", "--quiet"]).spawn().unwrap();
        let (mut one, mut two) = (spawn(), spawn());
        let mut ends = [one.wait().unwrap().code(), two.wait().unwrap().code()];
        ends.sort_unstable();
        assert_eq!(ends, [Some(0), Some(75)], "round {round}");
        bench.setup(&[]).expect(0).says("Nothing to do");
        assert_eq!(counts(target), WHOLE, "round {round}");
        bench.import(&[]).expect(5).says("--allow-empty-source");
        bench.setup(&["--remove"]).expect(0);
        assert_eq!(counts(target), NOTHING, "round {round}");
    }
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn killed_setup_completes_on_14() {
    killed(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn killed_setup_completes_on_19() {
    killed(crate::common::version(19));
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn cut_setup_completes_on_14() {
    cut(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn cut_setup_completes_on_19() {
    cut(crate::common::version(19));
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn two_setups_at_once_on_14() {
    two_at_once(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn two_setups_at_once_on_19() {
    two_at_once(crate::common::version(19));
}
