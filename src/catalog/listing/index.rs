//! Which slot an id has. Sources mostly give their products in the order of their ids: those are found by bisection and need
//! no table, which a million entries would have to be hashed for, and hashed anew each time it grows.

use hashbrown::{DefaultHashBuilder, HashTable};

/// Slots by id. Who asks gives the ids of the slots along, as they stand elsewhere.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// So many slots, from the first on, come in ascending order.
    ascending: u32,
    /// All others.
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// How often [`Index::look_up`] bisected.
    bisected: u32,
}

/// Numbers by value, texts of one length by their bytes.
fn order(id: &[u8]) -> (usize, &[u8]) {
    (id.len(), id)
}

impl Index {
    /// The slot of an id.
    pub fn find<'a>(&self, id: &[u8], id_of: impl Fn(u32) -> &'a [u8]) -> Option<u32> {
        let (mut low, mut high) = (0, self.ascending);
        while low < high {
            let middle = low + (high - low) / 2;
            match order(id_of(middle)).cmp(&order(id)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        if self.table.is_empty() {
            return None;
        }
        self.table.find(self.hash(id), |at| id_of(*at) == id).copied()
    }

    /// The slot of an id, when as many are looked for as there are. Where a source jumps about, the table answers sooner.
    pub fn look_up<'a>(&mut self, id: &[u8], id_of: impl Fn(u32) -> &'a [u8]) -> Option<u32> {
        // Nothing that comes behind all others is among them.
        if self.table.is_empty() && self.goes_on(self.ascending, id, &id_of) {
            return None;
        }
        self.bisected = self.bisected.saturating_add(u32::from(self.ascending > 0));
        if self.bisected > 1000 + self.ascending / 16 {
            let hash = |at: &u32| hash_of(&self.hasher, id_of(*at));
            self.table.reserve(self.ascending as usize, hash);
            for at in 0..std::mem::take(&mut self.ascending) {
                self.table.insert_unique(hash(&at), at, hash);
            }
            self.bisected = 0;
        }
        self.find(id, id_of)
    }

    /// Notes the next slot, for an id that has none.
    pub fn push<'a>(&mut self, at: u32, id_of: impl Fn(u32) -> &'a [u8]) {
        let id = id_of(at);
        if self.goes_on(at, id, &id_of) {
            self.ascending += 1;
        } else {
            self.table.insert_unique(self.hash(id), at, |at| hash_of(&self.hasher, id_of(*at)));
        }
    }

    /// Do all slots before this one ascend to this id?
    fn goes_on<'a>(&self, at: u32, id: &[u8], id_of: impl Fn(u32) -> &'a [u8]) -> bool {
        at == self.ascending && (at == 0 || order(id_of(at - 1)) < order(id))
    }

    fn hash(&self, id: &[u8]) -> u64 {
        hash_of(&self.hasher, id)
    }
}

fn hash_of(hasher: &DefaultHashBuilder, id: &[u8]) -> u64 {
    std::hash::BuildHasher::hash_one(hasher, id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Puts in what is not there yet; how many ascend, and how many stand in the table.
    fn filled(ids: &[String]) -> (u32, usize) {
        let (mut index, mut slots, mut known) = (Index::default(), Vec::<Vec<u8>>::new(), BTreeMap::new());
        for id in ids {
            let found = index.look_up(id.as_bytes(), |at| slots[at as usize].as_slice());
            assert_eq!(found, known.get(id).copied(), "{id}");
            if found.is_none() {
                let at = u32::try_from(slots.len()).unwrap();
                known.insert(id, at);
                slots.push(id.clone().into_bytes());
                index.push(at, |at| slots[at as usize].as_slice());
            }
        }
        for (id, at) in known {
            assert_eq!(index.find(id.as_bytes(), |at| slots[at as usize].as_slice()), Some(at), "{id}");
        }
        assert_eq!(index.find(b"none", |at| slots[at as usize].as_slice()), None);
        assert_eq!(index.ascending as usize + index.table.len(), slots.len());
        (index.ascending, index.table.len())
    }

    fn numbers(from: u32, to: u32) -> Vec<String> {
        (from..to).map(|n| n.to_string()).collect()
    }

    #[test]
    fn what_ascends_needs_no_table() {
        assert_eq!(filled(&numbers(1, 1200)), (1199, 0));
        // The same again, and a few out of order.
        let again = [numbers(100, 1200), vec!["7".to_owned(), "1100".to_owned(), "A-7".to_owned()]].concat();
        assert_eq!(filled(&again), (1100, 2));
    }

    #[test]
    fn a_source_that_jumps_about_gets_a_table_of_all() {
        let jumping: Vec<String> = (0..5000_u64).map(|n| (n * 7919 % 5003).to_string()).collect();
        assert_eq!(filled(&[numbers(0, 5003), jumping].concat()), (0, 5003));
    }

    proptest! {
        #[test]
        fn every_id_is_found_where_it_was_put(
            start in 0_u32..3000, ids in prop::collection::vec("[0-9A-Z]{1,4}", 0..60), more in 0_u32..3000,
        ) {
            filled(&[numbers(0, start), ids.clone(), numbers(start, start + more), ids].concat());
        }
    }
}
