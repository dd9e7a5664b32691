//! One connection at work: settings, facts, describing the queries, reading their rows as they come.
//!
//! Sends only what `sql` makes. A session whose statement failed half-way is dropped, never used again: the rest of the
//! answer would still be on the wire.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::io::{AsyncRead, AsyncWrite};
use futures_util::{FutureExt, TryStreamExt};
use tiberius::{ColumnType, QueryItem, Row};
use tokio::time::timeout;

use super::batch::{self, Batch};
use super::columns::{self, Column, Prepared, Type};
use super::connect::{self, Client, Socket};
use super::error::{Place, ServerError, SourceError, of_driver};
use super::options::{Isolation, Query, SourceOptions};
use super::remedies::Remedy;
use super::{ServerFacts, UsedIsolation, hints, sql, task};
use crate::catalog::ListingBuilder;

/// The numbers with which SQL Server says that it cannot tell a query's columns without running it.
const UNDESCRIBABLE: std::ops::RangeInclusive<u32> = 11_501..=11_529;

pub(super) struct Session<'a, S: AsyncRead + AsyncWrite + Unpin + Send = Socket> {
    options: &'a SourceOptions,
    client: Client<S>,
    /// What came so far of what both queries may return.
    taken: Taken,
}

/// Rows, and bytes of text.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    rows: u64,
    bytes: u64,
}

impl Taken {
    /// Adds a batch; `Err` with the limit and its setting when that is too much.
    fn add(&mut self, batch: &Batch, options: &SourceOptions) -> Result<(), (String, &'static str)> {
        let (rows, bytes) = batch.size();
        self.rows += rows;
        self.bytes += bytes;
        if self.rows > options.max_rows {
            return Err((format!("{} rows", options.max_rows), "max_rows"));
        }
        if self.bytes > options.max_bytes {
            return Err((format!("{} MB of text", options.max_bytes >> 20), "max_megabytes"));
        }
        Ok(())
    }
}

/// Why a statement is not waited for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    TimedOut,
    GivenUp,
}

/// The outcome of a statement that has so much time, and somebody who waits for it.
async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Late> {
    tokio::select! {
        biased;
        done = timeout(limit, work) => done.map_err(|_| Late::TimedOut),
        () = task::given_up() => Err(Late::GivenUp),
    }
}

impl<'a> Session<'a> {
    /// Connects, logs in and settles locks and deadlocks.
    pub(super) async fn open(options: &'a SourceOptions) -> Result<Self, SourceError> {
        let client = tokio::select! {
            biased;
            client = connect::connect(options) => client?,
            () = task::given_up() => return Err(SourceError::GivenUp { place: options.place("connecting") }),
        };
        Self::ready(options, client).await
    }
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin + Send> Session<'a, S> {
    /// [`Session::open`] over a stream that is open already.
    pub(super) async fn over(options: &'a SourceOptions, stream: S) -> Result<Self, SourceError> {
        Self::ready(options, connect::connect_over(options, stream).await?).await
    }

    async fn ready(options: &'a SourceOptions, client: Client<S>) -> Result<Self, SourceError> {
        let mut session = Self { options, client, taken: Taken::default() };
        session.run(&sql::settings(options.lock_timeout), "preparing the session").await?;
        Ok(session)
    }

    pub(super) fn options(&self) -> &SourceOptions {
        self.options
    }

    fn place(&self, doing: &str) -> Place {
        *self.options.place(doing)
    }

    /// Tells the server to stop what it does; closing the connection would not end it everywhere.
    async fn stop(&mut self) {
        // The answer is in the middle of something, which the driver may stumble over; the server has been told by then.
        let told = AssertUnwindSafe(self.client.cancel_query()).catch_unwind();
        match timeout(task::GOODBYE, told).await {
            Ok(Ok(Ok(()))) => log::debug!("SQL Server {} stopped the query", self.options.server()),
            Ok(Ok(Err(e))) => log::debug!("SQL Server {} was told to stop the query: {e}", self.options.server()),
            Ok(Err(_)) | Err(_) => log::debug!("SQL Server {} was told to stop the query", self.options.server()),
        }
    }

    /// Stops a statement that is not waited for any longer.
    async fn end(&mut self, late: Late, place: Place) -> SourceError {
        self.stop().await;
        let place = Box::new(place);
        match late {
            Late::TimedOut => SourceError::Timeout { place, limit: self.options.query_timeout },
            Late::GivenUp => SourceError::GivenUp { place },
        }
    }

    /// A statement without rows.
    async fn run(&mut self, sql: &str, doing: &str) -> Result<(), SourceError> {
        self.rows(sql, doing, |_| Ok(())).await
    }

    /// A statement, row by row.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        doing: &str,
        mut take: impl FnMut(&Row) -> tiberius::Result<()> + Send,
    ) -> Result<(), SourceError> {
        let limit = self.options.query_timeout;
        let place = self.place(doing);
        let client = &mut self.client;
        let work = async move {
            let mut stream = client.simple_query(sql).await?;
            while let Some(item) = stream.try_next().await? {
                if let QueryItem::Row(row) = item {
                    take(&row)?;
                }
            }
            Ok(())
        };
        match in_time(limit, work).await {
            Ok(result) => result.map_err(|e| of_driver(&place, e, limit)),
            Err(late) => Err(self.end(late, place).await),
        }
    }

    /// Settles the isolation and says what the session is; the view begins with the next statement.
    pub(super) async fn begin(&mut self, isolation: Isolation) -> Result<ServerFacts, SourceError> {
        let mut texts = [const { String::new() }; 3];
        self.rows(sql::FACTS, "asking for the server's version", |row| {
            for (index, text) in texts.iter_mut().enumerate() {
                *text = row.try_get::<&str, _>(index)?.unwrap_or_default().to_owned();
            }
            Ok(())
        })
        .await?;
        let mut state = None;
        self.rows(sql::SNAPSHOT_STATE, "asking for the database's isolation", |row| {
            state = row.try_get::<i32, _>(0)?;
            Ok(())
        })
        .await?;
        let used = match (isolation, state == Some(1)) {
            (Isolation::ReadCommitted, _) | (Isolation::Auto, false) => UsedIsolation::ReadCommitted,
            (Isolation::Auto | Isolation::Snapshot, true) => UsedIsolation::Snapshot,
            (Isolation::Snapshot, false) => {
                return Err(SourceError::Setting {
                    setting: self.options.key("isolation"),
                    problem: format!("the database {} does not allow SNAPSHOT isolation", self.options.database),
                    cure: format!(
                        "{}, or set isolation = \"auto\"",
                        Remedy::AllowSnapshot.of_account(&self.options.user, &self.options.database)
                    ),
                });
            }
        };
        let level = match used {
            UsedIsolation::Snapshot => sql::SNAPSHOT,
            UsedIsolation::ReadCommitted => sql::READ_COMMITTED,
        };
        self.run(level, "setting the isolation").await?;
        let [product_version, database, login] = texts;
        Ok(ServerFacts { product_version, isolation: used, database, login })
    }

    /// Begins the one view of both reads.
    pub(super) async fn begin_transaction(&mut self) -> Result<(), SourceError> {
        self.run(sql::BEGIN, "beginning the transaction").await
    }

    /// Ends it. Nothing was written, so nothing depends on it.
    pub(super) async fn commit(&mut self) -> Result<(), SourceError> {
        self.run(sql::COMMIT, "ending the transaction").await
    }

    /// The SELECT that reads a configured query, after a look at its columns.
    pub(super) async fn prepare(&mut self, query: Query) -> Result<Prepared, SourceError> {
        let columns = match self.describe(self.options.query(query), query).await? {
            Some(columns) => columns,
            None => {
                // How single columns compare is not told then; most compare as the database does.
                let mut columns = self.columns_of_result(query).await?;
                let collation = self.collation().await?;
                columns.iter_mut().filter(|c| c.kind == Type::Text).for_each(|c| c.collation.clone_from(&collation));
                columns
            }
        };
        columns::select(self.options, query, &columns)
    }

    /// Checks the wrapped query too, without running it: what may stand alone may be no table (ORDER BY, WITH).
    pub(super) async fn check(&mut self, query: Query) -> Result<(), SourceError> {
        let select = self.prepare(query).await?.select;
        self.describe(&select, query).await.map(|_| ())
    }

    /// How the database compares texts.
    async fn collation(&mut self) -> Result<Option<String>, SourceError> {
        let mut collation = None;
        self.rows(sql::COLLATION, "asking how the database compares texts", |row| {
            collation = row.try_get::<&str, _>(0)?.map(str::to_owned);
            Ok(())
        })
        .await?;
        Ok(collation)
    }

    /// The columns of a query that is not run; `None` when this server cannot tell.
    async fn describe(&mut self, text: &str, query: Query) -> Result<Option<Vec<Column>>, SourceError> {
        let doing = format!("checking {}", self.options.key(query.setting()));
        let mut columns = Vec::new();
        let mut error = None;
        let asked = self
            .rows(&sql::describe(text), &doing, |row| {
                if let Some(number) = row.try_get::<i32, _>(2)? {
                    let text = row.try_get::<&str, _>(3)?.unwrap_or("no reason given").to_owned();
                    error.get_or_insert(ServerError { number: number.unsigned_abs(), state: 1, severity: 16, text });
                    return Ok(());
                }
                let shown = row.try_get::<&str, _>(1)?.unwrap_or("of a type of its own").to_owned();
                let name = row.try_get::<&str, _>(0)?.map(str::to_owned);
                let collation = row.try_get::<&str, _>(4)?.map(str::to_owned);
                columns.push(Column { name, kind: Type::parse(&shown), shown, collation });
                Ok(())
            })
            .await;
        match (asked, error) {
            (Err(SourceError::Server { error, .. }), _) if !ends_the_attempt(&error) => {
                log::debug!("{doing}: cannot be described: {}", error.text);
                Ok(None)
            }
            (Err(e), _) => Err(e),
            (Ok(()), Some(error)) if UNDESCRIBABLE.contains(&error.number) => Ok(None),
            (Ok(()), Some(error)) => {
                Err(SourceError::Server { place: Box::new(self.place(&doing)), error: Box::new(error) })
            }
            (Ok(()), None) => Ok(Some(columns)),
        }
    }

    /// The columns as the result's metadata has them; decimals come without their scale.
    async fn columns_of_result(&mut self, query: Query) -> Result<Vec<Column>, SourceError> {
        let limit = self.options.query_timeout;
        let place = self.place(&format!("checking {}", self.options.key(query.setting())));
        let sql = sql::select_none(self.options.query(query));
        let client = &mut self.client;
        let work = async {
            let mut stream = client.simple_query(sql).await?;
            let mut columns = Vec::new();
            while let Some(item) = stream.try_next().await? {
                if let QueryItem::Metadata(metadata) = item {
                    columns = metadata.columns().iter().map(of_result).collect();
                }
            }
            Ok(columns)
        };
        match in_time(limit, work).await {
            Ok(result) => result.map_err(|e| of_driver(&place, e, limit)),
            Err(late) => Err(self.end(late, place).await),
        }
    }

    /// Reads the rows of a prepared query into a listing as they come, and checks that none is missing.
    ///
    /// # Errors
    /// When the statement fails or rows are missing; what had been put together is lost with it.
    pub(super) async fn read(
        &mut self,
        query: Query,
        select: &str,
        builder: ListingBuilder,
    ) -> Result<ListingBuilder, SourceError> {
        let place = self.place(&format!("reading {}", self.options.key(query.setting())));
        let limit = self.options.query_timeout;
        let (sender, thread) = batch::assemble(query, builder);
        let Self { client, taken, options } = self;
        let work = async move {
            let (mut came, mut told) = (0_i64, None);
            let mut batch = Batch::new();
            let mut stream = client.simple_query(sql::counted(select)).await?;
            while let Some(item) = stream.try_next().await? {
                let QueryItem::Row(row) = item else { continue };
                if row.result_index() > 0 {
                    told = row.try_get::<i64, _>(0)?;
                    continue;
                }
                came += 1;
                match query {
                    Query::Products => batch.push(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?),
                    Query::Prices => batch.push(row.try_get(0)?, None, row.try_get(1)?),
                    Query::Barcodes => batch.push(row.try_get(0)?, row.try_get(1)?, None),
                }
                if batch.is_full() {
                    if let Err(too_much) = taken.add(&batch, options) {
                        return Ok(Err(too_much));
                    }
                    // Should the thread be gone, what it died of is told below.
                    let _ = sender.send(std::mem::replace(&mut batch, Batch::new())).await;
                }
            }
            if let Err(too_much) = taken.add(&batch, options) {
                return Ok(Err(too_much));
            }
            let _ = sender.send(batch).await;
            Ok(Ok((came, told)))
        };
        let (came, told) = match in_time(limit, work).await {
            Ok(Ok(Ok(counts))) => counts,
            Ok(Ok(Err((limit, setting)))) => {
                self.stop().await;
                let setting = self.options.key(setting);
                return Err(SourceError::TooMuch { place: Box::new(place), limit, setting });
            }
            Ok(Err(e)) => return Err(of_driver(&place, e, limit)),
            Err(late) => return Err(self.end(late, place).await),
        };
        let builder = thread.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        if told == Some(came) {
            Ok(builder)
        } else {
            Err(SourceError::Incomplete { place: Box::new(place), came, told })
        }
    }
}

/// An error while describing that says nothing about describing.
pub(super) fn ends_the_attempt(error: &ServerError) -> bool {
    error.severity >= 20 || hints::of(error).transient
}

fn of_result(column: &tiberius::Column) -> Column {
    use ColumnType as C;
    let (kind, shown) = match column.column_type() {
        C::Int1 | C::Int2 | C::Int4 => (Type::Int, "int"),
        C::Int8 | C::Intn => (Type::BigInt, "bigint"),
        C::Decimaln | C::Numericn => (Type::Decimal(None), "decimal"),
        C::Money | C::Money4 => (Type::Money, "money"),
        C::Float4 | C::Float8 | C::Floatn => (Type::Float, "float"),
        C::Guid => (Type::Guid, "uniqueidentifier"),
        C::BigVarChar | C::BigChar | C::NVarchar | C::NChar => (Type::Text, "text"),
        C::Text | C::NText => (Type::LongText, "long text"),
        C::BigVarBin | C::BigBinary => (Type::Bytes, "binary"),
        C::Image => (Type::Image, "an image"),
        C::Datetime | C::Datetime4 | C::Datetimen | C::Daten | C::Timen | C::Datetime2 | C::DatetimeOffsetn => {
            (Type::Moment, "a date or time")
        }
        C::Null | C::Bit | C::Bitn | C::Xml | C::Udt | C::SSVariant => (Type::Other, "of another type"),
    };
    let name = Some(column.name().to_owned()).filter(|name| !name.is_empty());
    Column { name, kind, shown: shown.to_owned(), collation: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_cannot_describe_is_asked_for_no_rows() {
        use erpsync_sandbox::mssql::{MssqlOptions, MssqlServer};
        let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
        let table = "CREATE TABLE dbo.Products (ProductID int NOT NULL, ProductName nvarchar(9) NULL, Price decimal(18,6) NULL)";
        server.execute(table).unwrap();
        let options = SourceOptions {
            endpoint: crate::mssql::Endpoint::Port(server.addr().port()),
            password: server.options().password.clone().into(),
            ..crate::mssql::options::example()
        };
        let mut session = Session::open(&options).await.unwrap();
        let columns = session.columns_of_result(Query::Products).await.unwrap();
        let select = columns::select(&options, Query::Products, &columns).unwrap().select;
        assert!(select.contains(" q.[Price] AS [price]"), "{select}");
    }
}
