//! A source and an Odoo, written down briefly.

use std::collections::BTreeSet;

use crate::catalog::source::{BarcodeOrder, CatalogueBuilder};
use crate::catalog::{
    Catalogue, CodeKey, Company, ExternalId, LinkedCode, Nomenclature, OdooCodes, OdooPackaging, OdooProduct,
    PackagingKind, Precedence, PriceDigits, ProductId, SourceName,
};
use crate::check::{Code, Finding, Record, Sharing, Source, check_odoo, check_source};

/// Everything that a check looks at.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// Id, codes.
    pub source: Vec<(String, Vec<String>)>,
    pub links: Vec<LinkedCode>,
    pub odoo: OdooCodes,
    pub adopts: bool,
    pub misjoined: bool,
    pub placeholders: BTreeSet<CodeKey>,
    pub nomenclature: Nomenclature,
}

pub(super) fn name() -> SourceName {
    SourceName::parse("s").unwrap()
}

/// Nobody comes before the source but `acc`.
pub(super) fn sharing() -> Sharing {
    let acc = vec![SourceName::parse("acc").unwrap()];
    let precedence = Precedence { name: acc.clone(), price: acc.clone(), barcode: acc };
    Sharing { precedence, digits: PriceDigits::from_odoo(Some(2)), extras: false }
}

pub(super) fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

pub(super) fn product(n: i64, barcode: Option<&str>) -> OdooProduct {
    OdooProduct {
        id: ProductId::new(n).unwrap(),
        name: format!("P{n}"),
        barcode: barcode.map(str::to_owned),
        active: true,
        company: Company::Shared,
    }
}

impl World {
    /// A source with these products.
    pub(super) fn listing(rows: &[(&str, &[&str])]) -> Self {
        let rows = rows.iter().map(|(id, codes)| ((*id).to_owned(), codes.iter().map(|c| (*c).to_owned()).collect()));
        Self { source: rows.collect(), ..Self::default() }
    }

    /// A link to a product that has a barcode, and what we wrote.
    pub(super) fn linked(mut self, external: &str, n: i64, has: Option<&str>, wrote: Option<&str>) -> Self {
        let in_odoo = product(n, has);
        if has.is_some() {
            self.odoo.products.push(in_odoo.clone());
        }
        self.links.push(LinkedCode {
            external_id: id(external),
            product: Some(in_odoo),
            wrote_barcode: wrote.map(str::to_owned),
            no_touch: false,
            shared: None,
        });
        self
    }

    /// A product outside the source.
    pub(super) fn foreign(mut self, product: OdooProduct) -> Self {
        self.odoo.products.push(product);
        self
    }

    pub(super) fn packaging(mut self, n: i64, kind: PackagingKind, of: i64, barcode: &str) -> Self {
        let product = product(of, None);
        self.odoo.packagings.push(OdooPackaging {
            id: n,
            kind,
            barcode: barcode.to_owned(),
            product: product.id,
            name: product.name,
            active: true,
            company: Company::Shared,
        });
        self
    }

    pub(super) fn catalogue(&self) -> Catalogue {
        let mut builder = CatalogueBuilder::new(BarcodeOrder::Gtin);
        for (id, codes) in &self.source {
            builder.product(Some(id), Some(&format!("S{id}")), Ok(None));
            for code in codes {
                builder.barcode(Some(id), Some(code));
            }
        }
        builder.finish()
    }

    pub(super) fn of(&self, catalogue: &Catalogue) -> Vec<Finding> {
        let name = name();
        let source = Source {
            name: &name,
            catalogue,
            links: &self.links,
            adopts_by_barcode: self.adopts,
            misjoined: self.misjoined,
            placeholders: &self.placeholders,
            nomenclature: &self.nomenclature,
            shared: &sharing(),
        };
        check_source(&source, &self.odoo)
    }

    /// The source's findings.
    pub(super) fn check(&self) -> Vec<Finding> {
        self.of(&self.catalogue())
    }

    pub(super) fn check_odoo(&self) -> Vec<Finding> {
        check_odoo(&self.odoo, &self.nomenclature, &BTreeSet::new())
    }
}

/// `code barcode: records`, for assertions.
pub(super) fn brief(findings: &[Finding]) -> Vec<String> {
    let record = |r: &Record| match r {
        Record::Listed { id, .. } => id.to_string(),
        Record::Product(p) => p.id.to_string(),
        Record::Packaging(p) => format!("k{}", p.id),
    };
    let one = |f: &Finding| {
        let records: Vec<String> = f.records.iter().map(record).collect();
        let barcode = f.barcode.as_deref().map_or_else(String::new, |b| format!(" {b}"));
        format!("{}{barcode}: {}", f.code.name(), records.join(" "))
    };
    findings.iter().map(one).collect()
}

/// The same without one kind, which many worlds have by the way.
pub(super) fn brief_but(findings: &[Finding], but: Code) -> Vec<String> {
    let kept: Vec<Finding> = findings.iter().filter(|f| f.code != but).cloned().collect();
    brief(&kept)
}
