//! create.py: products that are not linked yet, each with its link and first history lines.

use serde_json::{Value, json};

use super::writing::{Answers, event, halves, history, leased, links_of, object, taken, write_history};
use super::{Ask, or_false, text_of};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = leased(env, ask)?;
    let rows = if leased { ask.list("rows")? } else { &[] };
    let ids: Vec<&str> = rows.iter().filter_map(|r| text_of(r, "external_id")).collect();
    let known = links_of(env, ask, &ids)?;
    let mut answers: Answers = known.iter().map(|(id, link)| (id.clone(), json!({"known": link}))).collect();
    let fresh: Vec<&Value> =
        rows.iter().filter(|r| text_of(r, "external_id").is_some_and(|id| !known.contains_key(id))).collect();
    halves(env, &mut answers, &fresh, &|env, part, answers| create(env, ask, part, answers));
    Ok(json!({"leased": leased, "answers": answers}))
}

fn create(env: &mut Env<'_>, ask: &Ask<'_>, part: &[&Value], answers: &mut Answers) -> Result<(), OdooFault> {
    let codes: Vec<&str> = part.iter().filter_map(|r| text_of(r, "barcode")).collect();
    let occupied = taken(env, &codes, &[]);
    let free = |row: &Value| text_of(row, "barcode").filter(|code| !occupied.contains_key(*code)).map(str::to_owned);
    let mut products = Vec::new();
    for row in part {
        let mut product = ask.get("constants")?.as_object().cloned().unwrap_or_default();
        product.insert("name".to_owned(), row["name"].clone());
        product.insert("barcode".to_owned(), or_false(free(row).as_deref()));
        if row["price"].is_null() {
            product.insert("list_price".to_owned(), json!(0.0));
            product.insert("sale_ok".to_owned(), json!(false));
        } else {
            product.insert("list_price".to_owned(), row["price"].clone());
        }
        if ask.get("default_code")? == true {
            product.insert("default_code".to_owned(), row["external_id"].clone());
        }
        products.push(env.create("product.product", &product)?);
    }
    let (mut barcodes, mut prices) = (Vec::new(), Vec::new());
    for (row, product) in part.iter().zip(products) {
        let id = text_of(row, "external_id").unwrap_or_default();
        let name = text_of(row, "name").unwrap_or_default();
        let free = free(row);
        let mut link = event(env, "ok");
        link.extend(object(json!({
            "x_name": format!("[{id}] {name}"), "x_source": ask.get("source")?, "x_external_id": id, "x_product_id": product,
            "x_said_name": name, "x_wrote_name": name, "x_said_price": or_false(text_of(row, "said_price")),
            "x_wrote_price": or_false(text_of(row, "wrote_price")),
            "x_said_barcodes": or_false(text_of(row, "said_barcodes")), "x_wrote_barcode": or_false(free.as_deref()),
        })));
        let link = env.create("x_pz_product", &link)?;
        if let Some(code) = &free {
            barcodes.push(history(env, ask, link, row, "barcode", (None, Some(code)), "created")?);
        }
        if let Some(price) = text_of(row, "wrote_price").filter(|_| !row["price"].is_null()) {
            prices.push(history(env, ask, link, row, "price", (None, Some(price)), "created")?);
        }
        let mut answer = json!({"created": product});
        if let Some(code) = text_of(row, "barcode").filter(|_| free.is_none()) {
            answer["taken"] = json!(occupied[code]);
        }
        answers.insert(id.to_owned(), answer);
    }
    write_history(env, "x_pz_product_barcode_history", barcodes)?;
    write_history(env, "x_pz_product_price_history", prices)
}
