//! Before the first import, after it, and when the import has to run again: nothing that counts.

use serde_json::json;

use super::kinds::{check, codes};
use crate::common::shop::Shop;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "quiet");
    let mut shop = Shop::new(300);
    shop.write(&world.bench);
    // What Odoo has already and the import will recognise; at its price, or that would wait.
    let price: f64 = shop.products[&1002].price.parse().unwrap();
    let code = &shop.products[&1002].barcodes[0];
    let known = world.product(json!({"name": "Known", "barcode": code, "list_price": price}));
    let (findings, _) = check(&world, 0);
    assert_eq!(codes(&findings), ["holder-to-adopt", "several-barcodes"]);
    let adopted = findings.iter().find(|f| f["code"] == "holder-to-adopt").unwrap();
    assert_eq!(adopted["records"][1]["id"], known);
    world.import(&["-q", "--first-run"]).expect(0);
    let (findings, run) = check(&world, 0);
    assert_eq!(codes(&findings), ["several-barcodes"]);
    assert_eq!(findings.len(), 60);
    assert!(findings[0]["message"].as_str().unwrap().contains("its product in Odoo has 460"), "{}", run.stdout);
    // A swap in the source is the next import's business.
    shop.rotate(&[1002, 1003]);
    shop.write(&world.bench);
    let (findings, _) = check(&world, 0);
    assert_eq!(codes(&findings), ["barcode-pending", "several-barcodes"]);
    world.import(&["-q"]).expect(0);
    assert_eq!(codes(&check(&world, 0).0), ["several-barcodes"]);
}
