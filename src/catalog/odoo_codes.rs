//! Every barcode in Odoo, linked or not, and the links of one source, as far as barcodes go.

use super::{ExternalId, FieldSet, ProductId, Sharer};

/// Whose a record is, seen from the company that erpsync works for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Company {
    /// All companies'.
    Shared,
    /// Ours alone.
    Own,
    /// Another company's, by its name.
    Other(String),
}

/// A variant (`product.product`), archived ones and other companies' included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OdooProduct {
    /// Its id.
    pub id: ProductId,
    /// The template's name in the first configured language.
    pub name: String,
    /// Its barcode as it stands, blanks and all.
    pub barcode: Option<String>,
    /// Not archived.
    pub active: bool,
    /// Whose it is.
    pub company: Company,
}

/// The two kinds of records that carry further barcodes of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackagingKind {
    /// `product.packaging`, Odoo up to 18.
    Packaging,
    /// `product.uom`, a barcode for a unit of a product, Odoo 19.
    Unit,
}

/// A packaging or unit with a barcode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OdooPackaging {
    /// The record's id, in the model of its kind.
    pub id: i64,
    /// Which of the two.
    pub kind: PackagingKind,
    /// The barcode as it stands.
    pub barcode: String,
    /// The product that it belongs to.
    pub product: ProductId,
    /// That product's name.
    pub name: String,
    /// That product is not archived.
    pub active: bool,
    /// Whose that product is.
    pub company: Company,
}

/// All that has a barcode in Odoo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OdooCodes {
    /// The variants, by id.
    pub products: Vec<OdooProduct>,
    /// The packagings or units, by id.
    pub packagings: Vec<OdooPackaging>,
}

/// A link of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedCode {
    /// The external id.
    pub external_id: ExternalId,
    /// The product; `None` when somebody deleted it in Odoo.
    pub product: Option<OdooProduct>,
    /// The barcode that we wrote last.
    pub wrote_barcode: Option<String>,
    /// Somebody asked that the product be left alone.
    pub no_touch: bool,
    /// The product, where another source owns fields of it.
    pub shared: Option<SharedProduct>,
}

/// What Odoo has of a product of which another source owns something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedProduct {
    /// Its fields that another source owned when a run looked last.
    pub overruled: FieldSet,
    /// The name in each configured language.
    pub names: Vec<String>,
    /// The list price as PostgreSQL's text.
    pub price: String,
    /// The links of the other sources.
    pub sharers: Vec<Sharer>,
}
