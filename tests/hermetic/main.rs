//! Everything that needs no server but the stand-ins that a test starts itself. Each suite is a module, and its tests begin
//! with its name: `cargo test --test hermetic cli_desk::`.

#[path = "../common/mod.rs"]
mod common;

mod architecture;
mod cli;
mod cli_check;
mod cli_daily;
mod cli_deferred;
mod cli_desk;
mod cli_doctor;
mod cli_ending;
mod cli_history;
mod cli_init;
mod config;
mod documentation;
mod faults;
mod findings_documented;
mod fuzz_corpus;
mod hostile;
mod messages;
mod mssql_source;
mod odoo_standin;
mod remedies;
mod security;
mod source_faults;
