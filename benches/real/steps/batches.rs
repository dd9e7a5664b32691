//! How many records a call should carry: fixed sizes, for creating and for new prices.

use anyhow::Result;

use crate::odoo::Odoo;
use crate::recipe::State;
use crate::steps::first_import::imported;
use crate::table::Row;
use crate::tool::{DEFAULTS, Settings};
use crate::world::{CHANGE, World};

const BATCHES: [u64; 5] = [50, 100, 200, 500, 1_000];

/// Creates, then changes every price, with each size in turn.
pub fn run(world: &mut World, odoo: &Odoo, size: u64) -> Result<()> {
    let rows = |step: &str| BATCHES.map(|batch| Row::new(step, format!("{batch} a call"), Some(odoo.version), size));
    let (mut creates, mut prices) = (rows("batch size, first import"), rows("batch size, all prices"));
    for round in 0..world.rounds {
        for (at, batch) in BATCHES.into_iter().enumerate() {
            let settings = Settings { batch, ..DEFAULTS };
            let (sample, database) = imported(world, odoo, size, settings)?;
            creates[at].subject.samples.push(sample);
            world.fill(size, State::Prices(u64::from(round) + 1))?;
            prices[at].subject.samples.push(world.run(odoo, &database, settings, &CHANGE, &[0])?);
            odoo.drop(&[&database])?;
        }
    }
    creates.into_iter().chain(prices).for_each(|row| world.note(row));
    Ok(())
}
