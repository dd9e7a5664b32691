//! Faults between the tool and SQL Server, with a real Odoo on the other side: a slice of what `source_faults` tries on the
//! stand-ins at every request.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with
//! `cargo test --test real -- --ignored source_faults::`.

use crate::common::Bench;
use crate::common::ready::ready;
use crate::common::shop::{Shop, ean13};
use crate::common::target::{How, Target, script};
use crate::common::tds_proxy::{At, Fault, Order, Proxy};
use erpsync_sandbox::mssql::{Encryption, Fault as Sandbox};

on_both! {
    a_run_that_dies_writes_nothing: dying,
}

/// Written by logins and by every run, whatever it does.
const RUN: [&str; 5] = ["res_users_log", "res_device_log", "ir_sessions", "x_pz_run", "x_pz_lane"];

/// The requests of a run in plain text.
const FACTS: usize = 3;
const PRODUCTS: usize = 9;
const BARCODES: usize = 10;
const COMMIT: usize = 11;

fn run(bench: &Bench) -> crate::common::Run {
    bench.import(&[
        "-q",
        "--first-run",
        "--allow-create",
        "--allow-release",
        "--allow-replace",
        "--allow-archive",
        "--allow-changes",
        "--allow-price-change",
    ])
}

/// Every link with what its product has, and how many lines its histories have.
fn state(target: &Target) -> Vec<String> {
    let name = if target.version >= 16 { "t.name->>'en_US'" } else { "t.name" };
    target.sql(&format!(
        "select l.x_external_id, p.active, {name}, trim_scale(t.list_price::numeric), p.barcode,
                (select count(*) from x_pz_product_barcode_history h where h.x_external_id = l.x_external_id),
                (select count(*) from x_pz_product_price_history h where h.x_external_id = l.x_external_id)
         from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id
         order by l.x_external_id"
    ))
}

fn dying(version: u32) {
    let how = if version >= 19 { How::ApiKey } else { How::Password };
    let name = "erpsync_source_faults";
    let target = ready(version, name, &["en_US"], how);
    let bench = Bench::encrypted(Bench::runtime(), target, Encryption::NotSupported).with("missing = \"archive\"");
    let proxy = Proxy::start(bench.mssql.addr(), false);
    let port = format!("port = {}\n", bench.mssql.addr().port());
    let config = std::fs::read_to_string(bench.config()).unwrap().replace(&port, &format!("port = {}\n", proxy.port()));
    let hasty = config.replace("database = \"Trade\"", "database = \"Trade\"\nquery_timeout = 2");
    std::fs::write(bench.config(), &config).unwrap();

    let mut shop = Shop::new(100);
    shop.write(&bench);
    run(&bench).expect(0);
    shop.rotate(&[1002, 1003]);
    shop.product(1010).name = "Новое имя".to_owned();
    shop.product(1012).price = "3.33".to_owned();
    shop.product(1013).barcodes = vec![ean13(99_999)];
    for id in [1020, 1021, 1022] {
        shop.products.remove(&id);
    }
    shop.write(&bench);

    let error = |number, severity| Fault::Error { number, severity, hang_up: false };
    let by_the_proxy = [
        (FACTS, Fault::CutBefore, 69),
        (PRODUCTS, Fault::Cut(At::Packet), 69),
        (BARCODES, Fault::Cut(At::Half), 69),
        (BARCODES, Fault::Cut(At::End), 69),
        (PRODUCTS, error(229, 14), 77),
        (BARCODES, error(1205, 13), 1),
        (BARCODES, Fault::ErrorAtEnd { number: 1205, severity: 13 }, 1),
        (COMMIT, Fault::Error { number: 6005, severity: 14, hang_up: true }, 69),
        (PRODUCTS, Fault::Stall(At::Half), 1),
    ];
    let before = bench.target.checksums(&RUN);
    let mut tried = 0;
    let died = |case: String, status: i32| {
        run(&bench).expect(status);
        let after = bench.target.checksums(&RUN);
        let changed: Vec<_> = after.iter().filter(|table| !before.contains(table)).collect();
        assert!(changed.is_empty(), "{case}: something was written: {changed:?}");
        let held = bench.target.sql("select count(*) from x_pz_lane where x_token is not null");
        assert_eq!(held, ["0"], "{case}: the lease is held");
    };
    for (k, fault, status) in by_the_proxy {
        let case = format!("{fault:?} at request {k}");
        std::fs::write(bench.config(), if matches!(fault, Fault::Stall(_)) { &hasty } else { &config }).unwrap();
        proxy.order(Some(Order { k, fault, times: usize::MAX }));
        died(case.clone(), status);
        assert!(proxy.struck() > 0, "{case}: did not strike");
        tried += 1;
    }
    proxy.order(None);
    std::fs::write(bench.config(), &config).unwrap();
    for query in [0, 1] {
        for _ in 0..3 {
            bench.mssql.fail_after(query, Sandbox::Mute { after_rows: 50 });
        }
        died(format!("silence in query {query}"), 1);
        bench.mssql.clear_faults();
        tried += 1;
    }

    // Once, and the run goes on; what it leaves is what a run without a fault leaves.
    proxy.order(Some(Order { k: BARCODES, fault: Fault::Cut(At::Packet), times: 1 }));
    run(&bench).expect(0);
    assert_eq!(proxy.struck(), 1);
    let after = state(&bench.target);
    assert_eq!(after.len(), 100);
    let archived: Vec<&str> =
        after.iter().filter(|l| l.contains("|f|")).map(|l| l.split('|').next().unwrap()).collect();
    assert_eq!(archived, ["1020", "1021", "1022"]);
    for line in &after {
        let columns: Vec<&str> = line.split('|').collect();
        let (id, name, code) = (columns[0].parse().unwrap(), columns[2], columns[4]);
        let Some(product) = shop.products.get(&id) else { continue };
        assert_eq!((name, code), (product.name.as_str(), product.barcodes[0].as_str()), "{id}");
        let digits = if version >= 19 { 4 } else { 2 };
        assert_eq!(columns[3], shop.rounded_price(id, digits), "{id}");
        let changes = if [1002, 1003, 1013].contains(&id) { "2" } else { "1" };
        assert_eq!(columns[5], changes, "{id}: lines of the barcode's history");
        assert_eq!(columns[6], if id == 1012 { "2" } else { "1" }, "{id}: lines of the price's history");
    }
    let twice = bench
        .target
        .sql("select barcode from product_product where barcode is not null group by 1 having count(*) > 1");
    assert!(twice.is_empty(), "{twice:?}");
    let settled = bench.target.checksums(&RUN);
    run(&bench).expect(0);
    assert_eq!(bench.target.checksums(&RUN), settled, "the run after it wrote something");
    bench.assert_source_untouched();
    println!("source faults on Odoo {version}: {tried} for good, 1 once");
    script("drop-db", &[&version.to_string(), name]);
}
