//! Packagings (up to 18) and units of products (from 19 on): codes beside a product's own, and the rule of each version.

use serde_json::json;

use super::env::Env;
use super::error::OdooFault;
use super::products::barcode_index;
use super::schema::packaging_model;
use super::store::{Record, flag, integer, text};

/// The constraint by which a unit's code is unique from 19 on; up to 14 nothing keeps a packaging's code unique.
pub(super) const UNIT_BARCODE: &str = "product_uom_barcode_uniq";

impl Env<'_> {
    /// Creates a packaging or unit; rights have been checked.
    pub(super) fn create_packaging(&mut self, values: &Record) -> Result<i64, OdooFault> {
        let mut values = values.clone();
        if self.version() >= 19 {
            let own = integer(&self.user(), "company_id");
            values.entry("company_id").or_insert(json!(own));
        }
        let id = self.create_plain(packaging_model(self.version()), &values)?;
        self.packaging_rule(id)?;
        Ok(id)
    }

    /// Writes on a packaging or unit; rights have been checked.
    pub(super) fn write_packaging(&mut self, id: i64, values: &Record) -> Result<(), OdooFault> {
        self.write_plain(packaging_model(self.version()), id, values)?;
        if values.contains_key("barcode") { self.packaging_rule(id) } else { Ok(()) }
    }

    /// From 16 on a check in Python: no product has the code.
    fn packaging_rule(&self, id: i64) -> Result<(), OdooFault> {
        let version = self.version();
        let record = self.store.row(packaging_model(version), id);
        let Some(code) = record.and_then(|r| text(r, "barcode")).filter(|code| version >= 16 && !code.is_empty())
        else {
            return Ok(());
        };
        let seen = |product: &i64| {
            !self.active_test || self.store.row("product.product", *product).is_some_and(|r| flag(r, "active"))
        };
        if self.store.find("product.product", barcode_index(version), &[code]).iter().any(seen) {
            return Err(OdooFault::validation("A product already uses the barcode"));
        }
        Ok(())
    }
}
