//! Histories of barcodes, prices and names. Nobody edits them.

use super::super::views::{Filter, Form, Part, Screen, Shown, shown};

/// Columns that all histories have before the values, and after them.
const WHEN: Shown = shown("x_when").with("width=\"150px\"");
const WHOSE: Shown = shown("x_link_id").with("string=\"Product\"");
const EXTERNAL_ID: Shown = shown("x_external_id").with("width=\"120px\" optional=\"show\"");
const SOURCE: Shown = shown("x_source").with("width=\"110px\" optional=\"hide\"");
const CAUSE: Shown = shown("x_cause").with("width=\"150px\" optional=\"show\"");
const RUN: Shown = shown("x_run_id").with("optional=\"hide\"");

const HISTORY_FILTERS: &[&[Filter]] = &[
    &[Filter::on("today", "Changed today", today!("x_when")), Filter::period("when", "When", "x_when")],
    &[
        Filter::on("first", "First value", "[('x_old', '=', False)]"),
        Filter::on("changed", "Changed", "[('x_old', '!=', False), ('x_new', '!=', False)]"),
        Filter::on("taken", "Taken away", "[('x_new', '=', False)]"),
    ],
];

const HISTORY_GROUPS: &[(&str, &str, &str)] = &[
    ("by_day", "When", "x_when:day"),
    ("by_source", "Source", "x_source"),
    ("by_product", "Product", "x_link_id"),
    ("by_cause", "Cause", "x_cause"),
    ("by_run", "Run", "x_run_id"),
];

const HISTORY_ROWS: &str = "decoration-danger=\"not x_new\"";
const HISTORY_SEARCH: &[&str] = &["x_external_id", "x_old", "x_new", "x_link_id", "x_source", "x_cause", "x_run_id"];

const HISTORY_FORM: Form = Form {
    status: None,
    title: &[shown("x_link_id")],
    buttons: &[],
    parts: &[Part::Groups(&[
        ("Change", &[shown("x_old"), shown("x_new"), shown("x_when"), shown("x_cause")]),
        ("Where from", &[shown("x_source"), shown("x_external_id"), shown("x_run_id"), shown("x_operation")]),
    ])],
};

const NAME_HISTORY_FORM: Form = Form {
    parts: &[Part::Groups(&[
        ("Change", &[shown("x_old"), shown("x_new"), shown("x_language"), shown("x_when"), shown("x_cause")]),
        ("Where from", &[shown("x_source"), shown("x_external_id"), shown("x_run_id"), shown("x_operation")]),
    ])],
    ..HISTORY_FORM
};

/// Barcodes given, moved and taken.
pub(super) const BARCODES: Screen = Screen {
    model: "x_pz_product_barcode_history",
    menu: "Barcode history",
    sequence: 30,
    help: (
        "No barcode was given or taken",
        "Every barcode that the synchronisation gives, moves or takes away leaves a line here.",
    ),
    order: "x_when desc, id desc",
    rows: HISTORY_ROWS,
    columns: &[WHEN, SOURCE, EXTERNAL_ID, WHOSE, shown("x_old"), shown("x_new"), CAUSE, RUN],
    form: HISTORY_FORM,
    editable: &[],
    search: HISTORY_SEARCH,
    filters: HISTORY_FILTERS,
    groups: HISTORY_GROUPS,
    default_filters: &[],
};

/// Prices set.
pub(super) const PRICES: Screen = Screen {
    model: "x_pz_product_price_history",
    menu: "Price history",
    sequence: 40,
    help: ("No price was set", "Every price that the synchronisation sets leaves a line here."),
    order: "x_when desc, id desc",
    rows: HISTORY_ROWS,
    columns: &[WHEN, SOURCE, EXTERNAL_ID, WHOSE, shown("x_old"), shown("x_new"), CAUSE, RUN],
    form: HISTORY_FORM,
    editable: &[],
    search: HISTORY_SEARCH,
    filters: HISTORY_FILTERS,
    groups: HISTORY_GROUPS,
    default_filters: &[],
};

/// Names set.
pub(super) const NAMES: Screen = Screen {
    model: "x_pz_product_name_history",
    menu: "Name history",
    sequence: 45,
    help: ("No name was set", "Every name that the synchronisation sets leaves a line here."),
    order: "x_when desc, id desc",
    rows: HISTORY_ROWS,
    columns: &[
        WHEN,
        SOURCE,
        EXTERNAL_ID,
        WHOSE,
        shown("x_language").with("width=\"90px\" optional=\"show\""),
        shown("x_old"),
        shown("x_new"),
        CAUSE,
        RUN,
    ],
    form: NAME_HISTORY_FORM,
    editable: &[],
    search: HISTORY_SEARCH,
    filters: HISTORY_FILTERS,
    groups: HISTORY_GROUPS,
    default_filters: &[],
};
