//! Several calls on their way at once, each in a lane of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::catalog::ExternalId;
use crate::odoo::OdooError;
use crate::odoo::writer::{Answer, Lane, Writer};

use super::report::Interrupt;
use super::{Options, Phase, Step, rows};

/// A call that was answered.
pub(super) struct Done {
    pub step: Step,
    pub labels: Vec<(ExternalId, String)>,
    pub answers: BTreeMap<ExternalId, Answer>,
}

/// What came of a phase.
#[derive(Default)]
pub(super) struct Outcome {
    /// In the order of the phase, whoever was answered first.
    pub done: Vec<Done>,
    /// Why it ended before its end.
    pub error: Option<OdooError>,
    pub interrupted: Option<Interrupt>,
}

/// Carries out a phase. After an error or a signal no call is begun, and those on their way are waited for.
pub(super) async fn run(
    phase: Phase,
    writer: &Writer<'_>,
    options: Options,
    interrupted: &impl Fn() -> Option<Interrupt>,
    progress: &mut impl FnMut(usize),
) -> Outcome {
    let lanes = Lane::side_by_side(if phase.alone { 1 } else { options.connections });
    let steps = RefCell::new(phase.steps.into_iter().enumerate());
    let outcome = RefCell::new(Outcome::default());
    let done: RefCell<BTreeMap<usize, Done>> = RefCell::default();
    let progress = RefCell::new(progress);
    let worker = async |writer: Writer<'_>| {
        loop {
            if outcome.borrow().error.is_some() || outcome.borrow().interrupted.is_some() {
                return;
            }
            let Some((number, step)) = steps.borrow_mut().next() else { return };
            if let Some(signal) = interrupted() {
                outcome.borrow_mut().interrupted = Some(signal);
                return;
            }
            let labels = step.labels();
            match call(&step, &writer, options).await {
                Ok(answers) => {
                    (progress.borrow_mut())(labels.len());
                    done.borrow_mut().insert(number, Done { step, labels, answers });
                }
                Err(error) => {
                    outcome.borrow_mut().error.get_or_insert(error);
                    return;
                }
            }
        }
    };
    join_all(lanes.map(|lane| worker(writer.in_lane(lane)))).await;
    Outcome { done: done.take().into_values().collect(), ..outcome.take() }
}

async fn call(step: &Step, writer: &Writer<'_>, options: Options) -> Result<BTreeMap<ExternalId, Answer>, OdooError> {
    match step {
        Step::Create(batch) => {
            let rows: Vec<_> = batch.iter().map(|c| rows::create(c, options.digits)).collect();
            writer.create(&rows, options.default_code).await
        }
        Step::Update(batch) => {
            let rows: Vec<_> = batch.iter().map(|u| rows::update(u, options.digits)).collect();
            writer.update(&rows).await
        }
        Step::Move(batch) => {
            let rows: Vec<_> = batch.iter().map(|c| c.moves.iter().map(rows::barcode).collect()).collect();
            writer.move_barcodes(&rows).await
        }
    }
}
