//! `erpsync unlock`: who holds the lease, and freeing it under a run that lives all the same.

use serde_json::Value;

use super::machines::Machine;
use crate::common::shop::Shop;
use crate::gate::{Gate, end, signal};
use crate::whole::{ALLOW, assert_whole, change};
use crate::world::{LOGINS, World};

pub fn scenario(version: u32) {
    let world = World::new(version, "unlock").in_batches_of(3);
    let mut shop = Shop::new(20);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    for (round, moment) in (1..).zip([("snapshot", 0), ("create", 1)]) {
        change(&mut shop, round);
        shop.write(&world.bench);
        world.through(&world.target().url.clone());
        let second = Machine::new(&world, "second");
        second.run(&["unlock"]).expect(0).says("Nobody holds the lease");
        let gate = Gate::at(&world, moment.0, moment.1);
        let first = Machine::new(&world, "first").start(&ALLOW);
        gate.reached();
        signal(&first, "STOP");
        // Looking frees nothing.
        let holder = format!("first, process {}", first.id());
        let before = world.target().checksums(&LOGINS);
        second.run(&["unlock"]).expect(75).says(&holder).says("import-products").says("--force");
        let told = second.run(&["unlock", "--format", "json"]).expect(75);
        let told: Value = serde_json::from_str(&told.stdout).unwrap();
        let held = &told["held"];
        assert_eq!(held["holder"].as_str(), Some(holder.as_str()), "{told}");
        let right = format!(
            "select timestamptz '{}' <= now() and timestamptz '{}' > now() and '{}' = x_key from x_pz_run order by id desc limit 1",
            held["run"]["started"].as_str().unwrap(),
            held["until"].as_str().unwrap(),
            held["run"]["key"].as_str().unwrap()
        );
        assert_eq!(world.sql(&right), "t", "{told}");
        second.import(&ALLOW).expect(75);
        world.assert_unchanged(&before, &LOGINS);

        second.run(&["unlock", "--force"]).expect(0).says(&holder).says("It is free now");
        assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
        // First it wakes and finds the lease gone, then once more with another run in between.
        if round == 1 {
            let before = world.target().checksums(&LOGINS);
            gate.open();
            signal(&first, "CONT");
            end(first).expect(75).says("the lease was taken over");
            world.assert_unchanged(&before, &LOGINS);
            second.import(&ALLOW).expect(0);
        } else {
            second.import(&ALLOW).expect(0);
            let before = world.target().checksums(&LOGINS);
            gate.open();
            signal(&first, "CONT");
            end(first).expect(75).says("the lease was taken over");
            world.assert_unchanged(&before, &LOGINS);
        }
        assert_eq!(world.count("x_pz_run where x_status = 'running'"), 0);
        world.through(&world.target().url.clone());
        assert_whole(&world, &shop);
    }
    world.assert_settled(0);
}
