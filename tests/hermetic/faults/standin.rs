//! The transition against a stand-in.

use std::collections::{BTreeMap, BTreeSet};

use erpsync_sandbox::odoo::{Edit, NewProduct, Saved};
use serde_json::{Map, Value, json};

use crate::common::Bench;
use crate::common::faults::place::{Hand, Look, Place};
use crate::common::faults::trial::without_numbers;
use crate::common::standin::{DATABASE, Stage};

pub struct Standin {
    version: u32,
    stage: Stage,
    saved: Option<Saved>,
    before: Vec<String>,
}

/// Columns that differ from run to run, or name a record by its id.
const NO_MEANING: [&str; 24] = [
    "id",
    "create_date",
    "write_date",
    "create_uid",
    "write_uid",
    "product_tmpl_id",
    "product_id",
    "x_product_id",
    "x_link_id",
    "x_holder_id",
    "x_candidates",
    "x_choice_product_id",
    "x_run_id",
    "x_opened_run_id",
    "x_closed_run_id",
    "x_event_update",
    "x_when",
    "x_opened",
    "x_closed",
    "x_operation",
    "x_message",
    "display_name",
    "combination_indices",
    "product_variant_ids",
];

impl Standin {
    pub fn new(version: u32) -> Self {
        let mut stage = Stage::without_setup(version);
        stage.bench.target.odoo_extra = "languages = [\"en_US\", \"ru_RU\"]\n".to_owned();
        stage.bench = stage.bench.with("");
        stage.bench.setup(&["-q"]).expect(0);
        Self { version, stage, saved: None, before: Vec::new() }
    }

    fn rows(&self, model: &str) -> Vec<Map<String, Value>> {
        let rows = self.stage.odoo.records(DATABASE, model).into_iter();
        rows.map(|r| r.as_object().cloned().unwrap_or_default()).collect()
    }

    fn packagings(&self) -> &'static str {
        if self.version >= 19 { "product.uom" } else { "product.packaging" }
    }

    /// The variant of an external id.
    fn linked(&self, external_id: i64) -> i64 {
        let links = self.rows("x_pz_product");
        let link = links.iter().find(|l| l["x_external_id"] == external_id.to_string().as_str()).unwrap();
        link["x_product_id"].as_i64().unwrap()
    }

    fn state(&self) -> Vec<String> {
        let templates: BTreeMap<i64, Map<String, Value>> =
            self.rows("product.template").into_iter().map(|t| (t["id"].as_i64().unwrap(), t)).collect();
        let mut names = BTreeMap::new();
        let mut lines = Vec::new();
        for variant in self.rows("product.product") {
            let template = &templates[&variant["product_tmpl_id"].as_i64().unwrap()];
            let line = format!("{} {}", meaning(&variant), meaning(template));
            lines.push(format!("product {line}"));
            names.insert(variant["id"].as_i64().unwrap(), text(template, "name").to_owned());
        }
        let name = |value: Option<&Value>| {
            value.and_then(Value::as_i64).and_then(|id| names.get(&id)).map_or("-", String::as_str)
        };
        let links: BTreeMap<i64, String> = self
            .rows("x_pz_product")
            .iter()
            .map(|l| (l["id"].as_i64().unwrap(), text(l, "x_external_id").to_owned()))
            .collect();
        for model in [self.packagings(), "x_pz_product"] {
            for record in self.rows(model) {
                let product = name(record.get("product_id").or(record.get("x_product_id")));
                lines.push(format!("{model} of {product}: {}", meaning(&record)));
            }
        }
        for field in ["barcode", "price", "name"] {
            for record in self.rows(&format!("x_pz_product_{field}_history")) {
                let link = record.get("x_link_id").and_then(Value::as_i64).and_then(|id| links.get(&id));
                lines.push(format!("{field} history of link {link:?}: {}", meaning(&record)));
            }
        }
        for record in self.rows("x_pz_conflict") {
            let candidates = text(&record, "x_candidates").split(' ');
            let candidates: Vec<&str> =
                candidates.map(|id| name(id.parse::<i64>().ok().map(Value::from).as_ref())).collect();
            let message = without_numbers(text(&record, "x_message"));
            let holder = name(record.get("x_holder_id"));
            lines.push(format!("deferred {} {holder} {candidates:?} {message}", meaning(&record)));
        }
        lines.sort();
        lines
    }

    fn broken(&self) -> Vec<(&'static str, usize)> {
        let (links, products) = (self.rows("x_pz_product"), self.rows("product.product"));
        let codes = products.iter().filter(|p| p["active"] == json!(true)).map(|p| text(p, "barcode"));
        let histories = ["barcode", "price", "name"].map(|f| self.rows(&format!("x_pz_product_{f}_history")));
        let keys = histories.iter().map(|h| doubles(h.iter().map(|r| text(r, "x_operation"))));
        vec![
            ("links of one external id", doubles(links.iter().map(|l| text(l, "x_external_id")))),
            ("links to one product", doubles(links.iter().map(|l| l["x_product_id"].as_i64()))),
            ("products of one internal reference", {
                let codes = products.iter().map(|p| text(p, "default_code")).filter(|c| !c.is_empty());
                doubles(codes)
            }),
            ("active products with one barcode", doubles(codes.filter(|c| !c.is_empty()))),
            ("operation keys that are there twice", keys.sum()),
            ("runs without an end", self.rows("x_pz_run").iter().filter(|r| text(r, "x_status") == "running").count()),
        ]
    }
}

/// A record without what differs from run to run.
fn meaning(record: &Map<String, Value>) -> String {
    let kept: BTreeMap<&String, &Value> = record
        .iter()
        .filter(|(k, v)| !NO_MEANING.contains(&k.as_str()) && !v.is_null() && **v != json!(false))
        .collect();
    json!(kept).to_string()
}

fn text<'a>(record: &'a Map<String, Value>, key: &str) -> &'a str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn doubles<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    let mut seen = BTreeSet::new();
    all.filter_map(|one| (!seen.insert(one)).then_some(())).count()
}

impl Place for Standin {
    fn title(&self) -> String {
        format!("stand-in of Odoo {}", self.version)
    }

    fn bench(&self) -> &Bench {
        &self.stage.bench
    }

    fn procedures(&self) -> BTreeMap<i64, String> {
        let setup = self.rows("x_pz_setup").remove(0);
        let by_name: BTreeMap<String, i64> = serde_json::from_str(text(&setup, "x_procedures")).unwrap();
        by_name.into_iter().map(|(name, id)| (id, name)).collect()
    }

    fn add_product(&self, name: &str, price: f64, barcode: &str) {
        let product = NewProduct { name, price, barcode: Some(barcode), ..NewProduct::default() };
        self.stage.odoo.add_product(DATABASE, product);
    }

    fn edit(&self, external_id: i64, hand: &Hand<'_>) {
        let edit = match hand {
            Hand::Price(price) => Edit::Price(*price),
            Hand::Name(name) => Edit::Name("en_US", name),
            Hand::Barcode(code) => Edit::Barcode(Some(code)),
        };
        self.stage.odoo.edit(DATABASE, self.linked(external_id), edit);
    }

    fn deferred(&self, kind: &str, external_id: i64) -> i64 {
        let all = self.rows("x_pz_conflict");
        let found = all.iter().find(|r| r["x_kind"] == kind && r["x_external_id"] == external_id.to_string().as_str());
        found.unwrap()["id"].as_i64().unwrap()
    }

    fn save(&mut self) {
        self.saved = Some(self.stage.odoo.save(DATABASE));
        self.before = self.stage.all_records();
    }

    fn learn(&mut self) {}

    fn reset(&mut self) {
        self.stage.odoo.restore(DATABASE, self.saved.as_ref().expect("saved"));
    }

    fn assert_reset(&self) {
        assert_eq!(self.stage.all_records(), self.before);
    }

    fn look(&self) -> Look {
        Look {
            state: self.state(),
            broken: self.broken(),
            products: self.rows("product.product").len(),
            leased: self.rows("x_pz_lane").iter().any(|l| !text(l, "x_token").is_empty()),
        }
    }

    fn expire_lease(&self) -> bool {
        let lanes = self.rows("x_pz_lane").into_iter().filter(|l| !text(l, "x_token").is_empty());
        let past = json!("2000-01-01 00:00:00.000000");
        let expire = |lane: Map<String, Value>| {
            self.stage.odoo.tamper(DATABASE, "x_pz_lane", lane["id"].as_i64().unwrap(), "x_expires", past.clone());
        };
        lanes.map(expire).count() > 0
    }
}
