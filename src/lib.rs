//! erpsync keeps an Odoo product catalogue in step with an accounting system on MS SQL Server, one way: source → Odoo.
//!
//! # The map, in reading order
//!
//! | module | what | may use |
//! | --- | --- | --- |
//! | [`catalog`] | the words: ids, names, barcodes, prices; what the source says, what Odoo has | nothing of ours |
//! | [`plan`] | compares and decides: a [`plan::Plan`] with reasons | `catalog` |
//! | [`check`] | looks for barcodes that clash or are wrong: findings, and what settles them | `catalog` |
//! | [`apply`] | a plan, by value, into Odoo: batches, report | `catalog`, `plan`, `odoo` |
//! | [`mssql`] | the source adapter: SQL Server → catalogue | `catalog` |
//! | [`odoo`] | the target adapter: transports, setup, procedures, snapshot, writer | `catalog` |
//! | [`render`] | plan, report and findings as text, lines, JSON, CSV; decides nothing | `catalog`, `plan`, `apply::report`, `check` |
//! | [`config`] | `sync.toml`, environment and flags into settings | `catalog`, `plan::policy` |
//! | [`commands`] | one file per subcommand: lease → read → plan → guard → show → apply → report | all |
//! | [`cli`] | arguments, logging, signals, error → exit status | `commands` |
//!
//! A test keeps these rules. `catalog`, `plan` and `check` are pure: no I/O, no clock, no async; the same inputs give the same
//! plan byte for byte, and the run after a good run plans nothing.
//!
//! # Words
//!
//! A *source* is a named SQL Server database, an *external product* a row of it, known by its *external id*. A *link* is
//! the record in Odoo that ties (source, external id) to a variant. A *claim* is a source product listing a barcode, a
//! *holder* the Odoo product that has it now; a *conflict* is a barcode with several claimants, or a holder outside the
//! source. A *deferred action* is planned and explained but waits: for the source to become consistent, or for a person.
//! *Drift* is an edit in Odoo of a field that the source owns.
//!
//! # State
//!
//! All state lives in Odoo, in models that `erpsync setup` makes: a run may start on any machine, and people see
//! everything there. A link remembers, per field, *what the source said and was handled* and *what we wrote*; together
//! with what Odoo has now that makes a three-way comparison.
//!
//! # Writing
//!
//! One call is one Odoo transaction and carries products, links and history together. Calls go to *procedures*: server
//! actions that `setup` installs, which run with the caller's own rights. The first statement of each writing procedure
//! updates its lane's row where the lease's token stands, so a repeated call finds the work done, and a process that lost
//! its lease writes nothing more. Every write compares with what the plan saw: an edit made meanwhile is not overwritten.

pub mod apply;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod mssql;
pub mod odoo;
pub mod plan;
pub mod render;
