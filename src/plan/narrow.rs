//! Which products a plan has to be about: those for which there may be something to do, and those that have to do with
//! them.
//!
//! Pure. Digests tell for which products the source may say something new, and Odoo which links need a look; everything
//! else is in step. But who gets a barcode depends on everybody who lists it and on everybody who has it: whoever shares a
//! code with a product that is looked at is looked at too. A test compares the plan of everything with the plan of what is
//! left, on worlds in which everything that may be wrong is wrong somewhere.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::catalog::digest::{Buckets, Line};
use crate::catalog::scannable::readings;
use crate::catalog::{
    Barcode, Catalogue, Claims, CodeKey, Decision, ExternalId, FieldSet, Link, Listing, Overruled, Place, PriceDigits,
    Variant,
};

/// Links that one question is about, at most, as far as can be told.
const PAGE: u64 = 20_000;

/// The products of which the source says something else than what was handled, by the lines of the buckets that differ.
#[derive(Debug)]
pub struct Comparison<'a> {
    listing: &'a Listing,
    line: Line,
    /// Ranges of hashes to ask for, several at once.
    pages: Vec<Vec<(u32, u32)>>,
    /// Our products in those ranges, by hash.
    ours: Vec<(u32, Place)>,
    /// Those that need a look in any case.
    looks: BTreeSet<ExternalId>,
}

impl<'a> Comparison<'a> {
    /// Compares the digests of both sides; `links` is how many theirs are about, `looks` are the ids that theirs leave out.
    #[must_use]
    pub fn new(listing: &'a Listing, line: Line, theirs: &Buckets, links: usize, looks: BTreeSet<ExternalId>) -> Self {
        let mut buckets = listing.buckets(theirs.bits(), line);
        for place in looks.iter().filter_map(|id| listing.find(id)) {
            buckets.remove(listing.hash(place), listing.digest(place, line));
        }
        let ranges = buckets.differing(theirs);
        let within = |hash: u32| {
            let at = ranges.partition_point(|(_, last)| *last < hash);
            ranges.get(at).is_some_and(|(first, _)| *first <= hash)
        };
        let mut ours: Vec<(u32, Place)> = if ranges.is_empty() {
            Vec::new()
        } else {
            listing.products().map(|place| (listing.hash(place), place)).filter(|(hash, _)| within(*hash)).collect()
        };
        ours.sort_unstable();
        Self { listing, line, pages: pages(ranges, links), ours, looks }
    }

    /// What to ask for.
    #[must_use]
    pub fn pages(&self) -> &[Vec<(u32, u32)>] {
        &self.pages
    }

    /// Compares the lines of a page, each an external id and its digest: the products that differ. Those that need a look
    /// in any case are not among them.
    #[must_use]
    pub fn changed(&self, page: &[(u32, u32)], lines: impl Iterator<Item = (ExternalId, u64)>) -> Vec<ExternalId> {
        let mut out = Vec::new();
        let mut seen: HashSet<Place> = HashSet::new();
        for (id, digest) in lines.filter(|(id, _)| !self.looks.contains(id)) {
            let place = self.listing.find(&id);
            if place.is_none_or(|p| self.listing.digest(p, self.line) != digest) {
                // A link in another spelling of the id may be this product's, and the one in its own spelling is looked for.
                out.extend(place.map(|p| self.listing.id(p)).filter(|own| *own != id && !self.looks.contains(own)));
                out.push(id);
            }
            seen.extend(place);
        }
        for (first, last) in page {
            let from = self.ours.partition_point(|(hash, _)| hash < first);
            let ours = self.ours[from..].iter().take_while(|(hash, _)| hash <= last);
            let unknown = ours.filter(|(_, place)| !seen.contains(place)).map(|(_, place)| self.listing.id(*place));
            out.extend(unknown.filter(|id| !self.looks.contains(id)));
        }
        out
    }
}

/// Cuts ranges into questions of about a page each.
fn pages(ranges: Vec<(u32, u32)>, links: usize) -> Vec<Vec<(u32, u32)>> {
    const HASHES: u64 = 1 << crate::catalog::digest::HASH_BITS;
    let widest = (HASHES * PAGE / u64::try_from(links.max(1)).unwrap_or(u64::MAX)).clamp(1, HASHES);
    let mut out: Vec<Vec<(u32, u32)>> = Vec::new();
    let mut room = 0;
    for (mut first, last) in ranges {
        loop {
            if room == 0 {
                out.push(Vec::new());
                room = widest;
            }
            let width = room.min(u64::from(last - first) + 1);
            let end = first + u32::try_from(width - 1).expect("no wider than all hashes");
            out.last_mut().expect("one was just begun").push((first, end));
            room -= width;
            if end == last {
                break;
            }
            first = end + 1;
        }
    }
    out
}

/// Grows the set of products that a plan is about until nobody is missing.
///
/// Ask for links and holders of what [`Narrowing::to_ask`] returns, show it the answers, and so on until it is empty.
#[derive(Debug)]
pub struct Narrowing<'a> {
    listing: &'a Listing,
    /// `None` where barcodes do not matter.
    claims: Option<Claims<'a>>,
    wanted: BTreeSet<ExternalId>,
    asked: BTreeSet<ExternalId>,
    followed: HashSet<CodeKey>,
}

impl<'a> Narrowing<'a> {
    /// Begins with the products that share a code in the source, and with those of which something was unreadable: what
    /// is wrong with them is told by every run.
    #[must_use]
    pub fn new(listing: &'a Listing, line: Line) -> Self {
        let claims = (line == Line::Whole).then(|| Claims::new(listing));
        let mut wanted: BTreeSet<ExternalId> = listing.about().unreadable.keys().cloned().collect();
        wanted.extend(listing.incomplete());
        wanted.extend(claims.iter().flat_map(Claims::contested));
        Self { listing, claims, wanted, asked: BTreeSet::new(), followed: HashSet::new() }
    }

    /// These are looked at.
    pub fn want(&mut self, ids: impl IntoIterator<Item = ExternalId>) {
        self.wanted.extend(ids);
    }

    /// Everybody who lists one of these codes is looked at.
    pub fn follow<'k>(&mut self, codes: impl IntoIterator<Item = &'k str>) {
        self.follow_keys(codes.into_iter().map(CodeKey::of));
    }

    fn follow_keys(&mut self, keys: impl IntoIterator<Item = CodeKey>) {
        for key in keys {
            let Some(claims) = &self.claims else { return };
            if !self.followed.contains(&key) {
                self.wanted.extend(claims.of(&key));
                self.followed.insert(key);
            }
        }
    }

    /// What links and their products have, and what people gave to somebody.
    pub fn follow_links(&mut self, links: &BTreeMap<ExternalId, Link>, decisions: &[Decision]) {
        for link in links.values() {
            // What it said before may stand in a row that could not be read now.
            let id = &link.external_id;
            let gone = || self.listing.find(id).is_none() && self.listing.about().unidentified > 0;
            if self.listing.is_incomplete(id) || gone() {
                self.follow(link.said_barcodes.iter().map(String::as_str));
            }
            self.follow(link.wrote_extras.iter().map(String::as_str));
            self.follow(link.product.iter().flat_map(codes_of));
        }
        self.want(decisions.iter().map(|d| d.external_id.clone()));
        self.follow(decisions.iter().map(|d| &*d.subject));
    }

    /// What an existing product has that may be adopted, in whatever writing.
    pub fn follow_variant(&mut self, variant: &Variant) {
        self.follow_keys(codes_of(variant).flat_map(readings));
    }

    /// The products to ask for next, with everybody who shares a code with them in the source; empty when all is known.
    pub fn to_ask(&mut self) -> BTreeSet<ExternalId> {
        let mut out = BTreeSet::new();
        loop {
            let fresh: BTreeSet<ExternalId> = std::mem::take(&mut self.wanted);
            let fresh: Vec<ExternalId> = fresh.into_iter().filter(|id| self.asked.insert(id.clone())).collect();
            if fresh.is_empty() {
                return out;
            }
            if self.claims.is_some() {
                let catalogue = self.listing.part_of(&fresh);
                let codes = catalogue.products.values().flat_map(|p| p.barcodes.iter().chain(&p.meant));
                let unreadable = fresh.iter().filter_map(|id| catalogue.unreadable.get(id));
                self.follow(codes.chain(unreadable.flat_map(|known| &known.barcodes)).map(Barcode::as_str));
            }
            out.extend(fresh);
        }
    }

    /// The part of the catalogue that was looked at.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        self.listing.pick(&self.asked)
    }
}

/// What other sources overrule of these links, by what the links remember; of prices alone in a run about prices.
#[must_use]
pub fn overruled<'l>(
    links: impl Iterator<Item = &'l Link>,
    digits: PriceDigits,
    extras: bool,
    line: Line,
) -> Overruled {
    let about = match line {
        Line::Whole => FieldSet { name: true, price: true, barcode: true },
        Line::Prices => FieldSet { price: true, ..FieldSet::NONE },
    };
    let mut out = Overruled::default();
    links.for_each(|link| out.count(link.overruled_values(digits, extras).and(about)));
    out
}

fn codes_of(variant: &Variant) -> impl Iterator<Item = &str> {
    variant.barcode.iter().chain(&variant.packagings).map(String::as_str)
}
