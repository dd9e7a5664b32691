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
//! - a product that no longer lists its code loses it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Barcode, CodeKey, ExternalId, Holder, HolderKind, ProductId};

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
}

/// Assigns the barcodes.
///
/// `holders` are the Odoo records known to have a code, seats' own products among them or not. `max_component` bounds
/// the moves of one component; below one it counts as one.
#[must_use]
pub fn assign(
    seats: &BTreeMap<ExternalId, Seat<'_>>,
    holders: &BTreeMap<CodeKey, Vec<Holder>>,
    max_component: usize,
) -> Assignment {
    let max_component = max_component.max(1);
    let mut table = Table::new(seats, holders);
    loop {
        let assignment = table.assign_once();
        let (components, circles) = components(seats, &assignment.targets, &table.held_by, max_component);
        if circles.is_empty() {
            let mut assignment = assignment;
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
    /// Who lists a code, in which spelling, by id.
    claimants: BTreeMap<CodeKey, Vec<(&'a ExternalId, &'a Barcode)>>,
    /// Which seats have a code.
    held_by: BTreeMap<CodeKey, Vec<&'a ExternalId>>,
    /// Who has a code, as far as it was asked for.
    holders: &'a BTreeMap<CodeKey, Vec<Holder>>,
    /// Which records outside have a code.
    foreign: BTreeMap<&'a CodeKey, Vec<&'a Holder>>,
    frozen: BTreeSet<ExternalId>,
    refused: Vec<(ExternalId, String, Obstacle)>,
}

impl<'a> Table<'a> {
    fn new(seats: &'a BTreeMap<ExternalId, Seat<'a>>, holders: &'a BTreeMap<CodeKey, Vec<Holder>>) -> Self {
        let mut claimants: BTreeMap<CodeKey, Vec<(&ExternalId, &Barcode)>> = BTreeMap::new();
        let mut held_by: BTreeMap<CodeKey, Vec<&ExternalId>> = BTreeMap::new();
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
        }
        let own: BTreeSet<ProductId> = seats.values().filter_map(|s| s.product).collect();
        let foreign = holders
            .iter()
            .map(|(key, list)| {
                let is_foreign = |h: &&Holder| h.kind == HolderKind::Packaging || !own.contains(&h.product);
                (key, list.iter().filter(is_foreign).collect::<Vec<_>>())
            })
            .filter(|(_, list)| !list.is_empty())
            .collect();
        Self { seats, claimants, held_by, holders, foreign, frozen: BTreeSet::new(), refused: Vec::new() }
    }

    fn is_frozen(&self, id: &ExternalId) -> bool {
        self.seats[id].frozen || self.frozen.contains(id)
    }

    /// The spelling in which a seat lists a code, if it does.
    fn listed(&self, id: &ExternalId, key: &CodeKey) -> Option<&'a Barcode> {
        let list = self.claimants.get(key)?;
        list.binary_search_by(|(claimant, _)| (*claimant).cmp(id)).ok().map(|at| list[at].1)
    }

    fn assign_once(&self) -> Assignment {
        let mut out = Assignment::default();
        for (id, seat) in self.seats {
            let target = if seat.missing || self.is_frozen(id) {
                seat.current.map(str::to_owned)
            } else if let Some(kept) = self.kept(id, seat, &mut out) {
                Some(kept)
            } else {
                self.first_free(id, seat, &mut out)
            };
            out.targets.insert(id.clone(), target);
        }
        self.release(&mut out);
        self.report_contests(&mut out);
        out
    }

    /// The code that the seat has, while the source still lists it; blanks around it are mended if that meets nobody who
    /// keeps the same code.
    fn kept(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) -> Option<String> {
        let current = seat.current?;
        let key = CodeKey::of(current);
        let listed = self.listed(id, &key)?;
        let others = self.foreign.get(&key).map(Vec::as_slice).unwrap_or_default();
        // Only what every lookup tells, whatever else was asked: two active products with one text. Others are seen by
        // chance, and would be opened and closed by turns.
        let twin = |h: &&Holder| h.kind == HolderKind::Product && h.active && h.barcode == current;
        let own = self.holders.get(&key).into_iter().flatten().find(|h| Some(h.product) == seat.product && twin(h));
        if let Some(other) = others.iter().copied().find(twin).filter(|_| own.is_some()) {
            out.obstacles.push((id.clone(), current.to_owned(), Obstacle::SecondHolder(other.clone())));
        }
        let mut beside = self.held_by[&key].iter().filter(|h| **h != id);
        if self.claimants[&key].len() == 1
            && let Some(frozen) = beside.clone().find(|h| self.is_frozen(h))
        {
            out.obstacles.push((id.clone(), current.to_owned(), Obstacle::Frozen((*frozen).clone())));
        }
        let alone = others.is_empty() && beside.all(|h| !self.is_frozen(h) && self.listed(h, &key).is_none());
        let mended = if current.trim() != current && alone { listed.as_str() } else { current };
        Some(mended.to_owned())
    }

    /// The first listed code that is the seat's alone and free, or becomes free in this run. What stood in the way of
    /// the codes before it is told only when there is none: a product that scans is settled, and the next run, which finds
    /// it settled, would close what this one opened.
    fn first_free(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) -> Option<String> {
        let settled = out.obstacles.len();
        for code in seat.claims {
            let key = code.key();
            if self.claimants[&key].len() > 1 {
                continue;
            }
            if let Some(holder) = self.foreign.get(&key).and_then(|list| list.first()) {
                out.obstacles.push((id.clone(), code.to_string(), Obstacle::Foreign((*holder).clone())));
                continue;
            }
            let holding = self.held_by.get(&key).map(Vec::as_slice).unwrap_or_default();
            if let Some(frozen) = holding.iter().find(|h| self.is_frozen(h)) {
                out.obstacles.push((id.clone(), code.to_string(), Obstacle::Frozen((*frozen).clone())));
                continue;
            }
            out.obstacles.truncate(settled);
            return Some(code.to_string());
        }
        None
    }

    /// Seats whose code was given to somebody else let go of it: missing ones here, the others have done so already.
    fn release(&self, out: &mut Assignment) {
        let mut owners: BTreeMap<CodeKey, &ExternalId> = BTreeMap::new();
        for (id, _) in self.seats.iter().filter(|(_, s)| !s.missing) {
            if let Some(target) = &out.targets[id] {
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
    }

    fn report_contests(&self, out: &mut Assignment) {
        for (key, claimants) in self.claimants.iter().filter(|(_, c)| c.len() > 1) {
            let holding = self.held_by.get(key).map(Vec::as_slice).unwrap_or_default();
            let mut keeping = holding.iter().filter(|h| self.listed(h, key).is_some());
            let first = keeping.next().copied();
            let keepers = usize::from(first.is_some()) + keeping.count();
            let keeper = first.filter(|_| keepers == 1);
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
fn components(
    seats: &BTreeMap<ExternalId, Seat<'_>>,
    targets: &BTreeMap<ExternalId, Option<String>>,
    held_by: &BTreeMap<CodeKey, Vec<&ExternalId>>,
    max: usize,
) -> (Vec<Vec<ExternalId>>, Vec<Vec<ExternalId>>) {
    let moving: Vec<&ExternalId> = seats
        .iter()
        .filter(|(id, s)| s.product.is_some() && targets[*id].as_deref() != s.current)
        .map(|(id, _)| id)
        .collect();
    let index: BTreeMap<&ExternalId, usize> = moving.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    // after[i]: who has the code that i wants, and so comes before it; before[j]: who waits for j.
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); moving.len()];
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); moving.len()];
    for (i, id) in moving.iter().enumerate() {
        let Some(target) = &targets[*id] else { continue };
        for holder in held_by.get(&CodeKey::of(target)).into_iter().flatten() {
            if let Some(&j) = index.get(holder).filter(|j| **j != i) {
                after[i].push(j);
                before[j].push(i);
            }
        }
    }
    let (mut groups, mut circles) = (Vec::new(), Vec::new());
    let mut seen = vec![false; moving.len()];
    for start in 0..moving.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut members = vec![start];
        let mut next = 0;
        while next < members.len() {
            let i = members[next];
            next += 1;
            for &j in after[i].iter().chain(&before[i]) {
                if !seen[j] {
                    seen[j] = true;
                    members.push(j);
                }
            }
        }
        members.sort_unstable();
        let (order, free) = free_ends_first(&members, &after, &before);
        let ids: Vec<ExternalId> = order.iter().map(|&i| moving[i].clone()).collect();
        if ids.len() <= max {
            groups.push(ids);
        } else if free {
            groups.extend(ids.chunks(max).map(<[ExternalId]>::to_vec));
        } else {
            circles.push(ids);
        }
    }
    (groups, circles)
}

/// Sorts a group so that whoever has a code comes before whoever wants it; `false` when a circle makes that impossible
/// (its members then come last).
fn free_ends_first(members: &[usize], after: &[Vec<usize>], before: &[Vec<usize>]) -> (Vec<usize>, bool) {
    let mut waits: BTreeMap<usize, usize> = members.iter().map(|&i| (i, after[i].len())).collect();
    let mut ready: BTreeSet<usize> = members.iter().copied().filter(|i| after[*i].is_empty()).collect();
    let mut order = Vec::with_capacity(members.len());
    while let Some(i) = ready.pop_first() {
        order.push(i);
        waits.remove(&i);
        for &j in &before[i] {
            if let Some(n) = waits.get_mut(&j) {
                *n -= 1;
                if *n == 0 {
                    ready.insert(j);
                }
            }
        }
    }
    let free = waits.is_empty();
    order.extend(waits.into_keys());
    (order, free)
}

#[cfg(test)]
#[path = "assign_tests/mod.rs"]
mod tests;
