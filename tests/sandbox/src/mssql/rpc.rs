//! RPC requests (MS-TDS 2.2.6.6): `sp_executesql` with simple parameters, which is how drivers send a query with values.

use std::collections::HashMap;

use super::catalog::literal;
use super::error::SqlError;
use super::handshake::utf16_text;
use super::sqltype::{Len, SqlType};

/// What a request asks to run.
#[derive(Debug)]
pub(super) struct Call {
    pub sql: String,
    /// `@name` in lower case → SQLite expression and type.
    pub variables: HashMap<String, (String, SqlType)>,
}

/// Leaves out ALL_HEADERS (MS-TDS 2.2.5.3), which opens batches, RPC and transaction requests.
pub(super) fn skip_headers(message: &[u8]) -> &[u8] {
    let length = message.get(..4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize);
    length.and_then(|length| message.get(length..)).unwrap_or_default()
}

/// Reads an RPC of `sp_executesql`.
///
/// # Errors
/// 2812 for another procedure; 8009 for a parameter that cannot be read.
pub(super) fn read(message: &[u8]) -> Result<Call, SqlError> {
    let mut reader = Reader(skip_headers(message));
    let name_length = reader.u16()?;
    let name = if name_length == 0xffff {
        match reader.u16()? {
            10 => "sp_executesql".to_owned(),
            other => format!("#{other}"),
        }
    } else {
        utf16_text(reader.take(usize::from(name_length) * 2)?)
    };
    if !name.trim_start_matches("sys.").eq_ignore_ascii_case("sp_executesql") {
        return Err(SqlError::new(2_812, 16, 62, format!("Could not find stored procedure '{name}'.")));
    }
    reader.u16()?;
    let mut parameters = Vec::new();
    while !reader.0.is_empty() {
        let length = usize::from(reader.u8()?);
        let name = utf16_text(reader.take(length * 2)?);
        reader.u8()?;
        parameters.push((name, reader.value()?));
    }
    let mut parameters = parameters.into_iter();
    let statement = match parameters.next() {
        Some((_, (sql, _, text))) => text.ok_or(sql),
        None => Err(String::new()),
    };
    let sql = statement.map_err(|_| malformed("the statement of sp_executesql is missing"))?;
    // The declaration of the parameters says what their types already say.
    parameters.next();
    let variables = parameters.map(|(name, (sql, ty, _))| (name.to_lowercase(), (sql, ty))).collect();
    Ok(Call { sql, variables })
}

fn malformed(what: &str) -> SqlError {
    SqlError::new(
        8_009,
        16,
        1,
        format!(
            "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect: {what}."
        ),
    )
}

struct Reader<'a>(&'a [u8]);

/// SQLite expression, type, and the text if it is text.
type Parameter = (String, SqlType, Option<String>);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SqlError> {
        let (head, tail) = self.0.split_at_checked(length).ok_or_else(|| malformed("it ends too early"))?;
        self.0 = tail;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, SqlError> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, SqlError> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn little_endian(&mut self, length: usize) -> Result<u128, SqlError> {
        let bytes = self.take(length)?;
        Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u128::from(*byte)))
    }

    /// A parameter's TYPE_INFO and value.
    fn value(&mut self) -> Result<Parameter, SqlError> {
        let code = self.u8()?;
        match code {
            0x1f => Ok(("NULL".to_owned(), SqlType::Int, None)),
            0x26 | 0x68 => {
                let declared = self.u8()?;
                let ty = match (code, declared) {
                    (0x68, _) => SqlType::Bit,
                    (_, 1) => SqlType::TinyInt,
                    (_, 2) => SqlType::SmallInt,
                    (_, 4) => SqlType::Int,
                    _ => SqlType::BigInt,
                };
                let length = usize::from(self.u8()?);
                let raw = self.little_endian(length)?;
                let sql = match length {
                    0 => "NULL".to_owned(),
                    1 => raw.to_string(),
                    2 => (raw as u16 as i16).to_string(),
                    4 => (raw as u32 as i32).to_string(),
                    _ => (raw as u64 as i64).to_string(),
                };
                Ok((sql, ty, None))
            }
            0x6d => {
                self.u8()?;
                let sql = match self.u8()? {
                    0 => "NULL".to_owned(),
                    4 => format!("{:e}", f32::from_bits(self.little_endian(4)? as u32)),
                    _ => format!("{:e}", f64::from_bits(self.little_endian(8)? as u64)),
                };
                Ok((sql, SqlType::Float, None))
            }
            0x6a | 0x6c => {
                self.u8()?;
                let (precision, scale) = (self.u8()?, self.u8()?);
                let length = usize::from(self.u8()?);
                let ty = SqlType::Decimal(precision, scale);
                if length == 0 {
                    return Ok(("NULL".to_owned(), ty, None));
                }
                let positive = self.u8()? != 0;
                let units = self.little_endian(length - 1)? as i128;
                let dec = super::decimal::Dec { units: if positive { units } else { -units }, scale };
                Ok((literal(&dec.to_string()), ty, None))
            }
            0xe7 | 0xef | 0xa7 | 0xaf => {
                let limit = self.u16()?;
                self.take(5)?;
                let bytes = self.text_bytes(limit)?;
                let unicode = matches!(code, 0xe7 | 0xef);
                let characters = if unicode { limit / 2 } else { limit };
                let len = if limit == 0xffff { Len::Max } else { Len::N(characters.max(1)) };
                let ty = if unicode { SqlType::NVarChar(len) } else { SqlType::VarChar(len) };
                let text = bytes.map(|bytes| {
                    if unicode { utf16_text(&bytes) } else { super::sqltype::Collation::default().decode(&bytes) }
                });
                let sql = text.as_deref().map_or("NULL".to_owned(), literal);
                Ok((sql, ty, text))
            }
            other => {
                Err(malformed(&format!("parameters of the type 0x{other:02x} are not understood by the stand-in")))
            }
        }
    }

    fn text_bytes(&mut self, limit: u16) -> Result<Option<Vec<u8>>, SqlError> {
        if limit != 0xffff {
            return match self.u16()? {
                0xffff => Ok(None),
                length => Ok(Some(self.take(usize::from(length))?.to_vec())),
            };
        }
        if self.little_endian(8)? as u64 == u64::MAX {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        loop {
            match self.little_endian(4)? as usize {
                0 => return Ok(Some(bytes)),
                length => bytes.extend_from_slice(self.take(length)?),
            }
        }
    }
}
