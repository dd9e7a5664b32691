//! What is asked of a server that let us in: what it is, what the account may do, what the queries return.

use std::collections::BTreeMap;

use super::super::error::SourceError;
use super::super::options::{Isolation, Query, SourceOptions};
use super::super::remedies::Remedy;
use super::super::session::{Session, ends_the_attempt};
use super::super::{UsedIsolation, hints, sql};
use super::{Report, versions};
use crate::catalog::{BadRow, Catalogue, Check, CheckState, ExternalProduct, Price};

/// Rows that are looked at.
const ROWS: usize = 1_000;
/// Tables whose rights are asked for in one statement, and how many statements at most.
const TABLES: usize = 100;
const BATCHES: usize = 20;

pub(super) async fn examine(session: &mut Session<'_>, options: &SourceOptions, report: &Report) {
    let describes = match server(session, report).await {
        Ok(describes) => describes,
        Err(error) => {
            report.error("server", &error);
            true
        }
    };
    if let Err(error) = rights(session, report).await {
        report.error("rights", &error);
    }
    isolation(session, options, report).await;
    let products = query(session, options, Query::Products, describes, report).await;
    if let Some((select, columns)) = products {
        let names = rows(session, options, Query::Products, &select, report).await;
        if let Some(catalogue) = names {
            code_pages(&catalogue, report);
            let name = columns.iter().find(|column| column.name.eq_ignore_ascii_case(&options.columns.name));
            collation(session, name, &catalogue, report).await;
        }
    }
    if options.barcodes_query.is_none() {
        report.ok("barcodes-query", "the source has no barcodes (barcodes = false), and Odoo's are left alone");
        report.ok("barcodes-rows", "none are read");
        return;
    }
    if let Some((select, _)) = query(session, options, Query::Barcodes, describes, report).await {
        rows(session, options, Query::Barcodes, &select, report).await;
    }
}

async fn server(session: &mut Session<'_>, report: &Report) -> Result<bool, SourceError> {
    let mut texts = [const { String::new() }; 9];
    session
        .rows(sql::SERVER, "asking for the server's version", |row| {
            for (index, text) in texts.iter_mut().enumerate() {
                *text = row.try_get::<&str, _>(index)?.unwrap_or_default().to_owned();
            }
            Ok(())
        })
        .await?;
    let [version, level, edition, engine, server, login, database, collation, updateability] = texts;
    let (name, describes) = versions::named(&version, &engine);
    let says = format!("{name}, {edition}, {version} {level}, {server}");
    if describes {
        report.ok("server", says);
    } else {
        report.warning(
            "server",
            format!("{says}: older than 2012, so queries are checked by running them for no rows"),
            "it works; servers of this age need an update for TLS 1.2 (2008 and 2008 R2), or tls = \"off\"",
        );
    }
    let read_only = if updateability == "READ_ONLY" { ", read-only" } else { "" };
    report.ok("database", format!("{database}, {collation}{read_only}, as {login}"));
    Ok(describes)
}

/// An account that can write is not needed, and a mistake away from damage.
async fn rights(session: &mut Session<'_>, report: &Report) -> Result<(), SourceError> {
    let mut roles = Vec::new();
    session
        .rows(sql::MEMBER, "asking for the account's roles", |row| {
            for (index, role) in sql::ROLES.iter().enumerate() {
                if row.try_get::<i32, _>(index)? == Some(1) {
                    roles.push(*role);
                }
            }
            Ok(())
        })
        .await?;
    let mut tables = Vec::new();
    session
        .rows(sql::TABLES, "asking for the tables that the account sees", |row| {
            let text = |index| row.try_get::<&str, _>(index).map(|text| text.unwrap_or_default().to_owned());
            tables.push((text(0)?, text(1)?));
            Ok(())
        })
        .await?;
    let mut writable: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for batch in tables.chunks(TABLES).take(BATCHES) {
        session
            .rows(&sql::may_write(batch), "asking for the account's rights", |row| {
                let place = row.try_get::<i32, _>(0)?.and_then(|place| usize::try_from(place).ok());
                let Some((schema, table)) = place.and_then(|place| batch.get(place)) else { return Ok(()) };
                for (index, right) in sql::WRITES.iter().enumerate() {
                    if row.try_get::<i32, _>(index + 1)? == Some(1) {
                        writable.entry(format!("{schema}.{table}")).or_default().push(right);
                    }
                }
                Ok(())
            })
            .await?;
    }
    if roles.is_empty() && writable.is_empty() {
        let seen = many(tables.len(), "table or view", "tables and views");
        report.ok("rights", format!("it sees {seen}, and may write none"));
        return Ok(());
    }
    let mut can: Vec<String> = roles.iter().map(|role| format!("it is a member of {role}")).collect();
    if roles.is_empty() {
        let mut shown: Vec<String> =
            writable.iter().take(3).map(|(table, rights)| format!("{} on {table}", rights.join(", "))).collect();
        if writable.len() > 3 {
            shown.push(format!("and {} more", many(writable.len() - 3, "table", "tables")));
        }
        can.push(format!("it may {}", shown.join("; ")));
    }
    report.warning(
        "rights",
        format!("the account can write: {}", can.join("; ")),
        "erpsync only reads; give it an account with SELECT on these tables and nothing else (docs/rights.md)",
    );
    Ok(())
}

async fn isolation(session: &mut Session<'_>, options: &SourceOptions, report: &Report) {
    match session.begin(options.isolation).await {
        Ok(facts) if facts.isolation == UsedIsolation::Snapshot => {
            report.ok("isolation", "SNAPSHOT: both queries see one moment");
        }
        Ok(_) => {
            let cure = match options.isolation {
                Isolation::ReadCommitted => {
                    format!("set {} to \"auto\", and allow SNAPSHOT for the database", options.key("isolation"))
                }
                Isolation::Auto | Isolation::Snapshot => {
                    Remedy::AllowSnapshot.of_account(&options.user, &options.database)
                }
            };
            let says = "READ COMMITTED: products and barcodes are two moments, and a change between them can look like a \
                 conflict until the next run";
            report.warning("isolation", says, cure);
        }
        Err(error) => report.error("isolation", &error),
    }
}

/// A column as SQL Server describes it.
struct Shown {
    name: String,
    kind: String,
    collation: String,
}

fn names(query: Query) -> (&'static str, &'static str) {
    match query {
        Query::Products | Query::Prices => ("products-query", "products-rows"),
        Query::Barcodes => ("barcodes-query", "barcodes-rows"),
    }
}

/// Checks a query; what reads it, and its columns as far as the server describes them.
async fn query(
    session: &mut Session<'_>,
    options: &SourceOptions,
    query: Query,
    describes: bool,
    report: &Report,
) -> Option<(String, Vec<Shown>)> {
    let (check, _) = names(query);
    let prepared = match session.check(query).await {
        Ok(()) => session.prepare(query).await.map(|prepared| prepared.select),
        Err(error) => Err(error),
    };
    let select = match prepared {
        Ok(select) => select,
        Err(error) => {
            report.error(check, &error);
            return None;
        }
    };
    let key = options.key(query.setting());
    let mut columns = Vec::new();
    if describes {
        let question = sql::describe_for_people(options.query(query));
        let doing = format!("describing {key}");
        let described = session.rows(&question, &doing, |row| {
            let text = |index| row.try_get::<&str, _>(index).map(|text| text.unwrap_or_default().to_owned());
            columns.push(Shown { name: text(0)?, kind: text(1)?, collation: text(2)? });
            Ok(())
        });
        match described.await {
            Ok(()) => {}
            // Not every server that speaks SQL Server's protocol can describe a query; a run needs it as little.
            Err(SourceError::Server { error, .. }) if !ends_the_attempt(&error) => {
                columns.clear();
                report.warning(
                    check,
                    format!(
                        "{key}: its columns can be read; the server does not describe queries ({}), so it was run for no rows",
                        error.text.trim().trim_end_matches('.')
                    ),
                    "it works; look at the first rows below, as types and collations are not known here",
                );
                return Some((select, columns));
            }
            Err(error) => {
                report.error(check, &error);
                return None;
            }
        }
    }
    let shown: Vec<String> = columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
    let says = if shown.is_empty() { "its columns can be read".to_owned() } else { shown.join(", ") };
    report.ok(check, format!("{key}: {says}"));
    Some((select, columns))
}

/// A first look at the rows.
async fn rows(
    session: &mut Session<'_>,
    options: &SourceOptions,
    query: Query,
    select: &str,
    report: &Report,
) -> Option<Catalogue> {
    let (_, check) = names(query);
    let top = sql::top(select, ROWS);
    let mut read = session.read(query, &top, options.listing()).await;
    let impossible = |error: &SourceError| error.number().is_some_and(hints::snapshot_is_impossible);
    // Runs read with READ COMMITTED then.
    if options.isolation == Isolation::Auto
        && read.as_ref().is_err_and(impossible)
        && session.begin(Isolation::ReadCommitted).await.is_ok()
    {
        read = session.read(query, &top, options.listing()).await;
    }
    let catalogue = match read {
        Ok(builder) => builder.finish().whole(),
        Err(error) => {
            report.error(check, &error);
            return None;
        }
    };
    let count = match query {
        Query::Products | Query::Prices => catalogue.product_rows,
        Query::Barcodes => catalogue.barcode_rows,
    };
    let judged = judged(check, &options.key(query.setting()), count, &catalogue.bad_rows);
    report.add(if query == Query::Products { with_prices(judged, &catalogue) } else { judged });
    Some(catalogue)
}

/// How many of the rows have no price; where none has one, the column is the wrong one, or the account may not see it.
fn with_prices(check: Check, catalogue: &Catalogue) -> Check {
    let none = |product: &&ExternalProduct| !product.price_unreadable && product.price.is_none_or(Price::is_zero);
    let (all, without) = (catalogue.products.len(), catalogue.products.values().filter(none).count());
    if without == 0 {
        return check;
    }
    let says = format!("{}; {without} of {all} ({} %) have no price", check.says, without * 100 / all);
    if without == all && check.state == CheckState::Ok {
        let cure = "check the column of prices: no product gets a price, and new ones wait for one";
        return Check::warning(check.name, says, cure);
    }
    Check { says, ..check }
}

fn judged(check: &'static str, setting: &str, count: usize, bad: &[BadRow]) -> Check {
    let looked = if count == ROWS { format!("the first {ROWS}") } else { many(count, "row", "rows") };
    let Some(example) = bad.first() else {
        if count > 0 {
            return Check::ok(check, format!("{looked}: all can be used"));
        }
        let says = "the query returns no rows, and a run refuses an empty source";
        return Check::failed(check, says, format!("check {setting}, and that the database is the right one"));
    };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for row in bad {
        *kinds.entry(row.kind.code()).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let says = format!("{looked}: {} cannot be used ({}), such as {example}", bad.len(), kinds.join(", "));
    if bad.len() >= count {
        return Check::failed(check, says, format!("check the columns of {setting}: they may be the wrong ones"));
    }
    let cure =
        "correct them in the source, or leave them out in the query; `erpsync import-products --dry-run` lists all";
    Check::warning(check, says, cure)
}

/// Bytes of one code page that were read as another's.
fn code_pages(catalogue: &Catalogue, report: &Report) {
    match catalogue.suspects.garbled_words(catalogue.products.len()) {
        None => report.ok("names", "no name looks as if it had been read in another code page"),
        Some(says) => report.warning(
            "names",
            says,
            "Odoo gets what is in the column: have the vendor of the accounting system correct the column's collation",
        ),
    }
}

/// Letters that a code page lacks became question marks when they were stored: nothing brings them back.
async fn collation(session: &mut Session<'_>, name: Option<&Shown>, catalogue: &Catalogue, report: &Report) {
    let Some(name) = name.filter(|name| !name.kind.is_empty()) else {
        report.add(Check::skipped("collation", "the server does not describe the name's column"));
        return;
    };
    let unicode = name.kind.starts_with('n');
    let column = match (unicode, code_page(session, &name.collation).await) {
        (true, _) => format!("{} is {}, which keeps every letter", name.name, name.kind),
        (false, Some(page)) => {
            format!("{} is {} in {} (code page {page})", name.name, name.kind, name.collation)
        }
        (false, None) => format!("{} is {} in {}", name.name, name.kind, name.collation),
    };
    let lost: Vec<_> = catalogue.products.values().filter(|product| product.name.as_str().contains("???")).collect();
    let Some(example) = lost.first() else {
        report.ok("collation", format!("{column}; no name looks as if it had lost letters"));
        return;
    };
    report.warning(
        "collation",
        format!(
            "{column}; {} with ??? in place of letters, such as {} {}",
            many(lost.len(), "name", "names"),
            example.id,
            example.name.as_str()
        ),
        "what is lost stays lost: change the column to nvarchar, or to varchar with a collation for these letters \
         (Cyrillic_General_CI_AS), and enter the names anew",
    );
}

async fn code_page(session: &mut Session<'_>, collation: &str) -> Option<i32> {
    let mut page = None;
    let question = sql::code_page(collation);
    let asked = session.rows(&question, "asking for the code page", |row| {
        page = row.try_get::<i32, _>(0)?;
        Ok(())
    });
    asked.await.ok()?;
    page
}

fn many(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BadRowKind, CheckState};

    #[test]
    fn rows_are_judged_by_how_many_can_be_used() {
        let bad = BadRow { id: None, kind: BadRowKind::Id, message: "the id is empty".into(), barcode_row: false };
        let judge = |count, bad: &[BadRow]| judged("products-rows", "sources.polonez.products_query", count, bad);
        assert_eq!(judge(0, &[]).state, CheckState::Failed);
        assert_eq!(judge(5, &[]).says, "5 rows: all can be used");
        assert_eq!(judge(1_000, &[]).says, "the first 1000: all can be used");
        let some = judge(5, std::slice::from_ref(&bad));
        assert_eq!(some.state, CheckState::Warning);
        assert_eq!(some.says, "5 rows: 1 cannot be used (1 bad-id), such as (no id): the id is empty");
        assert_eq!(judge(2, &[bad.clone(), bad]).state, CheckState::Failed);
    }
}
