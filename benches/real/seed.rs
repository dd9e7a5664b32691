//! A big Odoo side in a minute: products, links and history made in SQL from one product that the tool made.
//!
//! Whether they are what the tool would have written is checked three ways: the tables that grow when the tool creates
//! products are exactly those that are filled here; rows made either way are equal, column by column, once what belongs
//! to the single product is taken out; and the tool plans nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use erpsync::catalog::{Price, PriceDigits};

use crate::odoo::Odoo;
use crate::recipe::{BASE, product};

/// Products that the tool makes: the first is the model of all that follow, the others what these are compared with.
pub const MODELS: u64 = 40;

/// The rows of a product, in the order in which they refer to each other.
const TABLES: [&str; 5] = [
    "product_template",
    "product_product",
    "x_pz_product",
    "x_pz_product_barcode_history",
    "x_pz_product_price_history",
];

/// Written by every login and every run.
const OTHERS: [&str; 7] =
    ["res_users_log", "res_device_log", "res_users", "x_pz_run", "x_pz_lane", "bus_bus", "orm_signaling_default"];

/// How many rows each table has.
pub fn counts(odoo: &Odoo, database: &str) -> Result<BTreeSet<(String, u64)>> {
    let rows = odoo.sql(
        database,
        "select table_name, (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %I', table_name), false, true, '')))[1]::text
         from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )?;
    let parse = |row: &String| {
        let (table, count) = row.split_once('|')?;
        Some((table.to_owned(), count.parse().ok()?))
    };
    rows.iter().map(parse).collect::<Option<_>>().context("counting rows")
}

/// Fills the database up to `size` products. The tool has made the first [`MODELS`] of them, and `before` is what there
/// was then.
pub fn seed(odoo: &Odoo, database: &str, size: u64, before: &BTreeSet<(String, u64)>) -> Result<()> {
    let grown = grown(odoo, database, before)?;
    data(odoo, database, size)?;
    let mut script = String::new();
    for table in TABLES {
        script += &insert(odoo, database, table)?;
    }
    for table in &grown {
        script += &related(odoo, database, table)?;
    }
    for table in TABLES {
        writeln!(script, "select setval('{table}_id_seq', (select max(id) from {table}));")?;
    }
    let filled: Vec<&str> = TABLES.into_iter().chain(grown.iter().map(String::as_str)).collect();
    writeln!(script, "vacuum analyze {};", filled.join(", "))?;
    odoo.sql(database, &script)?;
    for table in TABLES {
        compare(odoo, database, table)?;
    }
    Ok(())
}

/// The other tables that grew with the products.
fn grown(odoo: &Odoo, database: &str, before: &BTreeSet<(String, u64)>) -> Result<Vec<String>> {
    let after = counts(odoo, database)?;
    let grown = after.difference(before).map(|(table, _)| table.clone());
    Ok(grown.filter(|t| !TABLES.contains(&t.as_str()) && !OTHERS.contains(&t.as_str())).collect())
}

/// Loads what is special about each product, with the ids that its rows get.
fn data(odoo: &Odoo, database: &str, size: u64) -> Result<()> {
    odoo.sql(
        database,
        "create unlogged table bench_data (i bigint primary key, ext text, name text, said_price text, wrote_price text,
           list_price numeric, code text, codes text)",
    )?;
    let digits = PriceDigits::from_odoo(Some(odoo.digits()));
    odoo.load(database, "bench_data", |out| {
        for i in 0..size {
            let p = product(i, BASE);
            let said = Price::parse(&p.price).map_err(std::io::Error::other)?;
            let wrote = said.rounded(digits);
            // As Odoo writes a float to a column with two decimals, and to one without a limit.
            let list = if odoo.version >= 19 { wrote.to_string() } else { format!("{:.2}", wrote.decimal()) };
            writeln!(
                out,
                "{i}\t{}\t{}\t{said}\t{wrote}\t{list}\t{}\t{}",
                p.id,
                p.name,
                p.barcodes[0],
                p.barcodes.join("\\n")
            )?;
        }
        Ok(())
    })
}

fn columns(odoo: &Odoo, database: &str, table: &str) -> Result<Vec<String>> {
    let query = format!(
        "select column_name from information_schema.columns where table_schema = 'public' and table_name = '{table}' \
         and is_generated = 'NEVER' order by ordinal_position"
    );
    odoo.sql(database, &query)
}

/// Where the model's id of a table is found, and where the seeded ids begin: after all that are there.
fn model(table: &str) -> String {
    let first = product(0, BASE).id;
    let link = format!("select id from x_pz_product where x_external_id = '{first}'");
    let variant = format!("select x_product_id from x_pz_product where x_external_id = '{first}'");
    match table {
        "x_pz_product" => link,
        "product_product" => variant,
        "product_template" => format!("select product_tmpl_id from product_product where id = ({variant})"),
        history => format!("select id from {history} where x_link_id = ({link}) and x_cause = 'created'"),
    }
}

/// The id of product `d.i` in every table. The tool's own products have low ones, so that nothing is in the way.
const ID: &str = "(1000000 + d.i)";

fn insert(odoo: &Odoo, database: &str, table: &str) -> Result<String> {
    let columns = columns(odoo, database, table)?;
    ensure!(!columns.is_empty(), "there is no table {table}");
    let values: Vec<String> = columns.iter().map(|c| value(odoo, table, c)).collect();
    Ok(format!(
        "insert into {table} ({}) select {} from (select * from {table} where id = ({})) m, bench_data d where d.i >= {MODELS};\n",
        columns.join(", "),
        values.join(", "),
        model(table)
    ))
}

fn value(odoo: &Odoo, table: &str, column: &str) -> String {
    let translated = if odoo.version >= 16 { "jsonb_build_object('en_US', d.name)" } else { "d.name" };
    let history = |what: &str| match column {
        "x_name" => format!("d.ext || ': - → ' || {what}"),
        "x_new" => what.to_owned(),
        "x_external_id" => "d.ext".to_owned(),
        "x_link_id" => ID.to_owned(),
        "x_operation" => format!("replace(m.x_operation, '{}', d.ext)", product(0, BASE).id),
        _ => format!("m.{column}"),
    };
    match (table, column) {
        (_, "id") => ID.to_owned(),
        ("product_template", "name") => translated.to_owned(),
        ("product_template", "list_price") => "d.list_price".to_owned(),
        ("product_template" | "product_product", "default_code") => "d.ext".to_owned(),
        ("product_product", "product_tmpl_id") => ID.to_owned(),
        ("product_product", "barcode") => "d.code".to_owned(),
        ("x_pz_product", "x_name") => "'[' || d.ext || '] ' || d.name".to_owned(),
        ("x_pz_product", "x_external_id") => "d.ext".to_owned(),
        ("x_pz_product", "x_product_id") => ID.to_owned(),
        ("x_pz_product", "x_said_name" | "x_wrote_name") => "d.name".to_owned(),
        ("x_pz_product", "x_said_price") => "d.said_price".to_owned(),
        ("x_pz_product", "x_wrote_price") => "d.wrote_price".to_owned(),
        ("x_pz_product", "x_said_barcodes") => "d.codes".to_owned(),
        ("x_pz_product", "x_wrote_barcode") => "d.code".to_owned(),
        ("x_pz_product_barcode_history", _) => history("d.code"),
        ("x_pz_product_price_history", _) => history("d.wrote_price"),
        (_, column) => format!("m.{column}"),
    }
}

/// Rows of another table that belong to a product: taxes, properties, translations.
fn related(odoo: &Odoo, database: &str, table: &str) -> Result<String> {
    let columns = columns(odoo, database, table)?;
    let references = odoo.sql(
        database,
        &format!(
            "select a.attname, c.confrelid::regclass from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
             where c.contype = 'f' and c.conrelid = '{table}'::regclass"
        ),
    )?;
    let owner = references.iter().filter_map(|r| r.split_once('|')).find(|(_, to)| TABLES.contains(to));
    // Properties and translations name their owner in other ways than by a reference.
    let (filter, replaced) = match (table, owner) {
        ("ir_property", _) => (
            format!("res_id = 'product.product,' || ({})", model("product_product")),
            ("res_id", format!("'product.product,' || {ID}")),
        ),
        ("ir_translation", _) => (
            format!("type = 'model' and name = 'product.template,name' and res_id = ({})", model("product_template")),
            ("res_id", ID.to_owned()),
        ),
        (_, Some((column, to))) => (format!("{column} = ({})", model(to)), (column, ID.to_owned())),
        (_, None) => anyhow::bail!("the table {table} grows with the products, and the seeding does not know how"),
    };
    let values: Vec<String> = columns
        .iter()
        .map(|column| match column.as_str() {
            "id" => format!("nextval('{table}_id_seq')"),
            column if column == replaced.0 => replaced.1.clone(),
            "src" | "value" if table == "ir_translation" => "d.name".to_owned(),
            column => format!("m.{column}"),
        })
        .collect();
    Ok(format!(
        "insert into {table} ({}) select {} from (select * from {table} where {filter}) m, bench_data d where d.i >= {MODELS};\n",
        columns.join(", "),
        values.join(", ")
    ))
}

/// Rows made by the tool and rows made here are of the same shapes, when ids, moments and what belongs to the single
/// product are taken out.
fn compare(odoo: &Odoo, database: &str, table: &str) -> Result<()> {
    let join = match table {
        "product_template" => "t.id = v.product_tmpl_id",
        "product_product" => "t.id = v.id",
        "x_pz_product" => "t.id = l.id",
        _ => "t.x_link_id = l.id",
    };
    let query = format!(
        "with chosen as (
           select d.*, l.id as link, v.id as variant, v.product_tmpl_id as template from bench_data d
             join x_pz_product l on l.x_external_id = d.ext join product_product v on v.id = l.x_product_id
             where d.i < {MODELS} or d.i % greatest((select max(i) / 200 from bench_data), 1) = 3),
         shapes as (
           select d.i < {MODELS} as made, (select string_agg(e.key || '=' || coalesce(case
               when e.key in ('id', 'create_date', 'write_date', 'x_when', 'x_event_update') then ''
               when e.key = 'x_operation' then regexp_replace(replace(e.value, d.ext, 'EXT'), '^[^:]*', 'RUN')
               when e.value = d.link::text or e.value = d.variant::text or e.value = d.template::text then '#'
               when e.key in ('default_code', 'barcode', 'list_price', 'name') or e.key ~ '^x_' then
                 replace(replace(replace(replace(replace(replace(e.value, d.name, 'NAME'), d.codes, 'CODES'), d.code, 'CODE'),
                   d.list_price::text, 'PRICE'), d.said_price, 'PRICE'), d.wrote_price, 'PRICE')
               else e.value end, 'NULL'), ' ' order by e.key)
             from jsonb_each_text(to_jsonb(t)) e where left(e.key, 8) != 'erpsync_') as shape, d.ext
           from {table} t, chosen d join x_pz_product l on l.id = d.link join product_product v on v.id = d.variant where {join}),
         plain as (select made, replace(replace(shape, ext, 'EXT'), 'CODES', 'CODE') as shape from shapes)
         select distinct shape from plain where not made and shape not in (select shape from plain where made)"
    );
    let odd = odoo.sql(database, &query)?;
    let made = odoo.sql(
        database,
        &query.replace("where not made and shape not in (select shape from plain where made)", "where made"),
    )?;
    ensure!(
        odd.is_empty(),
        "{table}: seeded rows are not as the tool makes them:\n{}\nthe tool's:\n{}",
        odd.join("\n"),
        made.join("\n")
    );
    Ok(())
}
