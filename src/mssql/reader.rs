//! A whole read: attempts, the second look at a suspicious result, the deadline.

use std::any::Any;
use std::future::Future;

use futures_util::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::columns;
use super::error::{Place, SourceError};
use super::options::{Isolation, Query, SourceOptions};
use super::remedies::Remedy;
use super::retry::{Next, Pacing, next};
use super::session::Session;
use super::{Check, Reading, ServerFacts, UsedIsolation, hints, task};
use crate::catalog::{BadRowKind, Catalogue, ExternalId, Listing};

/// Barcodes whose product is missing are usual; more than this share of them, and more than [`ORPHANS`], are a read that
/// saw the two tables at different times, or the wrong table.
const ORPHAN_PERCENT: usize = 5;
const ORPHANS: usize = 20;

pub(super) async fn read(options: &SourceOptions, pacing: &mut impl Pacing) -> Result<Reading, SourceError> {
    let started = Instant::now();
    let mut warnings = Vec::new();
    let reading = async {
        let mut isolation = options.isolation;
        let mut looked_again = false;
        loop {
            let once = |options: SourceOptions, isolation| async move {
                read_in(Session::open(&options).await?, &options, isolation).await
            };
            let (listing, facts) = isolated(options, pacing, &mut warnings, &mut isolation, once).await?;
            let doubt = doubt(listing.about(), options.barcodes_query.is_some());
            if let Some(doubt) =
                doubt.as_ref().filter(|_| facts.isolation == UsedIsolation::ReadCommitted && !looked_again)
            {
                log::warn!("{}: {doubt}; reading once more", options.server());
                looked_again = true;
                continue;
            }
            if let Some(doubt) = doubt {
                warnings.push(if looked_again { format!("{doubt}; reading again changed nothing") } else { doubt });
            }
            if facts.isolation == UsedIsolation::ReadCommitted && options.barcodes_query.is_some() {
                warnings.push(not_one_view(options));
            }
            return Ok((listing, facts));
        }
    };
    let result = timeout(options.deadline(), reading).await;
    let (listing, server) = result.unwrap_or_else(|_| Err(out_of_time(options)))?;
    Ok(Reading { listing, server, warnings, elapsed: started.elapsed() })
}

/// One query is one view, whatever the isolation.
pub(super) async fn read_prices(options: &SourceOptions, pacing: &mut impl Pacing) -> Result<Reading, SourceError> {
    let started = Instant::now();
    let mut warnings = Vec::new();
    let mut isolation = options.isolation;
    let once = |options: SourceOptions, isolation| async move {
        let mut session = Session::open(&options).await?;
        let facts = session.begin(isolation).await?;
        let prices = session.prepare(Query::Prices).await?;
        let builder = options.listing().with_keys(columns::keys(&prices.id, &prices.id));
        Ok((session.read(Query::Prices, &prices.select, builder).await?.finish(), facts))
    };
    let reading = isolated(options, pacing, &mut warnings, &mut isolation, once);
    let result = timeout(options.deadline(), reading).await;
    let (listing, server) = result.unwrap_or_else(|_| Err(out_of_time(options)))?;
    Ok(Reading { listing, server, warnings, elapsed: started.elapsed() })
}

pub(super) async fn check(options: &SourceOptions, pacing: &mut impl Pacing) -> Result<Check, SourceError> {
    let started = Instant::now();
    let mut warnings = Vec::new();
    let mut isolation = options.isolation;
    let once = |options: SourceOptions, isolation| async move {
        let mut session = Session::open(&options).await?;
        let facts = session.begin(isolation).await?;
        session.check(Query::Products).await?;
        if options.barcodes_query.is_some() {
            session.check(Query::Barcodes).await?;
        }
        Ok(facts)
    };
    let checking = isolated(options, pacing, &mut warnings, &mut isolation, once);
    let server = timeout(options.deadline(), checking).await.unwrap_or_else(|_| Err(out_of_time(options)))?;
    if server.isolation == UsedIsolation::ReadCommitted && options.barcodes_query.is_some() {
        warnings.push(not_one_view(options));
    }
    Ok(Check { server, warnings, elapsed: started.elapsed() })
}

/// Attempts with the isolation that the options ask for; where they leave it open, and what the queries read cannot be read under
/// SNAPSHOT (a table in memory, another server), with READ COMMITTED.
async fn isolated<T, F>(
    options: &SourceOptions,
    pacing: &mut impl Pacing,
    warnings: &mut Vec<String>,
    isolation: &mut Isolation,
    once: impl Fn(SourceOptions, Isolation) -> F,
) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SourceError>> + Send + 'static,
{
    loop {
        let used = *isolation;
        match attempts(options, pacing, warnings, || once(options.clone(), used)).await {
            Err(e) if used == Isolation::Auto && e.number().is_some_and(hints::snapshot_is_impossible) => {
                log::warn!("{e}; reading with READ COMMITTED instead");
                *isolation = Isolation::ReadCommitted;
            }
            result => return result,
        }
    }
}

/// One attempt over a stream that is open already.
pub(super) async fn read_over<S>(options: &SourceOptions, stream: S) -> Result<(Listing, ServerFacts), SourceError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    read_in(Session::over(options, stream).await?, options, options.isolation).await
}

async fn read_in<S>(
    mut session: Session<'_, S>,
    options: &SourceOptions,
    isolation: Isolation,
) -> Result<(Listing, ServerFacts), SourceError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let facts = session.begin(isolation).await?;
    let products = session.prepare(Query::Products).await?;
    let barcodes = match &options.barcodes_query {
        Some(_) => Some(session.prepare(Query::Barcodes).await?),
        None => None,
    };
    let keys = columns::keys(&products.id, &barcodes.as_ref().unwrap_or(&products).id);
    let one_view = facts.isolation == UsedIsolation::Snapshot && barcodes.is_some();
    if one_view {
        session.begin_transaction().await?;
    }
    let mut builder = session.read(Query::Products, &products.select, options.listing().with_keys(keys)).await?;
    if let Some(barcodes) = &barcodes {
        builder = session.read(Query::Barcodes, &barcodes.select, builder).await?;
    }
    if one_view {
        session.commit().await?;
    }
    Ok((builder.finish(), facts))
}

/// Runs the work until it succeeds, fails for good, or the attempts are used up; each time from nothing and in a task of
/// its own, so that a panic of the driver is one more error.
async fn attempts<T, F>(
    options: &SourceOptions,
    pacing: &mut impl Pacing,
    warnings: &mut Vec<String>,
    work: impl Fn() -> F,
) -> Result<T, SourceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SourceError>> + Send + 'static,
{
    let mut attempt = 1;
    loop {
        let driver = |problem| SourceError::Driver { place: somewhere(options), problem };
        let error = match task::in_a_task(work()).await {
            Ok(Some(Ok(done))) => return Ok(done),
            Ok(Some(Err(error))) => error,
            Ok(None) => driver("the task is gone".to_owned()),
            Err(join) => driver(join.try_into_panic().map_or_else(|e| e.to_string(), |panic| words(&*panic))),
        };
        match next(error.is_transient(), attempt, options.attempts, pacing.jitter()) {
            Next::Stop => return Err(error),
            Next::Wait(time) => {
                log::warn!("{error}; attempt {} of {} in {} ms", attempt + 1, options.attempts, time.as_millis());
                warnings.push(format!("attempt {attempt} failed: {error}"));
                pacing.pause(time).await;
                attempt += 1;
            }
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words").to_owned()
}

fn somewhere(options: &SourceOptions) -> Box<Place> {
    options.place(format!("reading {}", options.key("*")))
}

fn out_of_time(options: &SourceOptions) -> SourceError {
    SourceError::Timeout { place: somewhere(options), limit: options.deadline() }
}

fn not_one_view(options: &SourceOptions) -> String {
    format!(
        "the database {} was read with READ COMMITTED: products and barcodes are two views, and a change between them can \
         look like a conflict until the next run; {} makes them one",
        options.database,
        Remedy::AllowSnapshot.of_account(&options.user, &options.database)
    )
}

/// Why a result deserves a second look; nothing here makes it wrong for sure.
fn doubt(catalogue: &Catalogue, barcodes: bool) -> Option<String> {
    let twice = catalogue.bad_rows.iter().filter(|row| row.kind == BadRowKind::DuplicateId).count();
    if catalogue.product_rows == 0 {
        Some("no product rows came".to_owned())
    } else if barcodes && catalogue.barcode_rows == 0 {
        Some("no barcode rows came".to_owned())
    } else if barcodes && catalogue.no_barcodes() {
        Some(format!("all {} barcodes that came are NULL or empty", catalogue.barcode_rows))
    } else if catalogue.orphan_barcodes > ORPHANS
        && catalogue.orphan_barcodes * 100 > catalogue.barcode_rows * ORPHAN_PERCENT
    {
        let (orphans, all) = (catalogue.orphan_barcodes, catalogue.barcode_rows);
        let some: Vec<&str> = catalogue.orphans.iter().map(ExternalId::as_str).collect();
        let such = if some.is_empty() { String::new() } else { format!(", such as those of {}", some.join(", ")) };
        Some(format!("{orphans} of {all} barcodes belong to products that the products query does not return{such}"))
    } else if twice > 0 {
        // READ COMMITTED meets a row twice when it moves in the index during the scan.
        Some(format!("{twice} product ids came more than once"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts() {
        let fine = Catalogue { product_rows: 100, barcode_rows: 1_000, barcodes: 990, ..Catalogue::default() };
        let table = [
            ("fine", fine.clone(), None),
            ("no products", Catalogue { product_rows: 0, ..fine.clone() }, Some("no product rows")),
            ("no barcodes", Catalogue { barcode_rows: 0, ..fine.clone() }, Some("no barcode rows")),
            ("NULLs alone", Catalogue { barcodes: 0, ..fine.clone() }, Some("all 1000 barcodes")),
            ("a small share of orphans", Catalogue { orphan_barcodes: 50, ..fine.clone() }, None),
            ("a large share", Catalogue { orphan_barcodes: 51, ..fine.clone() }, Some("51 of 1000 barcodes")),
            ("a large share of few", Catalogue { orphan_barcodes: 20, barcode_rows: 20, ..fine }, None),
        ];
        for (case, catalogue, expected) in table {
            let told = doubt(&catalogue, true);
            assert_eq!(told.is_some(), expected.is_some(), "{case}: {told:?}");
            assert!(told.unwrap_or_default().contains(expected.unwrap_or_default()), "{case}");
        }
    }

    #[test]
    fn ids_that_came_twice_are_doubtful() {
        let mut builder = crate::catalog::ListingBuilder::new(crate::catalog::source::BarcodeOrder::Text);
        for name in ["a", "b"] {
            builder.product(Some("1"), Some(name), Ok(None));
        }
        builder.barcode(Some("1"), Some("x"));
        assert!(doubt(builder.finish().about(), true).unwrap().contains("1 product ids came more than once"));
    }

    #[test]
    fn a_panics_words_are_kept() {
        assert_eq!(words(&"out of range"), "out of range");
        assert_eq!(words(&"formatted".to_owned()), "formatted");
        assert_eq!(words(&7), "a panic without words");
    }

    #[tokio::test]
    async fn a_panic_of_the_driver_is_an_error() {
        let options = crate::mssql::options::example();
        let (mut pacing, mut warnings) = (crate::mssql::RealPacing, Vec::new());
        let result = attempts(&options, &mut pacing, &mut warnings, || async {
            assert!(task::is_at_work());
            let nothing: Option<()> = None;
            nothing.ok_or(()).expect("a value that the server left out");
            Ok(())
        });
        let error = result.await.unwrap_err();
        assert_eq!(error.kind(), crate::mssql::Kind::Failed);
        assert!(error.to_string().contains("a value that the server left out"), "{error}");
        assert_eq!(warnings, [""; 0], "a defect is not tried again");
        assert!(!task::is_at_work());
    }
}
