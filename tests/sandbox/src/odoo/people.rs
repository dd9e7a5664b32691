//! What tests see and do past the API: products as a person sees them, a person's edits, dumps for comparison.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::OdooServer;
use super::env::Env;
use super::http::lock;
use super::products;
use super::store::{Record, Store, flag, integer, text};

/// A product as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// The variant's id.
    pub id: i64,
    /// The template's id.
    pub template: i64,
    /// The base name.
    pub name: String,
    /// The list price.
    pub price: f64,
    /// The barcode.
    pub barcode: Option<String>,
    /// The internal reference.
    pub default_code: Option<String>,
    /// Not archived.
    pub active: bool,
    /// May be sold.
    pub sale_ok: bool,
}

/// A product that somebody made in Odoo by hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewProduct<'a> {
    /// The name.
    pub name: &'a str,
    /// The list price.
    pub price: f64,
    /// The barcode.
    pub barcode: Option<&'a str>,
    /// The internal reference.
    pub default_code: Option<&'a str>,
    /// Archived after it was made.
    pub archived: bool,
}

/// An edit by a person in Odoo.
#[derive(Debug, Clone, Copy)]
pub enum Edit<'a> {
    /// Another name, as a user of this language writes it.
    Name(&'a str, &'a str),
    /// Another list price.
    Price(f64),
    /// Another barcode, or none.
    Barcode(Option<&'a str>),
    /// Archive or restore.
    Active(bool),
    /// Delete the product for good.
    Delete,
}

impl OdooServer {
    /// Changes a database as the superuser would.
    ///
    /// # Panics
    /// When there is no such database, or Odoo's rules refuse the change.
    fn change<T>(&self, database: &str, work: impl FnOnce(&mut Env<'_>) -> T) -> T {
        let mut state = lock(&self.state);
        let now = state.now();
        let store = state.databases.get_mut(database).unwrap_or_else(|| panic!("no database {database:?}"));
        store.now = now;
        store.uid = 2;
        let mut env = Env { store, lang: None, active_test: true, in_procedure: false, json2: false };
        work(&mut env)
    }

    fn look<T>(&self, database: &str, work: impl FnOnce(&Store) -> T) -> T {
        let state = lock(&self.state);
        work(state.databases.get(database).unwrap_or_else(|| panic!("no database {database:?}")))
    }

    /// All products of a database, by id.
    ///
    /// # Panics
    /// When there is no such database.
    pub fn products(&self, database: &str) -> Vec<Product> {
        let one = |store: &Store, id: i64, r: &Record| {
            let template_id = integer(r, "product_tmpl_id")?;
            let template = store.row("product.template", template_id)?;
            Some(Product {
                id,
                template: template_id,
                name: products::name(template, None).unwrap_or_default().to_owned(),
                price: template.get("list_price").and_then(Value::as_f64).unwrap_or_default(),
                barcode: text(r, "barcode").map(str::to_owned),
                default_code: text(r, "default_code").map(str::to_owned),
                active: flag(r, "active"),
                sale_ok: flag(template, "sale_ok"),
            })
        };
        self.look(database, |store| store.rows("product.product").filter_map(|(id, r)| one(store, id, r)).collect())
    }

    /// The product of this base name.
    ///
    /// # Panics
    /// When there is none, or more than one.
    pub fn product(&self, database: &str, name: &str) -> Product {
        let mut found: Vec<Product> = self.products(database).into_iter().filter(|p| p.name == name).collect();
        assert_eq!(found.len(), 1, "products named {name:?} in {database}");
        found.remove(0)
    }

    /// Makes a product by hand and returns its variant's id.
    ///
    /// # Panics
    /// When Odoo's rules refuse it.
    pub fn add_product(&self, database: &str, product: NewProduct<'_>) -> i64 {
        let values = json!({
            "name": product.name, "list_price": product.price, "barcode": product.barcode,
            "default_code": product.default_code,
        });
        let values = values.as_object().expect("an object");
        self.change(database, |env| {
            let (template, variant) = env.create_template(values).unwrap_or_else(|e| panic!("{}", e.message));
            if product.archived {
                let archived = Record::from_iter([("active".to_owned(), json!(false))]);
                env.write_template(template, &archived).unwrap_or_else(|e| panic!("{}", e.message));
            }
            variant
        })
    }

    /// Gives a product's packaging (up to 18) or unit (from 19 on) a barcode.
    ///
    /// # Panics
    /// When Odoo's rules refuse it.
    pub fn add_packaging(&self, database: &str, product: i64, barcode: &str) {
        self.change(database, |env| {
            let mut values =
                Record::from_iter([("product_id".to_owned(), json!(product)), ("barcode".to_owned(), json!(barcode))]);
            if env.version() >= 19 {
                values.insert("uom_id".to_owned(), json!(1));
            } else {
                values.insert("name".to_owned(), json!("Box"));
            }
            env.create_packaging(&values).unwrap_or_else(|e| panic!("{}", e.message));
        });
    }

    /// Edits a product by hand, by its variant's id.
    ///
    /// # Panics
    /// When Odoo's rules refuse it.
    pub fn edit(&self, database: &str, product: i64, edit: Edit<'_>) {
        let one = |name: &str, value: Value| Record::from_iter([(name.to_owned(), value)]);
        let outcome = self.change(database, |env| {
            let template =
                env.exists("product.product", product).map(|r| integer(&r, "product_tmpl_id").unwrap_or(0))?;
            match edit {
                Edit::Name(lang, name) => {
                    env.lang = Some(lang.to_owned());
                    env.write_template(template, &one("name", json!(name)))
                }
                Edit::Price(price) => env.write_template(template, &one("list_price", json!(price))),
                Edit::Barcode(code) => env.write_variant(product, &one("barcode", json!(code))),
                Edit::Active(active) => env.write_template(template, &one("active", json!(active))),
                Edit::Delete => env.unlink("product.template", &[template]),
            }
        });
        outcome.unwrap_or_else(|e| panic!("{}", e.message));
    }

    /// Archives or restores a variant alone; its template stays as it is.
    ///
    /// # Panics
    /// When there is no such product.
    pub fn archive_variant(&self, database: &str, product: i64, active: bool) {
        let values = Record::from_iter([("active".to_owned(), json!(active))]);
        self.change(database, |env| env.write_variant(product, &values)).unwrap_or_else(|e| panic!("{}", e.message));
    }

    /// Gives a product to a company (its number, from 1), or to all.
    ///
    /// # Panics
    /// When there is no such product.
    pub fn set_company(&self, database: &str, product: i64, company: Option<i64>) {
        let values = Record::from_iter([("company_id".to_owned(), json!(company))]);
        self.change(database, |env| env.write_variant(product, &values)).unwrap_or_else(|e| panic!("{}", e.message));
    }

    /// From now on a constraint of another module refuses products of this name.
    ///
    /// # Panics
    /// When there is no such database.
    pub fn refuse_name(&self, database: &str, name: &str) {
        self.refuse(database, "name", name);
    }

    /// From now on a constraint of another module refuses this barcode.
    ///
    /// # Panics
    /// When there is no such database.
    pub fn refuse_barcode(&self, database: &str, barcode: &str) {
        self.refuse(database, "barcode", barcode);
    }

    fn refuse(&self, database: &str, column: &'static str, value: &str) {
        self.change(database, |env| Arc::make_mut(&mut env.store.refused).push((column, value.to_owned())));
    }

    /// Changes one column of a record of any model, past all rules: a tampered procedure, an older setup.
    ///
    /// # Panics
    /// When there is no such record.
    pub fn tamper(&self, database: &str, model: &str, id: i64, column: &str, value: Value) {
        let changes = Record::from_iter([(column.to_owned(), value)]);
        self.change(database, |env| env.store.set(model, id, changes)).unwrap_or_else(|e| panic!("{}", e.message));
    }

    /// Makes a record of any model, past all rights, and returns its id.
    ///
    /// # Panics
    /// When the model lacks one of the columns, or an index refuses the record.
    pub fn add_record(&self, database: &str, model: &str, values: Value) -> i64 {
        let values = values.as_object().expect("an object");
        self.change(database, |env| env.create_plain(model, values)).unwrap_or_else(|e| panic!("{}", e.message))
    }

    /// The records of a model, with all their columns.
    ///
    /// # Panics
    /// When there is no such database.
    pub fn records(&self, database: &str, model: &str) -> Vec<Value> {
        self.look(database, |store| store.rows(model).map(|(_, r)| Value::Object(r.clone())).collect())
    }

    /// Every record of a database, by model and id, with the time of its last change: two equal snapshots mean that
    /// nothing was written between them.
    ///
    /// # Panics
    /// When there is no such database.
    pub fn snapshot(&self, database: &str) -> BTreeMap<(String, i64), Value> {
        self.look(database, |store| {
            let rows = |model: &str| {
                let model = model.to_owned();
                store.rows(&model).map(|(id, r)| ((model.clone(), id), Value::Object(r.clone()))).collect::<Vec<_>>()
            };
            store.tables().flat_map(rows).collect()
        })
    }
}
