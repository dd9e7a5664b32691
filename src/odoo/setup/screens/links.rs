//! External products: the links between the source's products and Odoo's.

use super::super::views::{Button, Filter, Form, Part, Screen, When, shown};
use super::CHOSEN;

/// How the state of a link stands out.
const LINK_BADGE: &str = "widget=\"badge\" decoration-success=\"x_state == 'ok'\" decoration-warning=\"x_state == 'waiting'\" decoration-info=\"x_state == 'manual'\" decoration-danger=\"x_state in ['refused', 'gone']\" decoration-muted=\"x_state == 'missing'\"";

/// The links.
pub(super) const LINKS: Screen = Screen {
    model: "x_pz_product",
    menu: "External products",
    sequence: 20,
    help: ("No products yet", "Each line ties a product of the source to a product here. The first import makes them."),
    order: "x_source, id",
    rows: "multi_edit=\"1\" decoration-muted=\"x_state == 'missing'\"",
    columns: &[
        shown("x_source").with("width=\"100px\" optional=\"hide\""),
        shown("x_external_id").with("width=\"120px\""),
        shown("x_name"),
        shown("x_product_id").with("optional=\"hide\""),
        shown("x_wrote_barcode").with("string=\"Barcode\" width=\"140px\" optional=\"show\""),
        shown("x_said_price").with("string=\"Price\" width=\"90px\" optional=\"show\""),
        shown("x_no_touch").with("width=\"100px\" optional=\"show\""),
        shown("x_event_update").with("string=\"Last change\" width=\"150px\" optional=\"show\""),
        shown("x_matched_by").with("optional=\"hide\""),
        shown("x_state").with(LINK_BADGE).with_also("width=\"140px\""),
    ],
    form: Form {
        status: None,
        title: &[shown("x_name")],
        buttons: &[
            Button { action: "x_pz_product_barcode_history", icon: "fa-barcode", label: "Barcodes", by: "x_link_id" },
            Button { action: "x_pz_product_price_history", icon: "fa-money", label: "Prices", by: "x_link_id" },
            Button { action: "x_pz_product_name_history", icon: "fa-pencil", label: "Names", by: "x_link_id" },
        ],
        parts: &[
            Part::Groups(&[
                (
                    "Product",
                    &[
                        shown("x_product_id").with(CHOSEN),
                        shown("x_state").with(LINK_BADGE),
                        shown("x_no_touch"),
                        shown("x_archived_by_us").when("invisible", When::Unset("x_archived_by_us")),
                    ],
                ),
                (
                    "Source",
                    &[
                        shown("x_source"),
                        shown("x_external_id"),
                        shown("x_matched_by").when("invisible", When::Unset("x_matched_by")),
                    ],
                ),
            ]),
            Part::Groups(&[
                (
                    "What the source says",
                    &[
                        shown("x_said_name").with("string=\"Name\""),
                        shown("x_said_price").with("string=\"Price\""),
                        shown("x_said_barcodes").with("string=\"Barcodes\""),
                    ],
                ),
                (
                    "What was written",
                    &[
                        shown("x_wrote_name").with("string=\"Name\""),
                        shown("x_wrote_price").with("string=\"Price\""),
                        shown("x_wrote_barcode").with("string=\"Barcode\""),
                        shown("x_wrote_extras")
                            .with("string=\"Further barcodes\"")
                            .when("invisible", When::Unset("x_wrote_extras")),
                        shown("x_kept").when("invisible", When::Unset("x_kept")),
                        shown("x_overruled").when("invisible", When::Unset("x_overruled")),
                    ],
                ),
            ]),
            Part::Groups(&[("Last event", &[shown("x_event_update"), shown("x_event_type"), shown("x_event_check")])]),
        ],
    },
    editable: &["x_product_id", "x_no_touch"],
    search: &["x_external_id", "x_name", "x_product_id", "x_wrote_barcode", "x_said_barcodes", "x_source"],
    filters: &[
        &[
            Filter::on("today", "Changed today", today!("x_event_update")),
            Filter::period("changed", "Changed", "x_event_update"),
        ],
        &[
            Filter::on("waiting", "Something waits", "[('x_state', '=', 'waiting')]"),
            Filter::on("refused", "Refused by Odoo", "[('x_state', '=', 'refused')]"),
            Filter::on("missing", "Missing in the source", "[('x_state', '=', 'missing')]"),
            Filter::on("gone", "Product gone", "[('x_product_id', '=', False)]"),
        ],
        &[
            Filter::on("no_touch", "Not to be touched", "[('x_no_touch', '=', True)]"),
            Filter::on("overruled", "Owned by another source", "[('x_overruled', '!=', False)]"),
            Filter::on("no_barcode", "Without a barcode", "[('x_wrote_barcode', '=', False)]"),
        ],
    ],
    groups: &[
        ("by_state", "State", "x_state"),
        ("by_source", "Source", "x_source"),
        ("by_match", "How it was found", "x_matched_by"),
        ("by_day", "Last change", "x_event_update:day"),
    ],
    default_filters: &[],
};
