//! Deferred actions as a table: a header row, a row each; see `csv_cell` for what its cells and lines look like.
//!
//! Times are UTC, `2026-11-03T10:07:00Z`. Columns are only ever added at the end.

use std::io::{self, Write};

use crate::catalog::deferred::record::{DeferredRecord, ShownProduct};

use super::super::csv_cell::Table;
use super::json::time;

const HEADER: [&str; 16] = [
    "number",
    "state",
    "opened",
    "closed",
    "source",
    "external_id",
    "name",
    "kind",
    "subject",
    "value",
    "holder",
    "holder_name",
    "choice",
    "choice_product",
    "choices",
    "message",
];

/// Writes the table.
///
/// # Errors
/// When `out` cannot be written.
pub fn csv(records: &[DeferredRecord], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out);
    table.row(HEADER)?;
    let id = |product: &Option<ShownProduct>| product.as_ref().map(|p| p.id.get().to_string()).unwrap_or_default();
    for record in records {
        let choices: Vec<_> = record.choices().iter().map(|c| c.code()).collect();
        let row: [String; HEADER.len()] = [
            record.number.to_string(),
            record.state.code().to_owned(),
            time(&record.opened).unwrap_or_default(),
            time(&record.closed).unwrap_or_default(),
            record.source.clone(),
            record.external_id.clone(),
            record.name.clone(),
            record.kind.clone(),
            record.subject.clone(),
            record.value.clone(),
            id(&record.holder),
            record.holder.as_ref().map(|p| p.name.clone()).unwrap_or_default(),
            record.choice.map(|c| c.code().to_owned()).unwrap_or_default(),
            id(&record.chosen),
            choices.join(" "),
            record.message.clone(),
        ];
        table.row(row)?;
    }
    table.end()
}
