//! Calls that are too much for what stands before Odoo, or for Odoo's limits: they are halved, and all is done and recorded.

use std::sync::{Arc, Mutex};

use crate::common::shop::{Product, Shop, ean13};
use crate::proxy::{Fate, hear_all, stand_between};
use crate::world::{RUN, World};

/// So many deferred actions that their report is several times as large as the proxy lets through.
const WAITING: i64 = 3_000;

const PASSWORD: &str = "Operator-Pa55";

/// Everything that is larger than this is refused, from now on; the names of what was.
fn small(world: &World, bytes: usize) -> Arc<Mutex<Vec<String>>> {
    let refused = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&refused);
    hear_all(world, move |call| {
        if call.size <= bytes {
            return Fate::Pass;
        }
        told.lock().unwrap().push(call.name.clone());
        Fate::Page(413)
    });
    refused
}

fn priceless(world: &World, ids: impl Iterator<Item = i64>) {
    let rows: Vec<(i64, String)> = ids.map(|id| (id, format!("Товар без цены {id}"))).collect();
    let rows: Vec<_> = rows.iter().map(|(id, name)| (*id, name.as_str(), None, &[][..])).collect();
    world.add(&rows);
}

/// nginx refuses bodies over 1 MB by default; this one over 40 kB, so that a test meets it soon.
pub fn refused(version: u32) {
    let world = World::new(version, "large");
    let mut shop = Shop::new(300);
    shop.write(&world.bench);
    priceless(&world, 100_000..100_000 + WAITING);
    let refused = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&refused);
    stand_between(&world, move |call| {
        if call.size <= 40_000 {
            return Fate::Pass;
        }
        told.lock().unwrap().push(call.procedure.clone());
        Fate::Page(413)
    });
    let counted = || {
        world.sql("select count(*) || ' ' || count(distinct x_external_id) from x_pz_conflict where x_state = 'open' and x_kind = 'no-price'")
    };

    world.import(&["--first-run"]).expect(3).says("300 created").says("HTTP 413").says("client_max_body_size");
    assert_eq!(counted(), "3000 3000");
    let mut kinds = std::mem::take(&mut *refused.lock().unwrap());
    assert!(kinds.iter().filter(|kind| *kind == "report").count() <= 6, "a size that went through is kept: {kinds:?}");
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["create", "lookup", "report"]);
    let ran =
        "select x_status || ' ' || x_deferred || ' ' || (x_ended is not null) from x_pz_run order by id desc limit 1";
    assert_eq!(world.sql(ran), "done 3000 true");

    // The same again writes nothing.
    let before = world.target().checksums(&RUN);
    world.import(&[]).expect(3);
    world.assert_unchanged(&before, &RUN);

    // Prices of all, and for half of those that wait: all in parts.
    world.bench.source("UPDATE dbo.Products SET Price = 7 WHERE ProductID >= 100000 AND ProductID < 100040");
    for product in shop.products.values_mut() {
        product.price = "8.75".to_owned();
    }
    world.bench.source("UPDATE dbo.Products SET Price = 8.75 WHERE ProductID < 100000");
    let allow = ["--allow-changes", "--allow-price-change", "--allow-create"];
    world.import(&allow).expect(3).says("40 created").says("300 changed");
    assert_eq!(counted(), "2960 2960");
    assert_eq!(world.count("x_pz_conflict where x_state = 'closed' and x_outcome = 'settled by itself'"), 40);
    assert_eq!(world.count("product_template where list_price = 8.75"), 300);

    // People's choices on all of them at once, and what is old: plain calls with lists of ids are parted too.
    world.through(&world.target().url.clone());
    let refused = small(&world, 8_000);
    world.target().user("operator", PASSWORD, &["base.group_user", "erpsync.group_operator"]);
    let numbers = world.sql("select string_agg(id::text, ' ' order by id) from x_pz_conflict where x_state = 'open'");
    let numbers: Vec<&str> = numbers.split(' ').collect();
    let mut abandon =
        world.bench.command(&[&["deferred", "abandon", "--odoo-login", "operator"][..], &numbers].concat());
    abandon.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", PASSWORD);
    assert!(abandon.stdout(std::process::Stdio::null()).status().unwrap().success());
    assert_eq!(world.count("x_pz_conflict where x_state = 'abandoned' and x_choice = 'abandon'"), 2_960);
    // What was refused tells the calls behind it how large they may be.
    assert!(!refused.lock().unwrap().is_empty(), "nothing was too large");

    world.bench.run(&["check-barcodes"]).expect(0);
    world.sql("update x_pz_product_price_history set x_when = '2020-01-01'");
    world.bench.run(&["prune", "--keep", "24m"]).expect(0).says("lines of price history");
    // Of 300 products the first price is old and superseded; of those that never changed it stays.
    assert_eq!(world.count("x_pz_product_price_history"), 340);
    world.import(&[]).expect(0);
    world.bench.assert_source_untouched();
}

/// What cannot be parted is named, with what to do.
pub fn one_row(version: u32) {
    let world = World::new(version, "one_row");
    let mut shop = Shop::new(8);
    let codes = (0..400).map(|n| ean13(80_000 + n)).collect();
    shop.products.insert(4711, Product { name: "Too many codes".to_owned(), price: "5".to_owned(), barcodes: codes });
    shop.write(&world.bench);
    // Looking for products with these codes is already too much.
    stand_between(&world, |call| if call.size > 4_000 { Fate::Page(413) } else { Fate::Pass });
    let run = world.import(&["--first-run"]).expect(78);
    run.says("product 4711 alone does not go through").says("client_max_body_size");
    assert_eq!(world.count("x_pz_product"), 0);

    // And where only writing is.
    world.through(&world.target().url.clone());
    stand_between(
        &world,
        |call| {
            if call.procedure == "create" && call.size > 4_000 { Fate::Page(413) } else { Fate::Pass }
        },
    );
    let run = world.import(&["--first-run"]).expect(78);
    run.says("product 4711 alone does not go through").says("client_max_body_size");
    assert_eq!(world.sql("select x_status from x_pz_run order by id desc limit 1"), "failed");
    world.through(&world.target().url.clone());
    world.import_and_settle(&["--first-run"], 0);
    assert_eq!(world.count("x_pz_product"), 9);
}

/// As `limit_time_cpu` does it: the connection ends, and nothing of the call is kept.
pub fn ended(version: u32) {
    let world = World::new(version, "ended").with_odoo("retry_seconds = 20");
    let shop = Shop::new(60);
    shop.write(&world.bench);
    priceless(&world, 100_000..100_200);
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&sizes);
    stand_between(&world, move |call| {
        let rows = call.question["rows"].as_array().map_or(0, Vec::len);
        if rows > 0 {
            told.lock().unwrap().push((call.procedure.clone(), rows));
        }
        if rows > 25 { Fate::Drop } else { Fate::Pass }
    });
    world.import(&["--first-run"]).expect(3).says("60 created").says("closed the connection without an answer");
    let sizes = sizes.lock().unwrap();
    let of = |name: &str| sizes.iter().filter(|(procedure, _)| procedure == name).map(|(_, n)| *n).collect::<Vec<_>>();
    // Once as it is, as a server that restarts ends a call too; then by halves.
    assert_eq!(of("create"), [60, 60, 30, 30, 15, 15, 15, 15]);
    assert_eq!(of("report")[..6], [200, 200, 100, 100, 50, 50]);
    assert!(of("report")[6..].iter().all(|n| *n <= 25), "{sizes:?}");
    world.through(&world.target().url.clone());
    world.assert_settled(3);
    assert_eq!(world.count("x_pz_conflict where x_state = 'open'"), 200);
}
