//! The rules of the assignment: who keeps, gets, loses and misses which code, and why.
//!
//! Pure; knows nothing of the order in which codes move.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::barcode::clean;
use crate::catalog::{Barcode, CodeKey, ExternalId, Holder, HolderKind, ProductId};

use super::{Assignment, Extras, Given, Obstacle, Rules, SHOWN_CLAIMANTS, Seat, Shared};

/// Everything that is known of who lists and who has which code.
pub(super) struct Table<'a> {
    pub seats: &'a BTreeMap<ExternalId, Seat<'a>>,
    rules: Rules<'a>,
    /// Who lists a code, in which spelling, by id; of a code that was given, only whom it was given to.
    claimants: BTreeMap<CodeKey, Vec<(&'a ExternalId, &'a Barcode)>>,
    /// Which seats have a code as their barcode.
    pub held_by: BTreeMap<CodeKey, Vec<&'a ExternalId>>,
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
    pub frozen: BTreeSet<ExternalId>,
    /// Those among them whose rows could not be read, and who waits for these.
    pub unread: BTreeSet<ExternalId>,
    /// Codes that somebody may list: nobody can tell whether they are contested.
    doubtful: BTreeSet<CodeKey>,
    pub refused: Vec<(ExternalId, String, Obstacle)>,
}

impl<'a> Table<'a> {
    pub fn new(
        seats: &'a BTreeMap<ExternalId, Seat<'a>>,
        holders: &'a BTreeMap<CodeKey, Vec<Holder>>,
        rules: Rules<'a>,
    ) -> Self {
        let mut claimants: BTreeMap<CodeKey, Vec<(&ExternalId, &Barcode)>> = BTreeMap::new();
        let mut held_by: BTreeMap<CodeKey, Vec<&ExternalId>> = BTreeMap::new();
        let mut extra_of: BTreeMap<CodeKey, Vec<&ExternalId>> = BTreeMap::new();
        for (id, seat) in seats {
            let claims = seat.claims.iter().chain(seat.remembered).map(|code| (code, code.key()));
            for (code, key) in claims.filter(|(_, key)| !(rules.placeholder)(key)) {
                let list = claimants.entry(key).or_default();
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
            let free = |h: &Holder| h.kind == HolderKind::Product && !(rules.reserved)(h.product);
            let (taken, left): (Vec<_>, Vec<_>) = outside.partition(|h| given.contains(key) && free(h));
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
            unread: seats.iter().filter(|(_, seat)| seat.unread).map(|(id, _)| id.clone()).collect(),
            doubtful: seats.values().flat_map(|seat| seat.remembered).map(Barcode::key).collect(),
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
    pub fn having(&self, key: &CodeKey) -> impl Iterator<Item = &'a ExternalId> + '_ {
        let of = |map: &'_ BTreeMap<CodeKey, Vec<&'a ExternalId>>| map.get(key).cloned().unwrap_or_default();
        of(&self.held_by).into_iter().chain(of(&self.extra_of))
    }

    fn is_given(&self, id: &ExternalId, key: &CodeKey) -> bool {
        self.given.contains(key) && self.rules.given[key].to == *id
    }

    /// Holds back who waits for an unreadable row, and whoever was to get what these have, and so on: as if their own rows could
    /// not be read either. All of a chain at once, as each round looks at every seat.
    pub fn wait(&mut self, done: &Assignment, waiting: &mut BTreeSet<ExternalId>) {
        let seats = self.seats;
        let mut wanted: BTreeMap<CodeKey, Vec<(&ExternalId, &String)>> = BTreeMap::new();
        for (id, target) in &done.targets {
            if let Some(target) = target.as_ref().filter(|t| seats[id].current != Some(t.as_str())) {
                wanted.entry(CodeKey::of(target)).or_default().push((id, target));
            }
        }
        let mut held = done.waits.clone();
        while let Some((id, code, obstacle)) = held.pop() {
            if !self.frozen.insert(id.clone()) {
                continue;
            }
            self.unread.insert(id.clone());
            waiting.insert(id.clone());
            let seat = &seats[&id];
            for has in seat.current.into_iter().chain(seat.extras.iter().copied()) {
                for (other, target) in wanted.get(&CodeKey::of(has)).into_iter().flatten().filter(|(o, _)| **o != id) {
                    held.push(((*other).clone(), (*target).clone(), Some(Obstacle::Frozen(id.clone()))));
                }
            }
            self.refused.extend(obstacle.map(|obstacle| (id, code, obstacle)));
        }
    }

    pub fn assign_once(&self) -> Assignment {
        let mut out = Assignment { settled: self.settled.clone(), ..Assignment::default() };
        for (id, seat) in self.seats {
            let target = if self.is_frozen(id) || (seat.missing && !seat.retired) {
                // One that waits for this run alone comes back with what it has, unless somebody has that meanwhile.
                if seat.wakes && !seat.frozen && self.is_elsewhere(seat) {
                    out.asleep.insert(id.clone());
                }
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

    /// The code that the seat has, while the source still lists it; blanks around it and characters that nobody sees are
    /// mended if that meets nobody who keeps the same code.
    fn kept(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) -> Option<String> {
        let current = seat.current?;
        let key = CodeKey::of(current);
        let listed = self.listed(id, &key)?;
        if !self.is_given(id, &key) && seat.claims.iter().any(|c| self.is_given(id, &c.key()) && self.is_free(id, c)) {
            return None;
        }
        if seat.wakes && self.is_elsewhere(seat) {
            return None;
        }
        let others = self.foreign.get(&key).map(Vec::as_slice).unwrap_or_default();
        let same = |h: &&Holder| h.kind == HolderKind::Product && h.barcode == current;
        self.second_holder(id, seat, out);
        let beside: Vec<&ExternalId> = self.having(&key).filter(|h| *h != id).collect();
        // Of what another source owns likewise.
        let holders = || self.holders.get(&key).into_iter().flatten();
        let active = |id: &ExternalId| {
            let seat = &self.seats[id];
            holders().any(|h| Some(h.product) == seat.product && (h.active || seat.wakes) && same(&h))
        };
        let seen = |h: &&&ExternalId| !self.seats[**h].overruled || active(h) && active(id);
        if self.is_alone(&key)
            && let Some(frozen) = beside.iter().filter(seen).find(|h| self.is_frozen(h))
        {
            out.obstacles.push((id.clone(), current.to_owned(), Obstacle::Frozen((*frozen).clone())));
        }
        // Without the setting, ours on packagings go, whoever lists them.
        let goes = |h: &ExternalId| !self.rules.extras && self.seats[h].current.map(CodeKey::of).as_ref() != Some(&key);
        let leaves = |h: &&ExternalId| !self.stays(h, &key) && (self.listed(h, &key).is_none() || goes(h));
        let alone = others.is_empty() && beside.iter().all(leaves);
        let mended = if clean(current) != current && alone { listed.as_str() } else { current };
        Some(mended.to_owned())
    }

    /// Does somebody outside have the code of the seat too?
    fn is_elsewhere(&self, seat: &Seat<'_>) -> bool {
        seat.current.map(CodeKey::of).is_some_and(|key| self.foreign.contains_key(&key))
    }

    /// Tells of two active products with one text. Only this does every lookup tell, whatever else was
    /// asked: others are seen by chance, and would be opened and closed by turns.
    fn second_holder(&self, id: &ExternalId, seat: &Seat<'_>, out: &mut Assignment) {
        let Some(current) = seat.current else { return };
        let key = CodeKey::of(current);
        if self.listed(id, &key).is_none() {
            return;
        }
        let same = |h: &&Holder| h.kind == HolderKind::Product && h.barcode == current;
        let own = |h: &&Holder| Some(h.product) == seat.product && h.active && same(h);
        let other = self.foreign.get(&key).into_iter().flatten().copied().find(|h| h.active && same(h));
        if let Some(other) = other.filter(|_| self.holders.get(&key).into_iter().flatten().any(|h| own(&h))) {
            out.obstacles.push((id.clone(), current.to_owned(), Obstacle::SecondHolder(other.clone())));
        }
    }

    /// What keeps a code that only this seat lists from it.
    fn in_the_way(&self, id: &ExternalId, key: &CodeKey) -> Option<Obstacle> {
        let outside = self.foreign.get(key).map(Vec::as_slice).unwrap_or_default();
        let reserved = outside.iter().find(|h| (self.rules.reserved)(h.product));
        if let Some(holder) = reserved.or(outside.first()) {
            return Some(Obstacle::Foreign((*holder).clone()));
        }
        self.having(key).find(|h| *h != id && self.stays(h, key)).map(|h| Obstacle::Frozen(h.clone()))
    }

    /// Does a seat keep this code that it has, whoever lists it? Because it waits, or because no further codes go just now.
    fn stays(&self, id: &ExternalId, key: &CodeKey) -> bool {
        let further = || self.seats[id].current.map(CodeKey::of).as_ref() != Some(key);
        self.is_frozen(id) || self.rules.hold && further() && self.listed(id, key).is_none()
    }

    fn is_free(&self, id: &ExternalId, code: &Barcode) -> bool {
        let key = code.key();
        self.is_alone(&key) && self.listed(id, &key).is_some() && self.in_the_way(id, &key).is_none()
    }

    /// Does one seat list it, and no other?
    fn is_alone(&self, key: &CodeKey) -> bool {
        self.claimants.get(key).is_some_and(|list| list.len() == 1)
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
            if !self.is_alone(&key) || self.listed(id, &key).is_none() {
                if self.doubtful.contains(&key) && self.listed(id, &key).is_some() {
                    out.waits.push((id.clone(), code.to_string(), None));
                    return None;
                }
                continue;
            }
            if let Some(obstacle) = self.in_the_way(id, &key) {
                let unread = match &obstacle {
                    Obstacle::Frozen(other) => self.unread.contains(other),
                    Obstacle::Foreign(holder) => (self.rules.reserved)(holder.product),
                    _ => false,
                };
                if unread {
                    out.waits.push((id.clone(), code.to_string(), Some(obstacle)));
                    return None;
                }
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
            } else if self.is_alone(&key) {
                match self.in_the_way(id, &key) {
                    None => extras.add.push(code.to_string()),
                    Some(obstacle) => out.obstacles.push((id.clone(), code.to_string(), obstacle)),
                }
            }
        }
        let goes = |key: &CodeKey| !wanted.contains(key) && (!self.rules.hold || Some(key) == main.as_ref());
        extras.remove = seat.extras.iter().filter(|code| goes(&CodeKey::of(code))).map(ToString::to_string).collect();
        extras
    }

    /// Who settled for another code, although a person gave it one, is told what keeps that from it.
    fn given_in_vain(&self, out: &mut Assignment) {
        for (id, code) in self.settled.iter().filter(|(id, _)| !self.is_frozen(id)) {
            let key = CodeKey::of(code);
            let has = out.targets[id].as_deref().map(CodeKey::of).as_ref() == Some(&key);
            let Some(obstacle) = self.in_the_way(id, &key).filter(|_| !has) else { continue };
            out.obstacles.push((id.clone(), code.clone(), obstacle));
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
            if (self.rules.shared)(key, claimants.len()) {
                let first = claimants.iter().take(SHOWN_CLAIMANTS).map(|(id, _)| (*id).clone()).collect();
                out.shared.push(Shared { key: key.clone(), first, count: claimants.len() });
                continue;
            }
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
