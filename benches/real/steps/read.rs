//! Reading the source: the ceilings alone. What the tool needs beyond them, the step `unchanged` tells.

use anyhow::Result;

use crate::recipe::BASE;
use crate::table::{Row, Sample, Series};
use crate::world::World;

/// A bare loop over the tool's queries, and FreeTDS' bulk copy program where it is installed.
pub fn run(world: &mut World, size: u64) -> Result<()> {
    world.fill(size, BASE)?;
    let mut row = Row::new("read", "bare loop", None, size);
    row.subject = Series::new("bare loop");
    for _ in 0..world.rounds {
        row.subject.samples.push(world.read()?);
        if let Some(usage) = crate::reader::freebcp(&world.source, world.tool.directory())? {
            row.ceiling("freebcp", Sample::from(usage));
        }
    }
    world.note(row);
    Ok(())
}
