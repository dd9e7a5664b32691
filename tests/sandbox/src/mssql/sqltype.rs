//! The types of T-SQL: how they are written, named, ranked, and which collation text has.
//!
//! Pure; how a type looks on the wire is in `wire`, how values change from one to another in `convert`.

/// The length of a variable-length type, in characters or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Len {
    N(u16),
    Max,
}

/// A T-SQL type with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal(u8, u8),
    Numeric(u8, u8),
    Money,
    SmallMoney,
    Char(u16),
    VarChar(Len),
    NChar(u16),
    NVarChar(Len),
    Binary(u16),
    VarBinary(Len),
    Guid,
    Date,
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    /// `sql_variant`; holds text only, which is what `SERVERPROPERTY` returns of use here.
    Variant,
}

/// How values of a type are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Integer,
    Exact,
    Approximate,
    Text,
    Bytes,
    Guid,
    Time,
}

impl SqlType {
    /// Reads a type as written in T-SQL (`decimal(19, 4)`, `nvarchar(max)`, `int`); in a CAST a text type without
    /// a length has 30 characters, in a declaration 1 (`in_cast`).
    pub fn parse(text: &str, in_cast: bool) -> Option<Self> {
        let text = text.to_ascii_lowercase().replace(['[', ']', '"'], "");
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.trim_end().strip_suffix(')')?.trim()),
            None => (text.trim(), ""),
        };
        let numbers: Vec<u16> = if arguments == "max" || arguments.is_empty() {
            Vec::new()
        } else {
            arguments.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?
        };
        let plain = if in_cast { 30 } else { 1 };
        let fixed = |limit: u16| {
            let n = numbers.first().copied().unwrap_or(plain);
            (1..=limit).contains(&n).then_some(n)
        };
        let variable = |limit: u16| {
            if arguments == "max" { Some(Len::Max) } else { fixed(limit).map(Len::N) }
        };
        let scale = || {
            let n = numbers.first().copied().unwrap_or(7);
            (n <= 7).then_some(n as u8)
        };
        let exact = || {
            let p = numbers.first().copied().unwrap_or(18);
            let s = numbers.get(1).copied().unwrap_or(0);
            ((1..=38).contains(&p) && s <= p).then_some((p as u8, s as u8))
        };
        Some(match name {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            "float" if numbers.first().is_some_and(|&bits| bits <= 24) => Self::Real,
            "float" | "double precision" => Self::Float,
            "decimal" | "dec" => exact().map(|(p, s)| Self::Decimal(p, s))?,
            "numeric" => exact().map(|(p, s)| Self::Numeric(p, s))?,
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "char" | "character" => Self::Char(fixed(8000)?),
            "varchar" | "char varying" | "character varying" => Self::VarChar(variable(8000)?),
            "nchar" => Self::NChar(fixed(4000)?),
            "nvarchar" => Self::NVarChar(variable(4000)?),
            "sysname" => Self::NVarChar(Len::N(128)),
            "binary" => Self::Binary(fixed(8000)?),
            "varbinary" => Self::VarBinary(variable(8000)?),
            "uniqueidentifier" => Self::Guid,
            "date" => Self::Date,
            "time" => Self::Time(scale()?),
            "smalldatetime" => Self::SmallDateTime,
            "datetime" => Self::DateTime,
            "datetime2" => Self::DateTime2(scale()?),
            "sql_variant" => Self::Variant,
            _ => return None,
        })
    }

    /// `system_type_name` of `sys.dm_exec_describe_first_result_set`; [`SqlType::parse`] reads it back.
    pub fn full_name(self) -> String {
        let name = self.name();
        match self {
            Self::Decimal(p, s) | Self::Numeric(p, s) => format!("{name}({p},{s})"),
            Self::Char(n) | Self::NChar(n) | Self::Binary(n) => format!("{name}({n})"),
            Self::VarChar(Len::N(n)) | Self::NVarChar(Len::N(n)) | Self::VarBinary(Len::N(n)) => {
                format!("{name}({n})")
            }
            Self::VarChar(Len::Max) | Self::NVarChar(Len::Max) | Self::VarBinary(Len::Max) => {
                format!("{name}(max)")
            }
            Self::Time(s) | Self::DateTime2(s) => format!("{name}({s})"),
            _ => name.to_owned(),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Real => "real",
            Self::Float => "float",
            Self::Decimal(..) => "decimal",
            Self::Numeric(..) => "numeric",
            Self::Money => "money",
            Self::SmallMoney => "smallmoney",
            Self::Char(_) => "char",
            Self::VarChar(_) => "varchar",
            Self::NChar(_) => "nchar",
            Self::NVarChar(_) => "nvarchar",
            Self::Binary(_) => "binary",
            Self::VarBinary(_) => "varbinary",
            Self::Guid => "uniqueidentifier",
            Self::Date => "date",
            Self::Time(_) => "time",
            Self::SmallDateTime => "smalldatetime",
            Self::DateTime => "datetime",
            Self::DateTime2(_) => "datetime2",
            Self::Variant => "sql_variant",
        }
    }

    /// `system_type_id`, as in `sys.types`.
    pub fn system_id(self) -> u8 {
        match self {
            Self::Bit => 104,
            Self::TinyInt => 48,
            Self::SmallInt => 52,
            Self::Int => 56,
            Self::BigInt => 127,
            Self::Real => 59,
            Self::Float => 62,
            Self::Decimal(..) => 106,
            Self::Numeric(..) => 108,
            Self::Money => 60,
            Self::SmallMoney => 122,
            Self::Char(_) => 175,
            Self::VarChar(_) => 167,
            Self::NChar(_) => 239,
            Self::NVarChar(_) => 231,
            Self::Binary(_) => 173,
            Self::VarBinary(_) => 165,
            Self::Guid => 36,
            Self::Date => 40,
            Self::Time(_) => 41,
            Self::SmallDateTime => 58,
            Self::DateTime => 61,
            Self::DateTime2(_) => 42,
            Self::Variant => 98,
        }
    }

    /// `max_length` in bytes, -1 for "max".
    pub fn max_length(self) -> i32 {
        match self {
            Self::Bit | Self::TinyInt => 1,
            Self::SmallInt => 2,
            Self::Int | Self::Real | Self::SmallMoney | Self::SmallDateTime => 4,
            Self::BigInt | Self::Float | Self::Money | Self::DateTime => 8,
            Self::Decimal(p, _) | Self::Numeric(p, _) => match p {
                1..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            },
            Self::Char(n) | Self::Binary(n) => i32::from(n),
            Self::NChar(n) => i32::from(n) * 2,
            Self::VarChar(Len::N(n)) | Self::VarBinary(Len::N(n)) => i32::from(n),
            Self::NVarChar(Len::N(n)) => i32::from(n) * 2,
            Self::VarChar(Len::Max) | Self::NVarChar(Len::Max) | Self::VarBinary(Len::Max) => -1,
            Self::Guid => 16,
            Self::Date => 3,
            Self::Time(s) => 3 + i32::from(s > 2) + i32::from(s > 4),
            Self::DateTime2(s) => 6 + i32::from(s > 2) + i32::from(s > 4),
            Self::Variant => 8016,
        }
    }

    /// Precision and scale where the type is an exact number.
    pub fn exact(self) -> Option<(u8, u8)> {
        Some(match self {
            Self::Bit => (1, 0),
            Self::TinyInt => (3, 0),
            Self::SmallInt => (5, 0),
            Self::Int => (10, 0),
            Self::BigInt => (19, 0),
            Self::SmallMoney => (10, 4),
            Self::Money => (19, 4),
            Self::Decimal(p, s) | Self::Numeric(p, s) => (p, s),
            _ => return None,
        })
    }

    pub fn family(self) -> Family {
        match self {
            Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt => Family::Integer,
            Self::Real | Self::Float => Family::Approximate,
            Self::Decimal(..) | Self::Numeric(..) | Self::Money | Self::SmallMoney => Family::Exact,
            Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_) | Self::Variant => Family::Text,
            Self::Binary(_) | Self::VarBinary(_) => Family::Bytes,
            Self::Guid => Family::Guid,
            Self::Date | Self::Time(_) | Self::SmallDateTime | Self::DateTime | Self::DateTime2(_) => Family::Time,
        }
    }

    /// The length of a text or binary type.
    pub fn length(self) -> Option<Len> {
        match self {
            Self::Char(n) | Self::NChar(n) | Self::Binary(n) => Some(Len::N(n)),
            Self::VarChar(n) | Self::NVarChar(n) | Self::VarBinary(n) => Some(n),
            Self::Variant => Some(Len::N(4000)),
            _ => None,
        }
    }

    pub fn is_unicode(self) -> bool {
        matches!(self, Self::NChar(_) | Self::NVarChar(_) | Self::Variant)
    }

    /// The type that both values take when they meet (data type precedence; decimals keep both sides' digits).
    pub fn unify(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        if let (Some((p1, s1)), Some((p2, s2))) = (self.exact(), other.exact()) {
            let decimal = |t: Self| matches!(t, Self::Decimal(..) | Self::Numeric(..));
            if decimal(self) || decimal(other) {
                let scale = s1.max(s2);
                let precision = (p1 - s1).max(p2 - s2) + scale;
                return if matches!(self, Self::Decimal(..)) || matches!(other, Self::Decimal(..)) {
                    Self::Decimal(precision.min(38), scale)
                } else {
                    Self::Numeric(precision.min(38), scale)
                };
            }
        }
        if let (Some(a), Some(b)) = (self.length(), other.length())
            && self.family() == other.family()
        {
            let length = match (a, b) {
                (Len::N(a), Len::N(b)) => Len::N(a.max(b)),
                _ => Len::Max,
            };
            return if self.family() == Family::Bytes {
                Self::VarBinary(length)
            } else if self.is_unicode() || other.is_unicode() {
                Self::NVarChar(match length {
                    Len::N(n) => Len::N(n.min(4000)),
                    Len::Max => Len::Max,
                })
            } else {
                Self::VarChar(length)
            };
        }
        if self.rank() >= other.rank() { self } else { other }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Binary(_) => 1,
            Self::VarBinary(_) => 2,
            Self::Char(_) => 3,
            Self::VarChar(_) => 4,
            Self::NChar(_) => 5,
            Self::NVarChar(_) => 6,
            Self::Guid => 7,
            Self::Bit => 8,
            Self::TinyInt => 9,
            Self::SmallInt => 10,
            Self::Int => 11,
            Self::BigInt => 12,
            Self::SmallMoney => 13,
            Self::Money => 14,
            Self::Decimal(..) | Self::Numeric(..) => 15,
            Self::Real => 16,
            Self::Float => 17,
            Self::Time(_) => 18,
            Self::Date => 19,
            Self::SmallDateTime => 20,
            Self::DateTime => 21,
            Self::DateTime2(_) => 22,
            Self::Variant => 23,
        }
    }
}

/// A collation: the code page of `char`/`varchar`; all of them are case-insensitive here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Collation {
    /// `SQL_Latin1_General_CP1_CI_AS`, code page 1252: the server's default.
    #[default]
    Latin1,
    /// `Cyrillic_General_CI_AS`, code page 1251.
    Cyrillic,
}

impl Collation {
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.starts_with("cyrillic_general_") {
            Some(Self::Cyrillic)
        } else if name.starts_with("sql_latin1_general_cp1_")
            || name.starts_with("latin1_general_")
            || name == "database_default"
        {
            Some(Self::Latin1)
        } else {
            None
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Latin1 => "SQL_Latin1_General_CP1_CI_AS",
            Self::Cyrillic => "Cyrillic_General_CI_AS",
        }
    }

    /// LCID, flags, version and sort id (MS-TDS 2.2.5.1.2).
    pub fn bytes(self) -> [u8; 5] {
        match self {
            Self::Latin1 => [0x09, 0x04, 0xd0, 0x00, 0x34],
            Self::Cyrillic => [0x19, 0x04, 0xd0, 0x00, 0x00],
        }
    }

    /// The text in the collation's code page; what it lacks becomes `?`, as in SQL Server.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let mut encoder = self.code_page().new_encoder();
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        loop {
            let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len() * 4);
            bytes.reserve(room);
            let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
            rest = &rest[read..];
            match result {
                encoding_rs::EncoderResult::InputEmpty => return bytes,
                encoding_rs::EncoderResult::OutputFull => {}
                encoding_rs::EncoderResult::Unmappable(_) => bytes.push(b'?'),
            }
        }
    }

    /// The characters behind bytes of the collation's code page.
    pub fn decode(self, bytes: &[u8]) -> String {
        self.code_page().decode_without_bom_handling(bytes).0.into_owned()
    }

    fn code_page(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Latin1 => encoding_rs::WINDOWS_1252,
            Self::Cyrillic => encoding_rs::WINDOWS_1251,
        }
    }
}

/// The type of a column or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ColType {
    pub ty: SqlType,
    pub collation: Collation,
    pub nullable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for text in [
            "int",
            "decimal(19,4)",
            "numeric(5,0)",
            "nvarchar(max)",
            "varchar(8000)",
            "nchar(4000)",
            "datetime2(7)",
            "time(3)",
            "uniqueidentifier",
            "varbinary(16)",
        ] {
            assert_eq!(SqlType::parse(text, false).unwrap().full_name(), text);
        }
        assert_eq!(SqlType::parse("NVARCHAR", true), Some(SqlType::NVarChar(Len::N(30))));
        assert_eq!(SqlType::parse("nvarchar(4001)", true), None);
        assert_eq!(SqlType::parse("decimal(39,0)", true), None);
        assert_eq!(SqlType::parse("geometry", true), None);
    }

    #[test]
    fn code_pages_lose_what_they_lack() {
        assert_eq!(Collation::Cyrillic.encode("Жак é"), [0xc6, 0xe0, 0xea, 0x20, b'?']);
        assert_eq!(Collation::Latin1.encode("Жé"), [b'?', 0xe9]);
        assert_eq!(Collation::Cyrillic.decode(&[0xc6, 0xe0, 0xea]), "Жак");
    }

    #[test]
    fn types_meet_at_the_wider_one() {
        let unify = |a, b| SqlType::parse(a, true).unwrap().unify(SqlType::parse(b, true).unwrap()).full_name();
        assert_eq!(unify("int", "decimal(5,2)"), "decimal(12,2)");
        assert_eq!(unify("varchar(5)", "nvarchar(3)"), "nvarchar(5)");
        assert_eq!(unify("money", "int"), "money");
        assert_eq!(unify("varchar(5)", "datetime"), "datetime");
    }
}
