//! Exit statuses: the one place where an outcome or an error becomes a number. Documented in `--help` and in
//! `docs/statuses.md`.

use crate::apply::report::Interrupt;
use crate::commands::watch::{Ending, Verdict};
use crate::commands::{Failure, Outcome};
use crate::mssql;
use crate::odoo::ErrorKind;

/// Shown under every `--help`.
pub(super) const STATUSES: &str = "\
Exit statuses:
  0    done; in sync
  1    failed, or ended by --deadline; the message says what and what to do
  2    --dry-run: changes would be made
  3    done, but conflicts, deferred actions, unreadable rows or findings are open
  4    partly applied: Odoo refused some records, or somebody edited them meanwhile
  5    a guard refused; nothing was changed
  64   the command line is wrong
  69   SQL Server or Odoo is unreachable
  75   another run holds the lease, or the pause switch is on; try later
  77   login or access rights refused
  78   the configuration or the setup is wrong
  130, 143   interrupted; what was applied is whole
The first of 130/143, 64 to 78, 1, 5, 4, 2, 3, 0 that applies is the status.";

/// An exit status, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 130
    Interrupted,
    /// 143
    Terminated,
    /// 64
    Usage,
    /// 69
    Unreachable,
    /// 75
    Busy,
    /// 77
    Refused,
    /// 78
    Configuration,
    /// 1
    Failed,
    /// 5
    Guard,
    /// 4
    Partly,
    /// 2
    Changes,
    /// 3
    Open,
    /// 0
    Done,
}

impl Status {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Usage => 64,
            Self::Unreachable => 69,
            Self::Busy => 75,
            Self::Refused => 77,
            Self::Configuration => 78,
            Self::Failed => 1,
            Self::Guard => 5,
            Self::Partly => 4,
            Self::Changes => 2,
            Self::Open => 3,
            Self::Done => 0,
        }
    }

    /// Of a command.
    #[must_use]
    pub fn of_result(result: &Result<Outcome, Failure>) -> Self {
        match result {
            Ok(outcome) => Self::of(outcome),
            Err(failure) => Self::of_failure(failure),
        }
    }

    /// What it means to whoever watches from elsewhere.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        let ending = match self {
            Self::Done | Self::Open | Self::Changes => Ending::Good,
            Self::Busy => Ending::NotRun,
            Self::Interrupted
            | Self::Terminated
            | Self::Usage
            | Self::Unreachable
            | Self::Refused
            | Self::Configuration
            | Self::Failed
            | Self::Guard
            | Self::Partly => Ending::Bad,
        };
        Verdict { status: self.code(), ending }
    }

    /// Of a command that came to its end.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let Outcome { interrupted, refused, partly, would_change, open, failures } = outcome;
        let signal = interrupted.map(Self::of_interrupt);
        let flags =
            [(*refused, Self::Guard), (*partly, Self::Partly), (*would_change, Self::Changes), (*open, Self::Open)];
        let of_flags = flags.into_iter().filter(|(applies, _)| *applies).map(|(_, status)| status);
        signal.into_iter().chain(failures.iter().map(Self::of_failure)).chain(of_flags).min().unwrap_or(Self::Done)
    }

    /// Of a command that was ended from outside.
    #[must_use]
    pub fn of_interrupt(why: Interrupt) -> Self {
        match why {
            Interrupt::Interrupted => Self::Interrupted,
            Interrupt::Terminated => Self::Terminated,
            Interrupt::Deadline => Self::Failed,
        }
    }

    /// Of a command that failed.
    #[must_use]
    pub fn of_failure(failure: &Failure) -> Self {
        match failure {
            Failure::Usage(_) | Failure::File(_) => Self::Usage,
            Failure::Config(_) | Failure::OtherDatabase(_) => Self::Configuration,
            Failure::Source(e) => match e.kind() {
                mssql::Kind::Unreachable => Self::Unreachable,
                mssql::Kind::Refused => Self::Refused,
                mssql::Kind::Configuration => Self::Configuration,
                mssql::Kind::Failed => Self::Failed,
            },
            Failure::Odoo(e) => match e.kind() {
                ErrorKind::Unreachable => Self::Unreachable,
                ErrorKind::Refused => Self::Refused,
                ErrorKind::Configuration => Self::Configuration,
                ErrorKind::Busy => Self::Busy,
                ErrorKind::Failed => Self::Failed,
            },
            Failure::Declined(_) => Self::Failed,
            Failure::Busy(_) => Self::Busy,
            Failure::Refused(_) => Self::Guard,
            Failure::Interrupted(why) => Self::of_interrupt(*why),
            Failure::Output(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Self::Done,
            Failure::Io(_) | Failure::NotFound(_) | Failure::Output(_) => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies() {
        let all = Outcome {
            interrupted: Some(Interrupt::Terminated),
            refused: true,
            partly: true,
            would_change: true,
            open: true,
            failures: vec![Failure::Busy("x".into()), Failure::Usage("y".into())],
        };
        assert_eq!(Status::of(&all).code(), 143);
        let all = Outcome { interrupted: None, ..all };
        assert_eq!(Status::of(&all).code(), 64);
        let all = Outcome { failures: Vec::new(), ..all };
        assert_eq!(Status::of(&all).code(), 5);
        assert_eq!(Status::of(&Outcome { would_change: true, open: true, ..Outcome::default() }).code(), 2);
        assert_eq!(Status::of(&Outcome { open: true, ..Outcome::default() }).code(), 3);
        assert_eq!(Status::of(&Outcome::default()).code(), 0);
    }

    /// In order of precedence, all of them: the match has no way past a new one.
    fn all() -> Vec<Status> {
        use Status::*;
        let next = |status: Status| match status {
            Interrupted => Some(Terminated),
            Terminated => Some(Usage),
            Usage => Some(Unreachable),
            Unreachable => Some(Busy),
            Busy => Some(Refused),
            Refused => Some(Configuration),
            Configuration => Some(Failed),
            Failed => Some(Guard),
            Guard => Some(Partly),
            Partly => Some(Changes),
            Changes => Some(Open),
            Open => Some(Done),
            Done => None,
        };
        std::iter::successors(Some(Interrupted), |status| next(*status)).collect()
    }

    fn numbers(text: &str) -> Vec<u8> {
        text.split(", ").map(|number| number.trim().parse().unwrap()).collect()
    }

    /// Numbers and meaning, a line each.
    fn table(lines: impl Iterator<Item = (String, String)>) -> Vec<(Vec<u8>, String)> {
        lines.map(|(first, meaning)| (numbers(&first), meaning)).collect()
    }

    fn in_help() -> Vec<(Vec<u8>, String)> {
        let lines = STATUSES.lines().filter_map(|line| line.strip_prefix("  "));
        table(lines.map(|line| {
            let (first, meaning) = line.split_once("   ").or_else(|| line.split_once("  ")).unwrap();
            (first.to_owned(), meaning.trim().to_owned())
        }))
    }

    fn in_page(page: &str) -> Vec<(Vec<u8>, String)> {
        let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
        let rows = rows.filter(|row| row.starts_with(|c: char| c.is_ascii_digit()));
        table(rows.map(|row| {
            let mut cells = row.trim_end_matches(" |").split(" | ");
            (cells.next().unwrap().to_owned(), cells.next().unwrap().to_owned())
        }))
    }

    #[test]
    fn every_number_stands_in_the_help_and_no_other() {
        let mut known: Vec<u8> = all().into_iter().map(Status::code).collect();
        known.sort_unstable();
        let listed: Vec<u8> = in_help().into_iter().flat_map(|(numbers, _)| numbers).collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn the_pages_say_what_the_help_says() {
        let page = include_str!("../../docs/statuses.md");
        assert_eq!(in_page(page), in_help());
        let sections: Vec<Vec<u8>> = page.lines().filter_map(|line| line.strip_prefix("### ")).map(numbers).collect();
        let numbers = |table: Vec<(Vec<u8>, String)>| -> Vec<Vec<u8>> { table.into_iter().map(|row| row.0).collect() };
        assert_eq!(sections, numbers(in_help()), "the sections");
        assert_eq!(numbers(in_page(include_str!("../../docs/README.ru.md"))), numbers(in_help()));
        let order = STATUSES.lines().last().unwrap();
        assert!(page.contains(order), "{order}");
    }
}
