//! The system's views: `sys.databases`, `INFORMATION_SCHEMA`, `sys.dm_exec_describe_first_result_set` and a few more,
//! made of the catalog at the moment of asking.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, Value};

use super::super::catalog::{Relation, RelationKind, literal};
use super::super::error::SqlError;
use super::super::sqltype::{ColType, Collation, Family, Len, SqlType};
use super::super::wire::ResultColumn;
use super::{Lowering, Output, Rel, Result, plan_text};

const NAME: SqlType = SqlType::NVarChar(Len::N(128));

impl Lowering<'_> {
    /// The view of that name, or none: then it is a table of the database.
    pub(super) fn system_view(&self, name: &[String]) -> Result<Option<Rel>> {
        let lower: Vec<String> = name.iter().map(|part| part.to_lowercase()).collect();
        let path: Vec<&str> = lower.iter().map(String::as_str).collect();
        let path = match path.as_slice() {
            [database, rest @ ..] if rest.len() == 2 && *database == self.env.database.to_lowercase() => rest,
            other => other,
        };
        Ok(match path {
            ["sys", "databases"] => Some(self.databases()),
            ["sys", "schemas"] => Some(self.schemas()),
            ["sys", "tables" | "views" | "objects"] => Some(self.objects(path[1])),
            ["information_schema", "tables"] => Some(self.tables()),
            ["information_schema", "columns"] => Some(self.columns()?),
            ["sys" | "information_schema", _] => {
                return Err(SqlError::unsupported(format!("the view {}", name.join("."))));
            }
            _ => None,
        })
    }

    pub(super) fn table_function(&self, name: &[String], args: &[FunctionArg]) -> Result<Rel> {
        if !name.join(".").eq_ignore_ascii_case("sys.dm_exec_describe_first_result_set") {
            return Err(SqlError::invalid_object(name.join(".")));
        }
        if !self.env.describes {
            // In the words of a server of others, with a number of its own.
            let words = "function sys.dm_exec_describe_first_result_set(nvarchar, unknown, integer) does not exist";
            return Err(SqlError::new(33_557_097, 16, 1, words));
        }
        let query = match args.first() {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))) => match &value.value {
                Value::NationalStringLiteral(text) | Value::SingleQuotedString(text) => text,
                other => return Err(SqlError::unsupported(other)),
            },
            _ => return Err(SqlError::unsupported("describing what is not a literal")),
        };
        Ok(match plan_text(self.env, query) {
            Ok(plan) => described(&plan.columns),
            Err(error) => describe_error(&error),
        })
    }

    fn databases(&self) -> Rel {
        let env = self.env;
        let mut table = Table::new(&[
            ("name", NAME, false),
            ("database_id", SqlType::Int, false),
            ("compatibility_level", SqlType::TinyInt, false),
            ("collation_name", NAME, true),
            ("snapshot_isolation_state", SqlType::TinyInt, true),
            ("snapshot_isolation_state_desc", SqlType::NVarChar(Len::N(60)), true),
            ("is_read_committed_snapshot_on", SqlType::Bit, true),
            ("is_read_only", SqlType::Bit, true),
            ("state", SqlType::TinyInt, true),
            ("state_desc", SqlType::NVarChar(Len::N(60)), true),
        ]);
        for (id, name, allowed) in [(1, "master", true), (5, env.database, env.snapshot_allowed)] {
            table.row([
                literal(name),
                id.to_string(),
                "160".to_owned(),
                literal(Collation::Latin1.name()),
                u8::from(allowed).to_string(),
                literal(if allowed { "ON" } else { "OFF" }),
                "0".to_owned(),
                "0".to_owned(),
                "0".to_owned(),
                "'ONLINE'".to_owned(),
            ]);
        }
        table.rel()
    }

    fn schemas(&self) -> Rel {
        let mut table = Table::new(&[("name", NAME, false), ("schema_id", SqlType::Int, false)]);
        for (at, name) in self.env.catalog.schemas.iter().enumerate() {
            table.row([literal(name), (at + 1).to_string()]);
        }
        table.rel()
    }

    fn visible(&self) -> impl Iterator<Item = (usize, &Relation)> {
        // A login does not see what it has no right on (metadata visibility).
        let admin = self.env.is_admin;
        self.env.catalog.relations.values().enumerate().filter(move |(_, relation)| admin || !relation.denied)
    }

    fn objects(&self, view: &str) -> Rel {
        let mut table = Table::new(&[
            ("name", NAME, false),
            ("object_id", SqlType::Int, false),
            ("schema_id", SqlType::Int, false),
            ("type", SqlType::Char(2), true),
        ]);
        for (at, relation) in self.visible() {
            let is_view = matches!(relation.kind, RelationKind::View(_));
            if (view == "tables" && is_view) || (view == "views" && !is_view) {
                continue;
            }
            let schema = self
                .env
                .catalog
                .schemas
                .iter()
                .position(|name| *name == relation.schema.to_lowercase())
                .map_or(0, |at| at + 1);
            table.row([
                literal(&relation.name),
                (901_578_250 + at as i64).to_string(),
                schema.to_string(),
                literal(if is_view { "V " } else { "U " }),
            ]);
        }
        table.rel()
    }

    fn tables(&self) -> Rel {
        let mut table = Table::new(&[
            ("TABLE_CATALOG", NAME, true),
            ("TABLE_SCHEMA", NAME, true),
            ("TABLE_NAME", NAME, false),
            ("TABLE_TYPE", SqlType::VarChar(Len::N(10)), true),
        ]);
        for (_, relation) in self.visible() {
            table.row([
                literal(self.env.database),
                literal(&relation.schema),
                literal(&relation.name),
                literal(match relation.kind {
                    RelationKind::Table(_) => "BASE TABLE",
                    RelationKind::View(_) => "VIEW",
                }),
            ]);
        }
        table.rel()
    }

    fn columns(&self) -> Result<Rel> {
        let mut table = Table::new(&[
            ("TABLE_CATALOG", NAME, true),
            ("TABLE_SCHEMA", NAME, true),
            ("TABLE_NAME", NAME, false),
            ("COLUMN_NAME", NAME, true),
            ("ORDINAL_POSITION", SqlType::Int, true),
            ("COLUMN_DEFAULT", SqlType::NVarChar(Len::N(4000)), true),
            ("IS_NULLABLE", SqlType::VarChar(Len::N(3)), true),
            ("DATA_TYPE", NAME, true),
            ("CHARACTER_MAXIMUM_LENGTH", SqlType::Int, true),
            ("NUMERIC_PRECISION", SqlType::TinyInt, true),
            ("NUMERIC_SCALE", SqlType::Int, true),
            ("COLLATION_NAME", NAME, true),
        ]);
        for (_, relation) in self.visible() {
            let columns: Vec<(String, ColType, Option<String>)> = match &relation.kind {
                RelationKind::Table(columns) => {
                    columns.iter().map(|c| (c.name.clone(), c.col, c.default.clone())).collect()
                }
                RelationKind::View(text) => {
                    plan_text(self.env, text)?.columns.into_iter().map(|c| (c.name, c.col, None)).collect()
                }
            };
            for (at, (name, col, default)) in columns.iter().enumerate() {
                let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
                let is_text = col.ty.family() == Family::Text;
                let exact = col.ty.exact().filter(|_| col.ty != SqlType::Bit);
                table.row([
                    literal(self.env.database),
                    literal(&relation.schema),
                    literal(&relation.name),
                    literal(name),
                    (at + 1).to_string(),
                    or_null(default.as_deref().map(|text| literal(&format!("({text})")))),
                    literal(if col.nullable { "YES" } else { "NO" }),
                    literal(col.ty.name()),
                    or_null(col.ty.length().map(|length| match length {
                        Len::N(n) => n.to_string(),
                        Len::Max => "-1".to_owned(),
                    })),
                    or_null(exact.map(|(p, _)| p.to_string())),
                    or_null(exact.map(|(_, s)| s.to_string())),
                    or_null(is_text.then(|| literal(col.collation.name()))),
                ]);
            }
        }
        Ok(table.rel())
    }
}

const DESCRIBED: &[(&str, SqlType, bool)] = &[
    ("is_hidden", SqlType::Bit, true),
    ("column_ordinal", SqlType::Int, true),
    ("name", NAME, true),
    ("is_nullable", SqlType::Bit, true),
    ("system_type_id", SqlType::Int, true),
    ("system_type_name", SqlType::NVarChar(Len::N(256)), true),
    ("max_length", SqlType::SmallInt, true),
    ("precision", SqlType::TinyInt, true),
    ("scale", SqlType::TinyInt, true),
    ("collation_name", NAME, true),
    ("error_number", SqlType::Int, true),
    ("error_severity", SqlType::Int, true),
    ("error_state", SqlType::Int, true),
    ("error_message", SqlType::NVarChar(Len::N(4000)), true),
    ("error_type", SqlType::Int, true),
    ("error_type_desc", SqlType::NVarChar(Len::N(60)), true),
];

fn described(columns: &[ResultColumn]) -> Rel {
    let mut table = Table::new(DESCRIBED);
    for (at, column) in columns.iter().enumerate() {
        let ty = column.col.ty;
        let (precision, scale) = match ty {
            SqlType::Real => (24, 0),
            SqlType::Float => (53, 0),
            SqlType::Date => (10, 0),
            SqlType::DateTime => (23, 3),
            SqlType::SmallDateTime => (16, 0),
            SqlType::DateTime2(s) => (if s == 0 { 19 } else { 20 + s }, s),
            SqlType::Time(s) => (if s == 0 { 8 } else { 9 + s }, s),
            other => other.exact().unwrap_or((0, 0)),
        };
        let mut row: Vec<String> = vec![
            "0".to_owned(),
            (at + 1).to_string(),
            if column.name.is_empty() { "NULL".to_owned() } else { literal(&column.name) },
            u8::from(column.col.nullable).to_string(),
            ty.system_id().to_string(),
            literal(&ty.full_name()),
            ty.max_length().to_string(),
            precision.to_string(),
            scale.to_string(),
            if ty.family() == Family::Text && ty != SqlType::Variant {
                literal(column.col.collation.name())
            } else {
                "NULL".to_owned()
            },
        ];
        row.resize(DESCRIBED.len(), "NULL".to_owned());
        table.row(row);
    }
    table.rel()
}

/// One row that says why the query cannot be described; the columns about a column are NULL.
fn describe_error(error: &SqlError) -> Rel {
    let mut table = Table::new(DESCRIBED);
    let (kind, words) = match error.number {
        102 | 156 => (2, "SYNTAX"),
        _ => (1, "MISC"),
    };
    let mut row = vec!["NULL".to_owned(); DESCRIBED.len() - 6];
    row.extend([
        error.number.to_string(),
        error.class.to_string(),
        error.state.to_string(),
        literal(&error.message),
        kind.to_string(),
        literal(words),
    ]);
    table.row(row);
    table.rel()
}

/// A table made of literals.
struct Table {
    columns: Vec<Output>,
    rows: Vec<String>,
}

impl Table {
    fn new(columns: &[(&str, SqlType, bool)]) -> Self {
        Self {
            columns: columns
                .iter()
                .map(|(name, ty, nullable)| Output {
                    name: Some((*name).to_owned()),
                    col: ColType { ty: *ty, collation: Collation::default(), nullable: *nullable },
                    computed: false,
                })
                .collect(),
            rows: Vec::new(),
        }
    }

    fn row(&mut self, values: impl IntoIterator<Item = String>) {
        let items: Vec<String> = values.into_iter().enumerate().map(|(at, sql)| format!("{sql} AS c{at}")).collect();
        self.rows.push(format!("SELECT {}", items.join(", ")));
    }

    fn rel(mut self) -> Rel {
        if self.rows.is_empty() {
            self.row(vec!["NULL".to_owned(); self.columns.len()]);
            self.rows[0] += " WHERE 0";
        }
        Rel { sql: self.rows.join(" UNION ALL "), columns: self.columns }
    }
}
