//! One disturbed run, one undisturbed run behind it, and the comparison with the undisturbed transition.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use erpsync_sandbox::proxy::{Fate, Proxy};

use super::kinds::{Call, Kind};
use super::place::{Look, Place};
use super::story;
use crate::common::{Run, SOURCE_PASSWORD};

/// A run that takes longer hangs.
pub const LIMIT: Duration = Duration::from_secs(180);

/// The transition without faults.
pub struct Usual {
    pub calls: Vec<Call>,
    pub status: i32,
    /// Status of a further run, and of a dry run behind it.
    clean: i32,
    dry: i32,
    plan: String,
    state: Vec<String>,
}

/// What became of a disturbed run.
pub struct Ending {
    pub status: i32,
    /// The lease was left behind.
    pub lease: bool,
}

/// A place with its configuration, ready for trials.
pub struct Lab<P> {
    pub place: P,
    base: String,
    procedures: BTreeMap<i64, String>,
    secrets: Vec<String>,
    /// Products before the transition.
    before: usize,
}

impl<P: Place> Lab<P> {
    /// Prepares the story; `usual` comes next.
    pub fn new(mut place: P) -> Self {
        let base = std::fs::read_to_string(place.bench().config()).unwrap();
        let secrets = place.bench().target.secrets.iter().map(|(_, secret)| secret.clone());
        // `admin` is the administrator's name as well.
        let secrets = secrets.chain([SOURCE_PASSWORD.to_owned()]).filter(|s| s != "admin").collect();
        configure(&place, &base, "");
        story::prepare(&mut place);
        let (procedures, before) = (place.procedures(), place.look().products);
        Self { place, base, procedures, secrets, before }
    }

    /// Makes the transition without faults and remembers how it came out.
    pub fn usual(&mut self) -> Usual {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&calls);
        let url = self.place.bench().target.url.clone();
        let proxy = Proxy::start(&url, self.procedures.clone(), move |call| {
            seen.lock().unwrap().push(Call::of(call));
            Fate::Pass
        });
        let proxy = Arc::new(proxy.unwrap());
        let (run, _) = self.run_through(&proxy);
        let first = self.place.look().state;
        self.place.learn();
        let (clean, dry, plan) = self.settle();
        let look = self.place.look();
        assert_eq!(first, look.state, "the run behind an undisturbed one changes something");
        assert_eq!(look.products, self.before + story::CREATED, "\n{}", run.stdout);
        let problems = broken(&look);
        assert!(problems.is_empty(), "{problems:?}");
        for what in ["11 created", "3 adopted", "3 archived", "1 reactivated"] {
            assert!(run.stdout.contains(what), "no {what:?} in {}", run.stdout);
        }
        let calls = calls.lock().unwrap().clone();
        Usual { calls, status: run.status, clean, dry, plan, state: look.state }
    }

    /// Disturbs a run at one call.
    ///
    /// # Errors
    /// What is wrong afterwards, for people.
    pub fn disturb(&mut self, usual: &Usual, call: &Call, kind: Kind) -> Result<Ending, String> {
        self.place.reset();
        let extra = match kind {
            Kind::Silence => "timeout = 1\n",
            // Nothing is to be waited for.
            _ if kind.is_lasting() => "retry_seconds = 1\n",
            _ => "",
        };
        configure(&self.place, &self.base, extra);
        let struck = call.number;
        let from = kind.refuses_from(struck);
        let url = self.place.bench().target.url.clone();
        let hook = move |passing: &erpsync_sandbox::proxy::Passing| {
            if passing.number == struck { kind.fate() } else { Fate::Pass }
        };
        let proxy = Arc::new(Proxy::refusing(&url, self.procedures.clone(), from, hook).unwrap());
        let (run, hung) = self.run_watched(&proxy, kind == Kind::Refused);
        proxy.wait_idle();
        if kind == Kind::LateCopy && proxy.send_late() != 1 {
            return Err("no copy was kept".to_owned());
        }
        configure(&self.place, &self.base, "");
        let shown = format!("status {}\n--- stdout\n{}\n--- stderr\n{}", run.status, run.stdout, run.stderr);
        if hung {
            return Err(format!("it hangs; {shown}"));
        }
        if !kind.may_end(run.status, usual.status, call) {
            return Err(format!("a wrong end; {shown}"));
        }
        self.clean_output(&run)?;
        let lease = self.place.expire_lease();
        // To a server that is gone for good nothing can be given back; that is said then.
        let said = run.stderr.contains("the lease was not given back and ends by itself");
        if lease && run.status == usual.status && !(kind == Kind::Away && said) {
            return Err(format!("it came to its end, and the lease is held; {shown}"));
        }
        self.compare(usual).map_err(|problem| format!("{problem}\nthe disturbed run: {shown}"))?;
        Ok(Ending { status: run.status, lease })
    }

    /// Runs again, and compares with the transition without faults.
    ///
    /// # Errors
    /// The differences.
    pub fn compare(&self, usual: &Usual) -> Result<(), String> {
        let (clean, dry, plan) = self.settle();
        let look = self.place.look();
        let mut problems = broken(&look);
        problems.extend(difference(&usual.state, &look.state));
        if (clean, dry) != (usual.clean, usual.dry) {
            problems.push(format!("statuses {clean}, {dry} instead of {}, {}", usual.clean, usual.dry));
        }
        if plan != usual.plan {
            problems.push(format!("the third run plans\n{plan}\ninstead of\n{}", usual.plan));
        }
        if look.leased {
            problems.push("the lease is held after a clean run".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }

    /// An undisturbed run, and a dry run: their statuses, and the plan without numbers that Odoo gave.
    fn settle(&self) -> (i32, i32, String) {
        let bench = self.place.bench();
        let mut clean = bench.run(&story::FLAGS);
        // What a dead run asked last may take the lease only now.
        while clean.status == 75 && self.place.expire_lease() {
            clean = bench.run(&story::FLAGS);
        }
        let dry = bench.run(&[&story::FLAGS[..], &["--dry-run", "--format", "lines"]].concat());
        if let Err(problem) = self.clean_output(&clean).and_then(|()| self.clean_output(&dry)) {
            panic!("{problem}");
        }
        bench.assert_source_untouched();
        (clean.status, dry.status, without_numbers(&dry.stdout))
    }

    fn clean_output(&self, run: &Run) -> Result<(), String> {
        let text = format!("{}\n{}", run.stdout, run.stderr);
        let words = ["panicked", "RUST_BACKTRACE", "Traceback", "while evaluating"];
        let found = words.into_iter().chain(self.secrets.iter().map(String::as_str)).find(|w| text.contains(w));
        found.map_or(Ok(()), |word| Err(format!("{word:?} in the output:\n{text}")))
    }

    /// A run through the proxy, not yet started.
    pub fn command(&self, proxy: &Proxy) -> Command {
        let mut command = self.place.bench().command(&story::FLAGS);
        command.env("ERPSYNC_ODOO_URL", proxy.url()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A proxy that lets all pass.
    pub fn passing(&self) -> Proxy {
        Proxy::start(&self.place.bench().target.url, self.procedures.clone(), |_| Fate::Pass).unwrap()
    }

    fn run_through(&self, proxy: &Arc<Proxy>) -> (Run, bool) {
        self.run_watched(proxy, false)
    }

    /// Runs, and tells whether it had to be killed. With `reopen`, the proxy listens again once the run has told that it
    /// reaches nobody.
    fn run_watched(&self, proxy: &Arc<Proxy>, reopen: bool) -> (Run, bool) {
        let mut child = self.command(proxy).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let out = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).map(|_| text)
        });
        let child = Arc::new(Mutex::new(child));
        let watched = Arc::clone(&child);
        let (ended, wait) = mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            let hung = wait.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout);
            if hung {
                kill(&mut watched.lock().unwrap());
            }
            hung
        });
        let mut err = String::new();
        for line in stderr.lines() {
            let line = line.unwrap();
            if reopen && line.contains("cannot reach Odoo") {
                proxy.reopen();
            }
            err.push_str(&line);
            err.push('\n');
        }
        let stdout = out.join().unwrap().unwrap();
        drop(ended);
        let hung = watchdog.join().unwrap();
        let status = child.lock().unwrap().wait().unwrap().code().unwrap_or(-1);
        (Run { status, stdout, stderr: err }, hung)
    }
}

/// Rules that do not hold.
fn broken(look: &Look) -> Vec<String> {
    let broken = look.broken.iter().filter(|(_, count)| *count != 0);
    broken.map(|(rule, count)| format!("{rule}: {count}")).collect()
}

/// SIGKILL.
pub fn kill(child: &mut Child) {
    // It may have ended by itself just now.
    let _ = child.kill();
}

/// Writes the configuration with these lines added to `[odoo]`.
fn configure(place: &impl Place, base: &str, extra: &str) {
    let text = base.replace("[sync]", &format!("{}{extra}\n[sync]", story::ODOO));
    std::fs::write(place.bench().config(), format!("{text}\n{}", story::SYNC)).unwrap();
}

/// `#17` is another number in another run.
pub fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut number = false;
    for c in text.chars() {
        if number && c.is_ascii_digit() {
            continue;
        }
        number = c == '#';
        out.push(c);
    }
    out
}

/// Lines that one has and the other lacks, each as often as that is so.
fn difference(usual: &[String], now: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for line in usual {
        *counts.entry(line).or_default() -= 1;
    }
    for line in now {
        *counts.entry(line).or_default() += 1;
    }
    let told = |(line, count): (&str, i64)| match count {
        0 => None,
        n if n > 0 => Some(format!("more ({n}): {line}")),
        n => Some(format!("less ({}): {line}", -n)),
    };
    counts.into_iter().filter_map(told).collect()
}
