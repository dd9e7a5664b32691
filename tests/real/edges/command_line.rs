//! Flags, formats and statuses as scripts meet them.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::Value;

use crate::common::shop::Shop;
use crate::world::{RUN, World};

pub fn scenario(version: u32) {
    let world = World::new(version, "cli");
    let mut shop = Shop::new(40);
    shop.write(&world.bench);

    // Ten, ten more, and three by name.
    world.import(&["--first-run", "--limit", "10"]).expect(0).says("10 created");
    world.import(&["--first-run", "--limit", "10"]).expect(0).says("10 created");
    world.import(&["--allow-create", "--only", "1030,1031", "--only", "1032"]).expect(0).says("3 created");
    let ids: BTreeSet<String> = world.target().sql("select x_external_id from x_pz_product").into_iter().collect();
    let expected: BTreeSet<String> = (1001..1021).chain(1030..1033).map(|id: i64| id.to_string()).collect();
    assert_eq!(ids, expected);
    world.import(&["--only", "1030,4711"]).expect(64).says("has no product 4711");
    world.import(&["--only", ""]).expect(64);
    world.import(&["--limit", "0"]).expect(64);
    world.import(&["--limit", "ten"]).expect(64);
    world.import(&["--source", "nobody"]).expect(78).says("nobody");
    world.import(&["--frobnicate"]).expect(64);
    world.import(&["--source", "polonez", "--dry-run", "--allow-create"]).expect(2).says("17 to create");

    // Lines: nine columns each; JSON: one document; both agree.
    let lines = world.import(&["--dry-run", "--allow-create", "--format", "lines"]).expect(2);
    assert!(lines.stdout.lines().all(|l| l.split('\t').count() == 9), "{}", lines.stdout);
    let in_lines: BTreeSet<&str> = lines.stdout.lines().map(|l| l.split('\t').nth(2).unwrap()).collect();
    let json = world.import(&["--dry-run", "--allow-create", "--format", "json"]).expect(2);
    let plan: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(plan["format"], "erpsync-plan");
    let in_json: BTreeSet<&str> =
        plan["changes"].as_array().unwrap().iter().map(|c| c["external_id"].as_str().unwrap()).collect();
    assert_eq!(in_lines, in_json);
    assert_eq!(in_json.len(), 17);
    assert_eq!(json.stderr, "");

    let json = world.import(&["--allow-create", "--format", "json"]).expect(0);
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&report["format"], &report["created"]), (&"erpsync-report".into(), &17.into()));
    assert_eq!(report["run"], world.sql("select x_key from x_pz_run order by id desc limit 1"));
    assert_eq!(report["plan"]["changes"].as_array().map(Vec::len), Some(17));

    // In step, asked to be quiet: not a word, and nothing is written.
    let before = world.target().checksums(&RUN);
    for args in [&["-q"][..], &["-q", "--format", "json"], &["-q", "--dry-run"], &["--quiet", "--format", "lines"]] {
        let run = world.import(args).expect(0);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{args:?}");
    }
    let lines = world.import(&["--format", "lines"]).expect(0);
    assert_eq!((lines.stdout.as_str(), lines.stderr.as_str()), ("", ""));
    world.assert_unchanged(&before, &RUN);

    // Nobody reads the answer: no error, the work is done all the same.
    for id in 1001..1041 {
        shop.product(id).name = format!("Renamed {id}");
    }
    shop.write(&world.bench);
    for args in [&["--dry-run"][..], &[], &["--format", "json", "--allow-changes"]] {
        let mut child = crate::gate::start(&world, args);
        drop(child.stdout.take());
        let run = crate::gate::end(child);
        assert_eq!(run.stderr, "", "{args:?}");
        assert!(matches!(run.status, 0 | 2), "{args:?}: {}", run.status);
    }
    assert_eq!(world.count("product_template where name::text like '%Renamed%'"), 40);
    world.import(&["-v"]).expect(0).says("Nothing to do");

    // A server that is not there, and a wrong password.
    world.through("http://127.0.0.1:1");
    let mut nobody = world.bench.command(&["import-products", "--dry-run"]);
    nobody.stdout(Stdio::null());
    let child = nobody.stderr(Stdio::piped()).spawn().unwrap();
    crate::gate::end(child).expect(69).says("cannot reach Odoo");
    world.through(&world.target().url.clone());
    let mut wrong = world.bench.command(&["import-products", "--dry-run"]);
    wrong.env("ERPSYNC_ODOO_PASSWORD", "wrong").env("ERPSYNC_ODOO_API_KEY", "wrong");
    let output = wrong.output().unwrap();
    assert_eq!(output.status.code(), Some(77), "{}", String::from_utf8_lossy(&output.stderr));
}
