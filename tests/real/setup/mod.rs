//! `erpsync setup` on real Odoos, with the built binary: what it installs, who may use it, how it is mended, how it goes.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with
//! `cargo test --test real -- --ignored setup::`.

mod damage;
mod first;
mod interrupted;
mod people;
mod removal;
mod rights;
mod screens;
mod sellers;

use crate::common::shop::Shop;
use crate::common::target::{How, Target};
use crate::common::{Bench, Run};
use erpsync::odoo::transport::Call;
use serde_json::json;

/// Written by every login, whatever it does.
const LOGINS: [&str; 3] = ["res_users_log", "res_device_log", "ir_sessions"];

/// A fresh database that has not been set up, and a source.
fn bench(version: u32, name: &str, languages: &[&str]) -> Bench {
    Bench::new(Target::real(version, name, languages, How::Password))
}

/// Set up, with a few products imported: `count` of them, the last two of which claim one barcode.
fn imported(version: u32, name: &str, count: i64) -> (Bench, Shop) {
    let bench = bench(version, name, &["en_US"]);
    let shop = import(&bench, count);
    (bench, shop)
}

fn import(bench: &Bench, count: i64) -> Shop {
    let mut shop = Shop::new(count);
    let code = shop.products[&(1000 + count)].barcodes.clone();
    shop.product(1000 + count - 1).barcodes = code;
    shop.write(bench);
    bench.setup(&[]).expect(0);
    bench.import(&["--first-run"]).expect(3);
    shop
}

/// Runs the binary with another environment: `None` takes a variable away.
fn run_with(bench: &Bench, args: &[&str], env: &[(&str, Option<&str>)]) -> Run {
    let mut command = bench.command(args);
    for (name, value) in env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Gives the administrator another language.
fn admin_speaks(target: &Target, language: &str) {
    let rows = target.admin(
        Call::new("res.users", "search_read")
            .arg("domain", json!([["login", "=", "admin"]]))
            .arg("fields", json!(["id"])),
    );
    let id = rows[0]["id"].as_i64().unwrap();
    target.admin(Call::new("res.users", "write").ids(&[id]).arg("vals", json!({"lang": language})));
}

/// How many there are of everything that setup makes.
fn counts(target: &Target) -> Vec<String> {
    let name = |column: &str| if target.version >= 16 { format!("{column}->>'en_US'") } else { column.to_owned() };
    let (group, menu) = (name("g.name"), name("m.name"));
    let action = name("s.name");
    target.sql(&format!(
        "select 'groups', count(*) from res_groups g where {group} like 'Catalogue synchronisation%'
         union all select 'models', count(*) from ir_model where model like 'x_pz_%'
         union all select 'rights', count(*) from ir_model_access a join ir_model m on m.id = a.model_id where m.model like 'x_pz_%'
         union all select 'views', count(*) from ir_ui_view where model like 'x_pz_%'
         union all select 'actions', count(*) from ir_act_window where res_model like 'x_pz_%'
         union all select 'menus', count(*) from ir_ui_menu m where {menu} = 'Catalogue synchronisation' or action in (select 'ir.actions.act_window,' || id from ir_act_window where res_model like 'x_pz_%')
         union all select 'procedures', count(*) from ir_act_server s where {action} like 'erpsync: %'
         union all select 'registered', count(*) from ir_model_data where module = 'erpsync'
         union all select 'indexes', count(*) from pg_indexes where indexname like 'x\\_pz\\_%\\_uniq'"
    ))
}

/// What [`counts`] says of a whole setup.
const WHOLE: [&str; 9] = [
    "groups|3",
    "models|9",
    "rights|33",
    "views|24",
    "actions|8",
    "menus|9",
    "procedures|11",
    "registered|64",
    "indexes|8",
];

/// What [`counts`] says when nothing is left.
const NOTHING: [&str; 9] = [
    "groups|0",
    "models|0",
    "rights|0",
    "views|0",
    "actions|0",
    "menus|0",
    "procedures|0",
    "registered|0",
    "indexes|0",
];
