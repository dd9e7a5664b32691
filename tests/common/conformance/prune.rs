//! Taking away what is old: what goes, what stays whatever its age, and that nobody can take away more.

use std::collections::BTreeMap;

use erpsync::catalog::Moment;
use erpsync::odoo::prune::{Count, Kind, Note, Windows, count, delete, note};
use erpsync::odoo::transport::Call;
use serde_json::{Value, json};

use super::World;

/// 2022-01-01 00:00:00 UTC; everything of these scenarios is of 2020, and of the others of today.
const BEFORE: Moment = Moment(1_640_995_200);
const OLD: &str = "2020-02-29 12:00:00";

async fn add(world: &World, model: &'static str, values: Value) -> i64 {
    world.admin(Call::new(model, "create").arg("vals_list", json!([values]))).await[0].as_i64().unwrap()
}

/// Procedures alone make our records. For what is older than all that they made here, the administrator may for a while.
async fn let_make(world: &World, may: bool) {
    let all = ["x_pz_run", "x_pz_product", "x_pz_conflict"].iter();
    let all: Vec<_> = all.chain(&["barcode", "price", "name"].map(super::history_model)).copied().collect();
    let models = world.rows("ir.model", json!([["model", "in", all]]), &["id"]).await;
    let models: Vec<&Value> = models.iter().map(|m| &m["id"]).collect();
    let rights = world.rows("ir.model.access", json!([["model_id", "in", models]]), &["id"]).await;
    for right in rights {
        world.edit("ir.model.access", right["id"].as_i64().unwrap(), json!({ "perm_create": may })).await;
    }
}

fn with(mut values: Value, more: &Value) -> Value {
    values.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    values
}

/// The words of what is left of a model, by the column that names it.
async fn left(world: &World, model: &'static str, column: &'static str) -> Vec<String> {
    let rows = world.rows(model, json!([["x_source", "=", "prune"]]), &[column]).await;
    let mut left: Vec<String> = rows.iter().filter_map(|r| r[column].as_str().map(str::to_owned)).collect();
    left.sort();
    left
}

pub async fn what_goes_and_what_stays(world: &World) {
    let session = world.session().await;
    let_make(world, true).await;
    let mut runs = BTreeMap::new();
    for (key, status) in [
        ("r1", "done"),
        ("r2", "failed"),
        ("r3", "done"),
        ("r4", "done"),
        ("r5", "running"),
        ("r6", "done"),
        ("r7", "done"),
    ] {
        let values = json!({"x_name": key, "x_key": key, "x_source": "prune", "x_started": OLD, "x_status": status});
        runs.insert(key, add(world, "x_pz_run", values).await);
    }
    let mut links = Vec::new();
    for id in ["1", "2"] {
        let values = json!({"x_name": id, "x_source": "prune", "x_external_id": id});
        links.push(add(world, "x_pz_product", values).await);
    }
    let of = |product: usize, run: &str, operation: &str, old: Option<&str>, new: Option<&str>| {
        json!({
            "x_name": operation, "x_operation": operation, "x_source": "prune", "x_link_id": links[product - 1],
            "x_external_id": product.to_string(), "x_when": OLD, "x_run_id": runs[run],
            "x_old": old.map_or(json!(false), Value::from), "x_new": new.map_or(json!(false), Value::from),
        })
    };
    let codes = "x_pz_product_barcode_history";
    for line in [
        of(1, "r1", "gone: A", None, Some("A")),
        of(1, "r1", "gone: Q", None, Some("Q")),
        of(1, "r2", "gone: A to B", Some("A"), Some("B")),
        of(1, "r2", "gone: Q lost", Some("Q"), None),
        of(1, "r3", "a further code that it has", None, Some("P")),
        of(1, "r3", "B to C, which it has", Some("B"), Some("C")),
        of(2, "r3", "A, which it has", None, Some("A")),
        // A product outside lost its code to 1, and stands under its external id.
        with(of(1, "r3", "outside: C", Some("C"), None), &json!({"x_link_id": false})),
        with(of(1, "r1", "gone: of no product", Some("X"), None), &json!({"x_link_id": false, "x_external_id": false})),
    ] {
        add(world, codes, line).await;
    }
    let prices = "x_pz_product_price_history";
    for line in [of(1, "r1", "gone: 10", None, Some("10")), of(1, "r3", "12", Some("10"), Some("12"))] {
        add(world, prices, line).await;
    }
    let names = "x_pz_product_name_history";
    for (line, language) in [
        (of(1, "r1", "gone: Tee", Some("T"), Some("Tee")), "ru_RU"),
        (of(1, "r3", "Tea", Some("T"), Some("Tea")), "en_US"),
        (of(1, "r3", "Чай", Some("Tee"), Some("Чай")), "ru_RU"),
    ] {
        add(world, names, with(line, &json!({"x_language": language}))).await;
    }
    let waits = |name: &str, state: &str, closed: Option<&str>, run: &str| {
        json!({
            "x_name": name, "x_source": "prune", "x_external_id": name, "x_kind": "no-price", "x_subject": name,
            "x_state": state, "x_opened": OLD, "x_closed": closed.map_or(json!(false), Value::from),
            "x_opened_run_id": runs[run],
        })
    };
    for one in [
        waits("gone: closed", "closed", Some(OLD), "r2"),
        waits("closed lately", "closed", Some("2022-01-01 00:00:00"), "r4"),
        waits("decided", "decided", None, "r4"),
        waits("open", "open", None, "r4"),
    ] {
        add(world, "x_pz_conflict", one).await;
    }
    let_make(world, false).await;
    // What runs of today did is younger.
    let counts = count(&session, BEFORE).await.unwrap();
    let old: Vec<usize> = Kind::ALL.iter().map(|kind| counts[kind].old).collect();
    assert_eq!(old, [5, 1, 1, 1, 3], "r1, r2 and r6 go among the runs: {counts:?}");
    assert!(counts.values().all(|Count { old, all }| all > old), "{counts:?}");

    let (mut deleted, mut windows) = (BTreeMap::<Kind, usize>::new(), Windows::default());
    while let Some((kind, n)) = delete(&session, BEFORE, &mut windows, 2).await.unwrap() {
        assert!(n <= 2, "{n} {kind:?} of a window of two");
        *deleted.entry(kind).or_default() += n;
    }
    use Kind::{Barcodes, Deferred, Names, Prices, Runs};
    assert_eq!(deleted, BTreeMap::from([(Barcodes, 5), (Prices, 1), (Names, 1), (Deferred, 1), (Runs, 3)]));
    let stays = ["A, which it has", "B to C, which it has", "a further code that it has", "outside: C"];
    assert_eq!(left(world, codes, "x_operation").await, stays);
    assert_eq!(left(world, prices, "x_operation").await, ["12"]);
    assert_eq!(left(world, names, "x_operation").await, ["Tea", "Чай"]);
    assert_eq!(left(world, "x_pz_conflict", "x_name").await, ["closed lately", "decided", "open"]);
    assert_eq!(left(world, "x_pz_run", "x_key").await, ["r3", "r4", "r5", "r7"]);
    let lines = world.rows(codes, json!([["x_source", "=", "prune"]]), &["x_run_id"]).await;
    assert!(lines.iter().all(|line| line["x_run_id"][0] == runs["r3"]), "{lines:?}");
    let now: Vec<usize> = count(&session, BEFORE).await.unwrap().values().map(|c| c.old).collect();
    assert_eq!(now, [0; 5]);

    let line =
        Note { key: "pruned", holder: "host:prune", started: Moment(1_700_000_000), status: "done", summary: "much" };
    for _ in 0..2 {
        note(&session, BEFORE, &line).await.unwrap();
    }
    let fields = ["x_command", "x_status", "x_summary", "x_host", "x_started", "x_source"];
    let found = world.rows("x_pz_run", json!([["x_key", "=", "pruned"]]), &fields).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let values: Vec<&Value> = fields.iter().map(|field| &found[0][*field]).collect();
    let wanted = json!(["prune", "done", "much", "host:prune", "2023-11-14 22:13:20", false]);
    assert_eq!(json!(values), wanted);
}

pub async fn only_what_is_old(world: &World) {
    let session = world.session().await;
    let now = chrono::Utc::now().timestamp();
    for days in [0, 26] {
        let before = Moment(now - days * 86_400);
        let deleted = delete(&session, before, &mut Windows::default(), 1).await;
        let errors = [count(&session, before).await.unwrap_err(), deleted.unwrap_err()];
        for error in errors {
            assert!(error.to_string().contains("not 27 days old"), "{error}");
        }
    }
    count(&session, Moment(now - 28 * 86_400)).await.unwrap();
}
