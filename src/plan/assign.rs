//! Who gets which barcode.
//!
//! Pure. Takes *seats* – the products that take part, each with what it has and what the source lists for it – and who
//! else in Odoo holds the codes. Gives every seat a code or none, the moves that lead there in a safe order, and what
//! must wait. The rules (see also `README.md`, "Barcodes"):
//!
//! - the code that a product has stays while the source lists it there;
//! - otherwise the first code that only this product lists, and that nobody outside holds;
//! - a code listed at several products stays with one that has it already, or goes to nobody: selling the wrong article
//!   is worse than "not found";
//! - a product that no longer lists its code loses it;
//! - a code that a person gave to one of its claimants is that one's alone, and comes before its other codes;
//! - where further codes are to scan too, a product's other uncontested codes become its *extras*, on packagings or units.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::{Barcode, CodeKey, ExternalId, Holder, HolderKind, ProductId};

use super::components::Waits;

/// A product that takes part.
#[derive(Debug, Clone)]
pub struct Seat<'a> {
    /// The Odoo product, if there is one already.
    pub product: Option<ProductId>,
    /// The barcode that Odoo has now.
    pub current: Option<&'a str>,
    /// The codes that the source lists, in order.
    pub claims: &'a [Barcode],
    /// Nothing may be given to it or taken from it; its claims count all the same.
    pub frozen: bool,
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
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The most moves that one component may have; below one counts as one.
    pub max_component: usize,
    /// Do further codes become packagings or units?
    pub extras: bool,
    /// To whom a person gave which code.
    pub given: &'a BTreeMap<CodeKey, Given>,
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
    /// Codes that several seats list, and that a person gave to one of them: seat and code as it lists it.
    pub settled: Vec<(ExternalId, String)>,
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
    loop {
        let mut assignment = table.assign_once();
        let (components, circles) = components(&table, &assignment, rules.max_component.max(1));
        if circles.is_empty() {
            assignment.components = components;
            assignment.obstacles.append(&mut table.refused);
            assignment.obstacles.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
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

struct Table<'a> {
    seats: &'a BTreeMap<ExternalId, Seat<'a>>,
    rules: Rules<'a>,
    /// Who lists a code, in which spelling, by id; of a code that was given, only whom it was given to.
    claimants: BTreeMap<CodeKey, Vec<(&'a ExternalId, &'a Barcode)>>,
    /// Which seats have a code as their barcode.
    held_by: BTreeMap<CodeKey, Vec<&'a ExternalId>>,
    /// Which seats have a code of ours on a packaging or unit.
    extra_of: BTreeMap<CodeKey, Vec<&'a ExternalId>>,
    /// Who has a code, as far as it was asked for.
    holders: &'a BTreeMap<CodeKey, Vec<Holder>>,
    /// Which records outside have a code.
    foreign: BTreeMap<&'a CodeKey, Vec<&'a Holder>>,
    /// Whom a given code is taken from.
    robbed: BTreeMap<&'a CodeKey, Vec<&'a Holder>>,
    /// The given codes that count.
    given: BTreeSet<&'a CodeKey>,
    settled: Vec<(ExternalId, String)>,
    frozen: BTreeSet<ExternalId>,
    refused: Vec<(ExternalId, String, Obstacle)>,
}

impl<'a> Table<'a> {
    fn new(
        seats: &'a BTreeMap<ExternalId, Seat<'a>>,
        holders: &'a BTreeMap<CodeKey, Vec<Holder>>,
        rules: Rules<'a>,
    ) -> Self {
        let mut claimants: BTreeMap<CodeKey, Vec<(&ExternalId, &Barcode)>> = BTreeMap::new();
        let mut held_by: BTreeMap<CodeKey, Vec<&ExternalId>> = BTreeMap::new();
        let mut extra_of: BTreeMap<CodeKey, Vec<&ExternalId>> = BTreeMap::new();
        for (id, seat) in seats {
            for code in seat.claims {
                let list = claimants.entry(code.key()).or_default();
                // Two spellings in one list are one claim.
                if list.last().is_none_or(|(last, _)| *last != id) {
                    list.push((id, code));
                }
            }
            if let Some(code) = seat.current {
                held_by.entry(CodeKey::of(code)).or_default().push(id);
            }
            for code in &seat.extras {
                extra_of.entry(CodeKey::of(code)).or_default().push(id);
            }
        }
        let mut settled = Vec::new();
        let mut given: BTreeSet<&CodeKey> = BTreeSet::new();
        for (key, Given { to, alone }) in rules.given {
            let Some(list) = claimants.get_mut(key).filter(|list| *alone || list.len() == 1) else { continue };
            // Whoever has it already keeps it, though this run may leave that product out.
            let has = |seat: &Seat<'_>| seat.current.map(CodeKey::of).as_ref() == Some(key);
            let owner = list.iter().find(|(id, _)| *id == to && (!seats[*id].frozen || has(&seats[*id]))).copied();
            if let Some((id, code)) = owner {
                if list.len() > 1 {
                    settled.push((id.clone(), code.to_string()));
                }
                *list = vec![(id, code)];
                if !seats[id].frozen {
                    given.insert(key);
                }
            }
        }
        let own: BTreeMap<ProductId, &Seat<'_>> =
            seats.values().filter_map(|seat| seat.product.map(|product| (product, seat))).collect();
        let is_ours = |h: &&Holder| match (h.kind, own.get(&h.product)) {
            (HolderKind::Product, seat) => seat.is_some(),
            (HolderKind::Packaging, seat) => seat.is_some_and(|s| s.extras.iter().any(|code| *code == h.barcode)),
        };
        let (mut foreign, mut robbed) = (BTreeMap::new(), BTreeMap::new());
        for (key, list) in holders {
            let outside = list.iter().filter(|h| !is_ours(h));
            // A packaging is more than its code: it is left to people.
            let (taken, left): (Vec<_>, Vec<_>) =
                outside.partition(|h| given.contains(key) && h.kind == HolderKind::Product);
            if !left.is_empty() {
                foreign.insert(key, left);
            }
            if !taken.is_empty() {
                robbed.insert(key, taken);
            }
        }
        Self {
            seats,
            rules,
            claimants,
            held_by,
            extra_of,
            holders,
            foreign,
            robbed,
            given,
            settled,
            frozen: BTreeSet::new(),
            refused: Vec::new(),
        }
    }

    fn is_frozen(&self, id: &ExternalId) -> bool {
        self.seats[id].frozen || self.frozen.contains(id)
    }

    /// The spelling in which a seat lists a code, if it does.
    fn listed(&self, id: &ExternalId, key: &CodeKey) -> Option<&'a Barcode> {
        let list = self.claimants.get(key)?;
        list.binary_search_by(|(claimant, _)| (*claimant).cmp(id)).ok().map(|at| list[at].1)
    }

    /// The seats that have a code in any way.
    fn having(&self, key: &CodeKey) -> impl Iterator<Item = &'a ExternalId> + '_ {
        let of = |map: &'_ BTreeMap<CodeKey, Vec<&'a ExternalId>>| map.get(key).cloned().unwrap_or_default();
        of(&self.held_by).into_iter().chain(of(&self.extra_of))
    }

    fn is_given(&self, id: &ExternalId, key: &CodeKey) -> bool {
        self.given.contains(key) && self.rules.given[key].to == *id
    }

    fn assign_once(&self) -> Assignment {
        let mut out = Assignment { settled: self.settled.clone(), ..Assignment::default() };
        for (id, seat) in self.seats {
            let target = if self.is_frozen(id) || (seat.missing && !seat.retired) {
                seat.current.map(str::to_owned)
            } else if seat.missing {
                None
            } else if let Some(kept) = self.kept(id, seat, &mut out) {
                Some(kept)
            } else {
                self.first_free(id, seat, &mut out)
            };
            out.targets.insert(id.clone(), target);
        }
        for (id, seat) in self.seats.iter().filter(|(id, s)| !s.missing && !self.is_frozen(id)) {
            let extras = self.extras(id, seat, &mut out);
            if !extras.is_empty() {
                out.extras.insert(id.clone(), extras);
            }
        }
        self.given_in_vain(&mut out);
        self.release(&mut out);
        self.report_contests(&mut out);
        for (key, robbed) in &self.robbed {
            let owner = &self.rules.given[*key].to;
            let extras = out.extras.get(owner).into_iter().flat_map(|e| &e.add);
            if out.targets[owner].iter().chain(extras).any(|code| CodeKey::of(code) == **key) {
                out.outside.extend(robbed.iter().map(|h| (owner.clone(), (*h).clone())));
            }
        }
        out
    }

    /// The code that the seat has, while the source still lists it; blanks around it are mended if that meets nobody who
    /// keeps the same code.
    fn kept(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) -> Option<String> {
        let current = seat.current?;
        let key = CodeKey::of(current);
        let listed = self.listed(id, &key)?;
        if !self.is_given(id, &key) && seat.claims.iter().any(|c| self.is_given(id, &c.key()) && self.is_free(id, c)) {
            return None;
        }
        let others = self.foreign.get(&key).map(Vec::as_slice).unwrap_or_default();
        if seat.wakes && !others.is_empty() {
            return None;
        }
        // Only what every lookup tells, whatever else was asked: two active products with one text. Others are seen by
        // chance, and would be opened and closed by turns.
        let twin = |h: &&Holder| h.kind == HolderKind::Product && h.active && h.barcode == current;
        let own = self.holders.get(&key).into_iter().flatten().find(|h| Some(h.product) == seat.product && twin(h));
        if let Some(other) = others.iter().copied().find(twin).filter(|_| own.is_some()) {
            out.obstacles.push((id.clone(), current.to_owned(), Obstacle::SecondHolder(other.clone())));
        }
        let beside: Vec<&ExternalId> = self.having(&key).filter(|h| *h != id).collect();
        if self.claimants[&key].len() == 1
            && let Some(frozen) = beside.iter().find(|h| self.is_frozen(h))
        {
            out.obstacles.push((id.clone(), current.to_owned(), Obstacle::Frozen((*frozen).clone())));
        }
        let alone = others.is_empty() && beside.iter().all(|h| !self.is_frozen(h) && self.listed(h, &key).is_none());
        let mended = if current.trim() != current && alone { listed.as_str() } else { current };
        Some(mended.to_owned())
    }

    /// What keeps a code that only this seat lists from it.
    fn in_the_way(&self, id: &ExternalId, key: &CodeKey) -> Option<Obstacle> {
        if let Some(holder) = self.foreign.get(key).and_then(|list| list.first()) {
            return Some(Obstacle::Foreign((*holder).clone()));
        }
        self.having(key).find(|h| *h != id && self.is_frozen(h)).map(|h| Obstacle::Frozen(h.clone()))
    }

    fn is_free(&self, id: &ExternalId, code: &Barcode) -> bool {
        let key = code.key();
        self.claimants[&key].len() == 1 && self.listed(id, &key).is_some() && self.in_the_way(id, &key).is_none()
    }

    /// The first listed code that is the seat's alone and free, or becomes free in this run; one that a person gave it
    /// comes first. What stood in the way of the codes before it is told only when there is none: a product that scans is
    /// settled, and the next run, which finds it settled, would close what this one opened.
    fn first_free(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) -> Option<String> {
        let settled = out.obstacles.len();
        let given = seat.claims.iter().filter(|c| self.is_given(id, &c.key()));
        let others = seat.claims.iter().filter(|c| !self.is_given(id, &c.key()));
        for code in given.chain(others) {
            let key = code.key();
            // A code that was given to somebody else is not claimed by this seat any longer.
            if self.claimants[&key].len() > 1 || self.listed(id, &key).is_none() {
                continue;
            }
            if let Some(obstacle) = self.in_the_way(id, &key) {
                out.obstacles.push((id.clone(), code.to_string(), obstacle));
                continue;
            }
            out.obstacles.truncate(settled);
            return Some(code.to_string());
        }
        None
    }

    /// What happens to the further codes of a seat: uncontested ones are put on packagings, ours that it no longer lists
    /// are taken away, and so is the one that becomes its barcode.
    fn extras(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) -> Extras {
        let main = out.targets[id].as_deref().map(CodeKey::of);
        let present: BTreeSet<CodeKey> = seat.packagings.iter().map(|code| CodeKey::of(code)).collect();
        let mut wanted: BTreeSet<CodeKey> = BTreeSet::new();
        let mut extras = Extras::default();
        for code in seat.claims.iter().filter(|_| self.rules.extras) {
            let key = code.key();
            if Some(&key) == main.as_ref() || self.listed(id, &key).is_none() {
                continue;
            }
            if present.contains(&key) {
                // Contested or not: who has it and lists it keeps it.
                wanted.insert(key);
            } else if self.claimants[&key].len() == 1 {
                match self.in_the_way(id, &key) {
                    None => extras.add.push(code.to_string()),
                    Some(obstacle) => {
                        let told = (id.clone(), code.to_string(), obstacle);
                        if !out.obstacles.contains(&told) {
                            out.obstacles.push(told);
                        }
                    }
                }
            }
        }
        extras.remove =
            seat.extras.iter().filter(|code| !wanted.contains(&CodeKey::of(code))).map(ToString::to_string).collect();
        extras
    }

    /// Who settled for another code, although a person gave it one, is told what keeps that from it.
    fn given_in_vain(&self, out: &mut Assignment) {
        for (id, code) in self.settled.iter().filter(|(id, _)| !self.is_frozen(id)) {
            let key = CodeKey::of(code);
            let has = out.targets[id].as_deref().map(CodeKey::of).as_ref() == Some(&key);
            let Some(obstacle) = self.in_the_way(id, &key).filter(|_| !has) else { continue };
            let told = (id.clone(), code.clone(), obstacle);
            if !out.obstacles.contains(&told) {
                out.obstacles.push(told);
            }
        }
    }

    /// Seats whose code was given to somebody else let go of it: missing ones here, the others have done so already.
    fn release(&self, out: &mut Assignment) {
        let mut owners: BTreeMap<CodeKey, &ExternalId> = BTreeMap::new();
        for (id, _) in self.seats.iter().filter(|(_, s)| !s.missing) {
            let extras = out.extras.get(id).into_iter().flat_map(|e| &e.add);
            for target in out.targets[id].iter().chain(extras) {
                let key = CodeKey::of(target);
                if self.listed(id, &key).is_some() {
                    owners.insert(key, id);
                }
            }
        }
        for (key, holders) in &self.held_by {
            let Some(owner) = owners.get(key) else { continue };
            for holder in holders.iter().filter(|h| *h != owner && !self.is_frozen(h)) {
                let seat = &self.seats[*holder];
                if seat.missing {
                    out.targets.insert((*holder).clone(), None);
                }
                if self.listed(holder, key).is_none() {
                    out.taken_by.insert((*holder).clone(), (*owner).clone());
                }
            }
        }
        for (id, seat) in self.seats.iter().filter(|(id, s)| s.missing && !self.is_frozen(id)) {
            let goes = |code: &&&str| seat.retired || owners.contains_key(&CodeKey::of(code));
            let remove: Vec<String> = seat.extras.iter().filter(goes).map(ToString::to_string).collect();
            if !remove.is_empty() {
                out.extras.insert(id.clone(), Extras { add: Vec::new(), remove });
            }
        }
    }

    fn report_contests(&self, out: &mut Assignment) {
        for (key, claimants) in self.claimants.iter().filter(|(_, c)| c.len() > 1) {
            // Without the setting, further codes are about to be taken away.
            let keeps = |h: &&ExternalId| out.targets[*h].as_deref().map(CodeKey::of).as_ref() == Some(key);
            let main = self.held_by.get(key).into_iter().flatten().copied().filter(keeps);
            let extra = self.extra_of.get(key).into_iter().flatten().copied().filter(|_| self.rules.extras);
            let keeping: BTreeSet<&ExternalId> = main.chain(extra).filter(|h| self.listed(h, key).is_some()).collect();
            let keepers = keeping.len();
            let keeper = keeping.first().copied().filter(|_| keepers == 1);
            for (id, code) in claimants.iter().filter(|(id, _)| Some(*id) != keeper) {
                let others = claimants.iter().map(|(o, _)| *o).filter(|o| o != id);
                let others: Vec<_> = others.take(SHOWN_CLAIMANTS).cloned().collect();
                let more = claimants.len() - 1 - others.len();
                let obstacle = Obstacle::Contested { others, more, keeper: keeper.cloned(), keepers };
                out.obstacles.push(((*id).clone(), code.to_string(), obstacle));
            }
        }
    }
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
#[path = "assign_tests/mod.rs"]
mod tests;
