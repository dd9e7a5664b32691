//! The whole planner, by subject, against a small Odoo without a network.

mod barcodes;
mod convergence;
mod fields;
mod guards;
mod identity;
mod scope;
mod world;
