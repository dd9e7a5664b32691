//! The comparison of both sides, and who gets which barcode.

use std::collections::BTreeMap;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use erpsync::plan::assign::{Rules, Seat, assign};

use crate::SIZE;
use crate::catalogue::{catalogue, in_step, planned};
use crate::recipe::{BASE, State};

/// So many products of 10,000 changed.
#[divan::bench(args = [0, 100, 10_000], sample_count = 10)]
fn plan(bencher: Bencher<'_, '_>, share: u64) {
    let (source, odoo) = (catalogue(State::Share(share, u64::from(share > 0))), in_step());
    assert_eq!(planned(&source, &odoo) == 0, share == 0);
    bencher.counter(ItemsCount::new(SIZE)).bench_local(|| planned(black_box(&source), black_box(&odoo)));
}

/// Nobody has a code yet.
#[divan::bench(sample_count = 10)]
fn barcodes(bencher: Bencher<'_, '_>) {
    let source = catalogue(BASE);
    let seats: BTreeMap<_, _> = source
        .products
        .values()
        .map(|p| {
            let seat = Seat { claims: &p.barcodes, ..Seat::default() };
            (p.id.clone(), seat)
        })
        .collect();
    let (holders, given) = (BTreeMap::new(), BTreeMap::new());
    let rules = || Rules {
        max_component: 1_000,
        extras: false,
        hold: false,
        given: &given,
        placeholder: &|_| false,
        shared: &|_, _| false,
        reserved: &|_| false,
    };
    assert_eq!(assign(&seats, &holders, rules()).targets.len() as u64, SIZE);
    bencher.counter(ItemsCount::new(SIZE)).bench_local(|| assign(black_box(&seats), &holders, rules()));
}
