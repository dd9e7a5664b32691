//! Odoo, or the database below it, refuses single records; the others of the same call go through.

use crate::common::shop::{Product, Shop, ean13};
use crate::world::World;

/// No word of the procedures' own code, of a traceback or of SQL.
#[track_caller]
pub fn assert_readable(text: &str) {
    for word in ["Traceback", "ask[", "env[", "cr.execute", "INSERT INTO", "UPDATE ", "Failing row", "while evaluating"]
    {
        assert!(!text.contains(word), "{word:?} in {text}");
    }
}

pub fn scenario(version: u32) {
    let world = World::new(version, "refusals");
    let mut shop = Shop::new(30);
    shop.write(&world.bench);
    world.sql("alter table product_template add constraint edge_price_check check (list_price <> 13.13)");
    world.sql("alter table product_product add constraint edge_code_check check (barcode <> 'BAD-CODE')");
    world.sql("create function edge_name() returns trigger language plpgsql as $$ begin if new.name::text like '%Verboten%' then raise exception 'this name is not to be had'; end if; return new; end $$");
    world.sql("create trigger edge_name before insert or update on product_template for each row execute function edge_name()");
    shop.product(1005).price = "13.13".to_owned();
    shop.product(1010).name = "Verboten 10".to_owned();
    shop.product(1020).barcodes = vec!["BAD-CODE".to_owned()];
    shop.write(&world.bench);

    let run =
        world.import(&["--first-run"]).expect(4).says("27 created").says("edge_price_check").says("not to be had");
    assert_readable(&run.stdout);
    assert_readable(&run.stderr);
    assert_eq!(world.count("x_pz_product"), 27);
    assert_eq!(world.open(), ["1005 refused create", "1010 refused create", "1020 refused create"]);
    assert_readable(&world.sql("select string_agg(x_message, ' ') from x_pz_conflict"));
    assert_eq!(
        world.sql("select x_status, x_created, x_refused, x_deferred from x_pz_run order by id desc limit 1"),
        "partly refused|27|3|3"
    );
    // It is tried again, and told again.
    world.import(&[]).expect(4).says("edge_code_check");
    assert_eq!(world.count("x_pz_conflict"), 3);

    // The source is mended; now existing products are refused, each in another step.
    let good = Shop::new(30);
    let mut shop = good.clone();
    shop.product(1001).price = "13.13".to_owned();
    shop.product(1002).name = "Verboten 2".to_owned();
    shop.product(1003).barcodes = vec!["BAD-CODE".to_owned()];
    for id in [1004, 1006] {
        shop.product(id).name = format!("Renamed {id}");
        shop.product(id).barcodes = vec![ean13(10_000 + id)];
    }
    // A swap with a refused one is whole or not at all.
    shop.product(1007).barcodes = good.products[&1003].barcodes.clone();
    shop.write(&world.bench);
    world.import(&["--allow-price-change"]).expect(4).says("3 created").says("2 changed").says("2 barcodes moved");
    assert_eq!(
        world.open(),
        ["1001 refused update", "1002 refused update", "1003 refused barcode", "1007 refused barcode"]
    );
    assert_readable(&world.sql("select string_agg(x_message, ' ') from x_pz_conflict"));
    let barcode = |id: i64| world.sql(&format!("select barcode from product_product where id = {}", world.linked(id)));
    assert_eq!(barcode(1003), good.products[&1003].barcodes[0]);
    assert_eq!(barcode(1007), good.products[&1007].barcodes[0]);
    assert_eq!(barcode(1004), ean13(11_004));
    assert_eq!(
        world.sql("select x_state, x_event_type, x_event_check from x_pz_product where x_external_id = '1001'"),
        "refused|14|-9"
    );

    // What was refused goes through later, and the record of it closes.
    world.sql("alter table product_template drop constraint edge_price_check");
    world.sql("alter table product_product drop constraint edge_code_check");
    world.sql("drop trigger edge_name on product_template");
    world.import_and_settle(&["--allow-price-change"], 0);
    assert_eq!(world.open(), Vec::<String>::new());
    assert_eq!(
        world.sql("select x_state, x_event_type, x_event_check from x_pz_product where x_external_id = '1001'"),
        "ok|11|1"
    );
    assert_eq!(barcode(1003), "BAD-CODE");
    assert_eq!(barcode(1007), good.products[&1003].barcodes[0]);
    assert_eq!(world.sql("select count(distinct x_operation) - count(*) from x_pz_product_barcode_history"), "0");
}

/// As many rows as a call may carry, created, changed and moved.
pub fn thousand(version: u32) {
    let world = World::new(version, "thousand").in_batches_of(1000);
    let mut shop = Shop::new(1000);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0).says("1,000 created");
    let ids: Vec<i64> = shop.products.keys().copied().collect();
    shop.rotate(&ids);
    for (id, Product { name, price, .. }) in &mut shop.products {
        *name = format!("{name} / {id}");
        *price = format!("{}.5", price.split('.').next().unwrap());
    }
    shop.write(&world.bench);
    world.import(&["--allow-changes", "--allow-replace"]).expect(0).says("1,000 barcodes moved").says("1,000 changed");
    world.import(&[]).expect(0).says("Nothing to do");
    assert_eq!(world.count("x_pz_product_barcode_history"), 2000);
    assert_eq!(world.sql("select count(distinct barcode) from product_product where active"), "1000");
}
