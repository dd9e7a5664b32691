//! What is tried with data from outside, and what must hold whatever it is. Shared by the fuzz targets and by the test that
//! replays the corpus (`tests/hermetic/fuzz_corpus.rs`), so that both mean the same.
//!
//! Each module has one function, `check`, that takes any bytes. It panics when a promise is broken; an error that is told in
//! words is no broken promise.

pub mod config;
pub mod odoo_answers;
pub mod plan_file;
pub mod shown;
pub mod tds_rows;

/// What is done with an input.
pub type Check = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Check); 4] = [
    ("config", config::check),
    ("odoo_answers", odoo_answers::check),
    ("plan_file", plan_file::check),
    ("tds_rows", tds_rows::check),
];
