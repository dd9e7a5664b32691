//! Hostile data on real Odoos, with the built binary: what arrived is, byte for byte, what the source says.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored hostile::`.

use crate::common::Bench;
use crate::common::hostile::{self, InOdoo};
use crate::common::ready::ready;
use crate::common::target::{How, Target, script};

on_both! {
    hostile_rows: rows,
}

fn text(hex: &str) -> String {
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

/// As PostgreSQL has it, in hexadecimal, so that nothing on the way can mend or spoil it.
fn in_odoo(target: &Target) -> InOdoo {
    let name = if target.version >= 16 { "t.name->>'en_US'" } else { "t.name" };
    let hex = |what: &str| format!("encode(convert_to({what}, 'UTF8'), 'hex')");
    let rows = target.sql(&format!(
        "select {}, {}, trim_scale(t.list_price::numeric), p.barcode is null, {} from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id",
        hex("l.x_external_id"),
        hex(name),
        hex("coalesce(p.barcode, '')")
    ));
    let rows = rows.iter().map(|row| {
        let columns: Vec<&str> = row.split('|').collect();
        let code = (columns[3] == "f").then(|| text(columns[4]));
        (text(columns[0]), (text(columns[1]), columns[2].to_owned(), code))
    });
    rows.collect()
}

fn rows(version: u32) {
    let how = if version >= 19 { How::ApiKey } else { How::Password };
    let name = "erpsync_hostile";
    let bench = Bench::new(ready(version, name, &["en_US"], how));
    let counts = hostile::scenario(&bench, &hostile::cases(version), || in_odoo(&bench.target));
    let [arrived, told, wait] = counts;
    println!("hostile rows on Odoo {version}: {arrived} arrived, {told} told, {wait} wait");
    script("drop-db", &[&version.to_string(), name]);
}
