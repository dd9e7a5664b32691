//! Calls × kinds of faults: all of them, or a slice in which each call and each kind is met at least once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Instant;

use super::super::full;
use super::kinds::{ALL, Call, Kind};
use super::place::Place;
use super::trial::{Lab, Usual};

/// Counts of one call, or of one kind.
#[derive(Default, Clone, Copy)]
struct Count {
    tried: usize,
    ridden_out: usize,
    died: usize,
    lease_left: usize,
}

/// Which faults are tried.
enum Choice {
    /// By default.
    Slice,
    /// `ERPSYNC_TEST_FULL=1` or `ERPSYNC_TEST_FAULTS=all`, or `once` for all but those that last.
    Whole { lasting: bool },
    /// `ERPSYNC_TEST_FAULTS='cut after@17'`
    One(String, usize),
}

fn choice() -> Choice {
    match std::env::var("ERPSYNC_TEST_FAULTS").as_deref() {
        Err(_) if full() => Choice::Whole { lasting: true },
        Err(_) => Choice::Slice,
        Ok("all") => Choice::Whole { lasting: true },
        Ok("once") => Choice::Whole { lasting: false },
        Ok(one) => {
            let (kind, call) = one.split_once('@').expect("ERPSYNC_TEST_FAULTS is all, once or KIND@CALL");
            Choice::One(kind.to_owned(), call.parse().expect("a number after @"))
        }
    }
}

/// What is tried by default: one kind at each call, or at one of so many.
#[derive(Clone, Copy)]
pub struct Slice {
    /// The first call.
    pub from: usize,
    /// 1 for each call, 7 for one of seven.
    pub step: usize,
    /// Which kind comes first.
    pub kind: usize,
}

/// A fault at every call.
pub fn run<P: Place>(lab: &mut Lab<P>, usual: &Usual, by_default: Slice) {
    let choice = choice();
    let plan = match &choice {
        Choice::Slice => slice(usual, by_default),
        Choice::Whole { lasting } => whole(usual, |_, kind| *lasting || !kind.is_lasting()),
        Choice::One(kind, call) => whole(usual, |c, k| c.number == *call && k.name() == kind),
    };
    assert!(!plan.is_empty(), "no such fault");
    let started = Instant::now();
    let (mut calls, mut kinds) = (BTreeMap::<usize, Count>::new(), BTreeMap::<Kind, Count>::new());
    let mut problems = Vec::new();
    lab.place.reset();
    lab.place.assert_reset();
    for (done, (call, kind)) in plan.iter().enumerate() {
        if done % 50 == 0 && done > 0 {
            let seconds = started.elapsed().as_secs_f64();
            say(&format!("{}: {done} of {} faults, {seconds:.0} s\n", lab.place.title(), plan.len()));
        }
        let outcome = lab.disturb(usual, call, *kind);
        for count in [calls.entry(call.number).or_default(), kinds.entry(*kind).or_default()] {
            count.tried += 1;
            if let Ok(ending) = &outcome {
                let ridden_out = ending.status == usual.status;
                count.ridden_out += usize::from(ridden_out);
                count.died += usize::from(!ridden_out);
                count.lease_left += usize::from(ending.lease);
            }
        }
        if let Err(problem) = outcome {
            let told = format!("== {} at call {} ({}): {problem}\n", kind.name(), call.number, call.name);
            say(&told);
            problems.push(format!("{} at call {} ({})", kind.name(), call.number, call.name));
        }
    }
    lab.place.reset();
    lab.place.assert_reset();
    let title = lab.place.title();
    let mut table = format!("{title}: faults by call\n  k  tried  ridden out  died  lease left  call\n");
    for call in &usual.calls {
        let c = calls.get(&call.number).copied().unwrap_or_default();
        let _ = writeln!(
            table,
            "{:>3}  {:>5}  {:>10}  {:>4}  {:>10}  {}",
            call.number, c.tried, c.ridden_out, c.died, c.lease_left, call.name
        );
    }
    let _ = writeln!(table, "{title}: faults by kind\n  tried  ridden out  died  lease left  kind");
    for (kind, c) in &kinds {
        let _ = writeln!(
            table,
            "  {:>5}  {:>10}  {:>4}  {:>10}  {}",
            c.tried,
            c.ridden_out,
            c.died,
            c.lease_left,
            kind.name()
        );
    }
    if matches!(choice, Choice::Whole { .. }) {
        say(&table);
    }
    let (ridden, died) = kinds.values().fold((0, 0), |(r, d), c| (r + c.ridden_out, d + c.died));
    say(&format!(
        "{title}: {} faults at {} calls, {} kinds: {ridden} ridden out, {died} ended the run, {} wrong; {:.0} s\n",
        plan.len(),
        calls.len(),
        kinds.len(),
        problems.len(),
        started.elapsed().as_secs_f64()
    ));
    assert!(problems.is_empty(), "{title}: {problems:#?}");
    let possible = ALL.into_iter().filter(|kind| usual.calls.iter().any(|c| c.can_meet(*kind))).count();
    match choice {
        Choice::One(..) => {}
        Choice::Slice => assert_eq!(kinds.len(), possible.min(plan.len()), "kinds"),
        Choice::Whole { lasting } => {
            assert_eq!(calls.len(), usual.calls.len(), "calls without a fault");
            assert!(!lasting || kinds.len() == possible, "kinds without a call");
        }
    }
}

fn whole(usual: &Usual, wanted: impl Fn(&Call, Kind) -> bool) -> Vec<(Call, Kind)> {
    let all = ALL.into_iter().flat_map(|kind| usual.calls.iter().map(move |call| (call.clone(), kind)));
    all.filter(|(call, kind)| call.can_meet(*kind) && wanted(call, *kind)).collect()
}

/// One kind for each call: of those that were met least, the next one.
fn slice(usual: &Usual, Slice { from, step, kind }: Slice) -> Vec<(Call, Kind)> {
    let mut met = BTreeMap::<Kind, usize>::new();
    let order: Vec<Kind> = ALL.into_iter().cycle().skip(kind).take(ALL.len()).collect();
    let one = |call: &Call| {
        let possible = order.iter().copied().filter(|kind| call.can_meet(*kind));
        let kind = possible.min_by_key(|kind| met.get(kind).copied().unwrap_or_default())?;
        *met.entry(kind).or_default() += 1;
        Some((call.clone(), kind))
    };
    usual.calls.iter().filter(|c| c.number >= from).step_by(step).filter_map(one).collect()
}

/// To the terminal, also from a test that passes.
pub fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
