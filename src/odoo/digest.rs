//! Asks Odoo for the digests of its links, and for those that need a look whatever the source says. Writes nothing but, under
//! a lease, which those are.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::catalog::digest::{Buckets, Line};
use crate::catalog::{ExternalId, Overruled, Precedence, SourceName};

use super::error::OdooError;
use super::procedure::Procedure;
use super::session::Session;
use super::snapshot::{list, not_understood};

/// What decides whether a link needs a look.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// What goes into the lines; for prices alone, nothing else needs a look.
    pub line: Line,
    /// Names that people edited in Odoo are left to them.
    pub leave_names: bool,
    /// So are prices.
    pub leave_prices: bool,
    /// Further barcodes stand on packagings or units.
    pub extras: bool,
    /// Products that the source does not have are archived.
    pub archive: bool,
    /// The source has barcodes.
    pub barcodes: bool,
    /// The sources whose word counts before this one's.
    pub precedence: &'a Precedence,
}

/// The links of a source, by digests.
#[derive(Debug)]
pub struct Summary {
    /// How many there are in all.
    pub links: usize,
    /// How many say that the source does not have their product, which Odoo has.
    pub missing: usize,
    /// What the source says and other sources overrule.
    pub overruled: Overruled,
    /// The products that need a look, with or without a link.
    pub looks: BTreeSet<ExternalId>,
    /// The codes that two active products have, whoever they are.
    pub doubled: Vec<String>,
    /// The digests of the others, but for those that the source does not have.
    pub buckets: Buckets,
}

/// Asks for the digests of all links. With the token of a lease, Odoo remembers which links need a look, and the next call
/// judges only those and what changed; without one, nothing is written.
///
/// # Errors
/// When the call fails or its answer is not understood.
pub async fn summary(
    session: &Session,
    source: &SourceName,
    rules: Rules<'_>,
    token: Option<&str>,
) -> Result<Summary, OdooError> {
    let names = |all: &[SourceName]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let before = rules.precedence;
    let question = json!({
        "source": source.as_str(), "what": "sums", "prices": rules.line == Line::Prices, "digits": session.digits.get(),
        "leave": {"name": rules.leave_names, "price": rules.leave_prices}, "extras": rules.extras, "archive": rules.archive,
        "barcodes": rules.barcodes,
        "token": token, "others": names(&session.order.others(source)),
        "before": {"name": names(&before.name), "price": names(&before.price), "barcode": names(&before.barcode)},
    });
    let answer = session.ask(Procedure::Digest, question).await?;
    let count = |key: &str| answer[key].as_u64().and_then(|n| usize::try_from(n).ok());
    let wrong = |what: &str| not_understood("digest", what, &answer);
    let counted = |key: &str| answer["overruled"][key].as_u64().and_then(|n| usize::try_from(n).ok());
    let overruled = || {
        let (products, names) = (counted("products")?, counted("names")?);
        Some(Overruled { products, names, prices: counted("prices")?, barcodes: counted("barcodes")? })
    };
    let mut looks = BTreeSet::new();
    for id in list(&answer, "looks")? {
        let id = id.as_str().and_then(|id| ExternalId::parse(id).ok());
        looks.insert(id.ok_or_else(|| wrong("an external id that is none"))?);
    }
    let mut doubled = Vec::new();
    for code in list(&answer, "doubled")? {
        doubled.push(code.as_str().ok_or_else(|| wrong("a barcode that is none"))?.to_owned());
    }
    let sums: Option<Vec<u64>> = answer["sums"].as_str().and_then(|text| {
        let bytes = text.as_bytes().chunks(16);
        bytes.map(|one| u64::from_str_radix(std::str::from_utf8(one).ok()?, 16).ok()).collect()
    });
    Ok(Summary {
        links: count("links").ok_or_else(|| wrong("no number of links"))?,
        missing: count("missing").ok_or_else(|| wrong("no number of missing products"))?,
        overruled: overruled().ok_or_else(|| wrong("no number of overruled values"))?,
        looks,
        doubled,
        buckets: sums.and_then(Buckets::of).ok_or_else(|| wrong("no digests"))?,
    })
}

/// Asks for the digest of each link in ranges of [`crate::catalog::digest::id_hash`], both ends included; links of products
/// that the source does not have, as they say themselves, are left out.
///
/// # Errors
/// When the call fails or its answer is not understood.
pub async fn lines(
    session: &Session,
    source: &SourceName,
    line: Line,
    ranges: &[(u32, u32)],
) -> Result<HashMap<ExternalId, u64>, OdooError> {
    let wrong = |line: &str| not_understood("digest", "a line that is none", &Value::from(line));
    let one = |line: &str| {
        let (id, digest) = line.split_once('\u{1f}')?;
        Some((ExternalId::parse(id).ok()?, u64::from_str_radix(digest, 16).ok()?))
    };
    let (mut out, mut left) = (HashMap::new(), ranges);
    while !left.is_empty() {
        let question = |n: usize| {
            let ranges = &left[..n];
            json!({"source": source.as_str(), "what": "lines", "prices": line == Line::Prices, "ranges": ranges})
        };
        let (answer, n) = session.ask_some(Procedure::Digest, left.len(), question).await?;
        let text = answer["lines"].as_str().ok_or_else(|| not_understood("digest", "no lines", &answer))?;
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            let (id, digest) = one(line).ok_or_else(|| wrong(line))?;
            out.insert(id, digest);
        }
        left = &left[n..];
    }
    Ok(out)
}
