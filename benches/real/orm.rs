//! The ceilings of writing: Odoo's own ORM inside `odoo shell`, with the same records and batches.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use erpsync::catalog::{Price, PriceDigits};
use serde_json::{Value, json};

use crate::odoo::Odoo;
use crate::recipe::{BASE, State, product};
use crate::table::Sample;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Products, links, history.
    Create,
    /// Prices, links, history.
    Prices,
    /// Names, prices and barcodes of the products that a state changes, links, history.
    Changes,
    /// Prices alone; taken back at the end of each batch, so that nobody finds them.
    BarePrices,
}

/// Does the work for products `0..size` in so many processes side by side.
pub fn measure(
    odoo: &Odoo,
    database: &str,
    work: Work,
    size: u64,
    state: State,
    batch: u64,
    processes: u64,
) -> Result<Sample> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let meeting = RUNS.fetch_add(1, Ordering::Relaxed);
    let share = size.div_ceil(processes);
    let shells = (0..processes).map(|number| {
        let numbers = ((number * share)..((number + 1) * share).min(size))
            .filter(|i| work != Work::Changes || product(*i, state) != product(*i, BASE));
        let rows = rows(odoo, numbers, state)?;
        let ask = json!({
            "batch": batch, "run": format!("ceiling-{meeting}-{number}"), "meeting": meeting, "processes": processes,
            "bare": work == Work::BarePrices,
        });
        odoo.shell_begun(database, &script(odoo, work, &ask, &rows))
    });
    let shells = shells.collect::<Result<Vec<_>>>()?;
    let (mut begin, mut end) = (f64::INFINITY, 0.0_f64);
    for shell in shells {
        let printed = shell.end()?;
        let line = printed.lines().last().context("the ceiling printed nothing")?;
        let times: Value = serde_json::from_str(line).with_context(|| format!("the ceiling printed {line:?}"))?;
        begin = begin.min(times["begin"].as_f64().context("no begin")?);
        end = end.max(times["end"].as_f64().context("no end")?);
    }
    Ok(Sample { seconds: end - begin, ..Sample::default() })
}

fn rows(odoo: &Odoo, numbers: impl Iterator<Item = u64>, state: State) -> Result<Value> {
    let digits = PriceDigits::from_odoo(Some(odoo.digits()));
    let row = |i| -> Result<Value> {
        let p = product(i, state);
        let said = Price::parse(&p.price)?;
        let wrote = said.rounded(digits);
        Ok(json!({
            "id": p.id.to_string(), "name": p.name, "barcodes": p.barcodes, "price": wrote.to_odoo(digits)?,
            "said": said.to_string(), "wrote": wrote.to_string(),
        }))
    };
    numbers.map(row).collect::<Result<Vec<_>>>().map(Value::from)
}

/// JSON twice over is a string of Python that holds JSON.
fn script(odoo: &Odoo, work: Work, ask: &Value, rows: &Value) -> String {
    let quoted = |value: &Value| Value::from(value.to_string()).to_string();
    let body = match work {
        Work::Create => include_str!("orm/create.py"),
        Work::Changes => include_str!("orm/changes.py"),
        Work::Prices | Work::BarePrices => include_str!("orm/prices.py"),
    };
    format!(
        "import json\nODOO = {}\nASK = json.loads({})\nROWS = json.loads({})\n{}{body}",
        odoo.version,
        quoted(ask),
        quoted(rows),
        include_str!("orm/common.py")
    )
}
