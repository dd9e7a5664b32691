//! T-SQL queries into SQLite's SQL, with the types that SQL Server would give the columns.
//!
//! The text is parsed by `sqlparser`; here names are bound to the catalog and types are derived. What is not
//! understood is refused, never passed through: SQLite would answer something, and it would not be SQL Server's answer.
//! Not checked, unlike SQL Server: GROUP BY completeness (8120).

mod expr;
mod from;
mod functions;
mod query;
mod system;

use std::collections::HashMap;

use sqlparser::ast::{Ident, ObjectName, Query};
use sqlparser::parser::Parser;

use super::batch;
use super::catalog::Catalog;
use super::error::SqlError;
use super::sqltype::{ColType, Collation, SqlType};
use super::wire::ResultColumn;

pub(super) use expr::{cast_sql, data_type};

/// What a query may ask about its surroundings.
#[derive(Debug, Clone)]
pub(super) struct Env<'a> {
    pub catalog: &'a Catalog,
    pub database: &'a str,
    pub login: &'a str,
    pub server: &'a str,
    pub roles: &'a [String],
    pub spid: u16,
    pub snapshot_allowed: bool,
    pub describes: bool,
    pub transactions: u32,
    pub row_count: i64,
    /// Values of `@names`, as SQLite expressions.
    pub variables: &'a HashMap<String, (String, SqlType)>,
    /// The administrator's own statements are not subject to the login's rights.
    pub is_admin: bool,
}

/// A query ready for SQLite.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub sql: String,
    pub columns: Vec<ResultColumn>,
    /// It reads the database's own tables, not only the system's views.
    pub reads_tables: bool,
}

/// A column that a query or table offers.
#[derive(Debug, Clone)]
struct Output {
    name: Option<String>,
    col: ColType,
    computed: bool,
}

/// A query or table as SQLite text; its columns are named `c0`, `c1`, …
#[derive(Debug, Clone)]
struct Rel {
    sql: String,
    columns: Vec<Output>,
}

/// A member of FROM.
#[derive(Debug, Clone)]
struct Source {
    alias: String,
    schema: Option<String>,
    columns: Vec<(Output, String)>,
}

#[derive(Debug, Clone, Default)]
struct Scope<'s> {
    sources: Vec<Source>,
    outer: Option<&'s Scope<'s>>,
}

/// An expression as SQLite text.
#[derive(Debug, Clone)]
struct Lowered {
    sql: String,
    ty: SqlType,
    collation: Collation,
    nullable: bool,
    /// The literal NULL, which takes any type.
    is_null: bool,
    /// The name of the column it is.
    column: Option<String>,
}

type Result<T> = std::result::Result<T, SqlError>;

struct Lowering<'a> {
    env: &'a Env<'a>,
    aliases: usize,
    ctes: Vec<(String, Rel)>,
    reads_tables: bool,
    view_depth: usize,
}

/// Binds a query.
///
/// # Errors
/// As SQL Server: 208, 207, 209, 4104, 8155, 1033, 229 …; 50000 for what the stand-in does not understand.
pub(super) fn plan(env: &Env<'_>, query: &Query) -> Result<Plan> {
    let mut lowering = Lowering::new(env);
    let rel = lowering.query(query, None, false)?;
    Ok(Plan {
        sql: rel.sql,
        columns: rel
            .columns
            .into_iter()
            .map(|output| ResultColumn {
                name: output.name.unwrap_or_default(),
                col: output.col,
                computed: output.computed,
            })
            .collect(),
        reads_tables: lowering.reads_tables,
    })
}

/// Parses and binds the text of one query (for `sys.dm_exec_describe_first_result_set` and views).
pub(super) fn plan_text(env: &Env<'_>, text: &str) -> Result<Plan> {
    let query = parse_query(text)?;
    plan(env, &query)
}

/// Parses the text of one query.
pub(super) fn parse_query(text: &str) -> Result<Box<Query>> {
    let tokens = batch::tokens(text)?;
    let mut parser = Parser::new(&batch::DIALECT).with_tokens_with_locations(tokens);
    let query = parser.parse_query().map_err(|error| batch::syntax_error(&error, &mut parser))?;
    batch::skip_option_clause(&mut parser)?;
    while parser.consume_token(&sqlparser::tokenizer::Token::SemiColon) {}
    match parser.peek_token().token {
        sqlparser::tokenizer::Token::EOF => Ok(query),
        other => Err(batch::near(&other)),
    }
}

/// An expression of the administrator's (a DEFAULT, a value to insert), converted to a column's type.
pub(super) fn constant(env: &Env<'_>, expr: &sqlparser::ast::Expr, to: ColType) -> Result<String> {
    let mut lowering = Lowering::new(env);
    let value = lowering.value(expr, &Scope::default())?;
    Ok(value.assigned(to))
}

/// SET and WHERE of an UPDATE or DELETE of the administrator's.
pub(super) struct Filter {
    /// The alias under which the table's columns are named.
    pub alias: String,
    pub assignments: Vec<(String, String)>,
    pub condition: Option<String>,
}

/// Binds the expressions of an UPDATE or DELETE on one table.
pub(super) fn filter(
    env: &Env<'_>,
    relation: &super::catalog::Relation,
    assignments: &[(String, &sqlparser::ast::Expr)],
    condition: Option<&sqlparser::ast::Expr>,
) -> Result<Filter> {
    let mut lowering = Lowering::new(env);
    let (source, _) = lowering.table_source(relation, None)?;
    let alias = format!("s{}", lowering.aliases - 1);
    let scope = Scope { sources: vec![source], outer: None };
    let super::catalog::RelationKind::Table(columns) = &relation.kind else {
        return Err(SqlError::unsupported("writing through a view"));
    };
    let mut set = Vec::new();
    for (name, value) in assignments {
        let column = columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| SqlError::invalid_column(name))?;
        let value = lowering.value(value, &scope)?;
        set.push((column.name.clone(), value.assigned(column.col)));
    }
    Ok(Filter {
        alias,
        assignments: set,
        condition: condition.map(|condition| lowering.condition(condition, &scope)).transpose()?,
    })
}

impl<'a> Lowering<'a> {
    fn new(env: &'a Env<'a>) -> Self {
        Self { env, aliases: 0, ctes: Vec::new(), reads_tables: false, view_depth: 0 }
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("s{}", self.aliases - 1)
    }
}

impl Lowered {
    fn new(sql: impl Into<String>, ty: SqlType) -> Self {
        Self { sql: sql.into(), ty, collation: Collation::default(), nullable: true, is_null: false, column: None }
    }

    fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    fn col(&self) -> ColType {
        ColType { ty: self.ty, collation: self.collation, nullable: self.nullable }
    }

    /// The value converted as CAST does.
    fn cast(&self, to: SqlType) -> String {
        if self.is_null {
            return "NULL".to_owned();
        }
        cast_sql(&self.sql, self.ty, to, self.collation, "cast")
    }

    /// The value converted as an INSERT does.
    fn assigned(&self, to: ColType) -> String {
        if self.is_null {
            return "NULL".to_owned();
        }
        cast_sql(&self.sql, self.ty, to.ty, to.collation, "assign")
    }
}

/// The parts of a dotted name.
fn parts(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(|part| part.as_ident()).map(|ident: &Ident| ident.value.clone()).collect()
}
