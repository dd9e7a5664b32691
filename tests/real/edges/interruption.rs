//! SIGTERM and SIGINT: what was applied is whole, and the next run does the rest.

use std::io::{BufRead, BufReader};

use crate::common::shop::Shop;
use crate::gate::{Gate, end, signal, start};
use crate::proxy::{Fate, hear_all};
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "signals");
    let world = world.in_batches_of(10);
    let shop = Shop::new(50);
    shop.write(&world.bench);
    for (name, status, done, args) in [("TERM", 143, 20, ["--first-run"]), ("INT", 130, 40, ["--allow-create"])] {
        // While the second batch of this run is on its way.
        let gate = Gate::at(&world, "create", 1);
        let mut child = start(&world, &args);
        gate.came.recv().unwrap();
        signal(&child, name);
        // It says that it has heard.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("ending after the batch in flight") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "stderr ended");
        }
        gate.go.send(()).unwrap();
        end(child).expect(status).says("Interrupted by SIG").says("20 created");
        assert_eq!(world.count("x_pz_product"), done);
        assert_eq!(world.sql("select x_status, x_created from x_pz_run order by id desc limit 1"), "interrupted|20");
        assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    }
    // While the source is read: nothing was changed, and the lease is given back.
    let gate = Gate::at(&world, "snapshot", 0);
    let mut child = start(&world, &["--allow-create"]);
    gate.came.recv().unwrap();
    signal(&child, "TERM");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(143));
    gate.go.send(()).unwrap();
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    assert_eq!(world.count("x_pz_product"), 40);
    assert_eq!(world.sql("select x_status from x_pz_run order by id desc limit 1"), "interrupted");

    world.through(&world.target().url.clone());
    world.import_and_settle(&["--allow-create"], 0);
    assert_eq!(world.count("x_pz_product"), 50);
    assert_eq!(world.sql("select count(*) from x_pz_product_price_history"), "50");
}

/// Odoo goes away in the middle and comes back to hear of it: what was done is counted, the lease given back.
pub fn broken(version: u32) {
    let world = World::new(version, "broken").in_batches_of(10);
    Shop::new(30).write(&world.bench);
    // Nothing gets through from the second call on, until the run gives up.
    let mut away = false;
    hear_all(&world, move |call| {
        away |= call.procedure == "create" && call.before > 0;
        if away && ["create", ""].contains(&call.procedure.as_str()) { Fate::Drop } else { Fate::Pass }
    });
    world.import(&["--first-run"]).expect(69).says("10 created").says("cannot reach Odoo");
    assert_eq!(world.sql("select x_status, x_created from x_pz_run"), "failed|10");
    let told = world.sql("select x_summary from x_pz_run");
    assert!(told.contains("cannot reach Odoo") && told.contains("before: 10 created"), "{told}");
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.through(&world.target().url.clone());
    world.import_and_settle(&["--allow-create"], 0);
    assert_eq!(world.count("x_pz_product"), 30);
}
