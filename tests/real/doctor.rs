//! `erpsync doctor` on real Odoo 14 and 19: healthy, then one thing broken at a time; nothing is written.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored doctor::`.

use std::fs;

use crate::common::shop::Shop;
use crate::common::target::{How, Target, script};
use crate::common::{Bench, Run};
use erpsync::odoo::transport::Call;
use serde_json::{Value, json};

/// Written by every login, whatever it does.
const LOGINS: [&str; 3] = ["res_users_log", "res_device_log", "ir_sessions"];

struct Stage {
    bench: Bench,
}

impl Stage {
    fn new(version: u32) -> Self {
        let how = if version >= 19 { How::ApiKey } else { How::Password };
        let target = Target::real(version, &format!("doctor_{version}"), &["en_US", "ru_RU"], how);
        let bench = Bench::new(target).with("missing = \"archive\"\n");
        Shop::new(12).write(&bench);
        Self { bench }
    }

    fn target(&self) -> &Target {
        &self.bench.target
    }

    fn doctor(&self) -> Run {
        self.bench.run(&["doctor", "--format", "json"])
    }

    /// The configuration with another line in it, for as long as the doctor looks.
    fn with(&self, from: &str, to: &str) -> Run {
        let before = fs::read_to_string(self.bench.config()).unwrap();
        assert!(before.contains(from), "{before}");
        fs::write(self.bench.config(), before.replace(from, to)).unwrap();
        let run = self.doctor();
        fs::write(self.bench.config(), before).unwrap();
        run
    }

    fn sync_group(&self, command: u8) {
        let field = if self.target().version >= 19 { "group_ids" } else { "groups_id" };
        let id = |sql: &str| self.target().sql(sql)[0].parse::<i64>().unwrap();
        let group = id("select res_id from ir_model_data where module = 'erpsync' and name = 'group_sync'");
        let user = id("select id from res_users where login = 'sync'");
        let values = json!({field: [[command, group]]});
        self.target().admin(Call::new("res.users", "write").ids(&[user]).arg("vals", values));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            script("drop-db", &[&self.target().version.to_string(), &self.target().database]);
        }
    }
}

/// The check has this state, and these words in its message or cure.
#[track_caller]
fn says(run: &Run, name: &str, state: &str, words: &str) {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e} in {run:?}"));
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|c| c["area"] == "Odoo" && c["check"] == name).unwrap();
    assert_eq!(check["state"], state, "{check:#}");
    let all = format!("{} → {}", check["message"].as_str().unwrap(), check["cure"].as_str().unwrap_or_default());
    assert!(all.contains(words), "no {words:?} in {all}");
}

fn healthy_then_broken(version: u32) {
    let stage = Stage::new(version);
    let target = stage.target();
    let run = stage.doctor().expect(1);
    says(&run, "setup", "failed", "run `erpsync setup`");
    says(&run, "company", "ok", "My Company");
    says(&run, "languages", "ok", "names are kept in en_US, ru_RU");

    stage.bench.setup(&["-q"]).expect(0);
    let before = target.checksums(&LOGINS);
    let run = stage.doctor().expect(0);
    assert_eq!(target.checksums(&LOGINS), before, "it wrote something");
    stage.bench.assert_source_untouched();
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let bad: Vec<&Value> = document["checks"].as_array().unwrap().iter().filter(|c| c["state"] != "ok").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    says(&run, "currency", "ok", "USD");
    says(&run, "taxes", "ok", "must be without tax");
    says(&run, "archiving", "ok", "the account sees reordering rules, and there are none");
    says(&run, "price-digits", "ok", if version >= 19 { "limits no decimals" } else { "keeps 2 decimals" });
    says(&run, "last-run", "ok", "none yet");

    stage.bench.import(&["--first-run"]).expect(0);
    says(&stage.doctor().expect(0), "last-run", "ok", "done; 12 created");

    says(
        &stage.with("languages = [\"en_US\", \"ru_RU\"]", "languages = [\"fr_FR\"]").expect(1),
        "languages",
        "failed",
        "fr_FR",
    );
    says(&stage.with("[sync]", "company = \"Nobody\"\n[sync]").expect(1), "company", "failed", "Nobody");
    let create = "[sources.polonez.create]\ncategory = \"No such category\"\n[odoo]";
    let run = stage.with("[odoo]", create).expect(1);
    says(&run, "new-products", "failed", "sources.polonez.create.category: no record of product.category");

    let uuid = target.sql("select value from ir_config_parameter where key = 'database.uuid'").remove(0);
    target.sql("update ir_config_parameter set value = 'staging' where key = 'database.uuid'");
    says(&stage.doctor().expect(1), "database", "failed", "this database (staging) is a copy");
    target.sql(&format!("update ir_config_parameter set value = '{uuid}' where key = 'database.uuid'"));

    target.sql("update x_pz_pause set x_paused = true");
    says(&stage.doctor().expect(0), "pause", "warning", "runs end with status 75");
    target.sql("update x_pz_pause set x_paused = false");

    target.sql("update ir_act_server set code = code || E'\\n# mine' where code like '# erpsync move:%'");
    target.sql("delete from ir_act_server_group_rel where act_id = (select id from ir_act_server where code like '# erpsync update:%')");
    let run = stage.doctor().expect(1);
    says(&run, "procedures", "failed", "not those of this erpsync: move");
    says(&run, "procedure-groups", "failed", "as they must be: update");
    stage.bench.setup(&["-q"]).expect(0);
    says(&stage.doctor().expect(0), "procedures", "ok", "all 11");

    stage.sync_group(3);
    says(&stage.doctor().expect(1), "setup", "failed", "setup --grant");
    stage.sync_group(4);

    let call = Call::new("product.pricelist", "create");
    let item = json!([0, 0, {"applied_on": "3_global", "compute_price": "percentage", "percent_price": 7.0}]);
    target.admin(call.arg("vals_list", json!([{"name": "Friends", "item_ids": [item]}])));
    says(&stage.doctor().expect(0), "pricelists", "warning", "7 % off");

    let tax = target.sql("select account_sale_tax_id from res_company order by id limit 1")[0].parse::<i64>().unwrap();
    let values =
        if version >= 19 { json!({"price_include_override": "tax_included"}) } else { json!({"price_include": true}) };
    target.admin(Call::new("account.tax", "write").ids(&[tax]).arg("vals", values));
    says(&stage.doctor().expect(0), "taxes", "ok", "must be with tax");

    let mut admin = stage.bench.command(&["doctor", "--format", "json", "--odoo-login", "admin"]);
    let output = admin.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", "admin").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let run = Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
    says(&run, "administrator", "warning", "admin is an administrator of Odoo");
    says(&run, "api-key", "ok", "none is used");

    if version >= 19 {
        target.api_key("sync", Some(3));
        says(&stage.doctor().expect(0), "api-key", "warning", "one of the account's 2 keys");
    }
}

on_both! {
    healthy_then_broken: healthy_then_broken,
}
