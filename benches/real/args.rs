//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// The steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Reading the source
    Read,
    /// Planning, with and without changes
    Plan,
    /// The first import
    First,
    /// Nothing changed
    Unchanged,
    /// One in a hundred changed
    Percent,
    /// Every price changed
    Prices,
    /// How many records a call should carry
    Batches,
}

/// The steps that are measured when nothing else is asked for.
const USUAL: [Step; 6] = [Step::Read, Step::Plan, Step::First, Step::Unchanged, Step::Percent, Step::Prices];

/// Measures erpsync against real servers; run by benches/run, which brings them up.
#[derive(Debug, Parser)]
#[command(name = "benches/run")]
pub struct Args {
    /// Products in the source, such as 2k,100k,1M [default: 2k and, where nothing is created, 100k]
    #[arg(long, value_delimiter = ',', value_parser = size)]
    pub sizes: Vec<u64>,
    /// What to measure [default: all of these but batches]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub steps: Vec<Step>,
    /// Which Odoo [default: both]
    #[arg(long, value_delimiter = ',')]
    pub odoo: Vec<u32>,
    /// Everything: all steps at 2k, 10k, 100k and 1M, the peer, the growth; many hours
    #[arg(long)]
    pub all: bool,
    /// How often each thing is measured; once what takes minutes
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// Compare with fluvo
    #[arg(long)]
    pub peers: bool,
    /// Measure cost against size and share of changes on one Odoo, and draw it
    #[arg(long)]
    pub growth: bool,
    /// Put the tables into docs/performance.md
    #[arg(long)]
    pub write: bool,
    /// The figures for programs
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Measure this binary of erpsync instead of the one built here
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.strip_suffix(['k', 'M']) {
        Some(digits) if text.ends_with('k') => (digits, 1_000),
        Some(digits) => (digits, 1_000_000),
        None => (text, 1),
    };
    digits.parse::<u64>().map(|n| n * factor).map_err(|_| format!("{text:?} is no size such as 2k or 1M"))
}

impl Args {
    /// Whether a step is wanted at a size. What writes every product takes too long for the largest sizes, unless it is
    /// asked for by name.
    pub fn wants(&self, step: Step, size: u64) -> bool {
        let limit = match step {
            Step::Read | Step::Plan | Step::Unchanged | Step::Percent => u64::MAX,
            _ if !self.steps.is_empty() => u64::MAX,
            Step::First | Step::Prices if self.all => 100_000,
            Step::First | Step::Prices | Step::Batches => 10_000,
        };
        let only_extras = (self.peers || self.growth) && self.steps.is_empty() && !self.all;
        let usual = USUAL.contains(&step) && !only_extras;
        let wanted = if self.steps.is_empty() { self.all || usual } else { self.steps.contains(&step) };
        wanted && size <= limit
    }

    /// The sizes wanted.
    pub fn sizes(&self) -> Vec<u64> {
        match (self.sizes.is_empty(), self.all) {
            (false, _) => self.sizes.clone(),
            (true, true) => vec![2_000, 10_000, 100_000, 1_000_000],
            (true, false) => vec![2_000, 100_000],
        }
    }

    /// How often a thing is measured that writes so many products.
    pub fn rounds(&self, size: u64) -> u32 {
        if size > 10_000 { 1 } else { self.rounds }
    }

    /// The versions wanted.
    pub fn versions(&self) -> Vec<u32> {
        if self.odoo.is_empty() { vec![14, 19] } else { self.odoo.clone() }
    }
}
