//! Deferred actions: what waits, and where a person settles it.

use super::super::views::{Filter, Form, Part, Screen, When, shown};
use super::CHOSEN;

/// How the state of a deferred action stands out.
const CONFLICT_BADGE: &str = "widget=\"badge\" width=\"100px\" decoration-warning=\"x_state == 'open'\" decoration-info=\"x_state == 'decided'\" decoration-success=\"x_state == 'closed'\" decoration-muted=\"x_state == 'abandoned'\"";

/// A deferred action that is closed is not asked any more.
const CLOSED: When<'static> = When::In("x_state", &["closed"]);
const LINKING: When<'static> = When::In("x_choice", &["link"]);
const NOT_LINKING: When<'static> = When::NotIn("x_choice", &["link"]);

/// What waits.
pub(super) const DEFERRED: Screen = Screen {
    model: "x_pz_conflict",
    menu: "Deferred actions",
    sequence: 10,
    help: (
        "Nothing waits",
        "What the synchronisation cannot decide by itself stands here: a barcode that two products list, a price that jumps. Choose what shall be done, and the next run does it.",
    ),
    order: "x_opened desc, id desc",
    rows: "multi_edit=\"1\" decoration-muted=\"x_state in ['closed', 'abandoned']\"",
    columns: &[
        shown("x_opened").with("width=\"150px\""),
        shown("x_source").with("width=\"100px\" optional=\"hide\""),
        shown("x_external_id").with("width=\"120px\""),
        shown("x_link_id").with("optional=\"hide\""),
        shown("x_kind").with("string=\"Kind\" width=\"130px\" optional=\"show\""),
        shown("x_message"),
        shown("x_subject").with("width=\"130px\" optional=\"hide\""),
        shown("x_holder_id").with("string=\"Held by\" optional=\"hide\""),
        shown("x_choice").with("width=\"190px\"").when("readonly", CLOSED),
        shown("x_outcome").with("optional=\"hide\""),
        shown("x_state").with(CONFLICT_BADGE),
    ],
    form: Form {
        status: Some("open,decided,closed"),
        title: &[],
        buttons: &[],
        parts: &[
            Part::Kinds,
            Part::Notice("x_message"),
            Part::Decision {
                ask: &[
                    shown("x_choice").when("readonly", CLOSED),
                    shown("x_choice_product_id")
                        .with(CHOSEN)
                        .when("invisible", NOT_LINKING)
                        .when("required", LINKING)
                        .when("readonly", CLOSED),
                    shown("x_outcome").when("invisible", When::Unset("x_outcome")),
                ],
                settled: CLOSED,
                about: &[
                    shown("x_link_id").when("invisible", When::Unset("x_link_id")),
                    shown("x_external_id"),
                    shown("x_source"),
                    shown("x_subject").when("invisible", When::Unset("x_subject")),
                    shown("x_value").when("invisible", When::Unset("x_value")),
                    shown("x_holder_id").with("string=\"Held by\"").when("invisible", When::Unset("x_holder_id")),
                    shown("x_candidates")
                        .with("string=\"Candidates (ids)\"")
                        .when("invisible", When::Unset("x_candidates")),
                    shown("x_kind").with("string=\"Kind\""),
                    shown("x_opened"),
                    shown("x_opened_run_id"),
                    shown("x_closed").when("invisible", When::Unset("x_closed")),
                    shown("x_closed_run_id").when("invisible", When::Unset("x_closed")),
                ],
            },
        ],
    },
    editable: &["x_choice", "x_choice_product_id"],
    search: &[
        "x_external_id",
        "x_subject",
        "x_message",
        "x_kind",
        "x_link_id",
        "x_holder_id",
        "x_source",
        "x_opened_run_id",
    ],
    filters: &[
        &[
            Filter::on("open", "Open conflicts", "[('x_state', '=', 'open')]"),
            Filter::on("decided", "Decided or abandoned", "[('x_state', 'in', ['decided', 'abandoned'])]"),
            Filter::on("closed", "Closed", "[('x_state', '=', 'closed')]"),
        ],
        &[
            Filter::on(
                "barcodes",
                "Barcodes",
                "[('x_kind', 'in', ['duplicate-claim', 'placeholder', 'foreign-holder', 'second-holder', 'held', 'too-many-moves'])]",
            ),
            Filter::on(
                "matches",
                "Which product it is",
                "[('x_kind', 'in', ['ambiguous-match', 'product-gone', 'other-company'])]",
            ),
            Filter::on(
                "values",
                "Names and prices",
                "[('x_kind', 'in', ['shared-template', 'price-jump', 'price-too-large', 'no-price', 'price-gone', 'drift'])]",
            ),
            Filter::on("refused", "Refused by Odoo", "[('x_kind', '=', 'refused')]"),
        ],
        &[
            Filter::on("undecided", "Nothing chosen yet", "[('x_choice', '=', False)]"),
            Filter::on("today", "Opened today", today!("x_opened")),
            Filter::period("opened", "Opened", "x_opened"),
        ],
    ],
    groups: &[
        ("by_kind", "Kind", "x_kind"),
        ("by_state", "State", "x_state"),
        ("by_source", "Source", "x_source"),
        ("by_choice", "Choice", "x_choice"),
        ("by_holder", "Holder", "x_holder_id"),
        ("by_day", "Opened", "x_opened:day"),
    ],
    default_filters: &["open"],
};
