//! erpsync
pub mod apply;
pub mod catalog;
pub mod config;
pub mod mssql;
pub mod plan;
pub mod render;
