//! Values from one T-SQL type to another: CAST, CONVERT, TRY_CAST and the implicit conversion of an INSERT.
//!
//! The stored form of a value (SQLite): integers and `bit` as INTEGER; `real`/`float` as REAL; decimals and money as
//! canonical TEXT with all their decimals; text as TEXT; `uniqueidentifier` as upper-case TEXT; dates and times as
//! ISO TEXT of fixed width; binary as BLOB. A BLOB in a text column is text in the column's code page as it came.

use rusqlite::types::Value;

use super::calendar::Moment;
use super::decimal::Dec;
use super::error::SqlError;
use super::sqltype::{Collation, Family, Len, SqlType};

/// What happens to text that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// CAST cuts it off.
    Cast,
    /// An assignment refuses it (error 2628).
    Assign,
}

/// Converts `value`, of the type `from`, to the stored form of `to`.
///
/// # Errors
/// SQL Server's conversion errors (235, 241, 245, 248, 8114, 8115, 8169, 2628).
pub(super) fn convert(
    value: Value,
    from: SqlType,
    to: SqlType,
    collation: Collation,
    mode: Mode,
) -> Result<Value, SqlError> {
    if value == Value::Null {
        return Ok(value);
    }
    if to.family() == Family::Text {
        let text = to_text(value, from, to, collation)?;
        return fit_text(text, from, to, collation, mode).map(Value::Text);
    }
    if to.family() == Family::Bytes {
        return to_bytes(value, from, to, collation, mode).map(Value::Blob);
    }
    let value = match value {
        Value::Blob(bytes) if from.family() == Family::Text => Value::Text(collation.decode(&bytes)),
        other => other,
    };
    match to.family() {
        Family::Integer => to_integer(&value, from, to).map(Value::Integer),
        Family::Exact => to_exact(&value, from, to).map(|dec| Value::Text(dec.to_string())),
        Family::Approximate => to_float(&value, from, to).map(Value::Real),
        Family::Guid => to_guid(&value, from).map(Value::Text),
        Family::Time => to_time(&value, from, to).map(Value::Text),
        Family::Text | Family::Bytes => Err(SqlError::unsupported("this conversion")),
    }
}

fn failed_8114(from: SqlType, to: SqlType) -> SqlError {
    // SQL Server names decimal "numeric" in its messages.
    let name = |t: SqlType| {
        if matches!(t, SqlType::Decimal(..)) { "numeric" } else { t.name() }
    };
    SqlError::new(8_114, 16, 5, format!("Error converting data type {} to {}.", name(from), name(to)))
}

fn overflow(from: SqlType, to: SqlType) -> SqlError {
    let (what, state) = match (from.family(), to.family()) {
        (Family::Integer, Family::Integer) => ("expression", 2),
        (Family::Exact, Family::Integer) => ("expression", 2),
        (Family::Exact, _) => ("numeric", 8),
        _ => (from.name(), 8),
    };
    let target = match to {
        SqlType::Decimal(..) | SqlType::Numeric(..) => "data type numeric".to_owned(),
        other => format!("data type {}", other.name()),
    };
    SqlError::new(8_115, 16, state, format!("Arithmetic overflow error converting {what} to {target}."))
}

fn clash(from: SqlType, to: SqlType) -> SqlError {
    SqlError::new(
        529,
        16,
        2,
        format!("Explicit conversion from data type {} to {} is not allowed.", from.name(), to.name()),
    )
}

fn to_text(value: Value, from: SqlType, to: SqlType, collation: Collation) -> Result<String, SqlError> {
    Ok(match (value, from) {
        (Value::Text(text), SqlType::Money | SqlType::SmallMoney) => {
            // Style 0: two decimals, whatever the value has.
            Dec::parse(&text).and_then(|dec| dec.rescale(2)).map_or(text, |dec| dec.to_string())
        }
        (Value::Text(text), SqlType::DateTime | SqlType::SmallDateTime) => {
            Moment::parse(&text).map_or(text, Moment::style0)
        }
        (Value::Text(text), SqlType::DateTime2(scale)) => {
            Moment::parse(&text).map_or(text, |moment| moment.text(scale))
        }
        (Value::Text(text), SqlType::Time(scale)) => {
            Moment::parse(&text).map_or(text, |moment| moment.time_text(scale))
        }
        (Value::Text(text), _) => text,
        (Value::Integer(number), _) => number.to_string(),
        (Value::Real(number), _) => short_float(number),
        (Value::Blob(bytes), _) if from.family() == Family::Text => collation.decode(&bytes),
        (Value::Blob(bytes), _) if to.is_unicode() => {
            let units: Vec<u16> =
                bytes.chunks(2).map(|pair| u16::from(pair[0]) | u16::from(*pair.get(1).unwrap_or(&0)) << 8).collect();
            String::from_utf16_lossy(&units)
        }
        (Value::Blob(bytes), _) => collation.decode(&bytes),
        (Value::Null, _) => String::new(),
    })
}

/// Style 0 of `float`: at most six digits, an exponent when the number is large or small.
fn short_float(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let exponent = number.abs().log10().floor() as i32;
    if (-5..6).contains(&exponent) {
        let decimals = (5 - exponent).max(0) as usize;
        let text = format!("{number:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        let text = format!("{number:.5e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        let exponent: i32 = exponent.parse().unwrap_or(0);
        format!("{mantissa}e{}{:03}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }
}

fn fit_text(text: String, from: SqlType, to: SqlType, collation: Collation, mode: Mode) -> Result<String, SqlError> {
    // A varchar can hold only what its code page has.
    let text = if to.is_unicode() || text.is_ascii() { text } else { collation.decode(&collation.encode(&text)) };
    let Some(Len::N(limit)) = to.length() else {
        return Ok(text);
    };
    let limit = usize::from(limit);
    let units = if text.is_ascii() {
        text.len()
    } else if to.is_unicode() {
        text.encode_utf16().count()
    } else {
        text.chars().count()
    };
    if units > limit {
        if from.family() != Family::Text && from.family() != Family::Bytes {
            return Err(match from {
                SqlType::Int | SqlType::SmallInt | SqlType::TinyInt if !to.is_unicode() => {
                    return Ok("*".to_owned());
                }
                SqlType::Guid => {
                    SqlError::new(8_170, 16, 2, "Insufficient result space to convert uniqueidentifier value to char.")
                }
                _ => overflow(from, to),
            });
        }
        if mode == Mode::Assign && text.trim_end_matches(' ').chars().count() > limit {
            return Err(SqlError::new(
                2_628,
                16,
                1,
                format!("String or binary data would be truncated. Truncated value: '{text}'."),
            ));
        }
        return Ok(cut(&text, limit, to.is_unicode()));
    }
    if matches!(to, SqlType::Char(_) | SqlType::NChar(_)) {
        return Ok(text + &" ".repeat(limit - units));
    }
    Ok(text)
}

fn cut(text: &str, limit: usize, unicode: bool) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += if unicode { c.len_utf16() } else { 1 };
            used <= limit
        })
        .collect()
}

fn to_bytes(value: Value, from: SqlType, to: SqlType, collation: Collation, mode: Mode) -> Result<Vec<u8>, SqlError> {
    let mut bytes = match value {
        Value::Blob(bytes) => bytes,
        Value::Text(text) if from.is_unicode() => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Value::Text(text) if from.family() == Family::Text => collation.encode(&text),
        Value::Integer(number) => {
            let width = from.max_length().clamp(1, 8) as usize;
            number.to_be_bytes()[8 - width..].to_vec()
        }
        _ => return Err(clash(from, to)),
    };
    if let Some(Len::N(limit)) = to.length() {
        let limit = usize::from(limit);
        if bytes.len() > limit && mode == Mode::Assign {
            return Err(SqlError::new(2_628, 16, 1, "String or binary data would be truncated."));
        }
        bytes.truncate(limit);
        if matches!(to, SqlType::Binary(_)) {
            bytes.resize(limit, 0);
        }
    }
    Ok(bytes)
}

fn to_integer(value: &Value, from: SqlType, to: SqlType) -> Result<i64, SqlError> {
    let wide: i128 = match value {
        Value::Integer(number) => i128::from(*number),
        Value::Real(number) => number.trunc() as i128,
        Value::Text(text) if from.family() == Family::Text => {
            let text = text.trim_matches(' ');
            if to == SqlType::Bit && text.eq_ignore_ascii_case("true") {
                1
            } else if to == SqlType::Bit && text.eq_ignore_ascii_case("false") || text.is_empty() {
                0
            } else {
                match text.parse::<i128>() {
                    Ok(number) => number,
                    Err(_) if to == SqlType::BigInt => return Err(failed_8114(from, to)),
                    Err(_) => {
                        return Err(SqlError::new(
                            245,
                            16,
                            1,
                            format!(
                                "Conversion failed when converting the {} value '{text}' to data type {}.",
                                from.name(),
                                to.name()
                            ),
                        ));
                    }
                }
            }
        }
        Value::Text(text) if from.family() == Family::Exact => {
            Dec::parse(text).ok_or_else(|| failed_8114(from, to))?.trunc()
        }
        Value::Blob(bytes) if from.family() == Family::Bytes => {
            bytes.iter().rev().take(8).rev().fold(0i128, |sum, byte| sum << 8 | i128::from(*byte))
        }
        _ => return Err(clash(from, to)),
    };
    let (low, high): (i128, i128) = match to {
        SqlType::Bit => return Ok(i64::from(wide != 0)),
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
        SqlType::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    if (low..=high).contains(&wide) {
        return Ok(wide as i64);
    }
    Err(match (from.family(), to) {
        (Family::Text, SqlType::Int) => SqlError::new(
            248,
            16,
            1,
            format!("The conversion of the {} value '{wide}' overflowed an int column.", from.name()),
        ),
        (Family::Integer | Family::Exact, SqlType::SmallInt | SqlType::TinyInt) => {
            SqlError::new(220, 16, 2, format!("Arithmetic overflow error for data type {}, value = {wide}.", to.name()))
        }
        _ => overflow(from, to),
    })
}

fn to_exact(value: &Value, from: SqlType, to: SqlType) -> Result<Dec, SqlError> {
    let (precision, scale) = to.exact().unwrap_or((38, 0));
    let is_money = matches!(to, SqlType::Money | SqlType::SmallMoney);
    let bad = || {
        if is_money {
            SqlError::new(235, 16, 0, "Cannot convert a char value to money. The char value has incorrect syntax.")
        } else {
            failed_8114(from, to)
        }
    };
    let dec = match value {
        Value::Integer(number) => Dec { units: i128::from(*number), scale: 0 },
        Value::Real(number) => {
            Dec::parse(&format!("{number:.*}", usize::from(scale))).ok_or_else(|| overflow(from, to))?
        }
        Value::Text(text) if from.family() == Family::Text && is_money => {
            let plain = text.trim_matches(' ').replace([',', '$'], "");
            if plain.is_empty() { Dec { units: 0, scale: 0 } } else { Dec::parse(&plain).ok_or_else(bad)? }
        }
        Value::Text(text) if matches!(from.family(), Family::Text | Family::Exact) => {
            Dec::parse(text).ok_or_else(bad)?
        }
        _ => return Err(clash(from, to)),
    };
    let dec = dec.rescale(scale).ok_or_else(|| overflow(from, to))?;
    let fits = match to {
        SqlType::Money => i64::try_from(dec.units).is_ok(),
        SqlType::SmallMoney => i32::try_from(dec.units).is_ok(),
        _ => dec.digits() <= precision,
    };
    if fits { Ok(dec) } else { Err(overflow(from, to)) }
}

fn to_float(value: &Value, from: SqlType, to: SqlType) -> Result<f64, SqlError> {
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        Value::Text(text) if from.family() == Family::Exact => Dec::parse(text).map_or(f64::NAN, Dec::to_f64),
        Value::Text(text) if from.family() == Family::Text => {
            text.trim().parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| failed_8114(from, to))?
        }
        _ => return Err(clash(from, to)),
    };
    Ok(if to == SqlType::Real { f64::from(number as f32) } else { number })
}

fn to_guid(value: &Value, from: SqlType) -> Result<String, SqlError> {
    let Value::Text(text) = value else {
        return Err(clash(from, SqlType::Guid));
    };
    let text = text.trim().trim_matches(|c| c == '{' || c == '}').to_ascii_uppercase();
    let shape = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if shape {
        Ok(text)
    } else {
        Err(SqlError::new(
            8_169,
            16,
            2,
            "Conversion failed when converting from a character string to uniqueidentifier.",
        ))
    }
}

fn to_time(value: &Value, from: SqlType, to: SqlType) -> Result<String, SqlError> {
    let text = match value {
        Value::Text(text) if matches!(from.family(), Family::Text | Family::Time) => text,
        _ => return Err(clash(from, to)),
    };
    let moment = Moment::parse(text).ok_or_else(|| {
        SqlError::new(241, 16, 1, "Conversion failed when converting date and/or time from character string.")
    })?;
    Ok(match to {
        SqlType::Date => moment.date_text(),
        SqlType::Time(scale) => moment.round(scale).time_text(7),
        SqlType::SmallDateTime => moment.round_minute().text(7),
        SqlType::DateTime => moment.round_300ths().text(7),
        SqlType::DateTime2(scale) => moment.round(scale).text(7),
        _ => return Err(clash(from, to)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(value: impl Into<Value>, from: &str, to: &str) -> Result<Value, u32> {
        convert(
            value.into(),
            SqlType::parse(from, true).unwrap(),
            SqlType::parse(to, true).unwrap(),
            Collation::Latin1,
            Mode::Cast,
        )
        .map_err(|error| error.number)
    }

    fn text(value: &str) -> Result<Value, u32> {
        Ok(Value::Text(value.to_owned()))
    }

    #[test]
    fn casts_as_sql_server_does() {
        let t = |value: &str| value.to_owned();
        assert_eq!(cast(t("9.9955"), "money", "decimal(19,4)"), text("9.9955"));
        assert_eq!(cast(t("9.9955"), "money", "nvarchar(30)"), text("10.00"));
        assert_eq!(cast(t("abc"), "nvarchar(3)", "int"), Err(245));
        assert_eq!(cast(t("abc"), "nvarchar(3)", "bigint"), Err(8_114));
        assert_eq!(cast(t("abc"), "varchar(3)", "decimal(5,2)"), Err(8_114));
        assert_eq!(cast(t("99999999999"), "varchar(20)", "int"), Err(248));
        assert_eq!(cast(300, "int", "tinyint"), Err(220));
        assert_eq!(cast(1000, "int", "decimal(4,2)"), Err(8_115));
        assert_eq!(cast(123, "int", "varchar(2)"), text("*"));
        assert_eq!(cast(123, "int", "nvarchar(2)"), Err(8_115));
        assert_eq!(cast(t("ab"), "varchar(2)", "char(4)"), text("ab  "));
        assert_eq!(cast(t("abcd"), "varchar(4)", "nvarchar(2)"), text("ab"));
        assert_eq!(cast(1.0 / 3.0, "float", "varchar(30)"), text("0.333333"));
        assert_eq!(cast(1e20, "float", "varchar(30)"), text("1e+020"));
        assert_eq!(cast(t("x"), "varchar(1)", "date"), Err(241));
        assert_eq!(cast(t("Ж"), "nvarchar(1)", "varchar(1)"), text("?"));
    }
}
