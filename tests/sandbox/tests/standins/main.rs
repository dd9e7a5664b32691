//! The stand-ins of SQL Server and Odoo, and the proxy, from outside.

mod mssql_faults;
mod mssql_login;
mod mssql_queries;
mod mssql_support;
mod mssql_types;
mod odoo_errors;
mod odoo_products;
mod odoo_support;
mod odoo_transactions;
mod proxy;
