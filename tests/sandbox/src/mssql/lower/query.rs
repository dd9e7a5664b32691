//! SELECT, UNION, ORDER BY, TOP and OFFSET.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderBy, OrderByKind, OrderBySort, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Top, TopQuantity, Value,
};

use super::super::error::SqlError;
use super::expr::collate;
use super::from::{column_value, rename, unique_names};
use super::{Lowered, Lowering, Output, Rel, Result, Scope, Source, cast_sql, parts};

impl Lowering<'_> {
    /// A query; `inner`: where ORDER BY needs TOP (derived tables, subqueries, views).
    pub(super) fn query(&mut self, query: &Query, outer: Option<&Scope<'_>>, inner: bool) -> Result<Rel> {
        if query.for_clause.is_some() || !query.locks.is_empty() {
            return Err(SqlError::unsupported("FOR XML/JSON"));
        }
        let known = self.ctes.len();
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let mut rel = self.query(&cte.query, None, true)?;
                rename(&mut rel, &cte.alias)?;
                unique_names(&rel, &cte.alias.name.value)?;
                self.ctes.push((cte.alias.name.value.to_lowercase(), rel));
            }
        }
        let result = self.query_body(query, outer, inner);
        self.ctes.truncate(known);
        result
    }

    fn query_body(&mut self, query: &Query, outer: Option<&Scope<'_>>, inner: bool) -> Result<Rel> {
        let (offset, fetch) = self.limits(query)?;
        let order = query.order_by.as_ref();
        match &*query.body {
            SetExpr::Select(select) => {
                if inner && order.is_some() && select.top.is_none() && offset.is_none() {
                    return Err(SqlError::new(
                        1_033,
                        15,
                        1,
                        "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
                    ));
                }
                let mut rel = self.select(select, order, outer)?;
                let limit = match &select.top {
                    Some(top) => Some(top_count(top)?),
                    None => fetch,
                };
                match (limit, offset) {
                    (Some(limit), Some(offset)) => {
                        rel.sql += &format!(" LIMIT {limit} OFFSET {offset}");
                    }
                    (Some(limit), None) => rel.sql += &format!(" LIMIT {limit}"),
                    (None, Some(offset)) => rel.sql += &format!(" LIMIT -1 OFFSET {offset}"),
                    (None, None) => {}
                }
                Ok(rel)
            }
            SetExpr::Query(query) if order.is_none() && offset.is_none() => self.query(query, outer, inner),
            body => {
                let mut rel = self.set_expr(body, outer)?;
                if let Some(order) = order {
                    rel.sql = format!("SELECT * FROM ({})", rel.sql);
                    rel.sql += &self.order_by(order, &rel.columns, None)?;
                }
                if offset.is_some() || fetch.is_some() {
                    rel.sql += &format!(
                        " LIMIT {} OFFSET {}",
                        fetch.map_or("-1".to_owned(), |n| n.to_string()),
                        offset.unwrap_or(0)
                    );
                }
                Ok(rel)
            }
        }
    }

    fn limits(&self, query: &Query) -> Result<(Option<u64>, Option<u64>)> {
        let offset = match &query.limit_clause {
            None => None,
            Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), .. }) => Some(count(&offset.value)?),
            Some(_) => return Err(SqlError::syntax("LIMIT")),
        };
        let fetch = match &query.fetch {
            None => None,
            Some(fetch) => fetch.quantity.as_ref().map(count).transpose()?,
        };
        Ok((offset, fetch))
    }

    fn set_expr(&mut self, body: &SetExpr, outer: Option<&Scope<'_>>) -> Result<Rel> {
        match body {
            SetExpr::Select(select) => {
                let mut rel = self.select(select, None, outer)?;
                if let Some(top) = &select.top {
                    rel.sql = format!("SELECT * FROM ({} LIMIT {})", rel.sql, top_count(top)?);
                }
                Ok(rel)
            }
            SetExpr::Query(query) => {
                let mut rel = self.query(query, outer, true)?;
                rel.sql = format!("SELECT * FROM ({})", rel.sql);
                Ok(rel)
            }
            SetExpr::SetOperation { op, set_quantifier, left, right } => {
                let (a, b) = (self.set_expr(left, outer)?, self.set_expr(right, outer)?);
                if a.columns.len() != b.columns.len() {
                    return Err(SqlError::new(
                        205,
                        16,
                        1,
                        "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.",
                    ));
                }
                let mut columns = a.columns.clone();
                for (column, other) in columns.iter_mut().zip(&b.columns) {
                    column.col.ty = column.col.ty.unify(other.col.ty);
                    column.col.nullable |= other.col.nullable;
                    column.computed = true;
                }
                let all = *set_quantifier == SetQuantifier::All;
                let word = match op {
                    SetOperator::Union if all => "UNION ALL",
                    SetOperator::Union => "UNION",
                    SetOperator::Except => "EXCEPT",
                    SetOperator::Intersect => "INTERSECT",
                    other => return Err(SqlError::unsupported(other)),
                };
                Ok(Rel {
                    sql: format!("{} {word} {}", converted(&a, &columns, !all), converted(&b, &columns, !all)),
                    columns,
                })
            }
            other => Err(SqlError::unsupported(other)),
        }
    }

    fn select(&mut self, select: &Select, order: Option<&OrderBy>, outer: Option<&Scope<'_>>) -> Result<Rel> {
        if select.into.is_some() {
            return Err(SqlError::unsupported("SELECT … INTO"));
        }
        let mut scope = Scope { sources: Vec::new(), outer };
        let mut from = String::new();
        for table in &select.from {
            if !from.is_empty() {
                from += ", ";
            }
            from += &self.table_with_joins(table, &mut scope)?;
        }
        let mut items: Vec<(Lowered, Option<String>)> = Vec::new();
        for item in &select.projection {
            self.select_item(item, &scope, &mut items)?;
        }
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(other) => return Err(SqlError::unsupported(other)),
        };
        let list: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(at, (value, _))| {
                let collation = if distinct { collate(value.ty) } else { String::new() };
                format!("{}{collation} AS c{at}", value.sql)
            })
            .collect();
        let mut sql = format!("SELECT {}{}", if distinct { "DISTINCT " } else { "" }, list.join(", "));
        if !from.is_empty() {
            sql += &format!(" FROM {from}");
        }
        if let Some(condition) = &select.selection {
            sql += &format!(" WHERE {}", self.condition(condition, &scope)?);
        }
        match &select.group_by {
            GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() => {
                let mut parts = Vec::new();
                for key in keys {
                    let key = self.value(key, &scope)?;
                    parts.push(format!("{}{}", key.sql, collate(key.ty)));
                }
                if !parts.is_empty() {
                    sql += &format!(" GROUP BY {}", parts.join(", "));
                }
            }
            other => return Err(SqlError::unsupported(other)),
        }
        if let Some(having) = &select.having {
            sql += &format!(" HAVING {}", self.condition(having, &scope)?);
        }
        let columns: Vec<Output> = items
            .iter()
            .map(|(value, alias)| Output {
                name: alias.clone().or_else(|| value.column.clone()),
                col: value.col(),
                computed: value.column.is_none(),
            })
            .collect();
        if let Some(order) = order {
            sql += &self.order_by(order, &columns, (!distinct).then_some(&scope))?;
        }
        Ok(Rel { sql, columns })
    }

    fn select_item(
        &mut self,
        item: &SelectItem,
        scope: &Scope<'_>,
        items: &mut Vec<(Lowered, Option<String>)>,
    ) -> Result<()> {
        let mut all_of = |source: &Source| {
            for (output, sql) in &source.columns {
                items.push((column_value(output, sql), None));
            }
        };
        match item {
            SelectItem::UnnamedExpr(expr) => {
                items.push((self.value(expr, scope)?, None));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                items.push((self.value(expr, scope)?, Some(alias.value.clone())));
            }
            SelectItem::Wildcard(_) => {
                if scope.sources.is_empty() {
                    return Err(SqlError::new(263, 16, 1, "Must specify table to select from."));
                }
                scope.sources.iter().for_each(all_of);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let alias = parts(name).pop().unwrap_or_default().to_lowercase();
                let source = scope
                    .sources
                    .iter()
                    .find(|source| source.alias == alias)
                    .ok_or_else(|| {
                        SqlError::new(
                            107,
                            15,
                            1,
                            format!("The column prefix '{name}' does not match with a table name or alias name used in the query."),
                        )
                    })?;
                all_of(source);
            }
            other => return Err(SqlError::unsupported(other)),
        }
        Ok(())
    }

    /// ORDER BY: aliases of the select list, ordinals, and expressions over the tables where `scope` allows them.
    fn order_by(&mut self, order: &OrderBy, columns: &[Output], scope: Option<&Scope<'_>>) -> Result<String> {
        let OrderByKind::Expressions(terms) = &order.kind else {
            return Err(SqlError::syntax_keyword("ALL"));
        };
        let mut parts = Vec::new();
        for term in terms {
            let by_output = match &term.expr {
                Expr::Identifier(ident) => columns.iter().position(|column| {
                    column.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&ident.value))
                }),
                Expr::Value(value) => match &value.value {
                    Value::Number(number, _) => number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
                    _ => None,
                },
                _ => None,
            };
            let (sql, ty) = match (by_output, scope) {
                (Some(at), _) => {
                    let column = columns.get(at).ok_or_else(|| {
                        SqlError::new(
                            108,
                            16,
                            1,
                            format!("The ORDER BY position number {} is out of range of the number of items in the select list.", at + 1),
                        )
                    })?;
                    (format!("c{at}"), column.col.ty)
                }
                (None, Some(scope)) => {
                    let value = self.value(&term.expr, scope)?;
                    (value.sql, value.ty)
                }
                (None, None) => {
                    return Err(SqlError::new(
                        145,
                        15,
                        1,
                        "ORDER BY items must appear in the select list if SELECT DISTINCT or a set operator is specified.",
                    ));
                }
            };
            let direction = match &term.options.sort {
                Some(OrderBySort::Desc) => " DESC",
                _ => "",
            };
            parts.push(format!("{sql}{}{direction}", collate(ty)));
        }
        Ok(format!(" ORDER BY {}", parts.join(", ")))
    }
}

/// The arm of a set operation with its columns converted to the common types.
fn converted(rel: &Rel, columns: &[Output], distinct: bool) -> String {
    let same = rel.columns.iter().zip(columns).all(|(own, common)| own.col.ty == common.col.ty);
    if same && !distinct {
        return rel.sql.clone();
    }
    let list: Vec<String> = rel
        .columns
        .iter()
        .zip(columns)
        .enumerate()
        .map(|(at, (own, common))| {
            let cast = cast_sql(&format!("c{at}"), own.col.ty, common.col.ty, own.col.collation, "cast");
            let collation = if distinct { collate(common.col.ty) } else { String::new() };
            format!("{cast}{collation} AS c{at}")
        })
        .collect();
    format!("SELECT {} FROM ({})", list.join(", "), rel.sql)
}

fn top_count(top: &Top) -> Result<u64> {
    if top.with_ties || top.percent {
        return Err(SqlError::unsupported("TOP with PERCENT or TIES"));
    }
    match &top.quantity {
        Some(TopQuantity::Constant(n)) => Ok(*n),
        Some(TopQuantity::Expr(expr)) => count(expr),
        None => Err(SqlError::syntax_keyword("TOP")),
    }
}

fn count(expr: &Expr) -> Result<u64> {
    match expr {
        Expr::Nested(inner) => count(inner),
        other => other.to_string().parse().map_err(|_| SqlError::unsupported(format!("a computed row count: {other}"))),
    }
}
