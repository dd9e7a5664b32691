//! The settings of a run, checked and complete: what everyone else sees.
//!
//! Data only, no TOML, no environment, and no secrets: those are read on demand through [`SecretRef`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::environment::PING_URL;
use super::secret::SecretRef;
use crate::catalog::source::BarcodeOrder;
use crate::catalog::{CodeRules, FileOrder, MatchRule, Precedence, SourceName};
use crate::plan::{
    Allowances, ExtraBarcodes, FieldPolicy, GuardLimits, MissingPolicy, NewWithoutPrice, Policy, PriceLimit,
};

/// Everything that a person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The sources of this run: those named on the command line, or all; see [`Settings::require_sources`].
    pub sources: BTreeMap<SourceName, SourceSettings>,
    /// In which order the sources own what they share: those of the whole file, whichever were named on the command line.
    pub order: FileOrder,
    /// Odoo.
    pub odoo: OdooSettings,
    /// The rules.
    pub sync: SyncSettings,
    /// Who is told how runs end.
    pub report: ReportSettings,
    /// The file that was read.
    pub path: PathBuf,
    /// What a person should know at every run: unchecked certificates, readable password files. Fragments, one each.
    pub warnings: Vec<String>,
}

/// One SQL Server database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// Host name or address, without port and instance.
    pub host: String,
    /// How to find the server on that host.
    pub endpoint: Endpoint,
    /// The database.
    pub database: String,
    /// The SQL login.
    pub user: String,
    /// Its password.
    pub password: SecretRef,
    /// How the connection is protected.
    pub tls: SourceTls,
    /// Returns id, name and price of each product.
    pub products_query: String,
    /// Returns id and barcode, a row per barcode. `None` for a source without barcodes.
    pub barcodes_query: Option<String>,
    /// The columns of the two queries.
    pub columns: Columns,
    /// Which of several barcodes comes first.
    pub barcode_order: BarcodeOrder,
    /// What counts as a barcode.
    pub codes: CodeRules,
    /// How the two queries see one state of the database.
    pub isolation: Isolation,
    /// How long to wait for somebody's lock (`SET LOCK_TIMEOUT`).
    pub lock_timeout: Duration,
    /// How long one query may take.
    pub query_timeout: Duration,
    /// How long connecting may take, TLS and login included.
    pub connect_timeout: Duration,
    /// What the DBA sees in `sys.dm_exec_sessions.program_name`; 1 to 128 characters.
    pub application_name: String,
    /// `ApplicationIntent=ReadOnly`: a replica may answer.
    pub read_intent: bool,
    /// How many rows both queries together may return.
    pub max_rows: u64,
    /// How many bytes of text they may have.
    pub max_bytes: u64,
    /// Names with U+FFFD are taken as they are.
    pub damaged_names: bool,
    /// What new products get.
    pub create: CreateSettings,
}

/// How to find a server on its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP port, 1433 by default.
    Port(u16),
    /// A named instance, whose port SQL Server Browser tells (UDP 1434).
    Instance(String),
}

/// How the connection to a source is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceTls {
    /// The certificate must lead to one of the system's roots.
    Verify,
    /// The certificate must lead to a certificate in this PEM file.
    CaFile(PathBuf),
    /// Encrypted, but to whoever answers; warned about at every run.
    TrustAny,
    /// Plain text; warned about at every run.
    Off,
}

/// The names of the columns in the results of the queries, as the queries spell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The product's id, in both queries.
    pub id: String,
    /// The product's name.
    pub name: String,
    /// The price.
    pub price: String,
    /// The barcode.
    pub barcode: String,
}

/// How the two queries see one state of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// SNAPSHOT where the database allows it, READ COMMITTED otherwise.
    #[default]
    Auto,
    /// SNAPSHOT, or the run fails.
    Snapshot,
    /// READ COMMITTED.
    ReadCommitted,
}

/// The constants that new products get; products that exist already keep theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateSettings {
    /// The kind of product.
    pub kind: ProductType,
    /// The category, by its complete name (`All / Saleable`) or id; `None` for Odoo's default.
    pub category: Option<NameOrId>,
    /// The customer taxes; `None` for the company's default, an empty list for no taxes.
    pub taxes: Option<Vec<NameOrId>>,
    /// The unit of measure, for sale and purchase; `None` for Odoo's default.
    pub unit: Option<NameOrId>,
    /// Offered at the till; meaningless where point of sale is not installed.
    pub available_in_pos: bool,
    /// Can be sold.
    pub sale_ok: bool,
    /// Can be bought.
    pub purchase_ok: bool,
    /// Whose product it is.
    pub company: CreateCompany,
    /// The internal reference becomes the external id.
    pub set_default_code: bool,
}

/// The kind of a new product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductType {
    /// Its stock is tracked (`product` up to Odoo 17, `consu` with `is_storable` from 18 on); goods where the stock
    /// module is not installed.
    #[default]
    Storable,
    /// Goods without stock tracking.
    Consumable,
    /// A service.
    Service,
}

/// Whose a new product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreateCompany {
    /// All companies'.
    #[default]
    Shared,
    /// The company's that the run works for.
    Own,
}

/// A record of Odoo, by name or by database id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrId {
    /// By name, not empty.
    Name(String),
    /// By database id, positive.
    Id(i64),
}

/// The Odoo database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooSettings {
    /// `http` or `https`; the path ends in `/`, so that `url.join("web/…")` keeps it.
    pub url: Url,
    /// The database.
    pub database: String,
    /// The user; needed with a password.
    pub login: Option<String>,
    /// The user's password.
    pub password: SecretRef,
    /// The user's API key.
    pub api_key: SecretRef,
    /// How to talk.
    pub transport: Transport,
    /// The languages of names that the source owns, as Odoo spells them (`ru_RU`), each once; empty for the user's own
    /// and `en_US`, Odoo's base.
    pub languages: Vec<String>,
    /// The company to work for; `None` for the user's.
    pub company: Option<NameOrId>,
    /// How an `https` connection is checked.
    pub tls: OdooTls,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long a call is repeated that fails for a passing reason; zero for never.
    pub retry: Duration,
    /// How many calls that write may be on their way at once, 1 to 7.
    pub connections: usize,
    /// How many records one call carries, 1 to 1000.
    pub batch_size: usize,
}

/// How to talk to Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// JSON-2 where Odoo has it and a key is at hand, a web session otherwise.
    #[default]
    Auto,
    /// A web session, with login and password.
    Web,
    /// JSON-2, with an API key; Odoo 19 and later.
    Json2,
}

/// How a certificate of Odoo's is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OdooTls {
    /// It must lead to one of the system's roots.
    Verify,
    /// It must lead to a certificate in this PEM file.
    CaFile(PathBuf),
    /// Not at all; warned about at every run.
    TrustAny,
}

/// The rules of the synchronisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSettings {
    /// Who owns names.
    pub name: FieldPolicy,
    /// Who owns prices.
    pub price: FieldPolicy,
    /// Who owns barcodes.
    pub barcode: FieldPolicy,
    /// How existing products are recognised, in this order, each once; empty for never.
    pub match_rules: Vec<MatchRule>,
    /// What becomes of products that the source no longer has.
    pub missing: MissingPolicy,
    /// What becomes of the further barcodes of a product.
    pub extra_barcodes: ExtraBarcodes,
    /// What becomes of a new product without a price.
    pub new_without_price: NewWithoutPrice,
    /// How far one price may move.
    pub max_price_change: PriceLimit,
    /// A barcode that more products list is asked about once, whether it is one.
    pub max_products_per_barcode: usize,
    /// What a run refuses.
    pub guards: GuardLimits,
    /// How long the lease in Odoo lives without being renewed; 60 to 3600 seconds.
    pub lease: Duration,
    /// The lock of this machine; `None` for the first usable of [`Settings::lock_files`].
    pub lock_file: Option<PathBuf>,
    /// Which open conflicts make status 3.
    pub status_for_open: StatusForOpen,
}

/// Who is told how runs end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSettings {
    /// Where a monitor finds the figures of the last runs.
    pub metrics_file: Option<PathBuf>,
    /// What a monitor is called at.
    pub ping_url: SecretRef,
}

impl Default for ReportSettings {
    /// What holds without a file: the usual variable.
    fn default() -> Self {
        let section = "[report] of sync.toml".to_owned();
        let ping_url = SecretRef::new("the address to ping".to_owned(), section, "ping_url", PING_URL.to_owned(), None);
        Self { metrics_file: None, ping_url }
    }
}

/// Which open conflicts and deferred actions make exit status 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusForOpen {
    /// Any that is open.
    #[default]
    Any,
    /// Only those that this run opened.
    New,
}

impl SyncSettings {
    /// The planner's policy for a source, with what the command line lets through.
    #[must_use]
    pub fn policy(&self, source: &SourceSettings, allow: Allowances) -> Policy {
        Policy {
            name: self.name,
            price: self.price,
            barcode: self.barcode,
            // What Odoo remembers of other files decides too.
            precedence: Precedence::default(),
            match_rules: self.match_rules.clone(),
            new_without_price: self.new_without_price,
            missing: self.missing,
            extra_barcodes: self.extra_barcodes,
            barcodes: source.barcodes_query.is_some(),
            max_price_change: self.max_price_change,
            max_products_per_barcode: self.max_products_per_barcode,
            max_component: Policy::default().max_component,
            guards: self.guards,
            allow,
        }
    }
}
