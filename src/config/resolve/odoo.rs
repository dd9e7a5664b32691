//! `[odoo]` → [`OdooSettings`].

use std::collections::BTreeSet;

use url::{Host, Url};

use super::super::Overrides;
use super::super::document::Document;
use super::super::environment::{self, Environment};
use super::super::file;
use super::super::settings::{OdooSettings, OdooTls};
use super::{API_KEY, Found, PASSWORD, Result, Section};

pub(super) fn resolve(
    document: &Document,
    raw: file::Odoo,
    overrides: &Overrides,
    env: &dyn Environment,
    warnings: &mut Vec<String>,
) -> Result<OdooSettings> {
    let section = Section { document, path: vec!["odoo"] };
    let flag = |name, value: &'_ Option<String>| value.clone().map(|value| (name, value));
    let text = |flag: Option<(&'static str, String)>, variable, key, file| {
        section.text_from(flag.as_ref().map(|(name, value)| (*name, value.as_str())), (variable, env), key, file)
    };
    let found = text(flag("--odoo-url", &overrides.odoo_url), environment::ODOO_URL, "url", raw.url)?;
    let found = found.ok_or_else(|| {
        section.missing(
            "url",
            format!("add url = \"https://…\" (Odoo's address in a browser) or set {}", environment::ODOO_URL),
        )
    })?;
    let url = odoo_url(&found)?;
    let database =
        text(flag("--odoo-database", &overrides.odoo_database), environment::ODOO_DATABASE, "database", raw.database)?;
    let database = database.ok_or_else(|| {
        section.missing(
            "database",
            format!("add database = \"…\" (Odoo's database) or set {}", environment::ODOO_DATABASE),
        )
    })?;
    let login = text(flag("--odoo-login", &overrides.odoo_login), environment::ODOO_LOGIN, "login", raw.login)?;

    let password = section.secret(
        "the password in Odoo".to_owned(),
        PASSWORD,
        environment::ODOO_PASSWORD.to_owned(),
        (raw.password_env, raw.password_file, raw.password_credential),
    )?;
    let api_key = section.secret(
        "the API key in Odoo".to_owned(),
        API_KEY,
        environment::ODOO_API_KEY.to_owned(),
        (raw.api_key_env, raw.api_key_file, raw.api_key_credential),
    )?;
    warnings.extend(password.warning().into_iter().chain(api_key.warning()));

    let ca_file = section.ca_file(raw.tls == Some(file::OdooTls::CaFile), raw.ca_file)?;
    let tls = match (raw.tls.unwrap_or(file::OdooTls::Verify), ca_file) {
        (file::OdooTls::CaFile, Some(path)) => OdooTls::CaFile(path),
        (file::OdooTls::Verify | file::OdooTls::CaFile, _) => OdooTls::Verify,
        (file::OdooTls::TrustAny, _) => {
            warnings.push(
                "Odoo: tls = \"trust-any\" does not check who answers, and sends the password or key to them; tls = \"ca-file\" with the server's certificate does"
                    .to_owned(),
            );
            OdooTls::TrustAny
        }
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        warnings.push(format!(
            "Odoo: {url} is not encrypted, so anyone on the network can read the password or key; use https"
        ));
    }

    let connections = section.number("connections", raw.connections, 1, 1..=7)?;
    let batch_size = section.number("batch_size", raw.batch_size, 500, 1..=1000)?;
    Ok(OdooSettings {
        url,
        database: database.value,
        login: login.map(|found| found.value),
        password,
        api_key,
        transport: raw.transport.map(Into::into).unwrap_or_default(),
        languages: languages(&section, raw.languages.unwrap_or_default())?,
        company: raw.company.map(|company| section.name_or_id("company", company)).transpose()?,
        tls,
        timeout: section.seconds("timeout", raw.timeout, 300, 1..=86_400)?,
        retry: section.seconds("retry_seconds", raw.retry_seconds, 120, 0..=3600)?,
        connections: usize::try_from(connections).unwrap_or(1),
        batch_size: usize::try_from(batch_size).unwrap_or(500),
    })
}

/// Odoo's base address; people paste what stands in their browser.
fn odoo_url(found: &Found) -> Result<Url> {
    let text = &found.value;
    let (scheme, rest) = text.split_once("://").map_or((None, text.as_str()), |(scheme, rest)| (Some(scheme), rest));
    // Before anything else, since every other message repeats the address, and this one has a password in it.
    // A reader of addresses passes over further slashes, also leaning ones, and so does whoever hides something behind them.
    let authority = rest.trim_start_matches(['/', '\\']).split(['/', '\\', '?', '#']).next();
    let parsed = Url::parse(text).is_ok_and(|url| url.password().is_some() || !url.username().is_empty());
    if parsed || authority.is_some_and(|authority| authority.contains('@')) {
        return Err(found.error(
            "the address contains a user or password; remove them from it, use login, and keep the password elsewhere",
        ));
    }
    let scheme = match scheme.map(str::to_ascii_lowercase) {
        None => {
            let local = rest.starts_with("localhost") || rest.starts_with("127.");
            let scheme = if local { "http" } else { "https" };
            return Err(found.error(format!("{text:?} has no http:// or https://; write \"{scheme}://{rest}\"")));
        }
        Some(scheme) if scheme == "http" || scheme == "https" => scheme,
        Some(scheme) => return Err(found.error(format!("Odoo speaks http or https, not {scheme}"))),
    };
    let mut url = Url::parse(text).map_err(|error| found.error(format!("{text:?} is no address: {error}")))?;
    let first = url.path_segments().and_then(|mut segments| segments.next()).unwrap_or_default();
    let page = matches!(first, "web" | "odoo" | "jsonrpc" | "xmlrpc" | "json");
    if page || url.query().is_some() || url.fragment().is_some() {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = url.host_str().unwrap_or_default();
        return Err(found.error(format!("this is the address of a page; write \"{scheme}://{host}{port}\"")));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Odoo's own spelling: `ru_RU`, `es_419`, `sr@latin`, `eo`.
fn languages(section: &Section<'_>, languages: Vec<String>) -> Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    for language in &languages {
        let (code, variant) =
            language.split_once('@').map_or((language.as_str(), None), |(code, variant)| (code, Some(variant)));
        let (letters, country) = code.split_once('_').map_or((code, None), |(code, country)| (code, Some(country)));
        let fits = (2..=3).contains(&letters.len())
            && letters.bytes().all(|b| b.is_ascii_lowercase())
            && country.is_none_or(|c| !c.is_empty() && c.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
            && variant.is_none_or(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !fits {
            return Err(section.value_error(
                "languages",
                format!("{language:?} is not spelled as Odoo spells languages, such as \"ru_RU\"; see Settings, Languages in Odoo"),
            ));
        }
        if !seen.insert(language) {
            return Err(section.value_error("languages", format!("{language:?} is there twice")));
        }
    }
    Ok(languages)
}
