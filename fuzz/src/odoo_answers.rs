//! What Odoo, or whoever answers in its place, says: envelopes, faults, rows.
//!
//! The first line says what is read: `19 json2 links`; then come the answers, each behind a line `~~~ STATUS`. When they are
//! used up the last one is given again, a few times. `@HASHES@` in an answer stands for the checksums of the procedures, which
//! a text cannot guess.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use erpsync::catalog::digest::Line;
use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{
    Barcode, Catalogue, CodeKey, ExternalId, FileOrder, Listing, ListingBuilder, MatchRule, Moment, Nomenclature,
    Precedence, Price, PriceDigits, SourceName, TenureEnd, history as recorded,
};
use erpsync::check::{Report, Sharing, Source, check_odoo, check_source};
use erpsync::odoo::digest::{self, Rules};
use erpsync::odoo::history::{self, Question};
use erpsync::odoo::procedure::Procedure;
use erpsync::odoo::script::{Reply, Script};
use erpsync::odoo::setup::{self, Wishes};
use erpsync::odoo::transport::version_in;
use erpsync::odoo::writer::{Finish, Holder, MoveRow, Spoken};
use erpsync::odoo::{
    Lease, Odoo, OdooError, Session, SessionOptions, Writer, barcodes, deferred, lease, require_setup, runs as ran,
    snapshot,
};
use erpsync::plan::narrow::{Comparison, Narrowing};
use erpsync::plan::{ExtraBarcodes, FieldPolicy, GuardLimits, Limit, MissingPolicy, Policy, Scope, questions};
use erpsync::render::deferred::Detail;
use erpsync::render::{self, Asked, HistoryFormat, HistoryWriter, Options, Style};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use super::shown::{self, is_clean, is_json};

/// How often the last answer is given again.
const AGAIN: usize = 40;

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().enable_time().build().expect("a runtime without I/O"));
}

/// Any bytes as an Odoo's answers.
pub fn check(data: &[u8]) {
    if let Some(Err(error)) = outcome(data) {
        shown::error(&error);
        is_clean(render::plain_lines(error.traceback().unwrap_or_default()).as_bytes(), &['\n']);
        // Both must be decided, whatever the server says.
        let _ = (error.kind(), error.class());
    }
}

/// What comes of an input; `None` for one that is no text.
pub fn outcome(data: &[u8]) -> Option<Result<(), OdooError>> {
    let text = std::str::from_utf8(data).ok()?;
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = head.split(' ');
    let version: u32 = if words.next() == Some("19") { 19 } else { 14 };
    let json2 = words.next() == Some("json2");
    let what = words.next().unwrap_or_default();
    let mut replies: Vec<Reply> = rest.split("~~~ ").skip(1).map(|part| reply(part, version)).collect();
    if let Some(last) = replies.last().cloned() {
        replies.extend(std::iter::repeat_n(last, AGAIN));
    }
    Some(RUNTIME.with_borrow(|runtime| runtime.block_on(read(version, json2, what, replies))))
}

fn reply(part: &str, version: u32) -> Reply {
    let (status, body) = part.split_once('\n').unwrap_or((part, ""));
    let body = body.strip_suffix('\n').unwrap_or(body);
    let body = if body.contains("@HASHES@") { body.replace("@HASHES@", &hashes(version)) } else { body.to_owned() };
    Reply { status: status.trim().parse().unwrap_or(200), body }
}

fn hashes(version: u32) -> String {
    let hashes: BTreeMap<_, _> = Procedure::ALL.iter().map(|p| (p.name(), p.checksum(version))).collect();
    json!(hashes).to_string()
}

/// An Odoo that is set up as it should be, and then says what the input says.
async fn session(version: u32, json2: bool, replies: Vec<Reply>) -> Result<Session, OdooError> {
    let procedures: BTreeMap<_, _> = Procedure::ALL.iter().zip(1..).map(|(p, id)| (p.name(), id)).collect();
    let good = [
        json!([{"id": 1, "x_schema": setup::schema::SCHEMA, "x_uuid": "u", "x_procedures": json!(procedures).to_string(), "x_group": 7}]),
        json!({"uuid": "u", "hashes": serde_json::from_str::<serde_json::Value>(&hashes(version)).unwrap_or_default(),
            "ungrouped": [], "allowed": ["read", "write", "create"], "login": "sync", "company": 1,
            "companies": [[1, "Shop"]], "languages": ["en_US", "ru_RU"], "language": "ru_RU", "products": 3}),
        json!({"list_price": {"digits": [16, 2]}}),
    ];
    let envelope = |value| if json2 { value } else { json!({"jsonrpc": "2.0", "id": null, "result": value}) };
    let good = good.map(|value| Reply { status: 200, body: envelope(value).to_string() });
    let odoo = Odoo::scripted(version, Script::new(json2, good.into_iter().chain(replies)));
    let options = SessionOptions { languages: Vec::new(), company: None, create: None, order: FileOrder::default() };
    let session = Session::open(odoo, &options).await;
    Ok(session.expect("an Odoo that is set up as it should be"))
}

async fn read(version: u32, json2: bool, what: &str, replies: Vec<Reply>) -> Result<(), OdooError> {
    let odoo = |replies| Odoo::scripted(version, Script::new(json2, replies));
    match what {
        "version" => version_in(&replies.first().cloned().map(|r| r.body).unwrap_or_default(), "u").map(drop),
        "setup" => require_setup(&odoo(replies)).await,
        "hello" => {
            let options = SessionOptions {
                languages: vec!["ru_RU".to_owned()],
                company: None,
                create: None,
                order: FileOrder::default(),
            };
            Session::open(odoo(replies), &options).await.map(drop)
        }
        "survey" => {
            let survey = setup::survey(&odoo(replies), &Wishes { grant: vec!["sync".to_owned()] }).await?;
            for step in &survey.steps {
                is_clean(render::plain(&step.what).as_bytes(), &[]);
            }
            Ok(())
        }
        "digests" => digests(&session(version, json2, replies).await?).await,
        "links" => links(&session(version, json2, replies).await?).await,
        "codes" => codes(&session(version, json2, replies).await?).await,
        "writer" => write(&session(version, json2, replies).await?).await,
        "lease" => {
            let session = session(version, json2, replies).await?;
            let state = lease::show(&session).await?;
            if let Some(held) = &state.held {
                is_clean(render::plain(&held.holder).as_bytes(), &[]);
                lease::free(&session, held).await?;
            }
            Ok(())
        }
        "history" => changes(&odoo(replies)).await,
        "newest" => {
            let question = Question { fields: recorded::ChangedField::ALL.to_vec(), ..Question::default() };
            let part = history::Reader::new(&odoo(replies), &question).newest(3).await?;
            assert!(part.len() <= 3);
            Ok(())
        }
        "runs" => runs(&odoo(replies)).await,
        _ => waiting(&odoo(replies)).await,
    }
}

fn source() -> SourceName {
    SourceName::parse("polonez").expect("a plain name")
}

/// What the source says: a product that Odoo may know, one that it may not, and one code on two products.
fn catalogue() -> Catalogue {
    listing().whole()
}

fn listing() -> Listing {
    let mut builder = ListingBuilder::new(BarcodeOrder::Gtin);
    for (id, name, price) in [("1", "Tea", "1.5"), ("2", "Coffee", "20"), ("3", "Juice", "0")] {
        builder.product(Some(id), Some(name), Price::parse(price).map(Some).map_err(|e| e.to_string()));
    }
    for (id, code) in [("1", "4006381333931"), ("2", "4600000000015"), ("2", "4006381333931"), ("3", "shop-1")] {
        builder.barcode(Some(id), Some(code));
    }
    builder.finish()
}

/// Whatever the digests are, only what was asked for and what is ours is looked at.
async fn digests(session: &Session) -> Result<(), OdooError> {
    let line = Line::Whole;
    let rules = Rules {
        line,
        leave_names: false,
        leave_prices: true,
        extras: true,
        archive: false,
        barcodes: true,
        precedence: Precedence::NOBODY,
    };
    let told = digest::summary(session, &source(), rules, Some("token")).await?;
    let listing = listing();
    let mut narrowing = Narrowing::new(&listing, line);
    narrowing.want(told.looks.iter().cloned());
    let comparison = Comparison::new(&listing, line, &told.buckets, told.links, told.looks);
    for page in comparison.pages() {
        let lines = digest::lines(session, &source(), line, page).await?;
        narrowing.want(comparison.changed(page, lines.into_iter()));
    }
    assert!(narrowing.to_ask().len() >= narrowing.catalogue().products.len());
    Ok(())
}

/// Every rule the other way round than by default.
fn other_policy() -> Policy {
    let open = Limit { count: 1_000_000, percent: 1_000 };
    Policy {
        name: FieldPolicy::Ask,
        price: FieldPolicy::Odoo,
        barcode: FieldPolicy::Ask,
        match_rules: vec![MatchRule::DefaultCode, MatchRule::Barcode, MatchRule::Name],
        missing: MissingPolicy::Archive,
        extra_barcodes: ExtraBarcodes::Packaging,
        guards: GuardLimits {
            max_create: open,
            max_release: open,
            max_replace: open,
            max_archive: open,
            max_changes: open,
            max_price_jumps: open,
            max_prices_gone: open,
            max_unreadable: open,
            max_orphans: open,
        },
        ..Policy::default()
    }
}

async fn links(session: &Session) -> Result<(), OdooError> {
    let catalogue = catalogue();
    let wanted = snapshot::Wanted { extras: true, ..snapshot::Wanted::default() };
    let links = snapshot::read_links(session, &source(), &wanted).await?;
    for link in links.links.values() {
        link.said_price.into_iter().chain(link.wrote_price).for_each(shown::price);
    }
    let default = Policy::default();
    let asked = questions(&catalogue, &links.links, &links.decisions, &Scope::All, true);
    let codes: Vec<String> = asked.codes.into_iter().collect();
    let unlinked: Vec<snapshot::Unlinked> =
        asked.unlinked.into_iter().map(|u| snapshot::Unlinked { id: u.id, name: u.name, codes: u.codes }).collect();
    let rules = [MatchRule::Barcode, MatchRule::Name];
    let answers = snapshot::look_up(session, &source(), &rules, &unlinked, &codes, snapshot::Doubled::All).await?;
    let state = snapshot::state(session, links, answers);
    shown::planned(&catalogue, &state, &default);
    shown::planned(&catalogue, &state, &other_policy());
    Ok(())
}

async fn codes(session: &Session) -> Result<(), OdooError> {
    let codes = barcodes::read_codes(session).await?;
    let links = barcodes::read_linked(session, &source()).await?;
    let (name, catalogue) = (source(), catalogue());
    let sharing =
        Sharing { precedence: Precedence::NOBODY.clone(), digits: PriceDigits::from_odoo(Some(2)), extras: true };
    let nomenclature = Nomenclature::default();
    let of_source = Source {
        name: &name,
        catalogue: &catalogue,
        links: &links,
        adopts_by_barcode: true,
        misjoined: false,
        placeholders: &BTreeSet::new(),
        nomenclature: &nomenclature,
        shared: &sharing,
    };
    let mut report = Report { checked: vec![name.clone()], ..Report::default() };
    report.add(check_source(&of_source, &codes));
    report.add(check_odoo(&codes, &nomenclature, &BTreeSet::new()));
    let mut out = Vec::new();
    let options = Options { verbose: true, max_items: None };
    render::check_text(&report, Style::default(), options, &mut out).expect("a vector takes everything");
    is_clean(&out, &['\n']);
    let mut out = Vec::new();
    render::check_json(&report, &mut out).expect("a vector takes everything");
    is_json(&out);
    let mut out = Vec::new();
    render::check_csv(&report, &mut out).expect("a vector takes everything");
    is_clean(&out, &['\n', '\r']);
    Ok(())
}

async fn write(session: &Session) -> Result<(), OdooError> {
    let holder = Holder {
        token: "t".to_owned(),
        key: "k".to_owned(),
        name: "n".to_owned(),
        command: "c".to_owned(),
        seconds: 60,
    };
    let Lease::Taken(writer) = Writer::take(session, &source(), holder).await? else { return Ok(()) };
    let moved = writer.move_barcodes(&[Vec::<MoveRow>::new()]).await?;
    let created = writer.create(&[], true).await?;
    let updated = writer.update(&[]).await?;
    assert!(moved.keys().chain(created.keys()).chain(updated.keys()).all(|id| ExternalId::parse(id.as_str()).is_ok()));
    let ending = writer.finish(&[], Spoken::default(), &Finish::default()).await?;
    let _ = ending.duplicates.len();
    writer.release().await
}

/// As the command does it; the offset is that of a place whose clock is ahead.
fn zone(moment: Moment) -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(3 * 3600).expect("three hours");
    DateTime::from_timestamp(moment.0, 0).unwrap_or_default().with_timezone(&offset)
}

fn writers(asked: &Asked) -> [(HistoryWriter<'static>, HistoryFormat); 3] {
    [HistoryFormat::Text, HistoryFormat::Json, HistoryFormat::Csv]
        .map(|format| (HistoryWriter::new(format, Style::default(), &zone, asked.clone()), format))
}

fn clean(out: &[u8], format: HistoryFormat) {
    match format {
        HistoryFormat::Text => is_clean(out, &['\n']),
        HistoryFormat::Json => is_json(out),
        HistoryFormat::Csv => is_clean(out, &['\n', '\r']),
    }
}

async fn changes(odoo: &Odoo) -> Result<(), OdooError> {
    let question = Question { fields: recorded::ChangedField::ALL.to_vec(), ..Question::default() };
    let mut reader = history::Reader::new(odoo, &question);
    let mut all = Vec::new();
    loop {
        let part = reader.next().await?;
        if part.is_empty() {
            break;
        }
        all.extend(part);
    }
    for (mut writer, format) in writers(&Asked::default()) {
        let mut out = Vec::new();
        let written = writer.begin(&mut out).and_then(|()| writer.changes(&all, &mut out));
        written.and_then(|()| writer.end(&mut out)).expect("a vector takes everything");
        clean(&out, format);
    }
    let code = all.iter().find_map(|c| c.new.clone()).unwrap_or_else(|| "4006381333931".to_owned());
    let now = history::holders(odoo, std::slice::from_ref(&code)).await?;
    let tenures = recorded::tenures(&CodeKey::of(&code), &all, &now);
    let tenants: Vec<_> = tenures.iter().filter(|t| t.until == TenureEnd::Now).map(|t| t.tenant.clone()).collect();
    if Barcode::parse(&code).is_err() {
        return Ok(());
    }
    for (writer, format) in writers(&Asked::default()) {
        let mut out = Vec::new();
        writer.tenures(&code, &tenures, &tenants, &mut out).expect("a vector takes everything");
        clean(&out, format);
    }
    Ok(())
}

async fn runs(odoo: &Odoo) -> Result<(), OdooError> {
    for line in ran::find_runs(odoo, "key", 4).await? {
        let asked = Asked { run: Some(line.record), ..Asked::default() };
        for (mut writer, format) in writers(&asked) {
            let mut out = Vec::new();
            let written = writer.begin(&mut out).and_then(|()| writer.end(&mut out));
            written.expect("a vector takes everything");
            clean(&out, format);
        }
    }
    let all = ran::list_runs(odoo, &ran::Question::default(), Some(4)).await?;
    for format in [HistoryFormat::Text, HistoryFormat::Json, HistoryFormat::Csv] {
        let mut out = Vec::new();
        let written = render::runs(format, Style::default(), &zone, &Asked::default(), &all, &mut out);
        written.expect("a vector takes everything");
        clean(&out, format);
    }
    Ok(())
}

async fn waiting(odoo: &Odoo) -> Result<(), OdooError> {
    let records = deferred::list(odoo, &deferred::Filter::default()).await?;
    let mut out = Vec::new();
    render::deferred::list_text(&records, Style::default(), &mut out).expect("a vector takes everything");
    is_clean(&out, &['\n']);
    let mut out = Vec::new();
    render::deferred::csv(&records, &mut out).expect("a vector takes everything");
    is_clean(&out, &['\n', '\r']);
    let Some(record) = records.first() else { return Ok(()) };
    let linked = BTreeMap::new();
    let detail = Detail { record, rivals: &records[1..], linked: &linked };
    let mut out = Vec::new();
    render::deferred::json(&records[..1], Some(&detail), &mut out).expect("a vector takes everything");
    is_json(&out);
    let mut out = Vec::new();
    render::deferred::show_text(&detail, Style::default(), &mut out).expect("a vector takes everything");
    is_clean(&out, &['\n']);
    Ok(())
}
