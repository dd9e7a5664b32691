//! People who sell and store know nothing of the synchronisation: it must not get in their way.

use serde_json::{Map, Value};

use super::people::Person;
use super::*;

/// A model's records that are not ours, by id, and what a person gets of them in every way that clients use.
fn seen(person: &Person, target: &Target, model: &'static str, ids: &[i64]) -> Vec<(String, Value)> {
    let mine = json!([["id", "in", ids]]);
    let calls = [
        ("read", Call::new(model, "read").ids(ids)),
        ("search_read", Call::new(model, "search_read").arg("domain", mine.clone())),
        ("name_search", Call::new(model, "name_search").arg("name", "Lamp").arg(domain_word(target), mine.clone())),
        ("fields_get", Call::new(model, "fields_get")),
        ("default_get", Call::new(model, "default_get").arg(fields_word(target), json!(["name", "list_price"]))),
        ("rename", Call::new(model, "write").ids(&ids[..1]).arg("vals", json!({"name": "Lamp 0"}))),
        ("reprice", Call::new(model, "write").ids(&ids[..1]).arg("vals", json!({"list_price": 10.0}))),
    ];
    let mut out: Vec<(String, Value)> = calls
        .into_iter()
        .map(|(what, call)| {
            let answer = person.call(&call).map(|v| cleaned(v, what));
            (format!("{} {model} {what}", person.login), answer.unwrap_or_else(|e| json!(e.to_string())))
        })
        .collect();
    let create = Call::new(model, "create").arg("vals_list", json!([{"name": "Lamp of theirs"}]));
    let created = match person.call(&create) {
        Ok(id) => {
            let id = id[0].as_i64().unwrap();
            let read = person
                .may(&Call::new(model, "read").ids(&[id]).arg("fields", json!(["name", "list_price", "barcode"])));
            target.admin(Call::new(model, "unlink").ids(&[id]));
            json!([read[0]["name"], read[0]["list_price"], read[0]["barcode"]])
        }
        Err(e) => json!(e.to_string()),
    };
    out.push((format!("{} {model} create", person.login), created));
    out
}

fn domain_word(target: &Target) -> &'static str {
    if target.version >= 18 { "domain" } else { "args" }
}

fn fields_word(target: &Target) -> &'static str {
    if target.version >= 19 { "fields" } else { "fields_list" }
}

/// Without what the writes of the test itself leave behind.
fn cleaned(value: Value, what: &str) -> Value {
    if what == "fields_get" {
        return value;
    }
    let clean = |record: Value| match record {
        Value::Object(map) => {
            let stays = |name: &String| {
                !name.starts_with("message_") && !["write_date", "write_uid", "__last_update"].contains(&name.as_str())
            };
            Value::Object(map.into_iter().filter(|(name, _)| stays(name)).collect::<Map<_, _>>())
        }
        other => other,
    };
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(clean).collect()),
        other => other,
    }
}

#[track_caller]
fn assert_same(then: &[(String, Value)], now: &[(String, Value)], when: &str) {
    for ((what, then), (_, now)) in then.iter().zip(now) {
        assert_eq!(then, now, "{what} {when}");
    }
}

fn story(version: u32) {
    let bench = bench(version, "erpsync_setup_sellers", &["en_US"]);
    let target = &bench.target;
    let names: Vec<Value> = (0..5)
        .map(|i| json!({"name": format!("Lamp {i}"), "barcode": format!("lamp{i}"), "list_price": 10.0}))
        .collect();
    let created = target.admin(Call::new("product.template", "create").arg("vals_list", json!(names)));
    let templates: Vec<i64> = created.as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
    let list = templates.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let products: Vec<i64> = target
        .sql(&format!("select id from product_product where product_tmpl_id in ({list}) order by id"))
        .iter()
        .map(|l| l.parse().unwrap())
        .collect();
    let people = [
        Person::new(target, "seller", &["base.group_user", "sales_team.group_sale_salesman"]),
        Person::new(target, "stocker", &["base.group_user", "stock.group_stock_user"]),
        Person::new(target, "chief", &["base.group_user", "sales_team.group_sale_manager"]),
    ];
    let look = || -> Vec<(String, Value)> {
        let of = |p| {
            [seen(p, target, "product.product", &products), seen(p, target, "product.template", &templates)].concat()
        };
        people.iter().flat_map(of).collect()
    };
    let before = look();
    // On 14 some may not read everything even then; what matters is that it stays so.
    let reads = before
        .iter()
        .filter(|(what, answer)| what.ends_with("read") && answer.as_array().is_some_and(|a| a.len() == 5));
    assert!(reads.count() >= 4, "{before:?}");

    import(&bench, 30);
    assert_same(&before, &look(), "after setup and an import");
    bench.setup(&["--remove", "--keep-history"]).expect(0);
    assert_same(&before, &look(), "after a removal that keeps history");
    bench.setup(&["--remove"]).expect(0);
    assert_same(&before, &look(), "after the removal");
    bench.setup(&[]).expect(0);
    assert_same(&before, &look(), "after a setup alone");
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn sellers_notice_nothing_on_14() {
    story(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn sellers_notice_nothing_on_19() {
    story(crate::common::version(19));
}
