//! From settings to what the adapters take. Secrets are read here, when they are needed.

use secrecy::SecretString;

use crate::catalog::SourceName;
use crate::config::{
    self, CreateCompany, CreateSettings, Environment, NameOrId, OdooSettings, OdooTls, Overrides, ProductType,
    Settings, SourceSettings, SourceTls,
};
use crate::mssql::{self, SourceOptions};
use crate::odoo::{
    ConnectOptions, Constants, Hurry, Named, NewKind, Odoo, Retry, SessionOptions, TransportChoice, Trust,
    require_setup,
};

use super::{Failure, Signals};

/// How often a read of the source is begun anew after a passing error.
const SOURCE_ATTEMPTS: u32 = 3;

/// The source adapter's options.
///
/// # Errors
/// When the password is missing.
pub(super) fn source(name: &SourceName, s: &SourceSettings, env: &dyn Environment) -> Result<SourceOptions, Failure> {
    Ok(SourceOptions {
        name: name.clone(),
        host: s.host.clone(),
        endpoint: match &s.endpoint {
            config::Endpoint::Port(port) => mssql::Endpoint::Port(*port),
            config::Endpoint::Instance(instance) => mssql::Endpoint::Instance(instance.clone()),
        },
        database: s.database.clone(),
        user: s.user.clone(),
        password: s.password.require(env)?,
        tls: match &s.tls {
            SourceTls::Verify => mssql::Tls::Verify,
            SourceTls::CaFile(path) => mssql::Tls::CaFile(path.clone()),
            SourceTls::TrustAny => mssql::Tls::TrustAny,
            SourceTls::Off => mssql::Tls::Off,
        },
        products_query: s.products_query.clone(),
        barcodes_query: s.barcodes_query.clone(),
        columns: mssql::Columns {
            id: s.columns.id.clone(),
            name: s.columns.name.clone(),
            price: s.columns.price.clone(),
            barcode: s.columns.barcode.clone(),
        },
        barcode_order: s.barcode_order,
        codes: s.codes.clone(),
        isolation: match s.isolation {
            config::Isolation::Auto => mssql::Isolation::Auto,
            config::Isolation::Snapshot => mssql::Isolation::Snapshot,
            config::Isolation::ReadCommitted => mssql::Isolation::ReadCommitted,
        },
        lock_timeout: s.lock_timeout,
        query_timeout: s.query_timeout,
        connect_timeout: s.connect_timeout,
        application_name: s.application_name.clone(),
        read_intent: s.read_intent,
        max_rows: s.max_rows,
        max_bytes: s.max_bytes,
        damaged_names: s.damaged_names,
        attempts: SOURCE_ATTEMPTS,
    })
}

/// The account that connects to Odoo.
pub(super) struct Account {
    /// Its login.
    pub login: String,
    /// Its password.
    pub password: Option<SecretString>,
    /// Its API key.
    pub api_key: Option<SecretString>,
}

/// The configured account.
///
/// # Errors
/// When login or secret are missing.
pub(super) fn configured_account(settings: &OdooSettings, env: &dyn Environment) -> Result<Account, Failure> {
    let credentials = settings.credentials(env)?;
    let (login, password) = match credentials.password {
        Some(p) => (p.login, Some(p.password)),
        None => (settings.login.clone().unwrap_or_default(), None),
    };
    Ok(Account { login, password, api_key: credentials.api_key })
}

/// Connects as any account of our groups, for commands that read what is recorded.
///
/// # Errors
/// See [`Failure`].
pub(super) async fn reader(overrides: &Overrides, env: &dyn Environment, signals: &Signals) -> Result<Odoo, Failure> {
    let settings = super::settings(overrides, env)?;
    let options = odoo(&settings.odoo, configured_account(&settings.odoo, env)?, signals.hurry());
    let connected = signals.unless_interrupted(async {
        let odoo = Odoo::connect(&options).await?;
        require_setup(&odoo).await.map(|()| odoo)
    });
    connected.await
}

/// The target adapter's options.
pub(super) fn odoo(settings: &OdooSettings, account: Account, hurry: Hurry) -> ConnectOptions {
    ConnectOptions {
        url: settings.url.as_str().trim_end_matches('/').to_owned(),
        database: settings.database.clone(),
        login: account.login,
        password: account.password,
        api_key: account.api_key,
        transport: match settings.transport {
            config::Transport::Auto => TransportChoice::Auto,
            config::Transport::Web => TransportChoice::Web,
            config::Transport::Json2 => TransportChoice::Json2,
        },
        trust: match &settings.tls {
            OdooTls::Verify => Trust::System,
            OdooTls::CaFile(path) => Trust::CaFile(path.clone()),
            OdooTls::TrustAny => Trust::Any,
        },
        timeout: settings.timeout,
        retry: Retry { patience: settings.retry, seed: uuid::Uuid::new_v4().as_u64_pair().0, ..Retry::default() },
        hurry,
    }
}

/// What to expect of Odoo for an import.
pub(super) fn session(settings: &Settings, create: &CreateSettings) -> SessionOptions {
    SessionOptions {
        create: Some(Constants {
            kind: match create.kind {
                ProductType::Storable => NewKind::Storable,
                ProductType::Consumable => NewKind::Consumable,
                ProductType::Service => NewKind::Service,
            },
            category: create.category.as_ref().map(named),
            unit: create.unit.as_ref().map(named),
            taxes: create.taxes.as_ref().map(|taxes| taxes.iter().map(named).collect()),
            available_in_pos: create.available_in_pos,
            sale_ok: create.sale_ok,
            purchase_ok: create.purchase_ok,
            own_company: create.company == CreateCompany::Own,
        }),
        ..reading_session(settings)
    }
}

/// What to expect of Odoo for a command that only reads.
pub(super) fn reading_session(settings: &Settings) -> SessionOptions {
    SessionOptions {
        languages: settings.odoo.languages.clone(),
        company: settings.odoo.company.as_ref().map(named),
        create: None,
        order: settings.order.clone(),
    }
}

fn named(value: &NameOrId) -> Named {
    match value {
        NameOrId::Name(name) => Named::Name(name.clone()),
        NameOrId::Id(id) => Named::Id(*id),
    }
}
