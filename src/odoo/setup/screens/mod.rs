//! What people see of our models: columns, forms, filters, words. Data only; `views` writes it down for a version.
//!
//! Written for a person of the shop. What only a programmer wants is there, but hidden at first.

/// A moment of today by the user's own calendar and clock, as web clients of all versions can work it out.
macro_rules! today {
    ($field:literal) => {
        concat!(
            "[('",
            $field,
            "', '>=', datetime.datetime.combine(context_today(), datetime.time(0, 0, 0)).to_utc().strftime('%Y-%m-%d %H:%M:%S'))]"
        )
    };
}

mod deferred;
mod history;
mod links;
mod runs;

use super::views::Screen;

/// No new products out of a form of ours.
pub(super) const CHOSEN: &str = "options=\"{'no_create': True}\"";

/// All screens, in menu order.
pub const SCREENS: &[Screen] = &[
    deferred::DEFERRED,
    links::LINKS,
    history::BARCODES,
    history::PRICES,
    history::NAMES,
    runs::RUNS,
    runs::PAUSE,
    runs::SETUP,
];
