//! What changed since the last run is found by its row, however and whenever it was written: past Odoo, in a transaction
//! that a run did not see to its end, before a vacuum, in a copy of the database.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::shop::ean13;
use crate::common::target::script;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "judged");
    let names: Vec<String> = (0..20).map(|n| format!("Product {n}")).collect();
    let rows: Vec<_> = names.iter().zip(1..).map(|(name, id)| (id, &**name, Some("5"), &[][..])).collect();
    world.source(&rows);
    let code = ean13(1500);
    world.add(&[(21, "Product 20", Some("5"), &[&code])]);
    world.import_and_settle(&["--first-run"], 0);
    let key = || {
        world.sql(
            "select x_seen::jsonb->(select min(x_source) from x_pz_product)->>'key' from x_pz_lane where x_lane = 0",
        )
    };
    let ours = key();
    assert_eq!(ours.is_empty(), version < 16, "what was judged is remembered: {ours}");
    let template =
        |id: i64| world.sql(&format!("select product_tmpl_id from product_product where id = {}", world.linked(id)));
    let price =
        |id: i64, price: i64| format!("update product_template set list_price = {price} where id = {}", template(id));

    world.sql(&price(3, 9));
    world.import_and_settle(&[], 0).says("drift").says("1 changed");

    // A transaction that was begun before a run, and comes to its end behind it.
    let mut open = Open::begin(&world, &price(4, 9));
    world.import(&[]).expect(0).says("nothing changed");
    world.import(&[]).expect(0).says("nothing changed");
    world.sql(&price(5, 9));
    world.import(&[]).expect(0).says("1 changed");
    open.end("commit");
    world.import_and_settle(&[], 0).says("drift").says("1 changed");

    // What was thrown away is no change.
    let mut open = Open::begin(&world, &price(6, 9));
    world.import(&[]).expect(0).says("nothing changed");
    open.end("rollback");
    world.assert_settled(0);

    for what in ["full", "freeze"] {
        world.sql(&price(7, 9));
        for table in ["product_template", "product_product", "x_pz_product"] {
            world.sql(&format!("vacuum ({what}) {table}"));
        }
        world.import_and_settle(&[], 0).says("1 changed");
    }

    if version >= 16 {
        // In a copy everything is judged anew: the numbers of its transactions may be another server's.
        let source = &world.target().database;
        let copy = format!("{source}_copy");
        let free = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}' and usename = current_user"
        );
        let version = version.to_string();
        script("drop-db", &[&version, &copy]);
        let make = format!("create database {copy} template {source} strategy file_copy");
        script("psql", &[&version, "postgres", "-XAtq", "-c", &free, "-c", &make]);
        let config = std::fs::read_to_string(world.bench.config()).unwrap();
        std::fs::write(world.bench.config(), config.replace(source.as_str(), &copy)).unwrap();
        world.bench.import(&[]).expect(0).says("nothing changed");
        let theirs = script("psql", &[&version, &copy, "-XAt", "-c", "select x_seen from x_pz_lane where x_lane = 0"]);
        assert!(
            theirs.contains("\"key\"") && !theirs.contains(&ours),
            "the copy goes by what the original found: {theirs}"
        );
        script("drop-db", &[&version, &copy]);
    }
}

/// A transaction of somebody else's.
struct Open {
    psql: Child,
}

impl Open {
    fn begin(world: &World, statement: &str) -> Self {
        let scripts = std::env::var_os("ERPSYNC_TEST_ODOO_SCRIPTS")
            .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/odoo")), PathBuf::from);
        let mut psql = Command::new(scripts.join("psql"))
            .args([&world.version().to_string(), &world.target().database, "-XAt"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(psql.stdin.as_mut().unwrap(), "begin; {statement};\n\\echo written").unwrap();
        let lines = BufReader::new(psql.stdout.as_mut().unwrap()).lines();
        let said: Vec<String> = lines.map(Result::unwrap).take_while(|line| line != "written").collect();
        assert!(said.contains(&"UPDATE 1".to_owned()), "{said:?}");
        Self { psql }
    }

    fn end(&mut self, how: &str) {
        let mut stdin = self.psql.stdin.take().unwrap();
        writeln!(stdin, "{how};").unwrap();
        drop(stdin);
        assert!(self.psql.wait().unwrap().success());
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Of no interest where it ended well.
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}
