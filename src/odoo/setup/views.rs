//! Lists, forms, searches, window actions and menus of our models. Data only; `tree` up to Odoo 17 is `list` from 18 on.

/// What people see of one model.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// The model.
    pub model: &'static str,
    /// The menu's words.
    pub menu: &'static str,
    /// The order of menus.
    pub sequence: i64,
    /// How the list is sorted.
    pub order: &'static str,
    /// The list's columns.
    pub columns: &'static [&'static str],
    /// The form's fields, in two groups; the third stands below at full width.
    pub form: [&'static [&'static str]; 3],
    /// Fields that may be typed in.
    pub editable: &'static [&'static str],
    /// Fields that a search looks into.
    pub search: &'static [&'static str],
    /// Filters: name, label, domain.
    pub filters: &'static [(&'static str, &'static str, &'static str)],
    /// Filters that are on at first.
    pub default_filters: &'static [&'static str],
}

/// Changes of today, by the user's calendar; `context_today` is what web clients of all versions know.
const TODAY: (&str, &str, &str) =
    ("today", "Changed today", "[('x_when', '>=', context_today().strftime('%Y-%m-%d'))]");

/// All screens, in menu order.
pub const SCREENS: &[Screen] = &[
    Screen {
        model: "x_pz_conflict",
        menu: "Deferred actions",
        sequence: 10,
        order: "x_opened desc, id desc",
        columns: &[
            "x_opened",
            "x_source",
            "x_external_id",
            "x_kind",
            "x_subject",
            "x_holder_id",
            "x_message",
            "x_choice",
            "x_state",
        ],
        form: [
            &[
                "x_source",
                "x_external_id",
                "x_link_id",
                "x_kind",
                "x_subject",
                "x_value",
                "x_holder_id",
                "x_candidates",
            ],
            &[
                "x_state",
                "x_choices",
                "x_choice",
                "x_choice_product_id",
                "x_outcome",
                "x_opened",
                "x_opened_run_id",
                "x_closed",
                "x_closed_run_id",
            ],
            &["x_message"],
        ],
        editable: &["x_choice", "x_choice_product_id"],
        search: &["x_external_id", "x_subject", "x_kind", "x_link_id", "x_message"],
        filters: &[
            ("open", "Open conflicts", "[('x_state', '=', 'open')]"),
            ("decided", "Decided or abandoned", "[('x_state', 'in', ['decided', 'abandoned'])]"),
            ("closed", "Closed", "[('x_state', '=', 'closed')]"),
        ],
        default_filters: &["open"],
    },
    Screen {
        model: "x_pz_product",
        menu: "External products",
        sequence: 20,
        order: "x_source, id",
        columns: &[
            "x_source",
            "x_external_id",
            "x_name",
            "x_product_id",
            "x_said_price",
            "x_wrote_barcode",
            "x_state",
            "x_event_update",
        ],
        form: [
            &["x_source", "x_external_id", "x_product_id", "x_matched_by", "x_state", "x_no_touch", "x_archived_by_us"],
            &[
                "x_said_name",
                "x_wrote_name",
                "x_said_price",
                "x_wrote_price",
                "x_wrote_barcode",
                "x_wrote_extras",
                "x_kept",
                "x_event_type",
                "x_event_update",
                "x_event_check",
            ],
            &["x_said_barcodes"],
        ],
        editable: &["x_product_id", "x_no_touch"],
        search: &["x_external_id", "x_name", "x_product_id", "x_wrote_barcode", "x_said_barcodes"],
        filters: &[
            ("today", "Changed today", "[('x_event_update', '>=', context_today().strftime('%Y-%m-%d'))]"),
            ("waiting", "Something waits", "[('x_state', '=', 'waiting')]"),
            ("missing", "Missing in the source", "[('x_state', '=', 'missing')]"),
            ("no_touch", "Not to be touched", "[('x_no_touch', '=', True)]"),
            ("gone", "Product gone", "[('x_product_id', '=', False)]"),
        ],
        default_filters: &[],
    },
    Screen {
        model: "x_pz_product_barcode_history",
        menu: "Barcode history",
        sequence: 30,
        order: "x_when desc, id desc",
        columns: &["x_when", "x_source", "x_external_id", "x_link_id", "x_old", "x_new", "x_cause", "x_run_id"],
        form: [
            &["x_source", "x_external_id", "x_link_id", "x_old", "x_new"],
            &["x_when", "x_cause", "x_run_id", "x_operation"],
            &[],
        ],
        editable: &[],
        search: &["x_external_id", "x_old", "x_new", "x_link_id"],
        filters: &[
            TODAY,
            ("given", "Given or moved", "[('x_new', '!=', False)]"),
            ("taken", "Taken away", "[('x_new', '=', False)]"),
        ],
        default_filters: &[],
    },
    Screen {
        model: "x_pz_product_price_history",
        menu: "Price history",
        sequence: 40,
        order: "x_when desc, id desc",
        columns: &["x_when", "x_source", "x_external_id", "x_link_id", "x_old", "x_new", "x_cause", "x_run_id"],
        form: [
            &["x_source", "x_external_id", "x_link_id", "x_old", "x_new"],
            &["x_when", "x_cause", "x_run_id", "x_operation"],
            &[],
        ],
        editable: &[],
        search: &["x_external_id", "x_link_id"],
        filters: &[
            TODAY,
            ("changed", "Changed", "[('x_old', '!=', False)]"),
            ("first", "First price", "[('x_old', '=', False)]"),
        ],
        default_filters: &[],
    },
    Screen {
        model: "x_pz_product_name_history",
        menu: "Name history",
        sequence: 45,
        order: "x_when desc, id desc",
        columns: &[
            "x_when",
            "x_source",
            "x_external_id",
            "x_link_id",
            "x_language",
            "x_old",
            "x_new",
            "x_cause",
            "x_run_id",
        ],
        form: [
            &["x_source", "x_external_id", "x_link_id", "x_language", "x_old", "x_new"],
            &["x_when", "x_cause", "x_run_id", "x_operation"],
            &[],
        ],
        editable: &[],
        search: &["x_external_id", "x_old", "x_new", "x_link_id"],
        filters: &[TODAY],
        default_filters: &[],
    },
    Screen {
        model: "x_pz_run",
        menu: "Runs",
        sequence: 50,
        order: "x_started desc, id desc",
        columns: &[
            "x_started",
            "x_ended",
            "x_source",
            "x_command",
            "x_host",
            "x_status",
            "x_created",
            "x_changed",
            "x_barcodes",
            "x_refused",
            "x_deferred",
        ],
        form: [
            &["x_source", "x_command", "x_host", "x_key"],
            &["x_started", "x_ended", "x_status", "x_created", "x_changed", "x_barcodes", "x_refused", "x_deferred"],
            &["x_summary"],
        ],
        editable: &[],
        search: &["x_source", "x_command", "x_host", "x_status"],
        filters: &[
            ("today", "Today", "[('x_started', '>=', context_today().strftime('%Y-%m-%d'))]"),
            ("refused", "With refusals", "[('x_refused', '>', 0)]"),
            ("unfinished", "Not ended", "[('x_ended', '=', False)]"),
        ],
        default_filters: &[],
    },
    Screen {
        model: "x_pz_setup",
        menu: "Setup and pause",
        sequence: 60,
        order: "id",
        columns: &["x_name", "x_schema", "x_paused", "x_uuid"],
        form: [&["x_name", "x_paused"], &["x_schema", "x_uuid", "x_group"], &["x_procedures"]],
        editable: &["x_paused"],
        search: &["x_name"],
        filters: &[],
        default_filters: &[],
    },
];

impl Screen {
    /// The list's tag, which is its view type as well.
    #[must_use]
    pub fn list_type(odoo: u32) -> &'static str {
        if odoo >= 18 { "list" } else { "tree" }
    }

    fn field(&self, name: &str) -> String {
        let readonly = if self.editable.contains(&name) { "" } else { " readonly=\"1\"" };
        format!("<field name=\"{name}\"{readonly}/>")
    }

    /// The list's definition.
    #[must_use]
    pub fn list(&self, odoo: u32) -> String {
        let tag = Self::list_type(odoo);
        let columns: String = self.columns.iter().map(|c| format!("<field name=\"{c}\"/>")).collect();
        format!("<{tag} create=\"0\" default_order=\"{}\">{columns}</{tag}>", self.order)
    }

    /// The form's definition.
    #[must_use]
    pub fn form(&self) -> String {
        let group = |names: &[&str]| names.iter().map(|n| self.field(n)).collect::<String>();
        let [left, right, below] = self.form;
        let below = if below.is_empty() { String::new() } else { format!("<group>{}</group>", group(below)) };
        format!(
            "<form create=\"0\"><sheet><div class=\"oe_title\"><h1><field name=\"x_name\" readonly=\"1\"/></h1></div><group><group>{}</group><group>{}</group></group>{below}</sheet></form>",
            group(left),
            group(right)
        )
    }

    /// The search's definition.
    #[must_use]
    pub fn search(&self) -> String {
        let fields: String = self.search.iter().map(|f| format!("<field name=\"{f}\"/>")).collect();
        let escape = |domain: &str| domain.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let filters: String = self
            .filters
            .iter()
            .map(|(name, label, domain)| {
                format!("<filter name=\"{name}\" string=\"{label}\" domain=\"{}\"/>", escape(domain))
            })
            .collect();
        format!("<search>{fields}{filters}</search>")
    }

    /// The window action's context: the filters that are on at first.
    #[must_use]
    pub fn context(&self) -> String {
        let on: Vec<String> = self.default_filters.iter().map(|f| format!("'search_default_{f}': 1")).collect();
        format!("{{{}}}", on.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::MODELS;
    use super::*;

    #[test]
    fn screens_show_fields_that_exist() {
        for screen in SCREENS {
            let model = MODELS.iter().find(|m| m.model == screen.model).unwrap();
            let shown = screen
                .columns
                .iter()
                .chain(screen.form.iter().copied().flatten())
                .chain(screen.editable)
                .chain(screen.search);
            for name in shown {
                assert!(model.fields.iter().any(|f| f.name == *name), "{}.{name}", screen.model);
            }
        }
    }
}
