//! A catalogue, and an Odoo that is in step with the catalogue as it was.

use std::collections::BTreeMap;

use erpsync::catalog::source::{BarcodeOrder, CatalogueBuilder};
use erpsync::catalog::{
    Catalogue, FieldSet, Link, OdooState, Price, PriceDigits, ProductId, SourceName, TemplateId, Variant,
};
use erpsync::plan::{self, Policy, Scope};

use crate::SIZE;
use crate::recipe::{BASE, State, product};

/// What the source says.
pub fn catalogue(state: State) -> Catalogue {
    let mut builder = CatalogueBuilder::new(BarcodeOrder::Gtin);
    for p in (0..SIZE).map(|i| product(i, state)) {
        let id = p.id.to_string();
        builder.product(Some(&id), Some(&p.name), Ok(Some(Price::parse(&p.price).expect("a price"))));
        for code in &p.barcodes {
            builder.barcode(Some(&id), Some(code));
        }
    }
    builder.finish()
}

fn link(number: i64, p: &erpsync::catalog::source::ExternalProduct) -> Link {
    let code = p.barcodes.first().map(ToString::to_string);
    let variant = Variant {
        template_active: true,
        id: ProductId::new(number).expect("a number"),
        template: TemplateId::new(number).expect("a number"),
        active: true,
        names: vec![p.name.to_string()],
        price: p.price.map(|price| price.to_string()).unwrap_or_default(),
        barcode: code.clone(),
        siblings: 0,
        other_company: false,
        packagings: Vec::new(),
        sharers: Vec::new(),
    };
    Link {
        external_id: p.id.clone(),
        product: Some(variant),
        said_name: p.name.to_string(),
        said_price: p.price,
        said_barcodes: p.barcodes.iter().map(ToString::to_string).collect(),
        wrote_name: p.name.to_string(),
        wrote_price: p.price,
        wrote_barcode: code,
        wrote_extras: Vec::new(),
        kept: FieldSet::NONE,
        overruled: FieldSet::NONE,
        no_touch: false,
        archived_by_us: false,
        missing: false,
    }
}

/// Odoo after an import of the catalogue as it was.
pub fn in_step() -> OdooState {
    let links = catalogue(BASE).products.into_values().zip(1..).map(|(p, number)| (p.id.clone(), link(number, &p)));
    let links: BTreeMap<_, _> = links.collect();
    OdooState {
        languages: vec!["en_US".to_owned()],
        digits: PriceDigits::from_odoo(Some(4)),
        product_count: links.len(),
        links,
        ..OdooState::default()
    }
}

/// Plans, and says how many updates and moves come of it.
pub fn planned(catalogue: &Catalogue, odoo: &OdooState) -> usize {
    let source = SourceName::parse("bench").expect("a name");
    let plan = plan::plan(&source, catalogue, odoo, &Policy::default(), &Scope::All);
    plan.updates.len() + plan.moves.len()
}
