//! Runs, the pause switch, and the setup's own row.

use super::super::views::{Button, Filter, Form, Part, Screen, shown};

/// Runs.
pub(super) const RUNS: Screen = Screen {
    model: "x_pz_run",
    menu: "Runs",
    sequence: 50,
    help: ("No run yet", "Each run of the synchronisation writes a line here: when, how much, how it ended."),
    order: "x_started desc, id desc",
    rows: "decoration-danger=\"x_refused &gt; 0\" decoration-muted=\"not x_ended\"",
    columns: &[
        shown("x_started").with("width=\"150px\""),
        shown("x_ended").with("width=\"150px\" optional=\"hide\""),
        shown("x_source").with("optional=\"show\""),
        shown("x_command").with("optional=\"show\""),
        shown("x_host").with("optional=\"hide\""),
        shown("x_status"),
        shown("x_created").with("sum=\"Created\""),
        shown("x_changed").with("sum=\"Changed\""),
        shown("x_barcodes").with("sum=\"Barcodes moved\""),
        shown("x_refused").with("sum=\"Refused\""),
        shown("x_deferred"),
    ],
    form: Form {
        status: None,
        title: &[shown("x_name")],
        buttons: &[
            Button { action: "x_pz_product_barcode_history", icon: "fa-barcode", label: "Barcodes", by: "x_run_id" },
            Button { action: "x_pz_product_price_history", icon: "fa-money", label: "Prices", by: "x_run_id" },
            Button { action: "x_pz_product_name_history", icon: "fa-pencil", label: "Names", by: "x_run_id" },
        ],
        parts: &[
            Part::Groups(&[
                (
                    "Run",
                    &[
                        shown("x_status"),
                        shown("x_started"),
                        shown("x_ended"),
                        shown("x_source"),
                        shown("x_command"),
                        shown("x_host"),
                    ],
                ),
                (
                    "Products",
                    &[
                        shown("x_created"),
                        shown("x_changed"),
                        shown("x_barcodes"),
                        shown("x_refused"),
                        shown("x_deferred"),
                    ],
                ),
            ]),
            Part::Text("x_summary"),
        ],
    },
    editable: &[],
    search: &["x_source", "x_command", "x_host", "x_status", "x_summary"],
    filters: &[
        &[Filter::on("today", "Today", today!("x_started")), Filter::period("started", "Started", "x_started")],
        &[
            Filter::on(
                "changes",
                "With changes",
                "['|', '|', ('x_created', '>', 0), ('x_changed', '>', 0), ('x_barcodes', '>', 0)]",
            ),
            Filter::on("refused", "With refusals", "[('x_refused', '>', 0)]"),
            Filter::on("unfinished", "Not ended", "[('x_ended', '=', False)]"),
        ],
    ],
    groups: &[
        ("by_day", "Started", "x_started:day"),
        ("by_source", "Source", "x_source"),
        ("by_command", "Command", "x_command"),
        ("by_status", "Status", "x_status"),
    ],
    default_filters: &[],
};

/// The pause switch.
pub(super) const PAUSE: Screen = Screen {
    model: "x_pz_pause",
    menu: "Pause",
    sequence: 60,
    help: ("No switch", "The pause switch of the synchronisation is gone; an administrator runs erpsync setup again."),
    order: "id",
    rows: "delete=\"0\" decoration-danger=\"x_paused\"",
    columns: &[shown("x_name"), shown("x_paused")],
    form: Form {
        status: None,
        title: &[shown("x_name")],
        buttons: &[],
        parts: &[
            Part::Groups(&[("Pause", &[shown("x_paused")])]),
            Part::Words(
                "While the switch is on, nothing is written: a run that is at work ends after the call that is on its way, a new one at once, with status 75.",
            ),
        ],
    },
    editable: &["x_paused"],
    search: &["x_name"],
    filters: &[&[Filter::on("paused", "Paused", "[('x_paused', '=', True)]")]],
    groups: &[],
    default_filters: &[],
};

/// The setup's own row.
pub(super) const SETUP: Screen = Screen {
    model: "x_pz_setup",
    menu: "Setup",
    sequence: 70,
    help: ("Not set up", "The setup of the synchronisation is gone; an administrator runs erpsync setup again."),
    order: "id",
    rows: "",
    columns: &[shown("x_name"), shown("x_schema"), shown("x_uuid").with("optional=\"hide\"")],
    form: Form {
        status: None,
        title: &[shown("x_name")],
        buttons: &[],
        parts: &[
            Part::Groups(&[("Sources", &[shown("x_sources")])]),
            Part::Words(
                "The first source that has a product owns its name, price and barcodes, unless a later one is given a field. The configuration file of each run says its part.",
            ),
            Part::Groups(&[(
                "Technical",
                &[shown("x_schema"), shown("x_uuid"), shown("x_group"), shown("x_procedures")],
            )]),
        ],
    },
    editable: &[],
    search: &["x_name", "x_uuid"],
    filters: &[],
    groups: &[],
    default_filters: &[],
};
