//! Calls × kinds of faults: all of them, or a slice in which each call and each kind is met at least once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Instant;

use crate::kinds::{ALL, Call, Kind};
use crate::place::Place;
use crate::trial::{Lab, Usual};

/// Counts of one call, or of one kind.
#[derive(Default, Clone, Copy)]
struct Count {
    tried: usize,
    ridden_out: usize,
    died: usize,
    lease_left: usize,
}

/// `ERPSYNC_TEST_FAULTS=all` for the whole.
pub fn is_whole() -> bool {
    std::env::var("ERPSYNC_TEST_FAULTS").is_ok_and(|v| v == "all")
}

/// A fault at every call. The slice begins at another kind for each place.
pub fn run<P: Place>(lab: &mut Lab<P>, usual: &Usual, begin: usize) {
    let plan = if is_whole() { whole(usual) } else { slice(usual, begin) };
    let started = Instant::now();
    let (mut calls, mut kinds) = (BTreeMap::<usize, Count>::new(), BTreeMap::<Kind, Count>::new());
    let mut problems = Vec::new();
    lab.place.reset();
    lab.place.assert_reset();
    for (call, kind) in &plan {
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
        let _ =
            writeln!(table, "  {:>5}  {:>10}  {:>4}  {:>10}  {}", c.tried, c.ridden_out, c.died, c.lease_left, kind.name());
    }
    if is_whole() {
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
    assert_eq!(calls.len(), usual.calls.len(), "calls without a fault");
    assert!(begin_covers(&kinds, usual), "kinds without a call");
}

/// Each kind that some call can meet was met.
fn begin_covers(kinds: &BTreeMap<Kind, Count>, usual: &Usual) -> bool {
    let possible = ALL.into_iter().filter(|kind| usual.calls.iter().any(|c| c.can_meet(*kind)));
    possible.into_iter().all(|kind| kinds.contains_key(&kind))
}

fn whole(usual: &Usual) -> Vec<(Call, Kind)> {
    let all = usual.calls.iter().flat_map(|call| ALL.into_iter().map(move |kind| (call.clone(), kind)));
    all.filter(|(call, kind)| call.can_meet(*kind)).collect()
}

/// One kind for each call: of those that were met least, the next one.
fn slice(usual: &Usual, begin: usize) -> Vec<(Call, Kind)> {
    let mut met = BTreeMap::<Kind, usize>::new();
    let one = |call: &Call| {
        let order = (0..ALL.len()).map(|i| ALL[(begin + call.number + i) % ALL.len()]);
        let possible: Vec<Kind> = order.filter(|kind| call.can_meet(*kind)).collect();
        let least = possible.iter().map(|k| met.get(k).copied().unwrap_or_default()).min()?;
        let kind = possible.into_iter().find(|k| met.get(k).copied().unwrap_or_default() == least)?;
        *met.entry(kind).or_default() += 1;
        Some((call.clone(), kind))
    };
    usual.calls.iter().filter_map(one).collect()
}

/// To the terminal, also from a test that passes.
pub fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
