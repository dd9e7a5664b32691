//! Another program on the same records and the same server: fluvo, which `benches/run --peers` installs.
//!
//! It is given what it asks for to be fast: no checks before, no checkpoints, no throttle, a key and JSON-2 where Odoo has
//! them. It keeps neither links nor history, reads files rather than a database, and runs as the administrator.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use erpsync::catalog::{Price, PriceDigits};

use crate::measure;
use crate::odoo::Odoo;
use crate::recipe::{BASE, State, product};
use crate::steps::first_import::imported;
use crate::table::{Row, Sample};
use crate::tool::DEFAULTS;
use crate::world::{CHANGE, World};

/// Import, new prices, nothing changed; one after the other in a database each.
pub fn run(world: &mut World, odoo: &Odoo, size: u64) -> Result<()> {
    let names = ["first import", "all prices", "nothing changed"];
    let mut rows = names.map(|name| Row::new("peers", name, Some(odoo.version), size));
    for round in 0..world.rounds {
        let prices = State::Prices(u64::from(round) + 1);
        let (sample, database) = imported(world, odoo, size, DEFAULTS)?;
        rows[0].subject.samples.push(sample);
        world.fill(size, prices)?;
        rows[1].subject.samples.push(world.run(odoo, &database, DEFAULTS, &CHANGE, &[0])?);
        rows[2].subject.samples.push(world.run(odoo, &database, DEFAULTS, &["import-products", "-q"], &[0])?);
        odoo.drop(&[&database])?;

        let database = world.empty(odoo)?;
        let peer = Peer::new(world, odoo, &database)?;
        rows[0].ceiling("fluvo", peer.import(&whole(odoo, size, BASE)?, &[])?);
        let count = odoo.number(&database, "select count(*) from product_product where barcode like '460%'")?;
        ensure!(count == size, "fluvo created {count} of {size} products:\n{}", measure::tail(&peer.log()));
        rows[1].ceiling("fluvo", peer.import(&only_prices(odoo, size, prices)?, &[])?);
        let again = whole(odoo, size, prices)?;
        rows[2].ceiling("fluvo --skip-unchanged", peer.import(&again, &["--skip-unchanged"])?);
        odoo.drop(&[&database])?;
    }
    rows.into_iter().for_each(|row| world.note(row));
    Ok(())
}

/// A price in Python's words, rounded as Odoo rounds: fluvo compares texts.
fn price(odoo: &Odoo, text: &str) -> Result<String> {
    let digits = PriceDigits::from_odoo(Some(odoo.digits()));
    Ok(format!("{:?}", Price::parse(text)?.rounded(digits).to_odoo(digits)?))
}

fn whole(odoo: &Odoo, size: u64, state: State) -> Result<String> {
    let (kind, value) = if odoo.version >= 18 { ("is_storable", "True") } else { ("type", "product") };
    let mut out = format!("id,name,list_price,barcode,default_code,{kind},available_in_pos\n");
    for p in (0..size).map(|i| product(i, state)) {
        let price = price(odoo, &p.price)?;
        writeln!(out, "bench.p{0},{1},{price},{2},{0},{value},True", p.id, p.name, p.barcodes[0])?;
    }
    Ok(out)
}

fn only_prices(odoo: &Odoo, size: u64, state: State) -> Result<String> {
    let mut out = "id,list_price\n".to_owned();
    for p in (0..size).map(|i| product(i, state)) {
        writeln!(out, "bench.p{},{}", p.id, price(odoo, &p.price)?)?;
    }
    Ok(out)
}

struct Peer {
    program: PathBuf,
    directory: tempfile::TempDir,
}

impl Peer {
    fn new(world: &World, odoo: &Odoo, database: &str) -> Result<Self> {
        let program =
            std::env::var("ERPSYNC_BENCH_FLUVO").context("fluvo is not installed; use benches/run --peers")?;
        let directory = tempfile::tempdir_in(world.tool.directory())?;
        let port = odoo.url.rsplit(':').next().unwrap_or_default();
        let (protocol, password) = if odoo.version >= 19 {
            ("json2", odoo.api_key(database, "admin")?)
        } else {
            ("jsonrpc", "admin".to_owned())
        };
        let text = format!(
            "[Connection]\nhostname = 127.0.0.1\nport = {port}\ndatabase = {database}\nlogin = admin\n\
             password = {password}\nprotocol = {protocol}\nuid = 2\n"
        );
        std::fs::write(directory.path().join("connection.conf"), text)?;
        Ok(Self { program: program.into(), directory })
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("fluvo.log")
    }

    fn import(&self, csv: &str, more: &[&str]) -> Result<Sample> {
        std::fs::write(self.directory.path().join("products.csv"), csv)?;
        let arguments = [
            "import",
            "--connection-file",
            "connection.conf",
            "--file",
            "products.csv",
            "--model",
            "product.product",
            "--worker",
            "1",
            "--size",
            "500",
            "-s",
            ",",
            "--no-preflight-checks",
            "--no-checkpoint",
            "--no-cache",
            "--no-adaptive-throttle",
            "--headless",
            "--context",
            "{'tracking_disable': True, 'mail_create_nolog': True, 'mail_create_nosubscribe': True, 'mail_notrack': True}",
        ];
        let arguments = [&arguments, more].concat();
        let usage = measure::run(&self.program, &arguments, &self.log(), &[0], |command| {
            command.current_dir(self.directory.path()).env("HOME", self.directory.path());
        })?;
        Ok(Sample::from(usage))
    }
}
