//! One run at a time in one Odoo, whatever the machine.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::json;

use crate::common::Run;
use crate::common::shop::Shop;
use crate::proxy::{Fate, stand_between};
use crate::world::{LOGINS, World};

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

pub fn end(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
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
}

fn world(version: u32, name: &str) -> (World, Shop) {
    let world = World::new(version, name);
    let world = world.in_batches_of(10);
    let shop = Shop::new(40);
    shop.write(&world.bench);
    (world, shop)
}

pub fn busy(version: u32) {
    let (world, _) = world(version, "busy");
    let gate = Gate::at(&world, "create", 1);
    let first = start(&world, &["--first-run"]);
    gate.came.recv().unwrap();
    signal(&first, "STOP");
    let before = world.target().checksums(&LOGINS);
    assert_eq!(world.count("x_pz_product"), 10);
    // On the same machine the lock file tells before Odoo is even asked; on another the lease.
    world.import(&["--first-run"]).expect(75).says("lock file");
    world.elsewhere();
    let run = world.import(&["--first-run"]).expect(75).says("another run holds the lease");
    assert!(run.stderr.contains(&format!("process {}", first.id())), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    // Looking needs no lease.
    world.import(&["--dry-run", "--first-run"]).expect(2).says("30 to create");
    world.assert_unchanged(&before, &LOGINS);
    gate.go.send(()).unwrap();
    signal(&first, "CONT");
    end(first).expect(0).says("40 created");
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.import(&[]).expect(0).says("Nothing to do");
}

/// The first run sleeps past its lease, another takes over and finishes; then the first one wakes.
pub fn lost(version: u32) {
    let (world, shop) = world(version, "lost_lease");
    let gate = Gate::at(&world, "create", 1);
    let first = start(&world, &["--first-run"]);
    gate.came.recv().unwrap();
    signal(&first, "STOP");
    world.sql("update x_pz_lane set x_expires = x_expires - interval '1 day'");
    world.elsewhere();
    world.import(&["--first-run"]).expect(0).says("30 created");
    let before = world.target().checksums(&LOGINS);
    gate.go.send(()).unwrap();
    signal(&first, "CONT");
    let run = end(first).expect(75).says("the lease was taken over");
    assert!(!run.stdout.contains("40 created"), "{}", run.stdout);
    world.assert_unchanged(&before, &LOGINS);
    assert_eq!(world.count("x_pz_product"), shop.products.len());
    world.import(&[]).expect(0).says("Nothing to do");
}

pub fn paused(version: u32) {
    let (world, _) = world(version, "paused");
    let setup: i64 = world.sql("select id from x_pz_setup").parse().unwrap();
    world.write("x_pz_setup", setup, json!({"x_paused": true}));
    let day = world.sql("select to_char(now() at time zone 'utc', 'YYYY-MM-DD')");
    let run = world.import(&["--first-run"]).expect(75).says("paused in Odoo by admin since");
    assert!(run.stderr.contains(&day), "{}", run.stderr);
    assert_eq!(world.count("x_pz_product"), 0);
    assert_eq!(world.count("x_pz_run"), 0);
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.import(&["--first-run", "--dry-run"]).expect(2);
    world.write("x_pz_setup", setup, json!({"x_paused": false}));
    world.import_and_settle(&["--first-run"], 0);
}
