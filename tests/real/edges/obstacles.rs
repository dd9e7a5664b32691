//! Every kind of refusal at every kind of write: record rules, Python code of other modules, triggers, an account's missing
//! company; creations, names and prices, barcodes, archiving, coming back. The others of the same call go through.

use serde_json::json;

use super::refusals::assert_readable;
use crate::common::Bench;
use crate::common::shop::{Product, Shop, ean13};
use crate::proxy::{Fate, stand_between};
use crate::world::{World, write_in};

/// What each obstacle is called: it keeps those from being written that have this in their names.
const KINDS: [&str; 4] = ["Ruled", "Checked", "Raised", "Triggered"];

/// Products of a kind, by what the run is to do with them.
struct Ids {
    price: i64,
    code: i64,
    gone: i64,
    back: i64,
    new: i64,
}

fn ids(kind: usize) -> Ids {
    let first = 1001 + 4 * i64::try_from(kind).unwrap();
    Ids { price: first, code: first + 1, gone: first + 2, back: first + 3, new: first + 1000 }
}

/// The kinds, and one more whose products nothing is in the way of.
fn all() -> impl Iterator<Item = Ids> {
    (0..=KINDS.len()).map(ids)
}

/// Other modules' doings: a record rule, Python code that Odoo runs when a product changes, which breaks a constraint of
/// its own or fails outright, and a trigger.
fn erect(world: &World) {
    for model in ["product.template", "product.product"] {
        let id: i64 = world.sql(&format!("select id from ir_model where model = '{model}'")).parse().unwrap();
        let rule = json!({"name": "Not for programs", "model_id": id, "perm_read": false, "perm_unlink": false,
            "domain_force": "[('name', 'not ilike', 'Ruled')]"});
        world.create("ir.rule", rule);
    }
    let model: i64 = world.sql("select id from ir_model where model = 'product.product'").parse().unwrap();
    let code = "
for record in self:
    record['x_edge'] = False
    if record.env['ir.config_parameter'].sudo().get_param('edge.obstacles') == 'on':
        if 'Checked' in record.name:
            category = record.env['product.category'].sudo().search([], limit=1)
            category.write({'parent_id': category.id})
        if 'Raised' in record.name:
            raise Exception('the article is locked by the warehouse')
";
    {
        let _turn = Bench::rebuilding(world.version());
        world.create(
            "ir.model.fields",
            json!({"model_id": model, "name": "x_edge", "ttype": "boolean", "store": true, "compute": code,
                "depends": "product_tmpl_id.name,product_tmpl_id.list_price,barcode,active"}),
        );
    }
    world.create("ir.config_parameter", json!({"key": "edge.obstacles", "value": "on"}));
    for table in ["product_template", "product_product"] {
        let name = if table == "product_template" {
            "new.name::text"
        } else {
            "(select name::text from product_template where id = new.product_tmpl_id)"
        };
        world.sql(&format!(
            "create function edge_{table}() returns trigger language plpgsql as $$ begin
               if {name} like '%Triggered%' then raise exception 'closed for stocktaking'; end if; return new; end $$"
        ));
        world.sql(&format!(
            "create trigger edge_{table} before insert or update on {table} for each row execute function edge_{table}()"
        ));
    }
}

fn clear(world: &World) {
    world.sql(
        "drop trigger edge_product_template on product_template; drop trigger edge_product_product on product_product",
    );
    world.sql("select id from ir_rule where name = 'Not for programs'").lines().for_each(|id| {
        world.delete("ir.rule", id.parse().unwrap());
    });
    let id: i64 = world.sql("select id from ir_config_parameter where key = 'edge.obstacles'").parse().unwrap();
    world.write("ir.config_parameter", id, json!({"value": "off"}));
}

pub fn scenario(version: u32) {
    let world = World::new(version, "obstacles").in_batches_of(50);
    world.configure("missing = \"archive\"");
    let mut shop = Shop::new(24);
    for (kind, name) in KINDS.iter().enumerate() {
        for id in [ids(kind).price, ids(kind).code, ids(kind).gone, ids(kind).back] {
            shop.product(id).name = format!("{name} {id}");
        }
    }
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    // Archived while nothing is in the way yet.
    let there = shop.clone();
    for one in all() {
        shop.products.remove(&one.back);
    }
    shop.write(&world.bench);
    world.import(&["--allow-archive"]).expect(0).says("5 archived");

    erect(&world);
    for (kind, one) in all().enumerate() {
        shop.product(one.price).price = "77.5".to_owned();
        shop.product(one.code).barcodes = vec![ean13(50_000 + one.code)];
        shop.products.remove(&one.gone);
        shop.products.insert(one.back, there.products[&one.back].clone());
        let name = format!("{} new", KINDS.get(kind).unwrap_or(&"Free"));
        let new = Product { name, price: "5".to_owned(), barcodes: vec![ean13(60_000 + one.new)] };
        shop.products.insert(one.new, new);
    }
    shop.write(&world.bench);
    let allow = [
        "--allow-archive",
        "--allow-price-change",
        "--allow-create",
        "--allow-changes",
        "--allow-release",
        "--allow-replace",
    ];
    let run =
        world.import(&allow).expect(4).says("1 created").says("closed for stocktaking").says("locked by the warehouse");
    assert_readable(&run.stdout);
    assert_readable(&run.stderr);
    let mut refused: Vec<String> = (0..KINDS.len())
        .map(ids)
        .flat_map(|one| {
            [
                (one.price, "update"),
                (one.code, "barcode"),
                (one.gone, "update"),
                (one.back, "update"),
                (one.new, "create"),
            ]
        })
        .map(|(id, step)| format!("{id} refused {step}"))
        .collect();
    refused.sort_by_key(|line| line.split(' ').next().unwrap().parse::<i64>().unwrap());
    let open = world.open();
    assert_eq!(
        open.iter().filter(|line| line.contains(" refused ") && !line.ends_with("barcode")).count(),
        16,
        "{open:?}"
    );
    for line in &refused {
        assert!(open.contains(line), "{line} is not in {open:?}");
    }
    assert_readable(&world.sql("select string_agg(x_message, ' ') from x_pz_conflict"));
    for (kind, words) in
        (0..KINDS.len()).map(ids).zip(["", "recurs", "locked by the warehouse", "closed for stocktaking"])
    {
        for id in [kind.price, kind.code, kind.gone, kind.back, kind.new] {
            let said = world
                .sql(&format!("select x_message from x_pz_conflict where x_external_id = '{id}' and x_state = 'open'"));
            let ruled = said.contains("you are not allowed to") || said.contains("access to:");
            let right = said.to_lowercase().contains(words) && ruled == words.is_empty();
            assert!(right, "{id}: {said}");
        }
    }
    // Nothing in the way of these: all was done.
    let free = ids(KINDS.len());
    assert_eq!(world.shown(world.linked(free.price)).split('|').nth(1), Some("77.5"));
    assert_eq!(world.shown(world.linked(free.code)).split('|').nth(2), Some(ean13(50_000 + free.code).as_str()));
    let active = |id: i64| world.sql(&format!("select active from product_product where id = {}", world.linked(id)));
    assert_eq!([active(free.gone), active(free.back), active(free.new)], ["f", "t", "t"]);
    // Nor was anything done by halves.
    for one in (0..KINDS.len()).map(ids) {
        assert_eq!([active(one.gone), active(one.back)], ["t", "f"]);
        assert_eq!(world.count(&format!("x_pz_product where x_external_id = '{}'", one.new)), 0);
    }

    // Told again, recorded once.
    world.import(&allow).expect(4);
    assert_eq!(world.open(), open);
    assert_eq!(world.count("x_pz_conflict where x_kind = 'refused'"), open.len());

    // The obstacles are gone: what was refused is done, and its records close.
    clear(&world);
    world.import_and_settle(&allow, 0);
    assert_eq!(world.open(), Vec::<String>::new());
    for one in all() {
        assert_eq!(world.shown(world.linked(one.price)).split('|').nth(1), Some("77.5"));
        assert_eq!(world.shown(world.linked(one.code)).split('|').nth(2), Some(ean13(50_000 + one.code).as_str()));
        assert_eq!([active(one.gone), active(one.back), active(one.new)], ["f", "t", "t"]);
    }
    for field in ["barcode", "price", "name"] {
        assert_eq!(
            world.sql(&format!("select count(*) - count(distinct x_operation) from x_pz_product_{field}_history")),
            "0"
        );
    }
}

/// Somebody gives products to a company that the account has nothing to do with, between the plan and the write.
pub fn company(version: u32) {
    let world = World::new(version, "company");
    let mut shop = Shop::new(6);
    shop.write(&world.bench);
    world.import(&["--first-run"]).expect(0);
    let theirs = world.create("res.company", json!({"name": "Theirs Ltd"}));
    for id in [1001, 1002] {
        shop.product(id).price = "55.5".to_owned();
    }
    for id in [1003, 1004] {
        shop.product(id).barcodes = vec![ean13(70_000 + id)];
    }
    shop.write(&world.bench);
    let target = world.twin();
    let given = [(1001, "update"), (1003, "move")].map(|(id, step)| (step, world.linked(id)));
    stand_between(&world, move |call| {
        for (step, product) in given {
            if call.procedure == step && call.before == 0 {
                write_in(&target, "product.product", product, json!({"company_id": theirs}), json!({}));
            }
        }
        Fate::Pass
    });
    let run = world.import(&["--allow-price-change"]).expect(4).says("1 changed").says("1 barcode moved");
    assert_readable(&run.stdout);
    assert_eq!(world.open(), ["1001 refused update", "1003 refused barcode"]);
    assert!(world.shown(world.linked(1002)).contains("|55.5|"));
    assert!(world.shown(world.linked(1004)).ends_with(&ean13(71_004)));
    // The next plan knows better than to try.
    world.through(&world.target().url.clone());
    world.import(&["--allow-price-change"]).expect(3).says("given to another company");
    assert!(!world.open().iter().any(|line| line.contains("refused")), "{:?}", world.open());
    for id in [1001, 1003] {
        world.write("product.product", world.linked(id), json!({"company_id": false}));
    }
    world.import_and_settle(&["--allow-price-change"], 0);
    assert_eq!(world.open(), Vec::<String>::new());
    assert!(world.shown(world.linked(1001)).contains("|55.5|"));
    assert!(world.shown(world.linked(1003)).ends_with(&ean13(71_003)));
}
