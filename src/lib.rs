//! erpsync
pub mod apply;
pub mod catalog;
pub mod plan;
pub mod render;
