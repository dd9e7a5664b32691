//! Cost against size, and against the share of changes: a table for programs, and a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::plot::{Line, Panel, svg};
use crate::recipe::{BASE, State, changed};
use crate::table::{Series, thousands};
use crate::tool::DEFAULTS;
use crate::world::{CHANGE, World};

use super::unchanged::back;

const SIZES: [u64; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
/// Of 10,000 products.
const SHARES: [u64; 7] = [0, 10, 100, 300, 1_000, 3_000, 10_000];
/// Runs with more changes than this take too long to be repeated.
const FEASIBLE: u64 = 1_000;

#[derive(Default)]
struct Points {
    csv: String,
    lines: Vec<Line>,
}

impl Points {
    fn new() -> Self {
        let csv = "odoo,products,changed,what,seconds,cpu_seconds,peak_mib\n".to_owned();
        Self { csv, lines: Vec::new() }
    }

    fn add(&mut self, odoo: u32, size: u64, changes: u64, x: f64, series: &Series) {
        let of = |value: Option<f64>| value.map(|v| format!("{v:.3}")).unwrap_or_default();
        let (cpu, peak) = (series.median(|s| s.cpu), series.median(|s| s.peak));
        let seconds = series.seconds();
        let name = &series.name;
        let _ = writeln!(self.csv, "{odoo},{size},{changes},{name},{seconds:.3},{},{}", of(cpu), of(peak));
        eprintln!("  growth: {name}, {} products, {changes} changed: {seconds:.2} s", thousands(size));
        match self.lines.iter_mut().find(|l| l.name == *name) {
            Some(line) => line.points.push((x, seconds)),
            None => self.lines.push(Line { name: name.clone(), points: vec![(x, seconds)] }),
        }
    }
}

/// Measures on one Odoo, and writes `growth.csv` and `growth.svg` into the directory.
pub fn run(world: &mut World, version: u32, sizes: Option<&[u64]>, directory: &Path) -> Result<()> {
    let sizes = sizes.unwrap_or(&SIZES);
    let shared = sizes.iter().copied().filter(|s| *s <= 100_000).max().unwrap_or(sizes[0]);
    let (mut by_size, mut by_share) = (Points::new(), Points::new());
    for size in sizes {
        let odoo = world.odoo(version, 1)?;
        let database = world.seeded(&odoo, *size)?;
        let mut series = [Series::new("reading the source"), Series::new("run without changes")];
        world.fill(*size, BASE)?;
        // The first run of a day judges all links; the others are measured.
        world.run(&odoo, &database, DEFAULTS, &["import-products", "-q"], &[0])?;
        for _ in 0..world.rounds {
            series[1].samples.push(world.run(&odoo, &database, DEFAULTS, &["import-products", "-q"], &[0])?);
            series[0].samples.push(world.read()?);
        }
        series.iter().for_each(|s| by_size.add(version, *size, 0, *size as f64, s));
        let mut percent = Series::new("run with 1 % changed");
        for round in 0..world.rounds {
            world.fill(*size, State::Share(100, u64::from(round) + 1))?;
            percent.samples.push(world.run(&odoo, &database, DEFAULTS, &CHANGE, &[0])?);
        }
        by_size.add(version, *size, changed(*size, 100), *size as f64, &percent);
        if *size == shared {
            back(world, &odoo, &database, shared)?;
            shares(world, &odoo, &database, shared, &mut by_share)?;
        }
        odoo.drop(&[&database])?;
    }
    std::fs::create_dir_all(directory)?;
    let more = by_share.csv.lines().skip(1).fold(String::new(), |all, line| all + line + "\n");
    std::fs::write(directory.join("growth.csv"), by_size.csv + &more)?;
    let panels = [
        Panel {
            title: format!("Cost against size (Odoo {version})"),
            x: "products in the source".to_owned(),
            zero: None,
            lines: by_size.lines,
        },
        Panel {
            title: format!("Cost against changes, {} products (Odoo {version})", thousands(shared)),
            x: "changed products, %".to_owned(),
            zero: Some(0.03),
            lines: by_share.lines,
        },
    ];
    std::fs::write(directory.join("growth.svg"), svg(&panels))?;
    Ok(())
}

/// Each state changes all products of the one before, and more: every run has exactly its share of changes.
fn shares(world: &mut World, odoo: &crate::odoo::Odoo, database: &str, size: u64, points: &mut Points) -> Result<()> {
    let mut generation = 0;
    for share in SHARES {
        let changes = if share == 0 { 0 } else { changed(size, share) };
        let x = if share == 0 { 0.0 } else { share as f64 / 100.0 };
        let mut plan = Series::new("planning (dry run)");
        let mut run = Series::new("run");
        let feasible = share <= FEASIBLE;
        for _ in 0..if share > 100 { 1 } else { world.rounds } {
            generation += 1;
            world.fill(size, State::Share(share, if share == 0 { 0 } else { generation }))?;
            let dry = [&["import-products", "-q", "--dry-run"], &CHANGE[2..]].concat();
            plan.samples.push(world.run(odoo, database, DEFAULTS, &dry, &[if changes == 0 { 0 } else { 2 }])?);
            if feasible {
                run.samples.push(world.run(odoo, database, DEFAULTS, &CHANGE, &[0])?);
            }
        }
        points.add(odoo.version, size, changes, x, &plan);
        if feasible {
            points.add(odoo.version, size, changes, x, &run);
        }
    }
    Ok(())
}
