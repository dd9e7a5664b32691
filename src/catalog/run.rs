//! A run as Odoo remembers it.

use super::Moment;

/// What the line of a run says. Texts are as recorded, unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunRecord {
    /// Its key.
    pub key: String,
    /// Its source; empty for what is about none.
    pub source: String,
    /// Its command.
    pub command: String,
    /// Machine and process.
    pub host: String,
    /// When it began.
    pub started: Option<Moment>,
    /// When it ended; `None` while it works, and when it died.
    pub ended: Option<Moment>,
    /// How it ended.
    pub status: String,
    /// What it did, in words.
    pub summary: String,
    /// Products created.
    pub created: usize,
    /// Products changed.
    pub changed: usize,
    /// Barcodes moved.
    pub barcodes: usize,
    /// Rows that Odoo refused.
    pub refused: usize,
    /// Deferred actions that were open at its end.
    pub deferred: usize,
}
