//! How fast erpsync is beside what limits it, on real Odoo servers: `benches/run`.
//!
//! Reading order: `args`, `recipe` (the catalogue), `source`, `odoo` and `tool` (the three processes), `measure` (what
//! one of them costs), `seed` (a big Odoo in a minute), `orm` and `reader` (the ceilings), `world` and `steps`, `table`,
//! `page` and `plot`.

mod args;
mod measure;
mod odoo;
mod orm;
mod page;
mod plot;
mod reader;
mod recipe;
mod seed;
mod source;
mod steps;
mod table;
mod tool;
mod world;

use std::fs::File;
use std::path::PathBuf;

use anyhow::Result;
use args::{Args, Step};
use clap::Parser;
use tool::Tool;
use world::World;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => source::serve(),
        Some("read") => reader::read(&arguments[1..]),
        Some("measured") => measure::launcher(&arguments[1..]),
        _ => bench(&Args::parse()),
    }
}

fn bench(args: &Args) -> Result<()> {
    let binary = args.binary.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_erpsync").into());
    let mut world = World::new(Tool::new(binary.canonicalize()?)?, args.rounds)?;
    let outcome = measure_all(args, &mut world);
    // What was measured before something went wrong is worth having.
    let figures = page::figures(&world.prepared, &command(), &world.rows);
    println!("{figures}");
    if let Some(path) = &args.json {
        serde_json::to_writer_pretty(File::create(path)?, &world.rows)?;
    }
    if args.write && outcome.is_ok() {
        page::write(&docs().join("performance.md"), &figures)?;
    }
    let cleaned = world.clean();
    outcome.and(cleaned)
}

/// What to type for the same figures; where files lie on this machine is nobody's affair.
fn command() -> String {
    let mut command = "benches/run".to_owned();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" | "--write" => {}
            "--binary" | "--json" => drop(words.next()),
            word => command = format!("{command} {word}"),
        }
    }
    command
}

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn measure_all(args: &Args, world: &mut World) -> Result<()> {
    for size in args.sizes() {
        if args.wants(Step::Read, size) {
            steps::read::run(world, size)?;
        }
    }
    for version in args.versions() {
        for size in args.sizes() {
            on_empty(args, world, version, size)?;
            let seeded = [Step::Plan, Step::Unchanged, Step::Percent, Step::Prices];
            if seeded.iter().any(|s| args.wants(*s, size)) {
                on_seeded(args, world, version, size)?;
            }
        }
    }
    if args.growth || args.all {
        let version = args.versions().into_iter().max().unwrap_or(19);
        world.rounds = args.rounds;
        let sizes = (!args.sizes.is_empty()).then_some(args.sizes.as_slice());
        steps::growth::run(world, version, sizes, &docs().join("images"))?;
    }
    Ok(())
}

/// The steps that begin without products.
fn on_empty(args: &Args, world: &mut World, version: u32, size: u64) -> Result<()> {
    world.rounds = args.rounds(size);
    if args.wants(Step::First, size) {
        steps::first_import::run(world, version, size, 1, 1)?;
        let connections = if world.tool.has_connections()? { 2 } else { 1 };
        steps::first_import::run(world, version, size, 2, connections)?;
    }
    if args.wants(Step::Batches, size) {
        let odoo = world.odoo(version, 1)?;
        steps::batches::run(world, &odoo, size)?;
    }
    if (args.peers || args.all) && size <= 10_000 {
        let odoo = world.odoo(version, 1)?;
        steps::peers::run(world, &odoo, size)?;
    }
    Ok(())
}

fn on_seeded(args: &Args, world: &mut World, version: u32, size: u64) -> Result<()> {
    let odoo = world.odoo(version, 1)?;
    let database = world.seeded(&odoo, size)?;
    world.rounds = args.rounds;
    if args.wants(Step::Unchanged, size) {
        steps::unchanged::unchanged(world, &odoo, &database, size)?;
    }
    if args.wants(Step::Plan, size) {
        steps::unchanged::plan(world, &odoo, &database, size)?;
    }
    if args.wants(Step::Percent, size) {
        steps::unchanged::one_percent(world, &odoo, &database, size)?;
    }
    if args.wants(Step::Prices, size) {
        world.rounds = args.rounds(size);
        steps::changes::prices(world, &odoo, &database, size)?;
    }
    odoo.drop(&[&database])
}
