//! The command line: arguments, logging, signals, and what an error means for the exit status. Nothing of what the tool
//! does is decided here.

mod args;
mod exit;
mod log;
mod progress;
mod signals;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use crate::commands::watch::Watch;
use crate::commands::{Console, Failure, Outcome, Signals};
use crate::config::{Environment, process_environment};
use args::{Args, Command, LogFormat};

pub use exit::Status;

/// How long the end of a command may wait for a query that was given up.
const GOODBYE: Duration = Duration::from_secs(3);

/// The command line as clap knows it, for whoever makes manual pages and completions of it.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

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
    log::to_stderr(&args);
    let signals = Signals::default();
    if let Some(deadline) = args.deadline {
        signals::end_at(deadline, &signals);
    }
    leave_the_drivers_panics_to_us();
    let status = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => {
            let status = runtime.block_on(watched(&args, signals));
            // A reader task that hangs in the driver must not hold the end of the process.
            runtime.shutdown_background();
            status
        }
        Err(e) => {
            log::complain(&format!("cannot start: {e}"));
            Status::Failed
        }
    };
    ExitCode::from(status.code())
}

/// Runs the command, reports, and then tells those who watch from elsewhere.
async fn watched(args: &Args, signals: Signals) -> Status {
    let env: &dyn Environment = &process_environment;
    let orders = match args.orders() {
        Ok(orders) => orders,
        Err(why) => return conclude(&Err(Failure::Usage(why)), args),
    };
    let shown = !args.quiet && args.log_format == LogFormat::Text;
    let writes = orders.command.is_some();
    let watch = match Watch::new(orders, |result| Status::of_result(result).verdict(), progress::shower(shown)) {
        Ok(watch) => watch,
        Err(failure) => return conclude(&Err(failure), args),
    };
    let result = run(args, signals, watch.clone(), env).await;
    crate::mssql::say_goodbye(GOODBYE).await;
    let mut status = conclude(&result, args);
    if let Err(failure) = watch.make_page(result.as_ref().err()) {
        log::complain(&failure.to_string());
        // What was done is done; who only looks asked for the page.
        if !writes {
            status = status.min(Status::of_failure(&failure));
        }
    }
    watch.conclude(status.verdict(), env).await;
    status
}

async fn run(args: &Args, signals: Signals, watch: Watch, env: &dyn Environment) -> Result<Outcome, Failure> {
    signals::listen(&signals, args.deadline).map_err(Failure::Io)?;
    let mut stdout = anstream::AutoStream::new(std::io::stdout(), args.color());
    let style = crate::render::Style { color: args.colored(), width: width() };
    let mut console = Console { out: &mut stdout, style, quiet: args.quiet, verbose: args.verbose > 0, watch };
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
            crate::commands::plan_file::apply(&apply.overrides(args), &apply.request(), env, &signals, &mut console)
                .await
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
        Command::Prune(prune) => {
            crate::commands::prune::run(&args.base(), &prune.request(), env, &signals, &mut console).await
        }
        Command::Runs(runs) => {
            let request = runs.request().map_err(Failure::Usage)?;
            crate::commands::runs::run(&args.base(), &request, env, &signals, &mut console).await
        }
        Command::ShowHistory(show) => {
            let request = show.request().map_err(Failure::Usage)?;
            crate::commands::show_history::run(&args.base(), &request, env, &signals, &mut console).await
        }
    }
}

/// Reports and translates into the exit status.
fn conclude(result: &Result<Outcome, Failure>, args: &Args) -> Status {
    let status = Status::of_result(result);
    if let Err(failure) = result
        && status != Status::Done
    {
        log::complain(&failure.to_string());
        if args.verbose > 1
            && let Some(traceback) = failure.traceback()
        {
            log::show(traceback);
        }
    }
    status
}

/// A panic of the SQL Server driver, as a broken answer may bring about, is reported as the error that becomes of it.
fn leave_the_drivers_panics_to_us() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if crate::mssql::is_at_work() {
            ::log::debug!("the driver panicked: {panic}");
        } else {
            usual(panic);
        }
    }));
}

/// Columns for wrapped messages: the terminal's, or none elsewhere.
fn width() -> usize {
    if std::io::stdout().is_terminal() { 110 } else { 0 }
}
