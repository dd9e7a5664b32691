//! Names from the configuration and the environment stay names: in HTTP's headers and paths, in JSON, in T-SQL.

use std::fs;

use super::stage::{API_KEY, Stage};

fn rename(stage: &Stage, from: &str, to: &str) {
    let text = fs::read_to_string(stage.bench.config()).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(stage.bench.config(), text.replace(from, to)).unwrap();
}

const ODD: [&str; 6] = [
    "shop\\r\\nX-Injected: yes",
    "shop&db=other#",
    "../../web/login",
    "shop\\\", \\\"login\\\": \\\"admin",
    "shop\\u0000",
    "shop; DROP DATABASE x--",
];

#[test]
fn odoo_s_database_and_login_stay_names() {
    for version in [14, 19] {
        let stage = Stage::new(version);
        stage.bench.setup(&["-q"]).expect(0);
        let before = stage.wire.heard().len();
        for key in ["database", "login"] {
            let was = if key == "database" { "database = \"shop\"" } else { "login = \"sync\"" };
            for odd in ODD {
                let is = format!("{key} = \"{odd}\"");
                rename(&stage, was, &is);
                let run = stage.bench.run(&["show-history"]);
                // With a key the login does not count.
                let works = version == 19 && key == "login" && !odd.contains("\\r") && !odd.contains("\\u");
                assert_eq!(run.status == 0, works, "{key} {odd}: {run:?}");
                assert!([0, 1, 69, 77, 78].contains(&run.status), "{key} {odd}: {run:?}");
                assert!(!run.stderr.contains("panicked") && !run.stderr.contains('\r'), "{run:?}");
                rename(&stage, &is, was);
            }
        }
        let heard = stage.wire.heard()[before..].to_owned();
        for line in heard.lines() {
            assert!(!line.to_lowercase().starts_with("x-injected"), "{line}");
            assert!(!line.starts_with("GET /web/login?db=shop&db="), "{line}");
        }
    }
}

/// A key with a line break would be two headers.
#[test]
fn an_api_key_is_one_header() {
    let stage = Stage::new(19);
    stage.bench.setup(&["-q"]).expect(0);
    let before = stage.wire.heard().len();
    for odd in ["key\r\nX-Injected: yes", "two words", "ключ"] {
        let run = stage.run_with(&["show-history", "-vvv"], |c| {
            c.env("ERPSYNC_ODOO_API_KEY", odd);
        });
        assert_eq!(run.status, 78, "{run:?}");
        assert!(run.stderr.contains("API key") && !run.stderr.contains(odd), "{run:?}");
    }
    assert_eq!(stage.wire.heard().len(), before, "nothing was sent");
    stage
        .run_with(&["show-history"], |c| {
            c.env("ERPSYNC_ODOO_API_KEY", API_KEY);
        })
        .expect(0);
}

/// SQL Server is told database and user in a record of the login, not in a statement.
#[test]
fn the_source_s_names_stay_names() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let batches = |stage: &Stage| stage.bench.mssql.batches().len();
    let before = batches(&stage);
    for (was, key) in [("database = \"Trade\"", "database"), ("user = \"erpsync\"", "user")] {
        for odd in ["x]; DROP TABLE dbo.Products--", "x' OR 1=1--", "x\\u0000y", "a;Password=b"] {
            let is = format!("{key} = \"{odd}\"");
            rename(&stage, was, &is);
            let run = stage.bench.run(&["check-barcodes"]);
            assert_eq!(run.status, if odd.contains("\\u") { 78 } else { 77 }, "{key} {odd}: {run:?}");
            rename(&stage, &is, was);
        }
    }
    assert_eq!(batches(&stage), before, "no statement without a login");
    stage.bench.assert_source_untouched();
}
