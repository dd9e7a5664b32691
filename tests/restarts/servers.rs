//! A server goes away at a certain moment of a run. When it is back in time the run finishes; when not, the run says so,
//! and the next one ends where an undisturbed one would have.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::common::Run;
use crate::common::shop::Shop;
use crate::common::target::script;
use crate::gate::{Gate, end, start, until};
use crate::whole::{ALLOW, assert_whole, change};
use crate::world::World;

/// Which server, and the signal: Odoo's orderly end and its death, PostgreSQL's fast and its immediate shutdown.
const WAYS: [(&str, &str); 4] = [("odoo", "TERM"), ("odoo", "KILL"), ("postgres", "INT"), ("postgres", "QUIT")];

/// Where the run is.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// On its way to a call of this procedure, so many calls of it done.
    Before(&'static str, usize),
    /// In the middle of a call: its transaction waits for this table.
    Within(&'static str),
}

const MOMENTS: [Moment; 5] = [
    Moment::Before("snapshot", 0),
    Moment::Before("create", 1),
    Moment::Within("x_pz_product_barcode_history"), // a move
    Moment::Within("x_pz_product_name_history"),    // an update
    Moment::Before("report", 0),
];

fn stop(world: &World, (server, signal): (&str, &str)) {
    script("stop", &[&world.version().to_string(), server, signal]);
}

fn up(world: &World) {
    script("up", &[&world.version().to_string()]);
}

/// A database that is set up, on servers that answer.
fn settled(version: u32, name: &str, patience: u32) -> (World, Shop) {
    let world = World::new(version, name).in_batches_of(3).with_odoo(&format!("retry_seconds = {patience}"));
    // The test servers save time where a shop's do not: what PostgreSQL acknowledged must be there after a crash of it.
    world.sql(&format!("alter database {} set synchronous_commit = on", world.target().database));
    let shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    (world, shop)
}

/// Two scenarios of one version share its servers.
fn alone<T>(version: u32, work: impl FnOnce() -> T) -> T {
    static TURNS: [Mutex<()>; 2] = [Mutex::new(()), Mutex::new(())];
    let _turn = TURNS[usize::from(version == 19)].lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// Brings a run to the moment; what is returned holds it there.
enum Held {
    Gate(Gate),
    Table(Lock),
}

fn hold(world: &World, moment: Moment) -> Held {
    match moment {
        Moment::Before(procedure, before) => Held::Gate(Gate::at(world, procedure, before)),
        Moment::Within(table) => Held::Table(Lock::new(world, table)),
    }
}

pub fn come_back(version: u32) {
    alone(version, || {
        let (world, mut shop) = settled(version, "come_back", 300);
        let whole = crate::common::full();
        let mut tried = 0;
        for (number, moment) in MOMENTS.into_iter().enumerate() {
            for (turn, way) in WAYS.into_iter().enumerate() {
                // A part of it: in the middle of a write, Odoo's death on 14 and PostgreSQL's on 19.
                if !whole && (number, turn) != if version == 14 { (3, 1) } else { (2, 3) } {
                    continue;
                }
                tried += 1;
                change(&mut shop, tried);
                shop.write(&world.bench);
                world.through(&world.target().url.clone());
                let held = hold(&world, moment);
                let mut child = start(&world, &ALLOW);
                let said = listen(&mut child);
                match &held {
                    Held::Gate(gate) => gate.reached(),
                    Held::Table(lock) => lock.awaited(&world),
                }
                stop(&world, way);
                if let Held::Gate(gate) = &held {
                    gate.open();
                }
                // It has met the closed door before the server is back.
                until("the run notices", || !said.lock().unwrap().is_empty() || child.try_wait().unwrap().is_some());
                drop(held);
                up(&world);
                let run = heard(end(child), &said);
                assert_eq!(run.status, 0, "{way:?} {moment:?}\n{}\n{}", run.stdout, run.stderr);
                assert_readable(&run);
                world.through(&world.target().url.clone());
                assert_whole(&world, &shop);
            }
        }
        world.assert_settled(0);
        eprintln!("restarts on Odoo {version}: {tried}, and every run finished by itself");
    });
}

/// Nobody brings the server back until the run has given up.
pub fn stay_away(version: u32) {
    alone(version, || {
        let (world, mut shop) = settled(version, "stay_away", 3);
        let ways = [("odoo", "KILL"), ("postgres", "QUIT")];
        let ways = if crate::common::full() { &ways[..] } else { &ways[usize::from(version == 14)..][..1] };
        for (round, way) in (1..).zip(ways) {
            change(&mut shop, round);
            shop.write(&world.bench);
            world.through(&world.target().url.clone());
            let gate = Gate::at(&world, "update", 1);
            let child = start(&world, &ALLOW);
            gate.reached();
            stop(&world, *way);
            gate.open();
            let run = end(child).expect(69).says("4 created");
            assert_readable(&run);
            up(&world);
            world.through(&world.target().url.clone());
            // It could not give its lease back.
            world.import(&ALLOW).expect(75).says("another run holds the lease");
            next(&world);
            assert_whole(&world, &shop);
        }
        world.assert_settled(0);
    });
}

/// The next run once the lease has expired.
fn next(world: &World) {
    world.sql("update x_pz_lane set x_expires = x_expires - interval '1 day' where x_expires is not null");
    world.import(&ALLOW).expect(0);
}

/// People read what happened, not how Odoo is made.
#[track_caller]
fn assert_readable(run: &Run) {
    for word in ["Traceback", "cr.execute", "panicked", "<html", "<!DOCTYPE", "  File \""] {
        assert!(!run.stdout.contains(word) && !run.stderr.contains(word), "{}\n{}", run.stdout, run.stderr);
    }
}

/// Hears what a run says on stderr while it is at work.
fn listen(child: &mut Child) -> Arc<Mutex<String>> {
    let said = Arc::new(Mutex::new(String::new()));
    let (hears, stderr) = (said.clone(), child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut said = hears.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    });
    said
}

fn heard(run: Run, said: &Mutex<String>) -> Run {
    Run { stderr: said.lock().unwrap().clone(), ..run }
}

/// Somebody's session in the database that has a table for itself.
struct Lock {
    session: Child,
}

impl Lock {
    fn new(world: &World, table: &str) -> Self {
        let scripts = std::env::var("ERPSYNC_TEST_ODOO_SCRIPTS").expect("set by tests/restarts/run");
        let mut session = Command::new(format!("{scripts}/psql"))
            .args([&world.version().to_string(), &world.target().database, "-XAtq"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = session.stdin.as_mut().unwrap();
        writeln!(stdin, "begin; lock table {table} in share row exclusive mode; select 'locked';").unwrap();
        let mut line = [0; 7];
        session.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"locked\n");
        Self { session }
    }

    /// Waits until a transaction of Odoo waits.
    fn awaited(&self, world: &World) {
        let waiting =
            format!("pg_stat_activity where datname = '{}' and wait_event_type = 'Lock'", world.target().database);
        until("a transaction waits", || world.count(&waiting) > 0);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}
