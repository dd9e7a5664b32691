//! Applies a plan, by value, and reports.

pub mod report;
