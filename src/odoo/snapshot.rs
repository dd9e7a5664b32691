//! Reads what a plan needs to know of Odoo: links with their products, candidates, holders of barcodes. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::catalog::scannable::{forms, readings};
use crate::catalog::{
    Candidate, Choice, CodeKey, Decision, DeferredKind, ExternalId, FieldSet, Holder, HolderKind, Link, MatchRule,
    OdooState, Price, ProductId, Rest, Sharer, SourceName, TemplateId, Variant,
};

use super::error::OdooError;
use super::procedure::Procedure;
use super::session::Session;

/// Links that one call returns.
const PAGE: usize = 5000;
/// Links that one call asks for by their products: the shorter an answer, the less memory it takes while it is read.
const NAMED: usize = 1000;
/// Products and codes that one call asks for: with long names they stay below the 1 MB that proxies let through.
const QUESTIONS: usize = 2000;

/// A product without a link, with the values that match rules look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlinked {
    /// The external id.
    pub id: ExternalId,
    /// The name.
    pub name: String,
    /// The barcodes in all spellings.
    pub codes: Vec<String>,
}

/// Which links to read, and what of them.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Prices alone: names and barcodes come empty.
    pub prices_only: bool,
    /// The codes of packagings or units too; those that we wrote come in any case.
    pub extras: bool,
    /// Only the links of these products.
    pub only: Option<Vec<ExternalId>>,
}

/// The links of a source, and what people chose.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// By external id, each with its product.
    pub links: BTreeMap<ExternalId, Link>,
    /// What is known of the links that were not asked for.
    pub rest: Rest,
    /// Choices about deferred actions that are not closed.
    pub decisions: Vec<Decision>,
    /// The products that were chosen, and whether each is linked to this source already.
    pub chosen: BTreeMap<ProductId, (Variant, bool)>,
}

/// Reads the links of a source, with their products, and what people chose.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn read_links(session: &Session, source: &SourceName, wanted: &Wanted) -> Result<Links, OdooError> {
    let mut out = Links::default();
    let others = others(session, source);
    // Products by name are asked for in parts, which are whole: a name is one link.
    let mut left = wanted.only.as_deref();
    let (mut after, mut first) = (0, true);
    loop {
        let most = left.map_or(PAGE, |ids| ids.len().min(NAMED)).max(1);
        let question = |n: usize| {
            let only = left.map(|ids| ids.iter().take(n).map(ExternalId::as_str).collect::<Vec<_>>());
            let limit = if only.is_some() { PAGE } else { n };
            json!({
                "source": source.as_str(), "after": after, "limit": limit, "prices_only": wanted.prices_only,
                "extras": wanted.extras, "choices": first, "only": only, "others": others,
            })
        };
        let (answer, asked) = session.ask_some(Procedure::Snapshot, most, question).await?;
        let links = read_page(&answer, first, &mut after, &mut out)?;
        first = false;
        let done = match &mut left {
            None => links < asked,
            Some(ids) => {
                *ids = ids.get(asked..).unwrap_or_default();
                after = 0;
                ids.is_empty()
            }
        };
        if done {
            return Ok(out);
        }
    }
}

/// Takes in an answer, and says how many links it has.
fn read_page(answer: &Value, first: bool, after: &mut i64, out: &mut Links) -> Result<usize, OdooError> {
    let mut packagings = packagings(list(answer, "packagings")?)?;
    let sharers = sharers(answer, "snapshot")?;
    if first {
        for row in list(answer, "decisions")? {
            out.decisions.extend(decision(&Row { cells: row, call: "snapshot" })?);
        }
        for row in list(answer, "chosen")? {
            let row = Row { cells: row, call: "snapshot" };
            let variant = row.variant(0, 9, &sharers)?;
            out.chosen.insert(variant.id, (variant, row.flag(8)?));
        }
    }
    let rows = list(answer, "links")?;
    for row in rows {
        let row = Row { cells: row, call: "snapshot" };
        *after = further(*after, row.integer(0)?, "snapshot")?;
        let mut link = link(&row, &sharers)?;
        if let Some(variant) = &mut link.product {
            variant.packagings = packagings.remove(&variant.id).unwrap_or_default();
        }
        out.links.insert(link.external_id.clone(), link);
    }
    not_too_many(out.links.len(), "snapshot")?;
    Ok(rows.len())
}

/// More records than any shop has: pages with ever higher ids would fill the machine.
pub(super) const MOST: usize = 20_000_000;

/// Takes so many records and no more.
pub(super) fn not_too_many(records: usize, call: &str) -> Result<(), OdooError> {
    if records <= MOST {
        return Ok(());
    }
    Err(OdooError::Endless { call: call.to_owned(), reason: format!("more than {MOST} records came, page after page") })
}

/// The next record's id; pages that do not go on would never end.
pub(super) fn further(before: i64, id: i64, call: &str) -> Result<i64, OdooError> {
    if id > before {
        return Ok(id);
    }
    let reason = format!("record {id} comes after record {before}, in a page by id");
    Err(OdooError::Endless { call: call.to_owned(), reason })
}

fn packagings(rows: &[Value]) -> Result<BTreeMap<ProductId, Vec<String>>, OdooError> {
    let mut out = BTreeMap::new();
    for row in rows {
        let codes = row[1].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        out.insert(Row { cells: row, call: "snapshot" }.product(0)?, codes.collect());
    }
    Ok(out)
}

/// A choice that this program does not know says nothing, and neither does one about a kind that it does not know.
fn decision(row: &Row<'_>) -> Result<Option<Decision>, OdooError> {
    let kind = row.text(1).and_then(DeferredKind::parse);
    let choice = row.text(4).and_then(Choice::parse);
    let (Some(kind), Some(choice)) = (kind, choice) else { return Ok(None) };
    Ok(Some(Decision {
        external_id: row.external_id(0)?,
        kind,
        subject: row.string(2),
        value: row.string(3),
        choice,
        product: row.cells[5].as_i64().and_then(ProductId::new),
    }))
}

/// What Odoo answers about products without a link and about barcodes.
#[derive(Debug, Default)]
pub struct Answers {
    /// Existing products found by the rules.
    pub candidates: BTreeMap<ExternalId, Vec<Candidate>>,
    /// Who has the codes that were asked for, and every code that two active products have.
    pub holders: BTreeMap<CodeKey, Vec<Holder>>,
    /// The external ids of the holders that are linked to the source.
    pub linked: BTreeSet<ExternalId>,
}

impl Answers {
    /// Takes in what another question was answered.
    pub fn extend(&mut self, other: Self) {
        self.candidates.extend(other.candidates);
        self.linked.extend(other.linked);
        for (key, holders) in other.holders {
            let of_code = self.holders.entry(key).or_default();
            of_code.extend(holders);
            of_code.sort();
            of_code.dedup();
        }
    }
}

/// The codes that two active products have, as far as they are asked about besides those that are named.
#[derive(Debug, Clone, Copy)]
pub enum Doubled<'a> {
    /// All there are; to find them PostgreSQL goes through all products.
    All,
    /// These, which [`super::digest::summary`] told.
    These(&'a [String]),
}

/// Asks for candidates and holders of codes.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn look_up(
    session: &Session,
    source: &SourceName,
    rules: &[MatchRule],
    unlinked: &[Unlinked],
    codes: &[String],
    doubled: Doubled<'_>,
) -> Result<Answers, OdooError> {
    let mut out = Answers::default();
    let rules: Vec<&str> = rules.iter().map(|r| r.code()).collect();
    // All of them at once is a question without a list.
    let (mut all, named) = match doubled {
        Doubled::All => (true, &[][..]),
        Doubled::These(codes) => (false, codes),
    };
    let most = unlinked.len().max(codes.len()).max(named.len());
    let others = others(session, source);
    let by_barcode = rules.contains(&MatchRule::Barcode.code());
    let mut at = 0;
    while all || at < most {
        let part = |n: usize, len: usize| at.min(len)..(at + n).min(len);
        let question = |n: usize| {
            let asked = &unlinked[part(n, unlinked.len())];
            let codes = &codes[part(n, codes.len())];
            // Those who wrote a code as no scanner sends it are found by what is left without the signs.
            let written = asked.iter().filter(|_| by_barcode).flat_map(|u| &u.codes).chain(codes);
            let loose: BTreeSet<String> = written.flat_map(|code| forms(code)).collect();
            let unlinked: Vec<Value> =
                asked.iter().map(|u| json!({"id": u.id.as_str(), "name": u.name, "codes": u.codes})).collect();
            let doubled = if all { Value::Null } else { json!(named[part(n, named.len())]) };
            json!({
                "source": source.as_str(), "rules": rules, "unlinked": unlinked, "codes": codes, "loose": loose, "doubled": doubled,
                "others": others,
            })
        };
        let asking = session.ask_some(Procedure::Lookup, (most - at).clamp(1, QUESTIONS), question).await;
        let one = || match unlinked.get(at) {
            Some(product) => format!("product {}", product.id),
            None => "a barcode".to_owned(),
        };
        let (answer, n) = asking.map_err(|e| e.alone(one))?;
        let by_code = if by_barcode { &unlinked[part(n, unlinked.len())] } else { &[] };
        let codes = &codes[part(n, codes.len())];
        all = false;
        at += n;
        let sharers = sharers(&answer, "lookup")?;
        let odd = list(&answer, "odd")?;
        let of_code: Vec<(CodeKey, &ExternalId)> = match odd {
            [] => Vec::new(),
            _ => by_code.iter().flat_map(|u| u.codes.iter().map(|code| (CodeKey::of(code), &u.id))).collect(),
        };
        let wanted: BTreeSet<CodeKey> =
            if odd.is_empty() { BTreeSet::new() } else { codes.iter().map(|c| CodeKey::of(c)).collect() };
        for row in odd {
            let row = Row { cells: row, call: "lookup" };
            let variant = row.variant(0, 9, &sharers)?;
            let Some(barcode) = variant.barcode.clone() else { continue };
            let readings = readings(&barcode);
            let ids: BTreeSet<&ExternalId> =
                of_code.iter().filter(|(key, _)| readings.contains(key)).map(|(_, id)| *id).collect();
            for id in ids {
                let candidate = Candidate { variant: variant.clone(), rule: MatchRule::Barcode, linked: row.flag(8)? };
                let of_id = out.candidates.entry(id.clone()).or_default();
                if !of_id.contains(&candidate) {
                    of_id.push(candidate);
                }
            }
            let key = CodeKey::of(&barcode);
            if wanted.contains(&key) {
                let (product, active) = (variant.id, variant.active);
                let name = variant.names.into_iter().next().unwrap_or_default();
                let of_code = out.holders.entry(key).or_default();
                let holder = Holder { kind: HolderKind::Product, barcode, product, active, name };
                if !of_code.contains(&holder) {
                    of_code.push(holder);
                }
            }
        }
        for row in list(&answer, "candidates")? {
            let row = Row { cells: row, call: "lookup" };
            let (id, candidate) = candidate(&row, &sharers)?;
            let of_id: &mut Vec<Candidate> = out.candidates.entry(id).or_default();
            if !of_id.contains(&candidate) {
                of_id.push(candidate);
            }
        }
        for row in list(&answer, "holders")? {
            let holder = holder(&Row { cells: row, call: "lookup" })?;
            let of_code: &mut Vec<Holder> = out.holders.entry(CodeKey::of(&holder.barcode)).or_default();
            if !of_code.contains(&holder) {
                of_code.push(holder);
            }
        }
        for id in list(&answer, "linked")? {
            let id = id.as_str().and_then(|id| ExternalId::parse(id).ok());
            out.linked.insert(id.ok_or_else(|| not_understood("lookup", "an external id that is none", &answer))?);
        }
    }
    for holders in out.holders.values_mut() {
        holders.sort();
    }
    Ok(out)
}

/// The whole of what a plan needs, put together.
#[must_use]
pub fn state(session: &Session, links: Links, answers: Answers) -> OdooState {
    OdooState {
        languages: session.languages.clone(),
        digits: session.digits,
        links: links.links,
        rest: links.rest,
        decisions: links.decisions,
        chosen: links.chosen,
        candidates: answers.candidates,
        holders: answers.holders,
        product_count: session.product_count,
    }
}

pub(super) fn list<'a>(answer: &'a Value, key: &str) -> Result<&'a [Value], OdooError> {
    answer[key]
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| not_understood("procedure", &format!("no list {key:?}"), answer))
}

pub(super) fn not_understood(call: &str, reason: &str, value: &Value) -> OdooError {
    let body: String = value.to_string().chars().take(200).collect();
    OdooError::Answer { call: call.to_owned(), reason: reason.to_owned(), body }
}

/// A row of an answer, taken apart by position.
struct Row<'a> {
    cells: &'a Value,
    call: &'static str,
}

impl Row<'_> {
    fn wrong(&self, i: usize, what: &str) -> OdooError {
        not_understood(self.call, &format!("column {i} is no {what}"), self.cells)
    }

    fn integer(&self, i: usize) -> Result<i64, OdooError> {
        self.cells[i].as_i64().ok_or_else(|| self.wrong(i, "number"))
    }

    /// NULL is no text, and so is Odoo's `false`.
    fn text(&self, i: usize) -> Option<&str> {
        self.cells[i].as_str().filter(|t| !t.is_empty())
    }

    fn string(&self, i: usize) -> String {
        self.text(i).unwrap_or_default().to_owned()
    }

    fn lines(&self, i: usize) -> Vec<String> {
        self.text(i).map(|t| t.split('\n').map(str::to_owned).collect()).unwrap_or_default()
    }

    fn flag(&self, i: usize) -> Result<bool, OdooError> {
        self.cells[i].as_bool().ok_or_else(|| self.wrong(i, "yes or no"))
    }

    fn external_id(&self, i: usize) -> Result<ExternalId, OdooError> {
        self.text(i).and_then(|t| ExternalId::parse(t).ok()).ok_or_else(|| self.wrong(i, "external id"))
    }

    fn product(&self, i: usize) -> Result<ProductId, OdooError> {
        ProductId::new(self.integer(i)?).ok_or_else(|| self.wrong(i, "product"))
    }

    /// The eight columns of a variant from `i` on; its names stand from `names` to the end.
    fn variant(&self, i: usize, names: usize, sharers: &Sharers) -> Result<Variant, OdooError> {
        let cells = self.cells.as_array().map(Vec::as_slice).unwrap_or_default();
        let id = self.product(i)?;
        Ok(Variant {
            id,
            template: TemplateId::new(self.integer(i + 1)?).ok_or_else(|| self.wrong(i + 1, "template"))?,
            active: self.flag(i + 2)?,
            barcode: self.text(i + 3).map(str::to_owned),
            price: self.string(i + 4),
            siblings: u32::try_from(self.integer(i + 5)?).unwrap_or(u32::MAX),
            other_company: self.flag(i + 6)?,
            template_active: self.flag(i + 7)?,
            names: cells.iter().skip(names).map(|n| n.as_str().unwrap_or_default().to_owned()).collect(),
            packagings: Vec::new(),
            sharers: sharers.get(&id).cloned().unwrap_or_default(),
        })
    }
}

/// The other sources that count.
fn others(session: &Session, source: &SourceName) -> Vec<String> {
    session.order.others(source).iter().map(ToString::to_string).collect()
}

/// The links of other sources, by the product that they lead to.
pub(super) type Sharers = BTreeMap<ProductId, Vec<Sharer>>;

pub(super) fn sharers(answer: &Value, call: &'static str) -> Result<Sharers, OdooError> {
    let mut out = Sharers::new();
    for cells in list(answer, "sharers")? {
        let row = Row { cells, call };
        out.entry(row.product(0)?).or_default().push(Sharer {
            source: row.text(1).and_then(|t| SourceName::parse(t).ok()).ok_or_else(|| row.wrong(1, "source"))?,
            external_id: row.external_id(2)?,
            missing: row.flag(3)?,
            archived_by_us: row.flag(4)?,
            wrote_name: row.string(5),
            wrote_price: row.text(6).and_then(|t| Price::parse(t).ok()),
            wrote_barcode: row.text(7).map(str::to_owned),
            wrote_extras: row.lines(8),
        });
    }
    Ok(out)
}

fn link(row: &Row<'_>, sharers: &Sharers) -> Result<Link, OdooError> {
    let price = |i| row.text(i).and_then(|t| Price::parse(t).ok());
    let product = if row.cells[14].is_null() { None } else { Some(row.variant(14, 22, sharers)?) };
    Ok(Link {
        external_id: row.external_id(1)?,
        product,
        said_name: row.string(2),
        said_price: price(3),
        said_barcodes: row.lines(4),
        wrote_name: row.string(5),
        wrote_price: price(6),
        wrote_barcode: row.text(7).map(str::to_owned),
        no_touch: row.flag(8)?,
        archived_by_us: row.flag(9)?,
        wrote_extras: row.lines(10),
        kept: FieldSet::parse(row.text(11).unwrap_or_default()),
        missing: row.flag(12)?,
        overruled: FieldSet::parse(row.text(13).unwrap_or_default()),
    })
}

fn candidate(row: &Row<'_>, sharers: &Sharers) -> Result<(ExternalId, Candidate), OdooError> {
    let rule = match row.text(0) {
        Some("default_code") => MatchRule::DefaultCode,
        Some("barcode") => MatchRule::Barcode,
        Some("name") => MatchRule::Name,
        _ => return Err(row.wrong(0, "match rule")),
    };
    let candidate = Candidate { variant: row.variant(2, 11, sharers)?, rule, linked: row.flag(10)? };
    Ok((row.external_id(1)?, candidate))
}

fn holder(row: &Row<'_>) -> Result<Holder, OdooError> {
    let kind = match row.text(0) {
        Some("product") => HolderKind::Product,
        Some("packaging") => HolderKind::Packaging,
        _ => return Err(row.wrong(0, "kind of holder")),
    };
    Ok(Holder { kind, barcode: row.string(1), product: row.product(2)?, active: row.flag(3)?, name: row.string(4) })
}
