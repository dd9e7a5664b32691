//! Further codes on packagings or units.

use erpsync::odoo::writer::{Answer, CreateRow, MoveRow};
use serde_json::json;

use super::moves::{agree, codes, shelf, step};
use super::{World, create_row, external, links, source, take, take_as};

fn texts(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|c| (*c).to_owned()).collect()
}

pub async fn created(world: &World) {
    let session = world.session().await;
    let (stranger, _) = world.add_product(json!({"name": "Boxes"})).await;
    world.add_packaging(stranger, "extra-box").await;
    let (holder, _) = world.add_product(json!({"name": "Holder", "barcode": "extra-main"})).await;
    let rows = [
        CreateRow {
            said_barcodes: "extra-1\nextra-2\nextra-3".to_owned(),
            extras: texts(&["extra-2", "extra-3"]),
            ..create_row("1", "With two more", 1.0, Some("extra-1"))
        },
        // Codes that others were given meanwhile are left out; what is free is written.
        CreateRow {
            extras: texts(&["extra-box", "extra-main", "extra-4"]),
            ..create_row("2", "With one more", 1.0, Some("extra-5"))
        },
    ];
    let writer = take(&session, "extra").await;
    let answers = writer.create(&rows, false).await.unwrap();
    assert!(answers.values().all(|a| matches!(a, Answer::Created(_, None))), "{answers:?}");
    let again = writer.create(&rows, false).await.unwrap();
    assert!(again.values().all(|a| *a == Answer::Known), "{again:?}");
    writer.release().await.unwrap();
    let found = links(&session, "extra").await;
    let of = |id: &str| (found[id].wrote_extras.clone(), found[id].product.as_ref().unwrap().packagings.clone());
    assert_eq!(of("1"), (texts(&["extra-2", "extra-3"]), texts(&["extra-2", "extra-3"])));
    assert_eq!(of("2"), (texts(&["extra-4"]), texts(&["extra-4"])));
    for (product, expected) in [(stranger, vec!["extra-box"]), (holder, Vec::new())] {
        assert_eq!(world.packagings(product).await, expected);
    }
    assert_eq!(
        world.operations("barcode", "extra", "extra").await,
        ["1:barcode", "1:packaging+extra-2", "1:packaging+extra-3", "2:barcode", "2:packaging+extra-4"]
    );
    let line = |id: &str, new: &str| (id.to_owned(), String::new(), new.to_owned(), "created".to_owned());
    let expected = ["extra-1", "extra-2", "extra-3"].map(|new| line("1", new));
    assert_eq!(world.history("barcode", &source("extra")).await[..3], expected);
}

/// Codes go from packagings to products and back, all in one transaction.
pub async fn change_hands(world: &World) {
    let session = world.session().await;
    let (writer, found) = shelf(&session, "pack", 3).await;
    let product = |id: &str| found[id].product.as_ref().unwrap().id.get();
    let first = [
        vec![MoveRow {
            add: texts(&["pack-a", "pack-b"]),
            wrote_extras: Some("pack-a\npack-b".to_owned()),
            said_barcodes: Some("pack-1\npack-a\npack-b".to_owned()),
            ..step(&found["1"], Some("pack-1"), Some("pack-1"))
        }],
        vec![MoveRow {
            add: texts(&["pack-c"]),
            wrote_extras: Some("pack-c".to_owned()),
            ..step(&found["2"], Some("pack-2"), Some("pack-2"))
        }],
    ];
    for _ in 0..2 {
        let answers = writer.move_barcodes(&first).await.unwrap();
        assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
    }
    assert_eq!(world.packagings(product("1")).await, ["pack-a", "pack-b"]);
    assert_eq!(
        world.operations("barcode", "pack", "pack").await,
        ["1:packaging+pack-a", "1:packaging+pack-b", "2:packaging+pack-c"]
    );
    writer.release().await.unwrap();
    let now = links(&session, "pack").await;
    assert_eq!(now["1"].product.as_ref().unwrap().packagings, ["pack-a", "pack-b"]);
    assert_eq!((&now["1"].wrote_extras, &now["2"].wrote_extras), (&texts(&["pack-a", "pack-b"]), &texts(&["pack-c"])));
    assert_eq!(now["1"].said_barcodes, ["pack-1", "pack-a", "pack-b"]);
    // 1's packaging becomes 2's barcode, 2's packaging becomes 3's, 3's barcode goes to 1's packaging, and 1 keeps its own.
    let writer = take_as(&session, "pack", "pack-2").await;
    let circle = [vec![
        MoveRow {
            remove: texts(&["pack-a"]),
            add: texts(&["pack-3"]),
            wrote_extras: Some("pack-b\npack-3".to_owned()),
            ..step(&found["1"], Some("pack-1"), Some("pack-1"))
        },
        MoveRow {
            remove: texts(&["pack-c"]),
            add: texts(&["pack-2"]),
            wrote_extras: Some("pack-2".to_owned()),
            ..step(&found["2"], Some("pack-2"), Some("pack-a"))
        },
        step(&found["3"], Some("pack-3"), Some("pack-c")),
    ]];
    let answers = writer.move_barcodes(&circle).await.unwrap();
    assert!(answers.values().all(|a| *a == Answer::Done), "{answers:?}");
    let expected = agree(&[("1", Some("pack-1")), ("2", Some("pack-a")), ("3", Some("pack-c"))]);
    assert_eq!(codes(&session, "pack").await, expected);
    for (id, packed) in [("1", vec!["pack-3", "pack-b"]), ("2", vec!["pack-2"]), ("3", Vec::new())] {
        assert_eq!(world.packagings(product(id)).await, packed, "{id}");
    }
    let history = world.history("barcode", &source("pack")).await;
    let keys = world.operations("barcode", "pack", "pack-2").await;
    assert_eq!(
        keys,
        [
            "1:packaging+pack-3",
            "1:packaging-pack-a",
            "2:barcode",
            "2:packaging+pack-2",
            "2:packaging-pack-c",
            "3:barcode"
        ]
    );
    let line = |id: &str, old: &str, new: &str| {
        let [id, old, new, cause] = [id, old, new, "source"].map(str::to_owned);
        (id, old, new, cause)
    };
    for expected in [
        line("1", "pack-a", ""),
        line("1", "", "pack-3"),
        line("2", "pack-2", "pack-a"),
        line("2", "pack-c", ""),
        line("2", "", "pack-2"),
    ] {
        assert!(history.contains(&expected), "{expected:?} in {history:?}");
    }
    // The answer was lost: the same call again finds the work done and writes nothing.
    let again = writer.move_barcodes(&circle).await.unwrap();
    assert!(again.values().all(|a| *a == Answer::Done), "{again:?}");
    assert_eq!(codes(&session, "pack").await, expected);
    assert_eq!(world.packagings(product("2")).await, ["pack-2"]);
    assert_eq!(world.history("barcode", &source("pack")).await, history);
    writer.release().await.unwrap();
}

/// What people did to packagings meanwhile is no obstacle where it is what we want.
pub async fn alone(world: &World) {
    let session = world.session().await;
    let (writer, found) = shelf(&session, "solo", 1).await;
    let product = found["1"].product.as_ref().unwrap().id.get();
    world.add_packaging(product, "solo-by-hand").await;
    let row = MoveRow {
        add: texts(&["solo-by-hand", "solo-ours"]),
        remove: texts(&["solo-gone"]),
        wrote_extras: Some("solo-by-hand\nsolo-ours".to_owned()),
        ..step(&found["1"], Some("solo-1"), Some("solo-1"))
    };
    let answers = writer.move_barcodes(&[vec![row.clone()]]).await.unwrap();
    assert_eq!(answers[&external("1")], Answer::Done);
    assert_eq!(world.packagings(product).await, ["solo-by-hand", "solo-ours"]);
    writer.release().await.unwrap();
    // All of them go, and only ours are ours to take.
    let writer = take_as(&session, "solo", "solo-2").await;
    let off = MoveRow {
        add: Vec::new(),
        remove: texts(&["solo-ours"]),
        wrote_extras: Some(String::new()),
        said_barcodes: None,
        ..row
    };
    for _ in 0..2 {
        let answers = writer.move_barcodes(&[vec![off.clone()]]).await.unwrap();
        assert_eq!(answers[&external("1")], Answer::Done);
    }
    assert_eq!(world.packagings(product).await, ["solo-by-hand"]);
    assert_eq!(world.operations("barcode", "solo", "solo-2").await, ["1:packaging-solo-ours"]);
    let now = links(&session, "solo").await;
    assert!(now["1"].wrote_extras.is_empty());
    assert_eq!(
        (now["1"].wrote_barcode.as_deref(), now["1"].said_barcodes.as_slice()),
        (Some("solo-1"), &["solo-1".to_owned()][..])
    );
    writer.release().await.unwrap();
}

pub async fn overtaken_and_refused(world: &World) {
    (world.refuse)("barcode", "late-x");
    let session = world.session().await;
    let (writer, found) = shelf(&session, "late", 5).await;
    let product = |id: &str| found[id].product.as_ref().unwrap().id.get();
    let (stranger, _) = world.add_product(json!({"name": "Late stranger", "barcode": "late-main"})).await;
    world.add_packaging(stranger, "late-box").await;
    let keep = |id: &str, add: &[&str]| {
        let code = format!("late-{id}");
        MoveRow { add: texts(add), wrote_extras: Some(add.join("\n")), ..step(&found[id], Some(&code), Some(&code)) }
    };
    let components = [
        vec![keep("1", &["late-main"])],
        vec![keep("2", &["late-box"])],
        // A packaging of somebody else has the code.
        vec![step(&found["3"], Some("late-3"), Some("late-box"))],
        // Refused: its packagings are as they were.
        vec![MoveRow { add: texts(&["late-new"]), ..step(&found["4"], Some("late-4"), Some("late-x")) }],
        vec![keep("5", &["late-free"])],
    ];
    let answers = writer.move_barcodes(&components).await.unwrap();
    for (id, code) in [("1", "late-main"), ("2", "late-box"), ("3", "late-box")] {
        let says = format!("barcode {code} is at product #{stranger} now");
        assert_eq!(answers[&external(id)], Answer::Overtaken(says));
    }
    let Answer::Refused(words) = &answers[&external("4")] else { panic!("{answers:?}") };
    assert!(words.contains("violates check constraint"), "{words}");
    assert_eq!(answers[&external("5")], Answer::Done);
    for (id, packed) in [("1", vec![]), ("2", vec![]), ("4", vec![]), ("5", vec!["late-free"])] {
        assert_eq!(world.packagings(product(id)).await, packed, "{id}");
    }
    assert_eq!(world.barcode(product("4")).await.as_deref(), Some("late-4"));
    assert_eq!(world.operations("barcode", "late", "late").await, ["5:packaging+late-free"]);
    writer.release().await.unwrap();
}

/// A product without a link loses its code to one of the source's, because a person said so.
pub async fn outsiders(world: &World) {
    let session = world.session().await;
    let (writer, found) = shelf(&session, "robbed", 2).await;
    let (outsider, _) = world.add_product(json!({"name": "Outsider", "barcode": "robbed-code"})).await;
    let (edited, _) = world.add_product(json!({"name": "Edited outsider", "barcode": "robbed-edited"})).await;
    let release = |id: &str, product: i64, code: &str| MoveRow {
        external_id: id.to_owned(),
        product,
        said_barcodes: None,
        outside: true,
        cause: "chosen",
        ..step(&found[id], Some(code), None)
    };
    let components = [
        vec![
            release("1", outsider, "robbed-code"),
            MoveRow { cause: "chosen", ..step(&found["1"], Some("robbed-1"), Some("robbed-code")) },
        ],
        vec![release("2", edited, "robbed-code-2"), step(&found["2"], Some("robbed-2"), Some("robbed-code-2"))],
    ];
    let overtaken = Answer::Overtaken("the barcode is robbed-edited now, edited meanwhile".to_owned());
    for _ in 0..2 {
        let answers = writer.move_barcodes(&components).await.unwrap();
        assert_eq!((&answers[&external("1")], &answers[&external("2")]), (&Answer::Done, &overtaken));
        assert_eq!(world.barcode(outsider).await, None);
        assert_eq!(world.barcode(edited).await.as_deref(), Some("robbed-edited"));
    }
    writer.release().await.unwrap();
    let expected = agree(&[("1", Some("robbed-code")), ("2", Some("robbed-2"))]);
    assert_eq!(codes(&session, "robbed").await, expected);
    let keys = world.operations("barcode", "robbed", "robbed").await;
    assert_eq!(keys, ["1:barcode".to_owned(), format!("1:outside-{outsider}")]);
    let fields = ["x_name", "x_external_id", "x_link_id", "x_old", "x_new", "x_cause"];
    let domain = json!([["x_source", "=", "robbed"], ["x_operation", "=", format!("key-robbed:1:outside-{outsider}")]]);
    let line = world.rows("x_pz_product_barcode_history", domain, &fields).await.remove(0);
    assert_eq!(line["x_name"], format!("#{outsider}: robbed-code → -"));
    for (field, value) in [
        ("x_external_id", json!(false)),
        ("x_link_id", json!(false)),
        ("x_old", json!("robbed-code")),
        ("x_new", json!(false)),
        ("x_cause", json!("chosen")),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    // A creation takes the code in the same run: the release goes alone, before its link is made.
    let writer = take_as(&session, "robbed", "robbed-2").await;
    let alone = MoveRow { external_id: "not-yet".to_owned(), ..release("1", edited, "robbed-edited") };
    let answers = writer.move_barcodes(&[vec![alone]]).await.unwrap();
    assert_eq!(answers[&external("not-yet")], Answer::Done);
    let made = writer.create(&[create_row("not-yet", "Heir", 1.0, Some("robbed-edited"))], false).await.unwrap();
    assert!(matches!(made[&external("not-yet")], Answer::Created(_, None)), "{made:?}");
    assert_eq!(links(&session, "robbed").await["not-yet"].wrote_barcode.as_deref(), Some("robbed-edited"));
    writer.release().await.unwrap();
}
