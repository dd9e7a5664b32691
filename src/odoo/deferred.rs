//! Deferred actions as records of Odoo (`x_pz_conflict`): read for people, and choices noted on them.
//!
//! Plain reads and writes with the account's own rights, no procedure and no lease: an operator's account does, and a run
//! may be going on. Nothing is carried out here, and nothing but choice, chosen product and state is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::catalog::deferred::choosing::ProductRef;
use crate::catalog::deferred::record::{DeferredRecord, DeferredState, ProductDetails, ShownProduct, Standing};
use crate::catalog::{Choice, DeferredKind, ExternalId, ProductId, SourceName};

use super::client::{Odoo, Page};
use super::error::OdooError;
use super::snapshot::further;
use super::transport::Call;

type Row = Map<String, Value>;

const MODEL: &str = "x_pz_conflict";

/// Records of one answer: far below what a proxy or a worker's memory minds.
const PAGE: usize = 5_000;

/// Records that one call notes something on.
const NOTED: usize = 1_000;

/// The most products that are named when a person's word finds several.
pub const SEVERAL: usize = 10;

/// Which records to list; an empty list stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these sources.
    pub sources: Vec<SourceName>,
    /// Of these kinds.
    pub kinds: Vec<DeferredKind>,
    /// Of these products.
    pub external_ids: Vec<ExternalId>,
    /// In any state, not the open ones alone.
    pub all: bool,
}

/// Lists records, oldest first.
///
/// # Errors
/// See [`OdooError`]; [`OdooError::Rights`] for an account of none of our groups.
pub async fn list(odoo: &Odoo, filter: &Filter) -> Result<Vec<DeferredRecord>, OdooError> {
    let mut domain = Vec::new();
    let mut any = |field: &str, words: Vec<&str>| {
        if !words.is_empty() {
            domain.push(json!([field, "in", words]));
        }
    };
    any("x_source", filter.sources.iter().map(SourceName::as_str).collect());
    any("x_kind", filter.kinds.iter().map(|k| k.code()).collect());
    any("x_external_id", filter.external_ids.iter().map(ExternalId::as_str).collect());
    if !filter.all {
        any("x_state", vec![DeferredState::Open.code()]);
    }
    records(odoo, domain).await
}

/// The records with these numbers, by number; what does not exist is left out.
///
/// # Errors
/// As [`list`].
pub async fn find(odoo: &Odoo, numbers: &[i64]) -> Result<Vec<DeferredRecord>, OdooError> {
    shown(odoo, odoo.search_ids(MODEL, numbers, FIELDS).await.map_err(no_reader)?).await
}

/// The records of the other claimants of the same barcode: same source, same kind, not closed.
///
/// # Errors
/// As [`list`].
pub async fn rivals(odoo: &Odoo, record: &DeferredRecord) -> Result<Vec<DeferredRecord>, OdooError> {
    // A UPC-A and its EAN-13 are one code: compared here, as Odoo cannot.
    let domain = vec![
        json!(["x_source", "=", record.source]),
        json!(["x_kind", "=", record.kind]),
        json!(["x_state", "!=", DeferredState::Closed.code()]),
    ];
    let mut numbers = Vec::new();
    for row in pages(odoo, domain, &["x_subject"]).await? {
        let other = DeferredRecord { number: number(&row), subject: text(&row, "x_subject"), ..record.clone() };
        if record.is_rival(&other) {
            numbers.push(other.number);
        }
    }
    if numbers.is_empty() { Ok(Vec::new()) } else { find(odoo, &numbers).await }
}

/// Records of the same source, not closed, on which this product was chosen already.
///
/// # Errors
/// As [`list`].
pub async fn chosen_elsewhere(
    odoo: &Odoo,
    record: &DeferredRecord,
    product: ProductId,
) -> Result<Vec<DeferredRecord>, OdooError> {
    let domain = vec![
        json!(["x_source", "=", record.source]),
        json!(["x_choice", "=", Choice::Link.code()]),
        json!(["x_choice_product_id", "=", product.get()]),
        json!(["x_state", "!=", DeferredState::Closed.code()]),
        json!(["id", "!=", record.number]),
    ];
    records(odoo, domain).await
}

/// Which of these products the source has linked already: product → external id.
///
/// # Errors
/// As [`list`].
pub async fn links_of(
    odoo: &Odoo,
    source: &str,
    products: &[ProductId],
) -> Result<BTreeMap<ProductId, String>, OdooError> {
    let ids: Vec<i64> = products.iter().map(|p| p.get()).collect();
    let domain = json!([["x_source", "=", source], ["x_product_id", "in", ids]]);
    let rows = odoo.search_read("x_pz_product", domain, &["x_external_id", "x_product_id"]).await.map_err(no_reader)?;
    Ok(rows.iter().filter_map(|row| Some((target(row, "x_product_id")?.0, text(row, "x_external_id")))).collect())
}

/// Does Odoo know anything of this source: a link, or a deferred action?
///
/// # Errors
/// As [`list`].
pub async fn knows_source(odoo: &Odoo, source: &SourceName) -> Result<bool, OdooError> {
    for model in ["x_pz_product", MODEL] {
        let call = Call::new(model, "search_read")
            .arg("domain", json!([["x_source", "=", source.as_str()]]))
            .arg("fields", json!(["x_source"]))
            .arg("limit", 1);
        if odoo.call(&call).await.map_err(no_reader)?.as_array().is_some_and(|rows| !rows.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The products that a person's word means, at most one more than [`SEVERAL`]; archived ones count. `None` when the account
/// may not read products at all.
///
/// # Errors
/// See [`OdooError`].
pub async fn products_named(odoo: &Odoo, word: &ProductRef) -> Result<Option<Vec<ShownProduct>>, OdooError> {
    let domain = match word {
        ProductRef::Id(id) => json!([["id", "=", id.get()]]),
        ProductRef::Barcode(code) => json!([["barcode", "in", code.spellings()]]),
        ProductRef::Reference(reference) => json!([["default_code", "=", reference]]),
    };
    let call = Call::new("product.product", "search_read")
        .arg("domain", domain)
        .arg("fields", json!(PRODUCT_FIELDS))
        .arg("limit", SEVERAL + 1)
        .context("active_test", false);
    match odoo.call(&call).await {
        Ok(answer) => {
            let rows = rows(answer)?;
            Ok(Some(rows.iter().filter_map(shown_product).collect()))
        }
        Err(error) if is_access(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes choices, product and state on records, up to a thousand in one transaction, and nothing else. Safe to repeat. It does not look
/// at what stands there: whoever calls it has read that just before, and reads again afterwards.
///
/// # Errors
/// [`OdooError::Rights`] when the account may only read; otherwise see [`OdooError`].
pub async fn note(odoo: &Odoo, numbers: &[i64], before: DeferredState, after: Standing) -> Result<(), OdooError> {
    let mut values = json!({
        "x_choice": after.choice.map(Choice::code).map_or(json!(false), Value::from),
        "x_choice_product_id": after.product.map_or(json!(false), |p| json!(p.get())),
    });
    // Left alone where it stays: a run that closes the record meanwhile must not see it opened again.
    if after.state != before {
        values["x_state"] = json!(after.state.code());
    }
    let mut left = numbers;
    while !left.is_empty() {
        let call = |n| Call::new(MODEL, "write").ids(&left[..n]).arg("vals", values.clone());
        let (_, n) = odoo.call_some("note", left.len().min(NOTED), call).await.map_err(no_operator)?;
        left = &left[n..];
    }
    Ok(())
}

const FIELDS: &[&str] = &[
    "x_source",
    "x_external_id",
    "x_kind",
    "x_subject",
    "x_value",
    "x_message",
    "x_link_id",
    "x_holder_id",
    "x_candidates",
    "x_choice",
    "x_choice_product_id",
    "x_state",
    "x_outcome",
    "x_opened",
    "x_closed",
    "x_opened_run_id",
    "x_closed_run_id",
    "write_date",
    "write_uid",
];

const PRODUCT_FIELDS: &[&str] = &["name", "default_code", "barcode", "active", "company_id"];

async fn records(odoo: &Odoo, domain: Vec<Value>) -> Result<Vec<DeferredRecord>, OdooError> {
    shown(odoo, pages(odoo, domain, FIELDS).await?).await
}

/// Rows with what belongs to them.
async fn shown(odoo: &Odoo, rows: Vec<Row>) -> Result<Vec<DeferredRecord>, OdooError> {
    let links = links(odoo, &rows).await?;
    let mut out: Vec<DeferredRecord> = rows.iter().map(|row| record(row, &links)).collect();
    let wanted: BTreeSet<ProductId> = out.iter_mut().flat_map(products_of).map(|p| p.id).collect();
    let known = products(odoo, &wanted.into_iter().collect::<Vec<_>>()).await?;
    for product in out.iter_mut().flat_map(products_of) {
        if let Some(found) = known.get(&product.id) {
            product.clone_from(found);
        }
    }
    Ok(out)
}

fn products_of(record: &mut DeferredRecord) -> impl Iterator<Item = &mut ShownProduct> {
    let DeferredRecord { product, holder, chosen, candidates, .. } = record;
    product.iter_mut().chain(holder).chain(chosen).chain(candidates)
}

/// All rows, in pages by id.
async fn pages(odoo: &Odoo, domain: Vec<Value>, fields: &[&str]) -> Result<Vec<Row>, OdooError> {
    let mut out: Vec<Row> = Vec::new();
    loop {
        let mut page = domain.clone();
        page.push(json!(["id", ">", out.last().map_or(0, number)]));
        let page = odoo.search_page(MODEL, json!(page), fields, Page { order: "id", limit: PAGE });
        let found = page.await.map_err(no_reader)?;
        let last = found.len() < PAGE;
        for row in found {
            further(out.last().map_or(0, number), number(&row), MODEL)?;
            out.push(row);
        }
        if last {
            return Ok(out);
        }
    }
}

/// A link's name in the source, and its product.
type Links = BTreeMap<i64, (String, Option<(ProductId, String)>)>;

async fn links(odoo: &Odoo, rows: &[Row]) -> Result<Links, OdooError> {
    let ids: Vec<i64> = rows.iter().filter_map(|row| cell(row, "x_link_id")[0].as_i64()).collect();
    let found = odoo.search_ids("x_pz_product", &ids, &["x_said_name", "x_product_id"]).await.map_err(no_reader)?;
    let link = |row: &Row| (number(row), (text(row, "x_said_name"), target(row, "x_product_id")));
    Ok(found.iter().map(link).collect())
}

/// What the account may see of products; nothing when it may not read any.
async fn products(odoo: &Odoo, ids: &[ProductId]) -> Result<BTreeMap<ProductId, ShownProduct>, OdooError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    match odoo.search_ids("product.product", &ids, PRODUCT_FIELDS).await {
        Ok(rows) => Ok(rows.iter().filter_map(shown_product).map(|p| (p.id, p)).collect()),
        Err(error) if is_access(&error) => {
            log::info!("the account may not read products in Odoo, so little is shown of them");
            Ok(BTreeMap::new())
        }
        Err(error) => Err(error),
    }
}

fn record(row: &Row, links: &Links) -> DeferredRecord {
    let link = cell(row, "x_link_id")[0].as_i64().and_then(|id| links.get(&id));
    let named = |(id, name): (ProductId, String)| ShownProduct { id, name, details: None };
    let candidates = text(row, "x_candidates");
    let candidates = candidates.split_whitespace().filter_map(|id| ProductId::new(id.parse().ok()?));
    let of_record = |name: &str| cell(row, name)[1].as_str().unwrap_or_default().to_owned();
    DeferredRecord {
        number: number(row),
        source: text(row, "x_source"),
        external_id: text(row, "x_external_id"),
        name: link.map(|(name, _)| name.clone()).unwrap_or_default(),
        kind: text(row, "x_kind"),
        subject: text(row, "x_subject"),
        value: text(row, "x_value"),
        message: text(row, "x_message"),
        product: link.and_then(|(_, product)| product.clone()).map(named),
        holder: target(row, "x_holder_id").map(named),
        candidates: candidates.map(|id| named((id, String::new()))).collect(),
        // A record made by hand in Odoo may have none.
        state: DeferredState::parse(&text(row, "x_state")).unwrap_or(DeferredState::Open),
        choice: Choice::parse(&text(row, "x_choice")),
        chosen: target(row, "x_choice_product_id").map(named),
        outcome: text(row, "x_outcome"),
        opened: text(row, "x_opened"),
        opened_by: of_record("x_opened_run_id"),
        closed: text(row, "x_closed"),
        closed_by: of_record("x_closed_run_id"),
        changed: text(row, "write_date"),
        changed_by: of_record("write_uid"),
    }
}

fn shown_product(row: &Row) -> Option<ShownProduct> {
    let filled = |name: &str| Some(text(row, name)).filter(|t| !t.is_empty());
    Some(ShownProduct {
        id: ProductId::new(number(row))?,
        name: text(row, "name"),
        details: Some(ProductDetails {
            reference: filled("default_code"),
            barcode: filled("barcode"),
            active: cell(row, "active").as_bool().unwrap_or(true),
            company: cell(row, "company_id")[1].as_str().map(str::to_owned),
        }),
    })
}

fn rows(answer: Value) -> Result<Vec<Row>, OdooError> {
    serde_json::from_value(answer).map_err(|e| OdooError::Answer {
        call: "search_read".to_owned(),
        reason: e.to_string(),
        body: String::new(),
    })
}

fn cell<'a>(row: &'a Row, name: &str) -> &'a Value {
    row.get(name).unwrap_or(&Value::Null)
}

fn number(row: &Row) -> i64 {
    cell(row, "id").as_i64().unwrap_or_default()
}

/// A text; empty for Odoo's `false`.
fn text(row: &Row, name: &str) -> String {
    cell(row, name).as_str().unwrap_or_default().to_owned()
}

/// A reference to a product with its name, which Odoo tells even to those who may not read the product.
fn target(row: &Row, name: &str) -> Option<(ProductId, String)> {
    let value = cell(row, name);
    Some((ProductId::new(value[0].as_i64()?)?, value[1].as_str().unwrap_or_default().to_owned()))
}

fn is_access(error: &OdooError) -> bool {
    matches!(error, OdooError::Fault { fault, .. } if fault.short_name() == "AccessError")
}

/// The account is in none of our groups.
#[must_use]
pub fn no_reader(error: OdooError) -> OdooError {
    // The setup's row, which every group may read, is told of with advice for the sync account.
    if !is_access(&error) && !matches!(error, OdooError::Rights(_)) {
        return error;
    }
    OdooError::Rights(
        "the account may not read deferred actions in Odoo; an administrator adds it to the group \"Catalogue synchronisation: operator\" (or \"reader\", to look only)"
            .to_owned(),
    )
}

fn no_operator(error: OdooError) -> OdooError {
    if !is_access(&error) {
        return error;
    }
    OdooError::Rights(
        "the account may look at deferred actions in Odoo, but not choose; nothing was changed; an administrator adds it to the group \"Catalogue synchronisation: operator\""
            .to_owned(),
    )
}
