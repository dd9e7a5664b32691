//! Somebody edits in Odoo between the plan and the write. Nothing of theirs is overwritten; the next run handles it.

use erpsync::odoo::transport::Call;
use serde_json::json;

use crate::common::shop::ean13;
use crate::proxy::{Fate, stand_between};
use crate::world::{World, write_in};

pub fn edits(version: u32) {
    let world = World::new(version, "edits");
    let codes: Vec<String> = (0..20).map(ean13).collect();
    let one = |n: usize| [codes[n].as_str()];
    let rows = [
        (1, "A", Some("5"), one(1)),
        (2, "B", Some("5"), one(2)),
        (3, "C", Some("5"), one(3)),
        (4, "D", Some("5"), one(4)),
        (5, "E", Some("5"), one(5)),
        (6, "F", Some("5"), one(6)),
        (7, "G", Some("5"), one(7)),
        (8, "H", Some("5"), one(8)),
    ];
    let rows: Vec<_> = rows.iter().map(|(id, name, price, codes)| (*id, *name, *price, &codes[..])).collect();
    world.source(&rows);
    world.import_and_settle(&["--first-run"], 0);
    let product: Vec<i64> = [1, 1, 2, 3, 4, 5, 6, 7, 8].iter().map(|id| world.linked(*id)).collect();

    // New: a name (1), a price (2), a price that somebody happens to set likewise (3), a swap (4, 5), a code (6), a product
    // that somebody deletes (7), a link that somebody deletes (8).
    let changed = [
        (1, "A new", Some("5"), one(1)),
        (2, "B", Some("6"), one(2)),
        (3, "C", Some("6"), one(3)),
        (4, "D", Some("5"), one(5)),
        (5, "E", Some("5"), one(4)),
        (6, "F", Some("5"), one(16)),
        (7, "G", Some("6"), one(7)),
        (8, "H", Some("6"), one(8)),
    ];
    let changed: Vec<_> = changed.iter().map(|(id, name, price, codes)| (*id, *name, *price, &codes[..])).collect();
    world.source(&changed);
    let (target, edited, ids) = (world.twin(), codes[14].clone(), product.clone());
    let link = world.sql("select id from x_pz_product where x_external_id = '8'").parse().unwrap();
    stand_between(&world, move |call| {
        let write = |id, values| write_in(&target, "product.product", id, values, json!({}));
        match (call.procedure.as_str(), call.before) {
            ("move", 0) => write(ids[5], json!({"barcode": edited})),
            ("update", 0) => {
                write(ids[1], json!({"name": "A person's"}));
                write(ids[2], json!({"list_price": 66.0}));
                write(ids[3], json!({"list_price": 6.0}));
                target.admin(Call::new("product.product", "unlink").ids(&[ids[7]]));
                target.admin(Call::new("x_pz_product", "unlink").ids(&[link]));
            }
            _ => {}
        }
        Fate::Pass
    });
    let run = world.import(&[]).expect(4).says("the name is \"A person's\" (en_US) now").says("the price is 66");
    assert!(run.stdout.contains(&format!("the barcode is {} now", codes[14])), "{}", run.stdout);
    assert!(run.stdout.contains("the product was deleted"), "{}", run.stdout);
    assert!(run.stdout.contains("the link was deleted"), "{}", run.stdout);
    let shown = |id: usize| world.shown(product[id]);
    assert_eq!(shown(1), format!("A person's|5|{}", codes[1]));
    assert_eq!(shown(2), format!("B|66|{}", codes[2]));
    assert_eq!(shown(3), format!("C|6|{}", codes[3]));
    // The swap is dropped whole, the code beside it is given.
    assert_eq!(shown(4), format!("D|5|{}", codes[4]));
    assert_eq!(shown(5), format!("E|5|{}", codes[14]));
    assert_eq!(shown(6), format!("F|5|{}", codes[16]));
    assert_eq!(shown(8), format!("H|5|{}", codes[8]));
    assert_eq!(world.count("x_pz_product_barcode_history where x_old is not null"), 1);

    // The next run sees what they did, puts it right, and has the deleted one wait.
    world.through(&world.target().url.clone());
    world.import_and_settle(&["--allow-price-change"], 3);
    assert_eq!(world.open(), ["7 product-gone"]);
    assert_eq!(shown(1), format!("A new|5|{}", codes[1]));
    assert_eq!(shown(2), format!("B|6|{}", codes[2]));
    assert_eq!(shown(4), format!("D|5|{}", codes[5]));
    assert_eq!(shown(5), format!("E|5|{}", codes[4]));
    assert_eq!(world.linked(8), product[8]);
    assert_eq!(shown(8), format!("H|6|{}", codes[8]));
    assert_eq!(world.history("price", 2), [">5 created", "66>6 both-changed"]);
}

/// A code is given to another product between the plan and the write.
pub fn codes(version: u32) {
    let world = World::new(version, "codes");
    let codes: Vec<String> = (0..10).map(ean13).collect();
    let one = |n: usize| [codes[n].as_str()];
    let (a, b, c, d, e) = (one(1), one(2), one(3), one(4), one(5));
    let (f, g) = (one(6), one(7));
    world.source(&[(1, "A", Some("5"), &a), (2, "B", Some("5"), &b), (3, "C", Some("5"), &c), (5, "E", Some("5"), &f)]);
    world.import_and_settle(&["--first-run"], 0);
    // 1 gets a new code and 2 gets 1's: one component. 3 gets none any more. 4 is new.
    world.source(&[
        (1, "A", Some("5"), &d),
        (2, "B", Some("5"), &a),
        (3, "C", Some("5"), &[]),
        (4, "D", Some("5"), &e),
        (5, "E", Some("5"), &g),
    ]);
    // The link of 5 is led to another product meanwhile.
    let (before, after) = (world.linked(5), world.product(json!({"name": "E", "list_price": 5.0})));
    let link: i64 = world.sql("select id from x_pz_product where x_external_id = '5'").parse().unwrap();
    let thieves = [1, 2].map(|n| world.product(json!({"name": format!("Thief {n}")})));
    let (target, stolen) = (world.twin(), [codes[4].clone(), codes[5].clone()]);
    stand_between(&world, move |call| {
        let steal =
            |n: usize| write_in(&target, "product.product", thieves[n], json!({"barcode": stolen[n]}), json!({}));
        match call.procedure.as_str() {
            "move" => {
                steal(0);
                write_in(&target, "x_pz_product", link, json!({"x_product_id": after}), json!({}));
            }
            "create" => steal(1),
            _ => {}
        }
        Fate::Pass
    });
    let run = world.import(&["--allow-release"]).expect(4).says("1 created").says("1 barcode moved");
    assert!(run.stdout.contains(&format!("barcode {} is at product #{} now", codes[4], thieves[0])), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("given to product #{} meanwhile", thieves[1])), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("the link leads to product #{after} now")), "{}", run.stdout);
    let barcode = |product: i64| world.sql(&format!("select barcode from product_product where id = {product}"));
    assert_eq!([barcode(before), barcode(after)], [&codes[6], ""]);
    let code = |id: i64| world.sql(&format!("select barcode from product_product where id = {}", world.linked(id)));
    assert_eq!([code(1), code(2), code(3), code(4)], [&codes[1], &codes[2], "", ""]);
    assert_eq!(world.history("barcode", 4), Vec::<String>::new());

    world.through(&world.target().url.clone());
    world.import_and_settle(&["--allow-release"], 3);
    assert_eq!(world.open(), [format!("1 foreign-holder {}", codes[4]), format!("4 foreign-holder {}", codes[5])]);
    assert_eq!([code(1), code(2), code(5), barcode(before)], ["", &codes[1], &codes[7], &codes[6]]);
    for thief in thieves {
        world.write("product.product", thief, json!({"barcode": false}));
    }
    world.import_and_settle(&[], 0);
    assert_eq!([code(1), code(2), code(4)], [4, 1, 5].map(|n| codes[n].clone()));
}

/// From 16 on nothing in the database keeps two transactions from giving one code twice; the end of the run looks.
pub fn duplicates(version: u32) {
    if version < 16 {
        // A unique index is in the way, even of SQL.
        return;
    }
    let world = World::new(version, "duplicates");
    let codes: Vec<String> = (0..4).map(ean13).collect();
    let company = world.create("res.company", json!({"name": "Another Ltd"}));
    let other = world.product(json!({"name": "In another company's till", "company_id": company}));
    let twin = world.product(json!({"name": "Twin"}));
    world.source(&[(1, "A", Some("5"), &[&codes[1]]), (2, "B", Some("5"), &[&codes[2]])]);
    world.import_and_settle(&["--first-run"], 0);
    let (target, code) = (world.twin(), codes[1].clone());
    let give = move |to: i64, code: &str| {
        target.sql(&format!("update product_product set barcode = '{code}' where id = {to}"));
    };
    stand_between(&world, {
        let code = code.clone();
        move |call| {
            if call.procedure == "report" {
                give(twin, &code);
            }
            Fate::Pass
        }
    });
    world.import(&[]).expect(3).says(&code).says("Two active products have one barcode");
    world.through(&world.target().url.clone());
    // Known from the digest, and without one.
    for arguments in [&[][..], &["--full"]] {
        world.import(arguments).expect(3).says(&code).says("Two active products have one barcode");
    }
    assert_eq!(world.open(), [format!("1 second-holder {code}")]);
    world.sql(&format!("update product_product set barcode = null where id = {twin}"));
    world.import_and_settle(&[], 0);
    // Two companies' own products never meet at a till.
    let own = world.product(json!({"name": "In our till", "company_id": 1}));
    for product in [own, other] {
        world.sql(&format!("update product_product set barcode = 'SHARED' where id = {product}"));
    }
    world.assert_settled(0);
}
