//! Barcode assignment: a table's worth of seats, its outcome in words, and the properties that every outcome has.

mod cases;
mod circles;
mod properties;

use std::collections::BTreeMap;

use super::{Assignment, Given, Obstacle, Rules, Seat, assign};
use crate::catalog::{Barcode, CodeKey, ExternalId, Holder, HolderKind, ProductId};

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

fn pid(n: i64) -> ProductId {
    ProductId::new(n).unwrap()
}

/// A seat that owns its texts.
#[derive(Debug, Clone, PartialEq)]
struct Chair {
    product: Option<i64>,
    current: Option<String>,
    claims: Vec<Barcode>,
    frozen: bool,
    unread: bool,
    missing: bool,
    retired: bool,
    /// Further codes of ours on its packagings.
    extras: Vec<String>,
}

/// A table with seats and with holders outside.
#[derive(Debug, Clone, Default)]
struct Room {
    chairs: BTreeMap<ExternalId, Chair>,
    holders: Vec<Holder>,
    max: usize,
    /// Further codes are to scan too.
    extras: bool,
    given: BTreeMap<CodeKey, Given>,
}

impl Room {
    fn new() -> Self {
        Self { max: 100, ..Self::default() }
    }

    /// Seats a product that Odoo has; its number is its place.
    fn seat(&mut self, ext: &str, current: &str, claims: &[&str]) -> &mut Chair {
        let product = i64::try_from(self.chairs.len()).unwrap() + 1;
        let chair = Chair {
            product: Some(product),
            current: (!current.is_empty()).then(|| current.to_owned()),
            claims: claims.iter().map(|c| Barcode::parse(c).unwrap().unwrap()).collect(),
            frozen: false,
            unread: false,
            missing: false,
            retired: false,
            extras: Vec::new(),
        };
        self.chairs.insert(id(ext), chair);
        self.chairs.get_mut(&id(ext)).unwrap()
    }

    /// Seats a product that is to be created.
    fn fresh(&mut self, ext: &str, claims: &[&str]) {
        self.seat(ext, "", claims).product = None;
    }

    fn outside(&mut self, number: i64, code: &str) -> &mut Holder {
        let name = format!("P{number}");
        let (product, barcode) = (pid(number), code.to_owned());
        self.holders.push(Holder { product, kind: HolderKind::Product, active: true, name, barcode });
        self.holders.last_mut().unwrap()
    }

    fn assign(&self) -> Assignment {
        let seat = |chair: &'_ Chair| -> (Option<ProductId>, bool, bool) {
            (chair.product.map(pid), chair.frozen, chair.missing)
        };
        let seats: BTreeMap<ExternalId, Seat<'_>> = self
            .chairs
            .iter()
            .map(|(ext, chair)| {
                let (product, frozen, missing) = seat(chair);
                let current = chair.current.as_deref();
                let extras = chair.extras.iter().map(String::as_str).collect();
                let seat = Seat {
                    product,
                    current,
                    claims: &chair.claims,
                    frozen,
                    unread: chair.unread,
                    missing,
                    retired: chair.retired,
                    extras,
                    packagings: &chair.extras,
                    ..Seat::default()
                };
                (ext.clone(), seat)
            })
            .collect();
        let mut holders: BTreeMap<CodeKey, Vec<Holder>> = BTreeMap::new();
        for holder in &self.holders {
            holders.entry(CodeKey::of(&holder.barcode)).or_default().push(holder.clone());
        }
        assign(
            &seats,
            &holders,
            Rules {
                max_component: self.max,
                extras: self.extras,
                hold: false,
                given: &self.given,
                placeholder: &|_| false,
                shared: &|_, _| false,
                reserved: &|_| false,
            },
        )
    }

    /// The outcome as `id=code` and, in brackets, what stood in the way; components follow where something moves.
    fn outcome(&self) -> String {
        let done = self.assign();
        let mut words: Vec<String> =
            done.targets.iter().map(|(ext, code)| format!("{ext}={}", code.as_deref().unwrap_or("-"))).collect();
        for (ext, code, obstacle) in &done.obstacles {
            words.push(format!("[{ext} {code} {}]", word(obstacle)));
        }
        for group in &done.components {
            let ids: Vec<_> = group.iter().map(ToString::to_string).collect();
            words.push(format!("<{}>", ids.join(" ")));
        }
        words.join(" ")
    }
}

fn word(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Contested { keeper: Some(keeper), .. } => format!("kept by {keeper}"),
        Obstacle::Contested { keepers: 0, .. } => "contested".to_owned(),
        Obstacle::Contested { keepers, .. } => format!("kept by {keepers}"),
        Obstacle::Foreign(h) => format!("foreign {}", h.product),
        Obstacle::Frozen(other) => format!("frozen {other}"),
        Obstacle::SecondHolder(h) => format!("second {}", h.product),
        Obstacle::TooManyMoves(n) => format!("too many {n}"),
    }
}
