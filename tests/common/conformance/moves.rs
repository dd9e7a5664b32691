//! Barcodes that change hands.

use std::collections::BTreeMap;

use erpsync::catalog::Link;
use erpsync::odoo::writer::{Answer, CreateRow, MoveRow};
use erpsync::odoo::{Session, Writer};
use serde_json::json;

use super::{World, create, create_row, external, source, take};

/// Products 1 to `count` of a source, each with the barcode `<source>-<n>`.
pub async fn shelf<'a>(session: &'a Session, name: &str, count: usize) -> (Writer<'a>, BTreeMap<String, Link>) {
    let row = |n: usize| create_row(&n.to_string(), &format!("{name} {n}"), 1.0, Some(&format!("{name}-{n}")));
    let rows: Vec<CreateRow> = (1..=count).map(row).collect();
    let found = create(session, name, &rows).await;
    let writer = take(session, name).await;
    (writer, found)
}

pub fn step(link: &Link, old: Option<&str>, new: Option<&str>) -> MoveRow {
    MoveRow {
        external_id: link.external_id.to_string(),
        product: link.product.as_ref().unwrap().id.get(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
        said_barcodes: new.map(str::to_owned),
        add: Vec::new(),
        remove: Vec::new(),
        wrote_extras: None,
        outside: false,
        cause: "source",
    }
}

pub async fn codes(session: &Session, name: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let links = super::links(session, name).await;
    let code = |l: &Link| l.product.as_ref().and_then(|p| p.barcode.clone());
    links.iter().map(|(id, l)| (id.clone(), code(l), l.wrote_barcode.clone())).collect()
}

/// What [`codes`] gives when link and product agree.
pub fn agree(expected: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>, Option<String>)> {
    expected.iter().map(|(id, code)| ((*id).to_owned(), code.map(str::to_owned), code.map(str::to_owned))).collect()
}

pub async fn swaps_and_circles(world: &World) {
    let session = world.session().await;
    let (writer, found) = shelf(&session, "swap", 7).await;
    let swap =
        vec![step(&found["1"], Some("swap-1"), Some("swap-2")), step(&found["2"], Some("swap-2"), Some("swap-1"))];
    let circle = vec![
        step(&found["3"], Some("swap-3"), Some("swap-4")),
        step(&found["4"], Some("swap-4"), Some("swap-5")),
        step(&found["5"], Some("swap-5"), Some("swap-3")),
    ];
    let chain = vec![step(&found["6"], Some("swap-6"), Some("swap-7")), step(&found["7"], Some("swap-7"), None)];
    let components = [swap, circle, chain];
    let answers = writer.move_barcodes(&components).await.unwrap();
    assert_eq!(answers.len(), 7);
    assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
    let expected = agree(&[
        ("1", Some("swap-2")),
        ("2", Some("swap-1")),
        ("3", Some("swap-4")),
        ("4", Some("swap-5")),
        ("5", Some("swap-3")),
        ("6", Some("swap-7")),
        ("7", None),
    ]);
    assert_eq!(codes(&session, "swap").await, expected);
    let history = world.history("barcode", &source("swap")).await;
    assert_eq!(history.len(), 7 + 7, "{history:?}");
    assert!(history.contains(&("7".to_owned(), "swap-7".to_owned(), String::new(), "source".to_owned())));
    // The answer was lost: the same call again finds the work done and writes no second line.
    let again = writer.move_barcodes(&components).await.unwrap();
    assert!(again.values().all(|a| *a == Answer::Done), "{again:?}");
    assert_eq!(codes(&session, "swap").await, expected);
    assert_eq!(world.history("barcode", &source("swap")).await, history);
    writer.release().await.unwrap();
}

pub async fn overtaken(world: &World) {
    let session = world.session().await;
    let (writer, found) = shelf(&session, "over", 5).await;
    let (stranger, _) = world.add_product(json!({"name": "Stranger", "barcode": "over-free"})).await;
    world
        .edit("product.product", found["2"].product.as_ref().unwrap().id.get(), json!({"barcode": "over-edited"}))
        .await;
    let components = [
        // Edited meanwhile: the whole component waits.
        vec![step(&found["1"], Some("over-1"), Some("over-2")), step(&found["2"], Some("over-2"), None)],
        // Given to a stranger meanwhile; so the code that it would have freed is not free, and the next waits too.
        vec![step(&found["3"], Some("over-3"), Some("over-free"))],
        vec![step(&found["4"], Some("over-4"), Some("over-3"))],
        vec![step(&found["5"], Some("over-5"), Some("over-new"))],
    ];
    let answers = writer.move_barcodes(&components).await.unwrap();
    let edited = Answer::Overtaken("the barcode is over-edited now, edited meanwhile".to_owned());
    assert_eq!((&answers[&external("1")], &answers[&external("2")]), (&edited, &edited));
    let says = format!("barcode over-free is at product #{stranger} now");
    assert_eq!(answers[&external("3")], Answer::Overtaken(says));
    let third = found["3"].product.as_ref().unwrap().id.get();
    assert_eq!(answers[&external("4")], Answer::Overtaken(format!("barcode over-3 is at product #{third} now")));
    assert_eq!(answers[&external("5")], Answer::Done);
    let now: Vec<Option<String>> = codes(&session, "over").await.into_iter().map(|(_, code, _)| code).collect();
    let now: Vec<Option<&str>> = now.iter().map(Option::as_deref).collect();
    assert_eq!(now, [Some("over-1"), Some("over-edited"), Some("over-3"), Some("over-4"), Some("over-new")]);
    writer.release().await.unwrap();
}

pub async fn refused(world: &World) {
    (world.refuse)("barcode", "deny-x");
    let session = world.session().await;
    let (writer, found) = shelf(&session, "deny", 4).await;
    let components = [
        vec![step(&found["1"], Some("deny-1"), Some("deny-2")), step(&found["2"], Some("deny-2"), Some("deny-1"))],
        vec![step(&found["3"], Some("deny-3"), Some("deny-x")), step(&found["4"], Some("deny-4"), Some("deny-3"))],
    ];
    let answers = writer.move_barcodes(&components).await.unwrap();
    assert_eq!((&answers[&external("1")], &answers[&external("2")]), (&Answer::Done, &Answer::Done));
    for id in ["3", "4"] {
        let Answer::Refused(words) = &answers[&external(id)] else { panic!("{answers:?}") };
        assert!(words.contains("violates check constraint"), "{words}");
    }
    let expected = agree(&[("1", Some("deny-2")), ("2", Some("deny-1")), ("3", Some("deny-3")), ("4", Some("deny-4"))]);
    assert_eq!(codes(&session, "deny").await, expected);
    assert_eq!(world.history("barcode", &source("deny")).await.len(), 4 + 2);
    writer.release().await.unwrap();
}
