//! Which of several sources owns a field of a product that they share.
//!
//! Pure. The sources have an order, and the first one that links the product and still has it owns its name, its price and
//! its barcodes, unless a later one is given a field. A configuration file says the order of the sources that it knows;
//! Odoo remembers the order of all, so that a run on a machine whose file has one source alone knows who comes before it.

use serde::{Deserialize, Serialize};

use super::{FieldSet, Sharer, SourceName};

/// A source in the order, with the fields that it owns before all others.
type Ranked = (SourceName, FieldSet);

/// The order of all sources, as Odoo remembers it. Links of a source that is not in it count for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceOrder(Vec<Ranked>);

/// The order as a configuration file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOrder {
    /// Stated by a person as the order of all sources there are; without it, those of other files keep their places.
    pub stated: Option<Vec<SourceName>>,
    /// The sources of the file, in its order, with the fields that each is given.
    pub sources: Vec<Ranked>,
}

impl FileOrder {
    /// Where a source of the file stands in the order.
    #[must_use]
    pub fn position(&self, source: &SourceName) -> (usize, usize) {
        let stated = self.stated.iter().flatten().position(|name| name == source).unwrap_or(usize::MAX);
        (stated, self.sources.iter().position(|(name, _)| name == source).unwrap_or(usize::MAX))
    }
}

impl SourceOrder {
    /// From Odoo's text: a source a line, `web: price` with the fields that it is given. What is no source's name is passed
    /// over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut out = Self::default();
        for line in text.lines() {
            let (name, fields) = line.split_once(':').unwrap_or((line, ""));
            if let Ok(name) = SourceName::parse(name.trim())
                && !out.has(&name)
            {
                out.0.push((name, FieldSet::parse(fields)));
            }
        }
        out
    }

    /// The text for Odoo.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |(name, fields): &Ranked| match fields.is_empty() {
            true => name.to_string(),
            false => format!("{name}: {}", fields.words()),
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn has(&self, name: &SourceName) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn fields(&self, name: &SourceName) -> FieldSet {
        self.0.iter().find(|(known, _)| known == name).map(|(_, fields)| *fields).unwrap_or_default()
    }

    /// The order of all sources, once this file has been read. What the file says of its own sources counts. A stated order
    /// replaces the one that was remembered; otherwise the file's sources are brought into its order in the places that they have, and new
    /// ones come next to their neighbour in the file.
    #[must_use]
    pub fn with(&self, file: &FileOrder) -> Self {
        let of_file = |name: &SourceName| file.sources.iter().find(|(known, _)| known == name).map(|(_, f)| *f);
        let ranked = |name: &SourceName| (name.clone(), of_file(name).unwrap_or_else(|| self.fields(name)));
        let names = || file.sources.iter().map(|(name, _)| name);
        if let Some(stated) = &file.stated {
            let rest = names().filter(|name| !stated.contains(name));
            return Self(stated.iter().chain(rest).map(ranked).collect());
        }
        let mut known = names().filter(|name| self.has(name));
        let mut order: Vec<SourceName> = Vec::new();
        for (name, _) in &self.0 {
            // The places of the file's sources are filled in the file's order.
            order.extend(if of_file(name).is_some() { known.next() } else { Some(name) }.cloned());
        }
        let mut before: Option<&SourceName> = None;
        for name in names() {
            if !order.contains(name) {
                let at = |wanted: &SourceName| order.iter().position(|n| n == wanted);
                let next = names().skip_while(|n| *n != name).find_map(at);
                let place = before.and_then(at).map(|place| place + 1).or(next).unwrap_or(order.len());
                order.insert(place, name.clone());
            }
            before = Some(name);
        }
        Self(order.iter().map(ranked).collect())
    }

    /// All sources but this one.
    #[must_use]
    pub fn others(&self, source: &SourceName) -> Vec<SourceName> {
        self.0.iter().map(|(name, _)| name).filter(|name| *name != source).cloned().collect()
    }

    /// Who comes before a source.
    #[must_use]
    pub fn precedence(&self, source: &SourceName) -> Precedence {
        let before = |field: fn(&FieldSet) -> bool| {
            let given = self.0.iter().filter(|(_, fields)| field(fields));
            let others = self.0.iter().filter(|(_, fields)| !field(fields));
            given.chain(others).map(|(name, _)| name).take_while(|name| *name != source).cloned().collect()
        };
        // A source that is not in the order comes last, and counts all the same.
        Precedence { name: before(|f| f.name), price: before(|f| f.price), barcode: before(|f| f.barcode) }
    }
}

/// The sources that come before one, field by field, the first one first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precedence {
    /// For names.
    pub name: Vec<SourceName>,
    /// For prices.
    pub price: Vec<SourceName>,
    /// For barcodes.
    pub barcode: Vec<SourceName>,
}

impl Precedence {
    /// Nobody comes before it.
    pub const NOBODY: &'static Self = &Self { name: Vec::new(), price: Vec::new(), barcode: Vec::new() };

    /// Of the other sources that link a product, the one that owns its name, if one does.
    #[must_use]
    pub fn of_name<'s>(&self, sharers: &'s [Sharer]) -> Option<&'s Sharer> {
        first(&self.name, sharers)
    }

    /// The one that owns its price.
    #[must_use]
    pub fn of_price<'s>(&self, sharers: &'s [Sharer]) -> Option<&'s Sharer> {
        first(&self.price, sharers)
    }

    /// The one that owns its barcodes.
    #[must_use]
    pub fn of_barcode<'s>(&self, sharers: &'s [Sharer]) -> Option<&'s Sharer> {
        first(&self.barcode, sharers)
    }
}

fn first<'s>(before: &[SourceName], sharers: &'s [Sharer]) -> Option<&'s Sharer> {
    // No product is shared where there is one source.
    if sharers.is_empty() {
        return None;
    }
    before.iter().find_map(|name| sharers.iter().find(|s| s.source == *name && !s.missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SourceName {
        SourceName::parse(text).unwrap()
    }

    fn file(sources: &str) -> FileOrder {
        FileOrder { stated: None, sources: SourceOrder::parse(&sources.replace(", ", "\n")).0 }
    }

    fn stated(order: &str, sources: &str) -> FileOrder {
        FileOrder { stated: Some(order.split_whitespace().map(name).collect()), ..file(sources) }
    }

    fn with(remembered: &str, file: &FileOrder) -> String {
        SourceOrder::parse(&remembered.replace(", ", "\n")).with(file).text().replace('\n', ", ")
    }

    #[test]
    fn a_file_orders_its_own_sources_and_leaves_the_others_in_their_places() {
        for (remembered, sources, then) in [
            ("", "acc, web", "acc, web"),
            ("acc, web", "acc, web", "acc, web"),
            ("acc, web", "web, acc", "web, acc"),
            // A machine with one source alone.
            ("acc, web", "web", "acc, web"),
            ("acc", "web", "acc, web"),
            ("", "web", "web"),
            // A new one, at either end and between.
            ("acc, web", "web, shop", "acc, web, shop"),
            ("acc, web", "shop, web", "acc, shop, web"),
            ("acc, web", "acc, till, web", "acc, till, web"),
            ("acc, web", "new, other", "acc, web, new, other"),
            // Other machines' sources in between keep their places.
            ("acc, web, shop", "shop, acc", "shop, web, acc"),
            // What a file gives to its own source counts, what it does not say of others stays.
            ("acc, web: price", "acc", "acc, web: price"),
            ("acc, web: price", "web", "acc, web"),
            ("acc, web", "web: name price", "acc, web: name price"),
        ] {
            assert_eq!(with(remembered, &file(sources)), then, "{remembered:?} and a file with {sources:?}");
            assert_eq!(with(then, &file(sources)), then, "read again");
        }
    }

    #[test]
    fn a_stated_order_is_the_order_of_all() {
        assert_eq!(with("acc, web", &stated("web acc", "web")), "web, acc");
        assert_eq!(with("acc, web: price", &stated("acc web", "acc")), "acc, web: price");
        // One that was renamed or taken out is in neither.
        assert_eq!(with("acc, web", &stated("erp web", "erp, web")), "erp, web");
        assert_eq!(with("acc, web", &stated("web", "web, shop")), "web, shop");
    }

    #[test]
    fn what_is_no_source_is_passed_over() {
        assert_eq!(SourceOrder::parse("acc\n\n NO!\nacc: price\nweb:price what").text(), "acc\nweb: price");
    }

    #[test]
    fn a_given_field_comes_before_the_order() {
        let order = SourceOrder::parse("acc\nweb: price\nshop: price barcode");
        let names = |all: &[SourceName]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let of = |source| {
            let p = order.precedence(&name(source));
            [names(&p.name), names(&p.price), names(&p.barcode)]
        };
        assert_eq!(of("acc"), ["", "web shop", "shop"]);
        assert_eq!(of("web"), ["acc", "", "shop acc"]);
        assert_eq!(of("shop"), ["acc web", "web", ""]);
        assert_eq!(of("unknown"), ["acc web shop", "web shop acc", "shop acc web"]);
        assert_eq!(order.others(&name("web")), [name("acc"), name("shop")]);
    }
}
