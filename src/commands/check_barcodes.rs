//! `erpsync check-barcodes`: which barcodes clash, in the sources, in Odoo and between them. Reads both, writes nothing, and
//! takes no lease.

use std::collections::BTreeSet;
use std::io;

use crate::catalog::deferred::record::DeferredState;
use crate::catalog::{Choice, CodeKey, DeferredKind, MatchRule, Nomenclature, OdooCodes, SourceName};
use crate::check::{self, Code, Finding, Report};
use crate::config::{Environment, Overrides, Settings, SourceSettings};
use crate::odoo::deferred::{self, Filter};
use crate::odoo::{Odoo, Session, barcodes};
use crate::plan::ExtraBarcodes;
use crate::render;

use super::{Console, Failure, Outcome, Signals, connect, printed};

/// How to print the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// One document.
    Json,
    /// For a spreadsheet.
    Csv,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Only findings of these kinds; empty for all.
    pub only: BTreeSet<Code>,
    /// How to print.
    pub format: CheckFormat,
    /// Print the kinds of findings, and do nothing else.
    pub list_codes: bool,
}

/// Runs it for every configured source in turn, and once for Odoo; a source that fails does not keep the others from their
/// turn.
///
/// # Errors
/// See [`Failure`]; with several sources, failures of single ones stand in the [`Outcome`].
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    if request.list_codes {
        if !console.quiet {
            printed(render::codes_text(console.out))?;
        }
        return Ok(Outcome::default());
    }
    let settings = super::settings(overrides, env)?;
    settings.require_sources()?;
    let options = connect::odoo(&settings.odoo, connect::configured_account(&settings.odoo, env)?, signals.hurry());
    let session = signals.unless_interrupted(async {
        let odoo = Odoo::connect(&options).await?;
        Session::open(odoo, &connect::reading_session(&settings)).await
    });
    let session = session.await?;
    let codes = signals.unless_interrupted(barcodes::read_codes(&session)).await?;
    let nomenclature = signals.unless_interrupted(barcodes::read_nomenclature(&session)).await?;
    log::info!("Odoo: barcodes of {} products and {} packagings read", codes.products.len(), codes.packagings.len());
    let mut report = Report { only: request.only.clone(), ..Report::default() };
    let mut outcome = Outcome::default();
    let mut told = BTreeSet::new();
    for (name, source) in &settings.sources {
        if source.barcodes_query.is_none() {
            log::info!("source {name}: has no barcodes (barcodes = false), so there is nothing to check");
            continue;
        }
        let side = Side { name, source, settings: &settings, session: &session, nomenclature: &nomenclature };
        match side.check(&codes, env, signals).await {
            Ok(findings) => {
                let wrong = findings
                    .iter()
                    .filter(|f| matches!(f.code, Code::WrongCheckDigitInSource | Code::WeighedCodeInSource));
                told.extend(wrong.filter_map(|f| f.barcode.clone()));
                report.checked.push(name.clone());
                report.add(findings);
            }
            Err(failure) if settings.sources.len() == 1 || matches!(failure, Failure::Interrupted(_)) => {
                return Err(failure);
            }
            Err(failure) => {
                log::error!("source {name}: {failure}");
                report.failed.push((name.clone(), failure.to_string()));
                outcome.failures.push(failure);
            }
        }
    }
    report.add(check::check_odoo(&codes, &nomenclature, &told));
    outcome.open = report.is_open();
    printed(show(&report, request.format, console))?;
    Ok(outcome)
}

/// A source to be checked.
struct Side<'a> {
    name: &'a SourceName,
    source: &'a SourceSettings,
    settings: &'a Settings,
    session: &'a Session,
    nomenclature: &'a Nomenclature,
}

impl Side<'_> {
    async fn check(
        &self,
        codes: &OdooCodes,
        env: &dyn Environment,
        signals: &Signals,
    ) -> Result<Vec<Finding>, Failure> {
        let source = connect::source(self.name, self.source, env)?;
        let reading = signals.unless_interrupted(crate::mssql::read(&source)).await?;
        for warning in &reading.warnings {
            log::info!("source {}: {warning}", self.name);
        }
        let links = signals.unless_interrupted(barcodes::read_linked(self.session, self.name)).await?;
        let mut catalogue = reading.listing.whole();
        catalogue.rename(&reading.listing.renamed(links.iter().map(|l| &l.external_id)));
        let said = Filter {
            sources: vec![self.name.clone()],
            kinds: vec![DeferredKind::Placeholder],
            all: true,
            ..Filter::default()
        };
        let said = signals.unless_interrupted(deferred::list(&self.session.odoo, &said)).await?;
        let said = said.iter().filter(|r| r.state != DeferredState::Closed && r.choice == Some(Choice::Placeholder));
        let placeholders: BTreeSet<CodeKey> = said.map(|r| CodeKey::of(&r.subject)).collect();
        let (orphans, rows) = (catalogue.orphan_barcodes, catalogue.barcode_rows);
        log::info!(
            "source {}: {} products and {} barcodes read, {} links in Odoo",
            self.name,
            catalogue.product_rows,
            catalogue.barcode_rows,
            links.len()
        );
        let shared = check::Sharing {
            precedence: self.session.order.precedence(self.name),
            digits: self.session.digits,
            extras: self.settings.sync.extra_barcodes == ExtraBarcodes::Packaging,
        };
        let source = check::Source {
            name: self.name,
            catalogue: &catalogue,
            links: &links,
            misjoined: self.settings.sync.guards.max_orphans.is_exceeded(orphans, rows),
            placeholders: &placeholders,
            nomenclature: self.nomenclature,
            adopts_by_barcode: self.settings.sync.match_rules.contains(&MatchRule::Barcode),
            shared: &shared,
        };
        Ok(check::check_source(&source, codes))
    }
}

fn show(report: &Report, format: CheckFormat, console: &mut Console<'_>) -> io::Result<()> {
    if console.quiet {
        return Ok(());
    }
    let options = render::Options { verbose: console.verbose, max_items: None };
    match format {
        CheckFormat::Text => render::check_text(report, console.style, options, console.out),
        CheckFormat::Json => render::check_json(report, console.out),
        CheckFormat::Csv => render::check_csv(report, console.out),
    }
}
