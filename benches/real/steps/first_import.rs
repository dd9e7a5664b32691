//! The first import into an Odoo without products of the source: products, links and history.

use anyhow::{Result, ensure};

use crate::orm::{self, Work};
use crate::recipe::BASE;
use crate::table::{Row, Sample};
use crate::tool::{DEFAULTS, Settings};
use crate::world::{CREATE, World};

/// Records that a ceiling's call carries: the tool's default.
pub const BATCH: u64 = 500;

/// With so many workers and connections. The ceiling is the ORM in as many processes as there are workers.
pub fn run(world: &mut World, version: u32, size: u64, workers: u32, connections: u32) -> Result<()> {
    let odoo = world.odoo(version, workers)?;
    let ways = |count: u32, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let what = format!("{}, {}", ways(workers, "worker"), ways(connections, "connection"));
    let mut row = Row::new("first import", what, Some(version), size);
    let settings = Settings { connections: if connections > 1 { connections } else { 0 }, ..DEFAULTS };
    for _ in 0..world.rounds {
        let (sample, database) = imported(world, &odoo, size, settings)?;
        row.subject.samples.push(sample);
        odoo.drop(&[&database])?;
        let database = world.empty(&odoo)?;
        let processes = u64::from(workers);
        let name = format!("ORM in {}", ways(workers, "process").replace("processs", "processes"));
        row.ceiling(&name, orm::measure(&odoo, &database, Work::Create, size, BASE, BATCH, processes)?);
        linked(&odoo, &database, size)?;
        odoo.drop(&[&database])?;
    }
    world.note(row);
    Ok(())
}

/// One import into an empty database, and the database.
pub fn imported(
    world: &mut World,
    odoo: &crate::odoo::Odoo,
    size: u64,
    settings: Settings,
) -> Result<(Sample, String)> {
    world.fill(size, BASE)?;
    let database = world.empty(odoo)?;
    let sample = world.run(odoo, &database, settings, &CREATE, &[0])?;
    linked(odoo, &database, size)?;
    Ok((sample, database))
}

fn linked(odoo: &crate::odoo::Odoo, database: &str, size: u64) -> Result<()> {
    let links = odoo.number(
        database,
        "select count(*) from x_pz_product l join product_product p on p.id = l.x_product_id and p.barcode = l.x_wrote_barcode",
    )?;
    ensure!(links == size, "{links} of {size} products were created");
    Ok(())
}
