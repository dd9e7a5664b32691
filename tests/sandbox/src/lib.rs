//! Stand-ins for the two servers that erpsync talks to, for its demo and its tests; not part of the shipped binary.

pub mod mssql;
pub mod odoo;
pub mod proxy;
