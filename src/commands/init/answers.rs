//! What is asked for, and settings made of it by the same code that reads a configuration: what it refuses is refused here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::catalog::SourceName;
use crate::commands::{Failure, connect};
use crate::config::environment::{self, SourceVariable};
use crate::config::{self, Environment, Overrides, Settings, SourceTls};
use crate::mssql::SourceOptions;

use super::file::{self, Entry, Section};
use super::guess::Proposal;
use super::person::Person;
use super::{Request, SecretsIn};

const PORT: u16 = 1433;

/// The secrets by the names of their variables.
#[derive(Default)]
pub(super) struct Secrets(BTreeMap<String, SecretString>);

/// A secret that is to be kept somewhere.
pub(super) struct Kept<'a> {
    pub variable: &'a str,
    pub section: Section,
    /// The key of the configuration that names the file.
    pub key: &'static str,
    pub file: Option<PathBuf>,
    pub value: &'a SecretString,
}

impl Secrets {
    /// As an environment: nothing but the secrets, so that what is tried is what will be written.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        self.0.get(name).map(|secret| secret.expose_secret().into())
    }

    /// Takes it from the environment.
    fn found(&mut self, name: &str, env: &dyn Environment) -> bool {
        if let Some(value) = env.filled(name).and_then(|value| value.into_string().ok()) {
            self.0.insert(name.to_owned(), value.into());
        }
        self.0.contains_key(name)
    }

    /// All of them with the files beside the configuration that will hold them.
    pub(super) fn kept(&self, source: &str, configuration: &Path, in_files: bool) -> Vec<Kept<'_>> {
        // Several configurations in one directory are called differently, and so are their secrets.
        let stem = configuration.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let own = |name: String| match stem.as_str() {
            "sync" | "" => name,
            stem if name.strip_suffix(".password") == Some(stem) => name,
            stem => format!("{stem}-{name}"),
        };
        self.0
            .iter()
            .map(|(variable, value)| {
                let (section, key, name) = match variable.as_str() {
                    environment::ODOO_PASSWORD => (Section::Odoo, "password_file", "odoo.password".to_owned()),
                    environment::ODOO_API_KEY => (Section::Odoo, "api_key_file", "odoo.key".to_owned()),
                    _ => (Section::Source, "password_file", format!("{source}.password")),
                };
                let file = in_files.then(|| configuration.with_file_name(own(name)));
                Kept { variable, section, key, file, value }
            })
            .collect()
    }
}

/// The answers so far.
pub(super) struct Answers {
    source: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    instance: Option<String>,
    database: Option<String>,
    user: Option<String>,
    tls: SourceTls,
    pub queries: Option<Proposal>,
    odoo_url: Option<String>,
    odoo_database: Option<String>,
    odoo_login: Option<String>,
    secrets: Option<SecretsIn>,
}

/// A file that somebody names is where they are; what the configuration names is where the configuration is.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

impl Answers {
    /// What the command line says.
    pub(super) fn new(request: &Request) -> Self {
        let [id, name, price, barcode] = request
            .columns
            .clone()
            .unwrap_or_else(|| ["ProductID", "ProductName", "Price", "Barcode"].map(str::to_owned));
        let queries = request.queries.clone().map(|(products_query, barcodes_query)| Proposal {
            products_query,
            barcodes_query,
            id,
            name,
            price,
            barcode,
        });
        let mut answers = Self {
            source: request.source.clone(),
            host: None,
            port: request.port,
            instance: request.instance.clone(),
            database: request.database.clone(),
            user: request.user.clone(),
            tls: request.tls.clone().unwrap_or(SourceTls::Verify),
            queries,
            odoo_url: request.odoo_url.clone(),
            odoo_database: request.odoo_database.clone(),
            odoo_login: request.odoo_login.clone(),
            secrets: request.secrets,
        };
        if let Some(host) = &request.host {
            answers.set_host(host);
        }
        answers
    }

    /// `HOST\INSTANCE`, `HOST,PORT` or `HOST`, as Microsoft's tools write it; `.` and `[::1]` too.
    fn set_host(&mut self, text: &str) {
        let server = config::server_name(text.trim());
        let port = match server.port.map(str::parse::<u16>) {
            Some(Ok(port)) => Some(port),
            None => None,
            // Whoever reads the configuration says what is wrong with it.
            Some(Err(_)) => return self.host = Some(text.to_owned()),
        };
        self.host = Some(server.host.to_owned());
        if port.is_some() {
            (self.port, self.instance) = (port, None);
        } else if let Some(instance) = server.instance {
            (self.port, self.instance) = (None, Some(instance.to_owned()));
        }
    }

    pub(super) fn source_name(&self) -> &str {
        self.source.as_deref().unwrap_or("shop")
    }

    fn password_variable(&self) -> Result<String, Failure> {
        let name = SourceName::parse(self.source_name())
            .map_err(|e| Failure::Usage(format!("--source {:?}: {e}", self.source_name())))?;
        Ok(SourceVariable::Password.name(&name))
    }

    /// Asks for what is missing to reach the source.
    pub(super) async fn ask_source(
        &mut self,
        person: &Person<'_>,
        env: &dyn Environment,
        secrets: &mut Secrets,
    ) -> Result<(), Failure> {
        if self.source.is_none() && person.is_there() {
            let question = "A name for it (lower-case letters, digits, - and _), which ties the products in Odoo to it";
            let name = person.ask(question, Some("shop"), "--source").await?;
            self.source = Some(name);
        }
        let variable = self.password_variable()?;
        if self.host.is_none() {
            let host = person.ask("SQL Server (HOST, HOST\\INSTANCE or HOST,PORT)", None, "--host").await?;
            self.set_host(&host);
        }
        if self.database.is_none() {
            self.database = Some(person.ask("Database", None, "--database").await?);
        }
        if self.user.is_none() {
            self.user = Some(person.ask("SQL login", Some("erpsync"), "--user").await?);
        }
        if !secrets.found(&variable, env) {
            let flag = format!("the password in ${variable}");
            match person.secret("Its password", &flag).await? {
                Some(secret) => drop(secrets.0.insert(variable, secret)),
                None => return Err(Failure::Usage(format!("init needs {flag}"))),
            }
        }
        Ok(())
    }

    /// The server's certificate is not believed: what shall be?
    pub(super) async fn ask_tls(&mut self, person: &Person<'_>) -> Result<(), Failure> {
        let words = ["ca-file", "trust-any", "off"];
        self.tls = match person.choose("How shall the connection be protected?", &words, "--tls").await? {
            0 => SourceTls::CaFile(
                person.ask("The file with the authority's certificate", None, "--ca-file").await?.into(),
            ),
            1 => SourceTls::TrustAny,
            _ => SourceTls::Off,
        };
        Ok(())
    }

    /// Tells what went wrong, and asks anew for what may be the cause.
    pub(super) async fn again(
        &mut self,
        person: &Person<'_>,
        error: &Failure,
        secrets: &mut Secrets,
    ) -> Result<(), Failure> {
        person.tell(&error.to_string());
        let host = self.host.take().map(|host| match (&self.instance, self.port) {
            (Some(instance), _) => format!("{host}\\{instance}"),
            (None, Some(port)) if port != PORT => format!("{host},{port}"),
            _ => host,
        });
        let host = person.ask("SQL Server (HOST, HOST\\INSTANCE or HOST,PORT)", host.as_deref(), "--host").await?;
        (self.port, self.instance) = (None, None);
        self.set_host(&host);
        self.database = Some(person.ask("Database", self.database.as_deref(), "--database").await?);
        self.user = Some(person.ask("SQL login", self.user.as_deref(), "--user").await?);
        if let Some(password) = person.secret("Its password (empty: as before)", "the password").await? {
            secrets.0.insert(self.password_variable()?, password);
        }
        Ok(())
    }

    /// The queries, when nothing was found or what was found is wrong.
    pub(super) async fn ask_queries(&mut self, person: &Person<'_>) -> Result<(), Failure> {
        let before = self.queries.take();
        let before = before.as_ref();
        let products = before.map(|b| b.products_query.as_str());
        let products_query = person.ask("SELECT for id, name and price", products, "--products-query").await?;
        let barcodes = before.map(|b| b.barcodes_query.as_str()).filter(|query| !query.is_empty());
        let barcodes_query = person.ask("SELECT for id and barcode", barcodes, "--barcodes-query").await?;
        let column = async |question: &str, default: &str| person.ask(question, Some(default), "--columns").await;
        self.queries = Some(Proposal {
            id: column("The id's column", before.map_or("ProductID", |b| &b.id)).await?,
            name: column("The name's column", before.map_or("ProductName", |b| &b.name)).await?,
            price: column("The price's column", before.map_or("Price", |b| &b.price)).await?,
            barcode: column("The barcode's column", before.map_or("Barcode", |b| &b.barcode)).await?,
            products_query,
            barcodes_query,
        });
        Ok(())
    }

    /// Asks for what is missing to reach Odoo.
    pub(super) async fn ask_odoo(
        &mut self,
        person: &Person<'_>,
        env: &dyn Environment,
        secrets: &mut Secrets,
    ) -> Result<(), Failure> {
        if self.odoo_url.is_none() {
            self.odoo_url = Some(person.ask("Odoo's address, as in a browser", None, "--odoo-url").await?);
        }
        if self.odoo_database.is_none() {
            self.odoo_database = Some(person.ask("Odoo's database", None, "--odoo-database").await?);
        }
        if self.odoo_login.is_none() {
            self.odoo_login = Some(person.ask("The account's login", Some("erpsync"), "--odoo-login").await?);
        }
        let known = [environment::ODOO_PASSWORD, environment::ODOO_API_KEY];
        if known.iter().any(|name| secrets.found(name, env)) {
            return Ok(());
        }
        let flag = format!("the password in ${} or an API key in ${}", known[0], known[1]);
        if let Some(password) = person.secret("Its password (empty for an API key)", &flag).await? {
            secrets.0.insert(known[0].to_owned(), password);
            return Ok(());
        }
        match person.secret("Its API key", &flag).await? {
            Some(key) => drop(secrets.0.insert(known[1].to_owned(), key)),
            None => return Err(Failure::Usage(format!("init needs {flag}"))),
        }
        Ok(())
    }

    /// As [`Answers::again`].
    pub(super) async fn again_odoo(
        &mut self,
        person: &Person<'_>,
        error: &Failure,
        secrets: &mut Secrets,
    ) -> Result<(), Failure> {
        person.tell(&error.to_string());
        let url = self.odoo_url.take();
        self.odoo_url = Some(person.ask("Odoo's address, as in a browser", url.as_deref(), "--odoo-url").await?);
        let database = self.odoo_database.take();
        self.odoo_database = Some(person.ask("Odoo's database", database.as_deref(), "--odoo-database").await?);
        let login = self.odoo_login.take();
        self.odoo_login = Some(person.ask("The account's login", login.as_deref(), "--odoo-login").await?);
        let is_key = secrets.0.contains_key(environment::ODOO_API_KEY);
        let (what, variable) = match is_key {
            true => ("API key", environment::ODOO_API_KEY),
            false => ("password", environment::ODOO_PASSWORD),
        };
        if let Some(secret) = person.secret(&format!("Its {what} (empty: as before)"), what).await? {
            secrets.0.insert(variable.to_owned(), secret);
        }
        Ok(())
    }

    /// Where the secrets shall be.
    pub(super) async fn ask_secrets(&self, person: &Person<'_>) -> Result<SecretsIn, Failure> {
        if let Some(chosen) = self.secrets {
            return Ok(chosen);
        }
        if !person.is_there() {
            return Ok(SecretsIn::Files);
        }
        let question = "Keep the secrets in files beside the configuration, or in environment variables?";
        let chosen = person.choose(question, &["files", "environment"], "--secrets").await?;
        Ok(if chosen == 0 { SecretsIn::Files } else { SecretsIn::Environment })
    }

    /// The text of the source's sections alone.
    pub(super) fn section(&self, kept: &[Kept<'_>]) -> String {
        file::source_sections(&self.filled(kept)).to_owned()
    }

    /// The configuration's text.
    pub(super) fn filled(&self, kept: &[Kept<'_>]) -> String {
        let mut entries = Vec::new();
        let mut source = |key, value: Option<&str>| {
            entries.extend(value.map(|value| Entry::text(Section::Source, key, value)));
        };
        source("host", self.host.as_deref());
        source("instance", self.instance.as_deref());
        source("database", self.database.as_deref());
        source("user", self.user.as_deref());
        let (tls, ca_file) = match &self.tls {
            SourceTls::Verify => (None, None),
            SourceTls::CaFile(path) => (Some("ca-file"), Some(absolute(path))),
            SourceTls::TrustAny => (Some("trust-any"), None),
            SourceTls::Off => (Some("off"), None),
        };
        source("tls", tls);
        source("ca_file", ca_file.as_deref());
        if let Some(queries) = &self.queries {
            source("products_query", Some(&queries.products_query));
            source("barcodes_query", Some(&queries.barcodes_query));
        }
        let plain = |key, value: String| Entry { section: Section::Source, key, value };
        if let (None, Some(port)) = (&self.instance, self.port.filter(|port| *port != PORT)) {
            entries.push(plain("port", port.to_string()));
        }
        if let Some(Proposal { id, name, price, barcode, .. }) = &self.queries {
            let [id, name, price, barcode] = [id, name, price, barcode].map(|column| file::quoted(column));
            let columns = format!("{{ id = {id}, name = {name}, price = {price}, barcode = {barcode} }}");
            entries.push(plain("columns", columns));
        }
        let odoo = [("url", &self.odoo_url), ("database", &self.odoo_database), ("login", &self.odoo_login)];
        for (key, value) in odoo {
            entries.extend(value.as_deref().map(|value| Entry::text(Section::Odoo, key, value)));
        }
        for secret in kept {
            if let Some(name) = secret.file.as_ref().and_then(|path| path.file_name()) {
                entries.push(Entry::text(secret.section, secret.key, &name.to_string_lossy()));
            }
        }
        file::filled(self.source_name(), &entries)
    }

    /// The settings that a run would have.
    pub(super) fn settings(&self, path: &Path, secrets: &Secrets) -> Result<Settings, Failure> {
        let env = |name: &str| secrets.variable(name);
        Ok(config::load_text(path, &self.filled(&[]), &Overrides::default(), &env)?)
    }

    /// What the source adapter needs.
    pub(super) fn source(&self, path: &Path, secrets: &Secrets) -> Result<SourceOptions, Failure> {
        let settings = self.settings(path, secrets)?;
        let Some((name, source)) = settings.sources.first_key_value() else {
            return Err(Failure::Usage("init needs a source".to_owned()));
        };
        let mut options = connect::source(name, source, &|name: &str| secrets.variable(name))?;
        // Whoever waits for an answer wants to know how it is now.
        options.attempts = 1;
        Ok(options)
    }
}
