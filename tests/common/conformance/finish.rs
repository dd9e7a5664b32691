//! The end of a run: deferred actions opened once, kept, closed; the run's line.

use erpsync::odoo::writer::{DeferredRow, Finish, Spoken};
use serde_json::{Map, Value, json};

use super::{World, create, create_row, external, take};

pub fn deferred(id: &str, kind: &'static str, subject: &str, message: &str) -> DeferredRow {
    DeferredRow {
        external_id: id.to_owned(),
        kind,
        subject: subject.to_owned(),
        holder: None,
        candidates: vec![5, 6],
        value: String::new(),
        choices: "give keep abandon".to_owned(),
        settled: None,
        message: message.to_owned(),
    }
}

pub fn finish() -> Finish {
    Finish {
        status: "done".to_owned(),
        summary: "all well".to_owned(),
        created: 2,
        changed: 3,
        barcodes: 4,
        refused: 1,
    }
}

async fn conflicts_of(world: &World) -> Vec<Map<String, Value>> {
    let fields = [
        "x_external_id",
        "x_kind",
        "x_subject",
        "x_message",
        "x_state",
        "x_link_id",
        "x_candidates",
        "x_opened",
        "x_closed",
        "write_date",
    ];
    world.rows("x_pz_conflict", json!([["x_source", "=", "finish"]]), &fields).await
}

async fn states(world: &World) -> Vec<(String, String, i64)> {
    let rows = world
        .rows("x_pz_product", json!([["x_source", "=", "finish"]]), &["x_external_id", "x_state", "x_event_type"])
        .await;
    let text = |r: &Map<String, Value>, name: &str| r[name].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|r| (text(r, "x_external_id"), text(r, "x_state"), r["x_event_type"].as_i64().unwrap())).collect()
}

pub async fn conflicts(world: &World) {
    let session = world.session().await;
    create(&session, "finish", &[create_row("1", "One", 1.0, None), create_row("2", "Two", 1.0, None)]).await;
    let writer = take(&session, "finish").await;
    let rows = [
        deferred("1", "barcode-contested", "4601234567890", "listed by #1 and #2"),
        deferred("1", "no-price", "", "has no price"),
        deferred("9", "ambiguous", "", "two products fit"),
        // Said twice, it is one all the same.
        deferred("1", "no-price", "", "has no price"),
    ];
    let ending = writer.finish(&rows, Spoken::default(), &finish()).await.unwrap();
    assert_eq!((ending.opened, ending.closed, ending.open), (3, 0, 3));
    let opened = conflicts_of(world).await;
    assert_eq!(opened.len(), 3);
    assert!(opened.iter().all(|c| c["x_state"] == "open" && c["x_opened"].is_string() && c["x_candidates"] == "5 6"));
    assert!(opened.iter().all(|c| c["x_link_id"].is_array() == (c["x_external_id"] == "1")), "{opened:?}");
    let state = |id: &str, state: &str, kind: i64| (id.to_owned(), state.to_owned(), kind);
    assert_eq!(states(world).await, [state("1", "waiting", 12), state("2", "ok", 11)]);
    // The same again, as when its answer was lost: the same answer, and nothing is written.
    let again = writer.finish(&rows, Spoken::default(), &finish()).await.unwrap();
    assert_eq!((again.opened, again.closed, again.open), (3, 0, 3));
    assert_eq!(conflicts_of(world).await, opened);
    // A partial run compares the products that it looked at and no others.
    let scope = [external("1")];
    let other = deferred("1", "no-price", "", "still has no price");
    let part = writer.finish(&[other], Spoken { scope: Some(&scope), ..Spoken::default() }, &finish()).await.unwrap();
    assert_eq!((part.opened, part.closed, part.open), (3, 1, 2));
    let now = conflicts_of(world).await;
    let of = |kind: &str| now.iter().find(|c| c["x_kind"] == kind).unwrap();
    assert_eq!(
        (&of("barcode-contested")["x_state"], of("barcode-contested")["x_closed"].is_string()),
        (&json!("closed"), true)
    );
    assert_eq!(
        (&of("no-price")["x_state"], &of("no-price")["x_message"]),
        (&json!("open"), &json!("still has no price"))
    );
    assert_eq!(of("ambiguous")["x_state"], "open");
    assert_eq!(states(world).await[0], state("1", "waiting", 12));
    // A run that applied nothing leaves them alone.
    writer.end_run(&Finish { status: "refused".to_owned(), ..finish() }).await.unwrap();
    assert_eq!(conflicts_of(world).await, now);
    let settled = writer.finish(&[], Spoken::default(), &finish()).await.unwrap();
    assert_eq!((settled.opened, settled.closed, settled.open), (3, 3, 0));
    assert_eq!(states(world).await, [state("1", "ok", 11), state("2", "ok", 11)]);
    // Closed is closed; the same clash later is another record.
    let reopened = writer.finish(&rows[..1], Spoken::default(), &finish()).await.unwrap();
    assert_eq!((reopened.opened, reopened.closed, reopened.open), (4, 3, 1));
    assert_eq!(conflicts_of(world).await.len(), 4);
    let run = world
        .rows(
            "x_pz_run",
            json!([["x_key", "=", "key-finish"]]),
            &["x_status", "x_summary", "x_ended", "x_created", "x_deferred", "x_command", "x_host"],
        )
        .await;
    let run = &run[0];
    assert_eq!((&run["x_status"], &run["x_summary"]), (&json!("done"), &json!("all well")));
    assert_eq!((&run["x_created"], &run["x_deferred"]), (&json!(2), &json!(1)));
    assert_eq!((&run["x_command"], &run["x_host"]), (&json!("import-products"), &json!("host:finish")));
    assert!(run["x_ended"].is_string());
    writer.release().await.unwrap();
}

pub async fn states_of_links(world: &World) {
    let session = world.session().await;
    let rows = ["1", "2", "3"].map(|id| create_row(id, &format!("State {id}"), 1.0, None));
    create(&session, "states", &rows).await;
    let writer = take(&session, "states").await;
    let mut held = deferred("3", "barcode-contested", "x", "held by a product that was deleted since the plan");
    held.holder = Some(999_999);
    let rows = [
        deferred("1", "no-price", "", "a"),
        deferred("1", "refused", "update", "b"),
        deferred("2", "product-gone", "", "c"),
        held,
    ];
    let ending = writer.finish(&rows, Spoken::default(), &finish()).await.unwrap();
    assert_eq!((ending.opened, ending.open), (4, 4));
    let links = world.rows("x_pz_product", json!([["x_source", "=", "states"]]), &["x_state"]).await;
    let states: Vec<&str> = links.iter().filter_map(|l| l["x_state"].as_str()).collect();
    assert_eq!(states, ["refused", "gone", "waiting"]);
    let domain = json!([["x_source", "=", "states"], ["x_external_id", "=", "3"]]);
    assert_eq!(world.rows("x_pz_conflict", domain, &["x_holder_id"]).await[0]["x_holder_id"], json!(false));
    writer.release().await.unwrap();
}

/// What no single call carries: each part opens and closes by itself.
pub async fn parts(world: &World) {
    let session = world.session().await;
    let writer = take(&session, "parts").await;
    // Texts in another order than numbers are, letters of several alphabets, and blanks inside.
    let ids: Vec<String> = (1..=1_400).map(|n| format!("{}{n}", ["", "A-", "Я ", "z", "0"][n % 5])).collect();
    let rows: Vec<_> = ids.iter().map(|id| deferred(id, "no-price", "", "has no price")).collect();
    let all = writer.finish(&rows, Spoken::default(), &finish()).await.unwrap();
    assert_eq!((all.opened, all.closed, all.open), (1_400, 0, 1_400));
    let again = writer.finish(&rows, Spoken::default(), &finish()).await.unwrap();
    assert_eq!((again.opened, again.closed, again.open), (1_400, 0, 1_400));
    // A scope and an undone list that are long themselves.
    let scope: Vec<_> = ids.iter().take(1_200).map(|id| external(id)).collect();
    let undone: Vec<_> = ids.iter().skip(1_300).map(|id| external(id)).collect();
    let spoken = Spoken { scope: Some(&scope), undone: &undone, ..Spoken::default() };
    let some = writer.finish(&rows[..600], spoken, &finish()).await.unwrap();
    assert_eq!((some.closed, some.open), (600, 800), "of the 1,200 spoken of, those not named are settled");
    let closed = world.rows(
        "x_pz_conflict",
        json!([["x_source", "=", "parts"], ["x_state", "=", "closed"]]),
        &["x_external_id"],
    );
    let mut closed: Vec<String> =
        closed.await.iter().map(|r| r["x_external_id"].as_str().unwrap_or_default().to_owned()).collect();
    closed.sort();
    let mut wanted = ids[600..1_200].to_vec();
    wanted.sort();
    assert_eq!(closed, wanted);
    let rest = writer.finish(&[], Spoken::default(), &finish()).await.unwrap();
    assert_eq!((rest.closed, rest.open), (1_400, 0));
    let run = world.rows("x_pz_run", json!([["x_key", "=", "key-parts"]]), &["x_deferred", "x_status"]).await;
    assert_eq!((&run[0]["x_deferred"], &run[0]["x_status"]), (&json!(0), &json!("done")));
    writer.release().await.unwrap();
}
