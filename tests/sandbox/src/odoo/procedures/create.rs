//! create.py: products that are not linked yet, or whose link lost its product, each with its link and first history
//! lines.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lease::pause;
use super::writing::{
    Answers, Off, event, halves, history, leased, links_of, object, paused, put_on_packagings, taken, texts,
    write_history,
};
use super::{Ask, or_false, text_of};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::integer;

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = pause(env).is_null() && leased(env, ask)?;
    let rows = if leased { ask.list("rows")? } else { &[] };
    let ids: Vec<&str> = rows.iter().filter_map(|r| text_of(r, "external_id")).collect();
    let has_product = |env: &Env<'_>, link: i64| {
        env.store.row("x_pz_product", link).is_some_and(|r| integer(r, "x_product_id").is_some())
    };
    let (known, widowed): (BTreeMap<_, _>, BTreeMap<_, _>) =
        links_of(env, ask, &ids)?.into_iter().partition(|(_, link)| has_product(env, *link));
    let mut answers = Answers::new();
    let mut todo = Vec::new();
    for row in rows {
        let id = text_of(row, "external_id").unwrap_or_default();
        if let Some(link) = known.get(id) {
            answers.insert(id.to_owned(), json!({"known": link}));
        } else if widowed.contains_key(id) && row["relink"] != true {
            let problem = "the link is there, and its product was deleted in Odoo";
            answers.insert(id.to_owned(), json!({"overtaken": problem}));
        } else {
            todo.push(row);
        }
    }
    halves(env, &mut answers, &todo, &|env, part, answers| create(env, ask, part, &widowed, answers));
    Ok(json!({"leased": leased, "paused": paused(env, leased), "answers": answers}))
}

fn create(
    env: &mut Env<'_>,
    ask: &Ask<'_>,
    part: &[&Value],
    widowed: &BTreeMap<String, i64>,
    answers: &mut Answers,
) -> Result<(), OdooFault> {
    let codes: Vec<&str> =
        part.iter().flat_map(|r| texts(r, "extras").into_iter().chain(text_of(r, "barcode"))).collect();
    let occupied = taken(env, &codes, &[], &Off::new());
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
        let further: Vec<&str> =
            texts(row, "extras").into_iter().filter(|code| !occupied.contains_key(*code)).collect();
        put_on_packagings(env, product, &further)?;
        let mut values = event(env, if row["relink"] == true { "manual" } else { "ok" });
        values.extend(object(json!({
            "x_name": format!("[{id}] {name}"), "x_source": ask.get("source")?, "x_external_id": id, "x_product_id": product,
            "x_said_name": name, "x_wrote_name": name, "x_said_price": or_false(text_of(row, "said_price")),
            "x_wrote_price": or_false(text_of(row, "wrote_price")),
            "x_said_barcodes": or_false(text_of(row, "said_barcodes")), "x_wrote_barcode": or_false(free.as_deref()),
            "x_wrote_extras": or_false(Some(&further.join("\n"))), "x_kept": false, "x_missing": false,
            "x_archived_by_us": false,
        })));
        let link = match widowed.get(id) {
            Some(link) => {
                values.insert("x_matched_by".to_owned(), json!("manual"));
                env.write("x_pz_product", &[*link], &values)?;
                Some(*link)
            }
            None => Some(env.create("x_pz_product", &values)?),
        };
        if let Some(code) = &free {
            barcodes.push(history(env, ask, link, row, "barcode", (None, Some(code)), "created")?);
        }
        for code in further {
            let field = format!("packaging+{code}");
            barcodes.push(history(env, ask, link, row, &field, (None, Some(code)), "created")?);
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
