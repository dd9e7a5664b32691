//! What erpsync expects of an Odoo, tried through the library's own calls: the stand-in and real servers must both pass.
//!
//! Written against a URL and a database; what differs between a stand-in and a real server is in [`World`]. The scenarios
//! share one database and keep apart by source and by barcode.

#![allow(missing_docs, reason = "test code")]

mod activity;
mod choices;
mod digests;
mod errors;
mod extras;
mod finish;
mod installation;
mod lease;
mod moves;
mod prune;
mod reading;
mod relink;
mod writing;

use std::collections::BTreeMap;
use std::time::Duration;

use erpsync::catalog::{ExternalId, FileOrder, Link, SourceName};
use erpsync::odoo::retry::{Hurry, Retry};
use erpsync::odoo::snapshot::{Links, Wanted, read_links};
use erpsync::odoo::transport::Call;
use erpsync::odoo::writer::{Answer, CreateRow, Holder};
use erpsync::odoo::{
    ConnectOptions, Constants, Lease, NewKind, Odoo, OdooError, Session, SessionOptions, TransportChoice, Trust, Writer,
};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

/// A constraint of another module that refuses a value from now on: column (`name`, `barcode`), value.
pub type Refuse = Box<dyn Fn(&str, &str)>;

/// An Odoo with ru_RU beside en_US, not set up yet. Accounts: `admin` with all rights, `sync` who may manage products,
/// `clerk` and `plain` who may not.
pub struct World {
    pub version: u32,
    pub url: String,
    pub database: String,
    /// Login → password.
    pub passwords: BTreeMap<String, String>,
    /// Login → API key; an account with a key speaks JSON-2.
    pub keys: BTreeMap<String, String>,
    pub refuse: Refuse,
    /// Takes the digests away that PostgreSQL keeps; versions before 12 have none. The stand-in computes them anyway.
    pub forget_digests: Box<dyn Fn()>,
    /// Are variants told apart by attributes? The stand-in has none.
    pub attributes: bool,
    /// The administrator's connection: each login costs Odoo a password hash.
    pub admin: OnceCell<Odoo>,
}

/// Runs all scenarios.
pub async fn all(world: &World) {
    installation::not_set_up(world).await;
    installation::installs(world).await;
    errors::logins(world).await;
    errors::sessions(world).await;
    errors::tampering(world).await;
    lease::one_at_a_time(world).await;
    lease::lost(world).await;
    lease::paused(world).await;
    lease::renewed(world).await;
    lease::late_copy(world).await;
    lease::unlocked(world).await;
    writing::creates(world).await;
    writing::creates_with_taken_barcodes(world).await;
    writing::isolates_what_is_refused(world).await;
    writing::updates(world).await;
    writing::languages(world).await;
    writing::adopts(world).await;
    reading::links(world).await;
    reading::candidates_and_holders(world).await;
    reading::all_barcodes(world).await;
    moves::swaps_and_circles(world).await;
    moves::overtaken(world).await;
    moves::refused(world).await;
    finish::conflicts(world).await;
    finish::states_of_links(world).await;
    finish::parts(world).await;
    extras::created(world).await;
    extras::change_hands(world).await;
    extras::alone(world).await;
    extras::overtaken_and_refused(world).await;
    extras::outsiders(world).await;
    relink::by_creation(world).await;
    relink::by_choice(world).await;
    relink::overtaken(world).await;
    activity::archives_and_reactivates(world).await;
    activity::two_variants(world).await;
    activity::names(world).await;
    reading::parts(world).await;
    digests::odd_texts(world).await;
    digests::sums(world).await;
    digests::looks(world).await;
    digests::remembered(world).await;
    digests::computed_when_asked(world).await;
    choices::are_read(world).await;
    choices::carried_out(world).await;
    choices::another_value(world).await;
    choices::abandoned(world).await;
    choices::about(world).await;
    choices::link_states(world).await;
    prune::what_goes_and_what_stays(world).await;
    prune::only_what_is_old(world).await;
    installation::is_removed(world).await;
}

impl World {
    pub fn options(&self, login: &str) -> ConnectOptions {
        let key = self.keys.get(login);
        ConnectOptions {
            url: self.url.clone(),
            database: self.database.clone(),
            login: login.to_owned(),
            password: Some(self.passwords[login].clone().into()),
            api_key: key.map(|k| k.clone().into()),
            transport: if key.is_some() { TransportChoice::Json2 } else { TransportChoice::Web },
            trust: Trust::System,
            timeout: Duration::from_secs(120),
            retry: Retry::default(),
            hurry: Hurry::default(),
        }
    }

    pub async fn connect(&self, login: &str) -> Odoo {
        let odoo = Odoo::connect(&self.options(login)).await;
        odoo.unwrap_or_else(|e| panic!("{login} logs in: {e}"))
    }

    /// Opens a session, or says why not.
    pub async fn try_session(&self, login: &str, options: &SessionOptions) -> Result<Session, OdooError> {
        Session::open(self.connect(login).await, options).await
    }

    /// The sync account's session.
    #[track_caller]
    pub fn session(&self) -> impl Future<Output = Session> {
        let at = std::panic::Location::caller();
        async move { self.try_session("sync", &session_options()).await.unwrap_or_else(|e| panic!("{at}: {e}")) }
    }

    async fn administrator(&self) -> &Odoo {
        self.admin.get_or_init(|| self.connect("admin")).await
    }

    /// Calls a method as the administrator.
    pub async fn admin(&self, call: Call) -> Value {
        let odoo = self.administrator().await;
        odoo.call_once(&call).await.unwrap_or_else(|e| panic!("{e}\n{}", e.traceback().unwrap_or_default()))
    }

    /// Writes as the administrator: an edit by a person.
    pub async fn edit(&self, model: &'static str, id: i64, values: Value) {
        self.admin(Call::new(model, "write").ids(&[id]).arg("vals", values)).await;
    }

    /// Reads as the administrator.
    pub async fn rows(&self, model: &'static str, domain: Value, fields: &[&str]) -> Vec<Map<String, Value>> {
        self.administrator().await.search_read(model, domain, fields).await.unwrap_or_else(|e| panic!("{model}: {e}"))
    }

    /// A product made by hand: variant and template.
    pub async fn add_product(&self, values: Value) -> (i64, i64) {
        let made = self.admin(Call::new("product.product", "create").arg("vals_list", json!([values]))).await;
        let id = made[0].as_i64().expect("an id");
        (id, self.template(id).await)
    }

    pub async fn template(&self, product: i64) -> i64 {
        let rows = self.rows("product.product", json!([["id", "=", product]]), &["product_tmpl_id"]).await;
        rows[0]["product_tmpl_id"][0].as_i64().expect("a template")
    }

    /// One product's barcode now.
    pub async fn barcode(&self, product: i64) -> Option<String> {
        let rows = self.rows("product.product", json!([["id", "=", product]]), &["barcode"]).await;
        rows[0]["barcode"].as_str().map(str::to_owned)
    }

    /// A product with two variants: its template, and the variants by id.
    pub async fn add_variants(&self, name: &str) -> (i64, [i64; 2]) {
        let make = async |model: &'static str, values: Value| {
            self.admin(Call::new(model, "create").arg("vals_list", json!([values]))).await[0].as_i64().expect("an id")
        };
        let template = if self.attributes {
            let attribute = make("product.attribute", json!({"name": format!("Size of {name}")})).await;
            let mut values = Vec::new();
            for value in ["S", "M"] {
                values.push(make("product.attribute.value", json!({"name": value, "attribute_id": attribute})).await);
            }
            let line = json!({"attribute_id": attribute, "value_ids": [[6, 0, values]]});
            make("product.template", json!({"name": name, "attribute_line_ids": [[0, 0, line]]})).await
        } else {
            let template = make("product.template", json!({"name": name})).await;
            make("product.product", json!({"product_tmpl_id": template})).await;
            template
        };
        let rows = self.rows("product.product", json!([["product_tmpl_id", "=", template]]), &["id"]).await;
        let mut ids: Vec<i64> = rows.iter().filter_map(|r| r["id"].as_i64()).collect();
        ids.sort_unstable();
        (template, ids.try_into().expect("two variants"))
    }

    /// A record's column.
    pub async fn field(&self, model: &'static str, id: i64, field: &str) -> Value {
        self.rows(model, json!([["id", "=", id]]), &[field]).await.remove(0)[field].clone()
    }

    /// The id of the link of an external product.
    pub async fn link_id(&self, source: &str, id: &str) -> i64 {
        let domain = json!([["x_source", "=", source], ["x_external_id", "=", id]]);
        let rows = self.rows("x_pz_product", domain, &["id"]).await;
        assert_eq!(rows.len(), 1, "links of {id}");
        rows[0]["id"].as_i64().expect("an id")
    }

    /// The codes of all packagings or units of a product, sorted.
    pub async fn packagings(&self, product: i64) -> Vec<String> {
        let rows = self.rows(self.packaging(), json!([["product_id", "=", product]]), &["barcode"]).await;
        let mut codes: Vec<String> = rows.iter().filter_map(|r| r["barcode"].as_str()).map(str::to_owned).collect();
        codes.sort();
        codes
    }

    /// The model of packagings or units.
    pub fn packaging(&self) -> &'static str {
        if self.version >= 19 { "product.uom" } else { "product.packaging" }
    }

    /// A packaging or unit made by hand.
    pub async fn add_packaging(&self, product: i64, code: &str) {
        let values = if self.version >= 19 {
            json!({"product_id": product, "uom_id": 1, "barcode": code})
        } else {
            json!({"name": "Box", "product_id": product, "barcode": code})
        };
        self.admin(Call::new(self.packaging(), "create").arg("vals_list", json!([values]))).await;
    }

    /// The operation keys of a history for a source, sorted, without the run's part.
    pub async fn operations(&self, field: &str, source: &str, run: &str) -> Vec<String> {
        let rows = self.rows(history_model(field), json!([["x_source", "=", source]]), &["x_operation"]).await;
        let key = format!("key-{run}:");
        let mut keys: Vec<String> =
            rows.iter().filter_map(|r| r["x_operation"].as_str()?.strip_prefix(&key).map(str::to_owned)).collect();
        keys.sort();
        keys
    }

    /// The lines of a history for a source, sorted: external id, old, new, cause.
    pub async fn history(&self, field: &str, source: &SourceName) -> Vec<(String, String, String, String)> {
        let fields = ["x_external_id", "x_old", "x_new", "x_cause"];
        let rows = self.rows(history_model(field), json!([["x_source", "=", source.as_str()]]), &fields).await;
        let text = |row: &Map<String, Value>, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let mut lines: Vec<_> = rows
            .iter()
            .map(|r| (text(r, fields[0]), text(r, fields[1]), text(r, fields[2]), text(r, fields[3])))
            .collect();
        lines.sort();
        lines
    }
}

/// The model of the history of a field: `barcode`, `price` or `name`.
fn history_model(field: &str) -> &'static str {
    match field {
        "barcode" => "x_pz_product_barcode_history",
        "price" => "x_pz_product_price_history",
        _ => "x_pz_product_name_history",
    }
}

pub fn session_options() -> SessionOptions {
    let create = Constants {
        kind: NewKind::Storable,
        category: None,
        unit: None,
        taxes: Some(Vec::new()),
        available_in_pos: true,
        sale_ok: true,
        purchase_ok: true,
        own_company: false,
    };
    SessionOptions {
        languages: vec!["en_US".to_owned(), "ru_RU".to_owned()],
        company: None,
        create: Some(create),
        order: FileOrder::default(),
    }
}

pub fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("a source name")
}

pub fn external(id: &str) -> ExternalId {
    ExternalId::parse(id).expect("an external id")
}

pub fn holder(name: &str) -> Holder {
    Holder {
        token: format!("token-{name}"),
        key: format!("key-{name}"),
        name: format!("host:{name}"),
        command: "import-products".to_owned(),
        seconds: 300,
    }
}

/// Takes the lease, which must be free, for a source's first run.
#[track_caller]
pub fn take<'a>(session: &'a Session, name: &str) -> impl Future<Output = Writer<'a>> + use<'a> {
    take_as(session, name, name)
}

/// Takes the lease, which must be free, for a run: a run writes one line of a field's history for a product.
#[track_caller]
pub fn take_as<'a>(session: &'a Session, name: &str, run: &str) -> impl Future<Output = Writer<'a>> + use<'a> {
    let at = std::panic::Location::caller();
    let (source, holder) = (source(name), holder(run));
    async move {
        match Writer::take(session, &source, holder).await {
            Ok(Lease::Taken(writer)) => writer,
            other => panic!("{at}: {other:?}"),
        }
    }
}

/// A product to create; its barcode is the only one that is listed.
pub fn create_row(id: &str, name: &str, price: f64, barcode: Option<&str>) -> CreateRow {
    CreateRow {
        external_id: id.to_owned(),
        name: name.to_owned(),
        price: Some(price),
        said_price: Some(price.to_string()),
        wrote_price: Some(price.to_string()),
        barcode: barcode.map(str::to_owned),
        said_barcodes: barcode.unwrap_or_default().to_owned(),
        extras: Vec::new(),
        relink: false,
    }
}

/// Creates products in a run of their own and returns their links.
pub async fn create(session: &Session, name: &str, rows: &[CreateRow]) -> BTreeMap<String, Link> {
    let writer = take_as(session, name, &format!("{name}-first")).await;
    let answers = writer.create(rows, false).await.unwrap();
    for (id, answer) in &answers {
        assert!(matches!(answer, Answer::Created(_, None)), "{id}: {answer:?}");
    }
    writer.release().await.unwrap();
    links(session, name).await
}

/// The links of a source, by external id, with the codes of their packagings.
pub async fn links(session: &Session, name: &str) -> BTreeMap<String, Link> {
    let found = read(session, name, &Wanted { extras: true, ..Wanted::default() }).await;
    found.links.into_iter().map(|(id, link)| (id.to_string(), link)).collect()
}

/// What a run reads of a source.
pub async fn read(session: &Session, name: &str, wanted: &Wanted) -> Links {
    read_links(session, &source(name), wanted).await.unwrap()
}
