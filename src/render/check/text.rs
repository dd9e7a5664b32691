//! Findings for a person: source by source, kind by kind, each kind with what settles it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use crate::check::{Code, Finding, Record, Report, Severity};

use super::super::escape::{code, plain};
use super::super::text::Page;
use super::super::{Options, Style, grouped, plural};
use super::state;

/// Columns before what settles a kind.
const REMEDY: usize = 4;
/// Columns before a record.
const RECORD: usize = 6;

/// Writes the findings; the last line counts.
///
/// Information is counted and not listed, unless [`Options::verbose`] or the report's `only` asks for it; at most
/// [`Options::max_items`] findings of a kind are listed.
///
/// # Errors
/// When `out` cannot be written.
pub fn check_text(report: &Report, style: Style, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    let shown = |f: &&Finding| options.verbose || !report.only.is_empty() || f.code.severity() != Severity::Info;
    let findings: Vec<&Finding> = report.findings.iter().filter(shown).collect();
    let mut something = false;
    for of_source in findings.chunk_by(|a, b| a.source == b.source) {
        page.gap(something)?;
        something = true;
        match &of_source[0].source {
            Some(name) => page.line(&format!("Source {name}"))?,
            None => page.line("Odoo")?,
        }
        for alike in of_source.chunk_by(|a, b| a.code == b.code) {
            page.line("")?;
            kind(&mut page, alike, options)?;
        }
    }
    for (name, why) in &report.failed {
        page.gap(something)?;
        something = true;
        let head = format!("Source {name} was not checked: ");
        write!(page.out, "{head}")?;
        page.paragraph(REMEDY, head.len(), why)?;
    }
    page.gap(something)?;
    page.line(&counts(report, report.findings.len() - findings.len()))
}

/// The kinds of findings, one a line: name, severity, meaning.
///
/// # Errors
/// When `out` cannot be written.
pub fn codes_text(out: &mut dyn Write) -> io::Result<()> {
    let width = Code::ALL.iter().map(|c| c.name().len()).max().unwrap_or_default();
    for code in Code::ALL {
        writeln!(out, "{:width$}  {:7}  {}", code.name(), code.severity().name(), code.meaning())?;
    }
    Ok(())
}

fn ansi(severity: Severity) -> Ansi {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default(),
        Severity::Info => Ansi::new().dimmed(),
    }
}

fn kind(page: &mut Page<'_>, alike: &[&Finding], options: Options) -> io::Result<()> {
    let kind = alike[0].code;
    page.painted(ansi(kind.severity()), kind.severity().name())?;
    write!(page.out, " ")?;
    page.strong(kind.name())?;
    let head = kind.severity().name().len() + 1 + kind.name().len();
    write!(page.out, "  ")?;
    page.paragraph(REMEDY, head + 2, &format!("({}) {}", grouped(alike.len()), kind.meaning()))?;
    page.paragraph(REMEDY, 0, &format!("→ {}", kind.remedy()))?;
    let most = options.max_items.unwrap_or(usize::MAX);
    for finding in alike.iter().take(most) {
        let head = finding.barcode.as_deref().map_or_else(|| "–".into(), code);
        write!(page.out, "  ")?;
        page.strong(&head)?;
        write!(page.out, "  ")?;
        page.paragraph(RECORD, 4 + head.chars().count(), &finding.message)?;
        for record in &finding.records {
            page.line(&format!("{:RECORD$}{}", "", shown(record, finding.barcode.as_deref())))?;
        }
        if finding.more > 0 {
            page.line(&format!("{:RECORD$}… and {}", "", plural(finding.more, "more record")))?;
        }
    }
    page.more(alike.len().saturating_sub(most), kind.name())
}

/// A record on one line; its barcode where it is another text than the finding's.
fn shown(record: &Record, barcode: Option<&str>) -> String {
    let (what, name, own) = match record {
        Record::Listed { id, name, barcode } => (format!("source {}", plain(id.as_str())), name, barcode.as_deref()),
        Record::Product(p) => {
            let what = format!("Odoo {} ({})", p.id, state(p.active, &p.company));
            (what, &p.name, p.barcode.as_deref())
        }
        Record::Packaging(p) => {
            let what = format!("{} #{} of Odoo {}", super::kind(record), p.id, p.product);
            (format!("{what} ({})", state(p.active, &p.company)), &p.name, Some(p.barcode.as_str()))
        }
    };
    let own = match own {
        Some(own) if Some(own) != barcode => format!(" [{}]", code(own)),
        None if matches!(record, Record::Product(_)) => " [none]".to_owned(),
        _ => String::new(),
    };
    let name = plain(name);
    if name.is_empty() { format!("{what}{own}") } else { format!("{what}{own}  {name}") }
}

fn counts(report: &Report, hidden: usize) -> String {
    let checked = match report.checked.as_slice() {
        [] => "nothing".to_owned(),
        [one] => format!("source {one}"),
        several => plural(several.len(), "source"),
    };
    let checked = match report.only.is_empty() {
        true => checked,
        false => {
            let only: Vec<_> = report.only.iter().map(|c| c.name()).collect();
            format!("{checked} for {}", only.join(", "))
        }
    };
    let [errors, warnings, infos] = Severity::ALL.map(|s| report.count(s));
    if errors + warnings + infos == 0 {
        return format!("Checked {checked}: nothing found.");
    }
    let aside = if hidden > 0 { " (not shown: -v)" } else { "" };
    format!(
        "Checked {checked}: {}, {}, {} for information{aside}.",
        plural(errors, "error"),
        plural(warnings, "warning"),
        grouped(infos)
    )
}
