//! The connection ends after Odoo has done the work: the call is asked again, and nothing happens twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::common::shop::{Product, Shop, ean13};
use crate::proxy::{Fate, stand_between};
use crate::world::World;

/// Prices, names, barcodes (a swap among them) and new products.
fn change(shop: &mut Shop) {
    for id in 1001..1006 {
        shop.product(id).name = format!("Renamed {id}");
        shop.product(id).price = "500.25".to_owned();
    }
    shop.rotate(&[1010, 1011]);
    shop.product(1012).barcodes = vec![ean13(5000)];
    for id in 2001..2006 {
        let product = Product { name: format!("New {id}"), price: "4".to_owned(), barcodes: vec![ean13(id * 10)] };
        shop.products.insert(id, product);
    }
}

#[track_caller]
fn assert_once(world: &World, shop: &Shop) {
    let all = shop.products.len();
    assert_eq!(world.count("x_pz_product"), all);
    assert_eq!(world.sql("select count(distinct x_product_id) from x_pz_product"), all.to_string());
    assert_eq!(world.count("product_product where id in (select x_product_id from x_pz_product)"), all);
    // 30 created, 5 new; one swap and one new code; five new prices.
    assert_eq!(world.count("x_pz_product_barcode_history"), all + 3);
    assert_eq!(world.count("x_pz_product_price_history"), all + 5);
    assert_eq!(world.count("product_template where name::text like '%New 200%'"), 5);
}

pub fn scenario(version: u32) {
    let world = World::new(version, "lost");
    let existing = world.count("product_product");
    let mut shop = Shop::new(30);
    shop.write(&world.bench);
    let lost = Arc::new(Mutex::new(BTreeSet::new()));
    let told = lost.clone();
    stand_between(&world, move |call| {
        // The lease is taken, taken again and given back; each procedure loses its first answer.
        let kind = format!("{} {}", call.procedure, call.question["what"].as_str().unwrap_or_default());
        if lost.lock().unwrap().insert(kind) { Fate::LoseAnswer } else { Fate::Pass }
    });
    world.import(&["--first-run"]).expect(0).says("30 created").says("cannot reach Odoo");
    told.lock().unwrap().clear();
    change(&mut shop);
    shop.write(&world.bench);
    world.import(&["--allow-price-change"]).expect(0).says("5 created, 5 changed, 3 barcodes moved");
    let told: Vec<String> = told.lock().unwrap().iter().cloned().collect();
    assert_eq!(
        told,
        [
            "create ",
            "digest lines",
            "digest sums",
            "hello ",
            "lease release",
            "lease renew",
            "lease take",
            "lookup ",
            "move ",
            "report ",
            "snapshot ",
            "update "
        ]
    );
    assert_once(&world, &shop);
    assert_eq!(world.count("product_product"), existing + shop.products.len());
    assert_eq!(
        world.sql("select x_status, x_created, x_changed, x_barcodes from x_pz_run order by id"),
        "done|30|0|0\ndone|5|5|3"
    );
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
    world.through(&world.target().url.clone());
    world.assert_settled(0);
}

/// The first copy is still at work when the second arrives.
pub fn twice(version: u32) {
    let world = World::new(version, "twice");
    let mut shop = Shop::new(30);
    shop.write(&world.bench);
    stand_between(&world, |call| match call.procedure.as_str() {
        "create" | "update" | "move" | "report" | "lease" => Fate::Twice,
        _ => Fate::Pass,
    });
    world.import(&["--first-run"]).expect(0).says("30 created");
    change(&mut shop);
    shop.write(&world.bench);
    world.import(&["--allow-price-change"]).expect(0).says("5 created, 5 changed, 3 barcodes moved");
    assert_once(&world, &shop);
    assert_eq!(world.count("x_pz_run"), 2);
    world.through(&world.target().url.clone());
    world.assert_settled(0);
}
