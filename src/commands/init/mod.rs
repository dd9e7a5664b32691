//! `erpsync init`: asks for the two servers, tries them, proposes what to read with its first rows, and writes `sync.toml`.
//!
//! Everything comes from flags, and from a person at a terminal where a flag is missing. Both servers are read, nothing is
//! changed there; files are written at the end, and none that is there already is replaced without `--force`. With
//! `--add-source` it asks for a source alone, and adds it to the configuration that is there.
//!
//! Reading order: this file (the conversation), `answers` (what is asked for), `guess` (which tables), `file` (the text and
//! the secrets), `person` (the terminal).

mod answers;
mod file;
mod guess;
mod person;

use std::path::PathBuf;

use crate::config;
use crate::config::{Environment, SourceTls};
use crate::mssql::survey::{self, Preview};
use crate::mssql::{Query, SourceError, SourceOptions};
use crate::odoo::transport::Call;
use crate::odoo::{Odoo, OdooError, Retry};
use crate::render;

use super::{Console, Failure, Outcome, Signals, connect, printed, told};
use answers::{Answers, Secrets};
use guess::Guess;
use person::Person;

/// Rows of a preview.
const PREVIEW: usize = 5;

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretsIn {
    /// In files beside the configuration.
    Files,
    /// In environment variables.
    Environment,
}

/// What the command line says; what it leaves out is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The file to write.
    pub path: PathBuf,
    /// It was named, so that other commands must be told of it too.
    pub named: bool,
    /// Somebody is at a terminal.
    pub interactive: bool,
    /// The source's name.
    pub source: Option<String>,
    /// The SQL Server.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Or its instance.
    pub instance: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// The login.
    pub user: Option<String>,
    /// The connection's protection.
    pub tls: Option<SourceTls>,
    /// The products' query and the barcodes'.
    pub queries: Option<(String, String)>,
    /// Their columns: id, name, price, barcode.
    pub columns: Option<[String; 4]>,
    /// Odoo's address.
    pub odoo_url: Option<String>,
    /// Its database.
    pub odoo_database: Option<String>,
    /// The account.
    pub odoo_login: Option<String>,
    /// Where secrets are kept.
    pub secrets: Option<SecretsIn>,
    /// Add the source to the configuration that is there.
    pub add: bool,
    /// Replace files.
    pub force: bool,
}

/// Runs it.
///
/// # Errors
/// [`Failure::Usage`] when an answer is missing and nobody can be asked, [`Failure::File`] when a file is there already; see
/// [`Failure`].
pub async fn run(
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let there = if request.add { Some(existing(request, env)?) } else { None };
    if there.is_none() {
        file::refuse_existing([&request.path], request.force)?;
    }
    let person = Person::new(request.interactive, signals);
    let mut answers = Answers::new(request);
    let mut secrets = Secrets::default();
    person.tell("The SQL Server that has the products. Nothing is written there.");
    let tables = loop {
        answers.ask_source(&person, env, &mut secrets).await?;
        if there.as_ref().is_some_and(|there| there.names.iter().any(|name| name == answers.source_name())) {
            return Err(Failure::Usage(format!(
                "{} has a source {} already; --source gives the new one another name",
                request.path.display(),
                answers.source_name()
            )));
        }
        let tried = match answers.source(&request.path, &secrets) {
            Ok(options) => match signals.unless_interrupted(survey::tables(&options)).await {
                Ok(tables) => Ok(tables),
                Err(Failure::Source(error)) => Err(Failure::Source(error)),
                Err(other) => return Err(other),
            },
            Err(error) => Err(error),
        };
        match tried {
            Ok(tables) => break tables,
            Err(Failure::Source(error @ SourceError::Tls { .. })) if person.is_there() => {
                person.tell(&error.to_string());
                answers.ask_tls(&person).await?;
            }
            Err(error) if person.is_there() => answers.again(&person, &error, &mut secrets).await?,
            Err(error) => return Err(error),
        }
    };
    choose_queries(&mut answers, &tables, &person, (request, &secrets), signals, console).await?;
    if let Some(there) = there {
        let files = answers.ask_secrets(&person).await? == SecretsIn::Files;
        return add(&answers, request, &there, &secrets, files, console);
    }
    person.tell("\nOdoo. Its account needs the rights of a product manager.");
    loop {
        answers.ask_odoo(&person, env, &mut secrets).await?;
        match try_odoo(&answers, request, &secrets, signals).await {
            Ok(found) => {
                say(console, &found)?;
                break;
            }
            Err(error @ Failure::Interrupted(_)) => return Err(error),
            Err(error) if person.is_there() => answers.again_odoo(&person, &error, &mut secrets).await?,
            Err(error) => return Err(error),
        }
    }
    let files = answers.ask_secrets(&person).await? == SecretsIn::Files;
    write(&answers, request, &secrets, files, console)
}

/// Proposes queries and shows their first rows until somebody is content.
async fn choose_queries(
    answers: &mut Answers,
    tables: &[survey::Table],
    person: &Person<'_>,
    (request, secrets): (&Request, &Secrets),
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if answers.queries.is_none() {
        match guess::propose(tables) {
            Guess::All(found) => {
                if found.products_query.contains(" WHERE ") {
                    say(
                        console,
                        "Rows that are marked as deleted, or not as published or active, are left out by WHERE.",
                    )?;
                }
                answers.queries = Some(found);
            }
            found => {
                let (seen, cure) = not_found(&found, tables.len());
                if !person.is_there() {
                    return Err(Failure::Declined(format!("{seen}; {cure}")));
                }
                person.tell(&format!("{seen}. A view that gathers them will do."));
                if let Guess::Products(products) = found {
                    answers.queries = Some(products);
                }
                answers.ask_queries(person).await?;
            }
        }
    }
    loop {
        let options = answers.source(&request.path, secrets)?;
        let shown = signals.unless_interrupted(previews(&options)).await;
        match shown {
            Ok((products, barcodes)) => {
                if let Some(queries) = &answers.queries {
                    say(
                        console,
                        &format!(
                            "{}\n{}\n{}\n{}",
                            queries.products_query,
                            table(&products),
                            queries.barcodes_query,
                            table(&barcodes)
                        ),
                    )?;
                }
                if !person.is_there() || request.queries.is_some() {
                    return Ok(());
                }
                if person.choose("Is this right?", &["yes", "no"], "--products-query").await? == 0 {
                    return Ok(());
                }
            }
            Err(Failure::Source(error)) if person.is_there() => person.tell(&error.to_string()),
            Err(error) => return Err(error),
        }
        answers.ask_queries(person).await?;
    }
}

/// What is missing among the tables, and what would do.
fn not_found(found: &Guess, tables: usize) -> (String, String) {
    let Guess::Products(products) = found else {
        return (
            format!(
                "none of the {tables} tables and views that the account sees looks like products with id, name and price"
            ),
            "name --products-query and --barcodes-query (a view will do), or grant SELECT on the tables".to_owned(),
        );
    };
    (
        format!(
            "the products are found ({}), and none of the {tables} tables and views that the account sees has barcodes of theirs",
            products.products_query
        ),
        format!(
            "a source that has none is a setting (barcodes = false); otherwise grant SELECT on the table that has them, or name it: --products-query {} --barcodes-query 'SELECT …' --columns {},{},{},BARCODE",
            in_shell(&products.products_query),
            products.id,
            products.name,
            products.price
        ),
    )
}

/// A configuration that a source is added to.
struct Existing {
    /// Its text.
    text: String,
    /// Its sources.
    names: Vec<String>,
}

/// Reads the configuration to which a source shall be added.
fn existing(request: &Request, env: &dyn Environment) -> Result<Existing, Failure> {
    let path = &request.path;
    let text = std::fs::read_to_string(path).map_err(|e| {
        let why = config::io_words(&e);
        Failure::File(format!("{}: {why}; without --add-source `erpsync init` writes a new one", path.display()))
    })?;
    let settings = config::load_text(path, &text, &config::Overrides::default(), env)?;
    Ok(Existing { text, names: settings.sources.keys().map(ToString::to_string).collect() })
}

/// Adds the source's sections to the configuration that is there.
fn add(
    answers: &Answers,
    request: &Request,
    there: &Existing,
    secrets: &Secrets,
    in_files: bool,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let (path, name) = (&request.path, answers.source_name());
    let kept = secrets.kept(name, path, in_files);
    let gap = if there.text.ends_with('\n') { "\n\n" } else { "\n\n\n" };
    let more = format!("{gap}{}\n", answers.section(&kept));
    // What is there and what comes to it must be understood together.
    let whole = format!("{}{more}", there.text);
    config::load_text(path, &whole, &config::Overrides::default(), &|name: &str| secrets.variable(name))?;
    file::refuse_existing(kept.iter().filter_map(|secret| secret.file.as_ref()), false)?;
    let mut out = String::new();
    for secret in &kept {
        match &secret.file {
            Some(place) => {
                file::write_secret(place, secret.value, false)?;
                out += &format!("Written: {}\n", place.display());
            }
            None => out += &format!("Set for every command: export {}=…\n", secret.variable),
        }
    }
    file::append(path, &more)?;
    out += &format!(
        "Added to {}: [sources.{name}]\n\nNext, see whether everything is as it should be, and what would change:\n  \
         erpsync{config} doctor\n  erpsync{config} import-products --source {name} --dry-run --first-run\n",
        path.display(),
        config = named(request)
    );
    if !console.quiet {
        told(console.out.write_all(out.as_bytes()));
    }
    Ok(Outcome::default())
}

/// How other commands are told of the configuration.
fn named(request: &Request) -> String {
    if request.named { format!(" --config {}", in_shell(&request.path.to_string_lossy())) } else { String::new() }
}

async fn previews(options: &SourceOptions) -> Result<(Preview, Preview), SourceError> {
    let products = survey::preview(options, Query::Products, PREVIEW).await?;
    Ok((products, survey::preview(options, Query::Barcodes, PREVIEW).await?))
}

/// Rows with columns of one width, as far as names in several scripts allow.
fn table(preview: &Preview) -> String {
    let mut rows = vec![preview.columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    rows.extend(
        preview.rows.iter().map(|row| {
            row.iter().map(|cell| cell.as_deref().map_or_else(|| "NULL".to_owned(), render::plain)).collect()
        }),
    );
    let width =
        |at: usize| rows.iter().filter_map(|row: &Vec<String>| row.get(at)).map(|cell| cell.chars().count()).max();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let blanks = width(at).unwrap_or_default() - cell.chars().count();
            format!("{cell}{:blanks$}", "")
        });
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let shown: String = rows.iter().map(line).collect();
    if preview.rows.is_empty() { format!("{shown}  (no rows)\n") } else { shown }
}

async fn try_odoo(
    answers: &Answers,
    request: &Request,
    secrets: &Secrets,
    signals: &Signals,
) -> Result<String, Failure> {
    let settings = answers.settings(&request.path, secrets)?;
    let account = connect::configured_account(&settings.odoo, &|name: &str| secrets.variable(name))?;
    let mut options = connect::odoo(&settings.odoo, account, signals.hurry());
    options.retry = Retry::never();
    let trying = async {
        let odoo = Odoo::connect(&options).await?;
        // The key is tried by the first call.
        odoo.call(&Call::new("res.users", "context_get")).await?;
        Ok::<_, OdooError>(format!("Odoo {} at {} lets {} in.\n", odoo.version_text, options.url, options.login))
    };
    signals.unless_interrupted(trying).await
}

/// The configuration with everything in it, the secrets, and what comes next.
fn write(
    answers: &Answers,
    request: &Request,
    secrets: &Secrets,
    in_files: bool,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let path = &request.path;
    let kept = secrets.kept(answers.source_name(), path, in_files);
    let text = answers.filled(&kept);
    // What is about to be written must be what was tried.
    config::load_text(path, &text, &config::Overrides::default(), &|name: &str| secrets.variable(name))?;
    let files: Vec<&PathBuf> = kept.iter().filter_map(|secret| secret.file.as_ref()).collect();
    file::refuse_existing([path].into_iter().chain(files.iter().copied()), request.force)?;
    for secret in &kept {
        if let Some(place) = &secret.file {
            file::write_secret(place, secret.value, request.force)?;
        }
    }
    file::write_configuration(path, &text, request.force)?;
    let mut out = format!("Written: {}", path.display());
    for file in &files {
        out += &format!(", {}", file.display());
    }
    out.push('\n');
    if !in_files {
        out += "Set for every command, and keep out of files that others read:\n";
        for secret in &kept {
            out += &format!("  export {}=…\n", secret.variable);
        }
    }
    let config = named(request);
    // Who the administrator is was not asked: the account of the runs needs not be one.
    out += &format!(
        "\nNext, once, with the login and the password of an administrator of Odoo:\n  \
         ERPSYNC_ODOO_ADMIN_PASSWORD=… erpsync{config} setup --admin-login LOGIN\n\
         then see whether everything is as it should be, and what would change:\n  erpsync{config} doctor\n  \
         erpsync{config} import-products --dry-run --first-run\n"
    );
    if !console.quiet {
        told(console.out.write_all(out.as_bytes()));
    }
    Ok(Outcome::default())
}

/// A word of a command that somebody copies into a shell.
fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn say(console: &mut Console<'_>, text: &str) -> Result<(), Failure> {
    if console.quiet { Ok(()) } else { printed(writeln!(console.out, "{}", render::plain_lines(text))) }
}
