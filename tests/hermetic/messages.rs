//! Every error that a user can cause, as it is told: what happened, to which record, what to do. The built binary against
//! stand-ins; each group is one golden file with statuses and whatever stands on stderr.

use std::fs;
use std::process::{Command, Stdio};

use crate::common::front::{exception, front, json, page, version};
use crate::common::shop::Shop;
use crate::common::standin::{DATABASE, Stage};
use crate::common::{Bench, Run};
use erpsync_sandbox::mssql::{Fault, SqlError};
use erpsync_sandbox::odoo::Fault as OdooFault;
use erpsync_sandbox::odoo::NewProduct;
use serde_json::json;

/// Runs that failed, one after the other, for a golden file.
struct Album<'a> {
    stage: &'a Stage,
    text: String,
}

impl<'a> Album<'a> {
    fn of(stage: &'a Stage) -> Self {
        Self { stage, text: String::new() }
    }

    fn bench(&self) -> &Bench {
        &self.stage.bench
    }

    /// Keeps what a run said; every message says something to do, and none shows the inside of a program.
    #[track_caller]
    fn keep(&mut self, case: &str, run: &Run) {
        assert_ne!(run.status, 0, "{case}: {run:?}");
        for inside in ["Error {", "Some(", "Err(", "error sending request", "panicked", "Traceback", "os error"] {
            assert!(!run.stderr.contains(inside), "{case}: {inside} in {}", run.stderr);
        }
        let told = self.same_everywhere(run.stderr.trim_end());
        // What a guard refused stands with the plan, in the answer.
        let told = if told.is_empty() { self.same_everywhere(run.stdout.trim_end()) } else { told };
        assert!(!told.is_empty(), "{case}: nobody was told anything");
        self.text += &format!("## {case}: {}\n{told}\n", run.status);
    }

    #[track_caller]
    fn run(&mut self, case: &str, args: &[&str]) {
        let run = self.bench().run(args);
        self.keep(case, &run);
    }

    /// An import, with somebody else answering in Odoo's place.
    #[track_caller]
    fn before(&mut self, case: &str, answer: impl Fn(&str) -> String + Send + 'static) {
        let url = front(answer);
        let run = self.bench().run(&["import-products", "--odoo-url", &url]);
        self.keep(case, &Run { stderr: run.stderr.replace(&url, "http://odoo"), ..run });
    }

    /// With something in the configuration replaced.
    #[track_caller]
    fn with(&mut self, case: &str, (from, to): (&str, &str), args: &[&str]) {
        let before = fs::read_to_string(self.bench().config()).unwrap();
        assert!(before.contains(from), "{case}: no {from:?} in {before}");
        fs::write(self.bench().config(), before.replacen(from, to, 1)).unwrap();
        self.run(case, args);
        fs::write(self.bench().config(), before).unwrap();
    }

    /// With a variable of the environment set, or taken away.
    #[track_caller]
    fn env(&mut self, case: &str, (name, value): (&str, Option<&str>), args: &[&str]) {
        let mut command = self.bench().command(args);
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
        let run = output(&mut command);
        self.keep(case, &run);
    }

    /// With a fault that SQL Server has once.
    #[track_caller]
    fn fault(&mut self, case: &str, number: u32, class: u8, words: &str) {
        let error = SqlError::new(number, class, 1, words);
        self.bench().mssql.fail_next(Fault::RefuseLogin(error));
        self.run(case, &["import-products"]);
    }

    /// What differs from run to run, in words.
    fn same_everywhere(&self, text: &str) -> String {
        let directory = self.bench().config().parent().unwrap().display().to_string();
        let text = text
            .replace(&directory, "DIR")
            .replace(&self.bench().target.url, "http://odoo")
            .replace(self.bench().target.url.trim_start_matches("http://"), "odoo")
            .replace(&format!(":{}", self.bench().mssql.addr().port()), ":PORT");
        text.lines().map(without_moment).collect::<Vec<_>>().join("\n")
    }

    fn close(self, name: &str) {
        insta::assert_snapshot!(name, self.text);
    }
}

/// A logged line begins with its moment.
fn without_moment(line: &str) -> String {
    if let Some((before, after)) = line.split_once(" since ")
        && let Some((_, after)) = after.split_once(" UTC")
    {
        return format!("{before} since MOMENT UTC{after}");
    }
    match line.split_once(' ') {
        Some((moment, rest)) if chrono::DateTime::parse_from_rfc3339(moment).is_ok() => format!("MOMENT {rest}"),
        _ => line.to_owned(),
    }
}

fn output(command: &mut Command) -> Run {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn stage(version: u32) -> Stage {
    let stage = Stage::new(version);
    Shop::new(6).write(&stage.bench);
    stage
}

const IMPORT: [&str; 1] = ["import-products"];

#[test]
fn of_the_command_line() {
    let stage = stage(19);
    let mut album = Album::of(&stage);
    album.run("no such command", &["import"]);
    album.run("no such flag", &["import-products", "--dryrun"]);
    album.run("a flag without its value", &["import-products", "--limit"]);
    album.run("a limit of nothing", &["import-products", "--limit", "0"]);
    album.run("an empty id", &["import-products", "--only", " "]);
    album.run("no such source", &["import-products", "--source", "polonaise"]);
    album.run("no such kind of finding", &["check-barcodes", "--only", "nonsense"]);
    album.run("a format that it does not have", &["doctor", "--format", "xml"]);
    album.run("keep-history without remove", &["setup", "--keep-history"]);
    album.run("a deadline that is none", &["import-products", "--deadline", "soon"]);
    album.run("a moment that is none", &["show-history", "--since", "yesteryear"]);
    album.run("no run to revert", &["revert"]);
    album.run("a choice that is none", &["deferred", "resolve", "1", "--choose", "burn"]);
    album.env(
        "an administrator without a password",
        ("ERPSYNC_ODOO_ADMIN_PASSWORD", None),
        &["setup", "--admin-login", "admin"],
    );
    let mut init = Command::new(env!("CARGO_BIN_EXE_erpsync"));
    init.args(["init", "--config", "new.toml"]).env_clear().current_dir(stage.bench.path("."));
    album.keep("nobody to ask", &output(&mut init));
    album.run("a configuration that is there already", &["init"]);
    album.close("command_line");
}

#[test]
fn of_the_configuration() {
    let stage = stage(19);
    let mut album = Album::of(&stage);
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_erpsync"));
    nowhere.args(IMPORT).env_clear().current_dir(stage.bench.path("."));
    fs::rename(stage.bench.config(), stage.bench.path("other.toml")).unwrap();
    let run = output(&mut nowhere);
    let beside = run.stderr.replace(&stage.bench.path("").display().to_string(), "DIR/");
    album.keep("no configuration", &Run { stderr: beside, ..run });
    album.run("a configuration that is not there", &IMPORT);
    fs::rename(stage.bench.path("other.toml"), stage.bench.config()).unwrap();
    album.with("no TOML", ("[odoo]", "[odoo"), &IMPORT);
    album.with("a misspelled key", ("lock_file", "lockfile"), &IMPORT);
    album.with("a key in the wrong place", ("[sync]", "[sync]\nhost = \"x\""), &IMPORT);
    album.with("a number that is a text", ("timeout = 10", "timeout = \"ten\""), &IMPORT);
    album.with("a number that is too large", ("timeout = 10", "timeout = 999999"), &IMPORT);
    album.with("a password in the file", ("user = \"erpsync\"", "user = \"erpsync\"\npassword = \"s3cret\""), &IMPORT);
    album.with("no database", ("database = \"Trade\"\n", ""), &IMPORT);
    album.with("a host with an instance in it", ("host = \"localhost\"", "host = 'localhost\\SQLEXPRESS'"), &IMPORT);
    album.with("no ca_file", ("ca_file = \"ca.pem\"\n", ""), &IMPORT);
    album.with("a ca_file that is not there", ("\"ca.pem\"", "\"none.pem\""), &IMPORT);
    album.with("a Windows account", ("user = \"erpsync\"", "user = 'ACME\\svc'"), &IMPORT);
    album.with("an address without https", ("url = \"http://", "url = \""), &IMPORT);
    album.with("a language that is none", ("timeout = 10", "timeout = 10\nlanguages = [\"russian\"]"), &IMPORT);
    album.env("no password of the source", ("ERPSYNC_SOURCE_POLONEZ_PASSWORD", None), &IMPORT);
    album.env("no secret of Odoo", ("ERPSYNC_ODOO_API_KEY", None), &IMPORT);
    album.env("a key with a blank in it", ("ERPSYNC_ODOO_API_KEY", Some("two words")), &IMPORT);
    let missing = ("user = \"erpsync\"", "user = \"erpsync\"\npassword_file = \"none\"");
    let before = fs::read_to_string(stage.bench.config()).unwrap();
    fs::write(stage.bench.config(), before.replacen(missing.0, missing.1, 1)).unwrap();
    album.env("a password file that is not there", ("ERPSYNC_SOURCE_POLONEZ_PASSWORD", None), &IMPORT);
    album.close("configuration");
}

#[test]
fn of_the_source() {
    let stage = stage(19);
    let mut album = Album::of(&stage);
    let port = format!("port = {}", stage.bench.mssql.addr().port());
    album.with("no such host", ("\"localhost\"", "\"no-such-host.invalid\""), &["doctor", "-q"]);
    album.with("a port that nobody listens on", (&port, "port = 9"), &["doctor", "-q"]);
    album.with("a certificate that nobody vouches for", ("tls = \"ca-file\"\nca_file = \"ca.pem\"", ""), &IMPORT);
    album.with("a database that is not there", ("\"Trade\"", "\"Other\""), &IMPORT);
    album.env("a wrong password", ("ERPSYNC_SOURCE_POLONEZ_PASSWORD", Some("wrong")), &IMPORT);
    album.fault(
        "a server that takes Windows accounts only",
        18_452,
        14,
        "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.",
    );
    album.fault(
        "a password that has expired",
        18_487,
        14,
        "Login failed for user 'erpsync'.  Reason: The password of the account has expired.",
    );
    album.fault(
        "a login that is locked out",
        18_486,
        14,
        "Login failed for user 'erpsync' because the account is currently locked out.",
    );
    album.fault(
        "a firewall of Azure",
        40_615,
        14,
        "Cannot open server 'shop' requested by the login. Client with IP address '203.0.113.7' is not allowed to access the server.",
    );
    album.fault(
        "a login that is disabled",
        18_470,
        14,
        "Login failed for user 'erpsync'. Reason: The account is disabled.",
    );
    album.fault("a database that the server has not", 911, 16, "Database 'Trade' does not exist.");
    album.with("more rows than may be", (&port, &format!("{port}\nmax_rows = 3")), &IMPORT);
    let query = |query: &str| format!("{port}\nproducts_query = {query:?}");
    album.with("no such table", (&port, &query("SELECT ProductID, ProductName, Price FROM dbo.Nothing")), &IMPORT);
    album.with("no such column", (&port, &query("SELECT ProductID, Title, Price FROM dbo.Products")), &IMPORT);
    album.with(
        "a column that is not selected",
        (&port, &query("SELECT ProductID, ProductName FROM dbo.Products")),
        &IMPORT,
    );
    album.with(
        "an ORDER BY",
        (&port, &query("SELECT ProductID, ProductName, Price FROM dbo.Products ORDER BY 1")),
        &IMPORT,
    );
    album.with("no SELECT", (&port, &query("EXEC dbo.AllProducts")), &IMPORT);
    album.with(
        "a price that is a text",
        (&port, &query("SELECT ProductID, ProductName, ProductName AS Price FROM dbo.Products")),
        &IMPORT,
    );
    album.with(
        "a text that is no price",
        (&port, &query("SELECT ProductID, ProductName, CAST(ProductName AS decimal(9, 2)) AS Price FROM dbo.Products")),
        &IMPORT,
    );
    stage
        .bench
        .source("CREATE TABLE dbo.Bytes (ProductID binary(16) NULL, ProductName nvarchar(9) NULL, Price money NULL)");
    album.with("an id of bytes", (&port, &query("SELECT * FROM dbo.Bytes")), &IMPORT);
    stage.bench.source("DENY SELECT ON dbo.Products TO erpsync");
    album.run("no right to a table", &IMPORT);
    stage.bench.source("GRANT SELECT ON dbo.Products TO erpsync; DELETE FROM dbo.Products");
    album.run("no products", &["import-products", "--first-run"]);
    stage.bench.assert_source_untouched();
    album.close("source");
}

#[test]
fn of_odoo() {
    let fresh = Stage::without_setup(14);
    Shop::new(6).write(&fresh.bench);
    let mut album = Album::of(&fresh);
    album.run("no setup", &IMPORT);
    album.run("a setup by no administrator", &["setup"]);
    album.run("an account that is not there", &["setup", "--admin-login", "admin", "--grant", "nobody"]);
    album.env("a wrong password", ("ERPSYNC_ODOO_PASSWORD", Some("wrong")), &IMPORT);
    album.run("a database that is not there", &["import-products", "--odoo-database", "elsewhere"]);
    album.run("an address that does not resolve", &["doctor", "-q", "--odoo-url", "http://no-such-host.invalid"]);
    album.run("an Odoo that is not there", &["doctor", "-q", "--odoo-url", "http://127.0.0.1:9"]);
    let https = fresh.odoo.url().replace("http:", "https:");
    album.run("https where there is none", &["doctor", "-q", "--odoo-url", &https]);
    let before = fs::read_to_string(fresh.bench.config()).unwrap();
    let json2 = before.replacen(
        "timeout = 10",
        "timeout = 10
transport = \"json2\"",
        1,
    );
    fs::write(fresh.bench.config(), json2).unwrap();
    album.env("JSON-2 where there is none", ("ERPSYNC_ODOO_API_KEY", Some("0123456789")), &IMPORT);
    album.close("odoo_14");

    let stage = stage(19);
    let mut album = Album::of(&stage);
    album.env("a wrong or expired key", ("ERPSYNC_ODOO_API_KEY", Some("0123456789")), &IMPORT);
    album.run("a database that is not there", &["import-products", "--odoo-database", "elsewhere"]);
    let source = stage.bench.mssql.addr();
    let no_odoo = format!("https://localhost:{}", source.port());
    let short = ("timeout = 10", "timeout = 1");
    album.with("a server that is no Odoo", short, &["doctor", "-q", "--odoo-url", &no_odoo]);
    album.with("a language that is not installed", ("timeout = 10", "timeout = 10\nlanguages = [\"fr_FR\"]"), &IMPORT);
    album.with("no such company", ("timeout = 10", "timeout = 10\ncompany = \"Nobody & Sons\""), &IMPORT);
    let create = "[sources.polonez.create]\ncategory = \"No such category\"\n\n[odoo]";
    album.with("no such category", ("[odoo]", create), &IMPORT);
    let setup = stage.odoo.records(DATABASE, "x_pz_setup")[0].clone();
    let tamper =
        |key: &str, value| stage.odoo.tamper(DATABASE, "x_pz_setup", setup["id"].as_i64().unwrap(), key, value);
    for (case, key, value) in [
        ("a newer setup", "x_schema", json!(99)),
        ("an older setup", "x_schema", json!(1)),
        ("a copy of the database", "x_uuid", json!("another")),
    ] {
        tamper(key, value);
        album.run(case, &["import-products", "--first-run"]);
        tamper(key, setup.get(key).cloned().unwrap_or(json!(false)));
    }
    let switch = stage.odoo.records(DATABASE, "x_pz_pause")[0]["id"].as_i64().unwrap();
    stage.odoo.tamper(DATABASE, "x_pz_pause", switch, "x_paused", json!(true));
    album.run("the pause switch", &["import-products", "--first-run"]);
    stage.odoo.tamper(DATABASE, "x_pz_pause", switch, "x_paused", json!(false));
    // As Odoo does to a call that takes longer than its limits.
    stage.odoo.fail_on("procedure hello", 0, OdooFault::CutBefore);
    album.with("no answer", ("timeout = 10", "timeout = 10\nretry_seconds = 0"), &["import-products", "--first-run"]);
    let lanes = stage.odoo.records(DATABASE, "x_pz_lane");
    for lane in &lanes {
        let id = lane["id"].as_i64().unwrap();
        stage.odoo.tamper(DATABASE, "x_pz_lane", id, "x_token", json!("another"));
        stage.odoo.tamper(DATABASE, "x_pz_lane", id, "x_holder", json!("till-2:4711"));
        stage.odoo.tamper(DATABASE, "x_pz_lane", id, "x_expires", json!("2099-01-01 00:00:00"));
    }
    album.run("another run's lease", &["import-products", "--first-run"]);
    album.run("a lease that is not freed", &["unlock"]);
    album.close("odoo_19");
}

/// What stands before an Odoo, or an Odoo in a state that nobody can bring about by a call: who answered, and what to ask for.
#[test]
fn of_what_answers_in_odoo_s_place() {
    let stage = stage(14);
    let mut album = Album::of(&stage);
    let before = fs::read_to_string(stage.bench.config()).unwrap();
    fs::write(stage.bench.config(), before.replacen("timeout = 10", "timeout = 10\nretry_seconds = 0", 1)).unwrap();
    let asks = || page("401 Unauthorized", "WWW-Authenticate: Basic realm=\"Staff only\"\r\n", "<h1>Unauthorized</h1>");
    album.before("HTTP basic authentication", move |_| asks());
    album.before("the same, for everything but the version", move |path| match path {
        VERSION => version(14),
        _ => asks(),
    });
    album.before("a single sign-on that redirects", |_| {
        page("302 Found", "Location: https://login.example/authorize?client_id=odoo\r\n", "")
    });
    album.before("a single sign-on that answers", |_| {
        page("200 OK", "Content-Type: text/html\r\n", "<html><body><h1>Sign in to Example Ltd</h1></body></html>")
    });
    album.before("another address", |_| {
        page("301 Moved", "Location: https://shop.example/web/webclient/version_info\r\n", "")
    });
    let forbidden = || page("403 Forbidden", "Server: cloudflare\r\n", "<h1>Sorry, you have been blocked</h1>");
    album.before("a firewall", move |_| forbidden());
    album.before("a firewall that has something against logins", move |path| match path {
        VERSION => version(14),
        _ => forbidden(),
    });
    album.before("a proxy that takes nothing large", |path| match path {
        VERSION => version(14),
        _ => page("413 Request Entity Too Large", "", "<h1>413 Request Entity Too Large</h1><hr>nginx"),
    });
    // Only who asks twice can tell.
    fs::write(stage.bench.config(), before.replacen("timeout = 10", "timeout = 10\nretry_seconds = 20", 1)).unwrap();
    album.before("a filter that hides the database, on 14", |path| match path {
        VERSION => version(14),
        LOGIN => let_in(),
        _ => exception("odoo.http.SessionExpiredException", "Session expired", ""),
    });
    fs::write(stage.bench.config(), before.replacen("timeout = 10", "timeout = 10\nretry_seconds = 0", 1)).unwrap();
    album.before("the same on 19", |path| match path {
        VERSION => version(19),
        _ => exception("odoo.exceptions.AccessError", "Database not found.", ""),
    });
    let column = "column res_users.share does not exist\nLINE 1: SELECT";
    album.before("an upgrade half done", move |path| match path {
        VERSION => version(14),
        _ => exception("psycopg2.errors.UndefinedColumn", column, ""),
    });
    album.before("the same, seen after the login", move |path| match path {
        VERSION => version(14),
        LOGIN => let_in(),
        _ => exception("psycopg2.errors.UndefinedColumn", column, ""),
    });
    album.before("logins that cool down, on 14", |path| match path {
        VERSION => version(14),
        _ => exception(
            "odoo.exceptions.AccessDenied",
            "Too many login failures, please wait a bit before trying again.",
            "",
        ),
    });
    album.before("the same on 19", |path| match path {
        VERSION => version(19),
        _ => exception(
            "builtins.ValueError",
            "invalid literal for int() with base 10: 'sync'",
            "File \"res_users.py\", line 1272, in _assert_can_auth",
        ),
    });
    album.before("a second factor", |path| match path {
        VERSION => version(14),
        _ => json("\"result\": {\"uid\": null}"),
    });
    album.before("a module that refuses the login", |path| match path {
        VERSION => version(14),
        _ => exception("odoo.exceptions.AccessDenied", "Your account ended in March", ""),
    });
    let https = ["import-products", "--odoo-url", "https://odoo.example"];
    album.env(
        "a proxy of the environment that is dead",
        ("https_proxy", Some("http://user:Pr0xy-Pa55@127.0.0.1:9")),
        &https,
    );
    let wants = front(|_| page("407 Proxy Authentication Required", "Proxy-Authenticate: Basic\r\n", ""));
    let port = wants.rsplit_once(':').unwrap().1.to_owned();
    album.env("a proxy of the environment that wants a login", ("ALL_PROXY", Some(&wants)), &https);
    album.text = album.text.replace(&format!(":{port}"), ":PORT");
    assert!(!album.text.contains("Pr0xy"), "{}", album.text);

    fs::write(stage.bench.config(), before.replacen("login = \"sync\"\n", "", 1)).unwrap();
    let key = |album: &mut Album<'_>, case: &str| {
        let url = front(|path| match path {
            VERSION => version(14),
            "jsonrpc" => json("\"result\": false"),
            _ => page("200 OK", "", ""),
        });
        let mut command = album.bench().command(&["import-products", "--odoo-url", &url]);
        let run = output(command.env_remove("ERPSYNC_ODOO_PASSWORD").env("ERPSYNC_ODOO_API_KEY", "0123456789"));
        album.keep(case, &Run { stderr: run.stderr.replace(&url, "http://odoo"), ..run });
    };
    key(&mut album, "a key of nobody, on 14");
    fs::write(stage.bench.config(), &before).unwrap();
    key(&mut album, "a wrong key, on 14");
    album.close("odoo_s_place");
}

const VERSION: &str = "web/webclient/version_info";
const LOGIN: &str = "web/session/authenticate";

fn let_in() -> String {
    let session = "Set-Cookie: session_id=0123456789abcdef; Path=/\r\n";
    page("200 OK", session, "{\"jsonrpc\": \"2.0\", \"id\": null, \"result\": {\"uid\": 7}}")
}

#[test]
fn of_plans_guards_and_choices() {
    let stage = stage(19);
    let mut album = Album::of(&stage);
    stage.odoo.add_product(DATABASE, NewProduct { name: "Old", ..NewProduct::default() });
    album.run("a first run against an Odoo with products", &["import-products"]);
    album.run("a plan that is not there", &["apply", "none.json"]);
    fs::write(stage.bench.path("broken.json"), "{").unwrap();
    album.run("a plan that is damaged", &["show", "broken.json"]);
    fs::write(stage.bench.path("foreign.json"), "{\"format\": \"erpsync-check\", \"version\": 1}").unwrap();
    album.run("a file that is no plan", &["apply", "foreign.json"]);
    stage.bench.import(&["-q", "--dry-run", "--first-run", "--out", "plan.json"]).expect(2);
    let plan = fs::read_to_string(stage.bench.path("plan.json")).unwrap();
    fs::write(stage.bench.path("edited.json"), plan.replacen("Чай", "Час", 1)).unwrap();
    album.run("a plan that was edited", &["apply", "edited.json"]);
    stage.bench.import(&["-q", "--first-run"]).expect(0);
    album.run("a plan that was overtaken", &["apply", "plan.json"]);
    stage.bench.source("DELETE FROM logistics.ProductBarcodes");
    album.run("a source without barcodes", &["import-products"]);
    album.run("no such run", &["revert", "--run", "nothing"]);
    album.run("no such deferred action", &["deferred", "resolve", "999", "--choose", "give"]);
    album.run("no such product", &["show-history", "--product", "999"]);
    album.run("no such barcode", &["show-history", "--barcode", "000"]);
    album.close("plans_guards_choices");
}
