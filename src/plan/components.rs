//! Groups moves that depend on each other, and orders them.
//!
//! Pure; knows numbers, not products.

use std::collections::{BTreeMap, BTreeSet};

/// Who waits for whom, by number.
#[derive(Debug)]
pub(super) struct Waits {
    /// Whom each waits for.
    after: Vec<Vec<usize>>,
    /// Who waits for each.
    before: Vec<Vec<usize>>,
}

impl Waits {
    /// So many, of whom nobody waits.
    pub fn new(n: usize) -> Self {
        Self { after: vec![Vec::new(); n], before: vec![Vec::new(); n] }
    }

    /// `i` wants what `j` has, so `j` comes before it.
    pub fn add(&mut self, i: usize, j: usize) {
        if !self.after[i].contains(&j) {
            self.after[i].push(j);
            self.before[j].push(i);
        }
    }

    /// The groups of those that hang together, each in an order in which whoever has something comes before whoever wants
    /// it, as far as that is possible. Groups of more than `max` are cut into parts, unless they have a circle: those are
    /// the second list.
    pub fn groups(&self, max: usize) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let (mut groups, mut circles) = (Vec::new(), Vec::new());
        let mut seen = vec![false; self.after.len()];
        for start in 0..self.after.len() {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            let mut members = vec![start];
            let mut next = 0;
            while next < members.len() {
                let i = members[next];
                next += 1;
                for &j in self.after[i].iter().chain(&self.before[i]) {
                    if !seen[j] {
                        seen[j] = true;
                        members.push(j);
                    }
                }
            }
            members.sort_unstable();
            let (order, free) = self.free_ends_first(&members);
            if order.len() <= max {
                groups.push(order);
            } else if free {
                groups.extend(order.chunks(max).map(<[usize]>::to_vec));
            } else {
                circles.push(order);
            }
        }
        (groups, circles)
    }

    /// Sorts a group so that whoever has something comes before whoever wants it; `false` when a circle makes that
    /// impossible (its members then come last).
    fn free_ends_first(&self, members: &[usize]) -> (Vec<usize>, bool) {
        let mut waits: BTreeMap<usize, usize> = members.iter().map(|&i| (i, self.after[i].len())).collect();
        let mut ready: BTreeSet<usize> = members.iter().copied().filter(|i| self.after[*i].is_empty()).collect();
        let mut order = Vec::with_capacity(members.len());
        while let Some(i) = ready.pop_first() {
            order.push(i);
            waits.remove(&i);
            for &j in &self.before[i] {
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
}
