//! FROM: tables, views, derived tables, joins; and the names of columns that they bring into scope.

use sqlparser::ast::{Join, JoinConstraint, JoinOperator, TableAlias, TableFactor, TableWithJoins};

use super::super::catalog::{Relation, RelationKind, quoted};
use super::super::error::SqlError;
use super::{Lowered, Lowering, Output, Rel, Result, Scope, Source, parts};

impl Lowering<'_> {
    pub(super) fn table_with_joins(&mut self, table: &TableWithJoins, scope: &mut Scope<'_>) -> Result<String> {
        let (source, mut sql) = self.table_factor(&table.relation, scope)?;
        scope.sources.push(source);
        for Join { relation, join_operator, .. } in &table.joins {
            let (word, constraint) = match join_operator {
                JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", Some(c)),
                JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", Some(c)),
                JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", Some(c)),
                JoinOperator::FullOuter(c) => ("FULL JOIN", Some(c)),
                JoinOperator::CrossJoin(_) => ("CROSS JOIN", None),
                _ => return Err(SqlError::unsupported("this kind of join")),
            };
            let (mut source, joined) = self.table_factor(relation, scope)?;
            let nullable = |source: &mut Source| {
                for (output, _) in &mut source.columns {
                    output.col.nullable = true;
                }
            };
            if matches!(word, "LEFT JOIN" | "FULL JOIN") {
                nullable(&mut source);
            }
            if matches!(word, "RIGHT JOIN" | "FULL JOIN") {
                scope.sources.iter_mut().for_each(nullable);
            }
            scope.sources.push(source);
            sql += &format!(" {word} {joined}");
            match constraint {
                None => {}
                Some(JoinConstraint::On(condition)) => {
                    sql += &format!(" ON {}", self.condition(condition, scope)?);
                }
                Some(_) => return Err(SqlError::syntax_keyword("JOIN")),
            }
        }
        Ok(sql)
    }

    fn table_factor(&mut self, factor: &TableFactor, scope: &Scope<'_>) -> Result<(Source, String)> {
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let name = parts(name);
                let alias_name = alias.as_ref().map(|alias| alias.name.value.as_str());
                if let Some(args) = args {
                    // `FROM t (NOLOCK)` is the old form of a hint, not a call.
                    let is_hint = args.args.len() == 1
                        && matches!(
                            args.args[0].to_string().to_uppercase().as_str(),
                            "NOLOCK" | "READUNCOMMITTED" | "READPAST" | "TABLOCK"
                        );
                    if !is_hint {
                        let rel = self.table_function(&name, &args.args)?;
                        let default = name.last().cloned().unwrap_or_default();
                        return self.derived(rel, alias_name.unwrap_or(&default));
                    }
                }
                self.named_table(&name, alias_name)
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let mut rel = self.query(subquery, None, true)?;
                let Some(alias) = alias else {
                    return Err(SqlError::syntax(")"));
                };
                rename(&mut rel, alias)?;
                unique_names(&rel, &alias.name.value)?;
                self.derived(rel, &alias.name.value)
            }
            TableFactor::NestedJoin { .. } => {
                let _ = scope;
                Err(SqlError::unsupported("joins in parentheses"))
            }
            other => Err(SqlError::unsupported(other)),
        }
    }

    fn derived(&mut self, rel: Rel, alias: &str) -> Result<(Source, String)> {
        let unique = self.alias();
        let columns =
            rel.columns.into_iter().enumerate().map(|(at, output)| (output, format!("{unique}.c{at}"))).collect();
        let source = Source { alias: alias.to_lowercase(), schema: None, columns };
        Ok((source, format!("({}) AS {unique}", rel.sql)))
    }

    fn named_table(&mut self, name: &[String], alias: Option<&str>) -> Result<(Source, String)> {
        let shown = name.join(".");
        if let [only] = name
            && let Some((_, rel)) = self.ctes.iter().rev().find(|(cte, _)| *cte == only.to_lowercase())
        {
            let rel = rel.clone();
            return self.derived(rel, alias.unwrap_or(only));
        }
        if let Some(rel) = self.system_view(name)? {
            let default = name.last().cloned().unwrap_or_default();
            return self.derived(rel, alias.unwrap_or(&default));
        }
        let env = self.env;
        let relation = match name {
            [table] => env.catalog.get("dbo", table),
            [schema, table] => env.catalog.get(schema, table),
            [database, schema, table] if database.eq_ignore_ascii_case(env.database) => {
                env.catalog.get(if schema.is_empty() { "dbo" } else { schema }, table)
            }
            _ => None,
        }
        .ok_or_else(|| SqlError::invalid_object(&shown))?;
        self.table_source(relation, alias)
    }

    /// A table or view of the database as a member of FROM.
    pub(super) fn table_source(&mut self, relation: &Relation, alias: Option<&str>) -> Result<(Source, String)> {
        if relation.denied && !self.env.is_admin && self.view_depth == 0 {
            return Err(SqlError::permission("SELECT", &relation.name, self.env.database, &relation.schema));
        }
        self.reads_tables = true;
        let name = alias.unwrap_or(&relation.name);
        let (mut source, sql) = match &relation.kind {
            RelationKind::Table(columns) => {
                let unique = self.alias();
                let source = Source {
                    alias: name.to_lowercase(),
                    schema: None,
                    columns: columns
                        .iter()
                        .map(|column| {
                            let output = Output { name: Some(column.name.clone()), col: column.col, computed: false };
                            (output, format!("{unique}.{}", quoted(&column.name)))
                        })
                        .collect(),
                };
                (source, format!("{} AS {unique}", relation.storage()))
            }
            RelationKind::View(text) => {
                // Ownership chaining: who may read the view may read through it.
                self.view_depth += 1;
                if self.view_depth > 32 {
                    return Err(SqlError::unsupported("views nested beyond 32"));
                }
                let rel = super::parse_query(text)
                    .and_then(|query| self.query(&query, None, true))
                    .and_then(|rel| unique_names(&rel, name).map(|()| rel));
                self.view_depth -= 1;
                self.derived(rel?, name)?
            }
        };
        source.schema = alias.is_none().then(|| relation.schema.to_lowercase());
        Ok((source, sql))
    }

    /// A column, a variable or a `@@function`.
    pub(super) fn name(&mut self, idents: &[sqlparser::ast::Ident], scope: &Scope<'_>) -> Result<Lowered> {
        let names: Vec<&str> = idents.iter().map(|ident| ident.value.as_str()).collect();
        if let [name] = names.as_slice()
            && name.starts_with('@')
        {
            return self.variable(name);
        }
        let mut level = Some(scope);
        let mut table_known = false;
        while let Some(scope) = level {
            let mut found: Vec<Lowered> = Vec::new();
            for source in &scope.sources {
                let fits = match names[..names.len() - 1] {
                    [] => true,
                    [table] => source.alias == table.to_lowercase(),
                    [.., schema, table] => {
                        source.alias == table.to_lowercase() && source.schema.as_deref() == Some(&schema.to_lowercase())
                    }
                };
                table_known |= fits && names.len() > 1;
                if fits {
                    found.extend(
                        source
                            .columns
                            .iter()
                            .filter(|(output, _)| {
                                output
                                    .name
                                    .as_ref()
                                    .is_some_and(|name| name.to_lowercase() == names[names.len() - 1].to_lowercase())
                            })
                            .map(|(output, sql)| column_value(output, sql)),
                    );
                }
            }
            match found.len() {
                0 => level = scope.outer,
                1 => return Ok(found.remove(0)),
                _ => {
                    return Err(SqlError::new(209, 16, 1, format!("Ambiguous column name '{}'.", names.join("."))));
                }
            }
        }
        if names.len() == 1 || table_known {
            return Err(SqlError::invalid_column(names[names.len() - 1]));
        }
        Err(SqlError::new(
            4_104,
            16,
            1,
            format!("The multi-part identifier \"{}\" could not be bound.", names.join(".")),
        ))
    }
}

/// A column as a value.
pub(super) fn column_value(output: &Output, sql: &str) -> Lowered {
    let mut value = Lowered::new(sql, output.col.ty);
    value.collation = output.col.collation;
    value.nullable = output.col.nullable;
    value.column = output.name.clone();
    value
}

/// `AS q (a, b)`.
pub(super) fn rename(rel: &mut Rel, alias: &TableAlias) -> Result<()> {
    if alias.columns.is_empty() {
        return Ok(());
    }
    if alias.columns.len() != rel.columns.len() {
        return Err(SqlError::new(
            8_158,
            16,
            1,
            format!("'{}' has a different number of columns than were specified in the column list.", alias.name.value),
        ));
    }
    for (column, name) in rel.columns.iter_mut().zip(&alias.columns) {
        column.name = Some(name.name.value.clone());
    }
    Ok(())
}

/// A derived table's columns have names, and each its own.
pub(super) fn unique_names(rel: &Rel, alias: &str) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for (at, column) in rel.columns.iter().enumerate() {
        let Some(name) = &column.name else {
            return Err(SqlError::new(
                8_155,
                16,
                2,
                format!("No column name was specified for column {} of '{alias}'.", at + 1),
            ));
        };
        if !seen.insert(name.to_lowercase()) {
            return Err(SqlError::new(
                8_156,
                16,
                1,
                format!("The column '{name}' was specified multiple times for '{alias}'."),
            ));
        }
    }
    Ok(())
}
