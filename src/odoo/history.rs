//! Reads the history that runs wrote: changes in the order of recording, page by page; who has a barcode by our last write.
//! The runs themselves: see [`runs`](super::runs).
//!
//! Plain reads of our own models, so that an account of the reader group is enough. Writes nothing, takes no lease.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::catalog::{Change, ChangedField, ExternalId, Moment, SourceName, Tenant};

use super::client::{Odoo, Page};
use super::error::OdooError;
use super::row::{Row, moment_text as text};
use super::runs::RUNS;
use super::snapshot::{further, not_too_many};

/// Lines that one call returns.
const PAGE: usize = 5000;

const LINKS: &str = "x_pz_product";

/// Which lines are wanted; everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Of these fields.
    pub fields: Vec<ChangedField>,
    /// Of these sources; empty for all that Odoo knows.
    pub sources: Vec<SourceName>,
    /// Of this product.
    pub external_id: Option<ExternalId>,
    /// Written by this run.
    pub run: Option<i64>,
    /// Not before.
    pub since: Option<Moment>,
    /// Before, that moment excluded.
    pub until: Option<Moment>,
    /// Barcode lines in which one of these codes comes or goes; empty for all.
    pub codes: Vec<String>,
}

impl Question {
    fn domain(&self) -> Vec<Value> {
        let mut domain = of_sources(&self.sources);
        if let Some(id) = &self.external_id {
            domain.push(json!(["x_external_id", "=", id.as_str()]));
        }
        if let Some(run) = self.run {
            domain.push(json!(["x_run_id", "=", run]));
        }
        if let Some(since) = self.since {
            domain.push(json!(["x_when", ">=", text(since)]));
        }
        if let Some(until) = self.until {
            domain.push(json!(["x_when", "<", text(until)]));
        }
        if !self.codes.is_empty() {
            domain.extend([json!("|"), json!(["x_old", "in", self.codes]), json!(["x_new", "in", self.codes])]);
        }
        domain
    }
}

pub(super) fn of_sources(sources: &[SourceName]) -> Vec<Value> {
    let names: Vec<&str> = sources.iter().map(SourceName::as_str).collect();
    if names.is_empty() { Vec::new() } else { vec![json!(["x_source", "in", names])] }
}

fn model(field: ChangedField) -> &'static str {
    match field {
        ChangedField::Barcode => "x_pz_product_barcode_history",
        ChangedField::Price => "x_pz_product_price_history",
        ChangedField::Name => "x_pz_product_name_history",
    }
}

/// Reads lines oldest first, in bounded memory: by id within a field, the fields merged by time.
#[derive(Debug)]
pub struct Reader<'o> {
    odoo: &'o Odoo,
    domain: Vec<Value>,
    streams: Vec<Stream>,
    runs: BTreeMap<i64, String>,
}

#[derive(Debug)]
struct Stream {
    field: ChangedField,
    /// The last id that was read.
    after: i64,
    ready: VecDeque<Entry>,
    ended: bool,
}

/// A line, and its run's id: several short runs may fall into one second.
#[derive(Debug)]
struct Entry {
    run: i64,
    change: Change,
}

impl Entry {
    fn order(&self) -> (Moment, i64, ChangedField) {
        (self.change.when, self.run, self.change.field)
    }
}

impl<'o> Reader<'o> {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(odoo: &'o Odoo, question: &Question) -> Self {
        let stream = |field: &ChangedField| Stream { field: *field, after: 0, ready: VecDeque::new(), ended: false };
        let streams = question.fields.iter().map(stream).collect();
        Self { odoo, domain: question.domain(), streams, runs: BTreeMap::new() }
    }

    /// The next lines; none at the end.
    ///
    /// # Errors
    /// When a call fails or an answer is not understood.
    pub async fn next(&mut self) -> Result<Vec<Change>, OdooError> {
        for at in 0..self.streams.len() {
            let Stream { field, after, ended, ref ready } = self.streams[at];
            if ended || !ready.is_empty() {
                continue;
            }
            let page = self.page(field, json!(["id", ">", after]), "id", PAGE).await?;
            let stream = &mut self.streams[at];
            stream.ended = page.len() < PAGE;
            for entry in &page {
                stream.after = further(stream.after, entry.change.id, model(field))?;
            }
            stream.ready = page.into();
        }
        // What comes after the end of a page is not known, so the merge stops there.
        let mut out = Vec::new();
        while self.streams.iter().all(|s| s.ended || !s.ready.is_empty()) {
            let first = |s: &Stream| s.ready.front().map(Entry::order);
            let next = self.streams.iter_mut().filter(|s| !s.ready.is_empty()).min_by_key(|s| first(s));
            let Some(entry) = next.and_then(|s| s.ready.pop_front()) else { break };
            out.push(entry.change);
        }
        Ok(out)
    }

    /// The last recorded so many lines, oldest first.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub async fn newest(mut self, limit: usize) -> Result<Vec<Change>, OdooError> {
        let mut all = Vec::new();
        for at in 0..self.streams.len() {
            let (field, mut before, mut left) = (self.streams[at].field, i64::from(i32::MAX), limit);
            while left > 0 {
                let wanted = left.min(PAGE);
                let page = self.page(field, json!(["id", "<", before]), "id desc", wanted).await?;
                left = if page.len() < wanted { 0 } else { left - page.len() };
                before = page.last().map_or(before, |e| e.change.id);
                all.extend(page);
            }
        }
        all.sort_by_key(|e| (e.order(), e.change.id));
        let left_out = all.len().saturating_sub(limit);
        Ok(all.into_iter().skip(left_out).map(|e| e.change).collect())
    }

    async fn page(
        &mut self,
        field: ChangedField,
        from: Value,
        order: &'static str,
        limit: usize,
    ) -> Result<Vec<Entry>, OdooError> {
        let model = model(field);
        let mut domain = self.domain.clone();
        domain.push(from);
        let mut columns = vec![
            "x_link_id",
            "x_source",
            "x_external_id",
            "x_old",
            "x_new",
            "x_when",
            "x_run_id",
            "x_cause",
            "x_operation",
        ];
        if field == ChangedField::Name {
            columns.push("x_language");
        }
        let rows = self.odoo.search_page(model, json!(domain), &columns, Page { order, limit }).await?;
        self.learn_runs(&rows).await?;
        rows.iter()
            .map(|cells| {
                let change = self.change(field, &Row { cells, model })?;
                Ok(Entry { run: run_id(cells).unwrap_or_default(), change })
            })
            .collect()
    }

    /// Reads the keys of runs that are met for the first time.
    async fn learn_runs(&mut self, rows: &[Map<String, Value>]) -> Result<(), OdooError> {
        let unknown: Vec<i64> = rows.iter().filter_map(run_id).filter(|id| !self.runs.contains_key(id)).collect();
        for row in self.odoo.search_ids(RUNS, &unknown, &["x_key"]).await? {
            let row = Row { cells: &row, model: RUNS };
            self.runs.insert(row.id()?, row.text("x_key").unwrap_or_default());
        }
        Ok(())
    }

    fn change(&self, field: ChangedField, row: &Row<'_>) -> Result<Change, OdooError> {
        let external_id = row.text("x_external_id").unwrap_or_default();
        let link = row.cells.get("x_link_id").and_then(|link| link[1].as_str());
        Ok(Change {
            id: row.id()?,
            when: row.moment("x_when")?.ok_or_else(|| row.not_understood("x_when"))?,
            field,
            source: row.text("x_source").unwrap_or_default(),
            linked: link.is_some(),
            name: link.map_or_else(String::new, |label| product_name(label, &external_id)),
            external_id,
            language: row.text("x_language"),
            old: row.text("x_old"),
            new: row.text("x_new"),
            further: row.text("x_operation").is_some_and(|key| key.contains(":packaging")),
            cause: row.text("x_cause").unwrap_or_default(),
            run: run_id(row.cells).and_then(|id| self.runs.get(&id)).cloned(),
        })
    }
}

fn run_id(row: &Map<String, Value>) -> Option<i64> {
    row.get("x_run_id")?[0].as_i64()
}

/// A link is labelled `[1001] Tea`.
fn product_name(label: &str, external_id: &str) -> String {
    let name = label.strip_prefix('[').and_then(|l| l.strip_prefix(external_id)).and_then(|l| l.strip_prefix("] "));
    name.unwrap_or(label).to_owned()
}

/// Who has one of these codes by what runs wrote or agreed to, with the product's name.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn holders(odoo: &Odoo, codes: &[String]) -> Result<Vec<(Tenant, String)>, OdooError> {
    // Further codes are one a line: a code that is a part of another is sorted out below.
    let mut domain = vec![json!(["x_product_id", "!=", false])];
    domain.extend(std::iter::repeat_n(json!("|"), codes.len()));
    domain.push(json!(["x_wrote_barcode", "in", codes]));
    domain.extend(codes.iter().map(|code| json!(["x_wrote_extras", "ilike", code])));
    let has = |cells: &&Map<String, Value>| {
        let row = Row { cells, model: LINKS };
        let extras = row.text("x_wrote_extras").unwrap_or_default();
        row.text("x_wrote_barcode")
            .iter()
            .map(String::as_str)
            .chain(extras.lines())
            .any(|c| codes.iter().any(|w| w == c))
    };
    let one = |cells: &Map<String, Value>| {
        let row = Row { cells, model: LINKS };
        let external_id = row.text("x_external_id").unwrap_or_default();
        let name = product_name(&row.text("x_name").unwrap_or_default(), &external_id);
        (Tenant { source: row.text("x_source").unwrap_or_default(), external_id, linked: true }, name)
    };
    let mut out = Vec::new();
    let (mut after, mut came) = (0, 0);
    loop {
        let behind: Vec<Value> = [json!(["id", ">", after])].into_iter().chain(domain.iter().cloned()).collect();
        let fields = ["x_source", "x_external_id", "x_name", "x_wrote_barcode", "x_wrote_extras"];
        let rows = odoo.search_page(LINKS, Value::Array(behind), &fields, Page { order: "id", limit: PAGE }).await?;
        for cells in &rows {
            after = further(after, cells.get("id").and_then(Value::as_i64).unwrap_or_default(), LINKS)?;
        }
        came += rows.len();
        not_too_many(came, LINKS)?;
        out.extend(rows.iter().filter(has).map(one));
        if rows.len() < PAGE {
            return Ok(out);
        }
    }
}

/// Is there, or was there ever, a product of this external id?
///
/// # Errors
/// When a call fails.
pub async fn knows_product(odoo: &Odoo, sources: &[SourceName], id: &ExternalId) -> Result<bool, OdooError> {
    let mut domain = of_sources(sources);
    domain.push(json!(["x_external_id", "=", id.as_str()]));
    for model in [LINKS].into_iter().chain(ChangedField::ALL.map(model)) {
        if exists(odoo, model, json!(domain)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Did this source ever run into this Odoo?
///
/// # Errors
/// When a call fails.
pub async fn knows_source(odoo: &Odoo, source: &SourceName) -> Result<bool, OdooError> {
    let domain = json!([["x_source", "=", source.as_str()]]);
    Ok(exists(odoo, RUNS, domain.clone()).await? || exists(odoo, LINKS, domain).await?)
}

async fn exists(odoo: &Odoo, model: &'static str, domain: Value) -> Result<bool, OdooError> {
    Ok(!odoo.search_page(model, domain, &["id"], Page { order: "id", limit: 1 }).await?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::script::{Reply, Script};
    use super::*;

    /// Thousands of links have a code that a short one is a part of; whoever has the short one itself may come behind them.
    #[tokio::test]
    async fn a_holder_is_found_behind_a_page_of_others() {
        let link = |id: usize, extras: &str| {
            json!({"id": id, "x_source": "shop", "x_external_id": id.to_string(), "x_name": format!("[{id}] Tea"),
                "x_wrote_barcode": false, "x_wrote_extras": extras})
        };
        let first: Vec<Value> = (1..=PAGE).map(|id| link(id, "12345")).collect();
        let second = json!([link(PAGE + 1, "77\n123")]);
        let replies = [json!(first), second].map(|rows| Reply { status: 200, body: rows.to_string() });
        let odoo = Odoo::scripted(19, Script::new(true, replies));
        let found = holders(&odoo, &["123".to_owned()]).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|(tenant, _)| tenant.external_id.as_str()).collect();
        assert_eq!(ids, ["5001"]);
    }
}
