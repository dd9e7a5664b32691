//! Digests: both sides come to the same ones, whatever the texts, and an edit that a run would see to is told.

use std::collections::BTreeSet;

use erpsync::catalog::digest::{Buckets, Line};
use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{Listing, ListingBuilder, Price};
use erpsync::odoo::Session;
use erpsync::odoo::digest::{Rules, Summary, lines, summary};
use erpsync::odoo::writer::CreateRow;
use serde_json::{Value, json};

use super::{World, create, create_row, external, source};

const RULES: Rules =
    Rules { line: Line::Whole, leave_names: false, leave_prices: false, extras: false, archive: false };

/// Id, name, price, barcodes.
type Said<'a> = (&'a str, &'a str, Option<&'a str>, &'a [&'a str]);

/// Everything that may trip two ways of writing one text.
const ODD: &[Said<'static>] = &[
    ("1", "Чай зелёный", Some("0.005"), &["4006381333931"]),
    ("007", "🍵 emoji 🇷🇺", Some("12"), &["a", "b", "c"]),
    ("A-ё", "x", None, &[]),
    ("{guid}", "quotes ' \" \\ % %s $1 {0}", Some("99999999999.9999"), &["%s", "'", "\\"]),
    ("ß", "ﬃ İ ı — no-break\u{a0}blank", Some("1.1"), &["Ж-1"]),
    ("٣", "عربى ‏rtl", Some("0"), &["0"]),
];

fn listing(said: &[Said<'_>]) -> Listing {
    let mut builder = ListingBuilder::new(BarcodeOrder::Text);
    for (id, name, price, codes) in said {
        builder.product(Some(id), Some(name), Ok(price.map(|p| Price::parse(p).unwrap())));
        codes.iter().for_each(|code| builder.barcode(Some(id), Some(code)));
    }
    builder.finish()
}

async fn told(session: &Session, name: &str, rules: Rules) -> Summary {
    summary(session, &source(name), rules).await.unwrap()
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
                wrote_price: priced.to_owned(),
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
        ["code", "company", "extras", "kept-same", "link", "name", "no-upc", "price", "touch", "uncode", "wrote"]
    );
    let left = told(&session, "looks", Rules { leave_names: true, leave_prices: true, ..RULES }).await;
    assert_eq!(
        ids(&left.looks),
        ["code", "company", "extras", "kept-same", "link", "no-upc", "touch", "uncode", "wrote"]
    );
    let prices = told(&session, "looks", Rules { line: Line::Prices, ..RULES }).await;
    assert_eq!(ids(&prices.looks), ["company", "kept-same", "link", "price", "touch", "wrote"]);

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
