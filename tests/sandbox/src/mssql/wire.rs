//! Column metadata and rows as bytes: TYPE_INFO (MS-TDS 2.2.5.4 to 2.2.5.6), COLMETADATA (2.2.7.4), ROW (2.2.7.19) and
//! NBCROW (2.2.7.13).
//!
//! Takes values in the stored form that `convert` describes and changes nothing about them.

use rusqlite::types::ValueRef;

use super::calendar::{DAYS_TO_1900, Moment};
use super::decimal::Dec;
use super::sqltype::{ColType, Len, SqlType};
use super::token::b_varchar;

/// A column of a result set.
#[derive(Debug, Clone)]
pub(super) struct ResultColumn {
    pub name: String,
    pub col: ColType,
    /// An expression rather than a column of a table.
    pub computed: bool,
}

/// Appends COLMETADATA.
pub(super) fn col_metadata(out: &mut Vec<u8>, columns: &[ResultColumn]) {
    out.push(0x81);
    out.extend((columns.len() as u16).to_le_bytes());
    for column in columns {
        out.extend(0u32.to_le_bytes());
        // fNullable, usUpdateable = unknown (2), fComputed.
        let mut flags = u16::from(column.col.nullable);
        flags |= if column.computed { 0x20 } else { 0x08 };
        out.extend(flags.to_le_bytes());
        type_info(out, column.col);
        b_varchar(out, &column.name);
    }
}

/// The fixed-length form that a NOT NULL column of the type has, if there is one.
fn fixed_type(ty: SqlType) -> Option<u8> {
    Some(match ty {
        SqlType::Bit => 0x32,
        SqlType::TinyInt => 0x30,
        SqlType::SmallInt => 0x34,
        SqlType::Int => 0x38,
        SqlType::BigInt => 0x7f,
        SqlType::Real => 0x3b,
        SqlType::Float => 0x3e,
        SqlType::Money => 0x3c,
        SqlType::SmallMoney => 0x7a,
        SqlType::SmallDateTime => 0x3a,
        SqlType::DateTime => 0x3d,
        _ => return None,
    })
}

fn type_info(out: &mut Vec<u8>, col: ColType) {
    if !col.nullable
        && let Some(code) = fixed_type(col.ty)
    {
        out.push(code);
        return;
    }
    let width = col.ty.max_length();
    let short = |out: &mut Vec<u8>, code: u8, bytes: u16| {
        out.push(code);
        out.extend(bytes.to_le_bytes());
    };
    let length = |len: Len, unit: u16| match len {
        Len::N(n) => n * unit,
        Len::Max => 0xffff,
    };
    match col.ty {
        SqlType::Bit => out.extend([0x68, 1]),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            out.extend([0x26, width as u8]);
        }
        SqlType::Real | SqlType::Float => out.extend([0x6d, width as u8]),
        SqlType::Decimal(p, s) => out.extend([0x6a, width as u8, p, s]),
        SqlType::Numeric(p, s) => out.extend([0x6c, width as u8, p, s]),
        SqlType::Money | SqlType::SmallMoney => out.extend([0x6e, width as u8]),
        SqlType::Char(n) => short(out, 0xaf, n),
        SqlType::VarChar(n) => short(out, 0xa7, length(n, 1)),
        SqlType::NChar(n) => short(out, 0xef, n * 2),
        SqlType::NVarChar(n) => short(out, 0xe7, length(n, 2)),
        SqlType::Binary(n) => short(out, 0xad, n),
        SqlType::VarBinary(n) => short(out, 0xa5, length(n, 1)),
        SqlType::Guid => out.extend([0x24, 16]),
        SqlType::Date => out.push(0x28),
        SqlType::Time(s) => out.extend([0x29, s]),
        SqlType::SmallDateTime | SqlType::DateTime => out.extend([0x6f, width as u8]),
        SqlType::DateTime2(s) => out.extend([0x2a, s]),
        SqlType::Variant => {
            out.push(0x62);
            out.extend(8009u32.to_le_bytes());
        }
    }
    if matches!(col.ty, SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_)) {
        out.extend(col.collation.bytes());
    }
}

/// Appends a row: NBCROW where the client knows it and a value is NULL, otherwise ROW.
pub(super) fn row(
    out: &mut Vec<u8>,
    columns: &[ResultColumn],
    row: &rusqlite::Row<'_>,
    knows_nbc: bool,
) -> Result<(), rusqlite::Error> {
    let start = out.len();
    out.push(0xd1);
    let mut has_null = false;
    for (at, column) in columns.iter().enumerate() {
        let value = row.get_ref(at)?;
        if value == ValueRef::Null && knows_nbc {
            has_null = true;
            break;
        }
        cell(out, column.col, value);
    }
    if !has_null {
        return Ok(());
    }
    out.truncate(start);
    out.push(0xd2);
    let bitmap = out.len();
    out.resize(bitmap + columns.len().div_ceil(8), 0);
    for (at, column) in columns.iter().enumerate() {
        match row.get_ref(at)? {
            ValueRef::Null => out[bitmap + at / 8] |= 1 << (at % 8),
            value => cell(out, column.col, value),
        }
    }
    Ok(())
}

fn cell(out: &mut Vec<u8>, col: ColType, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => null(out, col.ty),
        ValueRef::Integer(number) => {
            let width = col.ty.max_length() as usize;
            length_byte(out, col, width);
            out.extend(&number.to_le_bytes()[..width]);
        }
        ValueRef::Real(number) => {
            length_byte(out, col, col.ty.max_length() as usize);
            if col.ty == SqlType::Real {
                out.extend((number as f32).to_le_bytes());
            } else {
                out.extend(number.to_le_bytes());
            }
        }
        ValueRef::Text(bytes) => text_cell(out, col, &String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => byte_string(out, col.ty, bytes),
    }
}

fn null(out: &mut Vec<u8>, ty: SqlType) {
    match ty.length() {
        _ if ty == SqlType::Variant => out.extend(0u32.to_le_bytes()),
        Some(Len::Max) => out.extend(u64::MAX.to_le_bytes()),
        Some(Len::N(_)) => out.extend(u16::MAX.to_le_bytes()),
        None => out.push(0),
    }
}

fn length_byte(out: &mut Vec<u8>, col: ColType, width: usize) {
    if col.nullable || fixed_type(col.ty).is_none() {
        out.push(width as u8);
    }
}

fn text_cell(out: &mut Vec<u8>, col: ColType, text: &str) {
    match col.ty {
        SqlType::NChar(_) | SqlType::NVarChar(Len::N(_)) => {
            let at = out.len();
            out.extend([0, 0]);
            utf16(out, text);
            let bytes = (out.len() - at - 2) as u16;
            out[at..at + 2].copy_from_slice(&bytes.to_le_bytes());
        }
        SqlType::NVarChar(Len::Max) => {
            let mut bytes = Vec::with_capacity(text.len() * 2);
            utf16(&mut bytes, text);
            byte_string(out, col.ty, &bytes);
        }
        SqlType::Char(_) | SqlType::VarChar(_) => {
            if text.is_ascii() {
                byte_string(out, col.ty, text.as_bytes());
            } else {
                byte_string(out, col.ty, &col.collation.encode(text));
            }
        }
        SqlType::Variant => {
            // Total length, base type NVARCHAR, seven property bytes: collation and maximum length.
            let mut bytes = vec![0xe7, 7];
            bytes.extend(col.collation.bytes());
            bytes.extend(8000u16.to_le_bytes());
            utf16(&mut bytes, text);
            out.extend((bytes.len() as u32).to_le_bytes());
            out.extend(bytes);
        }
        SqlType::Decimal(p, s) | SqlType::Numeric(p, s) => {
            let units = exact_units(text, s);
            let width = SqlType::Decimal(p, s).max_length() as usize;
            out.push(width as u8);
            out.push(u8::from(units >= 0));
            out.extend(&units.unsigned_abs().to_le_bytes()[..width - 1]);
        }
        SqlType::Money => {
            let units = exact_units(text, 4) as i64;
            length_byte(out, col, 8);
            // The high half first, each half little-endian (MS-TDS 2.2.5.5.1.2).
            out.extend(((units >> 32) as i32).to_le_bytes());
            out.extend((units as u32).to_le_bytes());
        }
        SqlType::SmallMoney => {
            length_byte(out, col, 4);
            out.extend((exact_units(text, 4) as i32).to_le_bytes());
        }
        SqlType::Guid => {
            let hex: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
            let digit = |at: usize| (hex[at] as char).to_digit(16).unwrap_or(0) as u8;
            let byte = |at: usize| digit(at * 2) << 4 | digit(at * 2 + 1);
            out.push(16);
            // The first three groups are little-endian.
            out.extend([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(byte));
        }
        SqlType::Date | SqlType::Time(_) | SqlType::SmallDateTime | SqlType::DateTime | SqlType::DateTime2(_) => {
            time_cell(out, col, text)
        }
        _ => null(out, col.ty),
    }
}

fn exact_units(text: &str, scale: u8) -> i128 {
    Dec::parse(text).and_then(|dec| dec.rescale(scale)).map_or(0, |dec| dec.units)
}

fn time_cell(out: &mut Vec<u8>, col: ColType, text: &str) {
    let Some(moment) = Moment::parse(text) else {
        return null(out, col.ty);
    };
    let width = col.ty.max_length() as usize;
    let days = &(moment.days as u32).to_le_bytes()[..3];
    let ticks = |scale: u8| moment.ticks / 10u64.pow(u32::from(7 - scale.min(7)));
    match col.ty {
        SqlType::Date => {
            out.push(3);
            out.extend(days);
        }
        SqlType::Time(scale) => {
            out.push(width as u8);
            out.extend(&ticks(scale).to_le_bytes()[..width]);
        }
        SqlType::DateTime2(scale) => {
            out.push(width as u8);
            out.extend(&ticks(scale).to_le_bytes()[..width - 3]);
            out.extend(days);
        }
        SqlType::SmallDateTime => {
            length_byte(out, col, 4);
            out.extend(((moment.days - DAYS_TO_1900) as u16).to_le_bytes());
            out.extend(((moment.ticks / 600_000_000) as u16).to_le_bytes());
        }
        _ => {
            length_byte(out, col, 8);
            out.extend(((moment.days - DAYS_TO_1900) as i32).to_le_bytes());
            out.extend((moment.three_hundredths() as u32).to_le_bytes());
        }
    }
}

fn utf16(out: &mut Vec<u8>, text: &str) {
    for unit in text.encode_utf16() {
        out.extend(unit.to_le_bytes());
    }
}

fn byte_string(out: &mut Vec<u8>, ty: SqlType, bytes: &[u8]) {
    match ty.length() {
        Some(Len::Max) => {
            // PLP (MS-TDS 2.2.5.2.3), in chunks as a server sends long values.
            out.extend((bytes.len() as u64).to_le_bytes());
            for chunk in bytes.chunks(8000) {
                out.extend((chunk.len() as u32).to_le_bytes());
                out.extend(chunk);
            }
            out.extend(0u32.to_le_bytes());
        }
        _ => {
            out.extend((bytes.len() as u16).to_le_bytes());
            out.extend(bytes);
        }
    }
}
