//! `setup --remove` leaves Odoo as it was.

use super::people::Person;
use super::*;

/// Tables, columns, constraints and indexes.
fn schema(target: &Target) -> Vec<String> {
    target.sql(
        "select 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '') from information_schema.columns where table_schema = 'public'
         union all select 'table', table_name, table_type, '', '', '' from information_schema.tables where table_schema = 'public'
         union all select 'index', tablename, indexname, indexdef, '', '' from pg_indexes where schemaname = 'public'
         union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' from pg_constraint where connamespace = 'public'::regnamespace
         union all select 'trigger', tgrelid::regclass::text, tgname, '', '', '' from pg_trigger where not tgisinternal
         order by 1, 2, 3, 4",
    )
}

/// Every row of every table but those named, without the columns that say who wrote it last and when. Odoo up to 18 keeps
/// a view of all groups, which it writes anew for every group that comes or goes: it ends as it began, but `arch_prev` and
/// `arch_updated` tell of it, and 14 marks its translations as old.
fn rows(target: &Target, but: &[&str]) -> Vec<String> {
    let but: Vec<String> = but.iter().map(|t| format!("'{t}'")).collect();
    let mut out = target.sql(&format!(
        "select table_name, (xpath('/row/c/text()', query_to_xml(format('select count(*) || '':'' || coalesce(md5(string_agg(r, ''|'' order by r)), '''') as c from (select (to_jsonb(t) - ''write_date'' - ''write_uid'' - ''arch_prev'' - ''arch_updated'')::text as r from %I t) x', table_name), false, true, '')))[1]::text
         from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not in ('ir_translation', {}) order by 1",
        but.join(", ")
    ));
    if target.version < 16 {
        let view = "name = 'ir.ui.view,arch_db' and res_id = (select res_id from ir_model_data where module = 'base' and name = 'user_groups_view')";
        out.extend(target.sql(&format!(
            "select 'ir_translation', to_jsonb(t) - 'id' - (case when {view} then 'state' else '' end) from ir_translation t order by 2"
        )));
    }
    out
}

/// What every login notes, and the counters by which Odoo 19 tells its workers to read models, groups and views anew.
const UNAVOIDABLE: [&str; 10] = [
    "res_users_log",
    "res_device_log",
    "ir_sessions",
    "orm_signaling_registry",
    "orm_signaling_assets",
    "orm_signaling_default",
    "orm_signaling_groups",
    "orm_signaling_routing",
    "orm_signaling_stable",
    "orm_signaling_templates",
];

fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|l| !after.contains(l)).map(|l| format!("- {l}"));
    let new = after.iter().filter(|l| !before.contains(l)).map(|l| format!("+ {l}"));
    gone.chain(new).collect()
}

fn leaves_nothing(version: u32, languages: &[&str], name: &str) {
    let bench = bench(version, name, languages);
    let target = &bench.target;
    if languages.len() > 1 {
        admin_speaks(target, "ru_RU");
    }
    bench.setup(&["--remove"]).expect(0).says("Nothing to do");
    bench.setup(&["--remove", "--dry-run"]).expect(0).says("Nothing to do");
    let (schema_before, rows_before) = (schema(target), rows(target, &UNAVOIDABLE));
    bench.setup(&[]).expect(0);
    let whole = target.checksums(&LOGINS);
    bench.setup(&["--remove", "--dry-run"]).expect(2).says("model x_pz_product with all its records");
    bench.setup(&["--remove", "--keep-history", "--dry-run"]).expect(2);
    assert_eq!(target.checksums(&LOGINS), whole, "a dry run wrote something");
    bench.setup(&["--remove"]).expect(0).says("was taken out");
    assert_eq!(differences(&schema_before, &schema(target)), Vec::<String>::new());
    assert_eq!(differences(&rows_before, &rows(target, &UNAVOIDABLE)), Vec::<String>::new());
    let before = target.checksums(&LOGINS);
    bench.setup(&["--remove"]).expect(0).says("Nothing to do");
    bench.setup(&["--remove", "--dry-run"]).expect(0);
    assert_eq!(target.checksums(&LOGINS), before, "a second removal wrote something");
    bench.import(&[]).expect(78).says("erpsync setup");
}

const PRODUCTS: &str = "select 'p', count(*)::text, md5(string_agg(t::text, '|' order by t.id)) from product_product t
    union all select 't', count(*)::text, md5(string_agg(t::text, '|' order by t.id)) from product_template t";

/// What people made on top of our models goes along; the products stay.
fn after_work(version: u32) {
    let bench = bench(version, "erpsync_setup_work", &["en_US"]);
    let target = &bench.target;
    let schema_before = schema(target);
    import(&bench, 60);
    assert_eq!(target.sql("select count(*) from x_pz_conflict where x_state = 'open'"), ["2"]);
    let list = if version >= 18 { "list" } else { "tree" };
    let arch = format!("<{list}><field name=\"x_external_id\"/></{list}>");
    let view = json!([{"name": "of theirs", "model": "x_pz_product", "type": list, "arch_db": arch}]);
    target.admin(Call::new("ir.ui.view", "create").arg("vals_list", view));
    let action = json!([{"name": "Theirs", "res_model": "x_pz_product", "view_mode": list}]);
    let action = target.admin(Call::new("ir.actions.act_window", "create").arg("vals_list", action))[0].clone();
    let menu = json!([{"name": "Theirs", "action": format!("ir.actions.act_window,{action}")}]);
    target.admin(Call::new("ir.ui.menu", "create").arg("vals_list", menu));
    let filter = json!([{"name": "Theirs", "model_id": "x_pz_product", "domain": "[]"}]);
    target.admin(Call::new("ir.filters", "create").arg("vals_list", filter));

    let products = target.sql(PRODUCTS);
    bench.setup(&["--remove"]).expect(0);
    assert_eq!(target.sql(PRODUCTS), products);
    assert_eq!(differences(&schema_before, &schema(target)), Vec::<String>::new());
    assert_eq!(counts(target), NOTHING);
    for (table, column) in [
        ("ir_model_fields", "model"),
        ("ir_filters", "model_id"),
        ("ir_model_data", "name"),
        ("ir_model_data", "model"),
    ] {
        let left = target.sql(&format!("select * from {table} where {column} ~ 'x_pz_'"));
        assert_eq!(left, Vec::<String>::new(), "{table}");
    }
    let menus = Call::new("ir.ui.menu", "search_read").arg("domain", json!([])).arg("fields", json!(["action"]));
    assert!(
        !target
            .admin(menus.context("ir.ui.menu.full_list", true))
            .to_string()
            .contains(&format!("act_window,{action}\""))
    );

    // A removed setup can be made again: nothing is known of what was, so nothing is created twice.
    bench.setup(&[]).expect(0);
    assert_eq!(counts(target), WHOLE);
    bench.import(&["--dry-run"]).expect(5).says("--first-run");
    bench.import(&["--first-run"]).expect(3).says("58 adopted");
}

const HISTORY: &str = "select 'l', count(*)::text, md5(string_agg(t::text, '|' order by t.id)) from x_pz_product t
    union all select 'b', count(*)::text, md5(string_agg(t::text, '|' order by t.id)) from x_pz_product_barcode_history t
    union all select 'p', count(*)::text, md5(string_agg(t::text, '|' order by t.id)) from x_pz_product_price_history t
    union all select 'r', count(*)::text, md5(string_agg(t::text, '|' order by t.id)) from x_pz_run t";

fn keeps_history(version: u32) {
    let (bench, mut shop) = imported(version, "erpsync_setup_keep", 60);
    let target = &bench.target;
    let reader = Person::new(target, "reader", &["base.group_user", "erpsync.group_reader"]);
    let before = target.sql(HISTORY);
    assert!(before.iter().all(|l| l.split('|').nth(1).unwrap().parse::<u32>().unwrap() > 0), "{before:?}");
    bench.setup(&["--remove", "--keep-history"]).expect(0);
    assert_eq!(target.sql(HISTORY), before);
    bench.setup(&["--remove", "--keep-history"]).expect(0).says("Nothing to do");
    bench.setup(&["--remove", "--keep-history", "--dry-run"]).expect(0);
    assert_eq!(
        target.sql("select model from ir_model where model like 'x_pz_%' order by 1"),
        [
            "x_pz_product",
            "x_pz_product_barcode_history",
            "x_pz_product_name_history",
            "x_pz_product_price_history",
            "x_pz_run"
        ]
    );
    assert_eq!(
        target.sql("select count(*) from ir_model_data where module = 'erpsync' and model = 'ir.actions.server'"),
        ["0"]
    );
    // Every button of a screen that stays leads to a list that stays.
    screens::opens(&reader, "x_pz_product_name_history");
    let kept = ["x_pz_product", "x_pz_product_barcode_history", "x_pz_product_price_history", "x_pz_run"];
    for model in kept {
        screens::opens(&reader, model);
        assert!(!reader.may(&Call::new(model, "search_read").arg("domain", json!([]))).as_array().unwrap().is_empty());
    }
    let mut menus = screens::menus(&reader);
    menus.sort();
    assert_eq!(
        menus,
        ["Barcode history", "Catalogue synchronisation", "External products", "Name history", "Price history", "Runs"]
    );
    bench.import(&[]).expect(78).says("erpsync setup");

    bench.setup(&[]).expect(0);
    assert_eq!(target.sql(HISTORY), before, "setup lost history");
    assert_eq!(counts(target), WHOLE);
    // The two that wait wait again; what is changed is what changed meanwhile.
    shop.product(1005).price = "77.77".to_owned();
    shop.write(&bench);
    bench.import(&[]).expect(3).says("1 changed");
    assert_eq!(target.sql("select count(*) from x_pz_product"), ["60"]);
    assert_eq!(
        target.sql("select x_external_id, x_new from x_pz_product_price_history where x_old is not null"),
        ["1005|77.77"]
    );
    bench.setup(&[]).expect(0).says("Nothing to do");
    bench.setup(&["--remove", "--keep-history"]).expect(0);
    bench.setup(&["--remove"]).expect(0);
    assert_eq!(counts(target), NOTHING);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn removal_leaves_nothing_on_14() {
    leaves_nothing(crate::common::version(14), &["en_US"], "erpsync_setup_gone");
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn removal_leaves_nothing_on_19() {
    leaves_nothing(crate::common::version(19), &["en_US"], "erpsync_setup_gone");
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn removal_leaves_nothing_on_14_in_two_languages() {
    leaves_nothing(crate::common::version(14), &["en_US", "ru_RU"], "erpsync_setup_gone_ru");
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn removal_leaves_nothing_on_19_in_two_languages() {
    leaves_nothing(crate::common::version(19), &["en_US", "ru_RU"], "erpsync_setup_gone_ru");
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn removal_after_work_on_14() {
    after_work(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn removal_after_work_on_19() {
    after_work(crate::common::version(19));
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn removal_keeps_history_on_14() {
    keeps_history(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn removal_keeps_history_on_19() {
    keeps_history(crate::common::version(19));
}
