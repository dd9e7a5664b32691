//! Puts a database back below Odoo's feet, in a tenth of the time that a fresh one takes: copies of the tables in a schema
//! of their own, and statements that bring each changed table back to its copy, ids to come included.
//!
//! The role is no superuser, so foreign keys keep watching: tables are taken in the order of their references. Tables of
//! Odoo's own bookkeeping of logins and caches are left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::common::target::Target;

/// Changed by whoever logs in, or telling workers to forget what they cached.
fn is_bookkeeping(table: &str) -> bool {
    crate::world::LOGINS.contains(&table) || table.starts_with("orm_signaling")
}

pub struct Saved {
    checksums: Vec<String>,
    /// What brings everything back; empty until it is known what changes.
    statements: String,
}

/// `table|checksum` of all tables but bookkeeping.
fn checksums(target: &Target) -> Vec<String> {
    let all = target.contents(&crate::world::LOGINS);
    all.into_iter().filter(|line| !is_bookkeeping(line)).collect()
}

impl Saved {
    /// Copies all tables.
    pub fn new(target: &Target) -> Self {
        target.sql(
            "do $$ declare t text; begin
               drop schema if exists kept cascade; create schema kept;
               create table kept.numbers (name text, last bigint, called boolean);
               for t in select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' loop
                 execute format('create table kept.%I as table public.%I', t, t);
               end loop;
               for t in select sequencename from pg_sequences where schemaname = 'public' loop
                 execute format('insert into kept.numbers select %L, last_value, is_called from public.%I', t, t);
               end loop;
             end $$",
        );
        Self { checksums: checksums(target), statements: String::new() }
    }

    /// Looks which tables are changed now, and prepares their way back.
    pub fn learn(&mut self, target: &Target) {
        let now = checksums(target);
        let changed = now.iter().filter(|line| !self.checksums.contains(line));
        let changed: BTreeSet<String> = changed.filter_map(|l| l.split('|').next()).map(str::to_owned).collect();
        assert!(changed.contains("product_product") && changed.contains("x_pz_product"), "{changed:?}");
        let columns = columns(target);
        let order = in_order(target, &changed);
        let mut s = String::from("begin;\n");
        // A unique index looks at each row, not at the end: codes that are to move go first.
        s.push_str("update product_product p set barcode = null where barcode is not null and not exists (select from kept.product_product k where k.id = p.id and k.barcode = p.barcode);\n");
        let same = |table: &str| {
            if columns[table].contains("id") { "k.id = p.id".to_owned() } else { "k::text = p::text".to_owned() }
        };
        for table in order.iter().rev() {
            let same = same(table);
            writeln!(s, "delete from {table} p where not exists (select from kept.{table} k where {same});").unwrap();
        }
        for table in &order {
            let same = same(table);
            let list: Vec<String> = columns[table].iter().map(|c| format!("\"{c}\"")).collect();
            let list = list.join(", ");
            writeln!(
                s,
                "insert into {table} ({list}) select {list} from kept.{table} k where not exists (select from {table} p where {same});"
            )
            .unwrap();
        }
        for table in order.iter().filter(|t| columns[*t].contains("id")) {
            let list: Vec<String> = columns[table].iter().map(|c| format!("\"{c}\"")).collect();
            let kept: Vec<String> = list.iter().map(|c| format!("k.{c}")).collect();
            writeln!(
                s,
                "update {table} p set ({}) = row({}) from kept.{table} k where k.id = p.id and k::text is distinct from p::text;",
                list.join(", "),
                kept.join(", ")
            )
            .unwrap();
        }
        for table in &order {
            writeln!(s, "select count(setval(format('%I', name), last, called)) from kept.numbers where name = '{table}_id_seq';")
                .unwrap();
        }
        s.push_str("commit;\n");
        self.statements = s;
    }

    /// Puts everything back.
    pub fn restore(&self, target: &Target) {
        assert!(!self.statements.is_empty(), "nothing was learnt");
        target.sql(&self.statements);
    }

    /// Checks that everything is back.
    #[track_caller]
    pub fn assert_restored(&self, target: &Target) {
        let now = checksums(target);
        let changed: Vec<_> = now.iter().filter(|line| !self.checksums.contains(line)).collect();
        assert!(changed.is_empty() && now.len() == self.checksums.len(), "not put back: {changed:?}");
    }
}

/// Table → columns, but for those that PostgreSQL computes.
fn columns(target: &Target) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in
        target.sql("select table_name, column_name from information_schema.columns where table_schema = 'public' and is_generated = 'NEVER'")
    {
        let (table, column) = line.split_once('|').unwrap();
        out.entry(table.to_owned()).or_default().insert(column.to_owned());
    }
    out
}

/// The tables, those that others refer to first. Circles are cut anywhere.
fn in_order(target: &Target, tables: &BTreeSet<String>) -> Vec<String> {
    let lines = target.sql("select conrelid::regclass, confrelid::regclass from pg_constraint where contype = 'f'");
    let references: Vec<(&str, &str)> = lines.iter().filter_map(|l| l.split_once('|')).collect();
    let mut out: Vec<String> = Vec::new();
    while out.len() < tables.len() {
        let rest: Vec<&String> = tables.iter().filter(|t| !out.contains(t)).collect();
        let waits = |table: &str| {
            references.iter().any(|(from, to)| *from == table && *to != table && rest.iter().any(|r| r == to))
        };
        let next = rest.iter().find(|t| !waits(t)).unwrap_or(&rest[0]);
        out.push((*next).clone());
    }
    out
}
