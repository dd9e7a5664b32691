//! Links, candidates, holders.

use erpsync::catalog::{CodeKey, Company, HolderKind, LinkedCode, MatchRule, OdooCodes, PackagingKind};
use erpsync::odoo::Session;
use erpsync::odoo::barcodes::{read_codes, read_codes_by, read_linked, read_linked_by};
use erpsync::odoo::digest::summary;
use erpsync::odoo::snapshot::{Doubled, Unlinked, Wanted, look_up};
use erpsync::odoo::transport::Call;
use erpsync::odoo::writer::{Answer, CreateRow, Finish, Spoken};
use serde_json::json;

use super::digests::RULES;
use super::{World, create, create_row, external, source, take};

pub async fn links(world: &World) {
    let session = world.session().await;
    let found =
        create(&session, "links", &[create_row("1", "One", 3.0, None), create_row("2", "Two", 4.0, None)]).await;
    let writer = take(&session, "links").await;
    writer.release().await.unwrap();
    assert_eq!(found.len(), 2);
    let template = found["2"].product.as_ref().unwrap().template.get();
    world.edit("product.template", template, json!({"active": false})).await;
    let link =
        world.rows("x_pz_product", json!([["x_source", "=", "links"], ["x_external_id", "=", "2"]]), &["id"]).await;
    world.edit("x_pz_product", link[0]["id"].as_i64().unwrap(), json!({"x_no_touch": true})).await;
    let found = super::links(&session, "links").await;
    assert!(!found["2"].product.as_ref().unwrap().active);
    assert!(found["2"].no_touch && !found["1"].no_touch && !found["2"].archived_by_us);
    assert!(super::links(&session, "nothing").await.is_empty());
}

/// Some products alone, and prices alone.
pub async fn parts(world: &World) {
    let session = world.session().await;
    let rows = ["1", "2", "3"].map(|id| CreateRow {
        extras: vec![format!("parts-box-{id}")],
        ..create_row(id, &format!("Part {id}"), 2.0, Some(&format!("parts-{id}")))
    });
    let all = create(&session, "parts", &rows).await;
    assert_eq!(all["2"].product.as_ref().unwrap().packagings, ["parts-box-2"]);
    let some = Wanted { only: Some(vec![external("3"), external("1"), external("404")]), ..Wanted::default() };
    let some = super::read(&session, "parts", &some).await.links;
    assert_eq!(some.len(), 2);
    assert_eq!((&some[&external("1")], &some[&external("3")]), (&all["1"], &all["3"]));
    let none = Wanted { only: Some(Vec::new()), ..Wanted::default() };
    assert!(super::read(&session, "parts", &none).await.links.is_empty());
    let prices = super::read(&session, "parts", &Wanted { prices_only: true, extras: true, only: None }).await.links;
    let (whole, price) = (&all["2"], &prices[&external("2")]);
    assert_eq!((price.said_price, price.wrote_price), (whole.said_price, whole.wrote_price));
    assert_eq!((price.said_barcodes.len(), price.wrote_name.as_str(), price.wrote_extras.len()), (0, "", 0));
    let (whole, price) = (whole.product.as_ref().unwrap(), price.product.as_ref().unwrap());
    assert_eq!((price.id, price.template, &price.price), (whole.id, whole.template, &whole.price));
    assert!(price.names.is_empty() && price.packagings.is_empty());
    // Codes on packagings that are not ours are read when they are asked for.
    let stranger = all["3"].product.as_ref().unwrap().id.get();
    world.add_packaging(stranger, "parts-theirs").await;
    let link = world.link_id("parts", "3").await;
    world.edit("x_pz_product", link, json!({"x_wrote_extras": false})).await;
    let packed = async |extras: bool| {
        let found = super::read(&session, "parts", &Wanted { extras, ..Wanted::default() }).await.links;
        found[&external("3")].product.as_ref().unwrap().packagings.clone()
    };
    assert_eq!(packed(false).await, Vec::<String>::new());
    assert_eq!(packed(true).await, ["parts-box-3", "parts-theirs"]);
}

pub async fn candidates_and_holders(world: &World) {
    let session = world.session().await;
    let (by_code, _) = world.add_product(json!({"name": "Coded", "default_code": "L-1"})).await;
    let (by_barcode, hidden) = world.add_product(json!({"name": "Coded by bars", "barcode": "look-1"})).await;
    world.edit("product.template", hidden, json!({"active": false})).await;
    let (by_name, _) = world.add_product(json!({"name": "A name to find", "list_price": 8.0})).await;
    let (twin, _) = world.add_product(json!({"name": "A name to find"})).await;
    create(&session, "look", &[create_row("L-9", "Linked already", 1.0, Some("look-9"))]).await;
    let writer = take(&session, "look").await;
    writer.release().await.unwrap();
    let unlinked = |id: &str, name: &str, codes: &[&str]| Unlinked {
        id: external(id),
        name: name.to_owned(),
        codes: codes.iter().map(|c| (*c).to_owned()).collect(),
    };
    let asked = [
        unlinked("L-1", "Nameless", &[]),
        unlinked("L-2", "A name to find", &["look-1", "0look-1"]),
        unlinked("L-3", "Not there", &["look-9"]),
        unlinked("L-4", "Not there", &["look-404"]),
    ];
    let rules = [MatchRule::DefaultCode, MatchRule::Barcode, MatchRule::Name];
    let codes = ["look-1".to_owned(), "look-9".to_owned(), "look-404".to_owned()];
    let answers = look_up(&session, &source("look"), &rules, &asked, &codes, Doubled::All).await.unwrap();
    let found = |id: &str| {
        let candidates = answers.candidates.get(&external(id)).map(Vec::as_slice).unwrap_or_default();
        candidates.iter().map(|c| (c.rule, c.variant.id.get(), c.linked, c.variant.active)).collect::<Vec<_>>()
    };
    assert_eq!(found("L-1"), [(MatchRule::DefaultCode, by_code, false, true)]);
    assert_eq!(
        found("L-2"),
        [
            (MatchRule::Barcode, by_barcode, false, false),
            (MatchRule::Name, by_name, false, true),
            (MatchRule::Name, twin, false, true)
        ]
    );
    let linked = super::links(&session, "look").await["L-9"].product.as_ref().unwrap().id.get();
    assert_eq!(found("L-3"), [(MatchRule::Barcode, linked, true, true)]);
    assert_eq!(found("L-4"), []);
    let holder = &answers.holders[&CodeKey::of("look-1")];
    assert_eq!(holder.len(), 1);
    assert_eq!((holder[0].product.get(), holder[0].kind, holder[0].active), (by_barcode, HolderKind::Product, false));
    assert_eq!((holder[0].name.as_str(), holder[0].barcode.as_str()), ("Coded by bars", "look-1"));
    assert!(!answers.holders.contains_key(&CodeKey::of("look-404")));
    // A linked product is taken for its own source alone.
    let elsewhere = look_up(&session, &source("other-source"), &[MatchRule::Barcode], &asked[2..3], &[], Doubled::All)
        .await
        .unwrap();
    assert!(!elsewhere.candidates[&external("L-3")][0].linked);
    duplicates(world, &session).await;
    packaging(world, &session).await;
}

/// From 16 on two active products may have one code, when one was archived as the other got it.
async fn duplicates(world: &World, session: &Session) {
    if world.version < 16 {
        return;
    }
    let found = create(session, "twice", &[create_row("1", "Old", 1.0, Some("look-twice"))]).await;
    let old = found["1"].product.as_ref().unwrap();
    world.edit("product.template", old.template.get(), json!({"active": false})).await;
    let (new, _) = world.add_product(json!({"name": "New", "barcode": "look-twice"})).await;
    let code = CodeKey::of("look-twice");
    let of = source("twice");
    let ask = || look_up(session, &of, &[], &[], &[], Doubled::All);
    assert!(!ask().await.unwrap().holders.contains_key(&code));
    world.edit("product.template", old.template.get(), json!({"active": true})).await;
    let answers = ask().await.unwrap();
    let holders: Vec<i64> = answers.holders[&code].iter().map(|h| h.product.get()).collect();
    assert_eq!(holders, [old.id.get(), new]);
    let told = summary(session, &of, RULES, None).await.unwrap().doubled;
    assert!(told.contains(&"look-twice".to_owned()), "{told:?}");
    let these = look_up(session, &of, &[], &[], &[], Doubled::These(&told)).await.unwrap();
    assert_eq!(these.holders, answers.holders);
    let none = look_up(session, &of, &[], &[], &[], Doubled::These(&[])).await.unwrap();
    assert!(none.holders.is_empty());
    // Another source has nothing to do with it; the end of any run tells of it.
    assert!(!look_up(session, &source("look"), &[], &[], &[], Doubled::All).await.unwrap().holders.contains_key(&code));
    let writer = take(session, "twice").await;
    let ending = writer.finish(&[], Spoken::default(), &Finish::default()).await.unwrap();
    assert_eq!(ending.duplicates, ["look-twice"]);
    world.edit("product.product", new, json!({"barcode": false})).await;
    assert!(writer.finish(&[], Spoken::default(), &Finish::default()).await.unwrap().duplicates.is_empty());
    writer.release().await.unwrap();
}

async fn packaging(world: &World, session: &Session) {
    let (product, _) = world.add_product(json!({"name": "Boxed"})).await;
    world.add_packaging(product, "look-box").await;
    let answers = look_up(session, &source("look"), &[], &[], &["look-box".to_owned()], Doubled::All).await.unwrap();
    let holder = &answers.holders[&CodeKey::of("look-box")][0];
    assert_eq!((holder.kind, holder.product.get()), (HolderKind::Packaging, product));
    let writer = take(session, "box").await;
    let made = writer.create(&[create_row("1", "Unboxed", 1.0, Some("look-box"))], false).await.unwrap();
    let Answer::Created(_, Some(at)) = made[&external("1")] else { panic!("{made:?}") };
    assert_eq!(at, product);
    writer.release().await.unwrap();
}

/// Everything that has a barcode, in pages, whatever their size; runs after the others, whose records it finds too.
pub async fn all_barcodes(world: &World) {
    let session = world.session().await;
    let of = source("pages");
    let before = read_codes(&session).await.unwrap();
    let rows: Vec<_> = (1..=5).map(|n| create_row(&n.to_string(), "Paged", 1.0, Some(&format!("page-{n}")))).collect();
    create(&session, "pages", &[&rows[..], &[create_row("6", "Codeless", 1.0, None)]].concat()).await;
    let (other, template) = world.add_product(json!({"name": "Archived page", "barcode": "page-old"})).await;
    world.edit("product.template", template, json!({"active": false})).await;
    world.add_product(json!({"name": "Codeless too"})).await;
    let (own, template) = world.add_product(json!({"name": "Own page", "barcode": "page-own"})).await;
    world.edit("product.template", template, json!({"company_id": session.company})).await;

    let codes = read_codes(&session).await.unwrap();
    let ids: Vec<i64> = codes.products.iter().map(|p| p.id.get()).collect();
    assert!(ids.is_sorted() && codes.products.iter().all(|p| p.barcode.is_some()));
    let new: Vec<_> = codes.products.iter().filter(|p| !before.products.contains(p)).collect();
    let texts: Vec<&str> = new.iter().filter_map(|p| p.barcode.as_deref()).collect();
    assert_eq!(texts, ["page-1", "page-2", "page-3", "page-4", "page-5", "page-old", "page-own"]);
    let [.., archived, owned] = new[..] else { panic!("{new:?}") };
    assert_eq!((archived.id.get(), archived.active, &archived.company), (other, false, &Company::Shared));
    assert_eq!(archived.name, "Archived page");
    assert_eq!((owned.id.get(), owned.active, &owned.company), (own, true, &Company::Own));
    let boxed = codes.packagings.iter().find(|p| p.barcode == "look-box").expect("from another scenario");
    let kind = if world.version >= 19 { PackagingKind::Unit } else { PackagingKind::Packaging };
    assert_eq!((boxed.kind, boxed.name.as_str(), boxed.active), (kind, "Boxed", true));
    // The size of a page makes no difference.
    for page in [1, 7, codes.products.len()] {
        let paged: OdooCodes = read_codes_by(&session, page).await.unwrap();
        assert_eq!(paged, codes, "pages of {page}");
    }

    let linked = read_linked(&session, &of).await.unwrap();
    let row = |l: &LinkedCode| {
        let p = l.product.as_ref().unwrap();
        (l.external_id.to_string(), p.name.clone(), p.barcode.clone(), l.wrote_barcode.clone(), l.no_touch)
    };
    let code = |n: i32| Some(format!("page-{n}"));
    let expected = |n: i32| (n.to_string(), "Paged".to_owned(), code(n), code(n), false);
    assert_eq!(linked.iter().take(5).map(row).collect::<Vec<_>>(), (1..=5).map(expected).collect::<Vec<_>>());
    assert_eq!(row(&linked[5]), ("6".to_owned(), "Codeless".to_owned(), None, None, false));
    assert_eq!(read_linked_by(&session, &of, 2).await.unwrap(), linked);
    assert!(read_linked(&session, &source("nothing")).await.unwrap().is_empty());
    // A product that is gone leaves its link.
    let gone = linked[2].product.as_ref().unwrap().id.get();
    world.admin(Call::new("product.product", "unlink").ids(&[gone])).await;
    let linked = read_linked(&session, &of).await.unwrap();
    assert_eq!((linked.len(), &linked[2].product, linked[2].wrote_barcode.clone()), (6, &None, code(3)));
}
