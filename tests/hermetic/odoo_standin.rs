//! The stand-in for Odoo does what erpsync expects of an Odoo; `tests/real/conformance.rs` asks the same of real ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::common::conformance::{self, World};
use erpsync::odoo::{ErrorKind, Odoo};
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
        forget_digests: Box::new(|| ()),
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

async fn served(version: u32, databases: &[&str], keys: BTreeMap<String, String>) -> (OdooServer, World) {
    let sync = UserOptions::new("sync").products().api_key("sync-key");
    let mut options = OdooOptions::version(version).user(sync);
    options.databases = databases.iter().map(|d| (*d).to_owned()).collect();
    let server = OdooServer::start(options).await.unwrap();
    let world = World {
        version,
        url: server.url(),
        database: "shop".to_owned(),
        passwords: ["admin", "sync"].map(|l| (l.to_owned(), l.to_owned())).into(),
        keys,
        attributes: false,
        admin: OnceCell::new(),
        refuse: Box::new(|_, _| ()),
        forget_digests: Box::new(|| ()),
    };
    (server, world)
}

/// A session that Odoo has forgotten is opened anew, once, without a word to the run.
async fn renews(version: u32, databases: &[&str]) {
    let (server, world) = served(version, databases, BTreeMap::new()).await;
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

/// Without its PostgreSQL Odoo answers as if there were no such database, or no session (seen on 14 and 19).
#[tokio::test]
async fn a_database_that_was_open_is_waited_for() {
    let langs = "res.lang.search_read";
    let ask = async |odoo: &Odoo| odoo.search_read("res.lang", json!([]), &["code"]).await;
    let (server, world) = served(19, &["shop"], [("sync".to_owned(), "sync-key".to_owned())].into()).await;
    let odoo = world.connect("sync").await;
    server.fail_on(langs, 0, Fault::Page(404));
    let error = ask(&odoo).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "nothing tells it from a wrong name yet: {error}");
    ask(&odoo).await.unwrap();
    server.clear_calls();
    server.fail_on(langs, 0, Fault::Page(404));
    ask(&odoo).await.unwrap();
    assert_eq!(server.calls().len(), 2);

    let (server, world) = served(14, &["shop"], BTreeMap::new()).await;
    let odoo = world.connect("sync").await;
    server.clear_calls();
    server.fail_on(langs, 0, Fault::Page(404));
    for _ in 0..2 {
        server.fail_on("web/session/authenticate", 0, Fault::Page(502));
    }
    ask(&odoo).await.unwrap();
    let calls: Vec<String> = server.calls().into_iter().map(|c| c.name).collect();
    let log_in = "web/session/authenticate";
    assert_eq!(calls, [langs, log_in, log_in, log_in, langs]);
}
