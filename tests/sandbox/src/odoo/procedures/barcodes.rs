//! barcodes.py: a page of all barcodes, or of the links of one source.

use serde_json::{Value, json};

use super::{Ask, variant};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::schema::packaging_model;
use crate::odoo::store::{flag, integer, text};

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    if ask.text("what")? == "rules" {
        // No Point of Sale here, and no rules.
        return Ok(json!({"rows": []}));
    }
    let after = ask.number("after")?;
    let limit = usize::try_from(ask.number("limit")?).unwrap_or(0);
    let has_code = |record: &_| text(record, "barcode").is_some_and(|code| !code.is_empty());
    let mut rows: Vec<Value> = Vec::new();
    match ask.text("what")? {
        "products" => {
            let found = env.store.rows("product.product").filter(|(id, r)| *id > after && has_code(r));
            for (id, _) in found.take(limit) {
                rows.push(Value::Array(told(env, ask, Some(id))?));
            }
        }
        "packagings" => {
            let found = env.store.rows(packaging_model(env.version())).filter(|(id, r)| *id > after && has_code(r));
            let joined = found.filter(|(_, r)| integer(r, "product_id").is_some());
            for (id, packaging) in joined.take(limit) {
                let mut row = vec![json!(id), json!(text(packaging, "barcode"))];
                row.extend(told(env, ask, integer(packaging, "product_id"))?);
                rows.push(Value::Array(row));
            }
        }
        _ => {
            let source = ask.text("source")?;
            let mine =
                env.store.rows("x_pz_product").filter(|(id, r)| *id > after && text(r, "x_source") == Some(source));
            for (id, link) in mine.take(limit) {
                let mut row = vec![json!(id), json!(text(link, "x_external_id")), json!(text(link, "x_wrote_barcode"))];
                row.push(json!(flag(link, "x_no_touch")));
                row.extend(told(env, ask, integer(link, "x_product_id"))?);
                // What several sources share is seen on real Odoos.
                row.extend([Value::Null, json!("0")]);
                rows.push(Value::Array(row));
            }
        }
    }
    Ok(json!({"rows": rows, "sharers": []}))
}

/// What a LEFT JOIN tells of a product.
fn told(env: &Env<'_>, ask: &Ask<'_>, product: Option<i64>) -> Result<Vec<Value>, OdooFault> {
    let Some((id, (variant, template))) = product.and_then(|p| Some((p, variant::pair(env, p)?))) else {
        return Ok(vec![Value::Null, Value::Null, json!(false), Value::Null, Value::Null, Value::Null]);
    };
    let company = integer(template, "company_id");
    let name = company.and_then(|c| text(env.store.row("res.company", c)?, "name"));
    Ok(vec![
        json!(id),
        json!(text(variant, "barcode")),
        json!(flag(variant, "active")),
        json!(company),
        json!(name),
        variant::shown(ask, template)?,
    ])
}
