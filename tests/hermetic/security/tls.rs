//! Who answers is checked before a password is said, on both sides.

use std::fs;

use erpsync_sandbox::mssql::{Certificate, Encryption, MssqlOptions, MssqlServer};

use super::stage::{SYNC_PASSWORD, Stage};
use super::wire::{Shown, Wire, identity};
use crate::common::{Bench, Run, SOURCE_PASSWORD};

/// The configuration with other lines about TLS.
fn rewrite(bench: &Bench, pairs: &[(&str, String)]) {
    let mut text = fs::read_to_string(bench.config()).unwrap();
    for (from, to) in pairs {
        assert!(text.contains(from), "{from} in {text}");
        text = text.replace(from, to);
    }
    fs::write(bench.config(), text).unwrap();
}

const DRY: [&str; 3] = ["import-products", "--dry-run", "--first-run"];

fn refused(run: &Run, status: i32, says: &[&str]) {
    assert_eq!(run.status, status, "{run:?}");
    for word in says {
        assert!(run.stderr.contains(word), "no {word:?} in {}", run.stderr);
    }
    assert_eq!(run.stderr.lines().filter(|l| !l.contains(" WARN ")).count(), 1, "one line: {}", run.stderr);
}

/// Odoo behind TLS with this certificate; what the program says, and what went by.
fn odoo(shown: Shown, tls: &str) -> (Run, String) {
    let stage = Stage::new(14);
    if shown == Shown::Good || tls.contains("trust-any") {
        stage.bench.setup(&["-q"]).expect(0);
    }
    let identity = identity(shown);
    let behind = stage.odoo.url().trim_start_matches("http://").parse().unwrap();
    let wire = stage.bench.runtime.block_on(Wire::before(behind, "127.0.0.1:0", Some(identity.acceptor)));
    fs::write(stage.bench.path("odoo-ca.pem"), identity.ca_pem).unwrap();
    fs::write(stage.bench.path("no-pem.pem"), "hello\n").unwrap();
    fs::write(stage.bench.path("empty.pem"), "").unwrap();
    let url = format!("https://localhost:{}", wire.addr.port());
    rewrite(&stage.bench, &[(&stage.bench.target.url, url), ("timeout = 10", format!("timeout = 10\n{tls}"))]);
    let run = stage.bench.run(&DRY);
    (run, wire.heard())
}

const OWN_CA: &str = "tls = \"ca-file\"\nca_file = \"odoo-ca.pem\"";

#[test]
fn odoo_with_a_certificate_of_the_private_authority() {
    let (run, heard) = odoo(Shown::Good, OWN_CA);
    run.expect(2);
    assert!(heard.contains("web/session/authenticate"));
}

#[test]
fn odoo_that_nobody_vouches_for() {
    let (run, heard) = odoo(Shown::Good, "");
    refused(&run, 69, &["UnknownIssuer", "odoo.ca_file"]);
    assert_eq!(heard, "", "nothing is said to it");
}

#[test]
fn odoo_with_another_name() {
    let (run, heard) = odoo(Shown::OtherName, OWN_CA);
    let says = ["not valid for name \"localhost\"", "odoo.elsewhere.example", "a name that stands in the certificate"];
    refused(&run, 69, &says);
    assert_eq!(heard, "");
}

#[test]
fn odoo_with_an_expired_certificate() {
    let (run, heard) = odoo(Shown::Expired, OWN_CA);
    refused(&run, 69, &["expired", "has to be renewed"]);
    assert_eq!(heard, "");
}

#[test]
fn odoo_with_a_self_signed_certificate() {
    let (run, heard) = odoo(Shown::SelfSigned, OWN_CA);
    refused(&run, 69, &["certificate"]);
    assert_eq!(heard, "");
}

#[test]
fn odoo_that_shows_its_authority_s_certificate() {
    let (run, heard) = odoo(Shown::Authority, OWN_CA);
    refused(&run, 69, &["CaUsedAsEndEntity", "an authority's certificate as its own", "CA:FALSE"]);
    assert_eq!(heard, "");
}

#[test]
fn odoo_s_authority_is_no_certificate() {
    for file in ["no-pem.pem", "empty.pem"] {
        let (run, _) = odoo(Shown::Good, &format!("tls = \"ca-file\"\nca_file = {file:?}"));
        refused(&run, 78, &["odoo.ca_file", file, "PEM"]);
    }
}

#[test]
fn odoo_unchecked_is_warned_of() {
    let (run, _) = odoo(Shown::OtherName, "tls = \"trust-any\"");
    run.expect(2).says("does not check who answers");
}

const SQL_CA: &str = "tls = \"ca-file\"\nca_file = \"sql-ca.pem\"";
const NO_CA: &str = "tls = \"ca-file\"\nca_file = \"no-pem.pem\"";
const ANY: &str = "tls = \"trust-any\"";

/// Certificate, what the configuration says, the status, what is said. 127.0.0.2 is an address of this machine that the
/// certificates do not know.
const SOURCES: [(Certificate, &str, &str, i32, &[&str]); 8] = [
    (Certificate::SignedByCa, "localhost", SQL_CA, 2, &[]),
    (Certificate::SignedByCa, "localhost", "", 69, &["signed by nobody whom this machine trusts", "ca_file"]),
    (Certificate::SignedByCa, "127.0.0.2", SQL_CA, 69, &["not for the name", "127.0.0.2", "as host"]),
    (Certificate::Expired, "localhost", SQL_CA, 69, &["has expired"]),
    (Certificate::SelfSignedCa, "localhost", "", 69, &["self-signed"]),
    (Certificate::SelfSignedCa, "localhost", SQL_CA, 69, &["CaUsedAsEndEntity"]),
    (Certificate::SignedByCa, "localhost", NO_CA, 78, &["sources.polonez.ca_file", "no usable certificate"]),
    (Certificate::Expired, "127.0.0.2", ANY, 2, &["does not check who answers"]),
];

#[test]
fn sources_are_checked() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let config = fs::read_to_string(stage.bench.config()).unwrap();
    fs::write(stage.bench.path("no-pem.pem"), "hello\n").unwrap();
    for (certificate, host, tls, status, says) in SOURCES {
        let options = MssqlOptions {
            password: SOURCE_PASSWORD.to_owned(),
            encryption: Encryption::On,
            certificate,
            ..MssqlOptions::default()
        };
        let server = stage.bench.runtime.block_on(MssqlServer::start(options)).unwrap();
        for sql in [
            "CREATE TABLE dbo.Products (ProductID int NULL, ProductName nvarchar(max) NULL, Price money NULL)",
            "CREATE TABLE logistics.ProductBarcodes (ProductID int NULL, Barcode nvarchar(max) NULL)",
            "INSERT INTO dbo.Products VALUES (1, N'Tea', 1)",
            "INSERT INTO logistics.ProductBarcodes VALUES (1, N'4006381333931')",
        ] {
            server.execute(sql).unwrap();
        }
        let at = if host == "127.0.0.2" { "127.0.0.2:0" } else { "127.0.0.1:0" };
        let wire = stage.bench.runtime.block_on(Wire::before(server.addr(), at, None));
        fs::write(stage.bench.path("sql-ca.pem"), server.ca_pem().unwrap()).unwrap();
        fs::write(stage.bench.config(), &config).unwrap();
        let port = format!("port = {}", stage.bench.mssql.addr().port());
        rewrite(
            &stage.bench,
            &[
                ("host = \"localhost\"", format!("host = {host:?}")),
                (&port, format!("port = {}", wire.addr.port())),
                ("tls = \"ca-file\"\nca_file = \"ca.pem\"", tls.to_owned()),
            ],
        );
        let run = stage.bench.run(&DRY);
        if status == 2 {
            says.iter().fold(run.expect(2), |run, words| run.says(words));
        } else {
            refused(&run, status, says);
            assert_eq!(server.logins().len(), 0, "nobody logs in where nobody vouches for the server");
        }
    }
}

/// A password goes where the configuration says, not where a server says.
#[test]
fn redirects_are_not_followed() {
    for (version, status) in [(14, 302), (14, 307), (14, 308), (19, 301), (19, 307)] {
        let stage = Stage::new(version);
        let elsewhere =
            stage.bench.runtime.block_on(Wire::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".into()));
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            elsewhere.addr
        );
        let wire = stage.bench.runtime.block_on(Wire::saying(answer));
        rewrite(&stage.bench, &[(&stage.bench.target.url, format!("http://{}", wire.addr))]);
        let run = stage.bench.run(&DRY);
        refused(&run, 78, &["redirects to"]);
        assert_eq!(elsewhere.heard(), "", "HTTP {status}");
        assert!(!wire.heard().contains(SYNC_PASSWORD), "the first call says no password yet");
    }
}

/// What is not encrypted goes to no third party; a proxy of the environment gets nothing.
#[test]
fn plain_http_does_not_use_a_proxy() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let proxy = stage.bench.runtime.block_on(Wire::saying("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".into()));
    let url = format!("http://{}", proxy.addr);
    let run = stage.run_with(&DRY, |c| {
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            c.env(name, &url);
        }
    });
    run.expect(2);
    assert_eq!(proxy.heard(), "");
}
