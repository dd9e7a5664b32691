//! Who gets which barcode.
//!
//! Pure; `table` applies the rules, here are the words, and the order of moves. Takes *seats* – the products that take part, each with what it has and what the source lists for it – and who
//! else in Odoo holds the codes. Gives every seat a code or none, the moves that lead there in a safe order, and what
//! must wait. The rules (see also `docs/barcodes.md`):
//!
//! - the code that a product has stays while the source lists it there;
//! - otherwise the first code that only this product lists, and that nobody outside holds;
//! - a code listed at several products stays with one that has it already, or goes to nobody: selling the wrong article
//!   is worse than "not found";
//! - a product that no longer lists its code loses it;
//! - a code that a person gave to one of its claimants is that one's alone, and comes before its other codes;
//! - where further codes are to scan too, a product's other uncontested codes become its *extras*, on packagings or units.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::{Barcode, CodeKey, ExternalId, Holder, ProductId};

use super::components::Waits;
use table::Table;

/// A product that takes part.
#[derive(Debug, Clone, Default)]
pub struct Seat<'a> {
    /// The Odoo product, if there is one already.
    pub product: Option<ProductId>,
    /// The barcode that Odoo has now.
    pub current: Option<&'a str>,
    /// The codes that the source lists, in order.
    pub claims: &'a [Barcode],
    /// Codes that it may list besides: its list has a hole, and its link remembers them. Claims like the others.
    pub remembered: &'a [Barcode],
    /// Nothing may be given to it or taken from it; its claims count all the same.
    pub frozen: bool,
    /// Frozen, as its row could not be read: whoever wants a code that it has waits, and settles for no other meanwhile.
    pub unread: bool,
    /// Frozen, as another source owns its barcodes: a run has no other reason to look at it.
    pub overruled: bool,
    /// The source no longer has the product: it keeps its code until another product claims it.
    pub missing: bool,
    /// Missing, and archived by this plan: it gives up all its codes.
    pub retired: bool,
    /// Reactivated by this plan: a code that somebody outside has meanwhile is not kept.
    pub wakes: bool,
    /// The further codes that we wrote on its packagings or units, and that are there.
    pub extras: Vec<&'a str>,
    /// All codes on its packagings or units, people's own among them.
    pub packagings: &'a [String],
}

/// How to assign.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The most moves that one component may have; below one counts as one.
    pub max_component: usize,
    /// Do further codes become packagings or units?
    pub extras: bool,
    /// Does nothing go that the source no longer lists? Further codes of ours stay then; who is to keep its barcode is frozen.
    pub hold: bool,
    /// To whom a person gave which code.
    pub given: &'a BTreeMap<CodeKey, Given>,
    /// What is none, as a person said.
    pub placeholder: &'a dyn Fn(&CodeKey) -> bool,
    /// Do so many products list a code that it is asked about once, and not at each of them?
    pub shared: &'a dyn Fn(&CodeKey, usize) -> bool,
    /// Is this product outside kept for a row that could not be read? Its code is taken away for nobody.
    pub reserved: &'a dyn Fn(ProductId) -> bool,
}

impl std::fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("max_component", &self.max_component)
            .field("extras", &self.extras)
            .finish_non_exhaustive()
    }
}

/// A code that so many products list that it probably stands where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The code.
    pub key: CodeKey,
    /// The first of the products that list it.
    pub first: Vec<ExternalId>,
    /// How many there are.
    pub count: usize,
}

/// A code that a person gave to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// To whom; without effect unless that product lists it and may be changed.
    pub to: ExternalId,
    /// Although others list it too: their claims do not count. Otherwise it is only taken from products outside.
    pub alone: bool,
}

/// What happens to the further codes of a seat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extras {
    /// To be put on packagings or units, as the source spells them.
    pub add: Vec<String>,
    /// To be taken away, as they stand there.
    pub remove: Vec<String>,
}

impl Extras {
    /// Is there nothing to do?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// How many other claimants an [`Obstacle::Contested`] names.
pub const SHOWN_CLAIMANTS: usize = 5;

/// Why a code was not given to a seat that lists it, or was kept with a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Others list it too.
    Contested {
        /// The first of the other claimants, at most [`SHOWN_CLAIMANTS`]: a code that a hundred thousand products list
        /// must not cost their square.
        others: Vec<ExternalId>,
        /// How many more there are.
        more: usize,
        /// Who has it already and lists it, if it is one.
        keeper: Option<ExternalId>,
        /// How many have it already and list it: each of them keeps it.
        keepers: usize,
    },
    /// A product outside the source has it.
    Foreign(Holder),
    /// A product of the source has it that may not be changed; where the seat itself keeps the code, both have it.
    Frozen(ExternalId),
    /// The seat keeps the code, but an active product outside the source has it too.
    SecondHolder(Holder),
    /// Its moves hang together with more others than one transaction may carry.
    TooManyMoves(usize),
}

/// The outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The code of every seat after the run.
    pub targets: BTreeMap<ExternalId, Option<String>>,
    /// Groups of seats whose codes change together, in an order in which every code is released before it is given
    /// again; within a group likewise, unless it is a circle.
    pub components: Vec<Vec<ExternalId>>,
    /// What was not given: seat, code, why.
    pub obstacles: Vec<(ExternalId, String, Obstacle)>,
    /// To whom a seat's code goes, for seats that lose one.
    pub taken_by: BTreeMap<ExternalId, ExternalId>,
    /// The further codes of seats for which there is something to do.
    pub extras: BTreeMap<ExternalId, Extras>,
    /// Products outside the source that lose their code to a seat, because a person said so.
    pub outside: Vec<(ExternalId, Holder)>,
    /// Seats that wait for a code which hangs on a row that could not be read.
    pub waiting: BTreeSet<ExternalId>,
    /// Seats that are not reactivated by this plan: they wait for another code, and the one they have is somebody else's too.
    pub asleep: BTreeSet<ExternalId>,
    /// Seats that wait for a code, as it hangs on a row that could not be read: seat, code, what is in the way besides that.
    waits: Vec<(ExternalId, String, Option<Obstacle>)>,
    /// Codes that several seats list, and that a person gave to one of them: seat and code as it lists it.
    pub settled: Vec<(ExternalId, String)>,
    /// Codes that are asked about once.
    pub shared: Vec<Shared>,
}

/// Assigns the barcodes.
///
/// `holders` are the Odoo records known to have a code, seats' own products among them or not.
#[must_use]
pub fn assign(
    seats: &BTreeMap<ExternalId, Seat<'_>>,
    holders: &BTreeMap<CodeKey, Vec<Holder>>,
    rules: Rules<'_>,
) -> Assignment {
    let mut table = Table::new(seats, holders, rules);
    let mut waiting = BTreeSet::new();
    loop {
        let mut assignment = table.assign_once();
        if !assignment.waits.is_empty() {
            table.wait(&assignment, &mut waiting);
            continue;
        }
        let (components, circles) = components(&table, &assignment, rules.max_component.max(1));
        if circles.is_empty() {
            assignment.components = components;
            assignment.waiting = waiting;
            assignment.obstacles.append(&mut table.refused);
            put_in_order(&mut assignment.obstacles);
            return assignment;
        }
        // The members of such a circle keep what they have, and everybody who counted on their codes is seen again.
        for circle in circles {
            let size = circle.len();
            for id in circle {
                let wanted = assignment.targets[&id].clone().unwrap_or_default();
                table.refused.push((id.clone(), wanted, Obstacle::TooManyMoves(size)));
                table.frozen.insert(id);
            }
        }
    }
}

/// Orders obstacles by seat and code, each once: a code may be looked at as the barcode of a product and as a secondary one.
fn put_in_order(obstacles: &mut Vec<(ExternalId, String, Obstacle)>) {
    obstacles.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let mut out: Vec<(ExternalId, String, Obstacle)> = Vec::with_capacity(obstacles.len());
    for one in obstacles.drain(..) {
        let mut same = out.iter().rev().take_while(|other| (&other.0, &other.1) == (&one.0, &one.1));
        if !same.any(|other| other.2 == one.2) {
            out.push(one);
        }
    }
    *obstacles = out;
}

/// Groups the changing seats by "wants what another has", and orders them. The second list are circles with more than
/// `max` members.
fn components(table: &Table<'_>, done: &Assignment, max: usize) -> (Vec<Vec<ExternalId>>, Vec<Vec<ExternalId>>) {
    let moves = |id: &ExternalId, seat: &Seat<'_>| done.targets[id].as_deref() != seat.current;
    let changes = |(id, seat): &(&ExternalId, &Seat<'_>)| {
        seat.product.is_some() && (moves(id, seat) || done.extras.contains_key(*id))
    };
    let moving: Vec<&ExternalId> = table.seats.iter().filter(changes).map(|(id, _)| id).collect();
    let index: BTreeMap<&ExternalId, usize> = moving.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let mut waits = Waits::new(moving.len());
    for (i, id) in moving.iter().enumerate() {
        let main = done.targets[*id].iter().filter(|_| moves(id, &table.seats[*id]));
        let extras = done.extras.get(*id).into_iter().flat_map(|e| &e.add);
        for wanted in main.chain(extras) {
            for holder in table.having(&CodeKey::of(wanted)) {
                if let Some(&j) = index.get(holder).filter(|j| **j != i) {
                    waits.add(i, j);
                }
            }
        }
    }
    let (groups, circles) = waits.groups(max);
    let ids = |groups: Vec<Vec<usize>>| -> Vec<Vec<ExternalId>> {
        groups.into_iter().map(|g| g.into_iter().map(|i| moving[i].clone()).collect()).collect()
    };
    (ids(groups), ids(circles))
}

#[cfg(test)]
#[path = "../assign_tests/mod.rs"]
mod tests;
