//! What the steps work with: the tool, the source, an Odoo of each version, databases, and the rows that come of it.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::odoo::{Odoo, PASSWORD};
use crate::recipe::{BASE, State};
use crate::seed;
use crate::source::Source;
use crate::table::{Row, Sample};
use crate::tool::{DEFAULTS, Place, Settings, Tool};

/// Has the sync account and the tool's setup; copied, never used.
const TEMPLATE: &str = "bench_tpl";

/// Lets everything through that the guards would stop.
pub const CREATE: [&str; 4] = ["import-products", "-q", "--first-run", "--allow-create"];
/// The same for changes.
pub const CHANGE: [&str; 5] = ["import-products", "-q", "--allow-changes", "--allow-price-change", "--allow-release"];

/// Everything that a step needs.
pub struct World {
    /// The binary.
    pub tool: Tool,
    /// SQL Server's stand-in.
    pub source: Source,
    /// What the source has.
    state: Option<(u64, State)>,
    /// How often each thing is measured.
    pub rounds: u32,
    /// The figures so far.
    pub rows: Vec<Row>,
    /// Versions whose template is ready, with their full versions.
    pub prepared: BTreeMap<u32, String>,
    /// The sync account's API keys, from Odoo 19 on.
    keys: BTreeMap<u32, String>,
    databases: u64,
}

impl World {
    /// Nothing is there yet but the binary.
    pub fn new(tool: Tool, rounds: u32) -> Result<Self> {
        let source = Source::start()?;
        Ok(Self {
            tool,
            source,
            state: None,
            rounds,
            rows: Vec::new(),
            prepared: BTreeMap::new(),
            keys: BTreeMap::new(),
            databases: 0,
        })
    }

    /// Notes a row and says it at once.
    pub fn note(&mut self, row: Row) {
        eprintln!("  {}: {}", row.step, row.told());
        self.rows.push(row);
    }

    /// Makes the source so.
    pub fn fill(&mut self, size: u64, state: State) -> Result<()> {
        if self.state != Some((size, state)) {
            self.source.fill(size, state)?;
            self.state = Some((size, state));
        }
        Ok(())
    }

    /// An Odoo with so many workers that was started just now.
    pub fn odoo(&mut self, version: u32, workers: u32) -> Result<Odoo> {
        let odoo = Odoo::restarted(version, workers)?;
        if !self.prepared.contains_key(&version) {
            self.prepare(&odoo)?;
            self.prepared.insert(version, odoo.versions(TEMPLATE)?);
        }
        Ok(odoo)
    }

    fn at<'a>(&'a self, odoo: &'a Odoo, database: &'a str) -> Place<'a> {
        Place { source: &self.source, odoo, database, key: self.keys.get(&odoo.version).map(String::as_str) }
    }

    fn prepare(&mut self, odoo: &Odoo) -> Result<()> {
        eprintln!("Odoo {}: account and setup", odoo.version);
        odoo.fresh(TEMPLATE)?;
        let (groups, field) = if odoo.version >= 19 {
            (["base.group_user", "product.group_product_manager", "stock.group_stock_user"].as_slice(), "group_ids")
        } else {
            (["base.group_user", "sales_team.group_sale_manager"].as_slice(), "groups_id")
        };
        let groups: Vec<String> = groups.iter().map(|g| format!("env.ref('{g}').id")).collect();
        odoo.shell(
            TEMPLATE,
            &format!(
                "env['res.users'].create({{'name': 'sync', 'login': 'sync', 'password': '{PASSWORD}',\n\
                 '{field}': [(6, 0, [{}])]}})\n\
                 env.cr.execute('create table bench_ready (run bigint)')\nenv.cr.commit()\n",
                groups.join(", ")
            ),
        )?;
        if odoo.version >= 19 {
            self.keys.insert(odoo.version, odoo.api_key(TEMPLATE, "sync")?);
        }
        self.fill(seed::MODELS, BASE)?;
        self.tool.run(self.at(odoo, TEMPLATE), DEFAULTS, &["setup", "--admin-login", "admin"], &[0])?;
        Ok(())
    }

    /// A database with the tool's setup and no product of the source, known to every worker.
    pub fn empty(&mut self, odoo: &Odoo) -> Result<String> {
        self.databases += 1;
        let name = format!("bench_{}", self.databases);
        odoo.copy(TEMPLATE, &name)?;
        self.warm(odoo, &name)?;
        Ok(name)
    }

    /// A worker reads the whole registry when it first meets a database: seconds that are not the tool's.
    pub fn warm(&self, odoo: &Odoo, database: &str) -> Result<()> {
        for _ in 0..(odoo.workers.max(1) * 3) {
            self.tool.run(self.at(odoo, database), DEFAULTS, &["show-history"], &[0])?;
        }
        Ok(())
    }

    /// A database that has `size` products of the source already, as an import would have left it.
    pub fn seeded(&mut self, odoo: &Odoo, size: u64) -> Result<String> {
        let started = std::time::Instant::now();
        let name = self.empty(odoo)?;
        let before = seed::counts(odoo, &name)?;
        self.fill(seed::MODELS.min(size), BASE)?;
        self.run(odoo, &name, DEFAULTS, &CREATE, &[0])?;
        if size > seed::MODELS {
            seed::seed(odoo, &name, size, &before)?;
            self.fill(size, BASE)?;
        }
        self.run(odoo, &name, DEFAULTS, &["import-products", "--dry-run"], &[0])?;
        let said = self.tool.said();
        ensure!(said.contains("Nothing to do"), "the tool finds something to do in a seeded Odoo:\n{said}");
        eprintln!("Odoo {}: {size} products seeded in {:.0} s", odoo.version, started.elapsed().as_secs_f64());
        Ok(name)
    }

    /// Takes everything away that was made.
    pub fn clean(&mut self) -> Result<()> {
        for version in std::mem::take(&mut self.prepared).into_keys() {
            let names: Vec<String> = (1..=self.databases).map(|number| format!("bench_{number}")).collect();
            let names = names.iter().map(String::as_str).chain([TEMPLATE]);
            Odoo::restarted(version, 0)?.drop(&names.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Runs the tool and counts its calls.
    pub fn run(
        &self,
        odoo: &Odoo,
        database: &str,
        settings: Settings,
        arguments: &[&str],
        expected: &[i32],
    ) -> Result<Sample> {
        let before = odoo.calls()?;
        let usage = self.tool.run(self.at(odoo, database), settings, arguments, expected)?;
        Ok(Sample { calls: Some(odoo.calls()? - before), ..Sample::from(usage) })
    }

    /// Reads the source with a bare loop.
    pub fn read(&self) -> Result<Sample> {
        let log = self.tool.directory().join("read.log");
        crate::reader::measured(&self.source, &log).map(Sample::from)
    }
}
