//! The whole story on real Odoos, with the built binary: import, nothing to do, changes, temporary duplicates, guards.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored import::`.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::shop::{Product, Shop, ean13};
use crate::common::target::{How, SYNC_PASSWORD, Target};
use crate::common::{Bench, SOURCE_PASSWORD};

/// Written by every login, whatever it does.
const LOGINS: [&str; 3] = ["res_users_log", "res_device_log", "ir_sessions"];
/// A run's own line and the lease.
const RUN: [&str; 5] = ["res_users_log", "res_device_log", "ir_sessions", "x_pz_run", "x_pz_lane"];

/// A product as Odoo and its link have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    names: Vec<String>,
    price: String,
    barcode: Option<String>,
    wrote_barcode: Option<String>,
    said_price: String,
}

fn found(target: &Target, languages: &[&str]) -> BTreeMap<i64, Found> {
    let name = |lang: &str| {
        if target.version >= 16 {
            format!("coalesce(t.name->>'{lang}', t.name->>'en_US')")
        } else {
            format!(
                "coalesce((select value from ir_translation i where i.type = 'model' and i.name = 'product.template,name' and i.lang = '{lang}' and i.res_id = t.id and value != ''), t.name)"
            )
        }
    };
    let names: Vec<String> = languages.iter().map(|l| name(l)).collect();
    let rows = target.sql(&format!(
        "select l.x_external_id, trim_scale(t.list_price), coalesce(p.barcode, ''), coalesce(l.x_wrote_barcode, ''), coalesce(l.x_said_price, ''), {}
         from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id",
        names.join(", ")
    ));
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let parse = |row: &String| {
        let cells: Vec<&str> = row.split('|').collect();
        let found = Found {
            price: cells[1].to_owned(),
            barcode: optional(cells[2]),
            wrote_barcode: optional(cells[3]),
            said_price: cells[4].to_owned(),
            names: cells[5..].iter().map(ToString::to_string).collect(),
        };
        (cells[0].parse().unwrap(), found)
    };
    rows.iter().map(parse).collect()
}

/// Compares record by record. `held` are products that must have no barcode for now; `keeps` those whose barcode is
/// another than the source's first one.
#[track_caller]
fn compare(bench: &Bench, shop: &Shop, languages: &[&str], held: &BTreeSet<i64>) {
    let digits = if bench.target.version >= 16 { 4 } else { 2 };
    let all = found(&bench.target, languages);
    for (id, product) in &shop.products {
        let found = all.get(id).unwrap_or_else(|| panic!("{id} is not in Odoo"));
        assert!(found.names.iter().all(|n| *n == product.name), "{id}: {found:?} is not named {:?}", product.name);
        assert_eq!(found.price, shop.rounded_price(*id, digits), "{id}: price");
        assert_eq!(found.said_price, shop.rounded_price(*id, 4), "{id}: the link's price");
        assert_eq!(found.barcode, found.wrote_barcode, "{id}: product and link");
        match &found.barcode {
            None => assert!(held.contains(id) || product.barcodes.is_empty(), "{id} has no barcode"),
            Some(code) => {
                assert!(!held.contains(id), "{id} has {code} and must not");
                assert!(product.barcodes.contains(code), "{id} has {code}, which the source does not list");
            }
        }
    }
    let codes: Vec<&String> = all.values().filter_map(|f| f.barcode.as_ref()).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "a barcode is on two products");
    let twice = bench.target.sql("select x_source, x_external_id from x_pz_product group by 1, 2 having count(*) > 1");
    assert_eq!(twice, Vec::<String>::new());
}

/// Has the database note which lanes each transaction takes.
fn watch_lanes(target: &Target) {
    target.sql(
        "create table seen_lanes (tx bigint, lane int);
         create function see_lane() returns trigger language plpgsql security definer as $$ begin
           insert into seen_lanes values (txid_current(), new.x_lane); return null; end $$;
         create trigger see_lane after update on x_pz_lane for each row execute function see_lane()",
    );
}

/// The lanes in which something was written, and no more notes; a transaction that takes several is one about the lease.
fn lanes(target: &Target) -> Vec<usize> {
    let one = "select distinct lane from seen_lanes where tx in (select tx from seen_lanes group by tx having count(distinct lane) = 1) order by 1";
    let lanes = target.sql(one).iter().map(|lane| lane.parse().unwrap()).collect();
    target.sql("drop trigger see_lane on x_pz_lane; drop function see_lane(); drop table seen_lanes");
    lanes
}

fn story(mut target: Target, languages: &[&str], connections: usize) {
    target.odoo_extra.push_str(&format!("connections = {connections}\n"));
    let bench = Bench::new(target).with("max_price_change = { percent = 50, amount = 10 }");
    let nobody = BTreeSet::new();
    let mut shop = Shop::new(2000);
    shop.write(&bench);

    bench.import(&[]).expect(78).says("erpsync setup");
    bench.run(&["show-history"]).expect(78).says("erpsync setup");
    bench.setup(&["--dry-run"]).expect(2);
    bench.setup(&[]).expect(0);
    bench.setup(&[]).expect(0).says("Nothing to do");
    watch_lanes(&bench.target);

    // The first run must be let through; looking at it writes nothing.
    let before = bench.target.checksums(&LOGINS);
    bench.import(&["--dry-run"]).expect(5).says("--first-run");
    bench.import(&["--dry-run", "--first-run"]).expect(2).says("2,000 to create");
    assert_eq!(bench.target.checksums(&LOGINS), before, "a dry run wrote something");
    bench.import(&[]).expect(5).says("--first-run");
    assert_eq!(found(&bench.target, languages).len(), 0);
    bench.import(&["--first-run"]).expect(0).says("2,000 created");
    compare(&bench, &shop, languages, &nobody);
    // What is not done side by side is done in the first.
    let last = if connections == 1 { 0 } else { connections };
    assert_eq!(lanes(&bench.target), (0..=last).collect::<Vec<_>>());

    // Nothing changed: nothing is written.
    let before = bench.target.checksums(&RUN);
    bench.import(&["--dry-run"]).expect(0).says("Nothing to do");
    bench.import(&[]).expect(0);
    assert_eq!(bench.target.checksums(&RUN), before, "a run without changes wrote something");

    // 1 % prices, 0.5 % barcodes with swaps and a circle, 0.5 % renames, 0.2 % new, three temporary duplicates.
    for id in 1101..1121 {
        let price: rust_decimal::Decimal = shop.products[&id].price.parse().unwrap();
        shop.product(id).price = (price + "0.25".parse::<rust_decimal::Decimal>().unwrap()).to_string();
    }
    for pair in [[1201, 1202], [1203, 1204], [1206, 1207]] {
        shop.rotate(&pair);
    }
    shop.rotate(&[1208, 1209, 1212]);
    shop.product(1213).barcodes = vec![ean13(900_001)];
    for id in 1301..1311 {
        shop.product(id).name = format!("Новое имя «{id}» \u{1F375}");
    }
    for id in 4001..4005 {
        let product =
            Product { name: format!("Новинка {id}"), price: "5.5".to_owned(), barcodes: vec![ean13(id * 10)] };
        shop.products.insert(id, product);
    }
    // Two new products claim codes of old ones; one code is claimed by two that have none yet.
    let settled = shop.clone();
    for (id, of) in [(4002, 1401), (4003, 1402)] {
        shop.product(id).barcodes = settled.products[&of].barcodes[..1].to_vec();
    }
    shop.product(1403).barcodes = vec![ean13(900_002)];
    shop.product(4004).barcodes = vec![ean13(900_002)];
    shop.write(&bench);
    let held = BTreeSet::from([4002, 4003, 4004, 1403]);
    let dry = bench.import(&["--dry-run", "--format", "lines"]).expect(2);
    bench.import(&[]).expect(3).says("4 created");
    compare(&bench, &shop, languages, &held);
    let open = bench.target.sql("select x_kind, x_external_id from x_pz_conflict where x_state = 'open' order by 2, 1");
    assert_eq!(
        open,
        ["duplicate-claim|1403", "duplicate-claim|4002", "duplicate-claim|4003", "duplicate-claim|4004"],
        "{}",
        dry.stdout
    );
    let moved = "select count(*) from x_pz_product_barcode_history h where h.x_external_id in ('1201','1202','1203','1204','1206','1207','1208','1209','1212','1213') and h.x_old is not null";
    assert_eq!(bench.target.sql(moved), ["10"]);
    let prices = "select count(*) from x_pz_product_price_history where x_old is not null";
    assert_eq!(bench.target.sql(prices), ["20"]);
    let before = bench.target.checksums(&RUN);
    bench.import(&[]).expect(3);
    assert_eq!(bench.target.checksums(&RUN), before, "a run with nothing but open conflicts wrote something");

    // The source is settled: the codes are given, the conflicts close.
    shop = settled;
    shop.write(&bench);
    bench.import(&[]).expect(0);
    compare(&bench, &shop, languages, &nobody);
    assert_eq!(bench.target.sql("select count(*) from x_pz_conflict where x_state = 'open'"), ["0"]);
    bench.import(&[]).expect(0).says("Nothing to do");

    guards(&bench, &shop, languages);
    bench.assert_source_untouched();
}

/// A source that lost rows is refused, and nothing is changed.
fn guards(bench: &Bench, shop: &Shop, languages: &[&str]) {
    let before = bench.target.checksums(&RUN);
    bench.source("DELETE FROM logistics.ProductBarcodes WHERE ProductID % 2 = 0");
    bench.import(&[]).expect(5).says("--allow-release");
    bench.source("DELETE FROM logistics.ProductBarcodes");
    bench.import(&[]).expect(5).says("--allow-no-barcodes");
    bench.source("DELETE FROM dbo.Products");
    bench.import(&[]).expect(5).says("--allow-empty-source");
    assert_eq!(bench.target.checksums(&RUN), before, "a refused run wrote something");
    shop.write(bench);
    bench.import(&[]).expect(0).says("Nothing to do");
    compare(bench, shop, languages, &BTreeSet::new());

    // No secret in any output, at any verbosity.
    for args in [&["-vv"][..], &["-vv", "--dry-run", "--format", "json"], &["--help"]] {
        let run = bench.import(args);
        let said = format!("{}{}", run.stdout, run.stderr);
        let secrets = bench.target.secrets.iter().map(|(_, value)| value.as_str()).filter(|v| *v != "admin");
        for secret in secrets.chain([SYNC_PASSWORD, SOURCE_PASSWORD]) {
            assert!(!said.contains(secret), "{args:?} shows a secret");
        }
    }
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn story_on_14_in_one_language() {
    story(Target::real(crate::common::version(14), "erpsync_story_1", &["en_US"], How::Password), &["en_US"], 1);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn story_on_14_in_two_languages_over_three_connections() {
    let languages = ["en_US", "ru_RU"];
    story(Target::real(crate::common::version(14), "erpsync_story_2", &languages, How::Password), &languages, 3);
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn story_on_19_in_one_language_with_an_api_key() {
    story(Target::real(crate::common::version(19), "erpsync_story_1", &["en_US"], How::ApiKey), &["en_US"], 1);
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn story_on_19_in_two_languages_with_a_password_over_three_connections() {
    let languages = ["en_US", "ru_RU"];
    story(Target::real(crate::common::version(19), "erpsync_story_2", &languages, How::Password), &languages, 3);
}
