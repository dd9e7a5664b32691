//! Lists, forms, searches, window actions and menus open for our groups and are not there for others.

use serde_json::Value;

use super::people::Person;
use super::*;

const SCREENS: [&str; 8] = [
    "x_pz_conflict",
    "x_pz_product",
    "x_pz_product_barcode_history",
    "x_pz_product_price_history",
    "x_pz_product_name_history",
    "x_pz_run",
    "x_pz_pause",
    "x_pz_setup",
];

/// The screens of a model, as the web client asks for them.
#[track_caller]
pub fn opens(person: &Person, model: &'static str) -> Value {
    let list = if person.odoo.version >= 18 { "list" } else { "tree" };
    let method = if person.odoo.version >= 16 { "get_views" } else { "load_views" };
    let views = json!([[false, list], [false, "form"], [false, "search"]]);
    let answer = person.may(&Call::new(model, method).arg("views", views));
    let found = if person.odoo.version >= 16 { &answer["views"] } else { &answer["fields_views"] };
    for kind in [list, "form", "search"] {
        let arch = found[kind]["arch"].as_str().unwrap_or_else(|| panic!("{model} has no {kind}: {answer}"));
        assert!(arch.contains("x_"), "{model} {kind} is Odoo's own: {arch}");
    }
    found.clone()
}

/// Those of our menus that an account sees.
pub fn menus(person: &Person) -> Vec<String> {
    let ours = [
        "Catalogue synchronisation",
        "Deferred actions",
        "External products",
        "Barcode history",
        "Price history",
        "Name history",
        "Runs",
        "Pause",
        "Setup",
    ];
    fn names(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                out.extend(map.get("name").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|v| names(v, out));
            }
            Value::Array(list) => list.iter().for_each(|v| names(v, out)),
            _ => {}
        }
    }
    let mut seen = Vec::new();
    match person.call(&Call::new("ir.ui.menu", "load_menus").arg("debug", false)) {
        Ok(answer) => names(&answer, &mut seen),
        Err(e) => assert_eq!(e.kind(), erpsync::odoo::ErrorKind::Refused, "{e}"),
    }
    seen.retain(|name| ours.contains(&name.as_str()));
    seen
}

fn story(version: u32) {
    let (bench, _) = imported(version, "erpsync_setup_screens", 30);
    let target = &bench.target;
    let group = |name: &str| format!("erpsync.group_{name}");
    let people = ["reader", "operator", "sync"]
        .map(|name| Person::new(target, &format!("a_{name}"), &["base.group_user", &group(name)]));
    for person in &people {
        assert_eq!(menus(person).len(), 9, "{}", person.login);
        for model in SCREENS {
            let views = opens(person, model);
            // What nobody types stays readonly: histories have no field that can be edited.
            let form = views["form"]["arch"].as_str().unwrap();
            let editable = form.matches("<field ").count() - form.matches("readonly=\"1\"").count();
            let expected = match model {
                "x_pz_product" | "x_pz_conflict" => 2,
                "x_pz_pause" => 1,
                _ => 0,
            };
            assert_eq!(editable, expected, "{model}: {form}");
            // Each list can be sorted as it wants to be, each filter can be asked.
            let read = Call::new(model, "search_read").arg("domain", json!([])).arg("limit", 3);
            person.may(&read.arg("order", "id desc"));
        }
        let open = json!([["x_state", "=", "open"]]);
        let rows = person.may(&Call::new("x_pz_conflict", "search_read").arg("domain", open));
        assert_eq!(rows.as_array().map(Vec::len), Some(2));
    }
    // Whoever ran setup sees what it made.
    assert_eq!(menus(&Person::log_in(target, "admin", "admin")).len(), 9);
    for (login, groups) in [("plain", ["base.group_user"]), ("visitor", ["base.group_portal"])] {
        let plain = Person::new(target, login, &groups);
        assert_eq!(menus(&plain), Vec::<String>::new());
        for model in SCREENS {
            plain.is_refused(&Call::new(model, "search_read").arg("domain", json!([])));
        }
    }
    let (rel, column) = ("ir_act_window_group_rel", "act_id");
    assert_eq!(
        target.sql(&format!(
            "select count(distinct a.id), count(*) from ir_act_window a join {rel} r on r.{column} = a.id where a.res_model like 'x_pz_%'"
        )),
        ["8|32"]
    );
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn screens_on_14() {
    story(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn screens_on_19() {
    story(crate::common::version(19));
}
