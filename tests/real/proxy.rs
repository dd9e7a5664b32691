//! Has the world's binary speak to Odoo through a proxy that asks the test about each call of a procedure.

use std::collections::BTreeMap;

use erpsync_sandbox::proxy::Proxy;
pub use erpsync_sandbox::proxy::{Fate, Passing};

use crate::world::World;

/// Stands between until the process ends; requests that are no calls of procedures pass.
pub fn stand_between(world: &World, mut hook: impl FnMut(&Passing) -> Fate + Send + 'static) {
    hear_all(world, move |call| if call.procedure.is_empty() { Fate::Pass } else { hook(call) });
}

/// The same for every request.
pub fn hear_all(world: &World, hook: impl FnMut(&Passing) -> Fate + Send + 'static) {
    let procedures: BTreeMap<String, i64> =
        serde_json::from_str(&world.sql("select x_procedures from x_pz_setup")).unwrap();
    let procedures = procedures.into_iter().map(|(name, id)| (id, name)).collect();
    let proxy = Proxy::start(&world.target().url, procedures, hook).unwrap();
    world.through(&proxy.url());
    std::mem::forget(proxy);
}
