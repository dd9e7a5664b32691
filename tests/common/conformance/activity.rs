//! Products that the source no longer has, or has again; and the history of names.

use std::collections::BTreeMap;

use erpsync::odoo::transport::Call;
use erpsync::odoo::writer::{Answer, NameRow, UpdateRow};
use serde_json::{Map, Value, json};

use super::writing::{rename, row};
use super::{World, create, create_row, external, links, take, take_as};

fn archive(link: &erpsync::catalog::Link) -> UpdateRow {
    UpdateRow {
        activity: Some("archive"),
        missing: Some(true),
        link: BTreeMap::from([("archived_by_us", json!(true))]),
        ..row(link)
    }
}

fn reactivate(link: &erpsync::catalog::Link) -> UpdateRow {
    UpdateRow {
        activity: Some("reactivate"),
        missing: Some(false),
        link: BTreeMap::from([("archived_by_us", json!(false)), ("kept", json!("name price"))]),
        ..row(link)
    }
}

/// Are variant and template active?
async fn active(world: &World, link: &erpsync::catalog::Link) -> (bool, bool) {
    let variant = link.product.as_ref().unwrap();
    let product = world.field("product.product", variant.id.get(), "active").await;
    let template = world.field("product.template", variant.template.get(), "active").await;
    (product.as_bool().unwrap(), template.as_bool().unwrap())
}

pub async fn archives_and_reactivates(world: &World) {
    let session = world.session().await;
    let rows = ["1", "2", "3"].map(|id| create_row(id, &format!("Seasonal {id}"), 1.0, Some(&format!("season-{id}"))));
    let found = create(&session, "season", &rows).await;
    // Somebody was faster.
    let third = found["3"].product.as_ref().unwrap().template.get();
    world.edit("product.template", third, json!({"active": false})).await;
    let writer = take(&session, "season").await;
    let rows = [archive(&found["1"]), archive(&found["3"])];
    for _ in 0..2 {
        let answers = writer.update(&rows).await.unwrap();
        assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
        for (id, expected) in [("1", (false, false)), ("2", (true, true)), ("3", (false, false))] {
            assert_eq!(active(world, &found[id]).await, expected, "{id}");
        }
        let now = links(&session, "season").await;
        assert!(now["1"].missing && now["1"].archived_by_us && !now["1"].product.as_ref().unwrap().active);
        assert!(!now["2"].missing && !now["2"].archived_by_us);
        let link = world.link_id("season", "1").await;
        assert_eq!(world.field("x_pz_product", link, "x_state").await, "missing");
        assert_eq!(world.field("x_pz_product", link, "x_event_check").await, 0);
    }
    let rows = [reactivate(&found["1"]), reactivate(&found["2"])];
    for _ in 0..2 {
        let answers = writer.update(&rows).await.unwrap();
        assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
        for (id, expected) in [("1", (true, true)), ("2", (true, true)), ("3", (false, false))] {
            assert_eq!(active(world, &found[id]).await, expected, "{id}");
        }
        let now = links(&session, "season").await;
        assert!(!now["1"].missing && !now["1"].archived_by_us && now["1"].product.as_ref().unwrap().active);
        assert_eq!((now["1"].kept.name, now["1"].kept.price, now["1"].kept.barcode), (true, true, false));
        assert_eq!(now["1"].product.as_ref().unwrap().barcode.as_deref(), Some("season-1"));
        let link = world.link_id("season", "1").await;
        assert_eq!(world.field("x_pz_product", link, "x_state").await, "ok");
    }
    // What a person chose stays a person's choice.
    let link = world.link_id("season", "2").await;
    world.edit("x_pz_product", link, json!({"x_matched_by": "manual"})).await;
    let gone = UpdateRow { missing: Some(true), ..row(&found["2"]) };
    let back = UpdateRow { missing: Some(false), link: BTreeMap::from([("kept", json!(null))]), ..row(&found["2"]) };
    for (row, state) in [(gone, "missing"), (back, "manual")] {
        assert_eq!(writer.update(&[row]).await.unwrap()[&external("2")], Answer::Done);
        assert_eq!(world.field("x_pz_product", link, "x_state").await, state);
    }
    assert_eq!(world.field("x_pz_product", link, "x_kept").await, json!(false));
    writer.release().await.unwrap();
}

/// A template follows its last active variant, and comes back with the first.
pub async fn two_variants(world: &World) {
    let session = world.session().await;
    let (template, variants) = world.add_variants("Shirt").await;
    let writer = take(&session, "shirt").await;
    let adoptions: Vec<UpdateRow> = ["1", "2"]
        .iter()
        .zip(variants)
        .map(|(id, product)| UpdateRow {
            external_id: (*id).to_owned(),
            label: "Shirt".to_owned(),
            product,
            template,
            adopt: Some("name"),
            name: None,
            price: None,
            activity: None,
            missing: None,
            link: BTreeMap::new(),
        })
        .collect();
    let answers = writer.update(&adoptions).await.unwrap();
    assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
    let found = links(&session, "shirt").await;
    for (step, first, second) in [
        (archive(&found["1"]), (false, true), (true, true)),
        (archive(&found["2"]), (false, false), (false, false)),
        (reactivate(&found["1"]), (true, true), (false, true)),
        (reactivate(&found["2"]), (true, true), (true, true)),
    ] {
        let id = step.external_id.clone();
        assert_eq!(writer.update(&[step]).await.unwrap()[&external(&id)], Answer::Done);
        assert_eq!((active(world, &found["1"]).await, active(world, &found["2"]).await), (first, second), "{id}");
    }
    // Both in one call.
    let answers = writer.update(&[archive(&found["1"]), archive(&found["2"])]).await.unwrap();
    assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
    assert_eq!((active(world, &found["1"]).await, active(world, &found["2"]).await), ((false, false), (false, false)));
    let rows = world.rows("product.product", json!([["product_tmpl_id", "=", template]]), &["id"]).await;
    assert_eq!(rows.len(), 2, "no variant was made or lost");
    writer.release().await.unwrap();
}

/// The lines of the history of names: external id, language, old, new, cause.
async fn lines(world: &World, source: &str) -> Vec<[String; 5]> {
    let fields = ["x_external_id", "x_language", "x_old", "x_new", "x_cause"];
    let rows = world.rows("x_pz_product_name_history", json!([["x_source", "=", source]]), &fields).await;
    let text = |row: &Map<String, Value>, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<_> = rows.iter().map(|r| fields.map(|f| text(r, f))).collect();
    lines.sort();
    lines
}

pub async fn names(world: &World) {
    let session = world.session().await;
    let rows = ["1", "2"].map(|id| create_row(id, &format!("Base {id}"), 1.0, None));
    let found = create(&session, "names", &rows).await;
    assert_eq!(lines(world, "names").await, Vec::<[String; 5]>::new());
    let template = found["1"].product.as_ref().unwrap().template.get();
    let translate = Call::new("product.template", "write").ids(&[template]).arg("vals", json!({"name": "Основа"}));
    world.admin(translate.context("lang", "ru_RU")).await;
    let found = links(&session, "names").await;
    let writer = take(&session, "names").await;
    let russian = UpdateRow {
        name: Some(NameRow {
            new: BTreeMap::from([("ru_RU".to_owned(), "Russian 2".to_owned())]),
            old: BTreeMap::from([("ru_RU".to_owned(), "Base 2".to_owned())]),
            cause: "drift",
        }),
        ..row(&found["2"])
    };
    let rows = [rename(&found["1"], "New"), russian];
    let line = |line: [&str; 5]| line.map(str::to_owned);
    let expected = [
        line(["1", "en_US", "Base 1", "New", "source-changed"]),
        line(["1", "ru_RU", "Основа", "New", "source-changed"]),
        line(["2", "ru_RU", "Base 2", "Russian 2", "drift"]),
    ];
    for _ in 0..2 {
        let answers = writer.update(&rows).await.unwrap();
        assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
        let now = links(&session, "names").await;
        assert_eq!(now["1"].product.as_ref().unwrap().names, ["New", "New"]);
        assert_eq!(now["2"].product.as_ref().unwrap().names, ["Base 2", "Russian 2"]);
        assert_eq!(lines(world, "names").await, expected);
    }
    assert_eq!(world.operations("name", "names", "names").await, ["1:name-en_US", "1:name-ru_RU", "2:name-ru_RU"]);
    writer.release().await.unwrap();
    // Another run, another line.
    let found = links(&session, "names").await;
    let writer = take_as(&session, "names", "names-2").await;
    assert_eq!(writer.update(&[rename(&found["1"], "Newer")]).await.unwrap()[&external("1")], Answer::Done);
    assert_eq!(world.operations("name", "names", "names-2").await, ["1:name-en_US", "1:name-ru_RU"]);
    writer.release().await.unwrap();
}
