//! The stand-in for Odoo does what erpsync expects of an Odoo; `real_conformance` asks the same of real ones.

mod conformance;

use std::collections::BTreeMap;
use std::sync::Arc;

use conformance::World;
use erpsync_sandbox::odoo::{Fault, OdooOptions, OdooServer, UserOptions};
use serde_json::json;
use tokio::sync::OnceCell;

async fn conforms(version: u32, databases: &[&str], keys: &[&str]) {
    let mut options = OdooOptions::version(version)
        .language("ru_RU")
        .user(UserOptions::new("sync").products().api_key("sync-key"))
        .user(UserOptions::new("clerk").api_key("clerk-key"))
        .user(UserOptions::new("plain").api_key("plain-key"));
    options.databases = databases.iter().map(|d| (*d).to_owned()).collect();
    let server = Arc::new(OdooServer::start(options).await.unwrap());
    let logins = EVERYBODY.map(str::to_owned);
    let hook = Arc::clone(&server);
    let world = World {
        version,
        url: server.url(),
        database: "shop".to_owned(),
        passwords: logins.iter().map(|l| (l.clone(), l.clone())).collect(),
        keys: keys.iter().map(|l| ((*l).to_owned(), format!("{l}-key"))).collect::<BTreeMap<_, _>>(),
        attributes: false,
        admin: OnceCell::new(),
        refuse: Box::new(move |column, value| match column {
            "name" => hook.refuse_name("shop", value),
            _ => hook.refuse_barcode("shop", value),
        }),
    };
    conformance::all(&world).await;
}

const EVERYBODY: [&str; 4] = ["admin", "sync", "clerk", "plain"];

#[tokio::test]
async fn odoo_14() {
    conforms(14, &["shop"], &[]).await;
}

#[tokio::test]
async fn odoo_14_among_others() {
    conforms(14, &["shop", "other"], &[]).await;
}

#[tokio::test]
async fn odoo_19() {
    conforms(19, &["shop"], &[]).await;
}

#[tokio::test]
async fn odoo_19_among_others() {
    conforms(19, &["shop", "other"], &[]).await;
}

#[tokio::test]
async fn odoo_19_with_api_keys() {
    conforms(19, &["shop", "other"], &EVERYBODY).await;
}

/// A session that Odoo has forgotten is opened anew, once, without a word to the run.
async fn renews(version: u32, databases: &[&str]) {
    let databases = databases.iter().map(|d| (*d).to_owned()).collect();
    let server = OdooServer::start(OdooOptions { databases, ..OdooOptions::version(version) }).await.unwrap();
    let world = World {
        version,
        url: server.url(),
        database: "shop".to_owned(),
        passwords: BTreeMap::from([("admin".to_owned(), "admin".to_owned())]),
        keys: BTreeMap::new(),
        attributes: false,
        admin: OnceCell::new(),
        refuse: Box::new(|_, _| ()),
    };
    let odoo = world.connect("admin").await;
    server.clear_calls();
    server.fail_next(Fault::SessionExpired);
    odoo.search_read("res.lang", json!([]), &["code"]).await.unwrap();
    let calls: Vec<String> = server.calls().into_iter().map(|c| c.name).collect();
    assert_eq!(calls, ["res.lang.search_read", "web/session/authenticate", "res.lang.search_read"]);
}

#[tokio::test]
async fn an_expired_session_is_renewed() {
    renews(14, &["shop"]).await;
    renews(19, &["shop"]).await;
}

#[tokio::test]
async fn an_expired_session_is_renewed_among_other_databases() {
    renews(14, &["shop", "other"]).await;
    renews(19, &["shop", "other"]).await;
}
