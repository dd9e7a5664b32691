//! A call is a transaction: it happens whole or not at all, whatever becomes of its answer.

use std::time::Duration;

use crate::odoo_support::{DB, Web, error, json2};
use erpsync_sandbox::odoo::{Fault, OdooOptions, OdooServer};
use serde_json::{Value, json};

async fn server(version: u32) -> (OdooServer, Web) {
    let server = OdooServer::start(OdooOptions::version(version)).await.unwrap();
    let admin = Web::open(&server, "admin").await;
    (server, admin)
}

fn product(name: &str, barcode: &str) -> Value {
    json!({"name": name, "barcode": barcode})
}

#[tokio::test]
async fn an_error_takes_everything_back() {
    for version in [14, 19] {
        let (server, admin) = server(version).await;
        admin.call("product.product", "create", json!([[product("A", "1")]]), json!({})).await;
        let before = server.snapshot(DB);
        let rows = json!([[product("B", "2"), product("C", "3"), product("D", "1")]]);
        let (_, name, _) = admin.error("product.product", "create", rows, json!({})).await;
        assert_eq!(name, "odoo.exceptions.ValidationError");
        assert_eq!(server.snapshot(DB), before);
        // A write of the same value is a write: the time of the last change shows it.
        let id = server.product(DB, "A").id;
        admin.call("product.product", "write", json!([[id], {"barcode": "1"}]), json!({})).await;
        assert_ne!(server.snapshot(DB), before);
    }
}

#[tokio::test]
async fn faults_strike_once_before_or_after() {
    let (server, admin) = server(19).await;
    let create = |name: &str| admin.try_call("product.product", "create", json!([[{"name": name}]]), json!({}));
    server.fail_next(Fault::CutBefore);
    assert!(create("cut before").await.is_err());
    server.fail_next(Fault::CutAfter);
    assert!(create("cut after").await.is_err());
    server.fail_next(Fault::Page(502));
    let (status, body) = create("a page").await.unwrap();
    assert!(status == 502 && body.as_str().unwrap().contains("Bad Gateway"), "{body}");
    server.fail_next(Fault::Serialization);
    let (_, body) = create("contention").await.unwrap();
    let (code, name, message) = error(&body);
    assert_eq!((code, name.as_str()), (0, "psycopg2.errors.SerializationFailure"));
    assert_eq!(message, "could not serialize access due to concurrent update\n");
    server.fail_next(Fault::Delay(Duration::from_millis(1)));
    assert_eq!(create("delayed").await.unwrap().0, 200);
    let names: Vec<String> = server.products(DB).into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["cut after", "delayed"]);
    let outcomes: Vec<String> =
        server.calls().into_iter().skip(1).map(|c| format!("{} {}", c.name, c.outcome)).collect();
    let expected = ["cut before", "cut after", "HTTP 502", "psycopg2.errors.SerializationFailure", "ok"];
    assert_eq!(outcomes, expected.map(|o| format!("product.product.create {o}")));
    server.fail_next(Fault::SessionExpired);
    for _ in 0..2 {
        let (_, name, _) = admin.error("res.users", "context_get", json!([]), json!({})).await;
        assert_eq!(name, "odoo.http.SessionExpiredException");
    }
    Web::open(&server, "admin").await.call("res.users", "context_get", json!([]), json!({})).await;
}

#[tokio::test]
async fn faults_wait_for_their_call() {
    let (server, admin) = server(14).await;
    server.fail_on("res.users.has_group", 1, Fault::Page(503));
    server.fail_after(1, Fault::CutBefore);
    let has_group = || admin.try_call("res.users", "has_group", json!(["base.group_system"]), json!({}));
    assert_eq!(has_group().await.unwrap().0, 200);
    assert_eq!(admin.try_call("res.users", "context_get", json!([]), json!({})).await.unwrap().0, 200);
    assert_eq!(server.pending_faults(), 2);
    assert_eq!(has_group().await.unwrap().0, 503);
    assert!(admin.try_call("res.users", "context_get", json!([]), json!({})).await.is_err());
    assert_eq!(server.pending_faults(), 0);
}

#[tokio::test]
async fn databases_are_apart() {
    let databases = vec![DB.to_owned(), "other".to_owned()];
    let server = OdooServer::start(OdooOptions { databases, ..OdooOptions::default() }).await.unwrap();
    let uuid = |db: &'static str| {
        let body = json!({"domain": [["key", "=", "database.uuid"]], "fields": ["value"]});
        json2(&server, "admin-key", db, "ir.config_parameter/search_read", body)
    };
    assert_ne!(uuid(DB).await.1[0]["value"], uuid("other").await.1[0]["value"]);
    json2(&server, "admin-key", "other", "product.product/create", json!({"vals_list": [{"name": "x"}]})).await;
    assert_eq!((server.products(DB).len(), server.products("other").len()), (0, 1));
}

#[tokio::test]
async fn models_made_over_the_api_work_at_once() {
    for version in [14, 19] {
        let (server, admin) = server(version).await;
        let fields = json!([[0, 0, {"name": "x_name", "field_description": "Name", "ttype": "char", "state": "manual"}],
            [0, 0, {"name": "x_product_id", "field_description": "Product", "ttype": "many2one", "relation": "product.product",
            "on_delete": "set null", "state": "manual"}]]);
        let group = admin
            .call("ir.model.data", "search_read", json!([[["name", "=", "group_system"]], ["res_id"]]), json!({}))
            .await[0]["res_id"]
            .clone();
        let access = json!([[0, 0, {"name": "x", "group_id": group, "perm_read": true, "perm_create": true, "perm_write": false, "perm_unlink": false}]]);
        let model =
            json!({"name": "Things", "model": "x_thing", "state": "manual", "field_id": fields, "access_ids": access});
        let model = admin.call("ir.model", "create", json!([[model]]), json!({})).await[0].clone();
        let product =
            admin.call("product.product", "create", json!([[{"name": "P", "default_code": "7"}]]), json!({})).await[0]
                .clone();
        admin.call("x_thing", "create", json!([[{"x_name": "one", "x_product_id": product}]]), json!({})).await;
        let read = || {
            admin.call(
                "x_thing",
                "search_read",
                json!([[["x_name", "in", ["one", "two"]]], ["x_product_id"]]),
                json!({}),
            )
        };
        assert_eq!(read().await, json!([{"id": 1, "x_product_id": [product, "[7] P"]}]));
        let (_, _, message) = admin.error("x_thing", "write", json!([[1], {"x_name": "two"}]), json!({})).await;
        assert!(message.contains("No group currently allows this operation."), "{message}");
        admin.call("product.product", "unlink", json!([[product]]), json!({})).await;
        assert_eq!(read().await, json!([{"id": 1, "x_product_id": false}]));
        admin.call("ir.model", "unlink", json!([[model]]), json!({})).await;
        assert!(server.records(DB, "ir.model.access").is_empty());
        assert_eq!(
            admin.try_call("x_thing", "search_read", json!([[]]), json!({})).await.unwrap().1["result"],
            Value::Null
        );
    }
}
