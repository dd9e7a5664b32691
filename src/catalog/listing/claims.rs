//! Which products list a barcode.

use std::hash::BuildHasher;

use super::{CodeKey, ExternalId, Listing, Place};

/// Every barcode of a listing with its product, by hash: eight bytes a barcode.
#[derive(Debug)]
pub struct Claims<'a> {
    listing: &'a Listing,
    by_hash: Vec<(u32, u32)>,
}

impl<'a> Claims<'a> {
    /// Looks at every barcode.
    #[must_use]
    pub fn new(listing: &'a Listing) -> Self {
        let mut by_hash = Vec::with_capacity(listing.rest.barcode_rows);
        for place in listing.products() {
            by_hash.extend(listing.codes(place.0).map(|code| (hash(listing, &CodeKey::of(code.text)), place.0)));
        }
        by_hash.sort_unstable();
        Self { listing, by_hash }
    }

    /// The products that list a code in any spelling.
    pub fn of(&self, key: &CodeKey) -> impl Iterator<Item = ExternalId> + '_ {
        let hash = hash(self.listing, key);
        let key = key.clone();
        let from = self.by_hash.partition_point(|(h, _)| *h < hash);
        let same = self.by_hash[from..].iter().take_while(move |(h, _)| *h == hash);
        let lists = move |at: u32| self.listing.codes(at).any(|code| CodeKey::of(code.text) == key);
        same.filter(move |(_, at)| lists(*at)).map(|(_, at)| self.listing.id(Place(*at)))
    }

    /// The products that list a code which another product lists too.
    pub fn contested(&self) -> impl Iterator<Item = ExternalId> + '_ {
        let groups = self.by_hash.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
        groups.flat_map(|group| {
            // Two codes may have one hash.
            let mut keys: Vec<(CodeKey, u32)> = Vec::new();
            for (hash_of_group, at) in group {
                let keys_of = self.listing.codes(*at).map(|code| CodeKey::of(code.text));
                keys.extend(keys_of.filter(|key| hash(self.listing, key) == *hash_of_group).map(|key| (key, *at)));
            }
            keys.sort_unstable();
            keys.dedup();
            let twice = keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
            let places: Vec<u32> = twice.flatten().map(|(_, at)| *at).collect();
            places.into_iter().map(|at| self.listing.id(Place(at)))
        })
    }
}

fn hash(listing: &Listing, key: &CodeKey) -> u32 {
    // The upper half is as good as any.
    (listing.hasher.hash_one(key) >> 32) as u32
}
