//! Our models in Odoo: what they hold, who may do what with them. Data only.
//!
//! Nothing is added to Odoo's own models: a field on `product.product` that points to a model which a salesman may not
//! read breaks his reads. A change of anything here raises [`SCHEMA`].

/// The version of everything that `setup` makes; a run with another one ends 78.
pub const SCHEMA: i64 = 5;

/// How many lanes a run may use side by side; lane 0 carries the barcodes.
pub const LANES: i64 = 8;

/// Kinds of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// One line of text.
    Char,
    /// Several lines.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// Date and time, UTC.
    Datetime,
    /// A reference, emptied when its target is deleted.
    Many2one(&'static str),
    /// A reference whose record goes with its target.
    PartOf(&'static str),
    /// One of these: value and label.
    Selection(&'static [(&'static str, &'static str)]),
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// `x_source`
    pub name: &'static str,
    /// What people see.
    pub label: &'static str,
    /// Its kind.
    pub kind: FieldType,
    /// With an index.
    pub index: bool,
}

/// What a group may do with a model: read, write, create, unlink.
pub type Rights = [bool; 4];

/// A model.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// `x_pz_product`
    pub model: &'static str,
    /// What people see.
    pub label: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// What the sync account may do past the procedures.
    pub sync: Rights,
    /// What an operator may do.
    pub operator: Rights,
    /// What a reader may do.
    pub reader: Rights,
    /// What an administrator may do without being in one of our groups; setup itself runs so.
    pub system: Rights,
}

const NONE: Rights = [false; 4];
const READ: Rights = [true, false, false, false];
const EDIT: Rights = [true, true, false, false];
const DELETE: Rights = [true, true, false, true];
const ALL: Rights = [true; 4];

const fn field(name: &'static str, label: &'static str, kind: FieldType) -> Field {
    Field { name, label, kind, index: false }
}

const fn indexed(name: &'static str, label: &'static str, kind: FieldType) -> Field {
    Field { name, label, kind, index: true }
}

use FieldType::{Boolean, Char, Datetime, Integer, Many2one, PartOf, Selection, Text};

/// The states of a link; the seed's trio of numbers is derived from them.
const LINK_STATES: &[(&str, &str)] = &[
    ("ok", "In step"),
    ("waiting", "Something waits"),
    ("manual", "Linked by hand"),
    ("refused", "Refused by Odoo"),
    ("missing", "Missing in the source"),
    ("gone", "Product gone"),
];

const HISTORY: &[Field] = &[
    field("x_name", "Change", Char),
    indexed("x_link_id", "External product", Many2one("x_pz_product")),
    field("x_source", "Source", Char),
    indexed("x_external_id", "External id", Char),
    indexed("x_old", "Old value", Char),
    indexed("x_new", "New value", Char),
    indexed("x_when", "When", Datetime),
    indexed("x_run_id", "Run", Many2one("x_pz_run")),
    field("x_cause", "Cause", Char),
    field("x_operation", "Operation key", Char),
];

const NAME_HISTORY: &[Field] = &[
    field("x_name", "Change", Char),
    indexed("x_link_id", "External product", Many2one("x_pz_product")),
    field("x_source", "Source", Char),
    indexed("x_external_id", "External id", Char),
    field("x_language", "Language", Char),
    field("x_old", "Old value", Char),
    field("x_new", "New value", Char),
    indexed("x_when", "When", Datetime),
    indexed("x_run_id", "Run", Many2one("x_pz_run")),
    field("x_cause", "Cause", Char),
    field("x_operation", "Operation key", Char),
];

/// The states of a deferred action. Only an open one counts for the exit status.
const CONFLICT_STATES: &[(&str, &str)] =
    &[("open", "Open"), ("decided", "Decided"), ("abandoned", "Abandoned"), ("closed", "Closed")];

/// What a person may choose; which of them a kind offers, `catalog::DeferredKind::choices` says.
pub(super) const CHOICES: &[(&str, &str)] = &[
    ("give", "Give the barcode to this product"),
    ("link", "Link to the chosen product"),
    ("create", "Create as a new product"),
    ("keep", "Keep what Odoo has"),
    ("take", "Take what the source says"),
    ("placeholder", "It stands where there is no code"),
    ("code", "It is a code"),
    ("abandon", "Leave it, and stop asking"),
];

/// All models; one that is referred to comes before those that refer to it.
pub const MODELS: &[Model] = &[
    Model {
        model: "x_pz_run",
        label: "Synchronisation run",
        fields: &[
            field("x_name", "Run", Char),
            field("x_key", "Run key", Char),
            field("x_source", "Source", Char),
            field("x_command", "Command", Char),
            field("x_host", "Host", Char),
            indexed("x_started", "Started", Datetime),
            field("x_ended", "Ended", Datetime),
            field("x_status", "Status", Char),
            field("x_summary", "Summary", Text),
            field("x_created", "Created", Integer),
            field("x_changed", "Changed", Integer),
            field("x_barcodes", "Barcodes moved", Integer),
            field("x_refused", "Refused", Integer),
            field("x_deferred", "Deferred", Integer),
        ],
        sync: READ,
        operator: READ,
        reader: READ,
        system: READ,
    },
    Model {
        model: "x_pz_product",
        label: "External product",
        fields: &[
            field("x_name", "Name", Char),
            field("x_source", "Source", Char),
            field("x_external_id", "External id", Char),
            indexed("x_product_id", "Product", Many2one("product.product")),
            field("x_matched_by", "Matched by", Char),
            field("x_said_name", "Name in the source", Char),
            field("x_said_price", "Price in the source", Char),
            field("x_said_barcodes", "Barcodes in the source", Text),
            field("x_wrote_name", "Name written", Char),
            field("x_wrote_price", "Price written", Char),
            indexed("x_wrote_barcode", "Barcode written", Char),
            field("x_wrote_extras", "Further barcodes written", Text),
            field("x_kept", "Kept as Odoo has it", Char),
            field("x_overruled", "Owned by another source", Char),
            field("x_no_touch", "Don't touch", Boolean),
            field("x_missing", "Missing in the source", Boolean),
            field("x_archived_by_us", "Archived by the synchronisation", Boolean),
            field("x_state", "State", Selection(LINK_STATES)),
            field("x_event_type", "Event type", Integer),
            field("x_event_update", "Event time", Datetime),
            field("x_event_check", "Event check", Integer),
        ],
        sync: READ,
        operator: DELETE,
        reader: READ,
        system: DELETE,
    },
    Model {
        model: "x_pz_product_barcode_history",
        label: "Barcode history",
        fields: HISTORY,
        sync: READ,
        operator: READ,
        reader: READ,
        system: READ,
    },
    Model {
        model: "x_pz_product_price_history",
        label: "Price history",
        fields: HISTORY,
        sync: READ,
        operator: READ,
        reader: READ,
        system: READ,
    },
    Model {
        model: "x_pz_product_name_history",
        label: "Name history",
        fields: NAME_HISTORY,
        sync: READ,
        operator: READ,
        reader: READ,
        system: READ,
    },
    Model {
        model: "x_pz_conflict",
        label: "Deferred action",
        fields: &[
            field("x_name", "Title", Char),
            field("x_source", "Source", Char),
            indexed("x_external_id", "External id", Char),
            indexed("x_kind", "Kind", Char),
            field("x_subject", "Barcode or field", Char),
            field("x_value", "Value that waits", Char),
            field("x_message", "What waits and why", Text),
            field("x_link_id", "External product", PartOf("x_pz_product")),
            field("x_holder_id", "Holder", Many2one("product.product")),
            field("x_candidates", "Candidates", Char),
            field("x_choices", "Possible choices", Char),
            indexed("x_choice", "Choice", Selection(CHOICES)),
            field("x_choice_product_id", "Chosen product", Many2one("product.product")),
            indexed("x_state", "State", Selection(CONFLICT_STATES)),
            field("x_outcome", "Outcome", Char),
            field("x_opened", "Opened", Datetime),
            field("x_closed", "Closed", Datetime),
            field("x_opened_run_id", "Opened by run", Many2one("x_pz_run")),
            field("x_closed_run_id", "Closed by run", Many2one("x_pz_run")),
        ],
        sync: EDIT,
        operator: EDIT,
        reader: READ,
        system: EDIT,
    },
    Model {
        model: "x_pz_lane",
        label: "Synchronisation lane",
        fields: &[
            field("x_name", "Lane", Char),
            field("x_lane", "Number", Integer),
            field("x_token", "Token", Char),
            field("x_holder", "Held by", Char),
            field("x_expires", "Held until", Datetime),
            field("x_seen", "Links judged", Text),
        ],
        sync: NONE,
        operator: NONE,
        reader: NONE,
        system: ALL,
    },
    Model {
        model: "x_pz_pause",
        label: "Pause switch",
        fields: &[field("x_name", "Name", Char), field("x_paused", "Paused", Boolean)],
        sync: READ,
        operator: EDIT,
        reader: READ,
        system: ALL,
    },
    Model {
        model: "x_pz_setup",
        label: "Synchronisation setup",
        fields: &[
            field("x_name", "Name", Char),
            field("x_schema", "Schema version", Integer),
            field("x_uuid", "Database", Char),
            field("x_procedures", "Procedures", Text),
            field("x_group", "Sync group", Integer),
            field("x_sources", "Sources, by precedence", Text),
        ],
        sync: READ,
        operator: READ,
        reader: READ,
        system: ALL,
    },
];

/// Fields of earlier versions, by model: what they held is elsewhere by now.
pub const FORMER_FIELDS: &[(&str, &str)] = &[("x_pz_setup", "x_paused")];

/// Up to version 4 the pause switch was a field of the setup's own row. Who switched, and when, moves along.
const MOVE_PAUSE: &str = "DO $do$ BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('x_pz_setup') AND attname = 'x_paused' AND NOT attisdropped) THEN
        UPDATE x_pz_pause p SET x_paused = true, write_uid = s.write_uid, write_date = s.write_date
            FROM x_pz_setup s WHERE s.x_paused AND p.x_paused IS NOT TRUE;
    END IF;
END $do$";

/// Indexes that Odoo cannot be asked for over its API, unique ones above all; made by SQL in a server action that lives for one call.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_product_external_uniq ON x_pz_product (x_source, x_external_id)",
    STORED_DIGESTS,
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_product_product_uniq ON x_pz_product (x_source, x_product_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_barcode_history_operation_uniq ON x_pz_product_barcode_history (x_operation)",
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_price_history_operation_uniq ON x_pz_product_price_history (x_operation)",
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_name_history_operation_uniq ON x_pz_product_name_history (x_operation)",
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_run_key_uniq ON x_pz_run (x_key)",
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_lane_number_uniq ON x_pz_lane (x_lane)",
    MOVE_PAUSE,
    "DROP INDEX IF EXISTS x_pz_conflict_open_uniq",
    "CREATE UNIQUE INDEX IF NOT EXISTS x_pz_conflict_live_uniq ON x_pz_conflict (x_source, x_external_id, x_kind, coalesce(x_subject, '')) WHERE x_state != 'closed'",
    FIRST_ORDER,
];

/// A database of an earlier release: the source that linked first comes first, unless a configuration file says otherwise.
const FIRST_ORDER: &str = "UPDATE x_pz_setup SET x_sources = (SELECT string_agg(x_source, chr(10) ORDER BY first) FROM (SELECT x_source, min(id) AS first FROM x_pz_product GROUP BY x_source) s) WHERE coalesce(x_sources, '') = ''";

/// The digests of `catalog::digest`, computed by PostgreSQL itself whenever a link is written, and an index for the buckets.
/// Generated columns came with PostgreSQL 12; before, `procedures/digest.py` computes what they hold when it is asked. Odoo
/// knows nothing of the columns, which cannot be written, and they go with the table.
const STORED_DIGESTS: &str = "DO $do$
DECLARE
    hash text := $$('x0' || substr(md5(x_external_id), 1, 7))::bit(32)::int$$;
    line text := $$('x' || substr(md5(%s), 1, 16))::bit(64)::bigint$$;
BEGIN
    IF current_setting('server_version_num')::int < 120000 THEN
        EXECUTE 'CREATE INDEX IF NOT EXISTS x_pz_product_bucket_index ON x_pz_product (x_source, (' || hash || '))';
        RETURN;
    END IF;
    EXECUTE 'ALTER TABLE x_pz_product
        ADD COLUMN IF NOT EXISTS erpsync_hash int GENERATED ALWAYS AS (' || hash || ') STORED,
        ADD COLUMN IF NOT EXISTS erpsync_line bigint GENERATED ALWAYS AS (' || format(line, $$x_external_id || chr(31)
            || coalesce(x_said_name, '') || chr(31) || coalesce(x_said_price, '') || chr(31) || coalesce(x_said_barcodes, '')$$)
        || ') STORED,
        ADD COLUMN IF NOT EXISTS erpsync_line_price bigint GENERATED ALWAYS AS (' || format(line, $$x_external_id || chr(31)
            || coalesce(x_said_price, '')$$) || ') STORED';
    CREATE INDEX IF NOT EXISTS x_pz_product_hash_index ON x_pz_product (x_source, erpsync_hash);
    DROP INDEX IF EXISTS x_pz_product_bucket_index;
END $do$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_after_their_targets() {
        let mut seen = Vec::new();
        for model in MODELS {
            for field in model.fields {
                if let Many2one(target) | PartOf(target) = field.kind {
                    assert!(!target.starts_with("x_") || seen.contains(&target), "{}.{}", model.model, field.name);
                }
                assert!(field.name.starts_with("x_"));
            }
            seen.push(model.model);
        }
    }
}
