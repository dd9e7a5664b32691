//! Digests: both sides come to the same ones, whatever the texts, and an edit that a run would see to is told.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use erpsync::catalog::digest::{Buckets, Line};
use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{BarcodeFormat, CodeRules, Listing, ListingBuilder, Precedence, Price};
use erpsync::odoo::Session;
use erpsync::odoo::digest::{Rules, Summary, lines, summary};
use erpsync::odoo::transport::Call;
use erpsync::odoo::writer::CreateRow;
use serde_json::{Value, json};

use super::{World, create, create_row, external, source, take_as};

pub const RULES: Rules<'static> = Rules {
    line: Line::Whole,
    leave_names: false,
    leave_prices: false,
    extras: false,
    archive: false,
    barcodes: true,
    precedence: Precedence::NOBODY,
};

/// Id, name, price, barcodes.
type Said<'a> = (&'a str, &'a str, Option<&'a str>, &'a [&'a str]);

/// Everything that may trip two ways of writing one text.
const ODD: &[Said<'static>] = &[
    ("1", "Чай зелёный", Some("0.005"), &["4006381333931"]),
    ("007", "🍵 emoji 🇷🇺", Some("12"), &["a", "b", "c"]),
    ("A-ё", "x", None, &[]),
    ("{guid}", "quotes ' \" \\ % %s $1 {0}", Some("99999999999.9999"), &["%s", "'1", "\\2"]),
    ("ß", "ﬃ İ ı — no-break\u{a0}blank", Some("1.1"), &["Ж-1"]),
    ("٣", "عربى ‏rtl", Some("0"), &["0-1"]),
];

fn listing(said: &[Said<'_>]) -> Listing {
    let mut builder = ListingBuilder::new(BarcodeOrder::Text).with_codes(CodeRules::new(BarcodeFormat::Any, []));
    for (id, name, price, codes) in said {
        builder.product(Some(id), Some(name), Ok(price.map(|p| Price::parse(p).unwrap())));
        codes.iter().for_each(|code| builder.barcode(Some(id), Some(code)));
    }
    builder.finish()
}

async fn told(session: &Session, name: &str, rules: Rules<'_>) -> Summary {
    summary(session, &source(name), rules, None).await.unwrap()
}

/// Whoever lists several codes or has no price would be looked at, and is not compared.
pub async fn odd_texts(world: &World) {
    let session = world.session().await;
    let rows: Vec<CreateRow> = ODD
        .iter()
        .map(|(id, name, price, codes)| {
            let priced = price.unwrap_or("0");
            CreateRow {
                price: price.map(|p| p.parse().unwrap()),
                said_price: price.map(str::to_owned),
                wrote_price: Some(priced.to_owned()),
                barcode: codes.first().map(|c| format!("odd-{c}")),
                said_barcodes: codes.join("\n"),
                ..create_row(id, name, 0.0, None)
            }
        })
        .collect();
    create(&session, "odd", &rows).await;
    // All are looked at, as none has the code that it was to have; so their lines are asked for one by one.
    let all = [(0, (1 << 28) - 1)];
    for line in [Line::Whole, Line::Prices] {
        let theirs = lines(&session, &source("odd"), line, &all).await.unwrap();
        let ours = listing(ODD);
        let digest = |id: &str| ours.digest(ours.find(&external(id)).unwrap(), line);
        for (id, ..) in ODD {
            assert_eq!(theirs.get(&external(id)), Some(&digest(id)), "{line:?} of {id}");
        }
        assert_eq!(theirs.len(), ODD.len());
    }
    assert!(lines(&session, &source("odd"), Line::Whole, &[]).await.unwrap().is_empty());
}

/// The sums are those of our side; a link that says something else is found by its range alone.
pub async fn sums(world: &World) {
    let session = world.session().await;
    let texts: Vec<(String, String, String)> =
        (0..40).map(|n| (format!("{n}"), format!("Сумма {n}"), format!("sum-{n}"))).collect();
    let rows: Vec<CreateRow> = texts.iter().map(|(id, name, code)| create_row(id, name, 2.5, Some(code))).collect();
    let links = create(&session, "sums", &rows).await;
    let codes: Vec<[&str; 1]> = texts.iter().map(|(_, _, code)| [code.as_str()]).collect();
    let said: Vec<Said<'_>> =
        texts.iter().zip(&codes).map(|((id, name, _), code)| (&**id, &**name, Some("2.5"), &code[..])).collect();
    let ours = listing(&said);
    for line in [Line::Whole, Line::Prices] {
        let theirs = told(&session, "sums", Rules { line, ..RULES }).await;
        assert_eq!((theirs.links, theirs.missing, theirs.looks.len()), (40, 0, 0), "{:?}", theirs.looks);
        assert_eq!(theirs.buckets.bits(), 3);
        assert_eq!(theirs.buckets, ours.buckets(3, line), "{line:?}");
    }
    world.edit("x_pz_product", world.link_id("sums", "17").await, json!({"x_said_name": "other"})).await;
    world.edit("x_pz_product", world.link_id("sums", "18").await, json!({"x_missing": true})).await;
    let theirs = told(&session, "sums", RULES).await;
    // What it said is not what it wrote, so it is looked at, and its line is left out.
    assert_eq!((theirs.looks.clone(), theirs.missing), (BTreeSet::from([external("17")]), 1));
    let mut left: Buckets = ours.buckets(3, Line::Whole);
    for id in ["17", "18"] {
        let place = ours.find(&external(id)).unwrap();
        left.remove(ours.hash(place), ours.digest(place, Line::Whole));
    }
    assert_eq!(theirs.buckets, left);
    let place = ours.find(&external("18")).unwrap();
    let range = (ours.hash(place), ours.hash(place));
    assert!(lines(&session, &source("sums"), Line::Whole, &[range]).await.unwrap().is_empty());
    assert_eq!(links.len(), 40);
}

/// What is changed, in which model, to what, and whether a run has to look, or would if edits in Odoo were left.
pub async fn looks(world: &World) {
    let session = world.session().await;
    let upc = |id: &str, code: &str, listed: &str| CreateRow {
        said_barcodes: listed.to_owned(),
        ..create_row(id, "Steady", 7.0, Some(code))
    };
    let names =
        ["name", "price", "code", "uncode", "archived", "touch", "company", "link", "kept", "kept-same", "wrote"];
    let mut rows: Vec<CreateRow> =
        names.iter().map(|id| create_row(id, "Steady", 7.0, Some(&format!("digest-{id}")))).collect();
    rows.push(upc("upc", "036000291452", "0036000291452"));
    rows.push(upc("no-upc", "036000291453", "0036000291453"));
    rows.push(upc("second", "digest-second", "digest-another\ndigest-second"));
    rows.push(create_row("bare", "Steady", 7.0, None));
    rows.push(CreateRow {
        extras: vec!["digest-box".to_owned()],
        ..upc("extras", "digest-extras", "digest-box\ndigest-extras")
    });
    let links = create(&session, "looks", &rows).await;
    let ids = |found: &BTreeSet<_>| found.iter().map(ToString::to_string).collect::<Vec<String>>();
    let at_first = told(&session, "looks", RULES).await;
    assert_eq!(ids(&at_first.looks), ["extras", "no-upc"], "without the setting, further codes go");
    let extras = told(&session, "looks", Rules { extras: true, ..RULES }).await;
    assert_eq!(ids(&extras.looks), ["no-upc", "second"]);

    let product = |id: &str| links[id].product.as_ref().unwrap();
    let variant = async |id: &str, values: Value| {
        world.edit("product.product", product(id).id.get(), values).await;
    };
    let template = async |id: &str, values: Value| {
        world.edit("product.template", product(id).template.get(), values).await;
    };
    let link = async |id: &str, values: Value| {
        world.edit("x_pz_product", world.link_id("looks", id).await, values).await;
    };
    template("name", json!({"name": "Renamed"})).await;
    template("price", json!({"list_price": 7.01})).await;
    variant("code", json!({"barcode": "digest-edited"})).await;
    variant("uncode", json!({"barcode": false})).await;
    variant("archived", json!({"active": false})).await;
    link("touch", json!({"x_no_touch": true})).await;
    link("link", json!({"x_product_id": false})).await;
    template("kept", json!({"name": "Kept", "list_price": 8.0})).await;
    link("kept", json!({"x_kept": "name price"})).await;
    link("kept-same", json!({"x_kept": "price"})).await;
    link("wrote", json!({"x_wrote_price": "not a number"})).await;
    let company = world
        .admin(
            erpsync::odoo::transport::Call::new("res.company", "create")
                .arg("vals_list", json!([{"name": "Elsewhere"}])),
        )
        .await[0]
        .as_i64()
        .unwrap();
    template("company", json!({"company_id": company})).await;
    let told_now = told(&session, "looks", RULES).await;
    assert_eq!(
        ids(&told_now.looks),
        [
            "archived",
            "code",
            "company",
            "extras",
            "kept-same",
            "link",
            "name",
            "no-upc",
            "price",
            "touch",
            "uncode",
            "wrote"
        ]
    );
    let left = told(&session, "looks", Rules { leave_names: true, leave_prices: true, ..RULES }).await;
    assert_eq!(
        ids(&left.looks),
        ["archived", "code", "company", "extras", "kept-same", "link", "no-upc", "touch", "uncode", "wrote"]
    );
    let prices = told(&session, "looks", Rules { line: Line::Prices, ..RULES }).await;
    assert_eq!(ids(&prices.looks), ["archived", "company", "kept-same", "link", "price", "touch", "wrote"]);

    // Of products that the source does not have, only some matter.
    for id in ["name", "price", "code", "archived", "bare", "upc"] {
        link(id, json!({"x_missing": true})).await;
    }
    let gone = told(&session, "looks", RULES).await;
    assert_eq!(
        ids(&gone.looks),
        ["code", "company", "extras", "kept-same", "link", "no-upc", "touch", "uncode", "wrote"]
    );
    assert_eq!(gone.missing, 6);
    let archive = told(&session, "looks", Rules { archive: true, ..RULES }).await;
    let more: Vec<_> = ids(&archive.looks).into_iter().filter(|id| !ids(&gone.looks).contains(id)).collect();
    assert_eq!(more, ["bare", "name", "price", "upc"]);
    // Leave nothing behind that another scenario would stumble over.
    variant("archived", json!({"active": true})).await;
}

/// What Odoo remembers of the last judgement.
async fn memory(world: &World) -> Value {
    let call = Call::new("x_pz_lane", "search_read")
        .arg("domain", json!([["x_lane", "=", 0]]))
        .arg("fields", json!(["x_seen"]));
    world.admin(call).await[0].clone()
}

async fn remember(world: &World, lane: &Value, seen: Value) {
    world.edit("x_pz_lane", lane["id"].as_i64().unwrap(), json!({ "x_seen": seen })).await;
}

/// What is told where nothing is remembered.
async fn found_whole(session: &Session, world: &World, lane: &Value, name: &str, rules: Rules<'_>) -> Summary {
    remember(world, lane, json!(false)).await;
    summary(session, &source(name), rules, None).await.unwrap()
}

/// A call that judges only what changed since the last one comes to what one comes to that judges every link.
pub async fn remembered(world: &World) {
    let session = world.session().await;
    let all = [
        ("plain", RULES),
        ("left", Rules { leave_names: true, leave_prices: true, ..RULES }),
        ("strict", Rules { extras: true, archive: true, ..RULES }),
        ("priced", Rules { line: Line::Prices, ..RULES }),
    ];
    for (name, rules) in all {
        let ids = ["name", "price", "code", "uncode", "shared", "gone", "touch", "missing", "kept", "rest"];
        let rows: Vec<CreateRow> =
            ids.iter().map(|id| create_row(id, "Steady", 7.0, Some(&format!("seen-{name}-{id}")))).collect();
        let links = create(&session, name, &rows).await;
        let ids = ids.map(|id| {
            let product = links[id].product.as_ref().unwrap();
            (id, product.id.get(), product.template.get())
        });
        let of = |id: &str| *ids.iter().find(|(one, ..)| *one == id).unwrap();
        let link = async |id: &str| world.link_id(name, id).await;
        let lease = take_as(&session, name, &format!("{name}-judging")).await;
        let token = Some(lease.token());
        let found = async |step: &str| {
            let quick = summary(&session, &source(name), rules, token).await.unwrap();
            let lane = memory(world).await;
            let whole = found_whole(&session, world, &lane, name, rules).await;
            assert_eq!(memory(world).await["x_seen"], json!(false), "without a lease nothing is remembered");
            remember(world, &lane, lane["x_seen"].clone()).await;
            assert_eq!((&quick.looks, &quick.buckets), (&whole.looks, &whole.buckets), "{name}: after {step}");
            assert_eq!(quick.doubled, whole.doubled, "{name}: after {step}");
            quick.looks.iter().map(ToString::to_string).collect::<BTreeSet<String>>()
        };
        assert_eq!(found("creation").await, BTreeSet::new(), "{name}");
        let (_, variant, template) = of("name");
        world.edit("product.template", template, json!({"name": "Renamed"})).await;
        found("a name").await;
        world.edit("product.template", of("price").2, json!({"list_price": 8.0})).await;
        let seen = found("a price").await;
        assert_eq!(seen.contains("price"), !rules.leave_prices, "{name}");
        found("nothing").await;
        world.edit("product.product", of("code").1, json!({"barcode": format!("other-{name}")})).await;
        world.edit("product.product", of("uncode").1, json!({"barcode": false})).await;
        found("barcodes").await;
        if world.version >= 16 && world.attributes {
            // Somebody else's product takes the code of one of ours, which itself does not change.
            let code = format!("seen-{name}-shared");
            let values = json!([{"name": "Foreign", "barcode": code}]);
            // Odoo itself refuses what it sees: given while the other is archived, as people do.
            world.edit("product.product", of("shared").1, json!({"active": false})).await;
            found("archiving").await;
            let foreign = world.admin(Call::new("product.product", "create").arg("vals_list", values)).await;
            let foreign = foreign[0].as_i64().unwrap();
            found("a foreign product").await;
            world.edit("product.product", foreign, json!({"active": false})).await;
            found("a foreign product in the archive").await;
            world.edit("product.product", of("shared").1, json!({"active": true})).await;
            found("a product out of the archive").await;
        }
        world.admin(Call::new("product.product", "unlink").ids(&[of("gone").1])).await;
        assert!(found("a deletion").await.contains("gone"), "{name}");
        world.edit("x_pz_product", link("touch").await, json!({"x_no_touch": true})).await;
        assert!(found("a word").await.contains("touch"), "{name}");
        world.edit("x_pz_product", link("missing").await, json!({"x_missing": true})).await;
        world.edit("x_pz_product", link("kept").await, json!({"x_kept": "price"})).await;
        found("what the source no longer has").await;
        world.edit("x_pz_product", link("missing").await, json!({"x_missing": false})).await;
        world.edit("x_pz_product", link("touch").await, json!({"x_no_touch": false})).await;
        world.edit("product.template", template, json!({"name": "Steady"})).await;
        world.edit("product.product", variant, json!({"active": false})).await;
        let last = found("going back").await;
        assert!(last.contains("gone") && last.contains("kept") && !last.contains("touch"), "{name}: {last:?}");

        // It does go by what it remembers, on the versions that say who wrote a translation.
        let mut lane = memory(world).await;
        if lane["x_seen"] == json!(false) {
            assert!(world.version < 16 || !world.attributes, "nothing is remembered");
            lease.release().await.unwrap();
            continue;
        }
        // As long as anybody on the server has a transaction open that is older than an edit, the edit is looked at again.
        let begun = Instant::now();
        loop {
            let seen = lane["x_seen"].as_str().unwrap();
            assert!(seen.contains("\"gone\""), "{seen}");
            remember(world, &lane, json!(seen.replace("\"gone\"", "\"nobody\""))).await;
            let misled = summary(&session, &source(name), rules, None).await.unwrap();
            remember(world, &lane, lane["x_seen"].clone()).await;
            if !misled.looks.contains(&external("gone")) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{name}: nothing is made of what is remembered");
            tokio::time::sleep(Duration::from_millis(200)).await;
            summary(&session, &source(name), rules, token).await.unwrap();
            lane = memory(world).await;
        }
        lease.release().await.unwrap();

        // Not by what is a day old, is of the future, or was found by other rules.
        let entries: Value = serde_json::from_str(lane["x_seen"].as_str().unwrap()).unwrap();
        let entry = if rules.line == Line::Prices { format!("{name} prices") } else { name.to_owned() };
        let shifted = |key: &str, by: i64| json!(entries[&entry][key].as_i64().unwrap() + by);
        for (key, value) in
            [("all", shifted("all", -86_401)), ("xid", shifted("xid", 1_000_000)), ("key", json!("other"))]
        {
            let mut entries = entries.clone();
            entries[&entry][key] = value;
            entries[&entry]["looks"] = json!([]);
            remember(world, &lane, json!(entries.to_string())).await;
            let whole = summary(&session, &source(name), rules, None).await.unwrap();
            assert!(whole.looks.contains(&external("gone")), "{name}: another {key}");
        }

        // How many links there were then only says how many buckets to begin with.
        let whole = found_whole(&session, world, &lane, name, rules).await;
        let mut entries = entries.clone();
        for links in [0, 7, 1_000_000] {
            entries[&entry]["links"] = json!(links);
            remember(world, &lane, json!(entries.to_string())).await;
            let told = summary(&session, &source(name), rules, None).await.unwrap();
            assert_eq!((told.links, &told.buckets, &told.looks), (10, &whole.buckets, &whole.looks), "{name}: {links}");
        }
    }
}

/// Where PostgreSQL does not keep digests, the procedure computes the same.
pub async fn computed_when_asked(world: &World) {
    let session = world.session().await;
    let all = [(0, (1 << 28) - 1)];
    let mut before = Vec::new();
    for round in ["kept", "computed"] {
        for (at, (name, line)) in
            [("odd", Line::Whole), ("odd", Line::Prices), ("sums", Line::Whole), ("sums", Line::Prices)]
                .into_iter()
                .enumerate()
        {
            let said = told(&session, name, Rules { line, ..RULES }).await;
            let found =
                (said.links, said.looks, said.buckets, lines(&session, &source(name), line, &all).await.unwrap());
            assert!(!found.3.is_empty());
            match before.get(at) {
                None => before.push(found),
                Some(before) => assert_eq!(&found, before, "{round}: {line:?} of {name}"),
            }
        }
        if round == "kept" {
            (world.forget_digests)();
        }
    }
}
