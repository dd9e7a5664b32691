//! Who may do what: the procedures are the sync group's alone, history is nobody's to change.

use erpsync::odoo::ErrorKind;
use serde_json::Value;

use super::people::Person;
use super::*;

const MODELS: [&str; 8] = [
    "x_pz_run",
    "x_pz_product",
    "x_pz_product_barcode_history",
    "x_pz_product_price_history",
    "x_pz_conflict",
    "x_pz_lane",
    "x_pz_pause",
    "x_pz_setup",
];

/// Letters of read, write, create, unlink, in the order of [`MODELS`].
const SYNC: [&str; 8] = ["r", "r", "r", "r", "rw", "", "r", "r"];
const OPERATOR: [&str; 8] = ["r", "rwu", "r", "r", "rw", "", "rw", "r"];
const READER: [&str; 8] = ["r", "r", "r", "r", "r", "", "r", "r"];
const STRANGER: [&str; 8] = [""; 8];

fn manager(version: u32) -> &'static str {
    if version >= 19 { "product.group_product_manager" } else { "sales_team.group_sale_manager" }
}

fn procedures(target: &Target) -> Vec<(String, i64)> {
    let text = target.sql("select x_procedures from x_pz_setup").remove(0);
    let all: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().map(|(name, id)| (name, id.as_i64().unwrap())).collect()
}

/// A question that each procedure would answer if it were asked.
fn question(name: &str) -> Value {
    json!({
        "company": null, "languages": [], "procedures": {}, "group": 0, "create": null, "what": "take", "token": "t",
        "holder": "h", "seconds": 1, "key": name, "source": "polonez", "command": "c", "lane": 0, "rows": [],
        "after": 0, "limit": 10, "barcodes": [], "names": [], "conflicts": false, "finish": null, "scope": null, "ids": [],
    })
}

fn refused_everywhere(person: &Person, target: &Target) {
    for (name, id) in procedures(target) {
        person.is_refused(&Call::new("ir.actions.server", "run").ids(&[id]).context("erpsync", question(&name)));
        let active = Call::new("ir.actions.server", "run").context("erpsync", question(&name));
        // The other way that the web client takes: an action of a record.
        person.is_refused(&active.ids(&[id]).context("active_model", "x_pz_product").context("active_id", 1));
        for (method, args) in [("write", json!({"code": "action = {}"})), ("unlink", Value::Null)] {
            let mut call = Call::new("ir.actions.server", method).ids(&[id]);
            if !args.is_null() {
                call = call.arg("vals", args);
            }
            person.is_refused(&call);
        }
    }
}

fn attempts(person: &Person, target: &Target, expected: [&str; 8]) {
    for (model, expected) in MODELS.into_iter().zip(expected) {
        assert_eq!(person.rights(model), expected, "{} on {model}", person.login);
        let id: i64 = target.sql(&format!("select min(id) from {model}"))[0].parse().unwrap();
        let read = Call::new(model, "search_read").arg("domain", json!([])).arg("fields", json!(["x_name"]));
        let record = Call::new(model, "read").ids(&[id]).arg("fields", json!(["x_name"]));
        for call in [read, record] {
            if expected.contains('r') {
                assert!(!person.may(&call).as_array().unwrap().is_empty(), "{model}");
            } else {
                person.is_refused(&call);
            }
        }
        let name = target.sql(&format!("select x_name from {model} where id = {id}")).remove(0);
        let write = Call::new(model, "write").ids(&[id]).arg("vals", json!({"x_name": name}));
        if expected.contains('w') {
            person.may(&write);
        } else {
            person.is_refused(&write);
        }
        if !expected.contains('c') {
            person.is_refused(&Call::new(model, "create").arg("vals_list", json!([{"x_name": "x"}])));
        }
        if !expected.contains('u') {
            person.is_refused(&Call::new(model, "unlink").ids(&[id]));
        }
    }
}

fn story(version: u32) {
    let (bench, _) = imported(version, "erpsync_setup_rights", 30);
    let target = &bench.target;
    assert_eq!(
        target.sql(
            "select d.name, array_agg(g.name order by g.name) from ir_model_data d
             join ir_act_server_group_rel r on r.act_id = d.res_id
             join ir_model_data g on g.model = 'res.groups' and g.res_id = r.gid
             where d.module = 'erpsync' and d.model = 'ir.actions.server' group by 1 order by 1"
        ),
        ["barcodes", "create", "digest", "hello", "lease", "lookup", "move", "prune", "report", "snapshot", "update"]
            .map(|p| format!("procedure_{p}|{{group_sync}}"))
    );

    let strangers = [
        ("portal", vec!["base.group_portal"]),
        ("plain", vec!["base.group_user"]),
        ("manager", vec!["base.group_user", manager(version), "stock.group_stock_manager"]),
    ];
    for (login, groups) in strangers {
        let person = Person::new(target, login, &groups);
        refused_everywhere(&person, target);
        attempts(&person, target, STRANGER);
        if version >= 19 {
            let person = Person::by_key(target, login);
            refused_everywhere(&person, target);
            attempts(&person, target, STRANGER);
        }
    }
    for (login, group, rights) in
        [("reader", "erpsync.group_reader", READER), ("operator", "erpsync.group_operator", OPERATOR)]
    {
        let person = Person::new(target, login, &["base.group_user", group]);
        attempts(&person, target, rights);
        refused_everywhere(&person, target);
    }
    let sync = Person::log_in(target, "sync", crate::common::target::SYNC_PASSWORD);
    attempts(&sync, target, SYNC);
    for (name, id) in procedures(target).into_iter().filter(|(n, _)| n == "hello") {
        let mut asked = question(&name);
        let refused = sync.call(&Call::new("ir.actions.server", "run").ids(&[id]).context("erpsync", asked.clone()));
        assert!(refused.unwrap_err().to_string().contains("erpsync: another version than the caller"));
        asked["code"] = json!(erpsync::odoo::procedure::Procedure::Hello.mark(version));
        sync.may(&Call::new("ir.actions.server", "run").ids(&[id]).context("erpsync", asked));
    }
    // The sync account may run the procedures, not edit them.
    for (_, id) in procedures(target) {
        sync.is_refused(&Call::new("ir.actions.server", "write").ids(&[id]).arg("vals", json!({"code": "pass"})));
    }

    // What an operator is for.
    let operator = Person::log_in(target, "operator", people::PASSWORD);
    let id = |sql: &str| target.sql(sql)[0].parse::<i64>().unwrap();
    let link = id("select min(id) from x_pz_product");
    operator.may(&Call::new("x_pz_product", "write").ids(&[link]).arg("vals", json!({"x_no_touch": true})));
    let switch = id("select id from x_pz_pause");
    operator.may(&Call::new("x_pz_pause", "write").ids(&[switch]).arg("vals", json!({"x_paused": true})));
    bench.import(&[]).expect(75).says("operator");
    operator.may(&Call::new("x_pz_pause", "write").ids(&[switch]).arg("vals", json!({"x_paused": false})));
    bench.import(&[]).expect(3);

    // An unauthorised question is told as such, not as a failure of the server's.
    let plain = Person::log_in(target, "plain", people::PASSWORD);
    let error = plain.call(&Call::new("x_pz_lane", "search_read").arg("domain", json!([]))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn rights_on_14() {
    story(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn rights_on_19() {
    story(crate::common::version(19));
}
