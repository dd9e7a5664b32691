//! A process sleeps past its lease, and another machine takes over: when it wakes it writes nothing more, and says so.

use super::machines::{Machine, expire_lease};
use crate::common::shop::Shop;
use crate::gate::{Gate, end, signal};
use crate::whole::{ALLOW, assert_whole, change};
use crate::world::{LOGINS, World};

/// Before which call a run falls asleep: the procedure, and how many calls of it came before.
const MOMENTS: [(&str, usize); 9] = [
    ("lookup", 0),
    ("snapshot", 0),
    ("lease", 1), // the plan is ready
    ("move", 0),
    ("create", 0),
    ("create", 1),
    ("update", 0),
    ("update", 1),
    ("report", 0),
];

/// The other run has ended, or is at work before its own call so named, when the first one wakes.
#[derive(Clone, Copy)]
enum Other {
    Ended,
    AtWork(&'static str),
}

/// A shop and an Odoo in step, in batches so small that every procedure is called more than once.
fn settled(version: u32, name: &str) -> (World, Shop) {
    let world = World::new(version, name).in_batches_of(3);
    let shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    (world, shop)
}

pub fn scenario(version: u32) {
    let (world, mut shop) = settled(version, "suspended");
    let mut tried = 0;
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        // Of the other run's own calls the last that it surely makes, or one in the middle.
        let at_work = Other::AtWork(if moment.1 == 0 && moment.0 != "report" { "update" } else { "report" });
        let whole = crate::common::full();
        for (turn, other) in [Other::Ended, at_work].into_iter().enumerate() {
            // A part of it takes turns.
            if whole || number % 4 == 2 * turn + 1 {
                tried += 1;
                sleep(&world, &mut shop, tried, moment, other);
            }
        }
    }
    world.assert_settled(0);
    eprintln!("suspended on Odoo {version}: {tried} sleeps, each overtaken by another machine");
}

fn sleep(world: &World, shop: &mut Shop, round: i64, moment: (&'static str, usize), other: Other) {
    change(shop, round);
    shop.write(&world.bench);
    world.through(&world.target().url.clone());
    let second = Machine::new(world, "second");
    let gate = Gate::at(world, moment.0, moment.1);
    let first = Machine::new(world, "first").start(&ALLOW);
    gate.reached();
    signal(&first, "STOP");
    expire_lease(world);
    let wake = |at_work: &str| {
        let before = world.target().checksums(&LOGINS);
        gate.open();
        signal(&first, "CONT");
        let run = end_of(first, moment, at_work);
        world.assert_unchanged(&before, &LOGINS);
        run
    };
    match other {
        Other::Ended => {
            second.import(&ALLOW).expect(0);
            wake("ended");
        }
        Other::AtWork(procedure) => {
            let held = Gate::at(world, procedure, 0);
            let second = Machine::new(world, "second").start(&ALLOW);
            held.reached();
            wake(procedure);
            held.open();
            end(second).expect(0);
        }
    }
    world.through(&world.target().url.clone());
    assert_whole(world, shop);
}

fn end_of(first: std::process::Child, moment: (&str, usize), other: &str) -> crate::common::Run {
    let run = end(first);
    assert_eq!(run.status, 75, "asleep before {moment:?}, the other run {other}\n{}\n{}", run.stdout, run.stderr);
    run.says("lease")
}

/// A machine dies in the middle: its run is taken over once the lease has expired, and completed. A call of the dead
/// process that the network delivers late finds the lease gone.
pub fn dead(version: u32) {
    let (world, mut shop) = settled(version, "dead");
    for (round, moment) in (1..).zip([("create", 1), ("update", 1), ("report", 0)]) {
        change(&mut shop, round);
        shop.write(&world.bench);
        world.through(&world.target().url.clone());
        let second = Machine::new(&world, "second");
        let gate = Gate::at(&world, moment.0, moment.1);
        let mut first = Machine::new(&world, "first").start(&ALLOW);
        gate.reached();
        let id = first.id();
        first.kill().unwrap();
        first.wait().unwrap();
        // Until the lease expires nobody works, and the message names the dead one.
        let before = world.target().checksums(&LOGINS);
        let run = second.import(&ALLOW).expect(75).says("another run holds the lease");
        assert!(run.stderr.contains(&format!("first, process {id}")), "{}", run.stderr);
        world.assert_unchanged(&before, &LOGINS);
        expire_lease(&world);
        second.import(&ALLOW).expect(0);
        let before = world.target().checksums(&LOGINS);
        gate.open();
        gate.answered();
        world.through(&world.target().url.clone());
        world.assert_unchanged(&before, &LOGINS);
        assert_whole(&world, &shop);
    }
    world.assert_settled(0);
}
