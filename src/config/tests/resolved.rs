//! What the settings become.

use std::path::PathBuf;
use std::time::Duration;

use rust_decimal::Decimal;

use super::super::document;
use super::super::*;
use super::{SMALL, load, load_with, small_with, vars};
use crate::catalog::{MatchRule, SourceName};
use crate::plan::{Allowances, FieldPolicy, Limit, Policy};

fn polonez(settings: &Settings) -> &SourceSettings {
    &settings.sources[&SourceName::parse("polonez").unwrap()]
}

#[test]
fn the_default_policy_is_the_planner_s() {
    let allow = Allowances { first_run: true, ..Allowances::default() };
    let settings = load(SMALL).unwrap();
    let policy = settings.sync.policy(settings.sources.values().next().unwrap(), allow);
    assert_eq!(policy, Policy { allow, ..Policy::default() });
}

#[test]
fn rules_reach_the_policy() {
    let text = small_with(
        "",
        r#"
[sync]
name = "odoo"
price = "ask"
match = ["default_code", "barcode"]
new_without_price = "unsaleable"
max_price_change = { percent = 12.5, amount = "0.50" }
[sync.guards]
max_create = { count = 7 }
max_release = { percent = 3 }
"#,
    );
    let settings = load(&text).unwrap();
    let policy = settings.sync.policy(settings.sources.values().next().unwrap(), Allowances::default());
    assert_eq!((policy.name, policy.price, policy.barcode), (FieldPolicy::Odoo, FieldPolicy::Ask, FieldPolicy::Source));
    assert_eq!(policy.match_rules, [MatchRule::DefaultCode, MatchRule::Barcode]);
    assert_eq!(policy.max_price_change.percent, Decimal::new(125, 1));
    assert_eq!(policy.max_price_change.amount, Decimal::new(5, 1));
    assert_eq!(policy.guards.max_create, Limit { count: 7, percent: 10 });
    assert_eq!(policy.guards.max_release, Limit { count: 20, percent: 3 });
}

#[test]
fn what_a_source_may_send_and_how() {
    let text = small_with(
        "user = \"reader\"",
        "user = \"reader\"\nread_intent = false\nmax_rows = 5\nmax_megabytes = 3\ndamaged_names = \"keep\"",
    );
    let settings = load(&text).unwrap();
    let source = polonez(&settings);
    assert_eq!((source.max_rows, source.max_bytes), (5, 3 << 20));
    assert_eq!((source.read_intent, source.damaged_names), (false, true));
    let settings = load(SMALL).unwrap();
    let source = polonez(&settings);
    assert_eq!((source.max_rows, source.max_bytes), (10_000_000, 2 << 30));
    assert_eq!((source.read_intent, source.damaged_names), (true, false));
}

#[test]
fn columns_may_stand_in_brackets() {
    let text = r#"columns = { id = "[Product ID]", name = "[a]]b]", price = "\"Price\"", barcode = "[Bar] + [code]" }"#;
    let settings = load(&small_with("user = \"reader\"", &format!("user = \"reader\"\n{text}"))).unwrap();
    let Columns { id, name, price, barcode } = &polonez(&settings).columns;
    assert_eq!((id.as_str(), name.as_str(), price.as_str()), ("Product ID", "a]b", "Price"));
    assert_eq!(barcode, "[Bar] + [code]", "no name in brackets");
}

#[test]
fn a_byte_order_mark_before_the_configuration() {
    assert_eq!(load(&format!("\u{feff}{SMALL}")).unwrap(), load(SMALL).unwrap());
}

#[test]
fn a_flag_beats_a_variable_beats_the_file() {
    let env = vars([
        ("ERPSYNC_ODOO_URL", "https://from.env"),
        ("ERPSYNC_ODOO_DATABASE", "from-env"),
        ("ERPSYNC_ODOO_LOGIN", ""),
        ("ERPSYNC_SOURCE_POLONEZ_HOST", "env-host"),
        ("ERPSYNC_SOURCE_POLONEZ_PORT", "1444"),
        ("ERPSYNC_SOURCE_POLONEZ_USER", "env-user"),
    ]);
    let overrides = Overrides { odoo_url: Some("https://from.flag".to_owned()), ..Overrides::default() };
    let text = small_with("[odoo]", "instance = \"X\"\n[odoo]\nlogin = \"from-file\"");
    let settings = load_with(&text, &overrides, &env).unwrap();
    assert_eq!(settings.odoo.url.as_str(), "https://from.flag/");
    assert_eq!(settings.odoo.database, "from-env");
    assert_eq!(settings.odoo.login.as_deref(), Some("from-file"), "an empty variable is not set");
    let source = polonez(&settings);
    assert_eq!(
        (source.host.as_str(), source.user.as_str(), source.database.as_str()),
        ("env-host", "env-user", "Trade")
    );
    assert_eq!(source.endpoint, Endpoint::Port(1444), "a port from the environment beats the file's instance");
}

#[test]
fn variables_stand_in_for_missing_keys() {
    let env = vars([
        ("ERPSYNC_SOURCE_SHOP_2_HOST", "h"),
        ("ERPSYNC_SOURCE_SHOP_2_DATABASE", "d"),
        ("ERPSYNC_SOURCE_SHOP_2_USER", "u"),
        ("ERPSYNC_ODOO_URL", "http://localhost:8069"),
        ("ERPSYNC_ODOO_DATABASE", "o"),
    ]);
    let settings = load_with("[sources.shop-2]", &Overrides::default(), &env).unwrap();
    assert_eq!(settings.sources.len(), 1);
    assert_eq!(settings.warnings, Vec::<String>::new(), "loopback needs no encryption");
}

#[test]
fn only_the_sources_asked_for_are_resolved() {
    let text = small_with("", "[sources.kassa]\ntls = \"off\"\n");
    let overrides = Overrides { sources: vec!["polonez".to_owned()], ..Overrides::default() };
    let settings = load_with(&text, &overrides, &vars([])).unwrap();
    assert_eq!(settings.sources.keys().map(SourceName::as_str).collect::<Vec<_>>(), ["polonez"]);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    assert!(load(&text).is_err(), "kassa has no host");
}

#[test]
fn a_file_without_sources_does_for_setup() {
    let settings = load("[odoo]\nurl = \"https://o\"\ndatabase = \"d\"").unwrap();
    insta::assert_snapshot!(settings.require_sources().unwrap_err(), @"conf/sync.toml: no source is configured; add a section [sources.NAME] with host, database and user");
    load(SMALL).unwrap().require_sources().unwrap();
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    load(&format!("\u{feff}{SMALL}")).unwrap();
}

#[test]
fn queries_lose_their_semicolon() {
    let text = small_with("user = \"reader\"", "user = \"r\"\nproducts_query = \"SELECT 1 ; \\n;\"");
    assert_eq!(polonez(&load(&text).unwrap()).products_query, "SELECT 1");
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = small_with("user = \"reader\"", "user = \"r\"\npassword_file = \"secret/sql\"");
    let settings = load(&(text + "[sync]\nlock_file = \"/run/x.lock\"\n")).unwrap();
    assert_eq!(polonez(&settings).password.place(), Some(&SecretPlace::File("conf/secret/sql".into())));
    assert_eq!(settings.sync.lock_file, Some(PathBuf::from("/run/x.lock")));
    assert_eq!(settings.lock_files(&vars([])), [PathBuf::from("/run/x.lock")]);
}

#[test]
fn the_lock_belongs_to_the_odoo_database() {
    let env = vars([("XDG_RUNTIME_DIR", "/run/user/1")]);
    let lock = |text: &str| load(text).unwrap().lock_files(&env);
    let files = lock(SMALL);
    assert_eq!(files.len(), 3);
    assert!(files[0].starts_with("/run/user/1") && files[1].starts_with("/run"), "{files:?}");
    assert_eq!(files, lock(&small_with("https://odoo.example.com", "https://odoo.example.com/")), "the same address");
    assert_eq!(files, lock(&small_with("host = \"sql\"", "host = \"other\"")), "whichever the source");
    assert_ne!(files, lock(&small_with("\"shop\"", "\"shop2\"")));
}

#[test]
fn addresses_and_hosts_that_are_right() {
    for (given, kept) in [
        ("https://odoo.example.com", "https://odoo.example.com/"),
        ("http://[::1]:8069/", "http://[::1]:8069/"),
        ("https://example.com/erp", "https://example.com/erp/"),
        ("HTTPS://Odoo.Example.com:443", "https://odoo.example.com/"),
    ] {
        let settings = load(&small_with("https://odoo.example.com", given)).unwrap();
        assert_eq!(settings.odoo.url.as_str(), kept);
    }
    for host in ["10.0.0.5", "sql-1.shop.local", "fe80::1"] {
        let settings = load(&small_with("host = \"sql\"", &format!("host = {host:?}"))).unwrap();
        assert_eq!(polonez(&settings).host, host);
    }
}

#[test]
fn languages_in_odoo_s_spelling() {
    let text = format!("{SMALL}languages = [\"ru_RU\", \"es_419\", \"sr@latin\", \"eo\"]\n");
    assert_eq!(load(&text).unwrap().odoo.languages.len(), 4);
}

#[test]
fn records_by_name_or_id_and_times_in_seconds() {
    let text = small_with(
        "user = \"reader\"",
        "user = \"r\"\nlock_timeout = 3\n[sources.polonez.create]\ncategory = \"All / Saleable\"\ntaxes = [4, \"VAT\"]\ntype = \"consumable\"\ncompany = \"own\"\n",
    );
    let settings = load(&text).unwrap();
    let source = polonez(&settings);
    assert_eq!(source.lock_timeout, Duration::from_secs(3));
    assert_eq!(source.create.category, Some(NameOrId::Name("All / Saleable".to_owned())));
    assert_eq!(source.create.taxes, Some(vec![NameOrId::Id(4), NameOrId::Name("VAT".to_owned())]));
    assert_eq!((source.create.kind, source.create.company), (ProductType::Consumable, CreateCompany::Own));
    assert!(source.create.available_in_pos && source.create.set_default_code);
}

#[test]
fn the_usual_places_in_order() {
    let places = |env: &dyn Environment| document::usual_places(env);
    let file = |path: &str| PathBuf::from(path);
    assert_eq!(
        places(&vars([("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")])),
        [file("sync.toml"), file("/x/erpsync/sync.toml"), file("/etc/erpsync/sync.toml")]
    );
    assert_eq!(places(&vars([("HOME", "/h")]))[1], file("/h/.config/erpsync/sync.toml"));
    assert_eq!(places(&vars([])), [file("sync.toml"), file("/etc/erpsync/sync.toml")], "cron may have no HOME");
}

#[test]
fn insecure_choices_are_warned_about() {
    let text = small_with("host = \"sql\"", "host = \"sql\"\ntls = \"trust-any\"")
        .replace("https://odoo.example.com", "http://odoo.example.com")
        + "tls = \"trust-any\"\n";
    let settings = load(&text).unwrap();
    assert_eq!(polonez(&settings).tls, SourceTls::TrustAny);
    insta::assert_snapshot!(settings.warnings.join("\n"), @r#"
source polonez: tls = "trust-any" does not check who answers, and sends the password to them; tls = "ca-file" with the server's certificate does
Odoo: tls = "trust-any" does not check who answers, and sends the password or key to them; tls = "ca-file" with the server's certificate does
Odoo: http://odoo.example.com/ is not encrypted, so anyone on the network can read the password or key; use https
"#);
    let off = load(&small_with("host = \"sql\"", "host = \"sql\"\ntls = \"off\"")).unwrap();
    insta::assert_snapshot!(off.warnings.join("\n"), @r#"source polonez: tls = "off" sends the password and all data where anyone on the network can read them"#);
}

/// Two sections behind one another, with further lines of each and of `[sync]`.
fn two(first: &str, second: &str, sync: &str) -> Result<Settings, ConfigError> {
    let source = |lines: &str| format!("host = \"sql\"\ndatabase = \"Trade\"\nuser = \"reader\"\n{lines}\n");
    let (odoo, rest) = (SMALL.find("[odoo]").unwrap(), SMALL.len());
    let odoo = &SMALL[odoo..rest];
    load(&format!("[sources.web]\n{}[sources.acc]\n{}{odoo}\n[sync]\n{sync}\n", source(first), source(second)))
}

#[test]
fn sources_own_things_in_the_order_of_the_file() {
    let order = |first, second, sync| {
        let order = two(first, second, sync).unwrap().order;
        crate::catalog::SourceOrder::default().with(&order).text().replace('\n', ", ")
    };
    assert_eq!(order("", "", ""), "web, acc");
    assert_eq!(order("", "owns = [\"price\", \"name\"]", ""), "web, acc: name price");
    assert_eq!(order("owns = [\"barcode\"]", "", "source_order = [\"acc\", \"till\"]"), "acc, till, web: barcode");
}

#[test]
fn a_field_has_one_owner() {
    for (first, second, sync, problem) in [
        ("owns = [\"name\"]", "owns = [\"price\", \"name\"]", "", "name is given to source web already"),
        ("owns = [\"name\", \"name\"]", "", "", "name is there twice"),
        ("owns = [\"colour\"]", "", "", "colour"),
        ("", "", "source_order = [\"acc\", \"acc\"]", "\"acc\" is there twice"),
        ("", "", "source_order = [\"No Name\"]", "No Name"),
    ] {
        let error = two(first, second, sync).unwrap_err().to_string();
        assert!(error.contains(problem), "{problem:?} is not in {error}");
    }
}
