//! Changes as the history in Odoo records them, and what follows from the changes of one barcode: who had it from when to
//! when.
//!
//! Values are the recorded texts, unchecked: they may be older than today's rules, or a person's. Decides nothing about the
//! catalogue and knows no clock: moments are numbers.

use std::collections::BTreeMap;

use super::CodeKey;

/// A moment in whole seconds since 1970-01-01 00:00:00 UTC, which is as exact as Odoo's API tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangedField {
    /// The barcode.
    Barcode,
    /// The list price.
    Price,
    /// The name in one language.
    Name,
}

impl ChangedField {
    /// Every field with a history.
    pub const ALL: [Self; 3] = [Self::Barcode, Self::Price, Self::Name];

    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Barcode => "barcode",
            Self::Price => "price",
            Self::Name => "name",
        }
    }
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line's own id in Odoo, ascending in the order of recording within one field.
    pub id: i64,
    /// When it was written.
    pub when: Moment,
    /// What changed.
    pub field: ChangedField,
    /// The source.
    pub source: String,
    /// The external id; empty where none is recorded.
    pub external_id: String,
    /// Does the line belong to a link? Without one it tells of a product outside the source, or of a link that was
    /// deleted since.
    pub linked: bool,
    /// The product's name today, as its link has it; empty without a link.
    pub name: String,
    /// An Odoo language code, of a name.
    pub language: Option<String>,
    /// Before; `None` for nothing.
    pub old: Option<String>,
    /// After; `None` for nothing.
    pub new: Option<String>,
    /// A barcode on a packaging or unit of the product, not its own.
    pub further: bool,
    /// A stable word, see [`cause_words`]; empty where none is recorded.
    pub cause: String,
    /// The run's key; `None` when the run's line was deleted.
    pub run: Option<String>,
}

/// A cause as a person reads it; `None` for a word that this version does not know.
#[must_use]
pub fn cause_words(code: &str) -> Option<&'static str> {
    Some(match code {
        "created" => "new product",
        "source-changed" => "changed in the source",
        "drift" => "edited in Odoo, put back",
        "both-changed" => "changed in the source; edited in Odoo too",
        "adopted" => "existing product adopted",
        "no-longer-listed" => "the source no longer lists it here",
        "chosen" => "chosen by a person",
        "missing-in-source" => "missing in the source, archived",
        "reverted" => "a run undone",
        "claimed-by-another" => "the source lists it at another product now",
        _ => return None,
    })
}

/// Who had a barcode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant {
    /// The source.
    pub source: String,
    /// The external id; empty where none is recorded.
    pub external_id: String,
    /// See [`Change::linked`].
    pub linked: bool,
}

/// A recorded beginning or end of a [`Tenure`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// When.
    pub when: Moment,
    /// Why; see [`Change::cause`].
    pub cause: String,
    /// The run's key.
    pub run: Option<String>,
    /// Who lost the code to this one, or got it from it, in the same run.
    pub other: Option<Tenant>,
}

/// How a [`Tenure`] ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenureEnd {
    /// It has not ended.
    Now,
    /// It ended, and the history says how.
    Recorded(Handover),
    /// It ended without a line: the product was edited or deleted in Odoo.
    Unrecorded {
        /// At the latest then, as the code was given anew.
        latest: Option<Moment>,
    },
}

/// An interval during which one product had a barcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    /// Whose.
    pub tenant: Tenant,
    /// The product's name; see [`Change::name`].
    pub name: String,
    /// How it began; `None` when it is not recorded: the product came to Odoo with the code, or got it from a person.
    pub from: Option<Handover>,
    /// How it ended.
    pub until: TenureEnd,
}

impl Tenure {
    /// Does any part of it lie in `[since, until)`? What is not recorded counts as long as it can be.
    #[must_use]
    pub fn touches(&self, since: Option<Moment>, until: Option<Moment>) -> bool {
        let end = match &self.until {
            TenureEnd::Now => None,
            TenureEnd::Recorded(handover) => Some(handover.when),
            TenureEnd::Unrecorded { latest } => *latest,
        };
        let begins_in_time = until.is_none_or(|u| self.from.as_ref().is_none_or(|f| f.when < u));
        begins_in_time && since.is_none_or(|s| end.is_none_or(|e| e >= s))
    }

    /// Did this run begin or end it?
    #[must_use]
    pub fn is_by(&self, run: &str) -> bool {
        let ended = match &self.until {
            TenureEnd::Recorded(handover) => Some(handover),
            TenureEnd::Now | TenureEnd::Unrecorded { .. } => None,
        };
        self.from.iter().chain(ended).any(|h| h.run.as_deref() == Some(run))
    }

    fn sort_key(&self) -> (Moment, bool) {
        let end = match &self.until {
            TenureEnd::Now | TenureEnd::Unrecorded { latest: None } => Moment(i64::MAX),
            TenureEnd::Recorded(Handover { when, .. }) | TenureEnd::Unrecorded { latest: Some(when) } => *when,
        };
        (self.from.as_ref().map_or(end, |f| f.when), self.from.is_some())
    }
}

/// Who had a barcode, by its recorded changes in any order, and by who has it now (with the product's name). Oldest first.
///
/// A code is at one product at a time: the synchronisation gives it to nobody while another product has it. So a line that
/// gives it ends everybody else's interval at the latest, unless a line of the same run ends it properly: a run records a
/// handover in any order. What edits in Odoo did between two lines stays unrecorded, and is told as such.
#[must_use]
pub fn tenures(code: &CodeKey, changes: &[Change], now: &[(Tenant, String)]) -> Vec<Tenure> {
    let is_code = |value: &Option<String>| value.as_deref().is_some_and(|text| CodeKey::of(text) == *code);
    let mut lines: Vec<Line<'_>> = changes
        .iter()
        .map(|change| Line { change, gains: is_code(&change.new), loses: is_code(&change.old) })
        .filter(|line| line.gains || line.loses)
        .collect();
    lines.sort_by_key(|line| (line.change.when, line.change.id));
    let mut runs: BTreeMap<RunKey<'_>, Vec<usize>> = BTreeMap::new();
    for (i, line) in lines.iter().enumerate() {
        runs.entry(line.run()).or_default().push(i);
    }
    let mut done = Vec::new();
    let mut open: BTreeMap<Tenant, Tenure> = BTreeMap::new();
    for (i, line) in lines.iter().enumerate() {
        let tenant = line.tenant();
        let same_run = &runs[&line.run()];
        let begun = |from| Tenure {
            tenant: tenant.clone(),
            name: line.change.name.clone(),
            from,
            until: TenureEnd::Unrecorded { latest: None },
        };
        let handover = |others: fn(&Line<'_>) -> bool| {
            let mut others = same_run.iter().map(|at| &lines[*at]).filter(|l| others(l) && l.tenant() != tenant);
            Handover {
                when: line.change.when,
                cause: line.change.cause.clone(),
                run: line.change.run.clone(),
                other: others.next().map(Line::tenant),
            }
        };
        match (line.loses, line.gains) {
            // Another spelling of the same code.
            (true, true) => {
                open.entry(tenant.clone()).or_insert_with(|| begun(None));
            }
            (true, false) => {
                let tenure = open.remove(&tenant).unwrap_or_else(|| begun(None));
                done.push(Tenure { until: TenureEnd::Recorded(handover(|l| l.gains && !l.loses)), ..tenure });
            }
            _ => {
                let properly = |other: &Tenant| {
                    let mut later = same_run.iter().filter(|at| **at > i).map(|at| &lines[*at]);
                    later.any(|l| l.loses && !l.gains && l.tenant() == *other)
                };
                let over: Vec<Tenant> = open.keys().filter(|t| **t == tenant || !properly(t)).cloned().collect();
                for tenure in over.iter().filter_map(|t| open.remove(t)) {
                    done.push(Tenure { until: TenureEnd::Unrecorded { latest: Some(line.change.when) }, ..tenure });
                }
                open.insert(tenant.clone(), begun(Some(handover(|l| l.loses && !l.gains))));
            }
        }
    }
    for (tenant, name) in now {
        let unrecorded = || Tenure { tenant: tenant.clone(), name: name.clone(), from: None, until: TenureEnd::Now };
        let tenure = open.remove(tenant).unwrap_or_else(unrecorded);
        done.push(Tenure { until: TenureEnd::Now, ..tenure });
    }
    done.extend(open.into_values());
    done.sort_by_key(Tenure::sort_key);
    done
}

/// The run; lines without one belong together when they were written in the same second.
type RunKey<'a> = Result<&'a str, Moment>;

struct Line<'a> {
    change: &'a Change,
    gains: bool,
    loses: bool,
}

impl<'a> Line<'a> {
    fn tenant(&self) -> Tenant {
        let Change { source, external_id, linked, .. } = self.change;
        Tenant { source: source.clone(), external_id: external_id.clone(), linked: *linked }
    }

    fn run(&self) -> RunKey<'a> {
        self.change.run.as_deref().ok_or(self.change.when)
    }
}

#[cfg(test)]
mod tests;
