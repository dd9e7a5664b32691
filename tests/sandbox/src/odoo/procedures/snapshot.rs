//! snapshot.py: a page of the links of one source, by id, each with the product that it points to.

use serde_json::{Value, json};

use super::{Ask, variant};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{flag, integer, text};

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let (source, after) = (ask.text("source")?, ask.number("after")?);
    let limit = usize::try_from(ask.number("limit")?).unwrap_or(0);
    let mine = env.store.rows("x_pz_product").filter(|(id, r)| *id > after && text(r, "x_source") == Some(source));
    let mut links = Vec::new();
    for (id, link) in mine.take(limit) {
        let mut row = vec![json!(id)];
        for column in
            ["external_id", "said_name", "said_price", "said_barcodes", "wrote_name", "wrote_price", "wrote_barcode"]
        {
            row.push(json!(text(link, &format!("x_{column}"))));
        }
        row.push(json!(flag(link, "x_no_touch")));
        row.push(json!(flag(link, "x_archived_by_us")));
        match integer(link, "x_product_id").and_then(|p| variant::pair(env, p)) {
            Some((product, template)) => {
                row.extend(variant::columns(env, ask, product, template)?);
                row.extend(variant::names(ask, template)?);
            }
            // What a LEFT JOIN gives: NULLs, but false for coalesce(p.active, false) and 0 for the other two.
            None => {
                row.extend([Value::Null, Value::Null, json!(false), Value::Null, json!("0"), json!(0), json!(false)]);
                row.extend(ask.languages()?.iter().map(|_| Value::Null));
            }
        }
        links.push(Value::Array(row));
    }
    Ok(json!({"links": links}))
}
