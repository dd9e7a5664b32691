//! Which products list a barcode, those among them that could not be read.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::{At, Code, CodeKey, ExternalId, Listing, Place};

/// Every barcode of a listing with its product, by hash: eight bytes a barcode.
#[derive(Debug)]
pub struct Claims<'a> {
    listing: &'a Listing,
    /// The hash in the upper half, the place in the lower: numbers are what sorting is fastest with.
    by_hash: Vec<u64>,
    hasher: DefaultHashBuilder,
}

fn split(entry: u64) -> (u32, u32) {
    ((entry >> 32) as u32, (entry & 0xffff_ffff) as u32)
}

impl<'a> Claims<'a> {
    /// Looks at every barcode.
    #[must_use]
    pub fn new(listing: &'a Listing) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut by_hash = Vec::with_capacity(listing.rest.barcode_rows);
        for place in listing.claimants() {
            let mut at = listing.slots[place.0 as usize].codes;
            while at != At::NONE {
                let code = Code::read(&listing.texts, at);
                by_hash.push(u64::from(hash(&hasher, &key(code))) << 32 | u64::from(place.0));
                at = code.next;
            }
        }
        by_hash.sort_unstable();
        Self { listing, by_hash, hasher }
    }

    /// The products that list a code in any spelling.
    pub fn of(&self, key: &CodeKey) -> impl Iterator<Item = ExternalId> + '_ {
        let hash = hash(&self.hasher, key.as_str().as_bytes());
        let key = key.clone();
        let from = self.by_hash.partition_point(|entry| split(*entry).0 < hash);
        let same = self.by_hash[from..].iter().map(|entry| split(*entry)).take_while(move |(h, _)| *h == hash);
        let lists = move |at: u32| self.listing.codes(at).any(|code| *self::key(code) == *key.as_str().as_bytes());
        same.filter(move |(_, at)| lists(*at)).map(|(_, at)| self.listing.id(Place(at)))
    }

    /// The products that list a code which another product lists too.
    pub fn contested(&self) -> impl Iterator<Item = ExternalId> + '_ {
        let groups = self.by_hash.chunk_by(|a, b| split(*a).0 == split(*b).0).filter(|group| group.len() > 1);
        groups.flat_map(|group| {
            // Two codes may have one hash.
            let mut keys: Vec<(CodeKey, u32)> = Vec::new();
            for (hash_of_group, at) in group.iter().map(|entry| split(*entry)) {
                let keys_of = self.listing.codes(at).map(|code| CodeKey::of(code.text()));
                let here = keys_of.filter(|key| hash(&self.hasher, key.as_str().as_bytes()) == hash_of_group);
                keys.extend(here.map(|key| (key, at)));
            }
            keys.sort_unstable();
            keys.dedup();
            let twice = keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
            let places: Vec<u32> = twice.flatten().map(|(_, at)| *at).collect();
            places.into_iter().map(|at| self.listing.id(Place(at)))
        })
    }
}

/// The key of a code that was checked when it was read.
fn key(code: Code<'_>) -> Cow<'_, [u8]> {
    // Only a UPC-A has another key than its text.
    if code.bytes.len() != 12 {
        return Cow::Borrowed(code.bytes);
    }
    match CodeKey::text_of(code.text()) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn hash(hasher: &DefaultHashBuilder, key: &[u8]) -> u32 {
    // The upper half is as good as any.
    (hasher.hash_one(key) >> 32) as u32
}
