//! Figures of the last runs in the text format of Prometheus, for node_exporter's textfile collector.
//!
//! The file is its own memory: what a run does not know, such as when the last good one was or what another command did, is
//! carried on from the file as it was. Families and labels are only ever added.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::apply::report::Report;

/// What a run did, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done with how many products.
    kinds: [(&'static str, usize); 11],
    /// Deferred actions that are open; `None` when the run ended before it knew.
    open: Option<usize>,
}

impl Figures {
    /// Of a report; `ended` tells that the run came to its end.
    #[must_use]
    pub fn of(report: &Report, ended: bool) -> Self {
        let kinds = [
            ("created", report.created),
            ("adopted", report.adopted),
            ("changed", report.updated),
            ("barcodes_moved", report.barcodes),
            ("archived", report.archived),
            ("reactivated", report.reactivated),
            ("archived_in_odoo", report.archived_in_odoo),
            ("refused", report.refused.len()),
            ("overtaken", report.overtaken.len()),
            ("duplicate_barcodes", report.duplicates.len()),
            ("overruled", report.overruled.products),
        ];
        Self { kinds, open: ended.then_some(report.open) }
    }
}

/// A run of one command for one source that is over.
#[derive(Debug, Clone)]
pub struct RunFigures {
    /// The command.
    pub command: &'static str,
    /// The source.
    pub source: String,
    /// When it ended, in seconds since 1970.
    pub ended: i64,
    /// How long it took.
    pub seconds: Duration,
    /// The exit status that it makes.
    pub status: u8,
    /// It did what it should.
    pub good: bool,
    /// How long each phase took.
    pub phases: Vec<(&'static str, Duration)>,
    /// What it did, if it came so far.
    pub figures: Option<Figures>,
}

const INFO: &str = "erpsync_info";
const EXIT_TIME: &str = "erpsync_command_last_exit_timestamp_seconds";
const EXIT_STATUS: &str = "erpsync_command_last_exit_status";
const RUN_TIME: &str = "erpsync_last_run_timestamp_seconds";
const SUCCESS_TIME: &str = "erpsync_last_success_timestamp_seconds";
const STATUS: &str = "erpsync_last_run_status";
const DURATION: &str = "erpsync_last_run_duration_seconds";
const PHASE: &str = "erpsync_last_run_phase_duration_seconds";
const PRODUCTS: &str = "erpsync_last_run_products";
const OPEN: &str = "erpsync_open_conflicts";

/// Families in the order of the file, with what they tell.
const FAMILIES: [(&str, &str); 10] = [
    (INFO, "The version of erpsync that wrote this file last."),
    (EXIT_TIME, "When the command ended last, in whatever way."),
    (EXIT_STATUS, "The exit status that it ended with; see erpsync --help."),
    (RUN_TIME, "When the command's last turn for the source ended."),
    (SUCCESS_TIME, "The same of the last one that went through (status 0 or 3)."),
    (STATUS, "The exit status that the last turn stands for."),
    (DURATION, "How long the last turn took."),
    (PHASE, "How long the phases of the last turn took."),
    (PRODUCTS, "What the last turn did, by kind, in products."),
    (OPEN, "Deferred actions that were open at the end of the last run that looked."),
];

/// The file's samples: family → labels → value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics(BTreeMap<String, BTreeMap<String, String>>);

impl Metrics {
    /// Reads what [`Metrics::text`] wrote. A family that this version does not know is not written again.
    ///
    /// # Errors
    /// The first line that is no sample of ours.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let sample = || {
                let (series, value) = line.rsplit_once(' ')?;
                value.parse::<f64>().ok()?;
                let (family, labels) = series.strip_suffix('}')?.split_once('{')?;
                family.starts_with("erpsync_").then_some((family, labels, value))
            };
            let (family, labels, value) = sample().ok_or_else(|| super::plain(line))?;
            all.set(family, labels.to_owned(), value.to_owned());
        }
        Ok(all)
    }

    fn set(&mut self, family: &str, labels: String, value: String) {
        self.0.entry(family.to_owned()).or_default().insert(labels, value);
    }

    /// A turn of a source is over.
    pub fn ran(&mut self, run: &RunFigures) {
        // Commands and sources are lower-case letters, digits, - and _: nothing in them has to be escaped.
        let whose = format!("command=\"{}\",source=\"{}\"", run.command, run.source);
        for family in [PHASE, PRODUCTS] {
            self.0.entry(family.to_owned()).or_default().retain(|labels, _| !labels.starts_with(&format!("{whose},")));
        }
        self.set(RUN_TIME, whose.clone(), run.ended.to_string());
        if run.good {
            self.set(SUCCESS_TIME, whose.clone(), run.ended.to_string());
        }
        self.set(STATUS, whose.clone(), run.status.to_string());
        self.set(DURATION, whose.clone(), seconds(run.seconds));
        for (phase, took) in &run.phases {
            self.set(PHASE, format!("{whose},phase=\"{phase}\""), seconds(*took));
        }
        let Some(Figures { kinds, open }) = &run.figures else { return };
        for (kind, n) in kinds {
            self.set(PRODUCTS, format!("{whose},kind=\"{kind}\""), n.to_string());
        }
        if let Some(open) = open {
            self.set(OPEN, format!("source=\"{}\"", run.source), open.to_string());
        }
    }

    /// The command ended.
    pub fn ended(&mut self, command: &str, when: i64, status: u8) {
        self.0.remove(INFO);
        self.set(INFO, format!("version=\"{}\"", env!("CARGO_PKG_VERSION")), "1".to_owned());
        self.set(EXIT_TIME, format!("command=\"{command}\""), when.to_string());
        self.set(EXIT_STATUS, format!("command=\"{command}\""), status.to_string());
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (family, help) in FAMILIES {
            let Some(samples) = self.0.get(family).filter(|samples| !samples.is_empty()) else { continue };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# HELP {family} {help}\n# TYPE {family} gauge");
            for (labels, value) in samples {
                let _ = writeln!(out, "{family}{{{labels}}} {value}");
            }
        }
        out
    }
}

fn seconds(span: Duration) -> String {
    format!("{:.3}", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &'static str, source: &str, ended: i64, status: u8) -> RunFigures {
        RunFigures {
            command,
            source: source.to_owned(),
            ended,
            seconds: Duration::from_millis(2500),
            status,
            good: status == 0,
            phases: vec![("read", Duration::from_millis(1250)), ("apply", Duration::from_secs(1))],
            figures: Some(Figures::of(&crate::render::sample::report(), true)),
        }
    }

    #[test]
    fn golden() {
        let mut metrics = Metrics::default();
        metrics.ran(&run("import-products", "polonez", 1_700_000_000, 0));
        metrics.ran(&run("import-products", "shop-2", 1_700_000_010, 4));
        metrics.ended("import-products", 1_700_000_011, 4);
        insta::assert_snapshot!(metrics.text().replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }

    #[test]
    fn what_a_run_does_not_know_is_carried_on() {
        let mut metrics = Metrics::default();
        metrics.ran(&run("import-products", "polonez", 100, 0));
        metrics.ran(&run("sync-prices", "polonez", 150, 0));
        let mut later = Metrics::parse(&metrics.text()).unwrap();
        assert_eq!(later, metrics);
        let failed = RunFigures { figures: None, phases: Vec::new(), ..run("import-products", "polonez", 200, 69) };
        later.ran(&failed);
        let text = later.text();
        for line in [
            "erpsync_last_run_timestamp_seconds{command=\"import-products\",source=\"polonez\"} 200",
            "erpsync_last_success_timestamp_seconds{command=\"import-products\",source=\"polonez\"} 100",
            "erpsync_last_run_status{command=\"import-products\",source=\"polonez\"} 69",
            "erpsync_last_run_status{command=\"sync-prices\",source=\"polonez\"} 0",
            "erpsync_last_run_products{command=\"sync-prices\",source=\"polonez\",kind=\"created\"} 3",
            "erpsync_open_conflicts{source=\"polonez\"} 2",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("products{command=\"import-products\""), "what an older run did\n{text}");
    }

    #[test]
    fn another_files_contents_are_known() {
        for line in ["node_load1 0.5", "erpsync_x 1", "erpsync_x{a=\"b\"} many", "[sources.shop]", "other{a=\"b\"} 1"] {
            let text = format!("# HELP x y\n\nerpsync_info{{version=\"1\"}} 1\n{line}\n");
            assert_eq!(Metrics::parse(&text), Err(line.to_owned()));
        }
    }
}
