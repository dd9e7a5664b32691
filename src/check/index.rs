//! A source and Odoo side by side: who lists a code, who has it, what is linked to what. Built once for a source.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{
    Barcode, CodeKey, Company, ExternalId, ExternalProduct, LinkedCode, OdooCodes, OdooPackaging, OdooProduct,
    PackagingKind, ProductId,
};

use super::Source;
use super::code::Code;
use super::finding::{Finding, Record};
use super::spelling::LooseKey;

/// A product that lists a code, and how.
pub(super) type Claim<'a> = (&'a ExternalProduct, &'a Barcode);

/// A record outside the source that has a barcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder<'a> {
    Product(&'a OdooProduct),
    Packaging(&'a OdooPackaging),
}

impl<'a> Holder<'a> {
    pub(super) fn barcode(self) -> &'a str {
        match self {
            Self::Product(p) => p.barcode.as_deref().unwrap_or_default(),
            Self::Packaging(p) => &p.barcode,
        }
    }

    pub(super) fn record(self) -> Record {
        match self {
            Self::Product(p) => Record::Product(p.clone()),
            Self::Packaging(p) => Record::Packaging(p.clone()),
        }
    }

    /// The finding that it makes when a source lists its code.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Packaging(OdooPackaging { kind: PackagingKind::Packaging, .. }) => Code::ForeignHolderPackaging,
            Self::Packaging(OdooPackaging { kind: PackagingKind::Unit, .. }) => Code::ForeignHolderUnit,
            Self::Product(OdooProduct { company: Company::Other(_), .. }) => Code::ForeignHolderOtherCompany,
            Self::Product(OdooProduct { active: false, .. }) => Code::ForeignHolderArchived,
            Self::Product(_) => Code::ForeignHolderActive,
        }
    }

    /// Could a person take it for the article of the source: neither archived nor another company's.
    pub(super) fn is_near(self) -> bool {
        let (active, company) = match self {
            Self::Product(p) => (p.active, &p.company),
            Self::Packaging(p) => (p.active, &p.company),
        };
        active && matches!(company, Company::Shared | Company::Own)
    }
}

pub(super) struct Index<'a> {
    pub(super) source: Source<'a>,
    /// Who lists a code, by id; a product at most once.
    pub(super) claims: BTreeMap<CodeKey, Vec<Claim<'a>>>,
    /// The same for careless spellings; a product as often as it lists one.
    pub(super) near: BTreeMap<LooseKey, Vec<Claim<'a>>>,
    /// The links by external id.
    pub(super) links: BTreeMap<&'a ExternalId, &'a LinkedCode>,
    /// Records outside the source that have a code that it lists, in order.
    pub(super) foreign: BTreeMap<CodeKey, Vec<Holder<'a>>>,
    /// Records outside the source whose code differs from every one that it lists, but not by much.
    pub(super) near_foreign: BTreeMap<LooseKey, Vec<Holder<'a>>>,
    /// Linked products that have a code that the source lists.
    pub(super) held: BTreeMap<CodeKey, Vec<&'a LinkedCode>>,
    /// Codes that a claimant's own packaging or unit has.
    pub(super) own_packaging: BTreeSet<CodeKey>,
}

impl<'a> Index<'a> {
    pub(super) fn new(source: &Source<'a>, odoo: &'a OdooCodes) -> Self {
        let mut index = Self {
            source: *source,
            claims: BTreeMap::new(),
            near: BTreeMap::new(),
            links: source.links.iter().map(|l| (&l.external_id, l)).collect(),
            foreign: BTreeMap::new(),
            near_foreign: BTreeMap::new(),
            held: BTreeMap::new(),
            own_packaging: BTreeSet::new(),
        };
        // In the order of ids, so that every list of claimants is.
        for product in source.catalogue.products.values() {
            for code in product.barcodes.iter().filter(|c| !source.placeholders.contains(&c.key())) {
                index.claims.entry(code.key()).or_default().push((product, code));
                index.near.entry(LooseKey::of(code.as_str())).or_default().push((product, code));
            }
        }
        let mut linked: BTreeMap<ProductId, &ExternalId> = BTreeMap::new();
        for link in index.links.values() {
            if let Some(product) = &link.product {
                linked.insert(product.id, &link.external_id);
                if let Some(key) = product.barcode.as_deref().map(CodeKey::of).filter(|k| index.claims.contains_key(k))
                {
                    index.held.entry(key).or_default().push(link);
                }
            }
        }
        let products = odoo.products.iter().filter(|p| !linked.contains_key(&p.id)).map(Holder::Product);
        for holder in products.chain(odoo.packagings.iter().map(Holder::Packaging)) {
            index.place(holder, &linked);
        }
        index.foreign.values_mut().for_each(|holders| holders.sort());
        index.near_foreign.values_mut().for_each(|holders| holders.sort());
        index
    }

    fn place(&mut self, holder: Holder<'a>, linked: &BTreeMap<ProductId, &ExternalId>) {
        let key = CodeKey::of(holder.barcode());
        let owner = match holder {
            Holder::Product(_) => None,
            Holder::Packaging(p) => linked.get(&p.product).copied(),
        };
        let owned = |claims: &[Claim<'_>]| {
            owner.is_some_and(|id| claims.binary_search_by(|(product, _)| product.id.cmp(id)).is_ok())
        };
        if let Some(claims) = self.claims.get(&key) {
            if owned(claims) {
                self.own_packaging.insert(key);
            } else {
                self.foreign.entry(key).or_default().push(holder);
            }
            return;
        }
        let loose = LooseKey::of(holder.barcode());
        if holder.is_near() && self.near.get(&loose).is_some_and(|claims| !owned(claims)) {
            self.near_foreign.entry(loose).or_default().push(holder);
        }
    }

    /// A finding of this source, without records.
    pub(super) fn finding(&self, code: Code, barcode: Option<&str>, message: String) -> Finding {
        Finding {
            code,
            source: Some(self.source.name.clone()),
            barcode: barcode.map(str::to_owned),
            records: Vec::new(),
            more: 0,
            message,
        }
    }

    /// Can an import give the code to the only product that lists it?
    pub(super) fn is_free(&self, key: &CodeKey) -> bool {
        let kept = self.held.get(key).is_some_and(|held| held.iter().any(|l| l.no_touch));
        self.claims.get(key).is_some_and(|c| c.len() == 1)
            && !self.foreign.contains_key(key)
            && !self.own_packaging.contains(key)
            && !kept
    }
}

/// A product of the source as a record.
pub(super) fn listed(product: &ExternalProduct, barcode: Option<&Barcode>) -> Record {
    Record::Listed { id: product.id.clone(), name: product.name.to_string(), barcode: barcode.map(ToString::to_string) }
}
