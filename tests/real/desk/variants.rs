//! Variants of one template leave the source and come back, together and one by one.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "variants");
    world.configure("missing = \"archive\"");
    let codes: Vec<String> = (0..3).map(|n| ean13(1600 + n)).collect();
    let attribute = world.create("product.attribute", json!({"name": "Size"}));
    let value = |name| world.create("product.attribute.value", json!({"name": name, "attribute_id": attribute}));
    let values = [value("S"), value("L")];
    let template = world.create(
        "product.template",
        json!({"name": "Shirt", "list_price": 5, "attribute_line_ids": [[0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, values]]}]]}),
    );
    let variants =
        world.target().sql(&format!("select id from product_product where product_tmpl_id = {template} order by id"));
    for (id, code) in variants.iter().zip(&codes) {
        world.write("product.product", id.parse().unwrap(), json!({"barcode": code}));
    }
    let c: Vec<[&str; 1]> = codes.iter().map(|c| [c.as_str()]).collect();
    let all =
        [(1, "Shirt", Some("5"), &c[0][..]), (2, "Shirt", Some("5"), &c[1][..]), (3, "Pen", Some("5"), &c[2][..])];
    world.source(&all);
    world.import_and_settle(&["--first-run"], 0);
    let shown = || {
        world.sql(&format!(
            "select string_agg(concat_ws(' ', p.active, p.barcode), ', ' order by p.id) || ' of ' || bool_or(t.active) from product_product p join product_template t on t.id = p.product_tmpl_id where t.id = {template}"
        ))
    };
    assert_eq!(shown(), format!("t {}, t {} of true", codes[0], codes[1]));

    // One of two: its sibling and the template stay.
    world.source(&all[1..]);
    world.import_and_settle(&[], 0);
    assert_eq!(shown(), format!("f, t {} of true", codes[1]));
    // Then the other: the template follows.
    world.source(&all[2..]);
    world.import_and_settle(&["--allow-archive"], 0);
    assert_eq!(shown(), "f, f of false");
    // One comes back with the template, and the other does not come along.
    world.source(&all[1..]);
    world.import_and_settle(&[], 0);
    assert_eq!(shown(), format!("f, t {} of true", codes[1]));
    world.source(&all);
    world.import_and_settle(&[], 0);
    assert_eq!(shown(), format!("t {}, t {} of true", codes[0], codes[1]));
    // Both at once, there and back.
    world.source(&all[2..]);
    world.import_and_settle(&["--allow-archive"], 0);
    assert_eq!(shown(), "f, f of false");
    world.source(&all);
    world.import_and_settle(&[], 0);
    assert_eq!(shown(), format!("t {}, t {} of true", codes[0], codes[1]));

    // Undoing a run that archived: no code is put where nobody sees it.
    world.source(&all[1..]);
    world.import(&[]).expect(0);
    let run = world.sql("select x_key from x_pz_run where x_command = 'import-products' order by id desc limit 1");
    world.bench.run(&["revert", "--run", &run]).expect(0).says("archived");
    assert_eq!(shown(), format!("f, t {} of true", codes[1]));
    // Odoo refuses to archive: the barcode is gone already, and the next run that may finishes it.
    world.source(&all);
    world.import_and_settle(&[], 0);
    world.sql("create or replace function no_archive() returns trigger language plpgsql as $$ begin raise exception 'in use'; end $$; create trigger no before update on product_product for each row when (not new.active) execute function no_archive()");
    world.source(&all[1..]);
    world.import(&[]).expect(4).says("in use");
    world.import(&[]).expect(4).says("in use");
    world.source(&all);
    world.import(&[]).expect(0);
    assert_eq!(shown(), format!("t {}, t {} of true", codes[0], codes[1]));
    world.source(&all[1..]);
    world.import(&[]).expect(4);
    world.sql("drop trigger no on product_product");
    world.import_and_settle(&[], 0);
    assert_eq!(shown(), format!("f, t {} of true", codes[1]));
}
