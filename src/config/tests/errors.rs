//! Every message about the file, as a person reads it.

use std::fs;

use super::super::document::Document;
use super::*;

fn message(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

/// The message when a line of the small file is replaced.
fn with(line: &str, new: &str) -> String {
    message(&small_with(line, new))
}

/// The message when the source has these keys too.
fn source(keys: &str) -> String {
    with("user = \"reader\"", &format!("user = \"reader\"\n{keys}"))
}

/// The message when Odoo has these keys too.
fn odoo(keys: &str) -> String {
    message(&format!("{SMALL}{keys}\n"))
}

#[test]
fn toml() {
    insta::assert_snapshot!(odoo("login = bot"), @"conf/sync.toml:10:9: not valid TOML: string values must be quoted");
    insta::assert_snapshot!(odoo("login = \"bot"), @r#"conf/sync.toml:10:13: not valid TOML: invalid basic string, expected `"`"#);
    insta::assert_snapshot!(odoo("database = \"again\""), @"conf/sync.toml:10:1: not valid TOML: duplicate key");
    insta::assert_snapshot!(message("[odoo\n"), @"conf/sync.toml:1:6: not valid TOML: unclosed table, expected `]`");
}

#[test]
fn keys() {
    insta::assert_snapshot!(source("pasword = \"hunter2\""), @"conf/sync.toml:6:1: [sources.polonez]: unknown key `pasword`; did you mean `password_env`?");
    insta::assert_snapshot!(source("password = \"hunter2\""), @"conf/sync.toml:6:1: [sources.polonez]: unknown key `password`; a secret does not belong in this file, which gets copied, mailed and committed: remove it, and name its place with password_env, password_file or password_credential");
    insta::assert_snapshot!(odoo("api_key = \"hunter2\""), @"conf/sync.toml:10:1: [odoo]: unknown key `api_key`; a secret does not belong in this file, which gets copied, mailed and committed: remove it, and name its place with api_key_env, api_key_file or api_key_credential");
    insta::assert_snapshot!(odoo("lease_seconds = 300"), @"conf/sync.toml:10:1: [odoo]: unknown key `lease_seconds`; it belongs in [sync]");
    insta::assert_snapshot!(odoo("wibble = 300"), @"conf/sync.toml:10:1: [odoo]: unknown key `wibble`; known here: url, database, login, password_env, password_file, password_credential, api_key_env, api_key_file, api_key_credential, transport, languages, company, tls, ca_file, timeout, retry_seconds, connections, batch_size");
    insta::assert_snapshot!(with("[sources.polonez]", "[source.polonez]"), @"conf/sync.toml:2:2: unknown key `source`; did you mean `sources`?");
    insta::assert_snapshot!(odoo("[source.source]\nx = 1"), @"conf/sync.toml:10:2: unknown key `source`; did you mean `sources`?");
    insta::assert_snapshot!(source("columns = { ids = \"x\" }"), @"conf/sync.toml:6:13: [sources.polonez.columns]: unknown key `ids`; did you mean `id`?");
    insta::assert_snapshot!(odoo("[sync.guards]\nmax_create = { cuont = 5 }"), @"conf/sync.toml:11:16: [sync.guards.max_create]: unknown key `cuont`; did you mean `count`?");
}

#[test]
fn types() {
    insta::assert_snapshot!(source("port = \"1433\""), @r#"conf/sync.toml:6:8: [sources.polonez] port: this is string "1433", expected a whole number"#);
    insta::assert_snapshot!(source("tls = \"verfy\""), @"conf/sync.toml:6:7: [sources.polonez] tls: unknown value `verfy`, expected one of `verify`, `ca-file`, `trust-any`, `off`");
    insta::assert_snapshot!(with("host = \"sql\"", "host = [\"a\"]"), @"conf/sync.toml:3:8: [sources.polonez] host: this is a list, expected a string");
    insta::assert_snapshot!(with("[sources.polonez]", "[sources]"), @r#"conf/sync.toml:4:12: [sources] database: this is string "Trade", expected a table; each source is a section with a name of its own, such as [sources.shop]"#);
    insta::assert_snapshot!(odoo("languages = \"ru_RU\""), @r#"conf/sync.toml:10:13: [odoo] languages: this is string "ru_RU", expected a list"#);
    insta::assert_snapshot!(odoo("company = true"), @"conf/sync.toml:10:11: [odoo] company: this is boolean `true`, expected a name or a record's id");
    insta::assert_snapshot!(odoo("[sync]\nmissing = \"delete\""), @"conf/sync.toml:11:11: [sync] missing: unknown value `delete`, expected `keep` or `archive`");
    insta::assert_snapshot!(odoo("[sync]\nmax_price_change = 5"), @"conf/sync.toml:11:20: [sync] max_price_change: this is integer `5`, expected a table");
    insta::assert_snapshot!(odoo("[sync]\nmax_price_change = { amount = \"5 EUR\" }"), @r#"conf/sync.toml:11:31: [sync.max_price_change] amount: this is string "5 EUR", expected a decimal number such as 10 or "9.50""#);
    insta::assert_snapshot!(odoo("[sync.guards]\nmax_create = { count = 1.5 }"), @"conf/sync.toml:11:24: [sync.guards.max_create] count: this is floating point `1.5`, expected a whole number");
    insta::assert_snapshot!(source("[sources.polonez.create]\nsale_ok = \"yes\""), @r#"conf/sync.toml:7:11: [sources.polonez.create] sale_ok: this is string "yes", expected true or false"#);
    insta::assert_snapshot!(source("[sources.polonez.create]\ntaxes = \"VAT\""), @r#"conf/sync.toml:7:9: [sources.polonez.create] taxes: this is string "VAT", expected a list"#);
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(with("host = \"sql\"", ""), @r#"conf/sync.toml:2:10: [sources.polonez]: host is missing; add host = "…" (the SQL Server's name or address) or set ERPSYNC_SOURCE_POLONEZ_HOST"#);
    insta::assert_snapshot!(with("database = \"Trade\"", ""), @r#"conf/sync.toml:2:10: [sources.polonez]: database is missing; add database = "…" (the database's name) or set ERPSYNC_SOURCE_POLONEZ_DATABASE"#);
    insta::assert_snapshot!(with("user = \"reader\"", ""), @r#"conf/sync.toml:2:10: [sources.polonez]: user is missing; add user = "…" (the SQL login, with SELECT and nothing else) or set ERPSYNC_SOURCE_POLONEZ_USER"#);
    insta::assert_snapshot!(with("url = \"https://odoo.example.com\"", ""), @r#"conf/sync.toml:7:2: [odoo]: url is missing; add url = "https://…" (Odoo's address in a browser) or set ERPSYNC_ODOO_URL"#);
    insta::assert_snapshot!(with("database = \"shop\"", ""), @r#"conf/sync.toml:7:2: [odoo]: database is missing; add database = "…" (Odoo's database) or set ERPSYNC_ODOO_DATABASE"#);
    insta::assert_snapshot!(message(""), @r#"conf/sync.toml: [odoo]: url is missing; add url = "https://…" (Odoo's address in a browser) or set ERPSYNC_ODOO_URL"#);
}

#[test]
fn sources() {
    let ask = |name: &str| {
        let overrides = Overrides { sources: vec![name.to_owned()], ..Overrides::default() };
        load_with(SMALL, &overrides, &vars([])).unwrap_err().to_string()
    };
    insta::assert_snapshot!(ask("polones"), @"--source polones: conf/sync.toml has no [sources.polones]; did you mean polonez?");
    insta::assert_snapshot!(ask("warehouse"), @"--source warehouse: conf/sync.toml has no [sources.warehouse]; it has polonez");
    insta::assert_snapshot!(with("[sources.polonez]", "[sources.Polonez]"), @r#"conf/sync.toml:2:10: [sources.Polonez]: a source's name has 1 to 32 lower-case letters, digits, '-' or '_', not "Polonez""#);
    insta::assert_snapshot!(odoo("[sources.a-b]\n[sources.a_b]"), @"conf/sync.toml:11:10: [sources.a_b]: sources a-b and a_b would share their environment variables, which have _ for -; rename one");
}

#[test]
fn hosts() {
    let host = |host: &str| with("host = \"sql\"", &format!("host = '{host}'"));
    insta::assert_snapshot!(host("  "), @"conf/sync.toml:3:1: [sources.polonez] host: the value is empty; give one, or leave it out altogether");
    insta::assert_snapshot!(host(r"SRV\SQLEXPRESS"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "SRV\SQLEXPRESS" is more than a host; write host = "SRV" and instance = "SQLEXPRESS""#);
    insta::assert_snapshot!(host("srv,1444"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "srv,1444" is more than a host; write host = "srv" and port = 1444"#);
    insta::assert_snapshot!(host("srv:1444"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "srv:1444" is more than a host; write host = "srv" and port = 1444"#);
    insta::assert_snapshot!(host("tcp:srv"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "tcp:srv" is more than a host; write host = "srv""#);
    insta::assert_snapshot!(host("."), @r#"conf/sync.toml:3:1: [sources.polonez] host: "." is no name of a host; write host = "localhost""#);
    insta::assert_snapshot!(host("(local)"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "(local)" is no name of a host; write host = "localhost""#);
    insta::assert_snapshot!(host(r".\SQLEXPRESS"), @r#"conf/sync.toml:3:1: [sources.polonez] host: ".\SQLEXPRESS" is no name of a host; write host = "localhost" and instance = "SQLEXPRESS""#);
    insta::assert_snapshot!(host("[::1]"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "[::1]" is more than a host; write host = "::1""#);
    insta::assert_snapshot!(host("[2001:db8::7]:1444"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "[2001:db8::7]:1444" is more than a host; write host = "2001:db8::7" and port = 1444"#);
    insta::assert_snapshot!(host("tcp:[::1],1444"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "tcp:[::1],1444" is more than a host; write host = "::1" and port = 1444"#);
    insta::assert_snapshot!(host("srv,many"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "srv,many": "many" is no port; a port is a number between 1 and 65535"#);
    insta::assert_snapshot!(host(r"(localdb)\MSSQLLocalDB"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "(localdb)\MSSQLLocalDB" is no host name or address"#);
    insta::assert_snapshot!(host("https://srv"), @r#"conf/sync.toml:3:1: [sources.polonez] host: "https://srv" is an address of the web; write host = "srv""#);
    insta::assert_snapshot!(source("port = 1433\ninstance = \"X\""), @"conf/sync.toml:7:1: [sources.polonez] instance: port and instance exclude each other: an instance has the port that SQL Server Browser tells; remove one of them");
    insta::assert_snapshot!(source(r"instance = 'SRV\X'"), @r#"conf/sync.toml:6:1: [sources.polonez] instance: "SRV\X" is no instance's name; it is the part behind the backslash of HOST\INSTANCE"#);
    insta::assert_snapshot!(source("port = 70000"), @"conf/sync.toml:6:1: [sources.polonez] port: 70000 is not between 1 and 65535");
    let env = vars([("ERPSYNC_SOURCE_POLONEZ_PORT", "many")]);
    insta::assert_snapshot!(load_with(SMALL, &Overrides::default(), &env).unwrap_err(), @r#"environment variable ERPSYNC_SOURCE_POLONEZ_PORT: "many" is no port; a port is a number between 1 and 65535"#);
}

/// What a message tells to write is what the next message is content with.
#[test]
fn hosts_as_the_message_writes_them() {
    for host in [
        r"SRV\SQLEXPRESS",
        "srv,1444",
        "srv:1444",
        "tcp:srv",
        ".",
        "(LOCAL)",
        r".\X",
        "[::1]",
        "[::1]:1444",
        "[::1],1444",
        "https://srv",
    ] {
        let told = with("host = \"sql\"", &format!("host = '{host}'"));
        let lines = told.split_once("write ").unwrap().1.replace(" and ", "\n");
        load(&small_with("host = \"sql\"", &lines)).unwrap_or_else(|e| panic!("{host}: {lines}: {e}"));
    }
}

/// Backslashes between double quotes: refused as an escape, or taken for one.
#[test]
fn backslashes() {
    insta::assert_snapshot!(with("host = \"sql\"", r#"host = "SRV\SQLEXPRESS""#), @r"conf/sync.toml:3:13: not valid TOML: between double quotes a lone backslash is no backslash: write the text between single quotes, such as 'SERVER\INSTANCE', or the backslash twice");
    insta::assert_snapshot!(source(r#"instance = "\test""#), @r"conf/sync.toml:6:1: [sources.polonez] instance: the value has a line break or another control character; between double quotes a backslash begins one (\t, \n): write the text between single quotes, or the backslash twice");
    for lost in [r#"user = "ACME\bob""#, r#"ca_file = "C:\temp\new.pem""#, r#"application_name = "a\nb""#] {
        let told = if lost.starts_with("user") { with("user = \"reader\"", lost) } else { source(lost) };
        assert!(told.contains("write the text between single quotes"), "{lost}: {told}");
    }
    assert!(source(r#"instance = "SQL\EXPRESS""#).contains("such as 'SERVER\\INSTANCE'"));
    load(&small_with("user = \"reader\"", "user = 'reader'\ninstance = 'EXPRESS'")).unwrap();
}

#[test]
fn urls() {
    let url = |url: &str| with("https://odoo.example.com", url);
    insta::assert_snapshot!(url(""), @"conf/sync.toml:8:1: [odoo] url: the value is empty; give one, or leave it out altogether");
    insta::assert_snapshot!(url("odoo.example.com"), @r#"conf/sync.toml:8:1: [odoo] url: "odoo.example.com" has no http:// or https://; write "https://odoo.example.com""#);
    insta::assert_snapshot!(url("localhost:8069"), @r#"conf/sync.toml:8:1: [odoo] url: "localhost:8069" has no http:// or https://; write "http://localhost:8069""#);
    insta::assert_snapshot!(url("ftp://odoo.example.com"), @"conf/sync.toml:8:1: [odoo] url: Odoo speaks http or https, not ftp");
    insta::assert_snapshot!(url("https://"), @r#"conf/sync.toml:8:1: [odoo] url: "https://" is no address: empty host"#);
    insta::assert_snapshot!(url("https://bot:hunter2@odoo.example.com"), @"conf/sync.toml:8:1: [odoo] url: the address contains a user or password; remove them from it, use login, and keep the password elsewhere");
    for hidden in [
        "https:///bot:hunter2@odoo.example.com",
        "https://////bot@odoo.example.com",
        "https://\\\\bot:hunter2@odoo.example.com",
        "https:bot:hunter2@odoo.example.com",
    ] {
        let told = url(&hidden.replace('\\', "\\\\"));
        assert!(told.contains("contains a user or password") && !told.contains("hunter2"), "{hidden}: {told}");
    }
    insta::assert_snapshot!(url("http://odoo.example.com:8069/web#action=1"), @r#"conf/sync.toml:8:1: [odoo] url: this is the address of a page; write "http://odoo.example.com:8069""#);
    let env = vars([("ERPSYNC_ODOO_URL", "odoo")]);
    insta::assert_snapshot!(load_with(SMALL, &Overrides::default(), &env).unwrap_err(), @r#"environment variable ERPSYNC_ODOO_URL: "odoo" has no http:// or https://; write "https://odoo""#);
    let overrides = Overrides { odoo_url: Some("odoo".to_owned()), ..Overrides::default() };
    insta::assert_snapshot!(load_with(SMALL, &overrides, &env).unwrap_err(), @r#"--odoo-url: "odoo" has no http:// or https://; write "https://odoo""#);
}

#[test]
fn secrets() {
    insta::assert_snapshot!(source("password_env = \"A\"\npassword_file = \"b\""), @"conf/sync.toml:2:10: [sources.polonez]: only one of password_env, password_file and password_credential may be given");
    insta::assert_snapshot!(source("password_env = \"hunter2!\""), @"conf/sync.toml:6:1: [sources.polonez] password_env: this is no name of an environment variable (letters, digits and _); if it is the secret itself, remove it from the file, change it, and set it in a variable");
    insta::assert_snapshot!(source("password_env = 31337"), @"conf/sync.toml:6:16: [sources.polonez] password_env: expected a string");
    insta::assert_snapshot!(source("password_credential = \"../x\""), @"conf/sync.toml:6:1: [sources.polonez] password_credential: this is no name of a credential; it is the word before the colon in LoadCredential=");
    insta::assert_snapshot!(source("password_file = \"\""), @"conf/sync.toml:6:1: [sources.polonez] password_file: the path is empty; write a path or leave the key out");
    insta::assert_snapshot!(odoo("api_key_file = \"a\"\napi_key_credential = \"b\""), @"conf/sync.toml:7:2: [odoo]: only one of api_key_env, api_key_file and api_key_credential may be given");
}

#[test]
fn no_message_repeats_a_password() {
    for text in [
        source("password_env = \"hunter2 \""),
        source("password_env = { x = \"hunter2\" }"),
        source("password = \"hunter2\""),
        source("password = hunter2"),
        with("host = \"sql\"", "host = \"mssql://sa:hunter2@sql/Trade\""),
        with("host = \"sql\"", "host = \"sql;Password=hunter2\""),
        with("https://odoo.example.com", "bot:hunter2@odoo.example.com"),
        with("https://odoo.example.com", "https://bot:hunter2@odoo.example.com:port"),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn certificates() {
    insta::assert_snapshot!(source("tls = \"ca-file\""), @r#"conf/sync.toml:2:10: [sources.polonez]: ca_file is missing; tls = "ca-file" needs it: the PEM file with the certificate that signed the server's"#);
    insta::assert_snapshot!(source("ca_file = \"ca.pem\""), @r#"conf/sync.toml:6:1: [sources.polonez] ca_file: it counts only with tls = "ca-file"; add that, or remove this key"#);
    insta::assert_snapshot!(odoo("tls = \"ca-file\"\nca_file = \"ca.pem\""), @"conf/sync.toml:11:1: [odoo] ca_file: there is no file conf/ca.pem");
}

#[test]
fn values() {
    insta::assert_snapshot!(source("query_timeout = 0"), @"conf/sync.toml:6:1: [sources.polonez] query_timeout: 0 is not between 1 and 86400");
    insta::assert_snapshot!(source("products_query = \";\""), @"conf/sync.toml:6:1: [sources.polonez] products_query: there is no query");
    insta::assert_snapshot!(source("max_rows = 0"), @"conf/sync.toml:6:1: [sources.polonez] max_rows: 0 is not between 1 and 1000000000");
    insta::assert_snapshot!(source("damaged_names = \"accept\""), @"conf/sync.toml:6:17: [sources.polonez] damaged_names: unknown value `accept`, expected `report` or `keep`");
    insta::assert_snapshot!(source("columns = { id = \"\" }"), @"conf/sync.toml:6:13: [sources.polonez.columns] id: the value is empty; write a value or leave the key out");
    insta::assert_snapshot!(source(&format!("application_name = {:?}", "x".repeat(129))), @"conf/sync.toml:6:1: [sources.polonez] application_name: it has more than 128 characters");
    insta::assert_snapshot!(source("[sources.polonez.create]\ncategory = 0"), @"conf/sync.toml:7:1: [sources.polonez.create] category: 0 is no record's id; ids begin at 1");
    insta::assert_snapshot!(odoo("batch_size = 1001"), @"conf/sync.toml:10:1: [odoo] batch_size: 1001 is not between 1 and 1000");
    insta::assert_snapshot!(odoo("languages = [\"ru-RU\"]"), @r#"conf/sync.toml:10:1: [odoo] languages: "ru-RU" is not spelled as Odoo spells languages, such as "ru_RU"; see Settings, Languages in Odoo"#);
    insta::assert_snapshot!(odoo("languages = [\"ru_RU\", \"ru_RU\"]"), @r#"conf/sync.toml:10:1: [odoo] languages: "ru_RU" is there twice"#);
    insta::assert_snapshot!(odoo("[sync]\nlease_seconds = 30"), @"conf/sync.toml:11:1: [sync] lease_seconds: 30 is not between 60 and 3600");
    insta::assert_snapshot!(odoo("[sync]\nmatch = [\"name\", \"name\"]"), @"conf/sync.toml:11:1: [sync] match: a rule is there twice");
    insta::assert_snapshot!(odoo("[sync]\nmax_price_change = { percent = -5 }"), @"conf/sync.toml:11:22: [sync.max_price_change] percent: -5 is negative");
    insta::assert_snapshot!(odoo("[sync.guards]\nmax_changes = { count = -1 }"), @"conf/sync.toml:11:17: [sync.guards.max_changes] count: -1 is not between 0 and 1000000000");
}

#[test]
fn columns_count_characters() {
    insta::assert_snapshot!(message("sync = { name = \"ждать\", pirce = \"ask\" }"), @"conf/sync.toml:1:17: [sync] name: unknown value `ждать`, expected one of `source`, `odoo`, `ask`");
    insta::assert_snapshot!(message("[sync]\nmatch = [\"barcode\", \"код\", \"имя\"]"), @"conf/sync.toml:2:21: [sync] match: unknown value `код`, expected one of `barcode`, `default_code`, `name`");
}

#[test]
fn files() {
    let dir = tempfile::tempdir().unwrap();
    let redact = |error: ConfigError| error.to_string().replace(dir.path().to_str().unwrap(), "DIR");
    let missing = dir.path().join("sync.toml");
    let overrides = Overrides { config: Some(missing.clone()), ..Overrides::default() };
    insta::assert_snapshot!(redact(super::super::load(&overrides, &vars([])).unwrap_err()), @"--config DIR/sync.toml: cannot read the configuration: no such file; check the path and the file's owner and mode");
    let path = missing.clone().into_os_string();
    let env = move |name: &str| (name == "ERPSYNC_CONFIG").then(|| path.clone());
    insta::assert_snapshot!(redact(super::super::load(&Overrides::default(), &env).unwrap_err()), @"ERPSYNC_CONFIG DIR/sync.toml: cannot read the configuration: no such file; check the path and the file's owner and mode");
    let places = vec![missing.clone(), dir.path().join("erpsync/sync.toml")];
    insta::assert_snapshot!(redact(Document::first_of(places.clone()).unwrap_err()), @"no configuration file: looked for DIR/sync.toml, DIR/erpsync/sync.toml; `erpsync init` writes one, or name a file with --config FILE or ERPSYNC_CONFIG");
    fs::create_dir(&missing).unwrap();
    insta::assert_snapshot!(redact(Document::first_of(places.clone()).unwrap_err()), @"DIR/sync.toml: cannot read the configuration: it is a directory; check the file's owner and mode, or name another file with --config FILE");
    fs::remove_dir(&missing).unwrap();
    fs::write(&missing, b"\xff\xfe[\0").unwrap();
    insta::assert_snapshot!(redact(Document::first_of(places).unwrap_err()), @"DIR/sync.toml: cannot read the configuration: it is not UTF-8 text, save it as that; check the file's owner and mode, or name another file with --config FILE");
}
