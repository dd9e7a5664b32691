//! What the administrator of the database does, past the protocol: tables, views, rights, rows.
//!
//! CREATE TABLE, CREATE VIEW, CREATE SCHEMA, DROP, TRUNCATE, INSERT, UPDATE, DELETE, GRANT and DENY.

use std::collections::{BTreeSet, HashMap};

use sqlparser::ast::{
    Assignment, AssignmentTarget, ColumnDef, ColumnOption, CreateTable, Delete, Expr, FromTable, Insert, ObjectName,
    ObjectType, SetExpr, Statement, TableConstraint, TableFactor, TableObject, Update,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::batch;
use super::catalog::{Catalog, Column, Relation, RelationKind, quoted};
use super::error::SqlError;
use super::functions::{NUMBER, TEXT};
use super::lower::{self, Env};
use super::options::MssqlOptions;
use super::sqltype::{ColType, Collation, Family};
use super::store::Store;

/// Runs the statements of `sql`, all or (after an error) those before it.
///
/// # Errors
/// As SQL Server would put it, or 50000 for what is not understood.
pub(super) fn execute(store: &Store, options: &MssqlOptions, sql: &str) -> Result<(), SqlError> {
    let tokens = batch::tokens(sql)?;
    let mut parser = Parser::new(&batch::DIALECT).with_tokens_with_locations(tokens);
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let first = parser.peek_token();
        if first.token == Token::EOF {
            return Ok(());
        }
        let line = first.span.start.line as u32;
        one(store, options, &mut parser).map_err(|error| error.at(line))?;
    }
}

fn one(store: &Store, options: &MssqlOptions, parser: &mut Parser<'_>) -> Result<(), SqlError> {
    let second = batch::word(&parser.peek_nth_token(1).token);
    match (batch::word(&parser.peek_token().token).as_str(), second.as_str()) {
        ("GRANT" | "DENY" | "REVOKE", _) => return right(store, options, parser),
        ("ALTER", "DATABASE" | "LOGIN") | ("CREATE", "LOGIN" | "USER") | ("EXECUTE", _) => {
            return account(store, options, parser);
        }
        ("CREATE", "SCHEMA") => {
            parser.next_token();
            parser.next_token();
            let name = batch::name(parser)?;
            store.change_catalog(|catalog| catalog.schemas.insert(name.to_lowercase()));
            return Ok(());
        }
        _ => {}
    }
    let statement = parser.parse_statement().map_err(|error| batch::syntax_error(&error, parser))?;
    match &statement {
        Statement::CreateTable(table) => create_table(store, options, table),
        Statement::CreateView(view) => {
            let (schema, name) = target(&view.name, options)?;
            let text = view.query.to_string();
            with_env(store, options, |env| lower::plan_text(env, &text))?;
            add(store, schema, name, RelationKind::View(text))
        }
        Statement::Drop { object_type: ObjectType::Table | ObjectType::View, names, if_exists, .. } => {
            names.iter().try_for_each(|name| drop_relation(store, options, name, *if_exists))
        }
        Statement::Truncate(truncate) => truncate.table_names.iter().try_for_each(|table| {
            let relation = relation(store, options, &table.name)?;
            store.admin().execute(&format!("DELETE FROM {}", relation.storage()), [])?;
            Ok(())
        }),
        Statement::Insert(insert_statement) => insert(store, options, insert_statement),
        Statement::Update(change) => update(store, options, change),
        Statement::Delete(removal) => delete(store, options, removal),
        other => Err(SqlError::unsupported(format!("for the administrator: {other}"))),
    }
}

fn with_env<T>(
    store: &Store,
    options: &MssqlOptions,
    run: impl FnOnce(&Env<'_>) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let catalog = store.catalog();
    let variables = HashMap::new();
    run(&Env {
        catalog: &catalog,
        database: &options.database,
        login: "sa",
        server: &options.server_name,
        roles: &options.roles,
        spid: 1,
        snapshot_allowed: options.snapshot_isolation || catalog.snapshot_allowed,
        describes: options.describes,
        transactions: 0,
        row_count: 0,
        variables: &variables,
        is_admin: true,
    })
}

/// `GRANT SELECT ON dbo.Products TO erpsync` and its opposites; INSERT, UPDATE and DELETE are told of alone.
fn right(store: &Store, options: &MssqlOptions, parser: &mut Parser<'_>) -> Result<(), SqlError> {
    let verb = batch::word(&parser.next_token().token);
    let what = parser.next_token().token;
    let what_word = batch::word(&what);
    if !["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&what_word.as_str()) {
        return Err(SqlError::unsupported(format!("{verb} {what}")));
    }
    parser.next_token();
    let object = batch::name(parser)?;
    parser.next_token();
    batch::name(parser)?;
    let key = {
        let catalog = store.catalog();
        let relation = catalog.by_text(&object, &options.database).ok_or_else(|| SqlError::invalid_object(&object))?;
        Catalog::key(&relation.schema, &relation.name)
    };
    store.change_catalog(|catalog| {
        if let Some(relation) = catalog.relations.get_mut(&key) {
            match (what_word.as_str(), verb == "GRANT") {
                ("SELECT", granted) => relation.denied = !granted,
                (right, true) => drop(relation.granted.insert(right.to_owned())),
                (right, false) => drop(relation.granted.remove(right)),
            }
        }
    });
    Ok(())
}

/// What administrators do for an account and the database: they must exist, or not yet, and the statement must be whole. Of
/// all this only SNAPSHOT isolation changes anything here.
fn account(store: &Store, options: &MssqlOptions, parser: &mut Parser<'_>) -> Result<(), SqlError> {
    let mut words = Vec::new();
    loop {
        let token = parser.peek_token().token;
        if matches!(token, Token::SemiColon | Token::EOF) {
            break;
        }
        words.push(match token {
            // A name, as it is written between its brackets.
            Token::Word(word) if word.quote_style.is_some() => format!("={}", word.value),
            Token::SingleQuotedString(_) | Token::NationalStringLiteral(_) => "'".to_owned(),
            other => batch::word(&other),
        });
        parser.next_token();
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let there = |name: &str, own: &str| match name.strip_prefix('=').is_some_and(|name| name.eq_ignore_ascii_case(own))
    {
        true => Ok(()),
        false => {
            Err(SqlError::new(15_151, 16, 1, format!("Cannot find the object '{name}', because it does not exist.")))
        }
    };
    match words[..] {
        ["ALTER", "DATABASE", name, "SET", "ALLOW_SNAPSHOT_ISOLATION", "ON"] => {
            there(name, &options.database)?;
            store.change_catalog(|catalog| catalog.snapshot_allowed = true);
            Ok(())
        }
        ["ALTER", "LOGIN", name, "ENABLE"]
        | ["ALTER", "LOGIN", name, "WITH", "PASSWORD", "=", "'", "UNLOCK"]
        | ["ALTER", "LOGIN", name, "WITH", "PASSWORD", "=", "'", ",", "CHECK_EXPIRATION", "=", "OFF"] => {
            there(name, &options.login)
        }
        ["CREATE", "USER", user, "FOR", "LOGIN", login] => {
            there(user, &options.login)?;
            there(login, &options.login)
        }
        ["CREATE", "LOGIN", _, "WITH", "PASSWORD", "=", "'"]
        | ["EXECUTE", "SP_SET_FIREWALL_RULE", "'", ",", "'", ",", "'"] => Ok(()),
        _ => Err(SqlError::unsupported(format!("for the administrator: {}", words.join(" ")))),
    }
}

/// Schema and name of an object to be made.
fn target(name: &ObjectName, options: &MssqlOptions) -> Result<(String, String), SqlError> {
    let parts: Vec<String> =
        name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.clone()).collect();
    match parts.as_slice() {
        [name] => Ok(("dbo".to_owned(), name.clone())),
        [schema, name] => Ok((schema.clone(), name.clone())),
        [database, schema, name] if database.eq_ignore_ascii_case(&options.database) => {
            Ok((schema.clone(), name.clone()))
        }
        _ => Err(SqlError::invalid_object(name)),
    }
}

fn relation(store: &Store, options: &MssqlOptions, name: &ObjectName) -> Result<Relation, SqlError> {
    let (schema, table) = target(name, options)?;
    store.catalog().get(&schema, &table).cloned().ok_or_else(|| SqlError::invalid_object(name))
}

fn add(store: &Store, schema: String, name: String, kind: RelationKind) -> Result<(), SqlError> {
    store.change_catalog(|catalog| {
        if !catalog.schemas.contains(&schema.to_lowercase()) {
            return Err(SqlError::new(
                2_760,
                16,
                1,
                format!(
                    "The specified schema name \"{schema}\" either does not exist or you do not have permission to use it."
                ),
            ));
        }
        let key = Catalog::key(&schema, &name);
        if catalog.relations.contains_key(&key) {
            return Err(SqlError::new(
                2_714,
                16,
                6,
                format!("There is already an object named '{name}' in the database."),
            ));
        }
        catalog.relations.insert(
            key,
            Relation {
                schema,
                name,
                kind,
                denied: false,
                granted: BTreeSet::new(),
            },
        );
        Ok(())
    })
}

fn create_table(store: &Store, options: &MssqlOptions, table: &CreateTable) -> Result<(), SqlError> {
    let (schema, name) = target(&table.name, options)?;
    let mut keys: Vec<String> = Vec::new();
    let mut uniques: Vec<Vec<String>> = Vec::new();
    let mut columns = Vec::new();
    for definition in &table.columns {
        columns.push(column(definition, &mut keys, &mut uniques)?);
    }
    let names = |columns: &[sqlparser::ast::IndexColumn]| -> Vec<String> {
        columns
            .iter()
            .map(|column| match &column.column.expr {
                Expr::Identifier(ident) => ident.value.clone(),
                other => other.to_string(),
            })
            .collect()
    };
    for constraint in &table.constraints {
        match constraint {
            TableConstraint::PrimaryKey(key) => keys = names(&key.columns),
            TableConstraint::Unique(key) => uniques.push(names(&key.columns)),
            // References between tables of the source are of no interest to a reader.
            TableConstraint::ForeignKey(_) | TableConstraint::Check(_) => {}
            other => return Err(SqlError::unsupported(other)),
        }
    }
    let mut parts: Vec<String> = columns
        .iter_mut()
        .map(|column| {
            if keys.iter().any(|key| key.eq_ignore_ascii_case(&column.name)) {
                column.col.nullable = false;
            }
            let collation = match column.col.ty.family() {
                Family::Text => format!(" COLLATE {TEXT}"),
                Family::Exact => format!(" COLLATE {NUMBER}"),
                _ => String::new(),
            };
            // No type: SQLite must not convert what is stored.
            let null = if column.col.nullable { "" } else { " NOT NULL" };
            format!("{}{collation}{null}", quoted(&column.name))
        })
        .collect();
    let list = |names: &[String]| {
        let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        quoted.join(", ")
    };
    if !keys.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", list(&keys)));
    }
    for unique in &uniques {
        parts.push(format!("UNIQUE ({})", list(unique)));
    }
    let storage = quoted(&format!("{schema}.{name}"));
    // A primary key is the clustered index: rows come in its order.
    let clustered = if keys.is_empty() { "" } else { " WITHOUT ROWID" };
    add(store, schema, name, RelationKind::Table(columns))?;
    store.admin().execute_batch(&format!("CREATE TABLE {storage} ({}){clustered}", parts.join(", ")))?;
    Ok(())
}

fn column(definition: &ColumnDef, keys: &mut Vec<String>, uniques: &mut Vec<Vec<String>>) -> Result<Column, SqlError> {
    let name = definition.name.value.clone();
    let mut column = Column {
        col: ColType {
            ty: lower::data_type(&definition.data_type, false)?,
            collation: Collation::default(),
            nullable: true,
        },
        default: None,
        name: name.clone(),
    };
    for option in &definition.options {
        match &option.option {
            ColumnOption::Null => {}
            ColumnOption::NotNull => column.col.nullable = false,
            ColumnOption::Default(expr) => column.default = Some(expr.to_string()),
            ColumnOption::PrimaryKey(_) => keys.push(name.clone()),
            ColumnOption::Unique(_) => uniques.push(vec![name.clone()]),
            ColumnOption::Collation(collation) => {
                let text = collation.to_string();
                column.col.collation = Collation::parse(&text)
                    .ok_or_else(|| SqlError::new(448, 16, 3, format!("Invalid collation '{text}'.")))?;
            }
            ColumnOption::ForeignKey(_) | ColumnOption::Check(_) => {}
            other => return Err(SqlError::unsupported(other)),
        }
    }
    Ok(column)
}

fn drop_relation(store: &Store, options: &MssqlOptions, name: &ObjectName, if_exists: bool) -> Result<(), SqlError> {
    let found = match relation(store, options, name) {
        Err(_) if if_exists => return Ok(()),
        other => other?,
    };
    if matches!(found.kind, RelationKind::Table(_)) {
        store.admin().execute_batch(&format!("DROP TABLE {}", found.storage()))?;
    }
    store.change_catalog(|catalog| catalog.relations.remove(&Catalog::key(&found.schema, &found.name)));
    Ok(())
}

fn insert(store: &Store, options: &MssqlOptions, insert: &Insert) -> Result<(), SqlError> {
    let TableObject::TableName(name) = &insert.table else {
        return Err(SqlError::unsupported(insert));
    };
    let relation = relation(store, options, name)?;
    let RelationKind::Table(columns) = &relation.kind else {
        return Err(SqlError::unsupported("inserting into a view"));
    };
    let named: Vec<&Column> = if insert.columns.is_empty() {
        columns.iter().collect()
    } else {
        insert
            .columns
            .iter()
            .map(|name| {
                let text = name.0.last().and_then(|part| part.as_ident());
                let text = text.map(|ident| ident.value.as_str()).unwrap_or_default();
                columns
                    .iter()
                    .find(|column| column.name.eq_ignore_ascii_case(text))
                    .ok_or_else(|| SqlError::invalid_column(text))
            })
            .collect::<Result<_, _>>()?
    };
    let defaulted: Vec<&Column> = columns
        .iter()
        .filter(|column| column.default.is_some() && !named.iter().any(|other| other.name == column.name))
        .collect();
    let source = insert.source.as_ref().ok_or_else(|| SqlError::unsupported(insert))?;
    let mismatch =
        || SqlError::new(213, 16, 1, "Column name or number of supplied values does not match table definition.");
    let sql = with_env(store, options, |env| {
        let mut defaults = Vec::new();
        for column in &defaulted {
            let text = column.default.as_deref().unwrap_or("NULL");
            let expr = Parser::new(&batch::DIALECT)
                .with_tokens_with_locations(batch::tokens(text)?)
                .parse_expr()
                .map_err(SqlError::unsupported)?;
            defaults.push(lower::constant(env, &expr, column.col)?);
        }
        let body = match &*source.body {
            SetExpr::Values(values) => {
                let mut rows = Vec::new();
                for row in &values.rows {
                    let row = &row.content;
                    if row.len() != named.len() {
                        return Err(mismatch());
                    }
                    let mut cells = Vec::new();
                    for (expr, column) in row.iter().zip(&named) {
                        cells.push(lower::constant(env, expr, column.col)?);
                    }
                    cells.extend(defaults.iter().cloned());
                    rows.push(format!("({})", cells.join(", ")));
                }
                format!("VALUES {}", rows.join(", "))
            }
            _ => {
                let plan = lower::plan(env, source)?;
                if plan.columns.len() != named.len() {
                    return Err(mismatch());
                }
                let mut cells: Vec<String> = plan
                    .columns
                    .iter()
                    .zip(&named)
                    .enumerate()
                    .map(|(at, (from, to))| {
                        lower::cast_sql(&format!("c{at}"), from.col.ty, to.col.ty, to.col.collation, "assign")
                    })
                    .collect();
                cells.extend(defaults.iter().cloned());
                format!("SELECT {} FROM ({})", cells.join(", "), plan.sql)
            }
        };
        let names: Vec<String> = named.iter().chain(&defaulted).map(|column| quoted(&column.name)).collect();
        Ok(format!("INSERT INTO {} ({}) {body}", relation.storage(), names.join(", ")))
    })?;
    store.admin().execute(&sql, [])?;
    Ok(())
}

fn update(store: &Store, options: &MssqlOptions, update: &Update) -> Result<(), SqlError> {
    let relation = written_table(store, options, &update.table.relation)?;
    let mut assignments: Vec<(String, &Expr)> = Vec::new();
    for Assignment { target, value } in &update.assignments {
        let AssignmentTarget::ColumnName(name) = target else {
            return Err(SqlError::unsupported(target));
        };
        let name = name.0.last().and_then(|part| part.as_ident());
        assignments.push((name.map(|ident| ident.value.clone()).unwrap_or_default(), value));
    }
    let sql = with_env(store, options, |env| {
        let filter = lower::filter(env, &relation, &assignments, update.selection.as_ref())?;
        let set: Vec<String> =
            filter.assignments.iter().map(|(name, value)| format!("{} = {value}", quoted(name))).collect();
        Ok(format!(
            "UPDATE {} AS {} SET {}{}",
            relation.storage(),
            filter.alias,
            set.join(", "),
            filter.condition.map_or(String::new(), |condition| format!(" WHERE {condition}"))
        ))
    })?;
    store.admin().execute(&sql, [])?;
    Ok(())
}

fn delete(store: &Store, options: &MssqlOptions, delete: &Delete) -> Result<(), SqlError> {
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let [table] = tables.as_slice() else {
        return Err(SqlError::unsupported(delete));
    };
    let relation = written_table(store, options, &table.relation)?;
    let sql = with_env(store, options, |env| {
        let filter = lower::filter(env, &relation, &[], delete.selection.as_ref())?;
        Ok(format!(
            "DELETE FROM {} AS {}{}",
            relation.storage(),
            filter.alias,
            filter.condition.map_or(String::new(), |condition| format!(" WHERE {condition}"))
        ))
    })?;
    store.admin().execute(&sql, [])?;
    Ok(())
}

fn written_table(store: &Store, options: &MssqlOptions, factor: &TableFactor) -> Result<Relation, SqlError> {
    match factor {
        TableFactor::Table { name, .. } => relation(store, options, name),
        other => Err(SqlError::unsupported(other)),
    }
}
