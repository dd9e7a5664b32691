//! hello.py: is this the database, the setup and the account that a run expects?

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::Ask;
use crate::odoo::env::{Env, Right};
use crate::odoo::error::{OdooFault, python};
use crate::odoo::schema::groups_field;
use crate::odoo::store::{flag, ids, integer, text};

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let uuid = env.store.rows("ir.config_parameter").find(|(_, r)| text(r, "key") == Some("database.uuid"));
    let uuid = uuid.and_then(|(_, r)| text(r, "value")).unwrap_or_default();
    let group = ask.number("group")?;
    let (mut hashes, mut ungrouped) = (Map::new(), Vec::new());
    for (name, number) in ask.get("procedures")?.as_object().into_iter().flatten() {
        let action = number.as_i64().and_then(|id| env.store.row("ir.actions.server", id));
        let code = action.and_then(|r| text(r, "code"));
        hashes.insert(name.clone(), json!(code.map(md5).unwrap_or_default()));
        if action.map(|r| ids(r, groups_field(env.version()))) != Some(vec![group]) {
            ungrouped.push(name.clone());
        }
    }
    let mut languages: Vec<&str> =
        env.store.rows("res.lang").filter(|(_, r)| flag(r, "active")).filter_map(|(_, r)| text(r, "code")).collect();
    languages.sort_unstable();
    let rights = [("read", Right::Read), ("write", Right::Write), ("create", Right::Create)];
    let allowed = rights.iter().filter(|(_, r)| env.may("product.product", *r) && env.may("product.template", *r));
    let allowed: Vec<&str> = allowed.map(|(name, _)| *name).collect();
    let user = env.user();
    let companies: Vec<Value> = ids(&user, "company_ids")
        .into_iter()
        .filter_map(|id| Some(json!([id, text(env.store.row("res.company", id)?, "name")])))
        .collect();
    let mut finder = Finder { env, company: ask.get("company")?.as_i64(), problems: Vec::new() };
    let create = ask.get("create")?;
    let constants = if create.is_object() { finder.constants(create) } else { Map::new() };
    let problems = finder.problems;
    Ok(json!({
        "uuid": uuid, "hashes": hashes, "ungrouped": ungrouped, "products": env.store.count("product.product"),
        "languages": languages, "allowed": allowed, "companies": companies, "company": integer(&user, "company_id"),
        "language": text(&user, "lang").unwrap_or("en_US"), "login": text(&user, "login"), "problems": problems,
        "constants": constants,
    }))
}

/// `md5(code)` as PostgreSQL computes it.
pub(super) fn md5(code: &str) -> String {
    Md5::digest(code.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

struct Finder<'a, 'b> {
    env: &'a Env<'b>,
    company: Option<i64>,
    problems: Vec<String>,
}

impl Finder<'_, '_> {
    /// One record by id or by a name, of the run's company or of all; what is not found, or not told apart, is said.
    fn find(&mut self, model: &str, field: &str, value: &Value, what: &str) -> Value {
        let field = if value.is_i64() { "id" } else { field };
        let rows = self.env.store.rows(model).filter(|(_, r)| r.get(field) == Some(value));
        let rows = rows.filter(|(_, r)| model != "account.tax" || text(r, "type_tax_use") == Some("sale"));
        let found: Vec<i64> = rows
            .filter(|(_, r)| integer(r, "company_id").is_none_or(|c| Some(c) == self.company))
            .map(|(id, _)| id)
            .collect();
        if let [one] = found[..] {
            return json!(one);
        }
        let how_many = if found.is_empty() { "no" } else { "more than one" };
        self.problems.push(format!("{what}: {how_many} record of {model} is {}", python(value)));
        json!(false)
    }

    fn constants(&mut self, wanted: &Value) -> Map<String, Value> {
        let has = |env: &Env<'_>, name: &str| env.field("product.product", name).is_some();
        let mut out = Map::new();
        let mut set = |name: &str, value: Value| out.insert(name.to_owned(), value);
        match wanted["type"].as_str() {
            Some("storable") if has(self.env, "is_storable") => {
                set("type", json!("consu"));
                set("is_storable", json!(true));
            }
            Some("storable") => drop(set("type", json!("product"))),
            Some("service") => drop(set("type", json!("service"))),
            _ => drop(set("type", json!("consu"))),
        }
        if !wanted["category"].is_null() {
            set("categ_id", self.find("product.category", "complete_name", &wanted["category"], "category"));
        }
        if !wanted["unit"].is_null() {
            let unit = self.find("uom.uom", "name", &wanted["unit"], "unit");
            if has(self.env, "uom_po_id") {
                set("uom_po_id", unit.clone());
            }
            set("uom_id", unit);
        }
        if let Some(taxes) = wanted["taxes"].as_array() {
            let taxes: Vec<Value> = taxes.iter().map(|t| self.find("account.tax", "name", t, "taxes")).collect();
            set("taxes_id", json!([[6, 0, taxes]]));
        }
        for name in ["available_in_pos", "sale_ok", "purchase_ok"] {
            set(name, wanted[name].clone());
        }
        let own = wanted["own_company"] == true;
        set("company_id", if own { json!(self.company) } else { json!(false) });
        out
    }
}
