//! Hostile questions to the procedures, as anybody may put them who has the sync account: whatever stands in any key of any
//! question, nothing but an error or an ordinary answer comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use erpsync::odoo::procedure::Procedure;
use erpsync::odoo::retry::{Hurry, Retry};
use erpsync::odoo::transport::Call;
use erpsync::odoo::{ConnectOptions, Odoo, TransportChoice, Trust};
use serde_json::{Value, json};

use crate::common::target::SYNC_PASSWORD;
use crate::proxy::{Fate, stand_between};
use crate::world::{LOGINS, World};

/// What the hostile texts try to do, in any place of a statement that they might get into.
const DEED: &str = "INSERT INTO erpsync_canary VALUES (1)";

fn hostile() -> Vec<Value> {
    let text = |before: &str, after: &str| json!(format!("{before}; {DEED}; {after}--"));
    vec![
        text("0) THEN true END) IS NOT TRUE END)", "SELECT 'x' "),
        text("x'", ""),
        text("x\\'", ""),
        text("x')", "SELECT ('x' "),
        json!("%s %% %(source)s %(language0)s %d %"),
        json!([format!("x'; {DEED}; --"), "%s"]),
        json!({"x'); --": format!("'; {DEED}; --")}),
        Value::Null,
        json!(-1),
        json!(9_223_372_036_854_775_807_i64),
    ]
}

/// What PostgreSQL or its driver says when a value stands in a statement's text.
const BROKEN: [&str; 7] = [
    "syntax error",
    "unterminated",
    "unsupported format character",
    "not enough arguments for format",
    "not all arguments converted",
    "argument formats can't be mixed",
    "tuple index out of range",
];

/// The way to a value: keys, and the first of each list.
type Path = Vec<String>;

fn paths(value: &Value, so_far: &Path, out: &mut Vec<Path>) {
    let mut deeper = |step: &str, value: &Value| {
        let path: Path = so_far.iter().cloned().chain([step.to_owned()]).collect();
        out.push(path.clone());
        paths(value, &path, out);
    };
    match value {
        // All procedures are alike.
        Value::Object(map) if map.contains_key("snapshot") => deeper("snapshot", &map["snapshot"]),
        Value::Object(map) => map.iter().for_each(|(key, value)| deeper(key, value)),
        Value::Array(list) => list.iter().take(1).for_each(|value| deeper("0", value)),
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match value {
        Value::Array(list) => &mut list[0],
        other => &mut other[step.as_str()],
    })
}

/// What stands behind these words in a procedure's code, up to the next quote.
fn words(code: &str, before: &str) -> BTreeSet<String> {
    code.split(before).skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned()).collect()
}

/// Everything that the client asks for, each with everything that the questions can carry.
fn recorded(world: &World) -> Vec<(String, Value)> {
    let heard: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    stand_between(world, move |call| {
        hearing.lock().unwrap().push((call.procedure.clone(), call.question.clone()));
        Fate::Pass
    });
    let config = std::fs::read_to_string(world.bench.config()).unwrap();
    let more = "extra_barcodes = \"packaging\"\nmissing = \"archive\"\n";
    std::fs::write(world.bench.config(), format!("{config}\n{more}")).unwrap();
    let rows: Vec<(i64, String, Vec<String>)> =
        (1..=12).map(|i| (i, format!("Product {i}"), vec![format!("q{i}"), format!("further{i}")])).collect();
    let write = |rows: &[(i64, String, Vec<String>)], price: &str| {
        world.bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
        for (id, name, codes) in rows {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            world.add(&[(*id, name, Some(price), &codes)]);
        }
    };
    let mut rows = rows;
    world.product(json!({"name": "There before", "list_price": 3.0, "barcode": "q1"}));
    write(&rows, "2.50");
    world.bench.import(&["--first-run"]).expect(0);
    // Names, prices, codes that change hands, one that is contested, a product that goes, one that comes.
    rows[2].1 = "Another name".to_owned();
    let (a, b) = (rows[3].2.clone(), rows[4].2.clone());
    (rows[3].2, rows[4].2) = (b, a);
    rows[5].2 = vec!["q7".to_owned()];
    rows.remove(11);
    rows.push((99, "New".to_owned(), vec!["q99".to_owned()]));
    write(&rows, "2.60");
    let allowed = ["--allow-changes", "--allow-price-change", "--allow-archive", "--allow-release"];
    world.bench.import(&allowed).expect(3);
    world.bench.import(&[]).expect(3);
    write(&rows, "2.70");
    world.bench.run(&["sync-prices", "--allow-changes"]).expect(3);
    world.bench.run(&["check-barcodes"]);
    world.bench.run(&["doctor"]);
    world.sql("update x_pz_lane set x_token = 'dead', x_holder = 'a machine', x_expires = now() + interval '1 hour'");
    world.bench.run(&["unlock", "--force"]).expect(0);
    world.sql("update x_pz_product_price_history set x_when = '2020-01-01'");
    world.bench.run(&["prune", "--keep", "400d", "--dry-run"]);
    world.bench.run(&["prune", "--keep", "400d"]).expect(0);
    let heard = heard.lock().unwrap();
    let mut shapes = BTreeSet::new();
    let mut out = Vec::new();
    for (procedure, question) in heard.iter() {
        let mut keys = Vec::new();
        paths(question, &Path::new(), &mut keys);
        if shapes.insert((procedure.clone(), question["what"].to_string(), keys)) {
            out.push((procedure.clone(), question.clone()));
        }
    }
    out
}

/// A procedure's code without the functions that it never calls: all begin with the same ones.
fn called(code: &str) -> String {
    let (mut out, mut kept) = (String::new(), true);
    for line in code.lines() {
        if let Some(name) = line.strip_prefix("def ").and_then(|rest| rest.split('(').next()) {
            kept = code.matches(&format!("{name}(")).count() > 1;
        } else if line.starts_with(|c: char| !c.is_whitespace()) {
            kept = true;
        }
        if kept {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Nothing is left out: what the code reads was asked.
fn assert_complete(version: u32, questions: &[(String, Value)]) {
    for procedure in Procedure::ALL {
        let code = called(&procedure.code(version));
        let (keys, whats) = (words(&code, "ask['"), words(&code, "ask['what'] == '"));
        let of_this: Vec<&Value> = questions.iter().filter(|(p, _)| p == procedure.name()).map(|(_, q)| q).collect();
        let asked: BTreeSet<String> = of_this.iter().flat_map(|q| q.as_object().unwrap().keys().cloned()).collect();
        assert_eq!(&keys - &asked, BTreeSet::new(), "{}: what no recorded question carries", procedure.name());
        let said: BTreeSet<String> = of_this.iter().filter_map(|q| q["what"].as_str()).map(str::to_owned).collect();
        assert_eq!(&whats - &said, BTreeSet::new(), "{}: what was not asked", procedure.name());
    }
}

/// The tables that a procedure may write, as it is there for; the lease's token is one that we hold.
fn may_write(procedure: &str, question: &Value) -> Vec<&'static str> {
    let mut out = LOGINS.to_vec();
    match procedure {
        "digest" => out.push("x_pz_lane"),
        "lease" if question["what"] != "show" => out.extend(["x_pz_lane", "x_pz_run"]),
        "prune" if question["what"] != "count" => out.extend([
            "x_pz_run",
            "x_pz_conflict",
            "x_pz_product_barcode_history",
            "x_pz_product_price_history",
            "x_pz_product_name_history",
        ]),
        "create" | "update" | "move" | "report" => out.extend([
            "x_pz_lane",
            "x_pz_run",
            "x_pz_conflict",
            "x_pz_product",
            "x_pz_product_barcode_history",
            "x_pz_product_price_history",
            "x_pz_product_name_history",
            "product_product",
            "product_template",
            "product_packaging",
            "product_uom",
            "ir_translation",
            "product_taxes_rel",
            "product_supplier_taxes_rel",
            "product_value",
            "ir_property",
            "orm_signaling_default",
        ]),
        _ => {}
    }
    out
}

pub fn scenario(version: u32) {
    let world = World::in_languages(version, "questions", &["en_US", "ru_RU"]);
    let questions = recorded(&world);
    assert_complete(version, &questions);

    world.sql("create table erpsync_canary (n int)");
    let ids: BTreeMap<String, i64> = serde_json::from_str(&world.sql("select x_procedures from x_pz_setup")).unwrap();
    let options = ConnectOptions {
        url: world.target().url.clone(),
        database: world.target().database.clone(),
        login: "sync".to_owned(),
        password: Some(SYNC_PASSWORD.to_owned().into()),
        api_key: None,
        transport: TransportChoice::Web,
        trust: Trust::System,
        timeout: Duration::from_secs(120),
        retry: Retry::never(),
        hurry: Hurry::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let odoo = runtime.block_on(Odoo::connect(&options)).unwrap();
    let run = world
        .sql("insert into x_pz_run (x_name, x_key, x_host, x_source, x_status) values ('f', 'f', 'f', 'polonez', 'running') returning id");
    let run: i64 = run.lines().next().unwrap().parse().unwrap();
    let hold = || {
        world.sql(
            "update x_pz_lane set x_token = 'ours', x_holder = 'f', x_expires = now() at time zone 'utc' + interval '1 hour'",
        )
    };
    let whole = crate::common::full();
    let (mut calls, mut answered) = (0, 0);
    for (procedure, question) in &questions {
        let but = may_write(procedure, question);
        hold();
        let before = world.target().checksums(&but);
        let mut places = Vec::new();
        paths(question, &Path::new(), &mut places);
        // What the code looks for and this question does not carry.
        let code = Procedure::ALL.iter().find(|p| p.name() == procedure).unwrap().code(version);
        let read = &words(&code, "ask['") | &words(&code, "ask.get('");
        places.extend(read.into_iter().filter(|key| question.get(key).is_none()).map(|key| vec![key]));
        for (place, path) in places.iter().enumerate() {
            // A slice: each place gets another one of them.
            let all = hostile().into_iter().enumerate();
            let some = all.filter(|(number, _)| whole || (number + place + calls) % hostile().len() == 0);
            for (number, evil) in some.collect::<Vec<_>>() {
                let mut asked = question.clone();
                if asked.get("token").is_some_and(Value::is_string) {
                    asked["token"] = json!("ours");
                }
                if asked.get("run").is_some() {
                    asked["run"] = json!(run);
                    asked["key"] = json!("f");
                }
                if procedure == "create" {
                    // A product that is not there yet.
                    asked["rows"][0]["external_id"] = json!(format!("{}-{number}", path.join(".")));
                }
                *at(&mut asked, path) = evil.clone();
                if procedure == "lease" && question["what"] != "show" {
                    hold();
                }
                let call = Call::new("ir.actions.server", "run").ids(&[ids[procedure]]).context("erpsync", asked);
                calls += 1;
                match runtime.block_on(odoo.call_once(&call)) {
                    Ok(_) => answered += 1,
                    Err(error) => {
                        let text = format!("{error}\n{}", error.traceback().unwrap_or_default());
                        let broken = BROKEN.iter().find(|b| text.contains(**b));
                        assert_eq!(broken, None, "{procedure} {} = {evil}: {text}", path.join("."));
                    }
                }
            }
        }
        assert_eq!(world.sql("select count(*) from erpsync_canary"), "0", "{procedure} {}", question["what"]);
        world.assert_unchanged(&before, &but);
    }
    println!("Odoo {version}: {} questions, {calls} hostile ones, {answered} answered", questions.len());
    let at_least = if whole { 1000 } else { 100 };
    assert!(calls > at_least && answered > at_least / 10 && answered < calls, "{calls} {answered}");
}
