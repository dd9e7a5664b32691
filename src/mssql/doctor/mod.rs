//! Looks at a source once, from the host's name to the first rows, and says what it finds and what to do about it.
//!
//! Reads, as everything here does, and goes on after a failed check as far as that makes sense. Reading order: this file
//! (the way from name to login), `database` (what is asked once inside), `versions` (names for numbers).

mod database;
mod versions;

use std::net::IpAddr;
use std::sync::mpsc::{self, Sender};

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::connect;
use super::error::SourceError;
use super::options::{Endpoint, SourceOptions, Tls};
use super::session::Session;
use super::task;
use crate::catalog::Check;

/// The checks in their order.
const NAMES: [&str; 14] = [
    "address",
    "port",
    "tls",
    "login",
    "server",
    "database",
    "rights",
    "isolation",
    "products-query",
    "products-rows",
    "names",
    "collation",
    "barcodes-query",
    "barcodes-rows",
];

/// The number of "cannot open database": the login itself was accepted.
const NO_DATABASE: [u32; 3] = [4_060, 4_064, 916];

/// Makes all checks; none is missing, what could not be tried is said to be skipped.
pub async fn examine(options: &SourceOptions) -> Vec<Check> {
    let (found, checks) = mpsc::channel();
    let own = options.clone();
    // In a task of its own, so that a panic of the driver is one more finding.
    let work = task::in_a_task(async move { all(&own, &Report(found)).await });
    let ended = timeout(options.deadline(), work).await;
    let mut checks: Vec<Check> = checks.try_iter().collect();
    let next = NAMES.iter().find(|name| checks.iter().all(|check| check.name != **name)).copied();
    match (ended, next) {
        (Ok(Err(_)), Some(name)) => checks.push(Check::failed(
            name,
            "SQL Server's answer was not understood",
            "look at what stands between this machine and the server (a proxy, a gateway), or report it as a defect",
        )),
        (Err(_), Some(name)) => checks.push(Check::failed(
            name,
            format!("no end after {} s", options.deadline().as_secs()),
            "look at the server: what is it busy with?",
        )),
        _ => {}
    }
    for name in NAMES {
        if checks.iter().all(|check| check.name != name) {
            checks.push(Check::skipped(name, "not tried, after what failed above"));
        }
    }
    checks
}

/// Where checks go as they are made.
struct Report(Sender<Check>);

impl Report {
    fn ok(&self, name: &'static str, says: impl Into<String>) {
        self.add(Check::ok(name, says));
    }

    fn warning(&self, name: &'static str, says: impl Into<String>, cure: impl Into<String>) {
        self.add(Check::warning(name, says, cure));
    }

    fn failed(&self, name: &'static str, says: impl Into<String>, cure: impl Into<String>) {
        self.add(Check::failed(name, says, cure));
    }

    fn error(&self, name: &'static str, error: &SourceError) {
        let (problem, cure) = error.parts();
        self.failed(name, problem, cure);
    }

    fn add(&self, check: Check) {
        // Whoever no longer listens has no use for it.
        let _ = self.0.send(check);
    }
}

async fn all(options: &SourceOptions, report: &Report) {
    if !address(options, report).await || !port(options, report).await {
        return;
    }
    if let Some(mut session) = log_in(options, report).await {
        database::examine(&mut session, options, report).await;
    }
}

async fn address(options: &SourceOptions, report: &Report) -> bool {
    if options.host.parse::<IpAddr>().is_ok() {
        report.ok("address", format!("{} is an address", options.host));
        return true;
    }
    let found = match timeout(options.connect_timeout, lookup_host((options.host.as_str(), 0))).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_string()).collect::<Vec<_>>(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    if found.is_empty() {
        let cure = format!("check {} and this machine's name server, or write the address", options.key("host"));
        report.failed("address", format!("the name {} does not resolve", options.host), cure);
        return false;
    }
    report.ok("address", format!("{} is {}", options.host, found.join(", ")));
    true
}

async fn port(options: &SourceOptions, report: &Report) -> bool {
    match (connect::reach(options).await, &options.endpoint) {
        (Ok(address), Endpoint::Port(_)) => report.ok("port", format!("{address} answers")),
        (Ok(address), Endpoint::Instance(instance)) => {
            report.ok("port", format!("the instance {instance} answers at {address}, as SQL Server Browser says"));
        }
        (Err(error), _) => {
            report.error("port", &error);
            return false;
        }
    }
    true
}

async fn log_in<'a>(options: &'a SourceOptions, report: &Report) -> Option<Session<'a>> {
    let error = match Session::open(options).await {
        Ok(session) => {
            tls(options, report);
            report.ok("login", format!("{} is let in", options.user));
            return Some(session);
        }
        Err(error) => error,
    };
    match &error {
        // The driver has the server's answer to the login, so there was a connection to send it over.
        SourceError::Server { error: answer, .. } => {
            tls(options, report);
            if NO_DATABASE.contains(&answer.number) {
                report.ok("login", format!("{} is let in", options.user));
                report.error("database", &error);
            } else {
                report.error("login", &error);
            }
        }
        SourceError::Setting { setting, .. } if *setting == options.key("user") => report.error("login", &error),
        _ => report.error("tls", &error),
    }
    None
}

/// The driver's TLS library knows 1.2 and 1.3, nothing older.
fn tls(options: &SourceOptions, report: &Report) {
    let key = options.key("tls");
    match &options.tls {
        Tls::Verify => report.ok(
            "tls",
            format!("TLS 1.2 or newer; the certificate leads to an authority that this system trusts ({key} = \"verify\")"),
        ),
        Tls::CaFile(path) => report.ok(
            "tls",
            format!("TLS 1.2 or newer; the certificate is vouched for by {} ({key} = \"ca-file\")", path.display()),
        ),
        Tls::TrustAny => report.warning(
            "tls",
            format!("TLS 1.2 or newer, with whoever answers ({key} = \"trust-any\"): the password goes to them"),
            "name the certificate of the server's authority in ca_file, with tls = \"ca-file\"",
        ),
        Tls::Off => report.warning(
            "tls",
            format!("password and data can be read by anyone on the network ({key} = \"off\")"),
            "leave it so only on a network that you trust; a server that knows no TLS 1.2 can be updated (SQL Server 2008 \
             to 2014) or reached through a tunnel",
        ),
    }
}
