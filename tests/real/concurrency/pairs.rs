//! Two machines start at the same instant, again and again: one works, the other ends 75 and changes nothing.

use std::collections::BTreeSet;
use std::process::Child;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use super::machines::Machine;
use crate::common::shop::Shop;
use crate::gate::{end, until};
use crate::proxy::{Fate, stand_between};
use crate::whole::{ALLOW, assert_whole, change};
use crate::world::{LOGINS, World};

/// Holds both runs of a pair before they ask for the lease, until both are there; then the one that has it, once its plan
/// is to be made, until the test lets it go.
#[derive(Default)]
struct Starter {
    tokens: BTreeSet<String>,
    asking: Vec<Sender<()>>,
    working: Vec<Sender<()>>,
}

pub fn race(version: u32) {
    let pairs = if crate::common::full() { 40 } else { 8 };
    let world = World::new(version, "pairs").in_batches_of(10);
    let mut shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    let starter = Arc::new(Mutex::new(Starter::default()));
    stand_between(&world, {
        let starter = starter.clone();
        move |call| {
            let mut starter = starter.lock().unwrap();
            let (go, wait) = channel();
            let token = call.question["token"].as_str().unwrap_or_default().to_owned();
            match (call.procedure.as_str(), call.question["what"].as_str()) {
                ("lease", Some("take")) if starter.tokens.len() < 2 && starter.tokens.insert(token) => {
                    starter.asking.push(go);
                    Fate::Wait(wait)
                }
                ("snapshot", _) => {
                    starter.working.push(go);
                    Fate::Wait(wait)
                }
                _ => Fate::Pass,
            }
        }
    });
    let (one, other) = (Machine::new(&world, "one"), Machine::new(&world, "other"));
    let mut first_won = 0;
    for pair in 1..=pairs {
        change(&mut shop, pair);
        shop.write(&world.bench);
        let runs = world.count("x_pz_run");
        *starter.lock().unwrap() = Starter::default();
        let mut racing = [one.start(&ALLOW), other.start(&ALLOW)];
        until("both ask for the lease", || starter.lock().unwrap().asking.len() == 2);
        for go in starter.lock().unwrap().asking.drain(..) {
            go.send(()).unwrap();
        }
        // One is turned away while the other makes its plan.
        until("one is turned away", || racing.iter_mut().any(ended));
        until("the other works", || !starter.lock().unwrap().working.is_empty());
        let first_works = ended(&mut racing[1]);
        let [first, second] = racing;
        let (winner, loser) = if first_works { (first, second) } else { (second, first) };
        first_won += i64::from(first_works);
        end(loser).expect(75).says("another run holds the lease");
        assert_eq!(world.count("x_pz_run"), runs + 1, "pair {pair}");
        let before = (pair % 8 == 1).then(|| world.target().checksums(&LOGINS));
        let working = std::mem::take(&mut starter.lock().unwrap().working);
        assert_eq!(working.len(), 1, "pair {pair}: both work");
        if let Some(before) = before {
            // A third one, while it works, changes nothing.
            Machine::new(&world, "third").import(&ALLOW).expect(75);
            world.assert_unchanged(&before, &LOGINS);
        }
        for go in working {
            go.send(()).unwrap();
        }
        end_through(winner, &starter).expect(0).says("4 created");
        if pair % 8 == 0 {
            assert_whole(&world, &shop);
        }
    }
    eprintln!("pairs on Odoo {version}: {pairs}; the first machine won {first_won}");
    world.through(&world.target().url.clone());
    world.assert_settled(0);
    assert_whole(&world, &shop);
}

fn ended(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_some()
}

/// Further pages of a snapshot pass.
fn end_through(mut child: Child, starter: &Mutex<Starter>) -> crate::common::Run {
    until("the winner ends", || {
        for go in starter.lock().unwrap().working.drain(..) {
            go.send(()).unwrap();
        }
        ended(&mut child)
    });
    end(child)
}
