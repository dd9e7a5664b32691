//! The stand-in words errors as Odoo 14 and 19 do; the texts were taken from those.

use crate::odoo_support::{DB, Web, error, json2, log_in};
use erpsync_sandbox::odoo::{OdooOptions, OdooServer, UserOptions};
use serde_json::{Value, json};

async fn server(version: u32) -> OdooServer {
    let options = OdooOptions::version(version).user(UserOptions::new("clerk").api_key("clerk-key"));
    OdooServer::start(options).await.unwrap()
}

#[tokio::test]
async fn logins() {
    for (version, code) in [(14, 200), (19, 0)] {
        let server = server(version).await;
        let ((status, body), session) = log_in(&server, DB, "admin", "admin").await;
        assert_eq!((status, &body["result"]["uid"], session.is_some()), (200, &json!(2), true), "{version}");
        let ((_, body), session) = log_in(&server, DB, "admin", "wrong").await;
        let denied = (code, "odoo.exceptions.AccessDenied".to_owned(), "Access Denied".to_owned());
        assert_eq!((error(&body), session.is_some()), (denied, false), "{version}");
        let ((_, body), _) = log_in(&server, "nowhere", "admin", "admin").await;
        let (found, name, message) = error(&body);
        assert_eq!((found, name.as_str()), (code, "psycopg2.OperationalError"));
        assert!(message.ends_with("FATAL:  database \"nowhere\" does not exist\n"), "{message}");
    }
}

#[tokio::test]
async fn of_a_web_session() {
    for (version, code) in [(14, 200), (19, 0)] {
        let server = server(version).await;
        let admin = Web::open(&server, "admin").await;
        let new = version == 19;
        let cases: [(&str, &str, Value, Value, &str, &str); 8] = [
            (
                "res.users",
                "foo",
                json!([]),
                json!({}),
                "builtins.AttributeError",
                if new {
                    "The method 'res.users.foo' does not exist"
                } else {
                    "type object 'res.users' has no attribute 'foo'"
                },
            ),
            (
                "res.users",
                "_foo",
                json!([]),
                json!({}),
                "odoo.exceptions.AccessError",
                if new {
                    "Private methods (such as 'res.users._foo') cannot be called remotely."
                } else {
                    "Private methods (such as _foo) cannot be called remotely."
                },
            ),
            (
                "res.users",
                "search_read",
                json!([]),
                json!({"fields": ["nope"]}),
                "builtins.ValueError",
                if new { "Invalid field 'nope' on 'res.users'" } else { "Invalid field 'nope' on model 'res.users'" },
            ),
            (
                "res.users",
                "search_read",
                json!([[["nope", "=", 1]]]),
                json!({}),
                "builtins.ValueError",
                if new {
                    "Invalid field res.users.nope in condition ('nope', '=', 1)"
                } else {
                    "Invalid field res.users.nope in leaf ('nope', '=', 1)"
                },
            ),
            (
                "res.company",
                "create",
                json!([{"name": "x", "nope": 1}]),
                json!({}),
                "builtins.ValueError",
                if new {
                    "Invalid field 'nope' in 'res.company'"
                } else {
                    "Invalid field 'nope' on model 'res.company'"
                },
            ),
            (
                "res.company",
                "write",
                json!([[99], {"name": "x"}]),
                json!({}),
                "odoo.exceptions.MissingError",
                "Record does not exist or has been deleted.\n(Record: res.company(99,), User: 2)",
            ),
            (
                "ir.actions.server",
                "run",
                json!([[99]]),
                json!({}),
                "odoo.exceptions.MissingError",
                "Record does not exist or has been deleted.\n(Record: ir.actions.server(99,), User: 2)",
            ),
            (
                "product.product",
                "create",
                json!([{"barcode": "1"}]),
                json!({}),
                "odoo.exceptions.ValidationError",
                if new {
                    "The operation cannot be completed: Missing required value for the field 'Name' (name).\nModel: 'Product' (product.template)\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n"
                } else {
                    "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: Product Template (product.template), Field: Name (name)"
                },
            ),
        ];
        for (model, method, args, kwargs, name, message) in cases {
            let found = admin.error(model, method, args, kwargs).await;
            assert_eq!(found, (code, name.to_owned(), message.to_owned()), "{version} {model}.{method}");
        }
        let unknown = admin.error("x_pz_setup", "search_read", json!([[]]), json!({})).await;
        if new {
            assert_eq!((unknown.0, unknown.1.as_str()), (404, "werkzeug.exceptions.NotFound"));
        } else {
            assert_eq!(unknown, (200, "builtins.KeyError".to_owned(), "x_pz_setup".to_owned()));
        }
        let stranger = Web { cookie: "session_id=0".to_owned(), ..admin };
        let expired = (100, "odoo.http.SessionExpiredException".to_owned(), "Session expired".to_owned());
        assert_eq!(stranger.error("res.users", "context_get", json!([]), json!({})).await, expired);
    }
}

#[tokio::test]
async fn rights_name_the_groups() {
    for (version, group) in [(14, "Administration/Settings"), (19, "Role / Administrator")] {
        let server = server(version).await;
        let clerk = Web::open(&server, "clerk").await;
        let (_, name, message) = clerk.error("ir.config_parameter", "search_read", json!([[]]), json!({})).await;
        assert_eq!(name, "odoo.exceptions.AccessError");
        assert_eq!(
            message,
            format!(
                "You are not allowed to access 'System Parameter' (ir.config_parameter) records.\n\nThis operation is allowed for the following groups:\n\t- {group}\n\nContact your administrator to request access if necessary."
            )
        );
        assert_eq!(clerk.error("product.product", "create", json!([{"name": "x"}]), json!({})).await.1, name);
        assert_eq!(clerk.error("res.groups", "create", json!([{"name": "x"}]), json!({})).await.1, name);
        clerk.call("product.product", "search_read", json!([[]]), json!({})).await;
        assert!(server.products(DB).is_empty());
    }
}

#[tokio::test]
async fn of_json2() {
    let server = server(19).await;
    let read = json!({"domain": [], "fields": ["login"]});
    assert_eq!(json2(&server, "admin-key", DB, "res.lang/search_read", json!({"fields": ["code"]})).await.0, 200);
    let (status, body) = json2(&server, "wrong", DB, "res.users/search_read", read.clone()).await;
    assert_eq!((status, &body["message"]), (401, &json!("Invalid apikey")));
    let (status, body) = json2(&server, "admin-key", "nowhere", "res.users/search_read", read).await;
    assert!(status == 404 && body.as_str().unwrap().contains("No database is selected"), "{body}");
    for (path, body, status, message) in [
        ("x_pz_setup/search_read", json!({}), 404, "the model 'x_pz_setup' does not exist"),
        ("res.users/foo", json!({}), 404, "The method 'res.users.foo' does not exist"),
        ("res.users/search_read", json!({"fields": ["nope"]}), 500, "Invalid field 'nope' on 'res.users'"),
        ("res.company/write", json!({"ids": [1]}), 422, "missing a required argument: 'vals'"),
        ("res.company/create", json!({"ids": [1], "vals_list": []}), 422, "cannot call res.company.create with ids"),
        ("res.users/_foo", json!({}), 403, "Private methods (such as 'res.users._foo') cannot be called remotely."),
    ] {
        let (found, body) = json2(&server, "admin-key", DB, path, body).await;
        assert_eq!((found, body["message"].as_str()), (status, Some(message)), "{path}");
    }
    let (status, body) = json2(&server, "clerk-key", DB, "ir.config_parameter/search_read", json!({})).await;
    assert_eq!((status, &body["name"]), (403, &json!("odoo.exceptions.AccessError")));
}

#[tokio::test]
async fn among_several_databases() {
    for version in [14, 19] {
        let databases = vec![DB.to_owned(), "other".to_owned()];
        let server = OdooServer::start(OdooOptions { databases, ..OdooOptions::version(version) }).await.unwrap();
        // Up to 15 there are no words for a wrong password unless a session has chosen the database.
        let ((status, _), session) = log_in(&server, DB, "admin", "wrong").await;
        assert_eq!((status, session.is_some()), (if version < 16 { 500 } else { 200 }, false));
        let admin = Web::open(&server, "admin").await;
        admin.call("res.users", "context_get", json!([]), json!({})).await;
        let stranger = Web { cookie: "session_id=0".to_owned(), ..admin };
        let (status, body) = stranger.try_call("res.users", "context_get", json!([]), json!({})).await.unwrap();
        assert_eq!((status, body.is_string()), (404, version >= 16), "{body}");
    }
}
