//! Which codes every id of the source lists, readable or not, and what of it is not known for sure.
//!
//! Pure. A row that cannot be read is not gone: its codes are claims as before, and where the list itself has a hole, the
//! codes that the link remembers may stand in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Barcode, Catalogue, CodeKey, ExternalId, Link};

/// The lists of a source.
#[derive(Debug)]
pub(super) struct Lists<'a> {
    catalogue: &'a Catalogue,
    /// What links remember and this read does not list, where a row that could not be read may have said it.
    remembered: BTreeMap<&'a ExternalId, Vec<Barcode>>,
}

impl<'a> Lists<'a> {
    pub fn new(catalogue: &'a Catalogue, links: &'a BTreeMap<ExternalId, Link>) -> Self {
        let lost = |link: &Link, listed: &[Barcode]| -> Vec<Barcode> {
            let said = link.said_barcodes.iter().filter_map(|code| Barcode::parse(code).ok().flatten());
            said.filter(|code| !listed.iter().any(|l| l.key() == code.key())).collect()
        };
        let mut remembered = BTreeMap::new();
        for (id, link) in links {
            let lost = match (catalogue.products.get(id), catalogue.unreadable.get(id)) {
                (Some(product), _) if product.barcodes_incomplete => lost(link, &product.barcodes),
                (None, Some(known)) if known.barcodes_incomplete => lost(link, &known.barcodes),
                (None, None) if is_unidentified(catalogue, link) => lost(link, &[]),
                _ => continue,
            };
            if !lost.is_empty() {
                remembered.insert(id, lost);
            }
        }
        Self { catalogue, remembered }
    }

    /// What an id lists in this read.
    pub fn read(&self, id: &ExternalId) -> &'a [Barcode] {
        let unreadable = || self.catalogue.unreadable.get(id).map(|known| known.barcodes.as_slice());
        self.catalogue.products.get(id).map(|p| p.barcodes.as_slice()).or_else(unreadable).unwrap_or_default()
    }

    /// What it may list besides.
    pub fn remembered(&self, id: &ExternalId) -> &[Barcode] {
        self.remembered.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Does an id list this code, as far as is known?
    pub fn lists(&self, id: &ExternalId, key: &CodeKey) -> bool {
        self.read(id).iter().chain(self.remembered(id)).any(|code| code.key() == *key)
    }

    /// How many ids list each code.
    pub fn claims(&self) -> BTreeMap<CodeKey, usize> {
        let unreadable = self.catalogue.unreadable.values().flat_map(|known| &known.barcodes);
        let mut out: BTreeMap<CodeKey, usize> = BTreeMap::new();
        for code in unreadable.chain(self.remembered.values().flatten()) {
            *out.entry(code.key()).or_default() += 1;
        }
        for product in self.catalogue.products.values() {
            for code in &product.barcodes {
                *out.entry(code.key()).or_default() += 1;
            }
            // What is probably meant counts once, however it is written and whether it is listed besides.
            let meant: BTreeSet<CodeKey> = product.meant.iter().map(Barcode::key).collect();
            for key in meant.into_iter().filter(|key| !self.lists(&product.id, key)) {
                *out.entry(key).or_default() += 1;
            }
        }
        out
    }

    /// Could nothing be read of the product of this link, so that it is neither there nor missing?
    pub fn is_unread(&self, link: &Link) -> bool {
        let (id, catalogue) = (&link.external_id, self.catalogue);
        catalogue.unreadable.contains_key(id)
            || !catalogue.products.contains_key(id) && is_unidentified(catalogue, link)
    }
}

/// May a row without a readable id be that of this link, which has no row? One that was missing before still is.
pub(super) fn is_unidentified(catalogue: &Catalogue, link: &Link) -> bool {
    catalogue.unidentified > 0 && !link.missing
}
