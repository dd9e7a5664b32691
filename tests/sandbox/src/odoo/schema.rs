//! The models that a fresh Odoo has, as far as erpsync touches them. Data only.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Kinds of fields, by what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Char, text, html, selection, reference: all texts.
    Text(&'static str),
    Integer,
    Float,
    Boolean,
    Datetime,
    /// A reference; the flag says that the record goes when its target goes.
    Many2one(String, bool),
    /// Records of the model whose field points here.
    One2many(&'static str, &'static str),
    Many2many(String),
}

impl Kind {
    /// Odoo's word.
    pub(super) fn ttype(&self) -> &'static str {
        match self {
            Self::Text(ttype) => ttype,
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Datetime => "datetime",
            Self::Many2one(..) => "many2one",
            Self::One2many(..) => "one2many",
            Self::Many2many(_) => "many2many",
        }
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub label: String,
    pub kind: Kind,
    pub required: bool,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    pub label: String,
    pub fields: BTreeMap<String, Field>,
    /// Made over the API rather than by a module.
    pub manual: bool,
}

pub(super) fn field(label: &str, kind: Kind) -> Field {
    Field { label: label.to_owned(), kind, required: false }
}

impl Model {
    /// A model with the fields that every model has.
    pub(super) fn new(label: &str, manual: bool) -> Self {
        let user = || Kind::Many2one("res.users".to_owned(), false);
        let fields = [
            ("id", "ID", Kind::Integer),
            ("display_name", "Display Name", Kind::Text("char")),
            ("create_date", "Created on", Kind::Datetime),
            ("create_uid", "Created by", user()),
            ("write_date", "Last Updated on", Kind::Datetime),
            ("write_uid", "Last Updated by", user()),
        ];
        let fields = fields.into_iter().map(|(name, label, kind)| (name.to_owned(), field(label, kind))).collect();
        Self { label: label.to_owned(), fields, manual }
    }
}

/// The field in which users, menus and actions keep their groups.
pub(super) fn groups_field(version: u32) -> &'static str {
    if version >= 19 { "group_ids" } else { "groups_id" }
}

/// The field in which a group shows its members.
pub(super) fn members_field(version: u32) -> &'static str {
    if version >= 19 { "user_ids" } else { "users" }
}

/// The model of packaging barcodes.
pub(super) fn packaging_model(version: u32) -> &'static str {
    if version >= 19 { "product.uom" } else { "product.packaging" }
}

/// Fields as `name:kind`, where a kind is Odoo's word, or `m2o=model`, `part=model` (cascading), `m2m=model`,
/// `o2m=model.field`; a `!` marks a required one.
fn parse(spec: &'static str) -> (String, Field) {
    let (name, kind) = spec.split_once(':').expect("name:kind");
    let (kind, required) = kind.strip_suffix('!').map_or((kind, false), |kind| (kind, true));
    let kind = match kind.split_once('=') {
        Some(("m2o", model)) => Kind::Many2one(model.to_owned(), false),
        Some(("part", model)) => Kind::Many2one(model.to_owned(), true),
        Some(("m2m", model)) => Kind::Many2many(model.to_owned()),
        Some((_, target)) => {
            let (model, inverse) = target.rsplit_once('.').expect("model.field");
            Kind::One2many(model, inverse)
        }
        None => match kind {
            "integer" => Kind::Integer,
            "float" => Kind::Float,
            "boolean" => Kind::Boolean,
            "datetime" => Kind::Datetime,
            text => Kind::Text(text),
        },
    };
    let mut label = name.trim_end_matches("_id").replace('_', " ");
    label[..1].make_ascii_uppercase();
    (name.to_owned(), Field { label, kind, required })
}

const MODELS: &[(&str, &str, &[&str])] = &[
    ("ir.config_parameter", "System Parameter", &["key:char!", "value:text"]),
    (
        "ir.model",
        "Models",
        &[
            "name:char!",
            "model:char!",
            "state:selection",
            "field_id:o2m=ir.model.fields.model_id",
            "access_ids:o2m=ir.model.access.model_id",
        ],
    ),
    (
        "ir.model.fields",
        "Fields",
        &[
            "name:char!",
            "field_description:char",
            "state:selection",
            "index:boolean",
            "ttype:selection!",
            "relation:char",
            "on_delete:selection",
            "required:boolean",
            "model:char",
            "model_id:part=ir.model!",
            "selection_ids:o2m=ir.model.fields.selection.field_id",
        ],
    ),
    (
        "ir.model.fields.selection",
        "Fields Selection",
        &["field_id:part=ir.model.fields!", "value:char!", "name:char!", "sequence:integer"],
    ),
    (
        "ir.model.access",
        "Model Access",
        &[
            "name:char!",
            "active:boolean",
            "model_id:part=ir.model!",
            "group_id:part=res.groups",
            "perm_read:boolean",
            "perm_write:boolean",
            "perm_create:boolean",
            "perm_unlink:boolean",
        ],
    ),
    (
        "ir.model.data",
        "Model Data",
        &["module:char!", "name:char!", "model:char!", "res_id:integer", "noupdate:boolean"],
    ),
    (
        "ir.ui.view",
        "View",
        &["name:char!", "model:char", "type:selection", "arch_db:text", "active:boolean", "priority:integer"],
    ),
    (
        "ir.ui.menu",
        "Menu",
        &["name:char!", "sequence:integer", "parent_id:m2o=ir.ui.menu", "action:reference", "active:boolean"],
    ),
    (
        "ir.actions.act_window",
        "Action Window",
        &[
            "name:char!",
            "res_model:char!",
            "view_mode:char",
            "context:char",
            "help:text",
            "search_view_id:m2o=ir.ui.view",
        ],
    ),
    ("ir.actions.server", "Server Action", &["name:char!", "model_id:part=ir.model!", "state:selection", "code:text"]),
    (
        "ir.filters",
        "Filters",
        &["name:char!", "model_id:selection!", "domain:text", "user_id:m2o=res.users", "active:boolean"],
    ),
    ("res.groups", "Access Groups", &["name:char!", "full_name:char", "comment:text", "implied_ids:m2m=res.groups"]),
    (
        "res.users",
        "User",
        &[
            "login:char!",
            "name:char!",
            "password:char",
            "lang:selection",
            "active:boolean",
            "company_id:m2o=res.company",
            "company_ids:m2m=res.company",
        ],
    ),
    ("res.users.apikeys", "Users API Keys", &["name:char!", "user_id:m2o=res.users"]),
    (
        "res.company",
        "Companies",
        &["name:char!", "currency_id:m2o=res.currency", "account_sale_tax_id:m2o=account.tax"],
    ),
    ("res.currency", "Currency", &["name:char!", "active:boolean"]),
    ("product.pricelist", "Pricelist", &["name:char!", "active:boolean", "currency_id:m2o=res.currency"]),
    (
        "product.pricelist.item",
        "Pricelist Rule",
        &[
            "pricelist_id:part=product.pricelist!",
            "applied_on:selection",
            "compute_price:selection",
            "fixed_price:float",
            "percent_price:float",
            "base:selection",
            "price_discount:float",
            "price_surcharge:float",
        ],
    ),
    ("res.lang", "Languages", &["name:char!", "code:char!", "active:boolean"]),
    ("product.category", "Product Category", &["name:char!", "complete_name:char"]),
    ("uom.uom", "Product Unit of Measure", &["name:char!"]),
    (
        "account.tax",
        "Tax",
        &["name:char!", "type_tax_use:selection", "price_include:boolean", "company_id:m2o=res.company"],
    ),
    (
        "product.template",
        "Product",
        &[
            "name:char!",
            "active:boolean",
            "list_price:float",
            "type:selection",
            "categ_id:m2o=product.category",
            "uom_id:m2o=uom.uom",
            "taxes_id:m2m=account.tax",
            "sale_ok:boolean",
            "purchase_ok:boolean",
            "available_in_pos:boolean",
            "company_id:m2o=res.company",
            "product_variant_ids:o2m=product.product.product_tmpl_id",
        ],
    ),
    (
        "product.product",
        "Product Variant",
        &[
            "product_tmpl_id:part=product.template!",
            "active:boolean",
            "barcode:char",
            "default_code:char",
            "qty_available:float",
        ],
    ),
];

/// Fields that one version has and another has not.
fn version_fields(version: u32) -> Vec<(&'static str, &'static str)> {
    if version >= 19 {
        vec![
            ("product.template", "is_storable:boolean"),
            ("res.users.apikeys", "expiration_date:datetime"),
            ("res.groups", "user_ids:m2m=res.users"),
            ("res.users", "group_ids:m2m=res.groups"),
            ("ir.ui.menu", "group_ids:m2m=res.groups"),
            ("ir.actions.act_window", "group_ids:m2m=res.groups"),
            ("ir.actions.server", "group_ids:m2m=res.groups"),
            ("product.uom", "uom_id:part=uom.uom!"),
            ("product.uom", "product_id:part=product.product!"),
            ("product.uom", "barcode:char!"),
            ("product.uom", "company_id:m2o=res.company"),
        ]
    } else {
        vec![
            ("product.template", "uom_po_id:m2o=uom.uom"),
            ("res.groups", "users:m2m=res.users"),
            ("res.users", "groups_id:m2m=res.groups"),
            ("ir.ui.menu", "groups_id:m2m=res.groups"),
            ("ir.actions.act_window", "groups_id:m2m=res.groups"),
            ("ir.actions.server", "groups_id:m2m=res.groups"),
            ("product.packaging", "name:char!"),
            ("product.packaging", "sequence:integer"),
            ("product.packaging", "qty:float"),
            ("product.packaging", "product_id:m2o=product.product"),
            ("product.packaging", "barcode:char"),
            ("product.packaging", "company_id:m2o=res.company"),
        ]
    }
}

/// The registry of a fresh database.
pub(super) fn models(version: u32) -> BTreeMap<String, Arc<Model>> {
    let mut out: BTreeMap<String, Model> = BTreeMap::new();
    for (name, label, fields) in MODELS {
        let mut model = Model::new(label, false);
        model.fields.extend(fields.iter().map(|spec| parse(spec)));
        out.insert((*name).to_owned(), model);
    }
    let packaging_label = if version >= 19 { "Link between products and their UoMs" } else { "Product Packaging" };
    out.insert(packaging_model(version).to_owned(), Model::new(packaging_label, false));
    for (model, spec) in version_fields(version) {
        let (name, field) = parse(spec);
        out.get_mut(model).expect("a model above").fields.insert(name, field);
    }
    if version < 19 {
        out.get_mut("product.product").expect("a model above").label = "Product".to_owned();
        out.get_mut("product.template").expect("a model above").label = "Product Template".to_owned();
    }
    out.into_iter().map(|(name, model)| (name, Arc::new(model))).collect()
}
