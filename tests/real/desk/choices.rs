//! Barcodes given and products linked by a person, with the command and in Odoo's own form.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

impl World {
    /// The number of a deferred action that is not closed.
    #[track_caller]
    pub fn number(&self, external_id: i64, kind: &str) -> String {
        let number = self.sql(&format!(
            "select id from x_pz_conflict where x_external_id = '{external_id}' and x_kind = '{kind}' and x_state != 'closed'"
        ));
        assert!(!number.is_empty() && !number.contains('\n'), "{external_id} {kind}: {number:?}");
        number
    }

    /// State, choice and outcome of the latest deferred action of a product.
    #[track_caller]
    pub fn outcome(&self, external_id: i64, kind: &str) -> String {
        self.sql(&format!(
            "select concat_ws('|', x_state, x_choice, x_outcome) from x_pz_conflict where x_external_id = '{external_id}' and x_kind = '{kind}' order by id desc limit 1"
        ))
    }

    #[track_caller]
    pub fn resolve(&self, external_id: i64, kind: &str, choice: &str) {
        let number = self.number(external_id, kind);
        self.bench.run(&["deferred", "resolve", &number, "--choose", choice]).expect(0);
    }

    #[track_caller]
    pub fn barcode(&self, product: i64) -> String {
        self.sql(&format!("select barcode from product_product where id = {product}"))
    }
}

pub fn barcodes(version: u32) {
    let world = World::new(version, "given");
    let codes: Vec<String> = (0..6).map(|n| ean13(900 + n)).collect();
    let (shared, own, foreign) = (codes[0].as_str(), codes[1].as_str(), codes[2].as_str());
    world.source(&[(1, "Tea", Some("5"), &[shared]), (2, "Pen", Some("5"), &[own]), (3, "Cup", Some("5"), &[])]);
    world.import_and_settle(&["--first-run"], 0);
    // The source lists one code at three products; it stays with the first, which has it.
    world.source(&[
        (1, "Tea", Some("5"), &[shared]),
        (2, "Pen", Some("5"), &[own, shared]),
        (3, "Cup", Some("5"), &[shared]),
    ]);
    world.import_and_settle(&[], 3);
    world.resolve(3, "duplicate-claim", "give");
    world.import(&["--dry-run"]).expect(2).says("chosen by a person");
    assert_eq!(world.barcode(world.linked(1)), shared, "a dry run carries nothing out");
    // The choice is carried out, it stands, and nobody is asked again although the source still has the clash.
    world.import_and_settle(&[], 0);
    assert_eq!([1, 2, 3].map(|id| world.barcode(world.linked(id))), ["", own, shared]);
    assert_eq!(world.outcome(3, "duplicate-claim"), "decided|give|chosen: give");
    assert!(world.outcome(2, "duplicate-claim").starts_with("closed|"), "{}", world.outcome(2, "duplicate-claim"));
    assert_eq!(world.history("barcode", 3), [format!(">{shared} chosen")]);
    world.source(&[(1, "Tea", Some("5"), &[]), (2, "Pen", Some("5"), &[own]), (3, "Cup", Some("5"), &[shared])]);
    world.import_and_settle(&[], 0);
    assert!(world.outcome(3, "duplicate-claim").starts_with("closed|"), "a clash that is gone closes by itself");

    // A product outside has a code of the source: in Odoo's own form a person gives it to ours.
    let stranger = world.product(json!({"name": "Stranger", "barcode": foreign}));
    world.source(&[(1, "Tea", Some("5"), &[foreign]), (2, "Pen", Some("5"), &[own]), (3, "Cup", Some("5"), &[shared])]);
    world.import_and_settle(&[], 3);
    let number = world.number(1, "foreign-holder");
    world.write("x_pz_conflict", number.parse().unwrap(), json!({"x_choice": "give"}));
    world.import_and_settle(&[], 0);
    assert_eq!([world.barcode(stranger), world.barcode(world.linked(1))], [String::new(), foreign.to_owned()]);
    assert_eq!(world.outcome(1, "foreign-holder"), "closed|give|chosen: give");
    let lost = "select x_old || '>' || coalesce(x_new, '') from x_pz_product_barcode_history where x_link_id is null and x_operation like '%:outside-%'";
    assert_eq!(world.sql(lost), format!("{foreign}>"));

    // What a person leaves alone is not asked again, until the source says something else.
    world.source(&[
        (1, "Tea", Some("5"), &[foreign]),
        (2, "Pen", Some("5"), &[own]),
        (3, "Cup", Some("5"), &[shared]),
        (4, "Hat", Some("5"), &[shared]),
    ]);
    world.import_and_settle(&["--allow-create"], 3);
    let number = world.number(4, "duplicate-claim");
    world.bench.run(&["deferred", "abandon", &number]).expect(0);
    world.import_and_settle(&[], 0);
    assert_eq!(world.outcome(4, "duplicate-claim"), "abandoned|abandon");
    assert_eq!(world.barcode(world.linked(4)), "");
    world.bench.run(&["deferred", "list"]).expect(0);
    world.bench.run(&["deferred", "list", "--all"]).expect(0).says("abandoned");
}

pub fn products(version: u32) {
    let world = World::new(version, "linked");
    world.configure("match = [\"name\"]");
    let code = ean13(950);
    let first = world.product(json!({"name": "Tea", "list_price": 5}));
    let second = world.product(json!({"name": "Tea", "list_price": 5}));
    for _ in 0..2 {
        world.product(json!({"name": "Pen", "list_price": 5}));
    }
    world.source(&[(1, "Tea", Some("5"), &[&code]), (2, "Pen", Some("5"), &[])]);
    world.import_and_settle(&["--first-run"], 3);
    assert_eq!(world.open(), ["1 ambiguous-match", "2 ambiguous-match"]);
    world.resolve(1, "ambiguous-match", &format!("link=#{second}"));
    world.resolve(2, "ambiguous-match", "create");
    let before = world.count("product_product");
    world.import_and_settle(&["--first-run"], 0);
    assert_eq!(world.linked(1), second);
    assert_eq!(world.count("product_product"), before + 1);
    assert_eq!(world.barcode(second), code);
    let matched = "select concat_ws(' ', x_matched_by, x_state) from x_pz_product where x_external_id = '1'";
    assert_eq!(world.sql(matched), "manual manual");
    assert_eq!(world.outcome(1, "ambiguous-match"), "closed|link|chosen: link");

    // The linked product is deleted: another one, then a new one.
    world.delete("product.product", second);
    world.import_and_settle(&[], 3);
    world.resolve(1, "product-gone", &format!("link=#{first}"));
    world.import_and_settle(&[], 0);
    assert_eq!(world.linked(1), first);
    world.delete("product.product", first);
    world.import_and_settle(&[], 3);
    world.resolve(1, "product-gone", "create");
    world.import_and_settle(&["--allow-create"], 0);
    assert!(![first, second].contains(&world.linked(1)));
    assert_eq!(world.shown(world.linked(1)), format!("Tea|5|{code}"));
    assert_eq!(world.count("x_pz_product where x_external_id = '1'"), 1);
}
