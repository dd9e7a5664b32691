//! Which columns a query must have, what types they may have, and how each is cast on the server.
//!
//! Pure. A type is refused when its cast would change values without anybody noticing: floats (`1E+07` for an id, 0.1 for
//! a price), text as a price, bytes. Texts are trimmed and cast to two UTF-16 units more than the catalogue accepts, so that
//! an over-long value is reported rather than cut ([`whole`]): with one, a collation that knows surrogate pairs (`_SC`) would
//! leave out the pair on the border and return a text that fits.

use super::error::SourceError;
use super::options::{Query, SourceOptions};
use super::remedies::Remedy;
use super::sql::{self, Read};
use crate::catalog::{Barcode, ExternalId, KeyRules, ProductName};

/// The largest number of decimals of a price that is read without rounding.
const MAX_SCALE: u8 = 10;

/// A column of a query's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name; SQL Server gives none to a bare expression.
    pub name: Option<String>,
    /// Its type.
    pub kind: Type,
    /// The type as SQL Server writes it, for messages.
    pub shown: String,
    /// How texts compare, where the server says so.
    pub collation: Option<String>,
}

/// A query that was looked at.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    /// What reads it.
    pub select: String,
    /// The column of its ids.
    pub id: Column,
}

/// How ids of the two queries compare: as SQL Server would compare their columns, were it to join the queries.
pub(super) fn keys(a: &Column, b: &Column) -> KeyRules {
    let one = |column: &Column| {
        let text = || KeyRules::of_collation(column.collation.as_deref().unwrap_or_default());
        match column.kind {
            Type::Int | Type::BigInt | Type::Decimal(_) => KeyRules { number: true, ..KeyRules::default() },
            Type::Guid => KeyRules { case: true, ..KeyRules::default() },
            _ => text(),
        }
    };
    // Whole numbers are spelt in one way, whatever their types, and so are GUIDs.
    let whole = |kind| matches!(kind, Type::Int | Type::BigInt | Type::Decimal(Some((_, 0))));
    let canonical = whole(a.kind) && whole(b.kind) || (a.kind, b.kind) == (Type::Guid, Type::Guid);
    KeyRules { canonical, ..one(a).or(one(b)) }
}

/// Types as far as they matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// `char`, `varchar`, `nchar`, `nvarchar`.
    Text,
    /// `text`, `ntext`.
    LongText,
    /// `tinyint`, `smallint`, `int`.
    Int,
    /// `bigint`.
    BigInt,
    /// `decimal`, `numeric`: precision and scale where they are known.
    Decimal(Option<(u8, u8)>),
    /// `money`, `smallmoney`.
    Money,
    /// `uniqueidentifier`.
    Guid,
    /// `float`, `real`.
    Float,
    /// `binary`, `varbinary`.
    Bytes,
    /// `image`.
    Image,
    /// `timestamp`, also called `rowversion`.
    RowVersion,
    /// `date`, `time` and all that have both.
    Moment,
    /// Anything else.
    Other,
}

impl Type {
    /// Reads `system_type_name`: `decimal(18,6)`, `nvarchar(max)`, `int`.
    pub(super) fn parse(text: &str) -> Self {
        let (base, arguments) = match text.split_once('(') {
            Some((base, rest)) => (base, rest.trim_end_matches(')')),
            None => (text, ""),
        };
        match base.trim().to_ascii_lowercase().as_str() {
            "char" | "varchar" | "nchar" | "nvarchar" | "sysname" => Self::Text,
            "text" | "ntext" => Self::LongText,
            "tinyint" | "smallint" | "int" => Self::Int,
            "bigint" => Self::BigInt,
            "money" | "smallmoney" => Self::Money,
            "uniqueidentifier" => Self::Guid,
            "float" | "real" => Self::Float,
            "binary" | "varbinary" => Self::Bytes,
            "image" => Self::Image,
            "timestamp" | "rowversion" => Self::RowVersion,
            "date" | "time" | "datetime" | "smalldatetime" | "datetime2" | "datetimeoffset" => Self::Moment,
            "decimal" | "numeric" => {
                let mut numbers = arguments.split(',').map(|part| part.trim().parse::<u8>());
                match (numbers.next(), numbers.next()) {
                    (Some(Ok(precision)), Some(Ok(scale))) => Self::Decimal(Some((precision, scale))),
                    (Some(Ok(precision)), None) => Self::Decimal(Some((precision, 0))),
                    _ => Self::Decimal(None),
                }
            }
            _ => Self::Other,
        }
    }
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Id,
    Name,
    Price,
    Barcode,
}

impl Role {
    fn setting(self) -> &'static str {
        match self {
            Self::Id => "columns.id",
            Self::Name => "columns.name",
            Self::Price => "columns.price",
            Self::Barcode => "columns.barcode",
        }
    }

    fn column(self, options: &SourceOptions) -> &str {
        match self {
            Self::Id => &options.columns.id,
            Self::Name => &options.columns.name,
            Self::Price => &options.columns.price,
            Self::Barcode => &options.columns.barcode,
        }
    }

    fn alias(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Price => "price",
            Self::Barcode => "barcode",
        }
    }

    /// How it is read, or why the column cannot be used and what to do.
    fn read(self, kind: Type, column: &str) -> Result<Read, (&'static str, String)> {
        match self {
            Self::Id => self.text(kind, column, ExternalId::MAX_LEN),
            Self::Barcode => self.text(kind, column, Barcode::MAX_LEN),
            Self::Name => self.text(kind, column, ProductName::MAX_LEN),
            Self::Price => price(kind, column),
        }
    }

    fn text(self, kind: Type, column: &str, max: usize) -> Result<Read, (&'static str, String)> {
        let units = max + 2;
        let remedy = |remedy: Remedy| remedy.of_column(column, units);
        let bytes = |hexadecimal| match self {
            Self::Id => format!("read them as digits, in both queries alike: {}", remedy(hexadecimal)),
            Self::Name | Self::Price | Self::Barcode => {
                format!(
                    "select a column of text, or, if the bytes are the letters themselves, {}",
                    remedy(Remedy::Letters)
                )
            }
        };
        match kind {
            Type::Text => Ok(Read::Text(units)),
            Type::LongText => Ok(Read::LongText(units)),
            Type::Int | Type::BigInt | Type::Decimal(_) | Type::Guid => Ok(Read::Shown(units)),
            Type::Float | Type::Money => Err((
                "a number that loses digits as text",
                format!("if all its values are whole numbers, cast it in the query: {}", remedy(Remedy::WholeNumber)),
            )),
            Type::Bytes => Err(("bytes, not text", bytes(Remedy::Hexadecimal))),
            Type::Image => Err(("bytes, not text", bytes(Remedy::HexadecimalImage))),
            Type::RowVersion => Err((
                "the version of the row, another one after every change",
                "select the column by which the table's rows are known".to_owned(),
            )),
            Type::Moment => {
                Err(("neither text nor a whole number", format!("convert it in the query: {}", remedy(Remedy::Moment))))
            }
            Type::Other => {
                Err(("neither text nor a whole number", format!("convert it in the query: {}", remedy(Remedy::Shown))))
            }
        }
    }
}

/// Prices that fit `decimal(19, 4)` exactly get it, the rest the widest decimal with their own scale: a cast can then
/// neither round nor overflow, and a value that our decimals cannot hold spoils its own row only. Without a known scale the
/// column is read as it is.
fn price(kind: Type, column: &str) -> Result<Read, (&'static str, String)> {
    let remedy = |remedy: Remedy| remedy.of_column(column, 0);
    let cast = || format!("cast it in the query, to the decimals that prices have: {}", remedy(Remedy::FourDecimals));
    let comma = |with_comma| {
        format!(
            "with a decimal comma write in the query {}, with a decimal point {}; a value that is no number fails the query then, and TRY_CAST would take its price away",
            remedy(with_comma),
            remedy(Remedy::TenDecimals)
        )
    };
    let exactly = |to: String| Ok(Read::As(to));
    match kind {
        Type::Int | Type::Money => exactly("decimal(19, 4)".to_owned()),
        Type::Decimal(Some((precision, scale))) if scale <= 4 && precision.saturating_sub(scale) <= 15 => {
            exactly("decimal(19, 4)".to_owned())
        }
        Type::Decimal(Some((_, scale))) if scale > MAX_SCALE => Err((
            "a number with more than 10 decimals",
            format!("cast it in the query: {}", remedy(Remedy::TenDecimals)),
        )),
        Type::Decimal(Some((_, scale))) => exactly(format!("decimal(38, {scale})")),
        Type::Decimal(None) => Ok(Read::Plain),
        Type::BigInt => exactly("decimal(38, 0)".to_owned()),
        Type::Float => Err(("a float, whose decimals are not exact", cast())),
        Type::Text => Err(("text, not a number", comma(Remedy::Comma))),
        Type::LongText => Err(("text, not a number", comma(Remedy::LongComma))),
        Type::Guid | Type::Bytes | Type::Image | Type::RowVersion | Type::Moment | Type::Other => {
            Err(("no number", "select the column that has the price".to_owned()))
        }
    }
}

/// What stands for a text of which the server has sent the beginning alone: longer than any may be.
static TOO_LONG: [u8; ProductName::MAX_LEN + 1] = [b'-'; ProductName::MAX_LEN + 1];

/// A text as it was read under a limit, or one that is too long if it was cut off. What the server trims are blanks; a text
/// that is as long as the limit and longer than the maximum may have lost what makes it a text at all.
pub(super) fn whole(text: Option<&str>, max: usize) -> Option<&str> {
    let cut = |text: &&str| text.len() > max && text.encode_utf16().count() > max;
    match text {
        Some(text) if cut(&text) => std::str::from_utf8(&TOO_LONG).ok(),
        text => text,
    }
}

/// The SELECT that reads what is needed of a query, in the order id, name, price or id, barcode.
///
/// # Errors
/// When a column is missing, twice there, nameless or of a type that cannot be read exactly.
pub(super) fn select(options: &SourceOptions, query: Query, columns: &[Column]) -> Result<Prepared, SourceError> {
    let wrong =
        |problem: String, cure: String| SourceError::Setting { setting: options.key(query.setting()), problem, cure };
    if columns.is_empty() {
        return Err(wrong("the query returns no columns".to_owned(), "it must be one SELECT".to_owned()));
    }
    if let Some(position) = columns.iter().position(|column| column.name.as_deref().unwrap_or_default().is_empty()) {
        return Err(wrong(
            format!("column {} of the query has no name", position + 1),
            format!("give it one: {}", Remedy::Named.of_column("", 0)),
        ));
    }
    let roles: &[Role] = match query {
        Query::Products => &[Role::Id, Role::Name, Role::Price],
        Query::Prices => &[Role::Id, Role::Price],
        Query::Barcodes => &[Role::Id, Role::Barcode],
    };
    let mut selected = Vec::with_capacity(roles.len());
    let mut id = None;
    for role in roles {
        let wanted = role.column(options);
        let column = find(columns, wanted).map_err(|count| match count {
            0 => wrong(
                format!("the query has no column {wanted}; it has {}", names(columns)),
                format!(
                    "select it, {} if it has another name, or set {}",
                    Remedy::Renamed.of_column(wanted, 0),
                    options.key(role.setting())
                ),
            ),
            count => wrong(
                format!("the query has {count} columns {wanted}"),
                "name the columns one by one instead of *".to_owned(),
            ),
        })?;
        let name = column.name.as_deref().unwrap_or_default();
        let read = role
            .read(column.kind, name)
            .map_err(|(problem, cure)| wrong(format!("the column {name} is {}: {problem}", column.shown), cure))?;
        selected.push(sql::column(name, read, role.alias()));
        id.get_or_insert(column);
    }
    let id = id.expect("every query has roles").clone();
    Ok(Prepared { select: sql::select(&selected, options.query(query)), id })
}

/// A column by its name: as written, or else in another case, since most servers don't care; `Err` with how many there are.
fn find<'a>(columns: &'a [Column], wanted: &str) -> Result<&'a Column, usize> {
    let name = |column: &Column| column.name.clone().unwrap_or_default();
    for same in [|a: &str, b: &str| a == b, |a: &str, b: &str| a.to_lowercase() == b.to_lowercase()] {
        let found: Vec<_> = columns.iter().filter(|column| same(&name(column), wanted)).collect();
        match found[..] {
            [] => {}
            [column] => return Ok(column),
            _ => return Err(found.len()),
        }
    }
    Err(0)
}

fn names(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().filter_map(|column| column.name.as_deref()).collect();
    names.join(", ")
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
