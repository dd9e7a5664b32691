//! Links that lost their product.

use std::collections::BTreeMap;

use erpsync::odoo::transport::Call;
use erpsync::odoo::writer::{Answer, CreateRow, UpdateRow};
use serde_json::json;

use super::writing::{reprice, row};
use super::{World, create, create_row, external, links, source, take};

const REMEMBERED: [&str; 11] = [
    "x_product_id",
    "x_matched_by",
    "x_state",
    "x_wrote_extras",
    "x_kept",
    "x_missing",
    "x_archived_by_us",
    "x_wrote_price",
    "x_wrote_barcode",
    "x_said_price",
    "x_said_barcodes",
];

pub async fn by_creation(world: &World) {
    let session = world.session().await;
    let first = CreateRow { extras: vec!["widow-box".to_owned()], ..create_row("1", "Widow", 1.0, Some("widow-1")) };
    let found = create(&session, "widow", std::slice::from_ref(&first)).await;
    let link = world.link_id("widow", "1").await;
    world.edit("x_pz_product", link, json!({"x_kept": "name", "x_missing": true, "x_archived_by_us": true})).await;
    let template = found["1"].product.as_ref().unwrap().template.get();
    world.admin(Call::new(world.packaging(), "unlink").ids(&ids_of_packagings(world, "widow-box").await)).await;
    world.admin(Call::new("product.template", "unlink").ids(&[template])).await;
    assert!(links(&session, "widow").await["1"].product.is_none());
    let writer = take(&session, "widow").await;
    // Nobody has chosen yet.
    let answers = writer.create(std::slice::from_ref(&first), false).await.unwrap();
    let says = "the link is there, and its product was deleted in Odoo".to_owned();
    assert_eq!(answers[&external("1")], Answer::Overtaken(says));
    let again = CreateRow { relink: true, ..create_row("1", "Widow", 2.0, Some("widow-1")) };
    let fresh = create_row("2", "Beside her", 3.0, Some("widow-2"));
    let rows = [fresh, again];
    let answers = writer.create(&rows, false).await.unwrap();
    let Answer::Created(product, None) = answers[&external("1")] else { panic!("{answers:?}") };
    let repeated = writer.create(&rows, false).await.unwrap();
    assert_eq!(repeated.values().collect::<Vec<_>>(), [&Answer::Known, &Answer::Known]);
    assert_eq!(world.link_id("widow", "1").await, link);
    let now = links(&session, "widow").await;
    assert_eq!(now["1"].product.as_ref().unwrap().id.get(), product);
    assert_eq!(now["1"].wrote_price.unwrap().to_string(), "2");
    assert_eq!(
        (now["1"].wrote_barcode.as_deref(), now["2"].wrote_barcode.as_deref()),
        (Some("widow-1"), Some("widow-2"))
    );
    let said = world.rows("x_pz_product", json!([["id", "=", link]]), &REMEMBERED).await.remove(0);
    assert_eq!((&said["x_matched_by"], &said["x_state"]), (&json!("manual"), &json!("manual")));
    for field in ["x_wrote_extras", "x_kept", "x_missing", "x_archived_by_us"] {
        assert_eq!(said[field], json!(false), "{field}");
    }
    assert_eq!(world.operations("price", "widow", "widow").await, ["1:price", "2:price"]);
    assert_eq!(world.operations("barcode", "widow", "widow").await, ["1:barcode", "2:barcode"]);
    writer.release().await.unwrap();
}

async fn ids_of_packagings(world: &World, code: &str) -> Vec<i64> {
    let rows = world.rows(world.packaging(), json!([["barcode", "=", code]]), &["id"]).await;
    rows.iter().filter_map(|r| r["id"].as_i64()).collect()
}

pub async fn by_choice(world: &World) {
    let session = world.session().await;
    let found = create(&session, "late-heir", &[create_row("1", "Lost", 1.0, Some("heir-1"))]).await;
    let link = world.link_id("late-heir", "1").await;
    world.edit("x_pz_product", link, json!({"x_wrote_extras": "heir-old", "x_kept": "price"})).await;
    world.edit("x_pz_product", link, json!({"x_archived_by_us": true, "x_missing": true})).await;
    let template = found["1"].product.as_ref().unwrap().template.get();
    world.admin(Call::new("product.template", "unlink").ids(&[template])).await;
    let (product, template) = world.add_product(json!({"name": "Chosen", "list_price": 7.0})).await;
    let writer = take(&session, "late-heir").await;
    let chosen = UpdateRow {
        external_id: "1".to_owned(),
        label: "Chosen".to_owned(),
        product,
        template,
        adopt: Some("manual"),
        name: None,
        price: None,
        activity: None,
        missing: None,
        link: BTreeMap::from([("said_name", json!("Chosen")), ("wrote_name", json!("Chosen"))]),
    };
    for _ in 0..2 {
        let answers = writer.update(std::slice::from_ref(&chosen)).await.unwrap();
        assert_eq!(answers[&external("1")], Answer::Done);
        assert_eq!(world.link_id("late-heir", "1").await, link);
        let said = world.rows("x_pz_product", json!([["id", "=", link]]), &REMEMBERED).await.remove(0);
        assert_eq!(said["x_product_id"][0], product);
        assert_eq!((&said["x_matched_by"], &said["x_state"]), (&json!("manual"), &json!("manual")));
        // What the plan does not say is not remembered of the lost product either.
        for field in REMEMBERED.iter().skip(3) {
            assert_eq!(said[*field], json!(false), "{field}");
        }
    }
    // One that never had a link gets one of the same kind.
    let (other, template) = world.add_product(json!({"name": "Chosen too"})).await;
    let other = UpdateRow { external_id: "2".to_owned(), product: other, template, ..chosen };
    assert_eq!(writer.update(&[other]).await.unwrap()[&external("2")], Answer::Done);
    let second = world.link_id("late-heir", "2").await;
    assert_eq!(world.field("x_pz_product", second, "x_state").await, "manual");
    writer.release().await.unwrap();
}

pub async fn overtaken(world: &World) {
    let session = world.session().await;
    let rows = ["1", "2"].map(|id| create_row(id, &format!("Elsewhere {id}"), 1.0, None));
    let found = create(&session, "elsewhere", &rows).await;
    let (other, _) = world.add_product(json!({"name": "Somewhere else"})).await;
    world.edit("x_pz_product", world.link_id("elsewhere", "1").await, json!({"x_product_id": other})).await;
    world.edit("x_pz_product", world.link_id("elsewhere", "2").await, json!({"x_product_id": false})).await;
    let writer = take(&session, "elsewhere").await;
    let rows =
        [reprice(&found["1"], 5.0), UpdateRow { adopt: Some("manual"), ..row(&found["1"]) }, reprice(&found["2"], 5.0)];
    for (row, says) in [
        (&rows[0], format!("the link leads to product #{other} now, changed meanwhile")),
        (&rows[1], format!("the link leads to product #{other} now, changed meanwhile")),
        (&rows[2], "the link leads to no product now, changed meanwhile".to_owned()),
    ] {
        let answers = writer.update(std::slice::from_ref(row)).await.unwrap();
        assert_eq!(answers[&external(&row.external_id)], Answer::Overtaken(says));
    }
    let prices = world.history("price", &source("elsewhere")).await;
    assert_eq!(prices.len(), 2, "{prices:?}");
    writer.release().await.unwrap();
}
