//! What an unchanged catalogue costs: taking the rows in, and finding that there is nothing to do.

use std::collections::BTreeSet;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use erpsync::catalog::digest::{Buckets, Line};
use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{Listing, ListingBuilder, Price};
use erpsync::plan::narrow::{Comparison, Narrowing};

use crate::SIZE;
use crate::recipe::{BASE, Product, State, product};

/// Four to eight products a bucket.
const BITS: u32 = 12;

fn take_in(products: &[Product]) -> Listing {
    let mut builder = ListingBuilder::new(BarcodeOrder::Gtin);
    for p in products {
        let id = p.id.to_string();
        builder.product(Some(&id), Some(&p.name), Ok(Some(Price::parse(&p.price).expect("a price"))));
        for code in &p.barcodes {
            builder.barcode(Some(&id), Some(code));
        }
    }
    builder.finish()
}

fn products(state: State) -> Vec<Product> {
    (0..SIZE).map(|i| product(i, state)).collect()
}

/// The rows of the source, into memory.
#[divan::bench]
fn listing(bencher: Bencher<'_, '_>) {
    let rows = products(BASE);
    bencher.counter(ItemsCount::new(SIZE)).bench_local(|| take_in(black_box(&rows)));
}

fn looked_at(listing: &Listing, theirs: &Buckets) -> usize {
    let mut narrowing = Narrowing::new(listing, Line::Whole);
    let comparison = Comparison::new(listing, Line::Whole, theirs, listing.len(), BTreeSet::new());
    narrowing.to_ask().len() + comparison.pages().iter().map(Vec::len).sum::<usize>()
}

/// Both sides are in step: all that is planned for an unchanged product.
#[divan::bench]
fn unchanged(bencher: Bencher<'_, '_>) {
    let listing = take_in(&products(BASE));
    let theirs = listing.buckets(BITS, Line::Whole);
    assert_eq!(looked_at(&listing, &theirs), 0);
    bencher.counter(ItemsCount::new(SIZE)).bench_local(|| looked_at(black_box(&listing), &theirs));
}

/// One product of a hundred changed: which buckets they are in.
#[divan::bench]
fn a_hundredth_changed(bencher: Bencher<'_, '_>) {
    let theirs = take_in(&products(BASE)).buckets(BITS, Line::Whole);
    let listing = take_in(&products(State::Share(100, 1)));
    assert!(looked_at(&listing, &theirs) > 100);
    bencher.counter(ItemsCount::new(SIZE)).bench_local(|| looked_at(black_box(&listing), &theirs));
}
