//! Applies a [`Plan`], by value, and reports. Never re-decides: what the plan did not foresee is reported and left to the
//! next run.
//!
//! The order is the plan's: adoptions (so that links exist), barcode moves in one lane, new products, names and prices.
//! Each batch is one call and one transaction in Odoo, safe to repeat; with several connections, several batches are on their
//! way at once. A signal ends the run between two batches.

mod lanes;
pub mod report;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{ExternalId, PriceDigits};
use crate::odoo::OdooError;
use crate::odoo::writer::{Answer, DeferredRow, Ending, Finish, Spoken, Writer};
use crate::plan::{Activity, BarcodeMove, Component, Creation, DeferredKind, Plan, Settled, Update};

use report::{Interrupt, NotDone, Report};

/// How to apply.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Products a call.
    pub batch: usize,
    /// Calls at once.
    pub connections: usize,
    /// How many decimals of a price Odoo keeps.
    pub digits: PriceDigits,
    /// Whether new products get the external id as internal reference.
    pub default_code: bool,
    /// The kinds of deferred actions, with their subjects, that the plan speaks of; `None` for all.
    pub about: Option<&'static [(&'static str, &'static str)]>,
}

/// A run that failed part of the way: what was done, and why it ended. Everything counted is committed.
#[derive(Debug)]
pub struct Broken {
    /// What was done before.
    pub report: Report,
    /// Why it ended.
    pub error: OdooError,
}

/// Applies the plan. `interrupted` is asked between two batches; `progress` is told how many products are done of how
/// many.
///
/// # Errors
/// When a call fails for good or the lease is lost; single refused rows are no error, they stand in the report.
pub async fn apply(
    plan: Plan,
    writer: &Writer<'_>,
    options: Options,
    interrupted: impl Fn() -> Option<Interrupt>,
    mut progress: impl FnMut(usize, usize),
) -> Result<Report, Box<Broken>> {
    let mut run = Run {
        report: Report {
            run: writer.key.clone(),
            archived_in_odoo: plan.archived_in_odoo.len(),
            overruled: plan.overruled,
            ..Report::default()
        },
        deferred: deferred_rows(&plan),
        undone: BTreeSet::new(),
    };
    let total = plan.adoptions.len() + plan.barcode_moves().count() + plan.creations.len() + plan.updates.len();
    let mut done = 0;
    let mut report_progress = |count: usize| {
        done += count;
        progress(done, total);
    };
    for phase in phases(plan.adoptions, plan.moves, plan.creations, plan.updates, options) {
        let outcome = lanes::run(phase, writer, options, &interrupted, &mut report_progress).await;
        for lanes::Done { step, labels, answers } in outcome.done {
            run.book(&step, &labels, &answers);
        }
        if let Some(error) = outcome.error {
            return Err(Box::new(Broken { report: run.report, error }));
        }
        if let Some(signal) = outcome.interrupted {
            run.report.interrupted = Some(signal);
            break;
        }
    }
    let finish = finish_line(&run.report);
    let unevaluated: Vec<_> = plan.unevaluated.into_iter().map(|u| (u.external_id, u.aspects)).collect();
    let undone: Vec<ExternalId> = run.undone.into_iter().collect();
    let spoken = Spoken {
        scope: plan.scope.as_deref(),
        about: options.about,
        undone: &undone,
        unevaluated: &unevaluated,
        cut_short: run.report.interrupted.is_some(),
    };
    match writer.finish(&run.deferred, spoken, &finish).await {
        Ok(Ending { opened, closed, open, duplicates }) => {
            run.report.opened = opened;
            run.report.closed = closed;
            run.report.open = open;
            run.report.duplicates = duplicates;
            Ok(run.report)
        }
        Err(error) => Err(Box::new(Broken { report: run.report, error })),
    }
}

enum Step {
    Create(Vec<Creation>),
    Update(Vec<Update>),
    Move(Vec<Component>),
}

impl Step {
    fn labels(&self) -> Vec<(ExternalId, String)> {
        match self {
            Self::Create(batch) => batch.iter().map(|c| (c.external_id.clone(), c.name.to_string())).collect(),
            Self::Update(batch) => batch.iter().map(|u| (u.external_id.clone(), u.label.clone())).collect(),
            // A product outside goes by the external id of the one that gets its code: that one speaks for both.
            Self::Move(batch) => {
                let speaks = |c: &Component, m: &BarcodeMove| !m.outside || c.moves.iter().all(|m| m.outside);
                let moves = batch.iter().flat_map(|c| c.moves.iter().filter(|m| speaks(c, m)));
                moves.map(|m| (m.external_id.clone(), m.label.clone())).collect()
            }
        }
    }
}

/// Calls that may be made in any order, and in several lanes at once unless barcodes change hands in them.
struct Phase {
    steps: Vec<Step>,
    alone: bool,
}

/// Cuts the plan into calls. Components stay whole: several small ones share a call, a large one has its own. Links are made
/// before anything is moved, and codes are released before a new product gets them.
fn phases(
    adoptions: Vec<Update>,
    moves: Vec<Component>,
    creations: Vec<Creation>,
    updates: Vec<Update>,
    options: Options,
) -> Vec<Phase> {
    let size = options.batch.max(1);
    let mut moving = Vec::new();
    let mut batch: Vec<Component> = Vec::new();
    let mut rows = 0;
    for component in moves {
        if rows > 0 && rows + component.moves.len() > size {
            moving.push(Step::Move(std::mem::take(&mut batch)));
            rows = 0;
        }
        rows += component.moves.len();
        batch.push(component);
    }
    if !batch.is_empty() {
        moving.push(Step::Move(batch));
    }
    let mut last: Vec<Step> = shares(creations, options).map(Step::Create).collect();
    last.extend(shares(updates, options).map(Step::Update));
    vec![
        Phase { steps: shares(adoptions, options).map(Step::Update).collect(), alone: false },
        Phase { steps: moving, alone: true },
        Phase { steps: last, alone: false },
    ]
}

/// Cuts a list into calls; for several connections of one size, so that none waits for another one's last and long call.
fn shares<T>(list: Vec<T>, options: Options) -> impl Iterator<Item = Vec<T>> {
    let size = share(list.len(), options.batch.max(1), options.connections.max(1));
    let mut list = list.into_iter();
    std::iter::from_fn(move || {
        let part: Vec<T> = list.by_ref().take(size).collect();
        (!part.is_empty()).then_some(part)
    })
}

/// Below so many records, what a call costs whatever it carries is more than a second connection saves.
const WORTH_A_CALL: usize = 50;

/// How many of so many records one call carries: no more than a batch, and of several connections each has as many calls.
fn share(records: usize, batch: usize, connections: usize) -> usize {
    if connections == 1 {
        return batch;
    }
    let calls = records.div_ceil(batch);
    let even = calls.next_multiple_of(connections).min(calls.max(records / WORTH_A_CALL));
    records.div_ceil(even.max(1)).max(1)
}

struct Run {
    report: Report,
    deferred: Vec<DeferredRow>,
    /// Products for which something was not done.
    undone: BTreeSet<ExternalId>,
}

impl Run {
    /// Counts what a call did.
    fn book(&mut self, step: &Step, labels: &[(ExternalId, String)], answers: &BTreeMap<ExternalId, Answer>) {
        for (i, (id, label)) in labels.iter().enumerate() {
            let not_done = |message: String| NotDone { external_id: id.clone(), label: label.clone(), message };
            if !matches!(answers.get(id), Some(Answer::Done | Answer::Known | Answer::Created(_, None))) {
                self.undone.insert(id.clone());
            }
            match answers.get(id) {
                Some(Answer::Created(_, taken)) => {
                    self.report.created += 1;
                    if let Some(holder) = taken {
                        let message =
                            format!("created without its barcode, which was given to product #{holder} meanwhile");
                        self.report.overtaken.push(not_done(message));
                    }
                }
                // The first copy of a call whose answer was lost created it, in this run.
                Some(Answer::Known) => self.report.created += 1,
                Some(Answer::Done) => match step {
                    Step::Move(_) => self.report.barcodes += 1,
                    Step::Update(batch) if batch[i].adopt.is_some() => self.report.adopted += 1,
                    Step::Update(batch) if batch[i].activity == Some(Activity::Archive) => self.report.archived += 1,
                    Step::Update(batch) if batch[i].activity.is_some() => self.report.reactivated += 1,
                    Step::Update(batch) if batch[i].is_note() => self.report.notes += 1,
                    Step::Update(_) | Step::Create(_) => self.report.updated += 1,
                },
                Some(Answer::Refused(words)) => {
                    self.report.refused.push(not_done(words.clone()));
                    self.deferred.push(DeferredRow {
                        external_id: id.to_string(),
                        kind: DeferredKind::Refused.code(),
                        subject: step_subject(step).to_owned(),
                        holder: None,
                        candidates: Vec::new(),
                        value: String::new(),
                        choices: choices(DeferredKind::Refused),
                        settled: None,
                        message: words.clone(),
                    });
                }
                Some(Answer::Overtaken(words)) => self.report.overtaken.push(not_done(words.clone())),
                None => self.report.overtaken.push(not_done("Odoo's answer does not mention it".to_owned())),
            }
        }
    }
}

fn step_subject(step: &Step) -> &'static str {
    match step {
        Step::Create(_) => "create",
        Step::Update(_) => "update",
        Step::Move(_) => "barcode",
    }
}

fn deferred_rows(plan: &Plan) -> Vec<DeferredRow> {
    let recorded = plan.deferred.iter().filter(|d| d.kind.is_recorded());
    recorded
        .map(|d| DeferredRow {
            external_id: d.external_id.to_string(),
            kind: d.kind.code(),
            subject: d.subject.clone(),
            holder: d.holder.map(crate::catalog::ProductId::get),
            candidates: d.candidates.iter().map(|c| c.get()).collect(),
            value: d.value.clone(),
            choices: choices(d.kind),
            settled: d.settled.map(|settled| match settled {
                Settled::Decided => "decided",
                Settled::Abandoned => "abandoned",
            }),
            message: d.message.clone(),
        })
        .collect()
}

fn choices(kind: DeferredKind) -> String {
    kind.choices().iter().map(|c| c.code()).collect::<Vec<_>>().join(" ")
}

/// The run's line in Odoo.
#[must_use]
pub fn finish_line(report: &Report) -> Finish {
    let status = match report {
        Report { interrupted: Some(_), .. } => "interrupted",
        Report { refused, .. } if !refused.is_empty() => "partly refused",
        _ => "done",
    };
    let changed = report.adopted + report.updated + report.archived + report.reactivated;
    Finish {
        status: status.to_owned(),
        summary: format!(
            "{} created, {} adopted, {} changed, {} barcodes moved, {} archived, {} reactivated, {} refused, {} overtaken",
            report.created,
            report.adopted,
            report.updated,
            report.barcodes,
            report.archived,
            report.reactivated,
            report.refused.len(),
            report.overtaken.len()
        ),
        created: report.created,
        changed,
        barcodes: report.barcodes,
        refused: report.refused.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn connections_share_what_there_is() {
        assert_eq!([0, 40, 501, 10_000].map(|records| share(records, 500, 1)), [500; 4]);
        // Two have as much to do, and a few records are not torn apart.
        assert_eq!([40, 99, 100, 800, 1_100].map(|records| share(records, 500, 2)), [40, 99, 50, 400, 275]);
        assert_eq!([120, 400, 2_000, 10_000].map(|records| share(records, 500, 7)), [60, 58, 286, 477]);
    }

    proptest! {
        #[test]
        fn no_call_carries_more_than_a_batch(records in 0_usize..5000, batch in 1_usize..1000, connections in 1_usize..8) {
            let size = share(records, batch, connections);
            prop_assert!(size >= 1 && size <= batch);
            let calls = records.div_ceil(size);
            prop_assert!(calls <= records.div_ceil(batch).next_multiple_of(connections));
            prop_assert!(size >= WORTH_A_CALL.min(batch.div_ceil(2)).min(records));
        }
    }
}
