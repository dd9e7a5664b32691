//! The whole planner, by subject, against a small Odoo without a network.

mod barcodes;
mod convergence;
mod decisions;
mod extras;
mod fields;
mod found;
mod guards;
mod identity;
mod kept;
mod missing;
mod narrow;
mod permutations;
mod prices;
mod revert;
mod scope;
mod sharing;
mod unread;
mod world;
