//! Digests: how both sides tell, without showing each other every product, for which of them the source says something
//! new.
//!
//! A *line* is what the source says of one product, as the link remembers it once it is handled: external id, name, price
//! and barcodes, with `U+001F` between them and a line break between barcodes, NULL as nothing. A *bucket* is a range of
//! external ids by their hash, a bucket's digest the sum of its lines' digests. PostgreSQL computes the same with its own
//! `md5` (`procedures/digest.py`); a test on real servers compares the two on odd values.

use md5::{Digest, Md5};

/// Between the fields of a line: no field can contain it.
pub const SEPARATOR: u8 = 0x1f;

/// Bits of [`id_hash`].
pub const HASH_BITS: u32 = 28;

/// Where an external id stands among the buckets: the first 28 bits of its MD5, which PostgreSQL can make an `integer` of
/// without a sign.
#[must_use]
pub fn id_hash(external_id: &str) -> u32 {
    let digest = Md5::digest(external_id.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> (32 - HASH_BITS)
}

/// The digest of a line: the first 64 bits of its MD5.
#[must_use]
pub fn line_digest(parts: &[&[u8]]) -> u64 {
    let mut hasher = Md5::new();
    for part in parts {
        hasher.update(part);
    }
    let digest: [u8; 16] = hasher.finalize().into();
    (u128::from_be_bytes(digest) >> 64) as u64
}

/// What goes into a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// External id, name, price, barcodes.
    Whole,
    /// External id and price.
    Prices,
}

/// The digests of one side's buckets, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    bits: u32,
    sums: Vec<u64>,
}

impl Buckets {
    /// Empty ones, two to the power of `bits`.
    #[must_use]
    pub fn new(bits: u32) -> Self {
        Self { bits, sums: vec![0; 1 << bits] }
    }

    /// From the other side's sums; `None` when their number is no power of two.
    #[must_use]
    pub fn of(sums: Vec<u64>) -> Option<Self> {
        let bits = sums.len().checked_ilog2().filter(|bits| sums.len() == 1 << bits && *bits <= HASH_BITS)?;
        Some(Self { bits, sums })
    }

    /// The power of two.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    fn at(&self, hash: u32) -> usize {
        (hash >> (HASH_BITS - self.bits)) as usize
    }

    /// Takes a line in.
    pub fn add(&mut self, hash: u32, digest: u64) {
        let at = self.at(hash);
        self.sums[at] = self.sums[at].wrapping_add(digest);
    }

    /// Takes a line out.
    pub fn remove(&mut self, hash: u32, digest: u64) {
        let at = self.at(hash);
        self.sums[at] = self.sums[at].wrapping_sub(digest);
    }

    /// Where the two sides differ: ranges of [`id_hash`], both ends included, neighbours joined.
    ///
    /// # Panics
    /// When the two do not have the same number of buckets.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<(u32, u32)> {
        assert_eq!(self.bits, other.bits, "buckets of two sizes cannot be compared");
        let width = 1_u32 << (HASH_BITS - self.bits);
        let mut out: Vec<(u32, u32)> = Vec::new();
        for (at, _) in self.sums.iter().zip(&other.sums).enumerate().filter(|(_, (ours, theirs))| ours != theirs) {
            let first = u32::try_from(at).expect("no more buckets than hashes") * width;
            match out.last_mut() {
                Some((_, last)) if *last + 1 == first => *last = first + (width - 1),
                _ => out.push((first, first + (width - 1))),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_postgresql_computes_them() {
        // select ('x0' || substr(md5('1001'), 1, 7))::bit(32)::int, ('x' || substr(md5('1001'), 1, 16))::bit(64)::bigint;
        assert_eq!(id_hash("1001"), 193_738_723);
        assert_eq!(line_digest(&[b"10", b"01"]).cast_signed(), -5_133_120_389_022_620_388);
    }

    #[test]
    fn what_differs_is_found_and_neighbours_are_joined() {
        let mut ours = Buckets::new(3);
        let width = 1 << (HASH_BITS - 3);
        for bucket in [0, 1, 4] {
            ours.add(bucket * width + 17, 5);
        }
        let mut theirs = Buckets::new(3);
        assert_eq!(ours.differing(&theirs), [(0, 2 * width - 1), (4 * width, 5 * width - 1)]);
        theirs.add(4 * width, 5);
        assert_eq!(ours.differing(&theirs), [(0, 2 * width - 1)]);
        ours.remove(3, 5);
        ours.remove(width, 5);
        assert!(ours.differing(&theirs).is_empty());
        ours.add(8 * width - 1, u64::MAX);
        assert_eq!(ours.differing(&theirs), [(7 * width, 8 * width - 1)]);
    }

    #[test]
    fn sums_of_an_odd_number_are_refused() {
        assert!(Buckets::of(vec![0; 3]).is_none() && Buckets::of(Vec::new()).is_none());
        assert_eq!(Buckets::of(vec![0; 4]), Some(Buckets::new(2)));
    }
}
