//! What holds for all sources and Odoos, against a simple and slow account of the same.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::catalog::{
    CodeKey, Company, ExternalId, LinkedCode, OdooCodes, OdooPackaging, OdooProduct, PackagingKind, ProductId,
};
use crate::check::{Code, Finding, Record};

use super::world::{World, id, product};

/// Few enough to meet: two spellings of one code, careless ones, wrong digits, texts.
const CODES: [&str; 12] = [
    "036000291452",
    "0036000291452",
    "36000291452",
    "4006381333931",
    "400638 1333931",
    "4006381333932",
    "73513537",
    "0000073513537",
    "2000000000000",
    "X",
    " X",
    "Y 1",
];

fn code() -> impl Strategy<Value = String> {
    prop::sample::select(&CODES[..]).prop_map(str::to_owned)
}

/// As a source lists it: what no scanner sends is no claim.
fn listed() -> impl Strategy<Value = String> {
    code().prop_map(|code| match &*code {
        "36000291452" => "00036000291452".to_owned(),
        "400638 1333931" => "Y1".to_owned(),
        _ => code,
    })
}

fn company() -> impl Strategy<Value = Company> {
    prop_oneof![3 => Just(Company::Shared), 1 => Just(Company::Own), 1 => Just(Company::Other("E".to_owned()))]
}

fn world() -> impl Strategy<Value = World> {
    let source = prop::collection::btree_map(0..12_u32, prop::collection::vec(listed(), 0..4), 0..12);
    let odoo = prop::collection::vec((prop::option::of(code()), any::<bool>(), company()), 0..16);
    let links = prop::collection::btree_map(0..14_u32, (any::<bool>(), prop::option::of(code()), any::<bool>()), 0..12);
    let boxes = prop::collection::vec((1..16_i64, code(), any::<bool>()), 0..4);
    (source, odoo, links, boxes, any::<bool>()).prop_map(|(source, odoo, links, boxes, adopts)| {
        let product = |n: usize, (barcode, active, company): &(Option<String>, bool, Company)| {
            let base = product(i64::try_from(n).unwrap() + 1, barcode.as_deref());
            OdooProduct { active: *active, company: company.clone(), ..base }
        };
        let all: Vec<OdooProduct> = odoo.iter().enumerate().map(|(n, p)| product(n, p)).collect();
        let links = links.into_iter().enumerate().map(|(n, (external, (alive, wrote, no_touch)))| LinkedCode {
            shared: None,
            external_id: id(&external.to_string()),
            product: all.get(n).filter(|_| alive).cloned(),
            wrote_barcode: wrote,
            no_touch,
        });
        let links = links.collect();
        let packaging = |(n, (of, barcode, unit)): (usize, (i64, String, bool))| OdooPackaging {
            id: i64::try_from(n).unwrap() + 1,
            kind: if unit { PackagingKind::Unit } else { PackagingKind::Packaging },
            barcode,
            product: ProductId::new(of).unwrap(),
            name: String::new(),
            active: true,
            company: Company::Shared,
        };
        let odoo = OdooCodes {
            products: all.iter().filter(|p| p.barcode.is_some()).cloned().collect(),
            packagings: boxes.into_iter().enumerate().map(packaging).collect(),
        };
        let source = source.into_iter().map(|(n, codes)| (n.to_string(), codes)).collect();
        World { source, links, odoo, adopts, ..World::default() }
    })
}

fn has(finding: &Finding, code: Code) -> bool {
    finding.code == code
}

impl World {
    fn lists(&self, product: &ExternalId, key: &CodeKey) -> bool {
        let of = |(id, _): &&(String, Vec<String>)| id == product.as_str();
        self.source.iter().filter(of).any(|(_, codes)| codes.iter().any(|c| CodeKey::of(c) == *key))
    }

    fn claimants(&self, key: &CodeKey) -> usize {
        self.source.iter().filter(|(_, codes)| codes.iter().any(|c| CodeKey::of(c) == *key)).count()
    }

    fn is_linked(&self, product: ProductId) -> bool {
        self.links.iter().any(|l| l.product.as_ref().is_some_and(|p| p.id == product))
    }

    fn keys(&self) -> BTreeSet<CodeKey> {
        self.source.iter().flat_map(|(_, codes)| codes).map(|c| CodeKey::of(c)).collect()
    }
}

fn ids(finding: &Finding) -> Vec<&ExternalId> {
    let id = |r: &'_ Record| matches!(r, Record::Listed { .. });
    finding
        .records
        .iter()
        .filter(|r| id(r))
        .map(|r| match r {
            Record::Listed { id, .. } => id,
            Record::Product(_) | Record::Packaging(_) => unreachable!("filtered"),
        })
        .collect()
}

proptest! {
    #[test]
    fn order_does_not_matter(world in world(), seed in any::<u64>()) {
        let mut other = world.clone();
        let turn = |len: usize| usize::try_from(seed).unwrap_or(7) % len.max(1);
        other.odoo.products.reverse();
        let by = turn(other.odoo.products.len());
        other.odoo.products.rotate_left(by);
        other.odoo.packagings.reverse();
        other.links.reverse();
        let by = turn(other.links.len());
        other.links.rotate_left(by);
        other.source.reverse();
        let by = turn(other.source.len());
        other.source.rotate_left(by);
        for (_, codes) in &mut other.source {
            codes.reverse();
        }
        prop_assert_eq!(world.check(), other.check());
        prop_assert_eq!(world.check_odoo(), other.check_odoo());
    }

    #[test]
    fn findings_are_in_order_and_once(world in world()) {
        for found in [world.check(), world.check_odoo()] {
            prop_assert!(found.windows(2).all(|w| w[0] < w[1]), "{:?}", found);
        }
    }

    #[test]
    fn records_have_what_the_finding_says(world in world()) {
        for finding in world.check() {
            let key = finding.barcode.as_deref().map(CodeKey::of);
            for record in &finding.records {
                match record {
                    Record::Listed { id, barcode, .. } => {
                        // The barcode at a record is one that this very product lists.
                        if let Some(barcode) = barcode {
                            prop_assert!(world.lists(id, &CodeKey::of(barcode)), "{:?}", finding);
                        }
                    }
                    Record::Product(p) => {
                        let known = world.odoo.products.contains(p)
                            || world.links.iter().any(|l| l.product.as_ref() == Some(p));
                        prop_assert!(known, "{:?}", finding);
                    }
                    Record::Packaging(p) => prop_assert!(world.odoo.packagings.contains(p)),
                }
            }
            let foreign = [
                Code::ForeignHolderActive, Code::ForeignHolderArchived, Code::ForeignHolderOtherCompany,
                Code::ForeignHolderPackaging, Code::ForeignHolderUnit, Code::HolderToAdopt,
            ];
            if foreign.contains(&finding.code) {
                prop_assert!(!ids(&finding).is_empty() && finding.records.len() > ids(&finding).len());
                for record in &finding.records {
                    let at = match record {
                        Record::Listed { barcode, .. } => barcode.as_deref(),
                        Record::Product(p) => {
                            prop_assert!(!world.is_linked(p.id), "{:?}", finding);
                            p.barcode.as_deref()
                        }
                        Record::Packaging(p) => Some(p.barcode.as_str()),
                    };
                    prop_assert_eq!(at.map(CodeKey::of), key.clone(), "{:?}", &finding);
                }
            }
            if has(&finding, Code::DuplicateInSource) {
                prop_assert!(ids(&finding).iter().collect::<BTreeSet<_>>().len() > 1);
                prop_assert!(ids(&finding).iter().all(|id| world.lists(id, key.as_ref().unwrap())));
            }
            if has(&finding, Code::BarcodeEdited) || has(&finding, Code::BarcodePending) {
                let link = world.links.iter().find(|l| l.external_id == *ids(&finding)[0]).unwrap();
                let current = link.product.as_ref().unwrap().barcode.as_ref();
                prop_assert_eq!(current == link.wrote_barcode.as_ref(), has(&finding, Code::BarcodePending));
                prop_assert!(current.is_none_or(|c| !world.lists(&link.external_id, &CodeKey::of(c))));
            }
        }
    }

    #[test]
    fn no_clash_goes_unseen(world in world()) {
        let found = world.check();
        let keys_of = |codes: &[Code]| -> BTreeSet<CodeKey> {
            let these = found.iter().filter(|f| codes.contains(&f.code));
            these.map(|f| CodeKey::of(f.barcode.as_deref().unwrap())).collect()
        };
        let contested: BTreeSet<CodeKey> = world.keys().into_iter().filter(|k| world.claimants(k) > 1).collect();
        prop_assert_eq!(keys_of(&[Code::DuplicateInSource]), contested);
        let outside = |p: &&OdooProduct| !world.is_linked(p.id);
        let held = world.odoo.products.iter().filter(outside).map(|p| CodeKey::of(p.barcode.as_deref().unwrap()));
        let held: BTreeSet<CodeKey> = held.filter(|k| world.keys().contains(k)).collect();
        let told = keys_of(&[
            Code::ForeignHolderActive, Code::ForeignHolderArchived, Code::ForeignHolderOtherCompany, Code::HolderToAdopt,
        ]);
        prop_assert_eq!(told, held);
        // A linked product without any barcode, though the source lists some, is always spoken of.
        for link in &world.links {
            let none = link.product.as_ref().is_some_and(|p| p.barcode.is_none());
            let listed = world.source.iter().find(|(id, _)| id == link.external_id.as_str());
            if none && listed.is_some_and(|(_, codes)| !codes.is_empty()) {
                let codes = [Code::BarcodePending, Code::BarcodeRemoved, Code::BarcodeWithheld];
                let spoken = found.iter().filter(|f| codes.contains(&f.code) && ids(f) == [&link.external_id]).count();
                prop_assert_eq!(spoken, 1, "{:?}", link);
            }
        }
    }

    #[test]
    fn duplicates_in_odoo_are_those_that_meet(world in world()) {
        let products: Vec<&OdooProduct> = world.odoo.products.iter().filter(|p| p.active).collect();
        let mut expected: BTreeSet<&str> = BTreeSet::new();
        for (i, a) in products.iter().enumerate() {
            for b in &products[i + 1..] {
                let meet = match (&a.company, &b.company) {
                    (Company::Shared, _) | (_, Company::Shared) | (Company::Own, Company::Own) => true,
                    (Company::Own | Company::Other(_), Company::Other(_)) | (Company::Other(_), Company::Own) => false,
                };
                if a.barcode == b.barcode && meet {
                    expected.insert(a.barcode.as_deref().unwrap());
                }
            }
        }
        let found = world.check_odoo();
        let told: BTreeSet<&str> =
            found.iter().filter(|f| has(f, Code::DuplicateInOdoo)).filter_map(|f| f.barcode.as_deref()).collect();
        prop_assert_eq!(told, expected);
    }
}
