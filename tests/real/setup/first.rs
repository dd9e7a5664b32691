//! The first setup, the second one, and all who may not.

use super::*;

fn refusals(bench: &Bench) {
    let admin = ["setup", "--admin-login", "admin"];
    let with = |more: &[&'static str]| [&admin[..], more].concat();
    let before = bench.target.checksums(&LOGINS);
    bench.run(&["setup"]).expect(77).says("needs an administrator").says("--admin-login");
    bench.run(&["setup", "--remove"]).expect(77).says("needs an administrator");
    run_with(bench, &admin, &[("ERPSYNC_ODOO_ADMIN_PASSWORD", Some("wrong"))])
        .expect(77)
        .says("refused the login of admin");
    run_with(bench, &admin, &[("ERPSYNC_ODOO_ADMIN_PASSWORD", None)]).expect(64).says("ERPSYNC_ODOO_ADMIN_PASSWORD");
    bench.run(&with(&["--odoo-database", "erpsync_is_not_here"])).expect(78).says("erpsync_is_not_here");
    bench.run(&with(&["--odoo-url", "http://127.0.0.1:1"])).expect(69).says("cannot reach Odoo");
    bench.run(&with(&["--grant", "nobody@example"])).expect(78).says("nobody@example");
    bench.run(&with(&["--keep-history"])).expect(64);
    assert_eq!(bench.target.checksums(&LOGINS), before, "a refused setup wrote something");
}

fn twice(bench: &Bench, env: &[(&str, Option<&str>)]) {
    let admin = ["setup", "--admin-login", "admin"];
    let with = |more: &[&'static str]| [&admin[..], more].concat();
    let before = bench.target.checksums(&LOGINS);
    let dry = run_with(bench, &with(&["--dry-run"]), env).expect(2).says("+ model x_pz_product \"External product\"");
    assert_eq!(bench.target.checksums(&LOGINS), before, "a dry run wrote something");
    let real = run_with(bench, &admin, env).expect(0).says("Setup took");
    let steps = |run: &Run| {
        run.stdout.lines().filter(|l| l.starts_with(['+', '~', '-'])).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(steps(&dry), steps(&real), "a dry run showed other steps");
    assert_eq!(counts(&bench.target), WHOLE);

    let before = bench.target.checksums(&LOGINS);
    for args in [&admin[..], &with(&["--dry-run"])] {
        let run = run_with(bench, args, env).expect(0).says("Nothing to do");
        assert_eq!(steps(&run), Vec::<String>::new());
    }
    assert_eq!(bench.target.checksums(&LOGINS), before, "a second setup wrote something");
    assert_eq!(run_with(bench, &with(&["--quiet"]), env).expect(0).stdout, "");
}

fn in_english(version: u32) {
    let bench = bench(version, "erpsync_setup_first", &["en_US"]);
    refusals(&bench);
    twice(&bench, &[]);
}

/// An administrator who works in Russian sees Odoo's own records in Russian; ours are compared in their base language.
fn in_russian(version: u32, key: bool) {
    let bench = bench(version, "erpsync_setup_ru", &["en_US", "ru_RU"]);
    admin_speaks(&bench.target, "ru_RU");
    if key {
        let key = bench.target.api_key("admin", None);
        twice(&bench, &[("ERPSYNC_ODOO_ADMIN_PASSWORD", None), ("ERPSYNC_ODOO_ADMIN_API_KEY", Some(&key))]);
        let wrong = [("ERPSYNC_ODOO_ADMIN_PASSWORD", None), ("ERPSYNC_ODOO_ADMIN_API_KEY", Some("0123456789abcdef"))];
        run_with(&bench, &["setup", "--admin-login", "admin"], &wrong).expect(77).says("the API key");
    } else {
        twice(&bench, &[]);
    }
    translated(&bench);
    import(&bench, 30);
}

/// Somebody translates our words: that is theirs, and nothing to mend.
fn translated(bench: &Bench) {
    let target = &bench.target;
    let group = target.sql("select res_id from ir_model_data where module = 'erpsync' and name = 'menu_x_pz_run'");
    let call = Call::new("ir.ui.menu", "write").ids(&[group[0].parse().unwrap()]);
    target.admin(call.arg("vals", json!({"name": "Запуски"})).context("lang", "ru_RU"));
    let field = target.sql("select id from ir_model_fields where model = 'x_pz_run' and name = 'x_host'");
    let call = Call::new("ir.model.fields", "write").ids(&[field[0].parse().unwrap()]);
    target.admin(call.arg("vals", json!({"field_description": "Машина"})).context("lang", "ru_RU"));
    bench.setup(&[]).expect(0).says("Nothing to do");
    let russian = Call::new("ir.ui.menu", "read").ids(&[group[0].parse().unwrap()]).arg("fields", json!(["name"]));
    assert_eq!(target.admin(russian.context("lang", "ru_RU"))[0]["name"], "Запуски");
}

/// Up to version 4 the pause switch was a field of the setup's own row, and the sync account might write what it sees.
fn from_version_4(version: u32) {
    let (bench, _) = imported(version, "erpsync_setup_v4", 12);
    let target = &bench.target;
    target.user("till", people::PASSWORD, &["base.group_user", "erpsync.group_operator"]);
    let ids = |what: &str| target.sql(what).iter().map(|id| id.parse().unwrap()).collect::<Vec<i64>>();
    for model in ["ir.ui.menu", "ir.actions.act_window", "ir.ui.view", "ir.model"] {
        let of = format!(
            "select res_id from ir_model_data where module = 'erpsync' and name like '%x_pz_pause%' and model = '{model}'"
        );
        target.admin(Call::new(model, "unlink").ids(&ids(&of)));
    }
    let model = ids("select id from ir_model where model = 'x_pz_setup'")[0];
    let values = json!({
        "name": "x_paused", "field_description": "Paused", "state": "manual", "ttype": "boolean", "model_id": model,
    });
    target.admin(Call::new("ir.model.fields", "create").arg("vals_list", json!([values])));
    target.sql(
        "update x_pz_setup set x_schema = 4, x_paused = true, write_date = '2026-01-02 03:04:05',
         write_uid = (select id from res_users where login = 'till')",
    );
    target.sql("update ir_model_access set perm_write = true, perm_create = true where name = 'x_pz_run sync'");
    bench.import(&[]).expect(78).says("setup (schema 4) is unfinished, or older").says("run `erpsync setup`");
    let run = bench.setup(&[]).expect(0).says("+ pause switch").says("- field x_pz_setup.x_paused");
    assert!(run.stdout.contains("~ rights x_pz_run sync"), "{}", run.stdout);
    assert_eq!(counts(target), WHOLE);
    bench.import(&[]).expect(75).says("paused in Odoo by till since 2026-01-02 03:04:05 UTC");
    bench.setup(&[]).expect(0).says("Nothing to do");
    target.sql("update x_pz_pause set x_paused = false");
    bench.import(&[]).expect(3);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn from_version_4_on_14() {
    from_version_4(14);
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn from_version_4_on_19() {
    from_version_4(19);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn first_setup_on_14() {
    in_english(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn first_setup_on_19() {
    in_english(crate::common::version(19));
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn first_setup_on_14_by_a_russian_administrator() {
    in_russian(crate::common::version(14), false);
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn first_setup_on_19_by_a_russian_administrator_with_an_api_key() {
    in_russian(crate::common::version(19), true);
}
