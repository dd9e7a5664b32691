//! Manual pages: one for the program and one for every subcommand, out of clap's definition. What clap does not know –
//! statuses as a list, environment, files, what else to read – is added from the help itself and from `texts`.

use anyhow::Result;
use clap::Command;
use clap_mangen::Man;
use roff::{Roff, bold, italic, roman};

use crate::texts;

/// What the help puts before the table of statuses.
const STATUSES: &str = "Exit statuses:\n";
/// What the help puts before examples.
const EXAMPLES: &str = "Examples:\n";

/// A page, and the name of its file.
pub struct Page {
    /// `erpsync-deferred-list.1`
    pub file: String,
    /// In man(7).
    pub text: Vec<u8>,
}

/// All pages, with this date on them.
///
/// # Errors
/// When one cannot be rendered.
pub fn pages(date: &str) -> Result<Vec<Page>> {
    let mut program = erpsync::cli::command();
    program.build();
    let mut commands = Vec::new();
    collect(&program, None, &mut commands);
    let names: Vec<String> = commands.iter().map(|(command, _)| page_name(command)).collect();
    commands.iter().map(|(command, parent)| page(command, *parent, &names, date)).collect()
}

fn collect<'a>(command: &'a Command, parent: Option<&'a Command>, out: &mut Vec<(&'a Command, Option<&'a Command>)>) {
    out.push((command, parent));
    subcommands(command).for_each(|sub| collect(sub, Some(command), out));
}

/// Without `help`, which clap adds and which says what the pages say.
fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
}

/// `erpsync deferred list` has the page erpsync-deferred-list.
fn page_name(command: &Command) -> String {
    command.get_bin_name().unwrap_or_else(|| command.get_name()).replace(' ', "-")
}

fn page(command: &Command, parent: Option<&Command>, names: &[String], date: &str) -> Result<Page> {
    let name = page_name(command);
    let version = command.get_version().unwrap_or(env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .date(date)
        .source(format!("erpsync {version}"))
        .manual("erpsync");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    let mut head = Roff::new();
    heading(&mut head, "NAME");
    head.text([roman(format!("{name} - {}", about(command)))]);
    heading(&mut head, "SYNOPSIS");
    synopsis(&mut head, command);
    heading(&mut head, "DESCRIPTION");
    description(&mut head, command, parent.is_none());
    head.to_writer(&mut text)?;
    man.render_options_section(&mut text)?;
    let mut rest = Roff::new();
    commands(&mut rest, command);
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    statuses(&mut rest, &help);
    if parent.is_none() {
        list(&mut rest, "ENVIRONMENT", texts::ENVIRONMENT_INTRODUCTION, texts::ENVIRONMENT);
        list(&mut rest, "FILES", texts::FILES_INTRODUCTION, texts::FILES);
    } else {
        list(&mut rest, "ENVIRONMENT", texts::ENVIRONMENT_OF_COMMANDS, texts::environment_of(&name));
        list(&mut rest, "FILES", texts::FILES_OF_COMMANDS, &[]);
    }
    examples(&mut rest, &help, parent.is_none());
    see_also(&mut rest, command, parent, names);
    rest.to_writer(&mut text)?;
    Ok(Page { file: format!("{name}.1"), text })
}

fn heading(roff: &mut Roff, title: &str) {
    roff.control("SH", [title]);
}

/// What a command does, in one line.
fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn synopsis(roff: &mut Roff, command: &Command) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let rest = usage.strip_prefix(name).unwrap_or(usage);
    roff.text([bold(name), roman(rest)]);
}

fn description(roff: &mut Roff, command: &Command, of_program: bool) {
    let long = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    let own = if of_program { texts::DESCRIPTION } else { &[] };
    // clap takes the full stop off the last sentence of what fits into one line.
    let paragraphs = long.split("\n\n").map(|p| if p.ends_with('.') { p.to_owned() } else { format!("{p}.") });
    for (at, paragraph) in paragraphs.chain(own.iter().map(ToString::to_string)).enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(paragraph.split_whitespace().collect::<Vec<_>>().join(" "))]);
    }
}

fn commands(roff: &mut Roff, command: &Command) {
    if subcommands(command).next().is_none() {
        return;
    }
    heading(roff, "COMMANDS");
    for sub in subcommands(command) {
        roff.control("TP", []);
        roff.text([bold(format!("{}(1)", page_name(sub)))]);
        roff.text([roman(about(sub))]);
    }
}

/// The table of the help, as a list.
fn statuses(roff: &mut Roff, help: &str) {
    let Some((_, table)) = help.split_once(STATUSES) else { return };
    heading(roff, "EXIT STATUS");
    for line in table.lines() {
        match line.trim_start().split_once("  ") {
            Some((number, meaning)) => {
                roff.control("TP", []);
                roff.text([bold(number)]);
                roff.text([roman(meaning.trim_start())]);
            }
            None => {
                roff.control("PP", []);
                roff.text([roman(line.trim())]);
            }
        }
    }
}

fn list(roff: &mut Roff, title: &str, introduction: &str, entries: &[(&str, &str)]) {
    heading(roff, title);
    roff.text([roman(introduction)]);
    for (name, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(*name)]);
        roff.text([roman(*meaning)]);
    }
}

fn examples(roff: &mut Roff, help: &str, of_program: bool) {
    let before = help.split(STATUSES).next().unwrap_or_default();
    let of_help = before.split_once(EXAMPLES).map_or("", |(_, lines)| lines);
    let lines = if of_program { texts::EXAMPLES } else { of_help };
    if lines.trim().is_empty() {
        return;
    }
    heading(roff, "EXAMPLES");
    roff.control("nf", []);
    for line in lines.trim_end().lines() {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []);
}

fn see_also(roff: &mut Roff, command: &Command, parent: Option<&Command>, names: &[String]) {
    let name = page_name(command);
    let mut pages: Vec<String> = if parent.is_none() {
        names[1..].to_vec()
    } else {
        let near = parent
            .into_iter()
            .flat_map(|p| std::iter::once(p).chain(subcommands(p).filter(|_| p.get_bin_name() != Some("erpsync"))));
        let near = near
            .chain(subcommands(command))
            .map(page_name)
            .chain(texts::related(&name).iter().map(|n| (*n).to_owned()));
        let mut seen = vec!["erpsync".to_owned()];
        near.for_each(|page| {
            if page != name && !seen.contains(&page) {
                seen.push(page);
            }
        });
        seen
    };
    pages.iter_mut().for_each(|page| page.push_str("(1)"));
    if parent.is_none() {
        pages.extend(["crontab(5)", "systemd.timer(5)", "systemd.exec(5)"].map(str::to_owned));
    }
    heading(roff, "SEE ALSO");
    let mut line = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        let (page, section) = page.split_at(page.len() - "(1)".len());
        line.extend([bold(page), roman(section)]);
        line.push(roman(if at + 1 < pages.len() { ", " } else { "" }));
    }
    roff.text(line);
    roff.control("PP", []);
    roff.text([
        roman("Settings, key by key: "),
        italic("sync.toml.example"),
        roman(" in "),
        italic("/etc/erpsync"),
        roman(". Promises, rights, findings and installation: "),
        italic("/usr/share/doc/erpsync"),
        roman("."),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(String, String)> {
        let pages = pages("2026-11-30").unwrap();
        pages.into_iter().map(|page| (page.file, String::from_utf8(page.text).unwrap())).collect()
    }

    /// As a terminal shows it, more or less.
    fn plain(text: &str) -> String {
        ["\\fB", "\\fI", "\\fR", "\\&"].iter().fold(text.replace("\\-", "-"), |text, mark| text.replace(mark, ""))
    }

    #[test]
    fn every_command_has_a_page_with_every_section() {
        let pages = all();
        let files: Vec<&str> = pages.iter().map(|(file, _)| file.as_str()).collect();
        for file in ["erpsync.1", "erpsync-import-products.1", "erpsync-deferred.1", "erpsync-deferred-list.1"] {
            assert!(files.contains(&file), "{file} is not among {files:?}");
        }
        assert_eq!(pages.len(), 20, "{files:?}");
        for (file, text) in &pages {
            for section in
                ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "\"SEE ALSO\""]
            {
                assert!(text.contains(&format!(".SH {section}\n")), "{file} has no {section}: {text}");
            }
        }
    }

    #[test]
    fn every_status_of_the_help_is_an_entry() {
        let help = erpsync::cli::command().get_after_help().unwrap().to_string();
        let table = help.split_once(STATUSES).unwrap().1;
        let numbers: Vec<&str> =
            table.lines().filter_map(|line| line.trim_start().split_once("  ")).map(|l| l.0).collect();
        assert_eq!(numbers.len(), 12, "{numbers:?}");
        for (file, text) in all() {
            for number in &numbers {
                assert!(text.contains(&format!(".TP\n\\fB{number}\\fR\n")), "{file} has no {number}: {text}");
            }
        }
    }

    /// The constants with variables in the sources of the program, which only two files have.
    #[test]
    fn every_variable_is_told() {
        let pages = all();
        let of = |file: &str| plain(&pages.iter().find(|(name, _)| name == file).unwrap().1);
        let variables = |code: &str| {
            let strings = code.split('"').skip(1).step_by(2).filter(|s| s.starts_with("ERPSYNC_") && !s.contains(' '));
            strings.map(str::to_owned).filter(|s| !s.contains('{')).collect::<Vec<_>>()
        };
        let of_config = variables(include_str!("../../src/config/environment.rs"));
        let of_setup = variables(include_str!("../../src/commands/setup.rs"));
        assert_eq!((of_config.len(), of_setup.len()), (7, 2), "{of_config:?} {of_setup:?}");
        for variable in of_config.iter().chain(&of_setup) {
            assert!(of("erpsync.1").contains(variable), "{variable}");
        }
        for variable in of_setup {
            assert!(of("erpsync-setup.1").contains(&variable), "{variable}");
        }
        for end in ["HOST", "PORT", "DATABASE", "USER", "PASSWORD"] {
            assert!(of("erpsync.1").contains(&format!("ERPSYNC_SOURCE_NAME_{end}")), "{end}");
        }
    }

    #[test]
    fn pages_that_are_named_exist() {
        let pages = all();
        for (file, text) in &pages {
            let text = plain(text);
            for (at, _) in text.match_indices("(1)") {
                let name: String =
                    text[..at].chars().rev().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                let name: String = name.chars().rev().collect();
                assert!(pages.iter().any(|(page, _)| *page == format!("{name}.1")), "{file} names {name:?}");
            }
        }
        let own: Vec<String> = pages.iter().map(|(file, _)| file.trim_end_matches(".1").to_owned()).collect();
        for (name, related) in texts::RELATED {
            assert!(
                own.contains(&(*name).to_owned()) && related.iter().all(|r| own.contains(&(*r).to_owned())),
                "{name}"
            );
        }
    }
}
