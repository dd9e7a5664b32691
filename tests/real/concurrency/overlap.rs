//! One run at a time in one Odoo, whatever the machine.

use std::os::unix::fs::MetadataExt;
use std::sync::mpsc;

use serde_json::json;

use crate::common::shop::Shop;
use crate::gate::{Gate, LIMIT, end, signal, start};
use crate::proxy::{Fate, stand_between};
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
    let switch: i64 = world.sql("select id from x_pz_pause").parse().unwrap();
    world.write("x_pz_pause", switch, json!({"x_paused": true}));
    let day = world.sql("select to_char(now() at time zone 'utc', 'YYYY-MM-DD')");
    let run = world.import(&["--first-run"]).expect(75).says("paused in Odoo by admin since");
    assert!(run.stderr.contains(&day), "{}", run.stderr);
    assert_eq!(world.count("x_pz_product"), 0);
    assert_eq!(world.count("x_pz_run"), 0);
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.import(&["--first-run", "--dry-run"]).expect(2);
    world.write("x_pz_pause", switch, json!({"x_paused": false}));
    world.import_and_settle(&["--first-run"], 0);
}

/// The switch holds a run at work as well: what is on its way is the last that is written, and the run's line says so.
pub fn paused_at_work(version: u32) {
    let (world, _) = world(version, "paused_at_work");
    let switch: i64 = world.sql("select id from x_pz_pause").parse().unwrap();
    let gate = Gate::at(&world, "create", 1);
    let first = start(&world, &["--first-run"]);
    gate.reached();
    world.write("x_pz_pause", switch, json!({"x_paused": true}));
    gate.open();
    let run = end(first).expect(75).says("10 created").says("paused in Odoo by admin since");
    assert!(!run.stderr.contains("lease was not given back"), "{}", run.stderr);
    assert_eq!(world.count("x_pz_product"), 10);
    let line = world.sql("select x_status || ' ' || x_summary from x_pz_run");
    let begins = "paused synchronisation is paused in Odoo by admin";
    assert!(line.starts_with(begins) && line.contains("; before: 10 created"), "{line}");
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.through(&world.target().url.clone());
    world.import(&[]).expect(75);
    world.write("x_pz_pause", switch, json!({"x_paused": false}));
    world.import_and_settle(&["--allow-create"], 0);
    assert_eq!(world.count("x_pz_product"), 40);
}

/// So does "don't touch", for its product alone: it is refused as one that was edited meanwhile.
pub fn closed_at_work(version: u32) {
    let (world, mut shop) = world(version, "closed_at_work");
    world.import(&["--first-run"]).expect(0);
    shop.product(1003).price = "7.5".to_owned();
    shop.product(1004).price = "7.5".to_owned();
    shop.rotate(&[1012, 1013]);
    shop.rotate(&[1020, 1021]);
    shop.write(&world.bench);
    let before = world.shown(world.linked(1003)) + &world.shown(world.linked(1013));
    let gate = Gate::at(&world, "move", 0);
    let run = start(&world, &["--allow-changes", "--allow-price-change"]);
    gate.reached();
    for id in [1003, 1013] {
        let link = world.sql(&format!("select id from x_pz_product where x_external_id = '{id}'")).parse().unwrap();
        world.write("x_pz_product", link, json!({"x_no_touch": true}));
    }
    gate.open();
    let run = end(run).expect(4).says("it was marked \"don't touch\" meanwhile");
    assert_eq!(world.shown(world.linked(1003)) + &world.shown(world.linked(1013)), before, "{}", run.stdout);
    assert!(world.shown(world.linked(1004)).contains("|7.5|"));
    world.through(&world.target().url.clone());
    // From now on the plan itself leaves them alone, and the one that wants such a product's code waits.
    world.import_and_settle(&[], 3);
}

/// Setup never changes procedures below a run: it waits its turn like everybody, and whoever has another version's procedures
/// before them all the same is told so and writes nothing.
pub fn setup_at_work(version: u32) {
    const EDITED: &str = r"update ir_act_server set code = code || E'\n# mine' where code like '# erpsync prune:%'";
    let (world, _) = world(version, "setup_at_work");
    let gate = Gate::at(&world, "create", 1);
    let first = start(&world, &["--first-run"]);
    gate.reached();
    world.elsewhere();
    world.sql(EDITED);
    let before = world.target().checksums(&LOGINS);
    for args in [&[][..], &["--remove"]] {
        let run = world.bench.setup(args).expect(75).says("the lease is held by");
        assert!(run.stderr.contains(&format!("process {}", first.id())), "{}", run.stderr);
    }
    world.bench.setup(&["--dry-run"]).expect(2).says("~ procedure \"prune\" (code)");
    assert_eq!(world.count("ir_act_server where code like 'ask = %'"), 0);
    let after = world.target().checksums(&LOGINS).into_iter();
    let changed: Vec<_> = after.filter(|t| !before.contains(t) && !t.starts_with("orm_signaling_")).collect();
    assert_eq!(changed, Vec::<String>::new());
    // Somebody does it past the lease.
    world.sql(
        r"update ir_act_server set code = replace(code, E'\nCODE = ''', E'\nCODE = ''0') where code like '# erpsync create:%'",
    );
    gate.open();
    end(first).expect(78).says("another version's setup put them there").says("10 created");
    assert_eq!(world.count("x_pz_product"), 10);
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.bench.setup(&[]).expect(0).says("Setup took 2 steps");
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.through(&world.target().url.clone());
    world.import_and_settle(&["--allow-create"], 0);
    world.sql("update x_pz_lane set x_token = 'dead', x_holder = 'setup on elsewhere, process 1', x_expires = now() at time zone 'utc' + interval '1 hour'");
    world.bench.run(&["unlock"]).expect(75).says("`erpsync setup` holds the lease on elsewhere, process 1.");
    world.bench.run(&["unlock", "--force"]).expect(0);
    // A setup that was killed on another machine is waited for, one of this machine is not.
    let held = |holder: &str| {
        world.sql(&format!(
            "update x_pz_lane set x_token = 'dead', x_holder = '{holder}', x_expires = now() at time zone 'utc' + interval '1 hour'"
        ));
        world.sql(EDITED);
    };
    held("setup on elsewhere, process 1");
    world.bench.setup(&[]).expect(75).says("setup on elsewhere, process 1");
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    // Another account of the machine has another lock.
    held(&format!("setup on {} (lock 1.2), process 1", machine.trim()));
    world.bench.setup(&[]).expect(75).says("(lock 1.2), process 1");
    let lock = std::fs::metadata(world.bench.path("run.lock")).unwrap();
    held(&format!("setup on {} (lock {:x}.{:x}), process 1", machine.trim(), lock.dev(), lock.ino()));
    world.bench.setup(&[]).expect(0).says("Setup took 1 steps");
}

/// Reading may take longer than the lease lasts: it is renewed meanwhile.
pub fn renewed_while_reading(version: u32) {
    let (world, _) = world(version, "renewed");
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let mut wait = Some(wait);
    stand_between(&world, move |call| {
        if call.procedure == "lease" && call.question["what"] == "renew" {
            let _ = tell.send(());
        }
        let wait = if call.procedure == "snapshot" { wait.take() } else { None };
        wait.map_or(Fate::Pass, Fate::Wait)
    });
    let config = std::fs::read_to_string(world.bench.config()).unwrap();
    std::fs::write(world.bench.config(), format!("{config}\nlease_seconds = 60\n")).unwrap();
    let run = start(&world, &["--first-run"]);
    // What Odoo has is held back until then.
    told.recv_timeout(LIMIT).expect("the lease is renewed");
    go.send(()).unwrap();
    end(run).expect(0).says("40 created");
}
