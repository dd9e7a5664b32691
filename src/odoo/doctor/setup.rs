//! What `erpsync setup` made: is it there, whole and ours, may the account use it, and does anything hold runs up?

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::client::{Odoo, Page};
use super::super::error::OdooError;
use super::super::lease::{self, LeaseState};
use super::super::procedure::Procedure;
use super::super::session::{self, texts};
use super::super::setup::schema::SCHEMA;
use super::super::transport::Call;
use super::{Expectations, User, failed, many, text, told};
use crate::catalog::Check;

const SETUP: &str = "run `erpsync setup`";
/// Deferred actions that are counted; more are "at least".
const MOST: usize = 10_000;

pub(super) async fn examine(odoo: &Odoo, user: &User, expected: &Expectations, checks: &mut Vec<Check>) {
    checks.push(administrator(odoo, user).await);
    checks.push(archiving(odoo, expected.archives).await);
    let (uuid, group, procedures) = match session::setup_row(odoo).await {
        Ok(row) => row,
        Err(error) => return checks.push(failed("setup", &error)),
    };
    let answer = match session::hello(odoo, (group, &procedures), None, Value::Null).await {
        Ok(answer) => answer,
        Err(error) => return checks.push(failed("setup", &error)),
    };
    checks.push(Check::ok("setup", format!("schema {SCHEMA}, which is this erpsync's, and the account may use it")));
    checks.push(database(&answer, &uuid));
    checks.push(procedures_unchanged(odoo, &answer));
    checks.push(procedures_guarded(&answer));
    checks.push(match session::check_rights(&answer, odoo.version) {
        Ok(()) => Check::ok("rights", "the account may read, create and change products"),
        Err(error) => failed("rights", &error),
    });
    checks.push(new_products(odoo, (group, &procedures), &answer, expected).await);
    held_up(odoo, &procedures, checks).await;
    checks.push(last_run(odoo).await);
    checks.push(deferred(odoo).await);
}

fn database(answer: &Value, uuid: &str) -> Check {
    let found = answer["uuid"].as_str().unwrap_or_default();
    if found == uuid {
        return Check::ok("database", format!("{uuid}, the one that was set up"));
    }
    Check::failed(
        "database",
        format!(
            "this database ({found}) is a copy of the one that was set up ({uuid}): a staging copy, a restored backup"
        ),
        "name the right one in odoo.database; or run `erpsync setup`, and the copy is synchronised as a database of its own",
    )
}

fn procedures_unchanged(odoo: &Odoo, answer: &Value) -> Check {
    let is_ours = |p: &Procedure| answer["hashes"][p.name()].as_str() == Some(p.checksum(odoo.version).as_str());
    let others: Vec<&str> = Procedure::ALL.iter().filter(|p| !is_ours(p)).map(|p| p.name()).collect();
    if others.is_empty() {
        return Check::ok("procedures", format!("all {} are this erpsync's", Procedure::ALL.len()));
    }
    let says = format!(
        "not those of this erpsync: {} (another version, an upgraded Odoo, or edited by hand)",
        others.join(", ")
    );
    Check::failed("procedures", says, SETUP)
}

fn procedures_guarded(answer: &Value) -> Check {
    let ungrouped = texts(&answer["ungrouped"]);
    if ungrouped.is_empty() {
        return Check::ok("procedure-groups", "the sync group alone may call them");
    }
    let says = format!("not restricted to the sync group as they must be: {}", ungrouped.join(", "));
    Check::failed("procedure-groups", says, SETUP)
}

async fn administrator(odoo: &Odoo, user: &User) -> Check {
    match has_group(odoo, user, "base.group_system").await {
        Ok(false) => Check::ok("administrator", "the account is none, and needs not be"),
        Ok(true) => Check::warning(
            "administrator",
            format!(
                "{} is an administrator of Odoo; runs need the rights of a product manager and no more",
                user.login
            ),
            "let an account of its own do it (docs/rights.md): whoever gets hold of its password has all of Odoo",
        ),
        Err(error) => Check::skipped("administrator", told(&error).0),
    }
}

async fn has_group(odoo: &Odoo, user: &User, group: &str) -> Result<bool, OdooError> {
    let call = Call::new("res.users", "has_group").arg("group_ext_id", group);
    // The signature changed from a function of the class to one of a record in 18.
    let call = if odoo.version >= 18 { call.ids(&[user.id]) } else { call };
    Ok(odoo.call(&call).await? == Value::Bool(true))
}

const RULES: &str = "stock.warehouse.orderpoint";

/// Where Inventory is installed, archiving a product and taking it back ask for its reordering rules, and change them.
async fn archiving(odoo: &Odoo, archives: bool) -> Check {
    const NAME: &str = "archiving";
    if !archives {
        return Check::ok(NAME, "products that leave the source stay (sync.missing = \"keep\")");
    }
    let (reads, writes) = match (may(odoo, "read").await, may(odoo, "write").await) {
        (Ok(reads), Ok(writes)) => (reads, writes),
        // An unknown model is told in as many ways as there are versions and transports.
        (Err(OdooError::Fault { .. }), _) => {
            return Check::ok(NAME, "Inventory is not installed, so nothing stands in the way");
        }
        (Err(error), _) | (_, Err(error)) => return Check::skipped(NAME, told(&error).0),
    };
    if !reads {
        return Check::failed(
            NAME,
            "the account may not see reordering rules, which archiving a product and taking it back ask for: each run would be refused all of them, and end with status 4",
            "give it Inventory: Administrator (Inventory: User does for products without such rules), or set sync.missing = \"keep\"",
        );
    }
    if writes {
        return Check::ok(NAME, "the account may archive products and take them back, with their reordering rules");
    }
    match odoo.search_page(RULES, json!([]), &["id"], Page { order: "id", limit: 1 }).await {
        Ok(rules) if rules.is_empty() => {
            Check::ok(NAME, "the account sees reordering rules, and there are none; to change some it needs more")
        }
        Ok(_) => Check::warning(
            NAME,
            "the account may not change reordering rules, and there are some: a product that has one can neither be archived nor taken back, and runs that try end with status 4",
            "give it Inventory: Administrator",
        ),
        Err(error) => Check::skipped(NAME, told(&error).0),
    }
}

/// Whether the account has a right to reordering rules.
async fn may(odoo: &Odoo, right: &str) -> Result<bool, OdooError> {
    let call = Call::new(RULES, "check_access_rights").arg("operation", right).arg("raise_exception", false);
    Ok(odoo.call(&call).await? == Value::Bool(true))
}

async fn new_products(
    odoo: &Odoo,
    setup: (i64, &BTreeMap<String, i64>),
    answer: &Value,
    expected: &Expectations,
) -> Check {
    let company = session::company(answer, expected.company.as_ref()).ok();
    let mut problems = Vec::new();
    for (source, constants) in &expected.create {
        match session::hello(odoo, setup, company, session::constants_question(constants)).await {
            Ok(answer) => {
                problems.extend(texts(&answer["problems"]).into_iter().map(|p| format!("sources.{source}.create.{p}")));
            }
            Err(error) => return failed("new-products", &error),
        }
    }
    if problems.is_empty() {
        return Check::ok("new-products", "category, unit and taxes that the configuration names are there");
    }
    Check::failed("new-products", problems.join("; "), "correct the configuration, or make the record in Odoo")
}

async fn held_up(odoo: &Odoo, procedures: &BTreeMap<String, i64>, checks: &mut Vec<Check>) {
    let question = json!({"what": "show", "company": null, "languages": []});
    let LeaseState { held, paused } = match session::ask(odoo, procedures, Procedure::Lease, question).await {
        Ok(answer) => lease::state(&answer),
        Err(error) => return checks.push(failed("lease", &error)),
    };
    checks.push(match paused {
        None => Check::ok("pause", "the pause switch is off"),
        Some(pause) => Check::warning(
            "pause",
            format!("synchronisation is paused by {} since {} UTC: runs end with status 75", pause.by, pause.since),
            "switch it on again in Odoo, under Catalogue synchronisation",
        ),
    });
    checks.push(match held {
        None => Check::ok("lease", "nobody holds it"),
        Some(held) if held.left >= 0 => {
            let run = held.run.map_or_else(String::new, |run| format!(", for run {}", run.key));
            Check::ok("lease", format!("{} holds it{run}: a run is at work", held.holder))
        }
        Some(held) => Check::ok("lease", format!("{} let it run out; the next run takes it", held.holder)),
    });
}

async fn last_run(odoo: &Odoo) -> Check {
    let fields = ["x_name", "x_command", "x_source", "x_status", "x_summary"];
    let rows = odoo.search_page("x_pz_run", json!([]), &fields, Page { order: "id desc", limit: 1 }).await;
    let row = match rows {
        Ok(rows) => rows.into_iter().next(),
        Err(error) => return Check::skipped("last-run", told(&error).0),
    };
    let Some(row) = row else { return Check::ok("last-run", "there was none yet") };
    let (status, summary) = (text(&row, "x_status"), text(&row, "x_summary"));
    let says = format!("{} ({}, {}): {status}", text(&row, "x_name"), text(&row, "x_command"), text(&row, "x_source"));
    let says = if summary.is_empty() { says } else { format!("{says}; {summary}") };
    if status == "died" {
        return Check::warning("last-run", says, "look at that machine's log; the next run does what is left");
    }
    Check::ok("last-run", says)
}

async fn deferred(odoo: &Odoo) -> Check {
    let domain = json!([["x_state", "=", "open"]]);
    match odoo.search_page("x_pz_conflict", domain, &["id"], Page { order: "id", limit: MOST }).await {
        Ok(rows) if rows.is_empty() => Check::ok("deferred", "nothing waits"),
        Ok(rows) => {
            let least = if rows.len() == MOST { "at least " } else { "" };
            let count = many(rows.len(), "deferred action waits", "deferred actions wait");
            Check::warning(
                "deferred",
                format!("{least}{count} for the source or a person"),
                "see `erpsync deferred list`",
            )
        }
        Err(error) => Check::skipped("deferred", told(&error).0),
    }
}
