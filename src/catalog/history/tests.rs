//! The intervals of one barcode: named cases, and properties against a world that knows the truth.

use proptest::prelude::*;

use super::*;

const CODE: &str = "036000291452";
const SAME_CODE: &str = "0036000291452";

fn key() -> CodeKey {
    CodeKey::of(CODE)
}

fn tenant(id: &str) -> Tenant {
    Tenant { source: "polonez".to_owned(), external_id: id.to_owned(), linked: true }
}

fn line(id: i64, when: i64, product: &str, old: &str, new: &str, run: &str) -> Change {
    let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Change {
        id,
        when: Moment(when),
        field: ChangedField::Barcode,
        source: "polonez".to_owned(),
        external_id: product.to_owned(),
        linked: true,
        name: format!("Product {product}"),
        language: None,
        old: value(old),
        new: value(new),
        further: false,
        cause: "source-changed".to_owned(),
        run: value(run),
    }
}

/// `tenant from→until`, with who gave it and who got it.
fn shown(changes: &[Change], now: &[&str]) -> Vec<String> {
    let now: Vec<_> = now.iter().map(|id| (tenant(id), format!("Product {id}"))).collect();
    let end = |h: &Handover| {
        let other = h.other.as_ref().map_or_else(String::new, |t| format!("({})", t.external_id));
        format!("{}{other}", h.when.0)
    };
    let one = |t: &Tenure| {
        let until = match &t.until {
            TenureEnd::Now => "now".to_owned(),
            TenureEnd::Recorded(h) => end(h),
            TenureEnd::Unrecorded { latest } => latest.map_or_else(|| "?".to_owned(), |l| format!("?{}", l.0)),
        };
        format!("{} {}→{until}", t.tenant.external_id, t.from.as_ref().map_or_else(|| "?".to_owned(), end))
    };
    tenures(&key(), changes, &now).iter().map(one).collect()
}

#[test]
fn a_code_without_a_trace() {
    assert_eq!(shown(&[line(1, 10, "1", "4006381333931", "73513537", "a")], &[]), Vec::<String>::new());
    assert_eq!(shown(&[], &["1"]), ["1 ?→now"]);
}

#[test]
fn a_code_moves_on() {
    // The run records the new product first.
    let changes = [
        line(1, 10, "1", "", CODE, "a"),
        line(2, 20, "2", "", CODE, "b"),
        line(3, 20, "1", CODE, "73513537", "b"),
        line(4, 30, "2", CODE, "", "c"),
        line(5, 40, "1", "73513537", SAME_CODE, "d"),
    ];
    assert_eq!(shown(&changes, &["1"]), ["1 10→20(2)", "2 20(1)→30", "1 40→now"]);
    assert_eq!(shown(&changes[..3], &["2"]), ["1 10→20(2)", "2 20(1)→now"]);
}

#[test]
fn another_spelling_is_no_event() {
    let changes = [line(1, 10, "1", "", CODE, "a"), line(2, 20, "1", CODE, SAME_CODE, "b")];
    assert_eq!(shown(&changes, &["1"]), ["1 10→now"]);
    assert_eq!(shown(&changes[1..], &["1"]), ["1 ?→now"]);
}

#[test]
fn edits_in_odoo_leave_gaps() {
    // Somebody takes the code away, and the next run puts it back.
    let changes = [line(1, 10, "1", "", CODE, "a"), line(2, 20, "1", "73513537", CODE, "b")];
    assert_eq!(shown(&changes, &["1"]), ["1 10→?20", "1 20→now"]);
    // Somebody gives the code to another product, and the next run takes it off.
    assert_eq!(shown(&[line(1, 10, "1", CODE, "", "a")], &[]), ["1 ?→10"]);
    // The product was deleted in Odoo, later the code was given to another one.
    let changes = [line(1, 10, "1", "", CODE, "a"), line(2, 20, "2", "", CODE, "b")];
    assert_eq!(shown(&changes, &["2"]), ["1 10→?20", "2 20→now"]);
    // It is gone, nobody recorded when.
    assert_eq!(shown(&changes[..1], &[]), ["1 10→?"]);
    assert_eq!(shown(&changes[..1], &["2"]), ["1 10→?", "2 ?→now"]);
}

#[test]
fn a_product_outside_the_source_is_another_one() {
    let foreign = Change { linked: false, ..line(1, 10, "1", CODE, "", "a") };
    assert_eq!(shown(&[foreign, line(2, 10, "1", "", CODE, "a")], &["1"]), ["1 ?→10(1)", "1 10(1)→now"]);
}

#[test]
fn periods_and_runs() {
    let changes = [line(1, 10, "1", "", CODE, "a"), line(2, 20, "1", CODE, "", "b")];
    let tenure = &tenures(&key(), &changes, &[])[0];
    let touches = |since: Option<i64>, until: Option<i64>| tenure.touches(since.map(Moment), until.map(Moment));
    for (since, until, wanted) in [
        (None, None, true),
        (Some(20), None, true),
        (Some(21), None, false),
        (None, Some(11), true),
        (None, Some(10), false),
        (Some(12), Some(13), true),
        (Some(1), Some(5), false),
    ] {
        assert_eq!(touches(since, until), wanted, "{since:?} {until:?}");
    }
    assert!(tenure.is_by("a") && tenure.is_by("b") && !tenure.is_by("c"));
    let since_ever = &tenures(&key(), &changes[1..], &[])[0];
    assert!(since_ever.touches(None, Some(Moment(1))) && !since_ever.touches(Some(Moment(30)), None));
}

#[test]
fn ten_thousand_changes_take_no_time_worth_telling() {
    let changes: Vec<Change> = (0..10_000)
        .map(|i| {
            let (old, new) = if i % 2 == 0 { ("", CODE) } else { (CODE, "") };
            line(i, i, "1", old, new, &format!("run {i}"))
        })
        .collect();
    assert_eq!(tenures(&key(), &changes, &[]).len(), 5_000);
}

/// One run of a world in which one product at most has the code.
#[derive(Debug, Clone)]
enum Step {
    /// To this product, from whoever has it; recorded in this order when it is taken from another.
    Give { to: usize, new_first: bool, spelling: bool },
    /// Off whoever has it.
    Take,
    /// Something else happens to a product.
    Other { at: usize },
    /// The holder gets the other spelling.
    Respell,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(to, new_first, spelling)| Step::Give { to, new_first, spelling }),
        2 => Just(Step::Take),
        1 => (0..3_usize).prop_map(|at| Step::Other { at }),
        1 => Just(Step::Respell),
    ]
}

/// An interval as it was: product, from, until.
type Truth = (usize, i64, Option<i64>);

/// What a world of runs records, and its true intervals.
fn play(steps: &[(Step, i64)]) -> (Vec<Change>, Vec<Truth>) {
    let (mut lines, mut truth, mut now, mut holder) = (Vec::new(), Vec::new(), 0, None::<(usize, i64, &str)>);
    for (i, (step, later)) in steps.iter().enumerate() {
        now += later;
        let run = format!("run {i}");
        let mut record = |product: usize, old: &str, new: &str| {
            let id = i64::try_from(lines.len()).unwrap();
            lines.push(line(id, now, &product.to_string(), old, new, &run));
        };
        match step {
            Step::Give { to, .. } if holder.is_some_and(|(h, ..)| h == *to) => {}
            Step::Give { to, new_first, spelling } => {
                let code = if *spelling { CODE } else { SAME_CODE };
                let before = holder.replace((*to, now, code));
                if *new_first {
                    record(*to, "", code);
                }
                if let Some((other, from, old)) = before {
                    record(other, old, "");
                    truth.push((other, from, Some(now)));
                }
                if !*new_first {
                    record(*to, "", code);
                }
            }
            Step::Take => {
                if let Some((other, from, old)) = holder.take() {
                    record(other, old, "");
                    truth.push((other, from, Some(now)));
                }
            }
            Step::Other { at } => record(*at, "73513537", "4006381333931"),
            Step::Respell => {
                if let Some((at, from, old)) = holder {
                    let new = if old == CODE { SAME_CODE } else { CODE };
                    record(at, old, new);
                    holder = Some((at, from, new));
                }
            }
        }
    }
    truth.extend(holder.map(|(at, from, _)| (at, from, None)));
    (lines, truth)
}

/// The same numbers, mixed up.
fn shuffled(changes: &[Change], seed: &[usize]) -> Vec<Change> {
    let mut out = changes.to_vec();
    for (i, at) in seed.iter().enumerate().take(out.len()) {
        let j = at % out.len();
        out.swap(i, j);
    }
    out
}

proptest! {
    #[test]
    fn a_complete_record_tells_the_truth(
        steps in prop::collection::vec((step(), 1..3_i64), 0..25),
        seed in prop::collection::vec(any::<usize>(), 60),
    ) {
        let (lines, mut truth) = play(&steps);
        let now: Vec<_> = truth.iter().filter(|t| t.2.is_none()).map(|t| (tenant(&t.0.to_string()), String::new())).collect();
        let found = tenures(&key(), &shuffled(&lines, &seed), &now);
        let mut told: Vec<Truth> = Vec::new();
        for t in &found {
            let until = match &t.until {
                TenureEnd::Now => None,
                TenureEnd::Recorded(h) => Some(h.when.0),
                TenureEnd::Unrecorded { .. } => panic!("{t:?}"),
            };
            told.push((t.tenant.external_id.parse().unwrap(), t.from.as_ref().expect("recorded").when.0, until));
        }
        truth.sort_by_key(|t| t.1);
        prop_assert_eq!(told, truth);
    }

    /// Whatever stands in the history: each line that gives the code begins one interval, each that takes it ends one, and
    /// no product has two intervals at once.
    #[test]
    fn intervals_of_a_product_never_overlap(
        raw in prop::collection::vec((0..6_i64, 0..3_u8, 0..4_usize, 0..4_usize, 0..4_u8), 0..20),
        seed in prop::collection::vec(any::<usize>(), 20),
        now in prop::option::of(0..3_u8),
    ) {
        let codes = ["", CODE, SAME_CODE, "73513537"];
        let changes: Vec<Change> = raw
            .iter()
            .enumerate()
            .map(|(i, (when, product, old, new, run))| {
                let run = if *run == 0 { String::new() } else { run.to_string() };
                line(i64::try_from(i).unwrap(), *when, &product.to_string(), codes[*old], codes[*new], &run)
            })
            .collect();
        let now: Vec<_> = now.iter().map(|p| (tenant(&p.to_string()), String::new())).collect();
        let found = tenures(&key(), &changes, &now);
        prop_assert_eq!(&found, &tenures(&key(), &shuffled(&changes, &seed), &now));

        let is_code = |v: &Option<String>| v.as_deref().is_some_and(|v| v != "73513537");
        let gains = changes.iter().filter(|c| is_code(&c.new) && !is_code(&c.old)).count();
        let losses = changes.iter().filter(|c| is_code(&c.old) && !is_code(&c.new)).count();
        prop_assert_eq!(found.iter().filter(|t| t.from.is_some()).count(), gains);
        prop_assert_eq!(found.iter().filter(|t| matches!(t.until, TenureEnd::Recorded(_))).count(), losses);
        prop_assert_eq!(found.iter().filter(|t| t.until == TenureEnd::Now).count(), now.len());

        for product in 0..3_u8 {
            let own: Vec<&Tenure> = found.iter().filter(|t| t.tenant == tenant(&product.to_string())).collect();
            let mut free_from = Moment(i64::MIN);
            for t in own {
                let from = t.from.as_ref().map_or(free_from, |f| f.when);
                let until = match &t.until {
                    TenureEnd::Now | TenureEnd::Unrecorded { latest: None } => Moment(i64::MAX),
                    TenureEnd::Recorded(h) => h.when,
                    TenureEnd::Unrecorded { latest: Some(latest) } => *latest,
                };
                prop_assert!(free_from <= from && from <= until, "{:?}", found);
                free_from = until;
            }
        }
    }
}
