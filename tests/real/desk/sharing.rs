//! Two sources that have the same products: one owner a field, and the next runs of both have nothing to do.

use serde_json::{Value, json};

use crate::common::Run;
use crate::common::shop::ean13;
use crate::world::{RUN, Row, World};

/// Where the ids of the second source begin.
const SECOND: i64 = 500;

struct Shared {
    world: World,
    /// The section of the one source that the bench knows, and what comes behind it.
    source: String,
    rest: String,
}

impl Shared {
    fn new(version: u32) -> Self {
        let world = World::new(version, "sharing");
        let text = std::fs::read_to_string(world.bench.config()).unwrap();
        let (source, rest) = text.trim_start().split_once("\n[odoo]").unwrap();
        let source = source.strip_prefix("[sources.polonez]").unwrap().to_owned();
        let rest = format!("\n[odoo]{rest}");
        Self { world, source, rest }
    }

    /// A file with these sources in this order, each with further lines, and what `[sync]` has.
    fn configure(&self, sources: &[(&str, &str)], sync: &str) {
        let mut text = String::new();
        for (name, lines) in sources {
            let range = if *name == "acc" { format!("< {SECOND}") } else { format!("> {SECOND}") };
            text += &format!(
                "[sources.{name}]{}\npassword_env = \"ERPSYNC_SOURCE_POLONEZ_PASSWORD\"\n\
                 products_query = \"SELECT ProductID, ProductName, Price FROM dbo.Products WHERE ProductID {range}\"\n\
                 barcodes_query = \"SELECT ProductID, Barcode FROM logistics.ProductBarcodes WHERE ProductID {range}\"\n\
                 {lines}\n\n",
                self.source
            );
        }
        std::fs::write(self.world.bench.config(), format!("{text}{}\n{sync}\n", self.rest)).unwrap();
    }

    /// A run of one source, or of all, that is planned both ways before.
    #[track_caller]
    fn import(&self, args: &[&str]) -> Run {
        self.world.bench.assert_full_is_the_same("import-products", args);
        self.world.bench.import(args)
    }

    /// Neither source has anything to do, alone or together, and the prices neither.
    #[track_caller]
    fn assert_settled(&self) {
        let before = self.world.target().checksums(&RUN);
        for args in [&["--source", "web"][..], &["--source", "acc"], &[]] {
            self.import(args).expect(0).says("nothing changed");
        }
        self.world.bench.run(&["sync-prices"]).expect(0);
        self.world.assert_unchanged(&before, &RUN);
    }

    fn remembered(&self) -> String {
        self.world.sql("select replace(x_sources, chr(10), ', ') from x_pz_setup")
    }

    /// The last change of a field as `old>new cause`, whichever source made it.
    fn last(&self, field: &str) -> String {
        self.world.sql(&format!(
            "select x_source || ' ' || coalesce(x_old, '') || '>' || coalesce(x_new, '') || ' ' || x_cause from x_pz_product_{field}_history order by id desc limit 1"
        ))
    }

    /// What a dry run counts as overruled: products, names, prices, barcodes.
    #[track_caller]
    fn overruled(&self, source: &str) -> [u64; 4] {
        let run = self.world.bench.import(&["--source", source, "--dry-run", "--format", "json"]);
        let plan: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}", run.stdout));
        ["products", "names", "prices", "barcodes"].map(|key| plan["counts"]["overruled"][key].as_u64().unwrap())
    }
}

/// Some rows of each that are nobody else's, lest every change be most of the catalogue, or the source without barcodes.
fn with_more<'a>(rows: &[Row<'a>]) -> Vec<Row<'a>> {
    let [pen, cup]: [&[&str]; 2] = [&["PEN-1"], &["CUP-1"]];
    let some = |n: i64, codes: &'static [&'static str]| if n == 0 { codes } else { &[] };
    let more = (0..12)
        .flat_map(|n| [(n + 100, "Pen", Some("1"), some(n, pen)), (n + SECOND + 100, "Cup", Some("2"), some(n, cup))]);
    rows.iter().copied().chain(more).collect()
}

pub fn scenario(version: u32) {
    let shared = Shared::new(version);
    let Shared { world, .. } = &shared;
    let [a, b, x] = [1600, 1601, 1602].map(ean13);
    let (acc, web) = (("acc", ""), ("web", ""));
    shared.configure(&[acc, web], "");
    let tea: [Row<'_>; 2] = [(1, "Tea acc", Some("4.50"), &[&a]), (501, "Tea in the shop", Some("5.50"), &[&a])];
    world.source(&with_more(&tea));

    // The first source owns what both have, and the second says what it does not write.
    let first = world.bench.import(&["--first-run"]).expect(0);
    assert!(first.stdout.contains("acc owns it"), "{}", first.stdout);
    let product = world.linked(1);
    assert_eq!(world.linked(501), product);
    assert_eq!(world.shown(product), format!("Tea acc|4.5|{a}"));
    assert_eq!(shared.remembered(), "acc, web");
    shared.assert_settled();
    assert_eq!((shared.overruled("web"), shared.overruled("acc")), ([1, 1, 1, 0], [0; 4]));
    let found = world.bench.run(&["check-barcodes", "--only", "overruled", "--format", "csv"]).expect(0);
    for text in ["Tea in the shop", "Tea acc", "4.5", "5.5"] {
        assert!(found.stdout.contains(text), "no {text:?} in {}", found.stdout);
    }

    // What is edited in Odoo is put back by the owner alone.
    let template =
        world.sql(&format!("select product_tmpl_id from product_product where id = {product}")).parse().unwrap();
    world.write("product.template", template, json!({"name": "Edited", "list_price": 9}));
    shared.import(&["--source", "web"]).expect(0).says("nothing changed").says("1 overruled");
    shared.import(&["--source", "acc"]).expect(0).says("1 changed");
    assert_eq!(
        (world.shown(product), shared.last("name")),
        (format!("Tea acc|4.5|{a}"), "acc Edited>Tea acc drift".to_owned())
    );
    shared.assert_settled();

    // Both change: each is heard in what it owns, and once.
    let tea: [Row<'_>; 2] = [(1, "Green tea", Some("4.60"), &[&a]), (501, "Fine tea", Some("5.60"), &[&a])];
    world.source(&with_more(&tea));
    let told = shared.import(&["--source", "web"]).expect(0);
    assert!(told.stdout.contains("acc owns it; \"Fine tea\" is not written"), "{}", told.stdout);
    world.bench.run(&["sync-prices"]).expect(0);
    assert_eq!(world.shown(product), format!("Tea acc|4.6|{a}"), "prices alone");
    shared.import(&["--source", "acc"]).expect(0);
    assert_eq!(world.shown(product), format!("Green tea|4.6|{a}"));
    shared.assert_settled();

    // A later source is given the price: a change like any other, under its limit.
    shared.configure(&[acc, ("web", "owns = [\"price\"]")], "");
    shared.import(&["--source", "web"]).expect(0).says("1 changed");
    assert_eq!(shared.last("price"), "web 4.6>5.6 source-changed");
    shared.import(&["--source", "acc"]).expect(0);
    assert_eq!(world.shown(product), format!("Green tea|5.6|{a}"));
    assert_eq!((shared.remembered(), shared.overruled("acc")), ("acc, web: price".to_owned(), [1, 0, 1, 0]));
    shared.assert_settled();

    // On a machine that knows one source alone, Odoo remembers who comes before it.
    let revert =
        world.sql("select x_key from x_pz_run where x_source = 'acc' and x_changed > 0 order by id desc limit 1");
    shared.configure(&[acc], "");
    world.bench.assert_full_is_the_same("import-products", &[]);
    world.bench.import(&[]).expect(0).says("nothing changed");
    let undone = world.bench.run(&["revert", "--run", &revert, "--dry-run"]);
    assert!(undone.stdout.contains("Green tea") || undone.stdout.contains("owns the price"), "{}", undone.stdout);
    assert_eq!(shared.remembered(), "acc, web: price");
    // Unless a person states that there is no other.
    shared.configure(&[acc], "source_order = [\"acc\"]");
    world.bench.import(&[]).expect(0).says("1 changed");
    assert_eq!((world.shown(product), shared.remembered()), (format!("Green tea|4.6|{a}"), "acc".to_owned()));

    // Another order: the new owner's values are changes, no drift.
    shared.configure(&[web, acc], "");
    shared.import(&["--source", "web"]).expect(0).says("1 changed");
    assert_eq!(shared.last("name"), "web Green tea>Fine tea source-changed");
    shared.import(&["--source", "acc"]).expect(0);
    assert_eq!((world.shown(product), shared.remembered()), (format!("Fine tea|5.6|{a}"), "web, acc".to_owned()));
    shared.assert_settled();

    // Barcodes: the owner's are written, its secondary ones too; the other's wait for nobody and are told.
    let packaging = "extra_barcodes = \"packaging\"";
    shared.configure(&[web, acc], packaging);
    let tea: [Row<'_>; 2] = [(1, "Fine tea", Some("5.60"), &[&b, &a]), (501, "Fine tea", Some("5.60"), &[&a, &x])];
    world.source(&with_more(&tea));
    shared.import(&[]).expect(0);
    assert_eq!(shared.overruled("acc"), [1, 0, 0, 1], "one of its codes scans nowhere");
    shared.assert_settled();
    let table = if version >= 19 { "product_uom" } else { "product_packaging" };
    let packed = || world.sql(&format!("select barcode from {table} where product_id = {product} order by 1"));
    assert_eq!((packed(), world.shown(product)), (x.clone(), format!("Fine tea|5.6|{a}")));
    // The other one comes to own them, and takes over what the first one put on packagings.
    shared.configure(&[acc, web], packaging);
    shared.import(&[]).expect(0);
    shared.import(&[]).expect(0);
    assert_eq!((packed(), world.shown(product)), (b.clone(), format!("Fine tea|5.6|{a}")));
    shared.assert_settled();
    shared.configure(&[acc, web], "");
    shared.import(&[]).expect(0);
    assert_eq!(packed(), "");
    shared.assert_settled();

    archiving(&shared, product, &a);
    upgraded(&shared);
}

/// What one source no longer has is archived when the last one has it no longer, and comes back with either.
fn archiving(shared: &Shared, product: i64, code: &str) {
    let Shared { world, .. } = shared;
    let codes: [&str; 1] = [code];
    let (acc, web): (Row<'_>, Row<'_>) =
        ((1, "Tea acc", Some("4.50"), &codes), (501, "Fine tea", Some("5.60"), &codes));
    let archive = "missing = \"archive\"";
    shared.configure(&[("acc", ""), ("web", "")], archive);
    world.source(&with_more(&[acc, web]));
    shared.import(&["--allow-price-change"]).expect(0);
    shared.assert_settled();
    let active = || {
        world.sql(&format!("select p.active, t.active from product_product p join product_template t on t.id = p.product_tmpl_id where p.id = {product}"))
    };

    world.source(&with_more(&[web]));
    let told = shared.import(&["--source", "acc"]).expect(0);
    assert!(told.stdout.contains("web still has it"), "{}", told.stdout);
    shared.import(&["--source", "web"]).expect(0);
    assert_eq!((active(), world.shown(product)), ("t|t".to_owned(), format!("Fine tea|5.6|{code}")), "web owns it now");
    shared.assert_settled();

    world.source(&with_more(&[]));
    shared.import(&["--source", "web"]).expect(0).says("1 archived");
    assert_eq!(active(), "f|f");
    shared.assert_settled();

    // The source that did not archive it brings it back, and what a person archives then stays so.
    world.source(&with_more(&[acc]));
    shared.import(&["--source", "acc"]).expect(0).says("1 reactivated");
    assert_eq!((active(), world.shown(product)), ("t|t".to_owned(), format!("Tea acc|4.5|{code}")));
    shared.assert_settled();
    let template =
        world.sql(&format!("select product_tmpl_id from product_product where id = {product}")).parse().unwrap();
    world.write("product.template", template, json!({"active": false}));
    world.source(&with_more(&[acc, web]));
    shared.import(&[]).expect(0);
    assert_eq!(active(), "f|f");
    shared.assert_settled();
    world.write("product.template", template, json!({"active": true}));
    world.write("product.product", product, json!({"active": true}));
}

/// A database of the release before knows no order: the source that linked first comes first.
fn upgraded(shared: &Shared) {
    let Shared { world, .. } = shared;
    world.sql("update x_pz_setup set x_sources = null, x_schema = 4");
    world.sql("update x_pz_product set x_overruled = null");
    world.bench.import(&[]).expect(78);
    world.bench.setup(&[]).expect(0);
    assert_eq!(shared.remembered(), "acc, web");
    // Even where a run of the other one alone comes first.
    shared.configure(&[("web", "")], "");
    world.bench.assert_full_is_the_same("import-products", &[]);
    world.bench.import(&[]).expect(0);
    assert_eq!(world.shown(world.linked(1)).split('|').next(), Some("Tea acc"));
    shared.configure(&[("acc", ""), ("web", "")], "");
    shared.import(&[]).expect(0);
    shared.assert_settled();
}
