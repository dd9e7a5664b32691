//! The records of a fresh database.

use serde_json::{Value, json};

use super::options::OdooOptions;
use super::packagings::UNIT_BARCODE;
use super::products::{TEMPLATE_INDEX, barcode_index};
use super::schema::{groups_field, models};
use super::store::{Index, Record, Store};

/// A fresh database. `number` tells the databases of one server apart.
pub(super) fn database(options: &OdooOptions, number: usize, now: String) -> Store {
    let version = options.version;
    let mut store = Store::new(version, models(version), now);
    let mut barcode = Index::new(barcode_index(version), version < 16, &[("barcode", false)]);
    barcode.sentence = Some("A barcode can only be assigned to one product !");
    let template = Index::new(TEMPLATE_INDEX, false, &[("product_tmpl_id", false)]);
    for index in [barcode, template] {
        store.add_index("product.product", index).expect("an empty table");
    }
    if version >= 19 {
        let mut unit = Index::new(UNIT_BARCODE, true, &[("barcode", false)]);
        unit.sentence = Some("A barcode can only be assigned to one packaging.");
        store.add_index("product.uom", unit).expect("an empty table");
    }
    for (name, model) in models(version) {
        add(&mut store, "ir.model", json!({"name": model.label, "model": name, "state": "base"}));
    }
    let uuid = format!("00000000-0000-4000-8000-{:08}{number:04}", version);
    add(&mut store, "ir.config_parameter", json!({"key": "database.uuid", "value": uuid}));
    for (model, name) in [("product.template", "Product"), ("product.product", "Product Variant")] {
        add(&mut store, "ir.model", json!({"model": model, "name": name, "state": "base"}));
    }
    add(&mut store, "res.currency", json!({"name": "USD", "active": true}));
    for name in &options.companies {
        add(&mut store, "res.company", json!({"name": name, "currency_id": 1, "account_sale_tax_id": 1}));
    }
    if version < 19 {
        add(&mut store, "product.pricelist", json!({"name": "Public Pricelist", "active": true, "currency_id": 1}));
    }
    for code in &options.languages {
        add(&mut store, "res.lang", json!({"name": code, "code": code, "active": true}));
    }
    add(
        &mut store,
        "res.lang",
        json!({"name": "German", "code": "de_DE", "active": options.languages.iter().any(|l| l == "de_DE")}),
    );
    let groups = groups(&mut store);
    // The superuser, as whom modules are loaded.
    add(&mut store, "res.users", json!({"login": "__system__", "name": "OdooBot", "active": false}));
    for user in &options.users {
        let mut of = vec![groups.user];
        if user.administrator {
            of.push(groups.system);
        }
        if user.products {
            of.push(groups.products);
        }
        let companies: Vec<usize> = (1..=options.companies.len()).collect();
        let values = json!({
            "login": user.login, "name": user.login, "password": user.password, "lang": user.language, "active": true,
            "company_id": 1, "company_ids": companies, groups_field(version): of,
        });
        let id = add(&mut store, "res.users", values);
        if user.api_key.is_some() {
            add(&mut store, "res.users.apikeys", json!({"name": "erpsync", "user_id": id}));
        }
    }
    let categories: &[&str] = if version >= 19 { &["Goods", "Services"] } else { &["All", "All / Saleable"] };
    for name in categories {
        let own = name.rsplit(" / ").next();
        add(&mut store, "product.category", json!({"name": own, "complete_name": name}));
    }
    for name in ["Units", "Dozens"] {
        add(&mut store, "uom.uom", json!({"name": name}));
    }
    // The two taxes of a fresh company have one name.
    let tax = if version >= 19 { "15%" } else { "Tax 15.00%" };
    for kind in ["sale", "purchase"] {
        add(
            &mut store,
            "account.tax",
            json!({"name": tax, "type_tax_use": kind, "price_include": false, "company_id": 1}),
        );
    }
    store
}

struct Groups {
    user: i64,
    system: i64,
    products: i64,
}

fn groups(store: &mut Store) -> Groups {
    let new = store.version >= 19;
    let mut group = |module: &str, name: &str, full_name: &str, implied: &[i64]| {
        let values = json!({"name": full_name, "full_name": full_name, "implied_ids": implied});
        let id = add(store, "res.groups", values);
        let values = json!({"module": module, "name": name, "model": "res.groups", "res_id": id, "noupdate": false});
        add(store, "ir.model.data", values);
        id
    };
    let user = group("base", "group_user", if new { "Role / User" } else { "User types / Internal User" }, &[]);
    let settings = if new { "Role / Administrator" } else { "Administration/Settings" };
    let system = group("base", "group_system", settings, &[user]);
    let products = if new {
        group("product", "group_product_manager", "Products/Create", &[user])
    } else {
        group("sales_team", "group_sale_manager", "Sales/Administrator", &[user])
    };
    Groups { user, system, products }
}

fn add(store: &mut Store, model: &str, values: Value) -> i64 {
    let Value::Object(values) = values else { unreachable!("values are an object") };
    store.insert(model, Record::from(values)).expect("the seed fits its tables")
}
