//! What people choose about deferred actions, and what becomes of it.

use erpsync::catalog::{Aspect, Choice, Decision, DeferredKind};
use erpsync::odoo::Session;
use erpsync::odoo::snapshot::Wanted;
use erpsync::odoo::writer::{DeferredRow, Ending, Spoken};
use serde_json::{Map, Value, json};

use super::finish::{deferred, finish};
use super::{World, create, create_row, external, read, take, take_as};

/// A price that waits.
fn jump(id: &str, value: &str) -> DeferredRow {
    DeferredRow { value: value.to_owned(), ..deferred(id, "price-jump", "price", &format!("{value} is far away")) }
}

fn settled(row: DeferredRow, how: &'static str) -> DeferredRow {
    DeferredRow { settled: Some(how), ..row }
}

/// The one deferred action of a kind that a product ever had.
async fn conflict(world: &World, source: &str, id: &str, kind: &str) -> Map<String, Value> {
    let fields =
        ["x_state", "x_value", "x_choice", "x_choice_product_id", "x_outcome", "x_message", "x_choices", "x_closed"];
    let domain = json!([["x_source", "=", source], ["x_external_id", "=", id], ["x_kind", "=", kind]]);
    let mut rows = world.rows("x_pz_conflict", domain, &fields).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn is(row: &Map<String, Value>, expected: &[(&str, Value)]) {
    for (field, value) in expected {
        assert_eq!(row[*field], *value, "{field} of {row:?}");
    }
}

async fn choose(world: &World, source: &str, id: &str, kind: &str, choice: &str) {
    let row = conflict(world, source, id, kind).await;
    world.edit("x_pz_conflict", row["id"].as_i64().unwrap(), json!({"x_choice": choice})).await;
}

async fn state(world: &World, source: &str, id: &str) -> String {
    let link = world.link_id(source, id).await;
    world.field("x_pz_product", link, "x_state").await.as_str().unwrap_or_default().to_owned()
}

/// A run of its own that finds this waiting.
async fn run(session: &Session, source: &str, run: &str, rows: &[DeferredRow]) -> (usize, usize, usize) {
    let writer = take_as(session, source, run).await;
    let Ending { opened, closed, open, .. } = writer.finish(rows, Spoken::default(), &finish()).await.unwrap();
    writer.release().await.unwrap();
    (opened, closed, open)
}

pub async fn are_read(world: &World) {
    let session = world.session().await;
    let found = create(&session, "choice", &[create_row("1", "Linked already", 1.0, None)]).await;
    let linked = found["1"].product.as_ref().unwrap().id;
    let (free, template) = world.add_product(json!({"name": "To be chosen", "list_price": 4.0})).await;
    world.edit("product.template", template, json!({"active": false})).await;
    let rows = [
        jump("1", "99.5"),
        deferred("2", "ambiguous-match", "", "two fit"),
        deferred("3", "product-gone", "", "gone"),
        deferred("4", "no-price", "price", "none"),
    ];
    assert_eq!(run(&session, "choice", "choice", &rows).await, (4, 0, 4));
    let nothing = read(&session, "choice", &Wanted::default()).await;
    assert!(nothing.decisions.is_empty() && nothing.chosen.is_empty());
    is(
        &conflict(world, "choice", "1", "price-jump").await,
        &[("x_choices", json!("give keep abandon")), ("x_value", json!("99.5"))],
    );
    choose(world, "choice", "1", "price-jump", "take").await;
    for (id, kind, product) in [("2", "ambiguous-match", free), ("3", "product-gone", linked.get())] {
        let row = conflict(world, "choice", id, kind).await;
        let values = json!({"x_choice": "link", "x_choice_product_id": product});
        world.edit("x_pz_conflict", row["id"].as_i64().unwrap(), values).await;
    }
    let found = read(&session, "choice", &Wanted::default()).await;
    let decision = |id: &str, kind, value: &str, choice, product: Option<i64>| Decision {
        external_id: external(id),
        kind,
        subject: if value.is_empty() { String::new() } else { "price".to_owned() },
        value: value.to_owned(),
        choice,
        product: product.and_then(erpsync::catalog::ProductId::new),
    };
    assert_eq!(
        found.decisions,
        [
            decision("1", DeferredKind::PriceJump, "99.5", Choice::Take, None),
            decision("2", DeferredKind::AmbiguousMatch, "", Choice::Link, Some(free)),
            decision("3", DeferredKind::ProductGone, "", Choice::Link, Some(linked.get())),
        ]
    );
    let chosen: Vec<_> =
        found.chosen.values().map(|(v, linked)| (v.id.get(), v.active, v.names[0].as_str(), *linked)).collect();
    let mut expected = [(linked.get(), true, "Linked already", true), (free, false, "To be chosen", false)];
    expected.sort_unstable();
    assert_eq!(chosen, expected);
    let template_of = found.chosen.values().find(|(v, _)| v.id.get() == free).map(|(v, _)| v.template.get());
    assert_eq!(template_of, Some(template));
    // Another source's are none of its business, prices alone are no reason to leave them out, and closed ones are over.
    assert!(read(&session, "nothing", &Wanted::default()).await.decisions.is_empty());
    let prices = read(&session, "choice", &Wanted { prices_only: true, ..Wanted::default() }).await;
    assert_eq!((prices.decisions.len(), prices.chosen.len()), (3, 2));
    assert_eq!(run(&session, "choice", "choice-2", &[]).await, (0, 4, 0));
    let over = read(&session, "choice", &Wanted::default()).await;
    assert!(over.decisions.is_empty() && over.chosen.is_empty());
}

pub async fn carried_out(world: &World) {
    let session = world.session().await;
    create(&session, "carry", &[create_row("1", "One", 1.0, None), create_row("2", "Two", 1.0, None)]).await;
    assert_eq!(run(&session, "carry", "carry-1", &[jump("1", "50"), jump("2", "60")]).await, (2, 0, 2));
    choose(world, "carry", "1", "price-jump", "take").await;
    // The run that does it closes it; what the source settled is closed too.
    assert_eq!(run(&session, "carry", "carry-2", &[]).await, (0, 2, 0));
    let one = conflict(world, "carry", "1", "price-jump").await;
    is(&one, &[("x_state", json!("closed")), ("x_outcome", json!("chosen: take")), ("x_choice", json!("take"))]);
    assert!(one["x_closed"].is_string());
    is(&conflict(world, "carry", "2", "price-jump").await, &[("x_outcome", json!("settled by itself"))]);
    // A choice that is not carried out yet stays open, with the choice on it.
    assert_eq!(run(&session, "carry", "carry-3", &[deferred("2", "drift", "name", "edited")]).await, (1, 0, 1));
    choose(world, "carry", "2", "drift", "keep").await;
    assert_eq!(run(&session, "carry", "carry-4", &[deferred("2", "drift", "name", "edited")]).await, (0, 0, 1));
    is(&conflict(world, "carry", "2", "drift").await, &[("x_state", json!("open")), ("x_choice", json!("keep"))]);
    assert_eq!(state(world, "carry", "2").await, "waiting");
    // Then it is, and stands as long as the situation does: nobody is asked again, nothing is open.
    let decided = settled(deferred("2", "drift", "name", "edited"), "decided");
    for name in ["carry-5", "carry-6"] {
        assert_eq!(run(&session, "carry", name, std::slice::from_ref(&decided)).await, (0, 0, 0));
        let row = conflict(world, "carry", "2", "drift").await;
        is(&row, &[("x_state", json!("decided")), ("x_outcome", json!("chosen: keep")), ("x_closed", json!(false))]);
        assert_eq!(state(world, "carry", "2").await, "ok");
    }
    // It was taken back.
    assert_eq!(run(&session, "carry", "carry-7", &[deferred("2", "drift", "name", "edited")]).await, (0, 0, 1));
    is(&conflict(world, "carry", "2", "drift").await, &[("x_state", json!("open")), ("x_outcome", json!(false))]);
    assert_eq!(state(world, "carry", "2").await, "waiting");
    assert_eq!(run(&session, "carry", "carry-8", &[]).await, (0, 1, 0));
    // Odoo refused what was chosen, or the run ended before: the choice stands, and the next run carries it out.
    assert_eq!(run(&session, "carry", "carry-10", &[jump("1", "70"), jump("2", "80")]).await, (2, 0, 2));
    let row =
        world.rows("x_pz_conflict", json!([["x_source", "=", "carry"], ["x_value", "=", "70"]]), &["x_state"]).await;
    let number = row[0]["id"].as_i64().unwrap();
    world.edit("x_pz_conflict", number, json!({"x_choice": "take"})).await;
    let writer = take_as(&session, "carry", "carry-11").await;
    let undone = [external("1"), external("2")];
    let spoken = Spoken { undone: &undone, ..Spoken::default() };
    let Ending { opened, closed, open, .. } = writer.finish(&[], spoken, &finish()).await.unwrap();
    assert_eq!((opened, closed, open), (0, 1, 1), "only what a person chose stands");
    assert_eq!(world.field("x_pz_conflict", number, "x_state").await, "open");
    assert_eq!(world.field("x_pz_conflict", number, "x_choice").await, "take");
    assert_eq!(state(world, "carry", "1").await, "waiting");
    let spoken = Spoken { cut_short: true, ..Spoken::default() };
    let Ending { closed, open, .. } = writer.finish(&[], spoken, &finish()).await.unwrap();
    assert_eq!((closed, open), (1, 1), "nothing more is closed");
    writer.release().await.unwrap();
    assert_eq!(run(&session, "carry", "carry-12", &[]).await, (0, 1, 0));
    assert_eq!(world.field("x_pz_conflict", number, "x_outcome").await, "chosen: take");
    // What a run could not look at stays as it is, the choice with it; what it could is closed.
    let rows = [
        jump("1", "71"),
        deferred("1", "drift", "name", "edited"),
        jump("2", "81"),
        deferred("2", "refused", "update", "no"),
    ];
    assert_eq!(run(&session, "carry", "carry-13", &rows).await, (4, 0, 4));
    let row =
        world.rows("x_pz_conflict", json!([["x_source", "=", "carry"], ["x_value", "=", "71"]]), &["x_state"]).await;
    let number = row[0]["id"].as_i64().unwrap();
    world.edit("x_pz_conflict", number, json!({"x_choice": "take"})).await;
    let unevaluated = [(external("1"), vec![Aspect::Price]), (external("2"), Aspect::ALL.to_vec())];
    let writer = take_as(&session, "carry", "carry-14").await;
    let spoken = Spoken { unevaluated: &unevaluated, ..Spoken::default() };
    let Ending { opened, closed, open, .. } = writer.finish(&[], spoken, &finish()).await.unwrap();
    assert_eq!((opened, closed, open), (0, 1, 3), "the name was looked at");
    writer.release().await.unwrap();
    assert_eq!(world.field("x_pz_conflict", number, "x_state").await, "open");
    assert_eq!(world.field("x_pz_conflict", number, "x_choice").await, "take");
    assert_eq!(run(&session, "carry", "carry-15", &[]).await, (0, 3, 0));
    // What a run settles at once was never asked.
    let at_once = settled(deferred("1", "duplicate-claim", "123", "given"), "decided");
    assert_eq!(run(&session, "carry", "carry-9", &[at_once]).await, (0, 0, 0));
    let domain = json!([["x_source", "=", "carry"], ["x_kind", "=", "duplicate-claim"]]);
    assert!(world.rows("x_pz_conflict", domain, &["x_kind"]).await.is_empty());
}

pub async fn another_value(world: &World) {
    let session = world.session().await;
    create(&session, "value", &[create_row("1", "One", 1.0, None)]).await;
    let (product, _) = world.add_product(json!({"name": "Value"})).await;
    assert_eq!(run(&session, "value", "value-1", &[jump("1", "50")]).await, (1, 0, 1));
    let row = conflict(world, "value", "1", "price-jump").await;
    let values = json!({"x_choice": "keep", "x_choice_product_id": product});
    world.edit("x_pz_conflict", row["id"].as_i64().unwrap(), values).await;
    assert_eq!(run(&session, "value", "value-2", &[settled(jump("1", "50"), "decided")]).await, (0, 0, 0));
    is(&conflict(world, "value", "1", "price-jump").await, &[("x_state", json!("decided"))]);
    // The person saw 50; now 70 waits.
    assert_eq!(run(&session, "value", "value-3", &[jump("1", "70")]).await, (0, 0, 1));
    is(
        &conflict(world, "value", "1", "price-jump").await,
        &[
            ("id", row["id"].clone()),
            ("x_state", json!("open")),
            ("x_value", json!("70")),
            ("x_message", json!("70 is far away")),
            ("x_choice", json!(false)),
            ("x_choice_product_id", json!(false)),
            ("x_outcome", json!(false)),
        ],
    );
    assert!(read(&session, "value", &Wanted::default()).await.decisions.is_empty());
    assert_eq!(state(world, "value", "1").await, "waiting");
    assert_eq!(run(&session, "value", "value-4", &[]).await, (0, 1, 0));
    is(&conflict(world, "value", "1", "price-jump").await, &[("x_outcome", json!("settled by itself"))]);
}

pub async fn abandoned(world: &World) {
    let session = world.session().await;
    create(&session, "leave", &[create_row("1", "One", 1.0, None), create_row("2", "Two", 1.0, None)]).await;
    let refused =
        || DeferredRow { choices: "abandon".to_owned(), ..deferred("2", "refused", "update", "Odoo says no") };
    assert_eq!(run(&session, "leave", "leave-1", &[jump("1", "50"), refused()]).await, (2, 0, 2));
    assert_eq!(
        (state(world, "leave", "1").await, state(world, "leave", "2").await),
        ("waiting".to_owned(), "refused".to_owned())
    );
    choose(world, "leave", "1", "price-jump", "abandon").await;
    choose(world, "leave", "2", "refused", "abandon").await;
    // Of a refused row nobody knows before it is refused again: the choice is found here.
    let rows = [settled(jump("1", "50"), "abandoned"), refused()];
    for name in ["leave-2", "leave-3"] {
        assert_eq!(run(&session, "leave", name, &rows).await, (0, 0, 0));
        for (id, kind) in [("1", "price-jump"), ("2", "refused")] {
            let row = conflict(world, "leave", id, kind).await;
            is(&row, &[("x_state", json!("abandoned")), ("x_outcome", json!("chosen: abandon"))]);
            assert_eq!(state(world, "leave", id).await, "ok");
        }
    }
    assert_eq!(read(&session, "leave", &Wanted::default()).await.decisions.len(), 2);
    assert_eq!(run(&session, "leave", "leave-4", &[]).await, (0, 2, 0));
    is(
        &conflict(world, "leave", "2", "refused").await,
        &[("x_state", json!("closed")), ("x_outcome", json!("chosen: abandon"))],
    );
}

/// A run about one field leaves the others' deferred actions alone.
pub async fn about(world: &World) {
    let session = world.session().await;
    create(&session, "about", &[create_row("1", "One", 1.0, None), create_row("2", "Two", 1.0, None)]).await;
    let rows = [jump("1", "50"), deferred("1", "drift", "name", "edited"), deferred("2", "drift", "price", "edited")];
    assert_eq!(run(&session, "about", "about-1", &rows).await, (3, 0, 3));
    let about = [("price-jump", "price"), ("drift", "price")];
    let spoken = Spoken { about: Some(&about), ..Spoken::default() };
    let writer = take_as(&session, "about", "about-2").await;
    let ending = writer.finish(&[jump("2", "7")], spoken, &finish()).await.unwrap();
    assert_eq!((ending.opened, ending.closed, ending.open), (1, 2, 2));
    is(&conflict(world, "about", "1", "drift").await, &[("x_state", json!("open"))]);
    is(&conflict(world, "about", "1", "price-jump").await, &[("x_state", json!("closed"))]);
    is(&conflict(world, "about", "2", "drift").await, &[("x_state", json!("closed"))]);
    assert_eq!(
        (state(world, "about", "1").await, state(world, "about", "2").await),
        ("waiting".to_owned(), "waiting".to_owned())
    );
    // Within some products only.
    let scope = [external("1")];
    let spoken = Spoken { scope: Some(&scope), about: Some(&about), ..Spoken::default() };
    let ending = writer.finish(&[], spoken, &finish()).await.unwrap();
    assert_eq!((ending.opened, ending.closed, ending.open), (1, 2, 2));
    // What the run itself names is found, whatever it is about: it is not opened twice.
    let named = [deferred("1", "drift", "name", "edited again"), jump("2", "7")];
    let ending = writer.finish(&named, spoken, &finish()).await.unwrap();
    assert_eq!((ending.opened, ending.closed, ending.open), (1, 2, 2));
    is(&conflict(world, "about", "1", "drift").await, &[("x_message", json!("edited again"))]);
    writer.release().await.unwrap();
}

/// The state of a link is what waits for it, whichever run found it.
pub async fn link_states(world: &World) {
    let session = world.session().await;
    let rows = ["1", "2", "3"].map(|id| create_row(id, &format!("State {id}"), 1.0, None));
    create(&session, "whole", &rows).await;
    world.edit("x_pz_product", world.link_id("whole", "2").await, json!({"x_missing": true})).await;
    world.edit("x_pz_product", world.link_id("whole", "3").await, json!({"x_matched_by": "manual"})).await;
    let rows = ["1", "2", "3"].map(|id| deferred(id, "drift", "name", "edited"));
    assert_eq!(run(&session, "whole", "whole-1", &rows).await, (3, 0, 3));
    // A run about prices finds one refused and closes its own; the others' still wait.
    let about = [("price-jump", "price"), ("refused", "update")];
    let spoken = Spoken { about: Some(&about), ..Spoken::default() };
    let writer = take(&session, "whole").await;
    let all =
        async || [state(world, "whole", "1").await, state(world, "whole", "2").await, state(world, "whole", "3").await];
    writer.finish(&[deferred("1", "refused", "update", "no")], spoken, &finish()).await.unwrap();
    assert_eq!(all().await, ["refused", "waiting", "waiting"]);
    writer.finish(&[], spoken, &finish()).await.unwrap();
    assert_eq!(all().await, ["waiting", "waiting", "waiting"]);
    writer.finish(&[], Spoken::default(), &finish()).await.unwrap();
    assert_eq!(all().await, ["ok", "missing", "manual"]);
    let link = world.link_id("whole", "2").await;
    assert_eq!(world.field("x_pz_product", link, "x_event_type").await, 11);
    writer.release().await.unwrap();
}
