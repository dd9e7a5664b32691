//! Products: template and variant, prices as each version keeps them, translated names, and the barcode rule.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::env::{Env, Right, installed};
use super::error::OdooFault;
use super::schema::packaging_model;
use super::store::{Record, Store, flag, integer, text};

/// The index by which barcodes are found; unique up to 15.
pub(super) fn barcode_index(version: u32) -> &'static str {
    if version >= 16 { "product_product__barcode_index" } else { "product_product_barcode_uniq" }
}

/// The index from a template to its variants.
pub(super) const TEMPLATE_INDEX: &str = "product_product__product_tmpl_id_index";

/// Fields of the variant itself; all others are its template's.
const OWN: [&str; 4] = ["active", "barcode", "default_code", "qty_available"];

/// The name that a user of a language sees: a translation, else the base.
pub(super) fn name<'a>(template: &'a Record, lang: Option<&str>) -> Option<&'a str> {
    let translated = lang.filter(|l| *l != "en_US").and_then(|l| text(template, &format!("name@{l}")));
    translated.or_else(|| text(template, "name"))
}

/// A list price as PostgreSQL shows it: two decimals up to 15, what Python's `repr` gives from 19 on.
pub(super) fn price_text(version: u32, price: f64) -> String {
    if version < 16 {
        return format!("{price:.2}");
    }
    let text = price.to_string();
    if text.contains('.') || price.abs() >= 1e16 { text } else { format!("{text}.0") }
}

/// A list price as Odoo keeps it: rounded half away from zero to two decimals up to 15, as it is from 19 on.
pub(super) fn stored_price(version: u32, price: f64) -> f64 {
    if version >= 16 {
        return price;
    }
    let cents = price * 100.0;
    // Odoo helps values along that are a hair below a half because they are binary.
    let nudged = cents + cents.signum() * cents.abs().log2().max(0.0).exp2() * f64::EPSILON;
    nudged.round() / 100.0
}

/// The variants of a template, archived ones included.
pub(super) fn variants(store: &Store, template: i64) -> &[i64] {
    store.find("product.product", TEMPLATE_INDEX, &[&template.to_string()])
}

impl Env<'_> {
    pub(super) fn create_variant(&mut self, values: &Record) -> Result<i64, OdooFault> {
        let (own, shared): (Vec<_>, Vec<_>) =
            values.clone().into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
        let template = match values.get("product_tmpl_id").and_then(Value::as_i64) {
            Some(template) => template,
            None => self.insert_template(&shared.into_iter().collect())?,
        };
        self.insert_variant(template, &own.into_iter().collect())
    }

    pub(super) fn create_template(&mut self, values: &Record) -> Result<(i64, i64), OdooFault> {
        let (own, shared): (Vec<_>, Vec<_>) =
            values.clone().into_iter().partition(|(name, _)| ["barcode", "default_code"].contains(&name.as_str()));
        let template = self.insert_template(&shared.into_iter().collect())?;
        let mut own: Record = own.into_iter().collect();
        let active = Self::is_active(self.store.row("product.template", template).expect("just made"));
        own.insert("active".to_owned(), json!(active));
        let variant = self.insert_variant(template, &own)?;
        Ok((template, variant))
    }

    fn insert_template(&mut self, values: &Record) -> Result<i64, OdooFault> {
        let mut full = Record::new();
        full.insert("list_price".to_owned(), json!(1.0));
        full.insert("type".to_owned(), json!("consu"));
        full.insert("uom_id".to_owned(), json!(1));
        full.insert("sale_ok".to_owned(), json!(true));
        full.insert("purchase_ok".to_owned(), json!(true));
        full.insert("taxes_id".to_owned(), json!([[6, 0, [1]]]));
        if self.version() < 19 {
            full.insert("categ_id".to_owned(), json!(1));
            full.insert("uom_po_id".to_owned(), json!(1));
        }
        full.extend(values.clone());
        self.round(&mut full);
        self.refuse_name(full.get("name"))?;
        self.create_plain("product.template", &full)
    }

    fn insert_variant(&mut self, template: i64, own: &Record) -> Result<i64, OdooFault> {
        let mut own = own.clone();
        own.insert("product_tmpl_id".to_owned(), json!(template));
        self.clean_barcode(&mut own)?;
        let id = self.create_plain("product.product", &own)?;
        self.barcode_rule(id)?;
        Ok(id)
    }

    pub(super) fn write_variant(&mut self, id: i64, values: &Record) -> Result<(), OdooFault> {
        let record = self.exists("product.product", id)?;
        let (own, shared): (Vec<_>, Vec<_>) =
            values.clone().into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
        if !shared.is_empty() {
            let template = integer(&record, "product_tmpl_id").unwrap_or_default();
            self.write_template(template, &shared.into_iter().collect())?;
        }
        if !own.is_empty() {
            let mut own: Record = own.into_iter().collect();
            self.clean_barcode(&mut own)?;
            self.write_plain("product.product", id, &own)?;
            if own.contains_key("barcode") {
                self.barcode_rule(id)?;
            }
        }
        Ok(())
    }

    pub(super) fn write_template(&mut self, id: i64, values: &Record) -> Result<(), OdooFault> {
        let before = self.exists("product.template", id)?;
        let mut values = values.clone();
        self.round(&mut values);
        self.refuse_name(values.get("name"))?;
        let mut of_variant = Record::new();
        for name in ["barcode", "default_code"] {
            of_variant.extend(values.remove(name).map(|v| (name.to_owned(), v)));
        }
        if let Some(active) = values.get("active") {
            // A template that comes back brings its variants only when none is active.
            if *active != json!(true) || !self.has_active_variant(id) {
                of_variant.insert("active".to_owned(), active.clone());
            }
        }
        if let Some(lang) = self.lang.clone().filter(|l| l != "en_US")
            && let Some(new) = values.remove("name")
        {
            if !installed(self.store, &lang) {
                return Err(OdooFault::validation("Language code of translation item must be among known languages"));
            }
            self.store.update("product.template", id, Record::from_iter([(format!("name@{lang}"), new)]))?;
        }
        self.write_plain("product.template", id, &values)?;
        if text(self.store.row("product.template", id).unwrap_or(&before), "name").is_none() {
            return Err(OdooFault::required(self.version(), "product.template", "Product", "name", "Name"));
        }
        let variants = variants(self.store, id).to_vec();
        if !of_variant.is_empty() {
            for variant in &variants {
                // A barcode on a template of several variants is silently dropped.
                if variants.len() == 1 || of_variant.contains_key("active") {
                    self.write_variant(*variant, &of_variant)?;
                }
            }
        }
        Ok(())
    }

    /// `action_archive` and `action_unarchive` of `product.product`, called with `active_test`: a template is archived
    /// with its last active variant and comes back with the first.
    pub(super) fn set_activity(&mut self, variants_of: &[i64], active: bool) -> Result<(), OdooFault> {
        self.check("product.product", Right::Write)?;
        let values = Record::from_iter([("active".to_owned(), json!(active))]);
        let mut templates = BTreeSet::new();
        for id in variants_of {
            let record = self.exists("product.product", *id)?;
            if flag(&record, "active") != active {
                self.write_variant(*id, &values)?;
                templates.extend(integer(&record, "product_tmpl_id"));
            }
        }
        for template in templates {
            let record = self.exists("product.template", template)?;
            if flag(&record, "active") != active && self.has_active_variant(template) == active {
                self.write_template(template, &values)?;
            }
        }
        Ok(())
    }

    fn has_active_variant(&self, template: i64) -> bool {
        let active = |id: &i64| self.store.row("product.product", *id).is_some_and(|r| flag(r, "active"));
        variants(self.store, template).iter().any(active)
    }

    fn round(&self, values: &mut Record) {
        if let Some(price) = values.get("list_price").and_then(Value::as_f64) {
            values.insert("list_price".to_owned(), json!(stored_price(self.version(), price)));
        }
    }

    fn refuse_name(&self, name: Option<&Value>) -> Result<(), OdooFault> {
        match name.and_then(Value::as_str) {
            Some(name) if self.refuses("name", name) => {
                Err(OdooFault::check(self.version(), "product_template", "another_module_name"))
            }
            _ => Ok(()),
        }
    }

    fn refuses(&self, column: &str, value: &str) -> bool {
        self.store.refused.iter().any(|(c, v)| *c == column && v == value)
    }

    fn clean_barcode(&self, values: &mut Record) -> Result<(), OdooFault> {
        if let Some(code) = values.get("barcode").and_then(Value::as_str).map(str::to_owned) {
            if self.refuses("barcode", &code) {
                return Err(OdooFault::check(self.version(), "product_product", "another_module_barcode"));
            }
            if code.is_empty() {
                values.insert("barcode".to_owned(), Value::Null);
            }
        }
        Ok(())
    }

    /// From 16 on a check in Python: no other active product of the same company or of none, no packaging. Up to 15 the
    /// table's own unique index has spoken already.
    fn barcode_rule(&self, id: i64) -> Result<(), OdooFault> {
        let Some(record) = self.store.row("product.product", id) else { return Ok(()) };
        let (version, Some(code)) = (self.version(), text(record, "barcode")) else { return Ok(()) };
        if version < 16 {
            return Ok(());
        }
        let company = |product: i64| {
            let template = self.store.row("product.product", product).and_then(|r| integer(r, "product_tmpl_id"));
            template.and_then(|t| self.store.row("product.template", t)).and_then(|t| integer(t, "company_id"))
        };
        let own = company(id);
        let same = |other: i64| own.is_none() || company(other).is_none() || company(other) == own;
        let active = |other: i64| {
            !self.active_test || self.store.row("product.product", other).is_some_and(|r| flag(r, "active"))
        };
        let mut clash: Vec<i64> = self.store.find("product.product", barcode_index(version), &[code]).to_vec();
        clash.retain(|other| active(*other) && same(*other));
        clash.sort_unstable();
        if clash.len() > 1 {
            let names: Vec<String> = clash
                .iter()
                .filter_map(|c| self.store.row("product.product", *c))
                .map(|r| self.display_name("product.product", r))
                .collect();
            let (last, rest) = names.split_last().expect("two at least");
            let names = if rest.len() == 1 {
                format!("{} and {last}", rest[0])
            } else {
                format!("{}, and {last}", rest.join(", "))
            };
            return Err(OdooFault::validation(format!(
                "Barcode(s) already assigned:\n\n- Barcode \"{code}\" already assigned to product(s): {names}\n\nNote: products that you don't have access to will not be shown above."
            )));
        }
        let packed = |r: &Record| {
            let theirs = integer(r, "company_id");
            text(r, "barcode") == Some(code) && (own.is_none() || theirs.is_none() || theirs == own)
        };
        if self.store.rows(packaging_model(version)).any(|(_, r)| packed(r)) {
            return Err(OdooFault::validation("A packaging already uses the barcode"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_as_each_version_shows_them() {
        for (version, price, shown) in [
            (14, 9.9955, "10.00"),
            (14, 1.005, "1.01"),
            (14, 0.0, "0.00"),
            (19, 9.9955, "9.9955"),
            (19, 10.0, "10.0"),
            (19, 0.0, "0.0"),
            (19, 1e16, "10000000000000000"),
        ] {
            assert_eq!(price_text(version, stored_price(version, price)), shown, "{version} {price}");
        }
    }
}
