//! What a person chose stands until it is carried out, whatever keeps a run from it.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

impl World {
    /// Odoo's database refuses what the condition says of a row of this table.
    fn forbid(&self, table: &str, condition: &str) {
        self.sql(&format!(
            "create or replace function no_{table}() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$; create trigger no before insert or update on {table} for each row when ({condition}) execute function no_{table}()"
        ));
    }

    fn permit(&self, table: &str) {
        self.sql(&format!("drop trigger no on {table}"));
    }
}

pub fn scenario(version: u32) {
    let world = World::new(version, "standing");
    world.configure("max_price_change = { percent = 50, amount = 1 }");
    let (own, foreign) = (ean13(1500), ean13(1501));
    let stranger = world.product(json!({"name": "Stranger", "barcode": foreign}));
    world.configure("match = []\nmax_price_change = { percent = 50, amount = 1 }");
    world.source(&[(1, "Tea", Some("5"), &[&foreign]), (2, "Pen", Some("5"), &[&own])]);
    world.import_and_settle(&["--first-run"], 3);
    world.source(&[(1, "Tea", Some("5"), &[&foreign]), (2, "Pen", Some("50"), &[&own])]);
    world.import_and_settle(&[], 3);
    world.resolve(1, "foreign-holder", "give");
    world.resolve(2, "price-jump", "take");

    // Odoo refuses both: nothing is lost, neither the barcode nor what was chosen.
    world.forbid("product_product", &format!("new.barcode = '{foreign}'"));
    world.forbid("product_template", "new.list_price = 50");
    world.import(&[]).expect(4).says("not today");
    assert_eq!(world.barcode(stranger), foreign);
    assert_eq!(world.outcome(1, "foreign-holder"), "open|give");
    assert_eq!(world.outcome(2, "price-jump"), "open|take");
    world.permit("product_product");
    world.permit("product_template");
    world.import_and_settle(&[], 0);
    assert_eq!([world.barcode(stranger), world.barcode(world.linked(1))], [String::new(), foreign]);
    assert_eq!(world.shown(world.linked(2)), format!("Pen|50|{own}"));
    assert_eq!(world.outcome(1, "foreign-holder"), "closed|give|chosen: give");
    assert_eq!(world.outcome(2, "price-jump"), "closed|take|chosen: take");
}
