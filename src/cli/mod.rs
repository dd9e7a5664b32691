//! The command line: arguments, logging, signals, and what an error means for the exit status. Nothing of what the tool
//! does is decided here.

mod args;
mod exit;
mod signals;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::commands::{Console, Failure, Outcome, Signals};
use crate::config::process_environment;
use args::{Args, Command};

pub use exit::Status;

/// Parses the command line, runs the command, reports an error and returns the exit status.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let shown = error.print();
            // Clap's own status for a usage error is 2, which means something else here.
            let status = if error.use_stderr() {
                Status::Usage
            } else {
                shown.map_or_else(|e| Status::of_failure(&Failure::Output(e)), |()| Status::Done)
            };
            return ExitCode::from(status.code());
        }
    };
    log_to_stderr(&args);
    let signals = Signals::default();
    if let Some(deadline) = args.deadline {
        signals::end_at(deadline, &signals);
    }
    leave_the_drivers_panics_to_us();
    let status = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => {
            let result = runtime.block_on(run(&args, signals));
            // A reader task that hangs in the driver must not hold the end of the process.
            runtime.shutdown_background();
            conclude(result, &args)
        }
        Err(e) => {
            log::error!("cannot start: {e}");
            Status::Failed
        }
    };
    ExitCode::from(status.code())
}

async fn run(args: &Args, signals: Signals) -> Result<Outcome, Failure> {
    let env: &dyn crate::config::Environment = &process_environment;
    signals::listen(&signals, args.deadline).map_err(Failure::Io)?;
    let mut stdout = anstream::AutoStream::new(std::io::stdout(), args.color());
    let style = crate::render::Style { color: args.colored(), width: width() };
    let mut console = Console { out: &mut stdout, style, quiet: args.quiet, verbose: args.verbose > 0 };
    match &args.command {
        Command::ImportProducts(import) => {
            let request = import.request().map_err(Failure::Usage)?;
            crate::commands::import_products::run(&import.overrides(args), &request, env, &signals, &mut console).await
        }
        Command::SyncPrices(prices) => {
            let request = prices.request().map_err(Failure::Usage)?;
            crate::commands::sync_prices::run(&prices.overrides(args), &request, env, &signals, &mut console).await
        }
        Command::Apply(apply) => {
            crate::commands::plan_file::apply(&args.base(), &apply.request(), env, &signals, &mut console).await
        }
        Command::Show(show) => crate::commands::plan_file::show(&show.request(), &mut console),
        Command::Revert(revert) => {
            let request = revert.request().map_err(Failure::Usage)?;
            crate::commands::revert::run(&revert.overrides(args), &request, env, &signals, &mut console).await
        }
        Command::Deferred(deferred) => {
            let request = deferred.request().map_err(Failure::Usage)?;
            crate::commands::deferred::run(&args.base(), &request, env, &signals, &mut console).await
        }
        Command::CheckBarcodes(check) => {
            let request = check.request().map_err(Failure::Usage)?;
            crate::commands::check_barcodes::run(&check.overrides(args), &request, env, &signals, &mut console).await
        }
        Command::Init(init) => crate::commands::init::run(&init.request(args), env, &signals, &mut console).await,
        Command::Doctor(doctor) => {
            let overrides = doctor.overrides(args);
            crate::commands::doctor::run(&overrides, doctor.request(), env, &signals, &mut console).await
        }
        Command::Setup(setup) => {
            crate::commands::setup::run(&args.base(), &setup.request(), env, &signals, &mut console).await
        }
        Command::Unlock(unlock) => {
            crate::commands::unlock::run(&args.base(), &unlock.request(), env, &signals, &mut console).await
        }
        Command::ShowHistory(show) => {
            let request = show.request().map_err(Failure::Usage)?;
            crate::commands::show_history::run(&args.base(), &request, env, &signals, &mut console).await
        }
    }
}

/// Reports and translates into the exit status.
fn conclude(result: Result<Outcome, Failure>, args: &Args) -> Status {
    match result {
        Ok(outcome) => Status::of(&outcome),
        Err(Failure::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => Status::Done,
        Err(failure) => {
            complain(&failure.to_string());
            if args.verbose > 1
                && let Some(traceback) = failure.traceback()
            {
                let _ = writeln!(std::io::stderr(), "{}", crate::render::plain_lines(traceback));
            }
            Status::of_failure(&failure)
        }
    }
}

/// Says on stderr why the process ends.
fn complain(text: &str) {
    let text = crate::render::plain_lines(text);
    // Nobody is left to tell when that fails.
    let _ = writeln!(std::io::stderr(), "erpsync: {text}");
}

/// Warnings and errors always, one more level a `-v`; only our own messages: libraries may log what they send.
fn log_to_stderr(args: &Args) {
    let level = match (args.quiet, args.verbose) {
        (true, _) => log::LevelFilter::Error,
        (false, 0) => log::LevelFilter::Warn,
        (false, 1) => log::LevelFilter::Info,
        (false, _) => log::LevelFilter::Debug,
    };
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Off)
        .filter_module("erpsync", level)
        .format(|out, record| {
            let text = crate::render::plain(&record.args().to_string());
            writeln!(out, "{} {:<5} {text}", chrono::Local::now().format("%Y-%m-%dT%H:%M:%S%:z"), record.level())
        })
        .init();
}

/// A panic of the SQL Server driver, as a broken answer may bring about, is reported as the error that becomes of it.
fn leave_the_drivers_panics_to_us() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if crate::mssql::is_at_work() {
            log::debug!("the driver panicked: {panic}");
        } else {
            usual(panic);
        }
    }));
}

/// Columns for wrapped messages: the terminal's, or none elsewhere.
fn width() -> usize {
    if std::io::stdout().is_terminal() { 110 } else { 0 }
}
