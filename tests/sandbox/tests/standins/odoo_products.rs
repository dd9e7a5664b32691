//! Products: the barcode rule, prices and translated names of each version.

use crate::odoo_support::{DB, Web};
use erpsync_sandbox::odoo::{Edit, NewProduct, OdooOptions, OdooServer};
use serde_json::json;

async fn server(version: u32) -> (OdooServer, Web) {
    let options = OdooOptions { companies: vec!["One".to_owned(), "Two".to_owned()], ..OdooOptions::version(version) };
    let server = OdooServer::start(options.language("ru_RU")).await.unwrap();
    let admin = Web::open(&server, "admin").await;
    (server, admin)
}

const TAKEN_14: &str = "A barcode can only be assigned to one product !";

fn taken_19(code: &str, names: &str) -> String {
    format!(
        "Barcode(s) already assigned:\n\n- Barcode \"{code}\" already assigned to product(s): {names}\n\nNote: products that you don't have access to will not be shown above."
    )
}

#[tokio::test]
async fn one_barcode_one_active_product() {
    for (version, message) in [(14, TAKEN_14.to_owned()), (19, taken_19("1", "A and B"))] {
        let (server, admin) = server(version).await;
        server.add_product(DB, NewProduct { name: "A", barcode: Some("1"), ..NewProduct::default() });
        let (_, name, words) =
            admin.error("product.product", "create", json!([[{"name": "B", "barcode": "1"}]]), json!({})).await;
        assert_eq!((name.as_str(), words), ("odoo.exceptions.ValidationError", message));
        // Blanks make another code, and an empty one is none.
        let rows =
            json!([[{"name": "B", "barcode": " 1 "}, {"name": "C", "barcode": ""}, {"name": "D", "barcode": ""}]]);
        admin.call("product.product", "create", rows, json!({})).await;
        assert_eq!(server.product(DB, "C").barcode, None);
    }
}

#[tokio::test]
async fn archived_products_hold_their_code_up_to_15() {
    let archived = NewProduct { name: "Old", barcode: Some("1"), archived: true, ..NewProduct::default() };
    let create = json!([[{"name": "New", "barcode": "1"}]]);
    let (old, admin) = server(14).await;
    old.add_product(DB, archived);
    assert_eq!(admin.error("product.product", "create", create.clone(), json!({})).await.2, TAKEN_14);
    let (new, admin) = server(19).await;
    let id = new.add_product(DB, archived);
    admin.call("product.product", "create", create, json!({})).await;
    // Nobody checks a product that comes back.
    new.edit(DB, id, Edit::Active(true));
    let codes: Vec<_> = new.products(DB).into_iter().map(|p| (p.barcode, p.active)).collect();
    assert_eq!(codes, [(Some("1".to_owned()), true), (Some("1".to_owned()), true)]);
}

#[tokio::test]
async fn companies_and_packagings_count_from_16_on() {
    let (server, admin) = server(19).await;
    let a = server.add_product(DB, NewProduct { name: "A", barcode: Some("1"), ..NewProduct::default() });
    server.set_company(DB, a, Some(1));
    let of = |name: &str, company: i64| json!([[{"name": name, "barcode": "1", "company_id": company}]]);
    admin.call("product.product", "create", of("B", 2), json!({})).await;
    let (_, _, words) = admin.error("product.product", "create", of("C", 1), json!({})).await;
    assert_eq!(words, taken_19("1", "A and C"));
    let shared = json!([[{"name": "C", "barcode": "1"}]]);
    assert_eq!(admin.error("product.product", "create", shared, json!({})).await.2, taken_19("1", "A, B, and C"));
    server.add_packaging(DB, a, "2");
    let boxed = json!([[{"name": "D", "barcode": "2"}]]);
    assert_eq!(
        admin.error("product.product", "create", boxed, json!({})).await.2,
        "A packaging already uses the barcode"
    );
}

#[tokio::test]
async fn prices_have_two_decimals_up_to_15() {
    for (version, read, digits) in [(14, 10.0, json!([16, 2])), (19, 9.9955, json!(false))] {
        let (server, admin) = server(version).await;
        admin.call("product.product", "create", json!([[{"name": "A", "list_price": 9.9955}]]), json!({})).await;
        assert_eq!(server.product(DB, "A").price, read);
        assert_eq!(admin.products(&["list_price"], json!({})).await[0]["list_price"], json!(read));
        let asked = admin.call("product.template", "fields_get", json!([["list_price"], ["digits"]]), json!({})).await;
        assert_eq!(asked, json!({"list_price": {"digits": digits}}));
        admin.call("product.product", "create", json!([[{"name": "B"}]]), json!({})).await;
        assert_eq!(server.product(DB, "B").price, 1.0);
    }
}

#[tokio::test]
async fn names_fall_back_to_the_base() {
    for version in [14, 19] {
        let (server, admin) = server(version).await;
        let id = server.add_product(DB, NewProduct { name: "Base", ..NewProduct::default() });
        let shown = || async {
            let ru = admin.products(&["name"], json!({"lang": "ru_RU"})).await;
            let en = admin.products(&["name"], json!({})).await;
            (en[0]["name"].as_str().unwrap().to_owned(), ru[0]["name"].as_str().unwrap().to_owned())
        };
        let pair = |en: &str, ru: &str| (en.to_owned(), ru.to_owned());
        assert_eq!(shown().await, pair("Base", "Base"));
        server.edit(DB, id, Edit::Name("en_US", "Base 2"));
        assert_eq!(shown().await, pair("Base 2", "Base 2"));
        server.edit(DB, id, Edit::Name("ru_RU", "Основа"));
        assert_eq!(shown().await, pair("Base 2", "Основа"));
        server.edit(DB, id, Edit::Name("en_US", "Base 3"));
        assert_eq!(shown().await, pair("Base 3", "Основа"));
        let write = json!([[id], {"name": "x"}]);
        let (_, _, words) = admin.error("product.product", "write", write, json!({"context": {"lang": "xx_XX"}})).await;
        assert!(words.contains("anguage"), "{words}");
    }
}

#[tokio::test]
async fn archiving_a_variant_leaves_its_template() {
    let (server, admin) = server(19).await;
    let id = server.add_product(DB, NewProduct { name: "A", ..NewProduct::default() });
    server.archive_variant(DB, id, false);
    assert!(admin.products(&["name"], json!({})).await.is_empty());
    assert_eq!(admin.products(&["active"], json!({"active_test": false})).await, [json!({"id": id, "active": false})]);
    assert_eq!(server.records(DB, "product.template")[0]["active"], true);
    server.edit(DB, id, Edit::Delete);
    assert!(server.products(DB).is_empty() && server.records(DB, "product.template").is_empty());
}

#[tokio::test]
async fn packagings_up_to_18_share_codes_as_they_like() {
    let (server, admin) = server(14).await;
    let a = server.add_product(DB, NewProduct { name: "A", barcode: Some("1"), ..NewProduct::default() });
    let boxed = |code: &str| json!([[{"name": "Box", "product_id": a, "qty": 6.0, "barcode": code}]]);
    for code in ["1", "2", "2"] {
        admin.call("product.packaging", "create", boxed(code), json!({})).await;
    }
    let nameless = json!([[{"product_id": a, "barcode": "3"}]]);
    let (_, name, _) = admin.error("product.packaging", "create", nameless, json!({})).await;
    assert_eq!(name, "odoo.exceptions.ValidationError");
    // A packaging outlives its product.
    server.edit(DB, a, Edit::Delete);
    let left: Vec<_> = server.records(DB, "product.packaging").into_iter().map(|r| r["product_id"].clone()).collect();
    assert_eq!(left, [json!(null), json!(null), json!(null)]);
}

#[tokio::test]
async fn units_from_19_on_have_codes_of_their_own() {
    let (server, admin) = server(19).await;
    let a = server.add_product(DB, NewProduct { name: "A", barcode: Some("1"), ..NewProduct::default() });
    let archived = NewProduct { name: "B", barcode: Some("2"), archived: true, ..NewProduct::default() };
    server.add_product(DB, archived);
    let unit = |code: &str| json!([[{"product_id": a, "uom_id": 2, "barcode": code}]]);
    let (_, _, words) = admin.error("product.uom", "create", unit("1"), json!({})).await;
    assert_eq!(words, "A product already uses the barcode");
    // An archived product's code is free, but not for those who see archived ones.
    let seen = json!({"context": {"active_test": false}});
    let (_, _, words) = admin.error("product.uom", "create", unit("2"), seen).await;
    assert_eq!(words, "A product already uses the barcode");
    admin.call("product.uom", "create", unit("2"), json!({})).await;
    let (_, _, words) = admin.error("product.uom", "create", unit("2"), json!({})).await;
    assert_eq!(words, "A barcode can only be assigned to one packaging.");
    let id = server.records(DB, "product.uom")[0]["id"].clone();
    let (_, _, words) = admin.error("product.uom", "write", json!([[id], {"barcode": "1"}]), json!({})).await;
    assert_eq!(words, "A product already uses the barcode");
    for missing in [json!({"product_id": a, "barcode": "3"}), json!({"uom_id": 1, "barcode": "3"})] {
        let (_, name, _) = admin.error("product.uom", "create", json!([[missing]]), json!({})).await;
        assert_eq!(name, "odoo.exceptions.ValidationError");
    }
    server.edit(DB, a, Edit::Delete);
    assert!(server.records(DB, "product.uom").is_empty());
}

#[tokio::test]
async fn a_template_that_comes_back_wakes_its_variants_only_when_none_is_awake() {
    let (server, admin) = server(14).await;
    let a = server.add_product(DB, NewProduct { name: "A", ..NewProduct::default() });
    let template = server.product(DB, "A").template;
    let b = admin.call("product.product", "create", json!([[{"product_tmpl_id": template}]]), json!({})).await;
    let b = b[0].as_i64().unwrap();
    let active = || server.products(DB).into_iter().map(|p| (p.id, p.active)).collect::<Vec<_>>();
    server.edit(DB, a, Edit::Active(false));
    assert_eq!(active(), [(a, false), (b, false)]);
    server.archive_variant(DB, b, true);
    server.edit(DB, a, Edit::Active(true));
    assert_eq!(active(), [(a, false), (b, true)]);
    server.archive_variant(DB, b, false);
    server.edit(DB, a, Edit::Active(true));
    assert_eq!(active(), [(a, true), (b, true)]);
}
