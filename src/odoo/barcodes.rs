//! Reads every barcode in Odoo and the links of a source, page by page, each page a transaction of its own. Writes nothing.
//!
//! What people change meanwhile may be seen half; who acts on it looks again.

use serde_json::{Value, json};

use crate::catalog::nomenclature::{Encoding, Rule};
use crate::catalog::{
    Company, ExternalId, FieldSet, LinkedCode, Nomenclature, OdooCodes, OdooPackaging, OdooProduct, PackagingKind,
    ProductId, SharedProduct, SourceName,
};

use super::error::OdooError;
use super::procedure::Procedure;
use super::session::Session;
use super::snapshot::{self, Sharers, further, list, not_too_many};

/// Rows that one call returns.
const PAGE: usize = 20_000;

/// Reads the company's own rules for barcodes; none where Odoo has no such rules.
///
/// # Errors
/// When the call fails or the answer is not understood.
pub async fn read_nomenclature(session: &Session) -> Result<Nomenclature, OdooError> {
    let answer = session.ask(Procedure::Barcodes, json!({"what": "rules"})).await?;
    let mut all: Vec<(i64, Vec<Rule>)> = Vec::new();
    for row in list(&answer, "rows")? {
        let text = |i: usize| row[i].as_str().unwrap_or_default();
        let number = row[0].as_i64().ok_or_else(|| not_understood("column 0 is no number", row))?;
        let Some(encoding) = Encoding::parse(text(1)) else { continue };
        let rule = Rule { encoding, kind: text(2).to_owned(), pattern: text(3).to_owned() };
        match all.last_mut() {
            Some((last, rules)) if *last == number => rules.push(rule),
            _ => all.push((number, vec![rule])),
        }
    }
    Ok(Nomenclature::new(all.into_iter().map(|(_, rules)| rules).collect()))
}

/// Reads all barcodes: products and packagings (from 19 on: units), archived ones and other companies' included.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn read_codes(session: &Session) -> Result<OdooCodes, OdooError> {
    read_codes_by(session, PAGE).await
}

/// [`read_codes`] in pages of another size.
///
/// # Errors
/// As [`read_codes`].
pub async fn read_codes_by(session: &Session, page: usize) -> Result<OdooCodes, OdooError> {
    let mut codes = OdooCodes::default();
    pages(session, json!({"what": "products"}), page, |row, _| {
        codes.products.extend(row.product(0)?);
        Ok(())
    })
    .await?;
    // Packagings came to an end with 18; from 19 on units have the barcodes.
    let kind = if session.odoo.version >= 19 { PackagingKind::Unit } else { PackagingKind::Packaging };
    pages(session, json!({"what": "packagings"}), page, |row, _| {
        let product = row.product(2)?.ok_or_else(|| row.wrong(2, "product"))?;
        codes.packagings.push(OdooPackaging {
            id: row.integer(0)?,
            kind,
            barcode: row.text(1).unwrap_or_default().to_owned(),
            product: product.id,
            name: product.name,
            active: product.active,
            company: product.company,
        });
        Ok(())
    })
    .await?;
    Ok(codes)
}

/// Reads the links of a source.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn read_linked(session: &Session, source: &SourceName) -> Result<Vec<LinkedCode>, OdooError> {
    read_linked_by(session, source, PAGE).await
}

/// [`read_linked`] in pages of another size.
///
/// # Errors
/// As [`read_linked`].
pub async fn read_linked_by(session: &Session, source: &SourceName, page: usize) -> Result<Vec<LinkedCode>, OdooError> {
    let mut links = Vec::new();
    let others: Vec<String> = session.order.others(source).iter().map(ToString::to_string).collect();
    pages(session, json!({"what": "links", "source": source.as_str(), "others": others}), page, |row, sharers| {
        let product = row.product(4)?;
        let overruled = FieldSet::parse(row.text(10).unwrap_or_default());
        let shared = product.as_ref().filter(|_| !overruled.is_empty()).map(|product| SharedProduct {
            overruled,
            names: row.texts(12),
            price: row.text(11).unwrap_or_default().to_owned(),
            sharers: sharers.get(&product.id).cloned().unwrap_or_default(),
        });
        links.push(LinkedCode {
            external_id: row
                .text(1)
                .and_then(|t| ExternalId::parse(t).ok())
                .ok_or_else(|| row.wrong(1, "external id"))?,
            wrote_barcode: row.text(2).map(str::to_owned),
            no_touch: row.flag(3)?,
            product,
            shared,
        });
        Ok(())
    })
    .await?;
    Ok(links)
}

async fn pages(
    session: &Session,
    mut question: Value,
    page: usize,
    mut take: impl FnMut(&Row<'_>, &Sharers) -> Result<(), OdooError>,
) -> Result<(), OdooError> {
    let (mut after, mut came) = (0, 0);
    loop {
        question["after"] = json!(after);
        let limited = |limit: usize| {
            question["limit"] = json!(limit);
            question.clone()
        };
        let (answer, asked) = session.ask_some(Procedure::Barcodes, page, limited).await?;
        let rows = answer["rows"].as_array().ok_or_else(|| not_understood("no list \"rows\"", &answer))?;
        let sharers = snapshot::sharers(&answer, "barcodes")?;
        for cells in rows {
            let row = Row { cells, company: session.company };
            after = further(after, row.integer(0)?, "barcodes")?;
            take(&row, &sharers)?;
        }
        came += rows.len();
        not_too_many(came, "barcodes")?;
        if rows.len() < asked {
            return Ok(());
        }
    }
}

fn not_understood(reason: &str, value: &Value) -> OdooError {
    let body: String = value.to_string().chars().take(200).collect();
    OdooError::Answer { call: "barcodes".to_owned(), reason: reason.to_owned(), body }
}

/// A row of an answer, taken apart by position.
struct Row<'a> {
    cells: &'a Value,
    /// The company that we work for.
    company: i64,
}

impl Row<'_> {
    fn wrong(&self, i: usize, what: &str) -> OdooError {
        not_understood(&format!("column {i} is no {what}"), self.cells)
    }

    fn integer(&self, i: usize) -> Result<i64, OdooError> {
        self.cells[i].as_i64().ok_or_else(|| self.wrong(i, "number"))
    }

    /// NULL is no text, and so is Odoo's `false`.
    fn text(&self, i: usize) -> Option<&str> {
        self.cells[i].as_str().filter(|t| !t.is_empty())
    }

    /// The texts from `i` on.
    fn texts(&self, i: usize) -> Vec<String> {
        let cells = self.cells.as_array().map(Vec::as_slice).unwrap_or_default();
        cells.iter().skip(i).map(|t| t.as_str().unwrap_or_default().to_owned()).collect()
    }

    fn flag(&self, i: usize) -> Result<bool, OdooError> {
        self.cells[i].as_bool().ok_or_else(|| self.wrong(i, "yes or no"))
    }

    /// The six columns of a product from `i` on; `None` where a link has none.
    fn product(&self, i: usize) -> Result<Option<OdooProduct>, OdooError> {
        if self.cells[i].is_null() {
            return Ok(None);
        }
        let company = match self.cells[i + 3].as_i64() {
            None => Company::Shared,
            Some(id) if id == self.company => Company::Own,
            Some(_) => Company::Other(self.text(i + 4).unwrap_or_default().to_owned()),
        };
        Ok(Some(OdooProduct {
            id: ProductId::new(self.integer(i)?).ok_or_else(|| self.wrong(i, "product"))?,
            barcode: self.text(i + 1).map(str::to_owned),
            active: self.flag(i + 2)?,
            company,
            name: self.text(i + 5).unwrap_or_default().to_owned(),
        }))
    }
}
