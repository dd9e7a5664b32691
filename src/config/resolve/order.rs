//! In which order the sources own what they share: `source_order`, the order of the sections, and `owns`.

use super::super::document::Document;
use super::super::file::{Field, File};
use super::{Result, Section, quoted};
use crate::catalog::{FieldSet, FileOrder, SourceName};

pub(super) fn resolve(document: &Document, file: &File) -> Result<FileOrder> {
    let mut sources: Vec<(SourceName, FieldSet)> = Vec::new();
    for text in document.in_order("sources", file.sources.keys().map(String::as_str)) {
        let section = Section { document, path: vec!["sources", text] };
        let name = SourceName::parse(text).map_err(|error| section.error(error.to_string()))?;
        let mut fields = FieldSet::NONE;
        for field in file.sources[text].owns.iter().flatten() {
            let (one, word) = match field {
                Field::Name => (FieldSet { name: true, ..FieldSet::NONE }, "name"),
                Field::Price => (FieldSet { price: true, ..FieldSet::NONE }, "price"),
                Field::Barcode => (FieldSet { barcode: true, ..FieldSet::NONE }, "barcode"),
            };
            if fields.and(one) == one {
                return Err(section.value_error("owns", format!("{word} is there twice")));
            }
            fields = fields.or(one);
            if let Some((other, _)) = sources.iter().find(|(_, fields)| fields.and(one) == one) {
                return Err(section.value_error(
                    "owns",
                    format!("{word} is given to source {other} already; one source alone owns a field"),
                ));
            }
        }
        sources.push((name, fields));
    }
    let section = Section { document, path: vec!["sync"] };
    let mut stated: Vec<SourceName> = Vec::new();
    for text in file.sync.source_order.iter().flatten() {
        let name = SourceName::parse(text).map_err(|error| section.value_error("source_order", error.to_string()))?;
        if stated.contains(&name) {
            return Err(section.value_error("source_order", format!("{} is there twice", quoted(text))));
        }
        stated.push(name);
    }
    Ok(FileOrder { stated: (!stated.is_empty()).then_some(stated), sources })
}
