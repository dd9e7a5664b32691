//! Looks at an Odoo once, from its address to its pricelists, and says what it finds and what to do about it.
//!
//! Plain reads with the account's own rights, and those procedures that only look; writes nothing. It goes on after a
//! failed check as far as that makes sense. Reading order: this file (address, login), `setup` (what `erpsync setup` made,
//! and who holds it up), `shop` (languages, company, prices).

mod setup;
mod shop;

use serde_json::{Map, Value, json};

use super::client::{self, ConnectOptions, Introduction, Odoo};
use super::error::OdooError;
use super::session::{Constants, Named};
use super::transport::Call;
use crate::catalog::Check;

/// The checks in their order.
const NAMES: [&str; 23] = [
    "address",
    "version",
    "clock",
    "login",
    "api-key",
    "setup",
    "database",
    "procedures",
    "procedure-groups",
    "rights",
    "administrator",
    "archiving",
    "languages",
    "company",
    "currency",
    "taxes",
    "pricelists",
    "price-digits",
    "new-products",
    "pause",
    "lease",
    "last-run",
    "deferred",
];

/// A clock that differs by more than this makes histories hard to read.
const CLOCK_SECONDS: u64 = 60;
/// An API key that ends sooner than this is warned of.
const KEY_DAYS: i64 = 14;

/// What a run would expect of Odoo.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// The languages in which names are kept; empty for the account's own.
    pub languages: Vec<String>,
    /// The company; `None` for the account's own.
    pub company: Option<Named>,
    /// What new products get, by source.
    pub create: Vec<(String, Constants)>,
    /// Products that the source no longer has are archived.
    pub archives: bool,
}

/// Makes all checks; what could not be tried is said to be skipped.
pub async fn examine(options: &ConnectOptions, expected: &Expectations) -> Vec<Check> {
    let mut checks = Vec::new();
    all(options, expected, &mut checks).await;
    for name in NAMES {
        if checks.iter().all(|check| check.name != name) {
            checks.push(Check::skipped(name, "not tried, after what failed above"));
        }
    }
    checks.sort_by_key(|check| NAMES.iter().position(|name| *name == check.name));
    checks
}

async fn all(options: &ConnectOptions, expected: &Expectations, checks: &mut Vec<Check>) {
    let introduction = match client::introduce(options).await {
        Ok(introduction) => introduction,
        Err(error) => return checks.push(failed("address", &error)),
    };
    checks.push(Check::ok("address", format!("{} answers as Odoo {}", options.url, introduction.version_text)));
    checks.push(version(&introduction));
    checks.push(clock(introduction.ahead));
    let odoo = match Odoo::connect(options).await {
        Ok(odoo) => odoo,
        Err(error) => return checks.push(failed("login", &error)),
    };
    let user = match user(&odoo, &options.login).await {
        Ok(user) => user,
        Err(error) => return checks.push(failed("login", &error)),
    };
    let how = match odoo.transport_name() {
        "json2" => "JSON-2 with an API key",
        "jsonrpc" => "JSON-RPC with an API key",
        _ => "a web session with a password",
    };
    checks.push(Check::ok("login", format!("{} is let in to database {}, over {how}", user.login, options.database)));
    checks.push(if odoo.transport_name() == "web" { no_key() } else { key(&odoo, user.id).await });
    setup::examine(&odoo, &user, expected, checks).await;
    shop::examine(&odoo, &user, expected, checks).await;
}

/// The account as Odoo has it.
struct User {
    id: i64,
    login: String,
    language: String,
    company: i64,
    companies: Vec<i64>,
}

async fn user(odoo: &Odoo, login: &str) -> Result<User, OdooError> {
    let context = odoo.call(&Call::new("res.users", "context_get")).await?;
    let domain = match context["uid"].as_i64() {
        Some(id) => json!([["id", "=", id]]),
        None => json!([["login", "=", login]]),
    };
    let rows = odoo.search_read("res.users", domain, &["login", "lang", "company_id", "company_ids"]).await?;
    let row = rows.into_iter().next().unwrap_or_default();
    let list = |key: &str| row.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64);
    Ok(User {
        id: row.get("id").and_then(Value::as_i64).unwrap_or_default(),
        login: row.get("login").and_then(Value::as_str).unwrap_or(login).to_owned(),
        language: row.get("lang").and_then(Value::as_str).unwrap_or("en_US").to_owned(),
        company: reference(&row, "company_id").map(|(id, _)| id).unwrap_or_default(),
        companies: list("company_ids").collect(),
    })
}

fn version(introduction: &Introduction) -> Check {
    let Introduction { version, version_text, .. } = introduction;
    match version {
        14 | 19 => Check::ok("version", format!("{version_text}, tested with every change")),
        15 | 17 | 18 => Check::ok(
            "version",
            format!("{version_text}, tried with this release; 14 and 19 are tested with every change"),
        ),
        16 => Check::warning(
            "version",
            format!("{version_text} was not tried; it speaks like 15 and 17, which were"),
            "try it on a copy of the database first",
        ),
        _ => Check::failed(
            "version",
            format!(
                "{version_text} is not supported; this erpsync knows {} to {}",
                client::SUPPORTED.start(),
                client::SUPPORTED.end()
            ),
            "look for a newer erpsync",
        ),
    }
}

fn clock(ahead: Option<i64>) -> Check {
    match ahead {
        None => Check::skipped("clock", "the server's answers have no date"),
        Some(ahead) if ahead.unsigned_abs() <= CLOCK_SECONDS => {
            Check::ok("clock", format!("within {CLOCK_SECONDS} s of this machine's"))
        }
        Some(ahead) => {
            let (seconds, which) = (ahead.unsigned_abs(), if ahead > 0 { "ahead of" } else { "behind" });
            Check::warning(
                "clock",
                format!("Odoo's clock is {seconds} s {which} this machine's: histories and logs tell different times"),
                "let both machines keep time by NTP",
            )
        }
    }
}

fn no_key() -> Check {
    Check::ok("api-key", "none is used; the password does not expire by itself")
}

/// Odoo tells an account of its own keys, not which one it was called with.
async fn key(odoo: &Odoo, user: i64) -> Check {
    if odoo.version < 18 {
        return Check::ok("api-key", "the account's key has no end");
    }
    let domain = json!([["user_id", "=", user]]);
    let keys = match odoo.search_read("res.users.apikeys", domain, &["name", "expiration_date"]).await {
        Ok(keys) if keys.is_empty() => return Check::skipped("api-key", "Odoo does not tell of the account's keys"),
        Ok(keys) => keys,
        Err(error) => return Check::skipped("api-key", told(&error).0),
    };
    let ends: Vec<(chrono::NaiveDateTime, &str)> =
        keys.iter().filter_map(|key| Some((moment(key)?, text(key, "name")))).collect();
    let which = if keys.len() == 1 {
        "the account's key".to_owned()
    } else {
        format!("one of the account's {} keys", keys.len())
    };
    let Some((end, name)) = ends.into_iter().min() else {
        return Check::ok("api-key", format!("{which} has no end"));
    };
    let left = (end - chrono::Utc::now().naive_utc()).num_days();
    let says = format!("{which}, {name:?}, ends {end} UTC");
    if left >= KEY_DAYS {
        return Check::ok("api-key", says);
    }
    let cure = "make a new one in the account's preferences (Account security), put it in the old one's place, and delete \
         the old one";
    Check::warning("api-key", format!("{says}, in {left} days: runs then end with status 77"), cure)
}

fn moment(key: &Map<String, Value>) -> Option<chrono::NaiveDateTime> {
    chrono::NaiveDateTime::parse_from_str(key.get("expiration_date")?.as_str()?, "%Y-%m-%d %H:%M:%S").ok()
}

/// What happened, and what to do about it.
fn told(error: &OdooError) -> (String, String) {
    let text = error.to_string();
    let by_kind = |cure: &str| (text.clone(), cure.to_owned());
    match error {
        OdooError::Login { hint, .. } => {
            (text.strip_suffix(&format!(": {hint}")).unwrap_or(&text).to_owned(), hint.clone())
        }
        OdooError::Timeout { .. } => by_kind("look at what Odoo is busy with, or raise odoo.timeout"),
        OdooError::Http { status, .. } if !matches!(status, 401 | 403 | 413) => {
            by_kind("look at the logs of Odoo and of the proxy before it")
        }
        OdooError::SessionGone { .. } => by_kind("look at the logs of Odoo and of the proxy before it"),
        OdooError::Answer { .. } | OdooError::Endless { .. } => {
            by_kind("check that odoo.url is Odoo's, and what stands before it")
        }
        OdooError::Fault { .. } => by_kind("look at Odoo's log"),
        OdooError::Untrusted { .. }
        | OdooError::Http { .. }
        | OdooError::Unreachable { .. }
        | OdooError::Ended { .. }
        | OdooError::TooMuch { .. }
        | OdooError::NoDatabase { .. }
        | OdooError::Forgotten { .. }
        | OdooError::Cooling { .. }
        | OdooError::HalfUpgraded { .. }
        | OdooError::Rights(_)
        | OdooError::Configuration(_)
        | OdooError::Setup(_)
        | OdooError::LeaseLost
        | OdooError::Paused(_) => match text.rsplit_once("; ") {
            Some((problem, cure)) => (problem.to_owned(), cure.to_owned()),
            None => by_kind("correct the configuration"),
        },
    }
}

fn failed(name: &'static str, error: &OdooError) -> Check {
    let (problem, cure) = told(error);
    Check::failed(name, problem, cure)
}

/// A many2one: the record's id and its name.
fn reference<'a>(row: &'a Map<String, Value>, field: &str) -> Option<(i64, &'a str)> {
    let value = row.get(field)?;
    Some((value.get(0)?.as_i64()?, value.get(1).and_then(Value::as_str).unwrap_or_default()))
}

fn text<'a>(row: &'a Map<String, Value>, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn many(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}
