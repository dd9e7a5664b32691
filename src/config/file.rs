//! `sync.toml` as it is written: the TOML types, private to this module's parent.
//!
//! Every key is optional here, so that a missing one is reported with its cure instead of serde's words. Nothing is
//! checked beyond types and unknown keys; `resolve` turns this into settings, and nobody else sees it. The doc of each
//! key is in `sync.toml.example` and `docs/configuration.md`; tests keep the three together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::settings;
use crate::catalog;
use crate::plan;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct File {
    pub sources: BTreeMap<String, Source>,
    pub odoo: Odoo,
    pub sync: Sync,
    pub report: Report,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Source {
    pub host: Option<String>,
    pub port: Option<i64>,
    pub instance: Option<String>,
    pub database: Option<String>,
    pub user: Option<String>,
    pub password_env: Option<String>,
    pub password_file: Option<PathBuf>,
    pub password_credential: Option<String>,
    pub tls: Option<SourceTls>,
    pub ca_file: Option<PathBuf>,
    pub products_query: Option<String>,
    pub barcodes_query: Option<String>,
    pub barcodes: Option<bool>,
    pub columns: Columns,
    pub barcode_order: Option<BarcodeOrder>,
    pub barcode_format: Option<BarcodeFormat>,
    pub placeholders: Option<Vec<String>>,
    pub isolation: Option<Isolation>,
    pub lock_timeout: Option<i64>,
    pub query_timeout: Option<i64>,
    pub connect_timeout: Option<i64>,
    pub application_name: Option<String>,
    pub read_intent: Option<bool>,
    pub max_rows: Option<i64>,
    pub max_megabytes: Option<i64>,
    pub damaged_names: Option<DamagedNames>,
    pub owns: Option<Vec<Field>>,
    pub create: Create,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Columns {
    pub id: Option<String>,
    pub name: Option<String>,
    pub price: Option<String>,
    pub barcode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Create {
    #[serde(rename = "type")]
    pub kind: Option<ProductType>,
    pub category: Option<NameOrId>,
    pub taxes: Option<Vec<NameOrId>>,
    pub unit: Option<NameOrId>,
    pub available_in_pos: Option<bool>,
    pub sale_ok: Option<bool>,
    pub purchase_ok: Option<bool>,
    pub company: Option<CreateCompany>,
    pub set_default_code: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Odoo {
    pub url: Option<String>,
    pub database: Option<String>,
    pub login: Option<String>,
    pub password_env: Option<String>,
    pub password_file: Option<PathBuf>,
    pub password_credential: Option<String>,
    pub api_key_env: Option<String>,
    pub api_key_file: Option<PathBuf>,
    pub api_key_credential: Option<String>,
    pub transport: Option<Transport>,
    pub languages: Option<Vec<String>>,
    pub company: Option<NameOrId>,
    pub tls: Option<OdooTls>,
    pub ca_file: Option<PathBuf>,
    pub timeout: Option<i64>,
    pub retry_seconds: Option<i64>,
    pub connections: Option<i64>,
    pub batch_size: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Sync {
    pub name: Option<FieldPolicy>,
    pub price: Option<FieldPolicy>,
    pub barcode: Option<FieldPolicy>,
    pub source_order: Option<Vec<String>>,
    #[serde(rename = "match")]
    pub match_rules: Option<Vec<MatchRule>>,
    pub missing: Option<Missing>,
    pub extra_barcodes: Option<ExtraBarcodes>,
    pub new_without_price: Option<NewWithoutPrice>,
    pub max_price_change: PriceLimit,
    pub max_products_per_barcode: Option<i64>,
    pub guards: Guards,
    pub lease_seconds: Option<i64>,
    pub lock_file: Option<PathBuf>,
    pub status_for_open: Option<StatusForOpen>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Report {
    pub metrics_file: Option<PathBuf>,
    pub ping_url_env: Option<String>,
    pub ping_url_file: Option<PathBuf>,
    pub ping_url_credential: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct PriceLimit {
    pub percent: Option<Number>,
    pub amount: Option<Number>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Guards {
    pub max_create: Limit,
    pub max_release: Limit,
    pub max_replace: Limit,
    pub max_archive: Limit,
    pub max_changes: Limit,
    pub max_price_jumps: Limit,
    pub max_prices_gone: Limit,
    pub max_unreadable: Limit,
    pub max_orphans: Limit,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Limit {
    pub count: Option<i64>,
    pub percent: Option<i64>,
}

/// An enum of words, each with its value in the settings.
macro_rules! words {
    ($name:ident => $to:ty { $($variant:ident = $word:literal => $value:expr),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        pub(super) enum $name {
            $(#[serde(rename = $word)] $variant),+
        }

        impl From<$name> for $to {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$variant => $value),+
                }
            }
        }
    };
}

/// A field that one of several sources owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Field {
    Name,
    Price,
    Barcode,
}

/// The words of `tls`; the CA's file is a key of its own and joins them in `resolve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SourceTls {
    Verify,
    CaFile,
    TrustAny,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OdooTls {
    Verify,
    CaFile,
    TrustAny,
}

words!(BarcodeOrder => catalog::source::BarcodeOrder {
    Gtin = "gtin" => Self::Gtin,
    Text = "text" => Self::Text,
});
words!(BarcodeFormat => catalog::BarcodeFormat {
    Scannable = "scannable" => Self::Scannable,
    Any = "any" => Self::Any,
});
words!(Isolation => settings::Isolation {
    Auto = "auto" => Self::Auto,
    Snapshot = "snapshot" => Self::Snapshot,
    ReadCommitted = "read-committed" => Self::ReadCommitted,
});
words!(DamagedNames => bool {
    Report = "report" => false,
    Keep = "keep" => true,
});
words!(ProductType => settings::ProductType {
    Storable = "storable" => Self::Storable,
    Consumable = "consumable" => Self::Consumable,
    Service = "service" => Self::Service,
});
words!(CreateCompany => settings::CreateCompany {
    Shared = "shared" => Self::Shared,
    Own = "own" => Self::Own,
});
words!(Transport => settings::Transport {
    Auto = "auto" => Self::Auto,
    Web = "web" => Self::Web,
    Json2 = "json2" => Self::Json2,
});
words!(FieldPolicy => plan::FieldPolicy {
    Source = "source" => Self::Source,
    Odoo = "odoo" => Self::Odoo,
    Ask = "ask" => Self::Ask,
});
words!(MatchRule => catalog::MatchRule {
    Barcode = "barcode" => Self::Barcode,
    DefaultCode = "default_code" => Self::DefaultCode,
    Name = "name" => Self::Name,
});
words!(Missing => plan::MissingPolicy {
    Keep = "keep" => Self::Keep,
    Archive = "archive" => Self::Archive,
});
words!(ExtraBarcodes => plan::ExtraBarcodes {
    Keep = "keep" => Self::Keep,
    Packaging = "packaging" => Self::Packaging,
});
words!(NewWithoutPrice => plan::NewWithoutPrice {
    Defer = "defer" => Self::Defer,
    Unsaleable = "unsaleable" => Self::Unsaleable,
});
words!(StatusForOpen => settings::StatusForOpen {
    Any = "any" => Self::Any,
    New = "new" => Self::New,
});

/// A record of Odoo by name or by database id. By hand, because serde's untagged enums say nothing useful on errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NameOrId {
    Name(String),
    Id(i64),
}

impl<'de> Deserialize<'de> for NameOrId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = NameOrId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a record's id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NameOrId, E> {
                Ok(NameOrId::Name(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, id: i64) -> Result<NameOrId, E> {
                Ok(NameOrId::Id(id))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// A decimal number, as a TOML integer, float or text. A float is taken by its shortest text, which is what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(pub Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number such as 10 or \"9.50\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                let number = text.trim().parse();
                number.map(Number).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number.into()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
                let text = number.to_string();
                text.parse().map(Number).map_err(|_| E::invalid_value(de::Unexpected::Float(number), &self))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}
