//! Who and what is refused before a run.

use erpsync::catalog::PriceDigits;
use erpsync::odoo::setup::{Wishes, install, survey};
use erpsync::odoo::{ErrorKind, Named, Odoo, OdooError, TransportChoice};
use serde_json::{Value, json};

use super::{World, session_options};

pub async fn logins(world: &World) {
    let mut wrong = world.options("admin");
    wrong.password = Some("wrong".to_owned().into());
    wrong.transport = TransportChoice::Web;
    let error = Odoo::connect(&wrong).await.unwrap_err();
    assert!(matches!(error, OdooError::Login { .. }), "{error:?}");
    let mut nowhere = world.options("admin");
    nowhere.database = "no_such_database".to_owned();
    nowhere.transport = TransportChoice::Web;
    let error = Odoo::connect(&nowhere).await.unwrap_err();
    assert!(matches!(error, OdooError::NoDatabase { known: false, .. }), "{error:?}");
    if world.keys.is_empty() {
        return;
    }
    let mut wrong = world.options("sync");
    wrong.api_key = Some("0123456789012345678901234567890123456789".to_owned().into());
    let odoo = Odoo::connect(&wrong).await.unwrap();
    let error = odoo.search_read("res.lang", json!([]), &["code"]).await.unwrap_err();
    assert!(matches!(error, OdooError::Login { .. }), "{error:?}");
    let mut nowhere = world.options("sync");
    nowhere.database = "no_such_database".to_owned();
    let odoo = Odoo::connect(&nowhere).await.unwrap();
    let error = odoo.search_read("res.lang", json!([]), &["code"]).await.unwrap_err();
    assert!(matches!(error, OdooError::NoDatabase { known: false, .. }), "{error:?}");
}

pub async fn sessions(world: &World) {
    let error = world.try_session("plain", &session_options()).await.unwrap_err();
    assert!(matches!(error, OdooError::Rights(_)), "{error:?}");
    assert!(error.to_string().contains("is not in the group"), "{error}");
    // In the group, but without the right to manage products.
    let error = world.try_session("clerk", &session_options()).await.unwrap_err();
    assert!(matches!(error, OdooError::Rights(_)), "{error:?}");
    assert!(error.to_string().contains("may not write, create products"), "{error}");
    let mut options = session_options();
    options.languages = vec!["en_US".to_owned(), "xx_XX".to_owned()];
    let error = world.try_session("sync", &options).await.unwrap_err();
    assert!(error.to_string().contains("\"xx_XX\" is not installed"), "{error}");
    let mut options = session_options();
    options.company = Some(Named::Name("Nobody & Sons".to_owned()));
    let error = world.try_session("sync", &options).await.unwrap_err();
    assert!(error.to_string().contains("no company \"Nobody & Sons\", it has My Company"), "{error}");
    let mut options = session_options();
    let create = options.create.as_mut().unwrap();
    create.category = Some(Named::Name("No such category".to_owned()));
    create.unit = Some(Named::Id(999_999));
    let error = world.try_session("sync", &options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "[sources.NAME.create]: category: no record of product.category is 'No such category'; unit: no record of uom.uom is 999999; correct the configuration, or make the record in Odoo"
    );
    // The sale tax and the purchase tax of a fresh company have one name.
    let mut options = session_options();
    let tax = if world.version >= 16 { "15%" } else { "Tax 15.00%" };
    options.create.as_mut().unwrap().taxes = Some(vec![Named::Name(tax.to_owned())]);
    let session = world.try_session("sync", &options).await.unwrap();
    let domain = json!([["name", "=", tax], ["type_tax_use", "=", "sale"]]);
    let sale = world.rows("account.tax", domain, &["id"]).await;
    assert_eq!(session.constants["taxes_id"], json!([[6, 0, [sale[0]["id"]]]]));
    let mut options = session_options();
    options.languages.clear();
    options.create.as_mut().unwrap().unit = Some(Named::Name("Units".to_owned()));
    let session = world.try_session("sync", &options).await.unwrap();
    assert_eq!((session.languages.as_slice(), session.login.as_str()), (["en_US".to_owned()].as_slice(), "sync"));
    assert_eq!(session.constants["uom_id"], 1);
    // 19 limits none: then all that the source can have count.
    let expected = if world.version >= 19 { PriceDigits::SOURCE } else { PriceDigits::from_odoo(Some(2)) };
    assert_eq!(session.digits, expected);
}

pub async fn tampering(world: &World) {
    let find = |what: Value| async move {
        let rows = world.rows("ir.actions.server", what, &["code"]).await;
        (rows[0]["id"].as_i64().unwrap(), rows[0]["code"].as_str().unwrap().to_owned())
    };
    let (hello, _) = find(json!([["name", "=", "erpsync: hello"]])).await;
    let (id, code) = find(json!([["name", "=", "erpsync: move"]])).await;
    let groups = if world.version >= 19 { "group_ids" } else { "groups_id" };
    for (values, says) in [
        (
            json!({"code": format!("{code}\n# a word more")}),
            "procedure \"move\" in Odoo is not the one of this erpsync",
        ),
        (json!({groups: [[6, 0, []]]}), "procedures move in Odoo are not restricted"),
    ] {
        world.edit("ir.actions.server", id, values).await;
        let error = world.try_session("sync", &session_options()).await.unwrap_err();
        assert!(matches!(error, OdooError::Setup(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        // Setup mends it.
        let odoo = world.connect("admin").await;
        let left = survey(&odoo, &Wishes::default()).await.unwrap();
        assert_eq!(left.steps.len(), 1, "{:?}", left.steps);
        install(&odoo, left, None, |_| ()).await.unwrap();
        world.session().await;
    }
    let setup = world.rows("x_pz_setup", json!([]), &["x_schema", "x_uuid", "x_procedures"]).await.remove(0);
    let id = setup["id"].as_i64().unwrap();
    for (field, value, says) in [
        ("x_schema", json!(99), "was set up by a newer erpsync"),
        ("x_schema", json!(0), "is unfinished, or older than this erpsync's"),
        ("x_uuid", json!("elsewhere"), "is a copy of the one that was set up"),
        (
            "x_procedures",
            json!(setup["x_procedures"].as_str().unwrap().replace(&hello.to_string(), "999999")),
            "a procedure of erpsync was deleted",
        ),
    ] {
        world.edit("x_pz_setup", id, json!({field: value})).await;
        let error = world.try_session("sync", &session_options()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{field}: {error:?}");
        assert!(error.to_string().contains(says), "{error}");
        world.edit("x_pz_setup", id, json!({field: setup[field]})).await;
    }
    world.session().await;
}
