//! Nothing lost, nothing twice: Odoo has what the source says, each product once, and the history tells every step of it.

use crate::common::shop::Shop;
use crate::world::World;

/// Checks Odoo against the source, after a run that had nothing left to do. Nobody but the runs may have written.
#[track_caller]
pub fn assert_whole(world: &World, shop: &Shop) {
    assert_once(world);
    assert_as_source(world, shop);
    assert_history_joined(world);
}

/// Odoo has what the source has, and no linked product more.
#[track_caller]
pub fn assert_as_source(world: &World, shop: &Shop) {
    let digits = if world.version() >= 19 { 4 } else { 2 };
    let name = if world.version() >= 16 { "(t.name->>'en_US')" } else { "t.name" };
    let mut found = world.target().sql(&format!(
        "select l.x_external_id || '|' || {name} || '|' || trim_scale(t.list_price::numeric) || '|' || coalesce(p.barcode, '')
         from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id"
    ));
    let mut wanted: Vec<String> = shop
        .products
        .iter()
        .map(|(id, p)| format!("{id}|{}|{}|{}", p.name, shop.rounded_price(*id, digits), p.barcodes[0]))
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

/// Each line of the history begins where the one before ended, and the last one ends with what was written.
#[track_caller]
pub fn assert_history_joined(world: &World) {
    for (field, now) in [("barcode", "x_wrote_barcode"), ("price", "x_wrote_price"), ("name", "x_wrote_name")] {
        // The name that a product is created with has no line.
        let first = if field == "name" { "p is not null and" } else { "" };
        let broken = world.target().sql(&format!(
            "with h as (select x_external_id e, x_old o, x_new n, id, lag(x_new) over w p, lead(id) over w next
                        from x_pz_product_{field}_history where x_operation not like '%packaging%'
                        window w as (partition by x_external_id order by id))
             select h.e || ': ' || coalesce(o, '-') || ' > ' || coalesce(n, '-') || ' after ' || coalesce(p, '-') from h
             join x_pz_product l on l.x_external_id = h.e
             where {first} coalesce(o, '') != coalesce(p, '') or next is null and n is distinct from l.{now}"
        ));
        assert_eq!(broken, Vec::<String>::new(), "history of the {field}");
    }
    let told = "select count(*) from x_pz_product l where not exists (select 1 from x_pz_product_price_history h where h.x_external_id = l.x_external_id)";
    assert_eq!(world.sql(told), "0", "products without history");
}

/// No product, barcode, link or line of history is there twice, and nobody holds the lease.
#[track_caller]
pub fn assert_once(world: &World) {
    for (what, query) in [
        ("barcode", "select barcode from product_product where active and barcode is not null group by 1"),
        ("link", "select x_external_id from x_pz_product group by 1"),
        ("product of a link", "select x_product_id from x_pz_product group by 1"),
        ("barcode change", "select x_operation from x_pz_product_barcode_history group by 1"),
        ("price change", "select x_operation from x_pz_product_price_history group by 1"),
        ("name change", "select x_operation from x_pz_product_name_history group by 1"),
    ] {
        assert_eq!(world.target().sql(&format!("{query} having count(*) > 1")), Vec::<String>::new(), "{what} twice");
    }
    let names = "select t.name::text from product_template t join product_product p on p.product_tmpl_id = t.id where t.name::text like '%№%' or t.name::text like '%Round%' group by 1 having count(*) > 1";
    assert_eq!(world.target().sql(names), Vec::<String>::new(), "product twice");
    assert_eq!(world.count("x_pz_lane where x_token is not null"), 0);
}

/// Something of everything for a run to do, and something else in each round: names, prices, a circle of barcodes, new
/// products.
pub fn change(shop: &mut Shop, round: i64) {
    for id in 1001..1007 {
        shop.product(id).name = format!("Round {round}, {id}");
        shop.product(id).price = format!("{}.25", 10 * id + round);
    }
    shop.rotate(&[1010, 1011, 1012]);
    shop.rotate(&[1013, 1014]);
    for id in 0..4 {
        let id = 3000 + 10 * round + id;
        let product = crate::common::shop::Product {
            name: format!("New in Round {round}, {id}"),
            price: "4.5".to_owned(),
            barcodes: vec![crate::common::shop::ean13(10 * id)],
        };
        shop.products.insert(id, product);
    }
}

/// Lets a run do all that `change` asks for.
pub const ALLOW: [&str; 5] =
    ["--allow-price-change", "--allow-changes", "--allow-create", "--allow-release", "--allow-replace"];
