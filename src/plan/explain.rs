//! What stands in the way of a barcode, in words: what waits, why, and what would settle it.
//!
//! Pure; decides nothing.

use std::collections::BTreeMap;

use crate::catalog::{DeferredKind, ExternalId, HolderKind, ProductId};

use super::assign::{Obstacle, Seat};
use super::policy::Scope;

/// The kind of deferred action, the product that has the code now, and the message.
pub(super) fn explain(
    code: &str,
    obstacle: &Obstacle,
    seats: &BTreeMap<ExternalId, Seat<'_>>,
    scope: &Scope,
) -> (DeferredKind, Option<ProductId>, String) {
    let product_of = |id: &ExternalId| seats.get(id).and_then(|s| s.product);
    match obstacle {
        Obstacle::Contested { others, more, keeper, keepers } => {
            let shown: Vec<_> = others.iter().map(ToString::to_string).collect();
            let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
            let outcome = match (keeper, keepers) {
                (Some(keeper), _) => format!("it stays with {keeper}, which has it,"),
                (None, 0) => "nobody gets it".to_owned(),
                (None, n) => format!("{n} of them have it and keep it, nobody else gets it"),
            };
            let message = format!(
                "barcode {code} is listed at {}{more} as well; {outcome} until the source lists it once",
                shown.join(", ")
            );
            (DeferredKind::DuplicateClaim, keeper.as_ref().and_then(product_of), message)
        }
        Obstacle::Foreign(holder) => {
            let state = if holder.active { "" } else { "archived " };
            let (what, cure) = match holder.kind {
                HolderKind::Product => {
                    ("product", "which is not linked to this source; take it away there, or link that product")
                }
                HolderKind::Packaging => {
                    ("packaging of product", "and cannot be a product's as well; take it away there")
                }
            };
            let message = format!("barcode {code} is at {state}{what} {} {:?}, {cure}", holder.product, holder.name);
            (DeferredKind::ForeignHolder, Some(holder.product), message)
        }
        Obstacle::SecondHolder(holder) => {
            let message = format!(
                "barcode {code} is also at active product {} {:?}; a scan finds either; take it away at one of them",
                holder.product, holder.name
            );
            (DeferredKind::SecondHolder, Some(holder.product), message)
        }
        Obstacle::Frozen(other) if !scope.contains(other) => {
            let message =
                format!("barcode {code} is at {other}, which this run leaves out; run without --only and --limit");
            (DeferredKind::OutOfScope, product_of(other), message)
        }
        Obstacle::Frozen(other) => {
            let message = format!(
                "barcode {code} is at {other}, which must be left as it is for now (not to be touched, unreadable, waiting itself, or with barcodes that another source owns)"
            );
            (DeferredKind::Held, product_of(other), message)
        }
        Obstacle::TooManyMoves(n) => {
            let message = format!(
                "its barcode would change places with {} others in one transaction, which is too many; change some of them in the source first",
                n.saturating_sub(1)
            );
            (DeferredKind::TooManyMoves, None, message)
        }
    }
}
