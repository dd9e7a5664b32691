//! `[sources.NAME]` → [`SourceSettings`].

use super::super::document::Document;
use super::super::environment::{Environment, SourceVariable};
use super::super::file;
use super::super::settings::{Columns, CreateSettings, Endpoint, SourceSettings, SourceTls};
use super::{Found, PASSWORD, Result, Section, quoted};
use crate::catalog::scannable::PLACEHOLDERS;
use crate::catalog::{CodeRules, SourceName};

const PRODUCTS_QUERY: &str = "SELECT ProductID, ProductName, Price FROM dbo.Products";
const BARCODES_QUERY: &str = "SELECT ProductID, Barcode FROM logistics.ProductBarcodes";
const PORT: u16 = 1433;

pub(super) fn resolve(
    document: &Document,
    name: &SourceName,
    raw: file::Source,
    env: &dyn Environment,
    warnings: &mut Vec<String>,
) -> Result<SourceSettings> {
    let section = Section { document, path: vec!["sources", name.as_str()] };
    let text = |variable: SourceVariable, key: &'static str, what: &str, file| match section.text_from(
        None,
        (&variable.name(name), env),
        key,
        file,
    )? {
        Some(found) => Ok(found),
        None => Err(section.missing(key, format!("add {key} = \"…\" ({what}) or set {}", variable.name(name)))),
    };
    let host = host(text(SourceVariable::Host, "host", "the SQL Server's name or address", raw.host)?)?;
    let endpoint = endpoint(&section, name, env, raw.port, raw.instance)?;
    let database = text(SourceVariable::Database, "database", "the database's name", raw.database)?.value;
    let user = text(SourceVariable::User, "user", "the SQL login, with SELECT and nothing else", raw.user)?.value;

    let password = section.secret(
        format!("the password of source {name}"),
        PASSWORD,
        SourceVariable::Password.name(name),
        (raw.password_env, raw.password_file, raw.password_credential),
    )?;
    warnings.extend(password.warning());

    let ca_file = section.ca_file(raw.tls == Some(file::SourceTls::CaFile), raw.ca_file)?;
    let tls = match (raw.tls.unwrap_or(file::SourceTls::Verify), ca_file) {
        (file::SourceTls::CaFile, Some(path)) => SourceTls::CaFile(path),
        (file::SourceTls::Verify | file::SourceTls::CaFile, _) => SourceTls::Verify,
        (file::SourceTls::TrustAny, _) => {
            warnings.push(format!(
                "source {name}: tls = \"trust-any\" does not check who answers, and sends the password to them; tls = \"ca-file\" with the server's certificate does"
            ));
            SourceTls::TrustAny
        }
        (file::SourceTls::Off, _) => {
            warnings.push(format!(
                "source {name}: tls = \"off\" sends the password and all data where anyone on the network can read them"
            ));
            SourceTls::Off
        }
    };

    let application_name =
        section.text("application_name", raw.application_name)?.unwrap_or_else(|| "erpsync".to_owned());
    // MS-TDS 2.2.6.4, LOGIN7: the application name has at most 128 characters.
    if application_name.encode_utf16().count() > 128 {
        return Err(section.value_error("application_name", "it has more than 128 characters"));
    }
    let query = |key, file, default: &str| {
        let query = section.lines(key, file)?.unwrap_or_else(|| default.to_owned());
        let query = query.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
        if query.is_empty() { Err(section.value_error(key, "there is no query")) } else { Ok(query.to_owned()) }
    };
    Ok(SourceSettings {
        host,
        endpoint,
        database,
        user,
        password,
        tls,
        products_query: query("products_query", raw.products_query, PRODUCTS_QUERY)?,
        barcodes_query: match (raw.barcodes, raw.barcodes_query) {
            (Some(false), None) => None,
            (Some(false), Some(_)) => {
                return Err(section.value_error(
                    "barcodes",
                    "false says that the source has no barcodes, and there is a barcodes_query; remove one of the two",
                ));
            }
            (_, text) => Some(query("barcodes_query", text, BARCODES_QUERY)?),
        },
        columns: columns(&section.child("columns"), raw.columns)?,
        barcode_order: raw.barcode_order.map(Into::into).unwrap_or_default(),
        codes: codes(&section, raw.barcode_format, raw.placeholders)?,
        isolation: raw.isolation.map(Into::into).unwrap_or_default(),
        lock_timeout: section.seconds("lock_timeout", raw.lock_timeout, 10, 1..=3600)?,
        query_timeout: section.seconds("query_timeout", raw.query_timeout, 600, 1..=86_400)?,
        connect_timeout: section.seconds("connect_timeout", raw.connect_timeout, 15, 1..=600)?,
        application_name,
        read_intent: raw.read_intent.unwrap_or(true),
        max_rows: section.number("max_rows", raw.max_rows, 10_000_000, 1..=1_000_000_000)?.unsigned_abs(),
        max_bytes: section.number("max_megabytes", raw.max_megabytes, 2_048, 1..=16_384)?.unsigned_abs() << 20,
        damaged_names: raw.damaged_names.is_some_and(Into::into),
        create: create(&section.child("create"), raw.create)?,
    })
}

/// A host alone; people paste what SQL Server Management Studio takes: `tcp:HOST\INSTANCE,PORT`.
fn host(found: Found) -> Result<String> {
    let host = &found.value;
    // A connection string or address with a password in it: not repeated.
    if host.contains(['@', ';', '=']) {
        return Err(found.error(
            "this is more than a host; write the name or address alone, and the database, user and password where they belong",
        ));
    }
    if let Some((_, after)) = host.split_once("://") {
        return Err(found.error(format!("{} is an address of the web; write host = {}", quoted(host), quoted(after))));
    }
    let ServerName { host: name, port, instance } = server_name(host);
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', '\\', ' ', '(', ')', '[', ']', ',', '"']);
    if !plain(name) || instance.is_some_and(|instance| !plain(instance)) {
        return Err(found.error(format!("{} is no host name or address", quoted(host))));
    }
    let cure = match (port.filter(|port| !port.is_empty()), instance) {
        (Some(port), _) if port.parse::<u16>().is_ok_and(|port| port > 0) => {
            format!("host = \"{name}\" and port = {port}")
        }
        (Some(port), _) => {
            return Err(
                found.error(format!("{}: {port:?} is no port; a port is a number between 1 and 65535", quoted(host)))
            );
        }
        (None, Some(instance)) => format!("host = \"{name}\" and instance = \"{instance}\""),
        (None, None) if name != host => format!("host = \"{name}\""),
        (None, None) => return Ok(found.value),
    };
    let what = if name == LOCAL && !host.contains(LOCAL) { "is no name of a host" } else { "is more than a host" };
    Err(found.error(format!("{} {what}; write {cure}", quoted(host))))
}

/// What stands for the own machine.
const LOCAL: &str = "localhost";

/// A server as Microsoft's tools write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerName<'a> {
    pub host: &'a str,
    pub port: Option<&'a str>,
    pub instance: Option<&'a str>,
}

/// Takes `tcp:HOST\INSTANCE,PORT` apart; `.` and `(local)` are the own machine, and an IPv6 address may stand in brackets.
pub(crate) fn server_name(text: &str) -> ServerName<'_> {
    let rest = text.strip_prefix("tcp:").unwrap_or(text).trim();
    let (rest, port) = rest.split_once(',').map_or((rest, None), |(rest, port)| (rest, Some(port.trim())));
    let (rest, instance) = rest.split_once('\\').map_or((rest, None), |(rest, instance)| (rest, Some(instance)));
    let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match (bracketed, rest.split_once(':')) {
        (Some((address, after)), _) => (address, after.strip_prefix(':').or(port)),
        // One colon is HOST:PORT, several are an IPv6 address.
        (None, Some((name, after))) if !after.contains(':') => (name, Some(after)),
        (None, _) => (rest, port),
    };
    let host = if host == "." || host.eq_ignore_ascii_case("(local)") { LOCAL } else { host };
    ServerName { host, port, instance: instance.filter(|instance| !instance.is_empty()) }
}

fn endpoint(
    section: &Section<'_>,
    name: &SourceName,
    env: &dyn Environment,
    port: Option<i64>,
    instance: Option<String>,
) -> Result<Endpoint> {
    if port.is_some() && instance.is_some() {
        return Err(section.value_error("instance", "port and instance exclude each other: an instance has the port that SQL Server Browser tells; remove one of them"));
    }
    // A port from the environment wins over an instance as it wins over a port.
    let from_env = section.text_from(None, (&SourceVariable::Port.name(name), env), "port", None)?;
    if let Some(found) = from_env {
        return match found.value.parse() {
            Ok(port) if port != 0 => Ok(Endpoint::Port(port)),
            _ => Err(found.error(format!("{:?} is no port; a port is a number between 1 and 65535", found.value))),
        };
    }
    match section.text("instance", instance)? {
        Some(instance) if instance.contains(['\\', '/', ',', ';', ' ']) => Err(section.value_error(
            "instance",
            format!(
                "{} is no instance's name; it is the part behind the backslash of HOST\\INSTANCE",
                quoted(&instance)
            ),
        )),
        Some(instance) => Ok(Endpoint::Instance(instance)),
        None => {
            let port = section.number("port", port, PORT.into(), 1..=u16::MAX.into())?;
            Ok(Endpoint::Port(u16::try_from(port).unwrap_or(PORT)))
        }
    }
}

fn codes(
    section: &Section<'_>,
    format: Option<file::BarcodeFormat>,
    placeholders: Option<Vec<String>>,
) -> Result<CodeRules> {
    let format = format.map(Into::into).unwrap_or_default();
    let Some(words) = placeholders else { return Ok(CodeRules::new(format, PLACEHOLDERS)) };
    match words.iter().find(|word| word.trim().is_empty()) {
        Some(_) => Err(section.value_error("placeholders", "an empty text is no code anyway; leave it out")),
        None => Ok(CodeRules::new(format, words.iter().map(String::as_str))),
    }
}

fn columns(section: &Section<'_>, raw: file::Columns) -> Result<Columns> {
    let column = |key, file, default: &str| {
        let column = section.text(key, file)?.unwrap_or_else(|| default.to_owned());
        Ok(without_brackets(&column).unwrap_or(column))
    };
    Ok(Columns {
        id: column("id", raw.id, "ProductID")?,
        name: column("name", raw.name, "ProductName")?,
        price: column("price", raw.price, "Price")?,
        barcode: column("barcode", raw.barcode, "Barcode")?,
    })
}

/// `[Product ID]` is how a query writes the column `Product ID`; `None` for what is no name in brackets or quotes.
fn without_brackets(name: &str) -> Option<String> {
    let (inside, end) = match name.strip_prefix('[') {
        Some(rest) => (rest.strip_suffix(']')?, ']'),
        None => (name.strip_prefix('"')?.strip_suffix('"')?, '"'),
    };
    let doubled = [end, end].iter().collect::<String>();
    // A single one inside ends the name: then it is something else, such as an expression.
    (!inside.is_empty() && !inside.replace(&doubled, "").contains(end))
        .then(|| inside.replace(&doubled, &end.to_string()))
}

fn create(section: &Section<'_>, raw: file::Create) -> Result<CreateSettings> {
    let record = |key, raw: Option<_>| raw.map(|raw| section.name_or_id(key, raw)).transpose();
    let taxes = raw.taxes.map(|taxes| taxes.into_iter().map(|tax| section.name_or_id("taxes", tax)).collect());
    Ok(CreateSettings {
        kind: raw.kind.map(Into::into).unwrap_or_default(),
        category: record("category", raw.category)?,
        taxes: taxes.transpose()?,
        unit: record("unit", raw.unit)?,
        available_in_pos: raw.available_in_pos.unwrap_or(true),
        sale_ok: raw.sale_ok.unwrap_or(true),
        purchase_ok: raw.purchase_ok.unwrap_or(true),
        company: raw.company.map(Into::into).unwrap_or_default(),
        set_default_code: raw.set_default_code.unwrap_or(true),
    })
}
