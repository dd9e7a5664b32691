//! One run at a time.

use erpsync::odoo::lease::{self as lease_of, LeaseState};
use erpsync::odoo::writer::{DeferredRow, Finish, Spoken};
use erpsync::odoo::{Lease, OdooError, Pause, Writer};
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
    expire(world).await;
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

pub async fn renewed(world: &World) {
    let session = world.session().await;
    let sleeper = take(&session, "dozer").await;
    assert_eq!(sleeper.renew().await.unwrap(), None);
    // It slept while it read: another run had the lease, and gave it back.
    expire(world).await;
    // Nobody took it: it is ours still.
    assert_eq!(sleeper.renew().await.unwrap(), None);
    expire(world).await;
    take(&session, "brisk").await.release().await.unwrap();
    assert!(matches!(sleeper.renew().await.unwrap_err(), OdooError::LeaseLost));
    let runs = world.rows("x_pz_run", json!([["x_key", "=", "key-dozer"]]), &["x_status", "x_summary"]).await;
    assert_eq!(runs[0]["x_status"], "died");
    assert!(runs[0]["x_summary"].as_str().unwrap().contains("run key-brisk took the lease over"), "{runs:?}");
}

pub async fn late_copy(world: &World) {
    let session = world.session().await;
    let run = take(&session, "quick").await;
    run.end_run(&Finish { status: "done".to_owned(), ..Finish::default() }).await.unwrap();
    run.release().await.unwrap();
    // A copy of its first request comes out of some queue only now: nobody would ever give that lease back.
    let late = Writer::take(&session, &source("quick"), holder("quick")).await.unwrap();
    assert!(matches!(&late, Lease::Busy { holder, .. } if holder.contains("key-quick has ended")), "{late:?}");
    take(&session, "next").await.release().await.unwrap();
}

pub async fn unlocked(world: &World) {
    let session = world.session().await;
    assert_eq!(lease_of::show(&session).await.unwrap(), LeaseState { held: None, paused: None });
    let dead = take(&session, "dead").await;
    let held = lease_of::show(&session).await.unwrap().held.unwrap();
    assert_eq!(held.holder, "host:dead");
    assert!(held.left > 0, "{held:?}");
    let run = held.run.clone().unwrap();
    assert_eq!((run.key.as_str(), run.source.as_str()), ("key-dead", "dead"));
    assert!((held.until - run.started - held.left).abs() < 60, "{held:?}");
    assert!(lease_of::free(&session, &held).await.unwrap());
    // Asked again, as when its answer was lost.
    assert!(lease_of::free(&session, &held).await.unwrap());
    assert_eq!(lease_of::show(&session).await.unwrap().held, None);
    let runs = world.rows("x_pz_run", json!([["x_key", "=", "key-dead"]]), &["x_status", "x_summary"]).await;
    assert_eq!(runs[0]["x_status"], "died");
    assert!(runs[0]["x_summary"].as_str().unwrap().contains("freed the lease"), "{runs:?}");
    assert!(matches!(dead.update(&[]).await.unwrap_err(), OdooError::LeaseLost));
    // What was shown is freed, and not what came after.
    let next = take(&session, "successor").await;
    lease_of::free(&session, &held).await.unwrap();
    next.update(&[]).await.unwrap();
    let held = lease_of::show(&session).await.unwrap().held.unwrap();
    next.end_run(&Finish { status: "done".to_owned(), ..Finish::default() }).await.unwrap();
    next.release().await.unwrap();
    assert!(!lease_of::free(&session, &held).await.unwrap(), "it was given back meanwhile");
}

async fn expire(world: &World) {
    for lane in world.rows("x_pz_lane", json!([]), &["x_lane"]).await {
        world.edit("x_pz_lane", lane["id"].as_i64().unwrap(), json!({"x_expires": "2001-01-01 00:00:00"})).await;
    }
}

async fn session_count(world: &World) -> usize {
    world.session().await.product_count
}

pub async fn paused(world: &World) {
    let session = world.session().await;
    let id = world.rows("x_pz_pause", json!([]), &["x_paused"]).await[0]["id"].as_i64().unwrap();
    world.edit("x_pz_pause", id, json!({"x_paused": true})).await;
    match Writer::take(&session, &source("paused"), holder("paused")).await.unwrap() {
        Lease::Paused(Pause { by, since }) => {
            assert_eq!(by, "admin");
            assert!(since.starts_with("20"), "{since}");
        }
        other => panic!("{other:?}"),
    }
    world.edit("x_pz_pause", id, json!({"x_paused": false})).await;
    // Nothing of the refused lease stayed behind.
    let writer = take(&session, "unpaused").await;
    writer.update(&[]).await.unwrap();
    // A run that is at work is stopped too, and may still tell what it did.
    world.edit("x_pz_pause", id, json!({"x_paused": true})).await;
    for refused in [
        writer.update(&[]).await.unwrap_err(),
        writer.create(&[], false).await.unwrap_err(),
        writer.move_barcodes(&[]).await.unwrap_err(),
    ] {
        assert!(matches!(&refused, OdooError::Paused(pause) if pause.by == "admin"), "{refused:?}");
    }
    assert!(writer.renew().await.unwrap().is_some());
    writer.end_run(&Finish { status: "paused".to_owned(), ..Finish::default() }).await.unwrap();
    writer.release().await.unwrap();
    world.edit("x_pz_pause", id, json!({"x_paused": false})).await;
}
