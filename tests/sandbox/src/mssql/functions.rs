//! What SQLite lacks: T-SQL's conversions, comparisons, LIKE and exact sums, registered on each connection.

use std::cmp::Ordering;

use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use super::convert::{Mode, convert};
use super::decimal::Dec;
use super::error::SqlError;
use super::sqltype::{Collation, SqlType};

/// The collation of text: case does not count, nor do trailing blanks.
pub(super) const TEXT: &str = "TSQL_TEXT";
/// The order of decimals, which are stored as text.
pub(super) const NUMBER: &str = "TSQL_NUMBER";

pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_collation(TEXT, compare_text)?;
    connection.create_collation(NUMBER, |a, b| match (Dec::parse(a), Dec::parse(b)) {
        (Some(a), Some(b)) => a.compare(b),
        _ => a.cmp(b),
    })?;
    connection.create_scalar_function("tsql_cast", 5, pure, |ctx| cast(ctx))?;
    connection.create_scalar_function("tsql_arith", 4, pure, |ctx| arithmetic(ctx))?;
    connection.create_scalar_function("tsql_like", 3, pure, |ctx| {
        let (Some(text), Some(pattern)) = (text_of(ctx, 0), text_of(ctx, 1)) else {
            return Ok(None);
        };
        let escape = text_of(ctx, 2).and_then(|escape| escape.chars().next());
        let text: Vec<char> = text.to_lowercase().chars().collect();
        let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
        Ok(Some(like(&text, &pattern, escape)))
    })?;
    connection
        .create_scalar_function("tsql_upper", 1, pure, |ctx| Ok(text_of(ctx, 0).map(|text| text.to_uppercase())))?;
    connection
        .create_scalar_function("tsql_lower", 1, pure, |ctx| Ok(text_of(ctx, 0).map(|text| text.to_lowercase())))?;
    connection.create_scalar_function("tsql_charindex", 2, pure, |ctx| {
        let (Some(needle), Some(hay)) = (text_of(ctx, 0), text_of(ctx, 1)) else {
            return Ok(None);
        };
        let (needle, hay) = (needle.to_lowercase(), hay.to_lowercase());
        let found = hay.find(&needle).filter(|_| !needle.is_empty());
        Ok(Some(found.map_or(0, |at| hay[..at].chars().count() as i64 + 1)))
    })?;
    connection.create_aggregate_function("tsql_sum", 1, pure, ExactSum)?;
    Ok(())
}

fn compare_text(a: &str, b: &str) -> Ordering {
    let fold = |text: &str| -> Vec<char> { text.trim_end_matches(' ').chars().flat_map(char::to_lowercase).collect() };
    if a.is_ascii() && b.is_ascii() {
        return a
            .trim_end_matches(' ')
            .bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .cmp(b.trim_end_matches(' ').bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    fold(a).cmp(&fold(b))
}

fn text_of(ctx: &Context<'_>, at: usize) -> Option<String> {
    match ctx.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    }
}

/// `tsql_cast(value, from, to, collation, mode)`: mode is `cast`, `try` or `assign`.
fn cast(ctx: &Context<'_>) -> rusqlite::Result<Value> {
    let value: Value = ctx.get(0)?;
    if value == Value::Null {
        return Ok(value);
    }
    let named = |at: usize| -> rusqlite::Result<SqlType> {
        let name = ctx.get_raw(at).as_str()?;
        SqlType::parse(name, true).ok_or_else(|| SqlError::unsupported(name).into())
    };
    let (from, to) = (named(1)?, named(2)?);
    let collation = Collation::parse(ctx.get_raw(3).as_str()?).unwrap_or_default();
    let mode = ctx.get_raw(4).as_str()?;
    let converted = convert(value, from, to, collation, if mode == "assign" { Mode::Assign } else { Mode::Cast });
    match converted {
        Err(_) if mode == "try" => Ok(Value::Null),
        other => Ok(other?),
    }
}

/// `tsql_arith(operator, left, right, type)`: exact arithmetic on decimals, the result in the named type.
fn arithmetic(ctx: &Context<'_>) -> rusqlite::Result<Value> {
    let operator = text_of(ctx, 0).unwrap_or_default();
    let (Some(left), Some(right)) = (text_of(ctx, 1), text_of(ctx, 2)) else {
        return Ok(Value::Null);
    };
    let name = text_of(ctx, 3).unwrap_or_default();
    let to = SqlType::parse(&name, true).ok_or_else(|| SqlError::unsupported(&name))?;
    let overflow = || SqlError::new(8_115, 16, 8, "Arithmetic overflow error converting numeric to data type numeric.");
    let (Some(a), Some(b)) = (Dec::parse(&left), Dec::parse(&right)) else {
        return Err(overflow().into());
    };
    let scale = a.scale.max(b.scale);
    let aligned = || Some((a.rescale(scale)?.units, b.rescale(scale)?.units));
    let result = match operator.as_str() {
        "+" => aligned().and_then(|(a, b)| Some((a.checked_add(b)?, scale))),
        "-" => aligned().and_then(|(a, b)| Some((a.checked_sub(b)?, scale))),
        "*" => a.units.checked_mul(b.units).map(|units| (units, a.scale + b.scale)),
        _ => None,
    };
    let (units, scale) = result.ok_or_else(overflow)?;
    let exact = Dec { units, scale }.to_string();
    Ok(convert(Value::Text(exact), SqlType::Decimal(38, 0), to, Collation::Latin1, Mode::Cast)?)
}

/// LIKE: `%`, `_`, `[abc]`, `[a-z]`, `[^a]`, an escape character.
fn like(text: &[char], pattern: &[char], escape: Option<char>) -> bool {
    let Some((&first, rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    if Some(first) == escape
        && let Some((literal, rest)) = rest.split_first()
    {
        return text.first() == Some(literal) && like(&text[1..], rest, escape);
    }
    match first {
        '%' => (0..=text.len()).any(|at| like(&text[at..], rest, escape)),
        '_' => !text.is_empty() && like(&text[1..], rest, escape),
        '[' if rest.contains(&']') => {
            let end = rest.iter().position(|c| *c == ']').unwrap_or(0);
            let (set, rest) = (&rest[..end], &rest[end + 1..]);
            let (negated, set) = match set.split_first() {
                Some(('^', set)) => (true, set),
                _ => (false, set),
            };
            let Some(&c) = text.first() else { return false };
            let mut hit = false;
            let mut at = 0;
            while at < set.len() {
                if at + 2 < set.len() && set[at + 1] == '-' {
                    hit |= (set[at]..=set[at + 2]).contains(&c);
                    at += 3;
                } else {
                    hit |= set[at] == c;
                    at += 1;
                }
            }
            hit != negated && like(&text[1..], rest, escape)
        }
        c => text.first() == Some(&c) && like(&text[1..], rest, escape),
    }
}

struct ExactSum;

impl Aggregate<Option<Dec>, Option<String>> for ExactSum {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Dec>> {
        Ok(None)
    }

    fn step(&self, ctx: &mut Context<'_>, sum: &mut Option<Dec>) -> rusqlite::Result<()> {
        if let Some(value) = text_of(ctx, 0).and_then(|text| Dec::parse(&text)) {
            *sum = Some(match *sum {
                None => value,
                Some(old) => {
                    let scale = old.scale.max(value.scale);
                    let add = || {
                        let units = old.rescale(scale)?.units.checked_add(value.rescale(scale)?.units)?;
                        Some(Dec { units, scale })
                    };
                    add().ok_or_else(|| {
                        SqlError::new(
                            8_115,
                            16,
                            2,
                            "Arithmetic overflow error converting expression to data type numeric.",
                        )
                    })?
                }
            });
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Option<Dec>>) -> rusqlite::Result<Option<String>> {
        Ok(sum.flatten().map(|sum| sum.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_knows_sets_and_escapes() {
        let like = |text: &str, pattern: &str| {
            like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>(), Some('\\'))
        };
        assert!(like("4601234567890", "46%"));
        assert!(like("a5", "[a-c][0-9]"));
        assert!(!like("d5", "[a-c]_"));
        assert!(like("d5", "[^a-c]_"));
        assert!(like("50%", "50\\%"));
        assert!(!like("501", "50\\%"));
    }
}
