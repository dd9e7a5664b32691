//! SIGKILL at random moments of a whole run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::time::{Duration, Instant};

use super::super::full;
use super::matrix::say;
use super::place::Place;
use super::story;
use super::trial::{Lab, Usual, kill};

/// Of so many leases that were left behind it is seen that they keep the next run away.
const CHECKED: usize = 3;

/// How many kills `ERPSYNC_TEST_KILLS` asks for.
pub fn wanted(default: usize) -> usize {
    let default = if full() { 50 } else { default };
    std::env::var("ERPSYNC_TEST_KILLS").map_or(default, |n| n.parse().expect("ERPSYNC_TEST_KILLS is a number"))
}

/// Numbers that look random and are the same for the same seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// `ERPSYNC_TEST_SEED`, or one from the clock.
fn seed() -> u64 {
    let now = || std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into();
    std::env::var("ERPSYNC_TEST_SEED").map_or_else(|_| now(), |n| n.parse().expect("ERPSYNC_TEST_SEED is a number"))
}

/// Kills so many runs.
pub fn run<P: Place>(lab: &mut Lab<P>, usual: &Usual, kills: usize) {
    let (seed, started, title) = (seed(), Instant::now(), lab.place.title());
    say(&format!("{title}: ERPSYNC_TEST_SEED={seed}\n"));
    let mut random = Random(seed);
    let mut whole = duration(lab);
    let (mut made, mut ended, mut leases) = (0, 0, 0);
    let mut at = BTreeMap::<usize, usize>::new();
    let mut problems = Vec::new();
    while made < kills {
        // Runs that were quicker than their kill count as none; most of them would mean that nothing is tested.
        assert!(ended < 10 + 2 * kills, "{title}: the runs end before they can be killed");
        if (made + ended) % 10 == 9 {
            // Other work on this machine makes runs longer and shorter.
            whole = duration(lab);
        }
        lab.place.reset();
        let proxy = lab.passing();
        let moment = whole.mul_f64((random.next() >> 11) as f64 / (1u64 << 53) as f64);
        let mut child = lab.command(&proxy).spawn().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        // The end of standard error is the end of the process, if that comes before the moment.
        let (tell, told) = std::sync::mpsc::channel();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            let read = err.read_to_string(&mut text).map(|_| text);
            drop(tell);
            read
        });
        let _: Result<(), _> = told.recv_timeout(moment);
        let call = proxy.accepted();
        kill(&mut child);
        let killed = child.wait().unwrap().code().is_none();
        let (out, err) = (read.join().unwrap().unwrap(), errors.join().unwrap().unwrap());
        if killed {
            made += 1;
            *at.entry(call).or_default() += 1;
        } else {
            ended += 1;
        }
        // What the dead run asked last may still be on its way: the next run meets it.
        if lab.place.look().leased {
            leases += 1;
            if leases <= CHECKED {
                let next = lab.place.bench().run(&story::FLAGS);
                assert_eq!(next.status, 75, "a run beside a dead one's lease: {next:?}");
            }
            // Every other one is freed by hand, the others end by themselves.
            if leases % 2 == 0 {
                lab.place.bench().run(&["unlock", "--force"]).expect(0);
            } else {
                lab.place.expire_lease();
            }
        }
        if let Err(problem) = lab.compare(usual) {
            let place = usual.calls.get(call.wrapping_sub(1)).map_or("before the first call", |c| &c.name);
            say(&format!(
                "== {title}: killed after {:.3} s at call {call} ({place}): {problem}\n--- stdout\n{out}\n--- stderr\n{err}\n",
                moment.as_secs_f64()
            ));
            problems.push(format!("kill {made} at call {call}"));
        }
        proxy.wait_idle();
    }
    lab.place.reset();
    lab.place.assert_reset();
    let mut fell = String::new();
    for (call, count) in &at {
        let _ = write!(fell, " {call}:{count}");
    }
    say(&format!(
        "{title}: {made} kills (seed {seed}) of a run of {:.2} s, {leases} leases left behind, {ended} runs were quicker, {} wrong; {:.0} s\n{title}: kills by call:{fell}\n",
        whole.as_secs_f64(),
        problems.len(),
        started.elapsed().as_secs_f64()
    ));
    assert!(problems.is_empty(), "{title}: {problems:?}");
}

/// How long the transition takes, with the proxy between.
fn duration<P: Place>(lab: &mut Lab<P>) -> Duration {
    lab.place.reset();
    let proxy = lab.passing();
    let started = Instant::now();
    let output = lab.command(&proxy).output().unwrap();
    let took = started.elapsed();
    assert!(output.status.code().is_some(), "{output:?}");
    took
}
