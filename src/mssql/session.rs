//! One connection at work: settings, facts, describing the queries, reading their rows as they come.
//!
//! Sends only what `sql` makes. A session whose statement failed half-way is dropped, never used again: the rest of the
//! answer would still be on the wire.

use tiberius::{ColumnType, QueryItem, Row};
use tokio::time::timeout;

use futures_util::TryStreamExt;
use futures_util::io::{AsyncRead, AsyncWrite};

use super::batch::{self, Batch};
use super::columns::{self, Column, Type};
use super::connect::{self, Client, Socket};
use super::error::{Place, ServerError, SourceError, of_driver};
use super::options::{Isolation, Query, SourceOptions};
use super::{ServerFacts, UsedIsolation, hints, sql};
use crate::catalog::ListingBuilder;

/// The numbers with which SQL Server says that it cannot tell a query's columns without running it.
const UNDESCRIBABLE: std::ops::RangeInclusive<u32> = 11_501..=11_529;

pub(super) struct Session<'a, S: AsyncRead + AsyncWrite + Unpin + Send = Socket> {
    options: &'a SourceOptions,
    client: Client<S>,
}

impl<'a> Session<'a> {
    /// Connects, logs in and settles locks and deadlocks.
    pub(super) async fn open(options: &'a SourceOptions) -> Result<Self, SourceError> {
        Self::ready(options, connect::connect(options).await?).await
    }
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin + Send> Session<'a, S> {
    /// [`Session::open`] over a stream that is open already.
    pub(super) async fn over(options: &'a SourceOptions, stream: S) -> Result<Self, SourceError> {
        Self::ready(options, connect::connect_over(options, stream).await?).await
    }

    async fn ready(options: &'a SourceOptions, client: Client<S>) -> Result<Self, SourceError> {
        let mut session = Self { options, client };
        session.run(&sql::settings(options.lock_timeout), "preparing the session").await?;
        Ok(session)
    }

    pub(super) fn options(&self) -> &SourceOptions {
        self.options
    }

    fn place(&self, doing: &str) -> Place {
        Place { server: self.options.server(), database: self.options.database.clone(), doing: doing.to_owned() }
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
        match timeout(limit, work).await {
            Ok(result) => result.map_err(|e| of_driver(&place, e, limit)),
            Err(_) => Err(SourceError::Timeout { place: Box::new(place), limit }),
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
                        "ALTER DATABASE {} SET ALLOW_SNAPSHOT_ISOLATION ON, or set isolation to auto",
                        sql::name(&self.options.database)
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
    pub(super) async fn prepare(&mut self, query: Query) -> Result<String, SourceError> {
        let columns = match self.describe(self.options.query(query), query).await? {
            Some(columns) => columns,
            None => self.columns_of_result(query).await?,
        };
        columns::select(self.options, query, &columns)
    }

    /// Checks the wrapped query too, without running it: what may stand alone may be no table (ORDER BY, WITH).
    pub(super) async fn check(&mut self, query: Query) -> Result<(), SourceError> {
        let select = self.prepare(query).await?;
        self.describe(&select, query).await.map(|_| ())
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
                columns.push(Column { name, kind: Type::parse(&shown), shown });
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
        match timeout(limit, work).await {
            Ok(result) => result.map_err(|e| of_driver(&place, e, limit)),
            Err(_) => Err(SourceError::Timeout { place: Box::new(place), limit }),
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
        let client = &mut self.client;
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
                    // Should the thread be gone, what it died of is told below.
                    let _ = sender.send(std::mem::replace(&mut batch, Batch::new())).await;
                }
            }
            let _ = sender.send(batch).await;
            Ok((came, told))
        };
        let (came, told) = match timeout(limit, work).await {
            Ok(result) => result.map_err(|e| of_driver(&place, e, limit))?,
            Err(_) => return Err(SourceError::Timeout { place: Box::new(place), limit }),
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
fn ends_the_attempt(error: &ServerError) -> bool {
    error.severity >= 20 || hints::of_number(error.number, error.severity).transient
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
        C::BigVarChar | C::BigChar | C::NVarchar | C::NChar | C::Text | C::NText => (Type::Text, "text"),
        C::Null
        | C::Bit
        | C::Bitn
        | C::Datetime
        | C::Datetime4
        | C::Datetimen
        | C::Daten
        | C::Timen
        | C::Datetime2
        | C::DatetimeOffsetn
        | C::BigVarBin
        | C::BigBinary
        | C::Xml
        | C::Udt
        | C::Image
        | C::SSVariant => (Type::Other, "of another type"),
    };
    let name = Some(column.name().to_owned()).filter(|name| !name.is_empty());
    Column { name, kind, shown: shown.to_owned() }
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
        let select = columns::select(&options, Query::Products, &columns).unwrap();
        assert!(select.contains("CAST(q.[Price] AS decimal(38, 10)) AS [price]"), "{select}");
    }
}
