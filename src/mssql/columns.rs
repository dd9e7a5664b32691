//! Which columns a query must have, what types they may have, and how each is cast on the server.
//!
//! Pure. A type is refused when its cast would change values without anybody noticing: floats (`1E+07` for an id, 0.1 for
//! a price) and text as a price. Texts are cast to two UTF-16 units more than the catalogue accepts, so that an over-long
//! value is reported rather than cut: with one, a collation that knows surrogate pairs (`_SC`) would leave out the pair
//! on the border and return a text that fits.

use super::error::SourceError;
use super::options::{Query, SourceOptions};
use super::sql;
use crate::catalog::{Barcode, ExternalId, ProductName};

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
}

/// Types as far as they matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// `char`, `varchar`, `nchar`, `nvarchar`, `text`, `ntext`.
    Text,
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
            "char" | "varchar" | "nchar" | "nvarchar" | "text" | "ntext" | "sysname" => Self::Text,
            "tinyint" | "smallint" | "int" => Self::Int,
            "bigint" => Self::BigInt,
            "money" | "smallmoney" => Self::Money,
            "uniqueidentifier" => Self::Guid,
            "float" | "real" => Self::Float,
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

    /// The type to cast to, or why the column cannot be used and what to do.
    fn target(self, kind: Type, column: &str) -> Result<String, (&'static str, String)> {
        let text = |max: usize| match kind {
            Type::Text | Type::Int | Type::BigInt | Type::Decimal(_) | Type::Guid => {
                Ok(format!("nvarchar({})", max + 2))
            }
            Type::Float | Type::Money => Err((
                "a number that loses digits as text",
                format!("cast it in the query: CAST({} AS decimal(38, 0))", sql::name(column)),
            )),
            Type::Other => Err((
                "neither text nor a whole number",
                format!("convert it in the query: CONVERT(nvarchar({max}), {})", sql::name(column)),
            )),
        };
        match self {
            Self::Id => text(ExternalId::MAX_LEN),
            Self::Barcode => text(Barcode::MAX_LEN),
            Self::Name => text(ProductName::MAX_LEN),
            Self::Price => price(kind, column),
        }
    }
}

/// Prices that fit `decimal(19, 4)` exactly get it, the rest the widest decimal with their own scale: a cast can then
/// neither round nor overflow, and a value that our decimals cannot hold spoils its own row only.
fn price(kind: Type, column: &str) -> Result<String, (&'static str, String)> {
    let cast = format!("cast it in the query: CAST({} AS decimal(19, 4))", sql::name(column));
    match kind {
        Type::Int | Type::Money => Ok("decimal(19, 4)".to_owned()),
        Type::Decimal(Some((precision, scale))) if scale <= 4 && precision.saturating_sub(scale) <= 15 => {
            Ok("decimal(19, 4)".to_owned())
        }
        Type::Decimal(Some((_, scale))) if scale > MAX_SCALE => Err(("a number with more than 10 decimals", cast)),
        Type::Decimal(Some((_, scale))) => Ok(format!("decimal(38, {scale})")),
        Type::Decimal(None) => Ok(format!("decimal(38, {MAX_SCALE})")),
        Type::BigInt => Ok("decimal(38, 0)".to_owned()),
        Type::Float => Err(("a float, whose decimals are not exact", cast)),
        Type::Text => Err((
            "text, not a number",
            format!("cast it in the query: TRY_CAST({} AS decimal(19, 4))", sql::name(column)),
        )),
        Type::Guid | Type::Other => Err(("no number", cast)),
    }
}

/// The SELECT that reads what is needed of a query, in the order id, name, price or id, barcode.
///
/// # Errors
/// When a column is missing, twice there, nameless or of a type that cannot be read exactly.
pub(super) fn select(options: &SourceOptions, query: Query, columns: &[Column]) -> Result<String, SourceError> {
    let wrong =
        |problem: String, cure: String| SourceError::Setting { setting: options.key(query.setting()), problem, cure };
    if columns.is_empty() {
        return Err(wrong("the query returns no columns".to_owned(), "it must be one SELECT".to_owned()));
    }
    if let Some(position) = columns.iter().position(|column| column.name.as_deref().unwrap_or_default().is_empty()) {
        return Err(wrong(
            format!("column {} of the query has no name", position + 1),
            "give it one: expression AS [name]".to_owned(),
        ));
    }
    let roles: &[Role] = match query {
        Query::Products => &[Role::Id, Role::Name, Role::Price],
        Query::Prices => &[Role::Id, Role::Price],
        Query::Barcodes => &[Role::Id, Role::Barcode],
    };
    let mut casts = Vec::with_capacity(roles.len());
    for role in roles {
        let wanted = role.column(options);
        let column = find(columns, wanted).map_err(|count| match count {
            0 => wrong(
                format!("the query has no column {wanted}; it has {}", names(columns)),
                format!(
                    "select it, as {} if it has another name, or set {}",
                    sql::name(wanted),
                    options.key(role.setting())
                ),
            ),
            count => wrong(
                format!("the query has {count} columns {wanted}"),
                "name the columns one by one instead of *".to_owned(),
            ),
        })?;
        let name = column.name.as_deref().unwrap_or_default();
        let target = role
            .target(column.kind, name)
            .map_err(|(problem, cure)| wrong(format!("the column {name} is {}: {problem}", column.shown), cure))?;
        casts.push(sql::cast(name, &target, role.alias()));
    }
    Ok(sql::select(&casts, options.query(query)))
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
