//! Products that leave the source are archived, give their codes up, and come back.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::{Row, World};

pub fn scenario(version: u32) {
    let world = World::new(version, "missing");
    let codes: Vec<String> = (0..30).map(|n| ean13(1000 + n)).collect();
    let lists: Vec<[&str; 1]> = codes.iter().map(|c| [c.as_str()]).collect();
    let rows: Vec<Row<'_>> =
        (0..30_u8).map(|n| (i64::from(n) + 1, "Tea", Some("5"), &lists[usize::from(n)][..])).collect();
    world.source(&rows);
    world.import_and_settle(&["--first-run"], 0);
    let state = |id: i64| {
        world.sql(&format!(
            "select concat_ws(' ', l.x_state, l.x_missing, l.x_archived_by_us, p.active, t.active, p.barcode) from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id where l.x_external_id = '{id}'"
        ))
    };
    assert_eq!(state(1), format!("ok f f t t {}", codes[0]));

    // Kept, and told once on the link.
    world.source(&rows[1..]);
    world.import_and_settle(&[], 0);
    assert_eq!(state(1), format!("missing t f t t {}", codes[0]));

    // Archived, with its barcode gone; what a person archived is left alone.
    world.configure("missing = \"archive\"");
    let third = world.sql("select p.product_tmpl_id from x_pz_product l join product_product p on p.id = l.x_product_id where x_external_id = '3'");
    world.write("product.template", third.parse().unwrap(), json!({"active": false}));
    let without = |gone: &[i64]| -> Vec<Row<'_>> { rows.iter().filter(|r| !gone.contains(&r.0)).copied().collect() };
    world.source(&without(&[1, 2, 3]));
    world.import(&["--dry-run"]).expect(2).says("2 to archive");
    world.import_and_settle(&[], 0);
    for id in [1, 2] {
        assert_eq!(state(id), "missing t t f f", "{id}");
    }
    assert_eq!(state(3), format!("missing t f f f {}", codes[2]));
    assert_eq!(world.history("barcode", 2).pop().unwrap(), format!("{}> missing-in-source", codes[1]));
    // Somebody may use the code now.
    let other = world.product(json!({"name": "Other", "barcode": codes[1]}));

    // A person takes the first one out again: that decision stands.
    let first = world.sql("select p.product_tmpl_id from x_pz_product l join product_product p on p.id = l.x_product_id where x_external_id = '1'");
    world.write("product.template", first.parse().unwrap(), json!({"active": true}));
    world.write("product.product", world.linked(1), json!({"active": true}));
    world.assert_settled(0);

    // They come back: ours is reactivated, with its code where that is free.
    world.source(&rows);
    world.import_and_settle(&[], 3);
    assert_eq!(state(1), format!("ok f f t t {}", codes[0]));
    assert_eq!(state(2), "waiting f f t t");
    assert_eq!(state(3), format!("ok f f f f {}", codes[2]), "archived by a person, and stays so");
    assert_eq!(world.open(), [format!("2 foreign-holder {}", codes[1])]);
    world.write("product.product", other, json!({"barcode": false}));
    world.import_and_settle(&[], 0);
    assert_eq!(state(2), format!("ok f f t t {}", codes[1]));

    // Most of the catalogue is gone: that looks like a broken source.
    world.source(&rows[..5]);
    let before = world.target().checksums(&crate::world::RUN);
    world.import(&[]).expect(5).says("max_archive");
    world.assert_unchanged(&before, &crate::world::RUN);
    world.import_and_settle(&["--allow-archive", "--allow-changes"], 0);
    assert_eq!(world.count("product_product p join x_pz_product l on l.x_product_id = p.id where p.active"), 4);
}
