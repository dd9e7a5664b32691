//! A source, an Odoo that is set up, and short words for what the scenarios ask of both.

use std::panic::Location;

use erpsync::odoo::transport::Call;
use erpsync_sandbox::mssql::SqlValue;
use serde_json::{Map, Value, json};

use crate::common::ready::ready;
use crate::common::target::{How, Target, script};
use crate::common::{Bench, Run};

/// Written by logins and by every run, whatever it does.
pub const RUN: [&str; 5] = ["res_users_log", "res_device_log", "ir_sessions", "x_pz_run", "x_pz_lane"];

/// Written by logins alone.
pub const LOGINS: [&str; 3] = ["res_users_log", "res_device_log", "ir_sessions"];

/// A row of the source's products: id, name, price as decimal text, barcodes.
pub type Row<'a> = (i64, &'a str, Option<&'a str>, &'a [&'a str]);

pub struct World {
    pub bench: Bench,
    /// The configuration up to the end of `[sync]`.
    base: String,
    /// Whether each import is planned both ways before: by digests, and in full.
    compares: bool,
}

/// The suite that somebody's file belongs to: the name of its file or directory below `tests/real`, or of another binary.
fn suite(place: &Location<'_>) -> String {
    let path = place.file().trim_end_matches(".rs");
    let mut parts = path.rsplit_once("tests/").map_or(path, |(_, rest)| rest).split('/');
    let binary = parts.next().unwrap_or_default();
    parts.next().filter(|_| binary == "real").unwrap_or(binary).to_owned()
}

impl World {
    /// In one language; on 14 with a password, on 19 with an API key.
    #[track_caller]
    pub fn new(version: u32, name: &str) -> Self {
        Self::in_languages(version, name, &["en_US"])
    }

    #[track_caller]
    pub fn in_languages(version: u32, name: &str, languages: &[&str]) -> Self {
        let how = if version >= 19 { How::ApiKey } else { How::Password };
        let suite = suite(Location::caller());
        let bench = Bench::new(ready(version, &format!("erpsync_{suite}_{name}"), languages, how));
        let base = std::fs::read_to_string(bench.config()).unwrap();
        Self { bench, base, compares: suite == "desk" }
    }

    pub fn in_batches_of(self, rows: usize) -> Self {
        self.with_odoo(&format!("batch_size = {rows}"))
    }

    /// Adds a line to `[odoo]`.
    pub fn with_odoo(mut self, line: &str) -> Self {
        self.base = self.base.replace("[sync]", &format!("{line}\n\n[sync]"));
        self.configure("");
        self
    }

    /// Adds a line to the source's section.
    pub fn with_source(mut self, line: &str) -> Self {
        self.base = self.base.replace("[sources.polonez]", &format!("[sources.polonez]\n{line}"));
        self.configure("");
        self
    }

    pub fn target(&self) -> &Target {
        &self.bench.target
    }

    pub fn version(&self) -> u32 {
        self.bench.target.version
    }

    /// Replaces what is configured in `[sync]`; further sections may follow.
    pub fn configure(&self, sync: &str) {
        std::fs::write(self.bench.config(), format!("{}\n{sync}\n", self.base)).unwrap();
    }

    /// Another lock file, as on another machine, from now on.
    pub fn elsewhere(&self) {
        std::fs::write(self.bench.config(), self.base.replace("run.lock", "elsewhere.lock")).unwrap();
    }

    /// From now on the binary speaks to this address.
    pub fn through(&self, url: &str) {
        std::fs::write(self.bench.config(), self.base.replace(&self.target().url, url)).unwrap();
    }

    /// Replaces what the source has.
    pub fn source(&self, rows: &[Row<'_>]) {
        self.bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
        self.add(rows);
    }

    pub fn add(&self, rows: &[Row<'_>]) {
        let text = |t: &str| SqlValue::Text(t.to_owned());
        let products = rows
            .iter()
            .map(|(id, name, price, _)| [SqlValue::Int(*id), text(name), price.map_or(SqlValue::Null, text)]);
        self.bench.mssql.insert_rows("dbo.Products", products).unwrap();
        let codes = rows.iter().flat_map(|(id, _, _, codes)| codes.iter().map(|c| [SqlValue::Int(*id), text(c)]));
        self.bench.mssql.insert_rows("logistics.ProductBarcodes", codes).unwrap();
    }

    #[track_caller]
    pub fn import(&self, args: &[&str]) -> Run {
        if self.compares && args.iter().all(|arg| arg.starts_with("--allow") || *arg == "--first-run") {
            self.bench.assert_full_is_the_same("import-products", args);
        }
        self.bench.import(args)
    }

    /// A run that must come out so and leave nothing to do behind it but what waits.
    #[track_caller]
    pub fn import_and_settle(&self, args: &[&str], status: i32) -> Run {
        let run = self.import(args).expect(status);
        self.assert_settled(status);
        run
    }

    /// One more run writes nothing.
    #[track_caller]
    pub fn assert_settled(&self, status: i32) {
        let before = self.target().checksums(&RUN);
        self.import(&[]).expect(status);
        self.assert_unchanged(&before, &RUN);
    }

    /// The tables, but for those named, are as they were when `before` was taken.
    #[track_caller]
    pub fn assert_unchanged(&self, before: &[String], but: &[&str]) {
        let after = self.target().checksums(but);
        let changed: Vec<_> = after.iter().filter(|table| !before.contains(table)).collect();
        assert!(changed.is_empty() && before.len() == after.len(), "something was written: {changed:?}");
    }

    /// One value; empty for NULL.
    #[track_caller]
    pub fn sql(&self, query: &str) -> String {
        self.target().sql(query).join("\n")
    }

    /// As the administrator; returns the new record's id.
    #[track_caller]
    pub fn create(&self, model: &'static str, values: Value) -> i64 {
        let made = self.target().admin(Call::new(model, "create").arg("vals_list", json!([values])));
        made[0].as_i64().unwrap_or_else(|| panic!("{made}"))
    }

    /// As a person would in Odoo.
    #[track_caller]
    pub fn write(&self, model: &'static str, id: i64, values: Value) {
        self.write_in(model, id, values, json!({}));
    }

    #[track_caller]
    pub fn write_in(&self, model: &'static str, id: i64, values: Value, context: Value) {
        write_in(self.target(), model, id, values, context);
    }

    /// The same Odoo, for a thread of its own.
    pub fn twin(&self) -> Target {
        self.target().clone()
    }

    /// An existing product.
    #[track_caller]
    pub fn product(&self, values: Value) -> i64 {
        self.create("product.product", values)
    }

    #[track_caller]
    pub fn delete(&self, model: &'static str, id: i64) {
        self.target().admin(Call::new(model, "unlink").ids(&[id]));
    }

    /// The variant that an external id is linked to.
    #[track_caller]
    pub fn linked(&self, external_id: i64) -> i64 {
        let id = self.sql(&format!("select x_product_id from x_pz_product where x_external_id = '{external_id}'"));
        id.parse().unwrap_or_else(|_| panic!("{external_id} is linked to {id:?}"))
    }

    /// Name, price, barcode of a variant, as `name|price|barcode`, in one language.
    #[track_caller]
    pub fn shown_in(&self, product: i64, language: &str) -> String {
        let name = self.name_column(language);
        self.sql(&format!(
            "select {name}, trim_scale(t.list_price), p.barcode from product_product p join product_template t on t.id = p.product_tmpl_id where p.id = {product}"
        ))
    }

    #[track_caller]
    pub fn shown(&self, product: i64) -> String {
        self.shown_in(product, "en_US")
    }

    fn name_column(&self, language: &str) -> String {
        if self.version() >= 16 {
            return format!("coalesce(t.name->>'{language}', t.name->>'en_US')");
        }
        format!(
            "coalesce((select value from ir_translation i where i.type = 'model' and i.name = 'product.template,name' and i.lang = '{language}' and i.res_id = t.id and value != ''), t.name)"
        )
    }

    /// Open deferred actions as `id kind subject`.
    #[track_caller]
    pub fn open(&self) -> Vec<String> {
        self.target().sql(
            "select trim(x_external_id || ' ' || x_kind || ' ' || coalesce(x_subject, '')) from x_pz_conflict where x_state = 'open' order by x_external_id::int, 1",
        )
    }

    /// The history of one field of a product as `old>new cause`, oldest first.
    #[track_caller]
    pub fn history(&self, field: &str, external_id: i64) -> Vec<String> {
        self.target().sql(&format!(
            "select coalesce(x_old, '') || '>' || coalesce(x_new, '') || ' ' || x_cause from x_pz_product_{field}_history where x_external_id = '{external_id}' order by id"
        ))
    }

    #[track_caller]
    pub fn count(&self, what: &str) -> usize {
        self.sql(&format!("select count(*) from {what}")).parse().unwrap()
    }
}

/// Writes a record as a person would.
#[track_caller]
pub fn write_in(target: &Target, model: &'static str, id: i64, values: Value, context: Value) {
    let mut call = Call::new(model, "write").ids(&[id]).arg("vals", values);
    call.context = context.as_object().cloned().unwrap_or_else(Map::new);
    target.admin(call);
}

impl Drop for World {
    /// The database of a scenario that failed stays, to be looked at.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let Target { version, database, .. } = self.target();
            script("drop-db", &[&version.to_string(), database]);
        }
    }
}
