//! What kind of shop it is, as far as prices and names depend on it: languages, company, currency, taxes, pricelists.

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::super::session;
use super::super::transport::Call;
use super::{Expectations, User, failed, many, reference, text, told};
use crate::catalog::{Check, PriceDigits};

pub(super) async fn examine(odoo: &Odoo, user: &User, expected: &Expectations, checks: &mut Vec<Check>) {
    checks.push(languages(odoo, user, expected).await);
    let company = match company(odoo, user, expected, checks).await {
        Ok(company) => company,
        Err(error) => {
            checks.push(failed("company", &error));
            None
        }
    };
    if let Some(company) = company {
        checks.push(taxes(odoo, company).await);
    }
    checks.push(pricelists(odoo).await);
    checks.push(digits(odoo).await);
}

async fn languages(odoo: &Odoo, user: &User, expected: &Expectations) -> Check {
    let rows = match odoo.search_read("res.lang", json!([["active", "=", true]]), &["code"]).await {
        Ok(rows) => rows,
        Err(error) => return failed("languages", &error),
    };
    let mut installed: Vec<&str> = rows.iter().map(|row| text(row, "code")).collect();
    installed.sort_unstable();
    let answer = json!({"languages": installed, "language": user.language});
    let used = match session::languages(&answer, &expected.languages) {
        Ok(used) => used,
        Err(error) => return failed("languages", &error),
    };
    let others: Vec<&str> = installed.iter().copied().filter(|one| !used.iter().any(|used| used == one)).collect();
    let used = used.join(", ");
    if others.is_empty() {
        return Check::ok("languages", format!("names are kept in {used}"));
    }
    Check::ok(
        "languages",
        format!("names are kept in {used}; installed besides, and left to people: {}", others.join(", ")),
    )
}

/// The company that a run works for, told with its currency.
async fn company(
    odoo: &Odoo,
    user: &User,
    expected: &Expectations,
    checks: &mut Vec<Check>,
) -> Result<Option<i64>, OdooError> {
    let domain = json!([["id", "in", user.companies]]);
    let rows = odoo.search_read("res.company", domain, &["name", "currency_id"]).await?;
    let known: Vec<Value> = rows.iter().map(|row| json!([row["id"], row["name"]])).collect();
    let answer = json!({"companies": known, "company": user.company});
    let id = session::company(&answer, expected.company.as_ref())?;
    let Some(row) = rows.iter().find(|row| row["id"].as_i64() == Some(id)) else { return Ok(None) };
    let name = text(row, "name");
    checks.push(if rows.len() > 1 && expected.company.is_none() {
        Check::warning(
            "company",
            format!("{name}, which is the account's own now; it has {}", many(rows.len(), "company", "companies")),
            "name one in odoo.company, so that a click in Odoo does not change it",
        )
    } else {
        Check::ok("company", name)
    });
    let currency = reference(row, "currency_id").map_or("unknown", |(_, name)| name);
    checks
        .push(Check::ok("currency", format!("{currency}: the source's prices must be in it, they are not converted")));
    Ok(Some(id))
}

/// The default sale tax, which products get and which says what a list price is.
async fn taxes(odoo: &Odoo, company: i64) -> Check {
    let domain = json!([["id", "=", company]]);
    let rows = match odoo.search_read("res.company", domain, &["account_sale_tax_id"]).await {
        Ok(rows) => rows,
        // The field comes with accounting.
        Err(OdooError::Fault { fault, .. }) if fault.message.contains("account_sale_tax_id") => {
            return Check::ok("taxes", "accounting is not installed: a list price is what the customer pays");
        }
        Err(error) => return Check::skipped("taxes", told(&error).0),
    };
    let tax = rows.first().and_then(|row| reference(row, "account_sale_tax_id"));
    let Some((id, name)) = tax else {
        return Check::ok("taxes", "the company has no default sale tax: a list price is what the customer pays");
    };
    let taxes = match odoo.search_read("account.tax", json!([["id", "=", id]]), &["price_include"]).await {
        Ok(taxes) => taxes,
        Err(error) => return Check::skipped("taxes", told(&error).0),
    };
    if taxes.first().is_some_and(|tax| tax["price_include"] == true) {
        return Check::ok("taxes", format!("list prices include {name}: the source's prices must be with tax"));
    }
    Check::ok("taxes", format!("{name} is added to list prices: the source's prices must be without tax"))
}

async fn pricelists(odoo: &Odoo) -> Check {
    match overriding(odoo).await {
        Ok((lists, rules)) if rules.is_empty() => {
            let of = if lists == 0 {
                "there are none".to_owned()
            } else {
                format!("none of {lists} overrides the list price of all products")
            };
            Check::ok("pricelists", of)
        }
        Ok((_, rules)) => {
            let says = format!(
                "{} for all products, so that customers may pay another price than the source's: {}",
                many(rules.len(), "active rule", "active rules"),
                rules.join(", ")
            );
            Check::warning(
                "pricelists",
                says,
                "look at them in Odoo (Sales or Point of Sale, Pricelists); erpsync writes list prices and leaves pricelists alone",
            )
        }
        Err(OdooError::Fault { fault, .. }) if fault.short_name() == "AccessError" => Check::skipped(
            "pricelists",
            "the account may not read pricelists; look yourself whether any overrides the list price",
        ),
        Err(error) => Check::skipped("pricelists", told(&error).0),
    }
}

/// How many pricelists there are, and the rules in them that change what all products cost.
async fn overriding(odoo: &Odoo) -> Result<(usize, Vec<String>), OdooError> {
    let lists = odoo.search_read("product.pricelist", json!([["active", "=", true]]), &["name"]).await?;
    let ids: Vec<&Value> = lists.iter().map(|list| &list["id"]).collect();
    let domain = json!([["pricelist_id", "in", ids], ["applied_on", "=", "3_global"]]);
    let fields =
        ["pricelist_id", "compute_price", "fixed_price", "percent_price", "base", "price_discount", "price_surcharge"];
    let rules = odoo.search_read("product.pricelist.item", domain, &fields).await?;
    Ok((lists.len(), rules.iter().filter_map(effect).collect()))
}

/// What a rule for all products does to their prices; `None` for one that leaves them.
fn effect(rule: &Map<String, Value>) -> Option<String> {
    let number = |field: &str| rule[field].as_f64().unwrap_or_default();
    let what = match text(rule, "compute_price") {
        "fixed" => format!("fixed price {}", number("fixed_price")),
        "percentage" if number("percent_price") != 0.0 => format!("{} % off", number("percent_price")),
        "formula" => {
            let neutral = ["price_discount", "price_surcharge"].iter().all(|field| number(field) == 0.0);
            if neutral && text(rule, "base") == "list_price" {
                return None;
            }
            "a formula".to_owned()
        }
        _ => return None,
    };
    Some(format!("{} ({what})", reference(rule, "pricelist_id").map_or("a pricelist", |(_, name)| name)))
}

async fn digits(odoo: &Odoo) -> Check {
    let call = Call::new("product.template", "fields_get")
        .arg("allfields", json!(["list_price"]))
        .arg("attributes", json!(["digits"]));
    match odoo.call(&call).await {
        Ok(fields) => {
            let digits = fields["list_price"]["digits"][1].as_u64().and_then(|d| u32::try_from(d).ok());
            let (kept, digits) = (digits.is_some(), PriceDigits::from_odoo(digits).get());
            Check::ok(
                "price-digits",
                if kept {
                    format!("Odoo keeps {digits} decimals of a list price; the source's are rounded to that")
                } else {
                    format!("Odoo limits no decimals of a list price; the source's {digits} are kept")
                },
            )
        }
        Err(error) => failed("price-digits", &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_change_prices() {
        let rule = |compute: &str, fixed: f64, percent: f64, base: &str, discount: f64| {
            let rule = json!({"pricelist_id": [1, "Retail"], "compute_price": compute, "fixed_price": fixed,
                "percent_price": percent, "base": base, "price_discount": discount, "price_surcharge": 0.0});
            let Value::Object(rule) = rule else { unreachable!() };
            effect(&rule)
        };
        assert_eq!(rule("fixed", 5.0, 0.0, "list_price", 0.0).as_deref(), Some("Retail (fixed price 5)"));
        assert_eq!(rule("percentage", 0.0, 10.0, "list_price", 0.0).as_deref(), Some("Retail (10 % off)"));
        assert_eq!(rule("percentage", 0.0, 0.0, "list_price", 0.0), None);
        assert_eq!(rule("formula", 0.0, 0.0, "list_price", 0.0), None, "as Odoo makes one by itself");
        assert_eq!(rule("formula", 0.0, 0.0, "standard_price", 0.0).as_deref(), Some("Retail (a formula)"));
        assert_eq!(rule("formula", 0.0, 0.0, "list_price", 5.0).as_deref(), Some("Retail (a formula)"));
    }
}
