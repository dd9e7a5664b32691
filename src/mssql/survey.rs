//! Looks for what could be read: the tables and views that an account sees with their columns, and the first rows of a
//! query as text. Reads, and decides nothing.

use tokio::time::timeout;

use super::error::SourceError;
use super::options::{Query, SourceOptions};
use super::session::Session;
use super::{sql, task};

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `dbo`.
    pub schema: String,
    /// `Products`.
    pub name: String,
    /// In their order.
    pub columns: Vec<TableColumn>,
}

/// One of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// `ProductID`.
    pub name: String,
    /// `int`, without length and precision.
    pub kind: String,
}

/// The first rows of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What the columns are read as: `id`, `name`, `price` or `id`, `barcode`.
    pub columns: Vec<&'static str>,
    /// The values as text; `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// A name in brackets, for a query that is proposed: `[Order Lines]`.
#[must_use]
pub fn quoted(name: &str) -> String {
    sql::name(name)
}

/// Logs in and lists the tables and views that the account sees.
///
/// # Errors
/// See [`SourceError`].
pub async fn tables(options: &SourceOptions) -> Result<Vec<Table>, SourceError> {
    let own = options.clone();
    in_a_task(options, async move {
        let mut session = Session::open(&own).await?;
        let mut found: Vec<Table> = Vec::new();
        let listing = session.rows(sql::COLUMNS, "listing tables and columns", |row| {
            let text = |index| row.try_get::<&str, _>(index).map(|text| text.unwrap_or_default().to_owned());
            let (schema, name) = (text(0)?, text(1)?);
            let column = TableColumn { name: text(2)?, kind: text(3)? };
            match found.last_mut().filter(|last| last.schema == schema && last.name == name) {
                Some(table) => table.columns.push(column),
                None => found.push(Table { schema, name, columns: vec![column] }),
            }
            Ok(())
        });
        listing.await?;
        Ok(found)
    })
    .await
}

/// The first rows of one of the two queries, as a run would read them.
///
/// # Errors
/// As for a run: when the query cannot be run, or a column is missing or of the wrong type.
pub async fn preview(options: &SourceOptions, query: Query, rows: usize) -> Result<Preview, SourceError> {
    let own = options.clone();
    in_a_task(options, async move {
        let mut session = Session::open(&own).await?;
        session.check(query).await?;
        let select = session.prepare(query).await?.select;
        let columns = match query {
            Query::Products => vec!["id", "name", "price"],
            Query::Prices => vec!["id", "price"],
            Query::Barcodes => vec!["id", "barcode"],
        };
        let rows = session.texts(&sql::top(&select, rows), query).await?;
        Ok(Preview { columns, rows })
    })
    .await
}

impl Session<'_> {
    /// The rows of a prepared query as text.
    async fn texts(&mut self, select: &str, query: Query) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let prices = |index: usize| match query {
            Query::Products => index == 2,
            Query::Prices => index == 1,
            Query::Barcodes => false,
        };
        let mut rows = Vec::new();
        let doing = format!("looking at {}", self.options().key(query.setting()));
        self.rows(select, &doing, |row| {
            let cells = (0..row.len()).map(|index| {
                if prices(index) {
                    let price = row.try_get::<tiberius::numeric::Numeric, _>(index)?;
                    return Ok(price.map(|price| price.to_string()));
                }
                Ok(row.try_get::<&str, _>(index)?.map(str::to_owned))
            });
            rows.push(cells.collect::<tiberius::Result<_>>()?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }
}

/// A panic of the driver is an error, and nothing takes longer than a run may.
async fn in_a_task<T: Send + 'static>(
    options: &SourceOptions,
    work: impl Future<Output = Result<T, SourceError>> + Send + 'static,
) -> Result<T, SourceError> {
    let place = || options.place(format!("looking at {}", options.key("*")));
    match timeout(options.deadline(), task::in_a_task(work)).await {
        Ok(Ok(Some(result))) => result,
        Ok(_) => Err(SourceError::Driver { place: place(), problem: "the driver gave up".to_owned() }),
        Err(_) => Err(SourceError::Timeout { place: place(), limit: options.deadline() }),
    }
}
