//! Every price changes.

use anyhow::Result;

use crate::odoo::Odoo;
use crate::orm::{self, Work};
use crate::recipe::State;
use crate::steps::first_import::BATCH;
use crate::steps::unchanged::back;
use crate::table::Row;
use crate::tool::DEFAULTS;
use crate::world::{CHANGE, World};

/// Its name, its arguments, and what the source's generations are.
type Way<'a> = (&'a str, &'a [&'a str], fn(u64) -> State);

/// Through both commands, with hardly two prices equal and with ten prices in all. Ceilings: the same records through
/// the ORM, and bare writes of the prices.
pub fn prices(world: &mut World, odoo: &Odoo, database: &str, size: u64) -> Result<()> {
    let prices_only: Vec<&str> = [&["sync-prices", "-q"], &CHANGE[2..4]].concat();
    let ways: [Way<'_>; 3] = [
        ("import-products, all different", &CHANGE, State::Prices),
        ("import-products, ten prices", &CHANGE, State::TenPrices),
        ("sync-prices, all different", &prices_only, State::Prices),
    ];
    let mut rows: Vec<Row> = ways.iter().map(|w| Row::new("all prices", w.0, Some(odoo.version), size)).collect();
    let mut generation = 0;
    for _ in 0..world.rounds {
        for (row, (_, arguments, state)) in rows.iter_mut().zip(&ways) {
            generation += 1;
            world.fill(size, state(generation))?;
            row.subject.samples.push(world.run(odoo, database, DEFAULTS, arguments, &[0])?);
            generation += 1;
            // The links remember what it writes, so it is as if the tool had done it.
            row.ceiling("ORM", orm::measure(odoo, database, Work::Prices, size, state(generation), BATCH, 1)?);
            let bare = orm::measure(odoo, database, Work::BarePrices, size, state(generation + 1), BATCH, 1)?;
            row.ceiling("bare prices", bare);
        }
    }
    rows.into_iter().for_each(|row| world.note(row));
    back(world, odoo, database, size)
}
