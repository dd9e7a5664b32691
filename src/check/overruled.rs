//! What the source says of products that another source has too and owns: it is not written.

use std::collections::BTreeMap;

use crate::catalog::{Company, FieldSet, OdooCodes, Price, ProductId, Said, Shown};

use super::code::Code;
use super::finding::Record;
use super::index::{Index, listed};

pub(super) fn check(index: &Index<'_>, odoo: &OdooCodes, out: &mut Vec<super::Finding>) {
    let sharing = index.source.shared;
    let links = || {
        index.links.values().filter(|l| !l.no_touch).filter_map(|l| Some((*l, l.product.as_ref()?, l.shared.as_ref()?)))
    };
    let mut packagings: BTreeMap<ProductId, Vec<String>> = BTreeMap::new();
    if sharing.extras && links().next().is_some() {
        for one in &odoo.packagings {
            packagings.entry(one.product).or_default().push(one.barcode.clone());
        }
    }
    for (link, in_odoo, shared) in links() {
        let Some(product) = index.source.catalogue.products.get(&link.external_id) else { continue };
        if matches!(in_odoo.company, Company::Other(_)) {
            continue;
        }
        let codes = product.barcodes.iter().map(|code| code.key()).collect();
        let said = Said { name: product.name.as_str(), price: product.price, codes };
        let shown = Shown {
            names: &shared.names,
            price: Price::parse(&shared.price).ok().map(|p| p.rounded(sharing.digits)),
            barcode: in_odoo.barcode.as_deref(),
            packagings: packagings.get(&in_odoo.id).map(Vec::as_slice).unwrap_or_default(),
        };
        let lost: FieldSet = said.differing(&shown, sharing.digits, sharing.extras).and(shared.overruled);
        let (precedence, sharers) = (&sharing.precedence, shared.sharers.as_slice());
        let price = || product.price.map(|p| p.rounded(sharing.digits).to_string()).unwrap_or_default();
        let has = |price: Option<Price>| price.map_or_else(|| shared.price.clone(), |p| p.to_string());
        let list = || product.barcodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let mut parts = Vec::new();
        for (field, is, owner, said, now) in [
            (
                "name",
                lost.name,
                precedence.of_name(sharers),
                format!("{:?}", said.name),
                format!("{:?}", shared.names.join(" / ")),
            ),
            ("price", lost.price, precedence.of_price(sharers), price(), has(shown.price)),
            (
                "barcode",
                lost.barcode,
                precedence.of_barcode(sharers),
                list(),
                shown.barcode.unwrap_or("none").to_owned(),
            ),
        ] {
            let Some(owner) = owner.filter(|_| is) else { continue };
            parts.push(format!(
                "{field}: Odoo has {now} by source {} (product {}), this one says {said}",
                owner.source, owner.external_id
            ));
        }
        if !parts.is_empty() {
            let mut finding = index.finding(Code::Overruled, None, parts.join("; "));
            finding.records = vec![listed(product, None), Record::Product(in_odoo.clone())];
            out.push(finding);
        }
    }
}
