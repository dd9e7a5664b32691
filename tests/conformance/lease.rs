//! One run at a time.

use erpsync::odoo::writer::{DeferredRow, Finish, Spoken};
use erpsync::odoo::{Lease, OdooError, Writer};
use serde_json::json;

use super::{World, create, create_row, holder, links, source, take};

pub async fn one_at_a_time(world: &World) {
    let session = world.session().await;
    let first = take(&session, "lease").await;
    // The answer was lost: asked again, it is the same run.
    let again = Writer::take(&session, &source("lease"), holder("lease")).await.unwrap();
    assert!(matches!(again, Lease::Taken(_)), "{again:?}");
    assert_eq!(world.rows("x_pz_run", json!([["x_key", "=", "key-lease"]]), &["x_status"]).await.len(), 1);
    match Writer::take(&session, &source("other"), holder("other")).await.unwrap() {
        Lease::Busy { holder, until } => {
            assert_eq!(holder, "host:lease");
            assert!(until.starts_with("20"), "{until}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.rows("x_pz_run", json!([["x_key", "=", "key-other"]]), &["x_status"]).await.len(), 0);
    first.release().await.unwrap();
    take(&session, "other").await.release().await.unwrap();
}

pub async fn lost(world: &World) {
    let session = world.session().await;
    create(&session, "sleeper", &[create_row("1", "Sleeper", 1.0, None)]).await;
    let sleeper = take(&session, "sleeper").await;
    // It slept longer than its lease, by the database's clock.
    for lane in world.rows("x_pz_lane", json!([]), &["x_lane"]).await {
        world.edit("x_pz_lane", lane["id"].as_i64().unwrap(), json!({"x_expires": "2001-01-01 00:00:00"})).await;
    }
    let heir = take(&session, "heir").await;
    let count = session_count(world).await;
    let refused = sleeper.create(&[create_row("2", "Late", 1.0, None)], false).await.unwrap_err();
    assert!(matches!(refused, OdooError::LeaseLost), "{refused:?}");
    assert!(matches!(sleeper.move_barcodes(&[]).await.unwrap_err(), OdooError::LeaseLost));
    assert!(matches!(sleeper.update(&[]).await.unwrap_err(), OdooError::LeaseLost));
    let late = DeferredRow {
        external_id: "1".to_owned(),
        kind: "no-price",
        subject: "price".to_owned(),
        holder: None,
        candidates: Vec::new(),
        value: String::new(),
        choices: "abandon".to_owned(),
        settled: None,
        message: "late".to_owned(),
    };
    let refused = sleeper.finish(&[late], Spoken::default(), &Finish::default()).await.unwrap_err();
    assert!(matches!(refused, OdooError::LeaseLost), "{refused:?}");
    assert_eq!(session_count(world).await, count);
    assert_eq!(links(&session, "sleeper").await.len(), 1);
    assert_eq!(world.rows("x_pz_conflict", json!([["x_source", "=", "sleeper"]]), &["x_kind"]).await.len(), 0);
    // Giving back what is not ours any more takes nothing from the heir.
    sleeper.release().await.unwrap();
    heir.update(&[]).await.unwrap();
    heir.release().await.unwrap();
}

async fn session_count(world: &World) -> usize {
    world.session().await.product_count
}

pub async fn paused(world: &World) {
    let session = world.session().await;
    let id = world.rows("x_pz_setup", json!([]), &["x_paused"]).await[0]["id"].as_i64().unwrap();
    world.edit("x_pz_setup", id, json!({"x_paused": true})).await;
    match Writer::take(&session, &source("paused"), holder("paused")).await.unwrap() {
        Lease::Paused { by, since } => {
            assert_eq!(by, "admin");
            assert!(since.starts_with("20"), "{since}");
        }
        other => panic!("{other:?}"),
    }
    world.edit("x_pz_setup", id, json!({"x_paused": false})).await;
    // Nothing of the refused lease stayed behind.
    take(&session, "unpaused").await.release().await.unwrap();
}
