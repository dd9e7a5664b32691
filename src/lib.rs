//! erpsync
pub mod apply;
pub mod catalog;
pub mod config;
pub mod plan;
pub mod render;
