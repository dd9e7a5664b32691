//! Runs and plans on a catalogue in step, and one in a hundred changed.

use anyhow::Result;

use crate::odoo::Odoo;
use crate::orm::{self, Work};
use crate::recipe::{BASE, State, changed};
use crate::steps::first_import::BATCH;
use crate::table::Row;
use crate::tool::DEFAULTS;
use crate::world::{CHANGE, World};

/// Runs that find nothing to do: the first of a day, which judges all links, and others. Their ceiling is reading the source.
pub fn unchanged(world: &mut World, odoo: &Odoo, database: &str, size: u64) -> Result<()> {
    world.fill(size, BASE)?;
    // A dry run, which is all that this database has seen, remembers nothing.
    for (name, rounds) in [("import-products, first of a day", 1), ("import-products", world.rounds)] {
        let mut row = Row::new("unchanged", name, Some(odoo.version), size);
        for _ in 0..rounds {
            row.subject.samples.push(world.run(odoo, database, DEFAULTS, &["import-products", "-q"], &[0])?);
            row.ceiling("reading", world.read()?);
        }
        world.note(row);
    }
    Ok(())
}

/// Plans: with nothing changed and with one in a hundred, by the digests and by comparing everything.
pub fn plan(world: &mut World, odoo: &Odoo, database: &str, size: u64) -> Result<()> {
    let full = world.tool.has_flag("import-products", "--full")?;
    for (share, expected) in [(0, 0), (100, 2)] {
        world.fill(size, State::Share(share, 1))?;
        let name = if share == 0 { "nothing changed" } else { "1 % changed" };
        let mut ways = vec![(format!("--dry-run, {name}"), vec!["import-products", "-q", "--dry-run"])];
        if full {
            ways.push((format!("--dry-run --full, {name}"), vec!["import-products", "-q", "--dry-run", "--full"]));
        }
        let mut rows: Vec<Row> = ways.iter().map(|w| Row::new("plan", &w.0, Some(odoo.version), size)).collect();
        for _ in 0..world.rounds {
            for (row, (_, arguments)) in rows.iter_mut().zip(&ways) {
                let allow = [arguments.as_slice(), &CHANGE[2..]].concat();
                row.subject.samples.push(world.run(odoo, database, DEFAULTS, &allow, &[expected])?);
                row.ceiling("reading", world.read()?);
            }
        }
        rows.into_iter().for_each(|row| world.note(row));
    }
    Ok(())
}

/// One in a hundred changed: names, prices, barcodes 1 : 2 : 1. The states follow each other, so each run has as many
/// changes as the one before. Ceilings: reading, and the same changes through the ORM, which knows what they are.
pub fn one_percent(world: &mut World, odoo: &Odoo, database: &str, size: u64) -> Result<()> {
    let mut row = Row::new("1 % changed", "import-products", Some(odoo.version), size);
    row.records = changed(size, 100);
    let mut generation = 0;
    for _ in 0..world.rounds {
        generation += 1;
        world.fill(size, State::Share(100, generation))?;
        row.subject.samples.push(world.run(odoo, database, DEFAULTS, &CHANGE, &[0])?);
        row.ceiling("reading", world.read()?);
        generation += 1;
        let state = State::Share(100, generation);
        row.ceiling("ORM", orm::measure(odoo, database, Work::Changes, size, state, BATCH, 1)?);
        // It did what the tool would have done.
        world.fill(size, state)?;
        world.run(odoo, database, DEFAULTS, &["import-products", "-q", "--dry-run"], &[0])?;
    }
    world.note(row);
    back(world, odoo, database, size)
}

/// The database is in step with the catalogue as it was.
pub fn back(world: &mut World, odoo: &Odoo, database: &str, size: u64) -> Result<()> {
    world.fill(size, BASE)?;
    world.run(odoo, database, DEFAULTS, &CHANGE, &[0])?;
    world.run(odoo, database, DEFAULTS, &["import-products", "-q", "--dry-run"], &[0])?;
    Ok(())
}
