//! The README's first day, word by word, on a fresh database of a real Odoo: its commands are taken out of the page and typed
//! into a shell, by somebody who has an empty home and two passwords.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored first_day::`.

#![cfg(unix)]

use crate::common::docs::{Desk, first_day};
use crate::common::shop::Shop;
use crate::common::target::{How, Target, script};
use crate::common::{Bench, SOURCE_PASSWORD};

const PASSWORD: &str = "Day-One-Pa55word";

fn scenario(version: u32) {
    let name = "first_day";
    let mut target = Target::real(version, name, &["en_US"], How::Password);
    // The README's second step, as its words say.
    let manager: &str = if version >= 19 { "product.group_product_manager" } else { "sales_team.group_sale_manager" };
    target.user("erpsync", PASSWORD, &["base.group_user", manager]);
    target.login = "erpsync".to_owned();
    let products = || "select count(*) from product_product where default_code is not null".to_owned();
    let bench = Bench::new(target);
    let target = &bench.target;
    let before: usize = target.sql(&products())[0].parse().unwrap();
    let mut shop = Shop::new(40);
    shop.write(&bench);

    let desk = Desk::new();
    // The source's certificate is signed by an authority that this machine trusts.
    let trust = ("SSL_CERT_FILE".to_owned(), bench.path("ca.pem").display().to_string());
    let secrets = [("ERPSYNC_SOURCE_POLONEZ_PASSWORD", SOURCE_PASSWORD), ("ERPSYNC_ODOO_PASSWORD", PASSWORD)];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let typed = |command: &str| {
        command
            .replace("sql.example", &format!("localhost,{}", bench.mssql.addr().port()))
            .replace("https://odoo.example", &target.url)
            .replace("--odoo-database shop", &format!("--odoo-database {}", target.database))
            .replace("ADMIN_PASSWORD=…", "ADMIN_PASSWORD=admin")
    };
    let mut statuses = Vec::new();
    let commands = first_day("README.md", "The first day");
    for command in &commands {
        let mut env = vec![trust.clone()];
        if command.contains("erpsync init") {
            env.extend(secrets.clone());
        }
        let _turn = command.contains("erpsync setup").then(|| Bench::rebuilding(version));
        let (run, called) = desk.types(&typed(command), &env);
        for call in called {
            assert!(![1, 4, 5, 64, 69, 75, 77, 78].contains(&call.status), "{command}: {run:#?}");
            statuses.push((call.args.split(' ').next().unwrap().to_owned(), call.status));
        }
        if command.contains(" -q") {
            assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{command}");
        }
    }
    let expected = [
        ("init", 0),
        ("setup", 2),
        ("setup", 0),
        ("doctor", 0),
        ("import-products", 2),
        ("import-products", 0),
        ("import-products", 0),
    ];
    let statuses: Vec<(&str, i32)> = statuses.iter().map(|(name, status)| (name.as_str(), *status)).collect();
    assert_eq!(statuses, expected, "{commands:#?}");

    // The products are in Odoo, with what the source says.
    let after: usize = target.sql(&products())[0].parse().unwrap();
    assert_eq!(after - before, shop.products.len());
    let found = target.sql(
        "select p.default_code || '|' || p.barcode || '|' || t.list_price from product_product p join product_template t on t.id = p.product_tmpl_id join x_pz_product l on l.x_product_id = p.id order by 1",
    );
    assert_eq!(found.len(), shop.products.len());
    for (line, (id, product)) in found.iter().zip(&shop.products) {
        let cells: Vec<&str> = line.split('|').collect();
        assert_eq!(cells[..2], [&id.to_string()[..], &product.barcodes[0]], "{line}");
        let price: f64 = shop.rounded_price(*id, if version >= 19 { 4 } else { 2 }).parse().unwrap();
        assert!((cells[2].parse::<f64>().unwrap() - price).abs() < 0.000_01, "{line}: {price}");
    }
    // The hour after a change in the source.
    shop.product(1003).price = "80".to_owned();
    shop.write(&bench);
    let hourly = commands.last().unwrap();
    let (run, called) = desk.types(&typed(hourly), std::slice::from_ref(&trust));
    assert_eq!((called[0].status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    let price = "select t.list_price from product_template t join product_product p on p.product_tmpl_id = t.id where p.default_code = '1003'";
    assert!((target.sql(price)[0].parse::<f64>().unwrap() - 80.0).abs() < 0.001);

    // A bad hour: Odoo refuses one price, and whoever gets cron's mail reads which. The hour after it was settled is silent.
    let rule = "alter table product_template";
    target.sql(&format!("{rule} add constraint first_day_check check (list_price::numeric <> 66.6)"));
    shop.product(1004).price = "66.6".to_owned();
    shop.product(1005).price = "140".to_owned();
    shop.write(&bench);
    let (run, called) = desk.types(&typed(hourly), std::slice::from_ref(&trust));
    assert_eq!((called[0].status, run.stdout.as_str()), (4, ""), "{run:#?}");
    run.says("Odoo refused 1004").says("first_day_check");
    assert!((target.sql(&price.replace("1003", "1005"))[0].parse::<f64>().unwrap() - 140.0).abs() < 0.001);
    target.sql(&format!("{rule} drop constraint first_day_check"));
    let (run, called) = desk.types(&typed(hourly), std::slice::from_ref(&trust));
    assert_eq!((called[0].status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    assert!((target.sql(&price.replace("1003", "1004"))[0].parse::<f64>().unwrap() - 66.6).abs() < 0.001);
    bench.assert_source_untouched();
    script("drop-db", &[&version.to_string(), &target.database]);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn on_14() {
    scenario(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn on_19() {
    scenario(crate::common::version(19));
}
