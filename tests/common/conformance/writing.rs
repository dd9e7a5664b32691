//! New products, and names and prices of existing ones.

use std::collections::BTreeMap;

use erpsync::catalog::Link;
use erpsync::odoo::transport::Call;
use erpsync::odoo::writer::{Answer, CreateRow, NameRow, PriceRow, UpdateRow};
use serde_json::json;

use super::{World, create, create_row, external, links, source, take};

pub async fn creates(world: &World) {
    let session = world.session().await;
    let before = session.product_count;
    let writer = take(&session, "create").await;
    let unpriced = CreateRow {
        price: None,
        said_price: None,
        wrote_price: Some("0".to_owned()),
        ..create_row("c-2", "Unpriced", 0.0, None)
    };
    let listed = CreateRow {
        said_barcodes: "2000000000017\n2000000000024".to_owned(),
        ..create_row("c-1", "Жаккард \"A\"", 19.5, Some("2000000000017"))
    };
    let rows = [listed, unpriced];
    let answers = writer.create(&rows, true).await.unwrap();
    let Answer::Created(first, None) = answers[&external("c-1")] else { panic!("{answers:?}") };
    let Answer::Created(second, None) = answers[&external("c-2")] else { panic!("{answers:?}") };
    // The answer was lost: the same call again creates nothing.
    let again = writer.create(&rows, true).await.unwrap();
    assert_eq!(again.values().collect::<Vec<_>>(), [&Answer::Known, &Answer::Known]);
    assert_eq!(world.session().await.product_count, before + 2);
    let fields = ["name", "list_price", "barcode", "default_code", "sale_ok", "available_in_pos", "active"];
    let products = world.rows("product.product", json!([["id", "in", [first, second]]]), &fields).await;
    let product = |id: i64| products.iter().find(|p| p["id"] == id).unwrap();
    for (field, value) in [
        ("name", json!("Жаккард \"A\"")),
        ("list_price", json!(19.5)),
        ("barcode", json!("2000000000017")),
        ("default_code", json!("c-1")),
        ("sale_ok", json!(true)),
        ("available_in_pos", json!(true)),
        ("active", json!(true)),
    ] {
        assert_eq!(product(first)[field], value, "{field}");
    }
    for (field, value) in [("list_price", json!(0.0)), ("barcode", json!(false)), ("sale_ok", json!(false))] {
        assert_eq!(product(second)[field], value, "{field}");
    }
    let found = links(&session, "create").await;
    let link = &found["c-1"];
    let variant = link.product.as_ref().unwrap();
    assert_eq!((variant.id.get(), variant.siblings, variant.other_company, variant.active), (first, 0, false, true));
    assert_eq!(variant.names, ["Жаккард \"A\"", "Жаккард \"A\""]);
    assert_eq!(variant.price, if world.version >= 16 { "19.5" } else { "19.50" });
    assert_eq!(link.said_barcodes, ["2000000000017", "2000000000024"]);
    assert_eq!((link.wrote_barcode.as_deref(), link.wrote_name.as_str()), (Some("2000000000017"), "Жаккард \"A\""));
    assert_eq!(link.wrote_price.unwrap().to_string(), link.said_price.unwrap().to_string());
    assert_eq!(
        (found["c-2"].said_price, found["c-2"].wrote_price.map(|p| p.to_string())),
        (None, Some("0".to_owned()))
    );
    let line = |old: &str, new: &str| vec![("c-1".to_owned(), old.to_owned(), new.to_owned(), "created".to_owned())];
    assert_eq!(world.history("barcode", &source("create")).await, line("", "2000000000017"));
    assert_eq!(world.history("price", &source("create")).await, line("", "19.5"));
    writer.release().await.unwrap();
}

pub async fn creates_with_taken_barcodes(world: &World) {
    let session = world.session().await;
    let (holder, template) = world.add_product(json!({"name": "Holder", "barcode": "taken-1"})).await;
    // Archived products count: no code is to stand twice in Odoo by our doing.
    world.edit("product.template", template, json!({"active": false})).await;
    let writer = take(&session, "taken").await;
    let rows = [
        create_row("1", "Taken", 1.0, Some("taken-1")),
        create_row("2", "First of two", 1.0, Some("taken-2")),
        create_row("3", "Second of two", 1.0, Some("taken-2")),
    ];
    let answers = writer.create(&rows, false).await.unwrap();
    let Answer::Created(_, Some(at)) = answers[&external("1")] else { panic!("{answers:?}") };
    assert_eq!(at, holder);
    let Answer::Created(first, None) = answers[&external("2")] else { panic!("{answers:?}") };
    let Answer::Created(second, Some(at)) = answers[&external("3")] else { panic!("{answers:?}") };
    assert_eq!(at, first);
    assert_eq!(world.barcode(first).await.as_deref(), Some("taken-2"));
    assert_eq!(world.barcode(second).await, None);
    let found = links(&session, "taken").await;
    assert_eq!(
        (&found["1"].wrote_barcode, found["1"].said_barcodes.as_slice()),
        (&None, ["taken-1".to_owned()].as_slice())
    );
    writer.release().await.unwrap();
}

pub async fn isolates_what_is_refused(world: &World) {
    (world.refuse)("name", "Refused");
    let session = world.session().await;
    let writer = take(&session, "refused").await;
    let rows: Vec<CreateRow> = (1..=7)
        .map(|n| match n {
            3 => create_row("3", "Refused", 1.0, Some("refused-3")),
            5 => create_row("5", "With a \0", 1.0, Some("refused-5")),
            n => create_row(&n.to_string(), &format!("Fine {n}"), 1.0, Some(&format!("refused-{n}"))),
        })
        .collect();
    let answers = writer.create(&rows, false).await.unwrap();
    for (id, answer) in &answers {
        let refused = ["3", "5"].contains(&id.as_str());
        assert_eq!(matches!(answer, Answer::Refused(_)), refused, "{id}: {answer:?}");
        assert_eq!(matches!(answer, Answer::Created(_, None)), !refused, "{id}: {answer:?}");
    }
    let Answer::Refused(words) = &answers[&external("3")] else { panic!() };
    assert!(words.contains("violates check constraint"), "{words}");
    let Answer::Refused(words) = &answers[&external("5")] else { panic!() };
    assert!(words.contains("NUL") || words.contains("u0000"), "{words}");
    let found = links(&session, "refused").await;
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["1", "2", "4", "6", "7"]);
    assert_eq!(world.history("barcode", &source("refused")).await.len(), 5);
    // An update that is refused leaves the others whole too.
    let rows = [rename(&found["1"], "Refused"), rename(&found["2"], "Better"), reprice(&found["4"], 2.5)];
    let answers = writer.update(&rows).await.unwrap();
    assert!(matches!(answers[&external("1")], Answer::Refused(_)), "{answers:?}");
    assert_eq!((&answers[&external("2")], &answers[&external("4")]), (&Answer::Done, &Answer::Done));
    let found = links(&session, "refused").await;
    assert_eq!(found["1"].product.as_ref().unwrap().names[0], "Fine 1");
    assert_eq!(found["2"].product.as_ref().unwrap().names[0], "Better");
    writer.release().await.unwrap();
}

/// A row that changes nothing yet.
pub fn row(link: &Link) -> UpdateRow {
    let variant = link.product.as_ref().unwrap();
    UpdateRow {
        external_id: link.external_id.to_string(),
        label: variant.names[0].clone(),
        product: variant.id.get(),
        template: variant.template.get(),
        adopt: None,
        name: None,
        price: None,
        activity: None,
        missing: None,
        link: BTreeMap::new(),
    }
}

/// Another name in both languages.
pub fn rename(link: &Link, new: &str) -> UpdateRow {
    let names = &link.product.as_ref().unwrap().names;
    let old = ["en_US", "ru_RU"].map(str::to_owned).into_iter().zip(names.iter().cloned()).collect();
    let remembered = BTreeMap::from([("said_name", json!(new)), ("wrote_name", json!(new))]);
    let both = ["en_US", "ru_RU"].map(|lang| (lang.to_owned(), new.to_owned()));
    UpdateRow {
        name: Some(NameRow { new: BTreeMap::from(both), old, cause: "source-changed" }),
        label: new.to_owned(),
        link: remembered,
        ..row(link)
    }
}

pub fn reprice(link: &Link, new: f64) -> UpdateRow {
    let old = link.product.as_ref().unwrap().price.clone();
    let text = new.to_string();
    let remembered = BTreeMap::from([("said_price", json!(text)), ("wrote_price", json!(text))]);
    let price = PriceRow { new, new_text: text, old_text: old.clone(), old, cause: "source" };
    UpdateRow { price: Some(price), link: remembered, ..row(link) }
}

pub async fn updates(world: &World) {
    let session = world.session().await;
    let rows: Vec<CreateRow> = (1..=6).map(|n| create_row(&n.to_string(), &format!("Name {n}"), 10.0, None)).collect();
    let found = create(&session, "update", &rows).await;
    let writer = take(&session, "update").await;
    let variant = |id: &str| found[id].product.as_ref().unwrap().clone();
    world.edit("product.template", variant("3").template.get(), json!({"list_price": 77.0})).await;
    world.edit("product.template", variant("4").template.get(), json!({"name": "Edited"})).await;
    let unlinked =
        world.rows("x_pz_product", json!([["x_source", "=", "update"], ["x_external_id", "=", "5"]]), &["id"]).await;
    world.admin(Call::new("x_pz_product", "unlink").ids(&[unlinked[0]["id"].as_i64().unwrap()])).await;
    world.admin(Call::new("product.template", "unlink").ids(&[variant("6").template.get()])).await;
    let rows = [
        reprice(&found["1"], 12.5),
        rename(&found["2"], "Другое"),
        reprice(&found["3"], 12.5),
        rename(&found["4"], "Other"),
        reprice(&found["5"], 12.5),
        reprice(&found["6"], 12.5),
    ];
    let answers = writer.update(&rows).await.unwrap();
    assert_eq!((&answers[&external("1")], &answers[&external("2")]), (&Answer::Done, &Answer::Done));
    for (id, says) in [
        (
            "3",
            if world.version >= 16 {
                "the price is 77.0 now, edited meanwhile"
            } else {
                "the price is 77.00 now, edited meanwhile"
            },
        ),
        ("4", "the name is 'Edited' (en_US) now, edited meanwhile"),
        ("5", "the link was deleted in Odoo"),
        ("6", "the product was deleted in Odoo"),
    ] {
        assert_eq!(answers[&external(id)], Answer::Overtaken(says.to_owned()));
    }
    let history = world.history("price", &source("update")).await;
    assert_eq!(history.iter().filter(|(_, _, new, _)| new == "12.5").count(), 1, "{history:?}");
    // The answer was lost: the same call again finds the work done and writes no second line.
    let again = writer.update(&rows[..2]).await.unwrap();
    assert_eq!(again.values().collect::<Vec<_>>(), [&Answer::Done, &Answer::Done]);
    assert_eq!(world.history("price", &source("update")).await, history);
    let found = links(&session, "update").await;
    assert_eq!(found["1"].product.as_ref().unwrap().price, if world.version >= 16 { "12.5" } else { "12.50" });
    assert_eq!(found["1"].wrote_price.unwrap().to_string(), "12.5");
    assert_eq!(found["2"].product.as_ref().unwrap().names, ["Другое", "Другое"]);
    assert_eq!(found["2"].wrote_name, "Другое");
    assert_eq!(found["3"].product.as_ref().unwrap().price.parse::<f64>().unwrap(), 77.0);
    assert!(found["6"].product.is_none());
    writer.release().await.unwrap();
}

pub async fn languages(world: &World) {
    let session = world.session().await;
    let found = create(&session, "language", &[create_row("1", "Base", 1.0, None)]).await;
    let writer = take(&session, "language").await;
    let template = found["1"].product.as_ref().unwrap().template.get();
    let translate = Call::new("product.template", "write").ids(&[template]).arg("vals", json!({"name": "Основа"}));
    world.admin(translate.context("lang", "ru_RU")).await;
    let found = links(&session, "language").await;
    assert_eq!(found["1"].product.as_ref().unwrap().names, ["Base", "Основа"]);
    // The base alone, as a run that keeps English only would write it: the Russian name stays.
    let mut row = rename(&found["1"], "Base 2");
    row.name.as_mut().unwrap().old.remove("ru_RU");
    assert_eq!(writer.update(&[row]).await.unwrap()[&external("1")], Answer::Done);
    let found = links(&session, "language").await;
    assert_eq!(found["1"].product.as_ref().unwrap().names, ["Base 2", "Основа"]);
    assert_eq!(writer.update(&[rename(&found["1"], "Both")]).await.unwrap()[&external("1")], Answer::Done);
    assert_eq!(links(&session, "language").await["1"].product.as_ref().unwrap().names, ["Both", "Both"]);
    // A name that was edited in one language only is overtaken.
    let found = links(&session, "language").await;
    let translate = Call::new("product.template", "write").ids(&[template]).arg("vals", json!({"name": "Вручную"}));
    world.admin(translate.context("lang", "ru_RU")).await;
    let answers = writer.update(&[rename(&found["1"], "Third")]).await.unwrap();
    let says = "the name is 'Вручную' (ru_RU) now, edited meanwhile".to_owned();
    assert_eq!(answers[&external("1")], Answer::Overtaken(says));
    writer.release().await.unwrap();
}

pub async fn adopts(world: &World) {
    let session = world.session().await;
    let (product, template) =
        world.add_product(json!({"name": "By hand", "barcode": "adopt-1", "list_price": 5.0})).await;
    let writer = take(&session, "adopt").await;
    let adoption = UpdateRow {
        external_id: "1".to_owned(),
        label: "By hand".to_owned(),
        product,
        template,
        adopt: Some("barcode"),
        name: None,
        price: None,
        activity: None,
        missing: None,
        link: BTreeMap::from([("wrote_barcode", json!("adopt-1")), ("said_price", json!(null))]),
    };
    for _ in 0..2 {
        assert_eq!(writer.update(std::slice::from_ref(&adoption)).await.unwrap()[&external("1")], Answer::Done);
    }
    let found = links(&session, "adopt").await;
    assert_eq!(found["1"].product.as_ref().unwrap().id.get(), product);
    assert_eq!(found["1"].wrote_barcode.as_deref(), Some("adopt-1"));
    // One product has one link a source.
    let second = UpdateRow { external_id: "2".to_owned(), ..adoption };
    let answers = writer.update(&[second]).await.unwrap();
    let Answer::Refused(words) = &answers[&external("2")] else { panic!("{answers:?}") };
    assert!(words.contains("x_pz_product_product_uniq"), "{words}");
    writer.release().await.unwrap();
}
