//! The built binary in the background, held at a call of a procedure for as long as a test wants.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::common::Run;
use crate::proxy::{Fate, stand_between};
use crate::world::World;

/// The longest wait for something that must happen: a server that is at its limit is slow, one that hangs is a failure.
pub const LIMIT: Duration = Duration::from_secs(180);

/// Sends a signal to a process that the test started.
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// A run in the background.
pub fn start(world: &World, args: &[&str]) -> Child {
    let args = [&["import-products"], args].concat();
    world.bench.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end of a run; one that hangs is killed and fails the test.
#[track_caller]
pub fn end(child: Child) -> Run {
    let id = child.id();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output().unwrap()));
    let output = told.recv_timeout(LIMIT).unwrap_or_else(|_| {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("the run (process {id}) hangs")
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Waits for what must become true.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LIMIT, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Stops the world at a call of a procedure: the test is told that it has come, and lets it go on.
pub struct Gate {
    pub came: mpsc::Receiver<()>,
    pub go: mpsc::Sender<()>,
}

impl Gate {
    pub fn at(world: &World, procedure: &'static str, before: usize) -> Self {
        let (tell, came) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let mut wait = Some(wait);
        stand_between(world, move |call| {
            let wait = if call.procedure == procedure && call.before == before { wait.take() } else { None };
            wait.map_or(Fate::Pass, |until| {
                tell.send(()).unwrap();
                Fate::Wait(until)
            })
        });
        Self { came, go }
    }

    /// Waits for the call.
    #[track_caller]
    pub fn reached(&self) {
        self.came.recv_timeout(LIMIT).expect("the call comes");
    }

    /// Lets it go on.
    pub fn open(&self) {
        self.go.send(()).unwrap();
    }

    /// Waits until the call that was let go has been answered, whether or not anybody was there to hear it.
    #[track_caller]
    pub fn answered(&self) {
        // The proxy keeps its end for as long as the call is under way.
        until("the answer of a call", || self.go.send(()).is_err());
    }
}
