//! Setup: surveyed, installed, surveyed again, taken out.

use std::time::Duration;

use erpsync::odoo::setup::{SetupLease, Wishes, install, remove, survey, survey_removal};
use erpsync::odoo::{ErrorKind, OdooError};

use super::{World, session_options};

fn wishes() -> Wishes {
    Wishes { grant: vec!["sync".to_owned(), "clerk".to_owned()] }
}

pub async fn not_set_up(world: &World) {
    for login in ["sync", "admin"] {
        let error = world.try_session(login, &session_options()).await.unwrap_err();
        assert!(matches!(error, OdooError::Setup(_)), "{login}: {error:?}");
        assert_eq!(error.to_string(), "Odoo has not been set up for erpsync; run `erpsync setup`");
    }
}

pub async fn installs(world: &World) {
    let error = survey(&world.connect("sync").await, &wishes()).await.unwrap_err();
    assert!(matches!(error, OdooError::Rights(_)), "{error:?}");
    let odoo = world.connect("admin").await;
    let unknown = Wishes { grant: vec!["nobody@nowhere".to_owned()] };
    assert_eq!(survey(&odoo, &unknown).await.unwrap_err().kind(), ErrorKind::Configuration);
    let first = survey(&odoo, &wishes()).await.unwrap();
    let planned: Vec<String> = first.steps.iter().map(|s| s.what.clone()).collect();
    let mut done = Vec::new();
    install(&odoo, first, None, |what| done.push(what.to_owned())).await.unwrap();
    assert_eq!(done, planned);
    let second = survey(&odoo, &wishes()).await.unwrap();
    let left: Vec<String> = second.steps.iter().map(ToString::to_string).collect();
    assert_eq!(left, Vec::<String>::new());
    world.session().await;
}

pub async fn is_removed(world: &World) {
    let error = survey_removal(&world.connect("sync").await, false).await.unwrap_err();
    assert!(matches!(error, OdooError::Rights(_)), "{error:?}");
    let odoo = world.connect("admin").await;
    let removal = survey_removal(&odoo, false).await.unwrap();
    assert!(!removal.is_empty());
    let lease = SetupLease::take(&odoo, "token".to_owned(), ("conformance", 1), Duration::from_secs(300)).await;
    let mut lease = lease.unwrap().expect("nobody has it");
    remove(&odoo, removal, &mut lease).await.unwrap();
    lease.release(&odoo).await;
    let left = survey_removal(&odoo, false).await.unwrap();
    assert_eq!(left.what, Vec::<String>::new());
    not_set_up(world).await;
}
