//! Real Odoos do what erpsync expects of an Odoo; `odoo_standin` asks the same of the stand-in.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored conformance::`.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::common::conformance::{self, World};
use crate::common::target::{How, SYNC_PASSWORD, Target, script};
use tokio::sync::OnceCell;

fn conforms(version: u32, name: &str, with_keys: bool) {
    let target = Rc::new(Target::real(version, name, &["en_US", "ru_RU"], How::Password));
    let same = Rc::clone(&target);
    for login in ["clerk", "plain"] {
        target.user(login, login, &["base.group_user"]);
    }
    let key = |login: &str| (login.to_owned(), target.api_key(login, None));
    let keys = if with_keys { ["admin", "sync", "clerk", "plain"].map(key).into() } else { BTreeMap::new() };
    let passwords = [("admin", "admin"), ("sync", SYNC_PASSWORD), ("clerk", "clerk"), ("plain", "plain")];
    let world = World {
        version,
        url: target.url.clone(),
        database: target.database.clone(),
        passwords: passwords.map(|(login, password)| (login.to_owned(), password.to_owned())).into(),
        keys,
        attributes: true,
        admin: OnceCell::new(),
        refuse: Box::new(move |column, value| {
            let (table, shown) = match column {
                "name" if version >= 16 => ("product_template", "name->>'en_US'"),
                "name" => ("product_template", "name"),
                _ => ("product_product", "barcode"),
            };
            let name: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            target.sql(&format!(
                "alter table {table} add constraint another_module_{column}_{name} check (coalesce({shown}, '') != '{value}')"
            ));
        }),
        forget_digests: Box::new(move || {
            let columns = "attrelid = 'x_pz_product'::regclass and attgenerated = 's' and not attisdropped";
            let kept = same.sql(&format!("select attname from pg_attribute where {columns} order by 1"));
            assert_eq!(kept, ["erpsync_hash", "erpsync_line", "erpsync_line_price"]);
            for column in kept {
                same.sql(&format!("alter table x_pz_product drop column {column}"));
            }
        }),
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(conformance::all(&world));
    script("drop-db", &[&version.to_string(), name]);
}

#[test]
#[ignore = "needs Odoo 14"]
fn odoo_14() {
    conforms(crate::common::version(14), "conformance", false);
}

#[test]
#[ignore = "needs Odoo 19"]
fn odoo_19() {
    conforms(crate::common::version(19), "conformance", false);
}

#[test]
#[ignore = "needs Odoo 19"]
fn odoo_19_with_api_keys() {
    conforms(crate::common::version(19), "conformance_keys", true);
}
