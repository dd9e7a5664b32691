//! Where the transition happens: an Odoo whose state can be kept, put back and told in words that are the same whenever
//! the state is the same.

use std::collections::BTreeMap;

use crate::common::Bench;

/// An edit by a person.
pub enum Hand<'a> {
    Price(f64),
    Name(&'a str),
    Barcode(&'a str),
}

pub trait Place {
    /// `real Odoo 14`, for the tables.
    fn title(&self) -> String;
    fn bench(&self) -> &Bench;
    /// What the procedures' server actions are called.
    fn procedures(&self) -> BTreeMap<i64, String>;
    fn add_product(&self, name: &str, price: f64, barcode: &str);
    fn edit(&self, external_id: i64, hand: &Hand<'_>);
    /// The number of an open deferred action.
    fn deferred(&self, kind: &str, external_id: i64) -> i64;
    /// Keeps the state.
    fn save(&mut self);
    /// Told once that a whole transition was made since [`Place::save`], which the state still shows.
    fn learn(&mut self);
    /// Puts the kept state back.
    fn reset(&mut self);
    /// Nothing but what has no meaning differs from the kept state.
    fn assert_reset(&self);
    fn look(&self) -> Look;
    /// As if the time of the lease were over; tells whether anybody held it.
    fn expire_lease(&self) -> bool;
}

/// What a place is like.
pub struct Look {
    /// Products, packagings, links, histories and deferred actions, a line each, without ids, dates and run keys, sorted.
    pub state: Vec<String>,
    /// How often something is there that must not be, by name.
    pub broken: Vec<(&'static str, usize)>,
    pub products: usize,
    pub leased: bool,
}
