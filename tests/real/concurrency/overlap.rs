//! One run at a time in one Odoo, whatever the machine.

use serde_json::json;

use crate::common::shop::Shop;
use crate::gate::{Gate, end, signal, start};
use crate::world::{LOGINS, World};

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
