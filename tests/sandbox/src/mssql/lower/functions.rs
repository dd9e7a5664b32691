//! Built-in functions and `@@` values.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, TrimWhereField,
};

use super::super::calendar::Moment;
use super::super::catalog::literal;
use super::super::error::SqlError;
use super::super::handshake::VERSION;
use super::super::sqltype::{Collation, Family, Len, SqlType};
use super::expr::{collate, common_type, null, text_value};
use super::{Lowered, Lowering, Result, Scope};

impl Lowering<'_> {
    pub(super) fn function(&mut self, function: &Function, scope: &Scope<'_>) -> Result<Lowered> {
        let name = function.name.to_string().to_uppercase();
        if function.over.is_some() || !function.within_group.is_empty() {
            return Err(SqlError::unsupported(format!("window function {name}")));
        }
        let (distinct, arguments) = arguments(function)?;
        if let [FunctionArgExpr::Wildcard] = arguments.as_slice() {
            return match name.as_str() {
                "COUNT" => Ok(Lowered::new("COUNT(*)", SqlType::Int)),
                "COUNT_BIG" => Ok(Lowered::new("COUNT(*)", SqlType::BigInt)),
                _ => Err(SqlError::syntax("*")),
            };
        }
        let mut values = Vec::new();
        for argument in &arguments {
            match argument {
                FunctionArgExpr::Expr(expr) => values.push(self.value(expr, scope)?),
                _ => return Err(SqlError::syntax("*")),
            }
        }
        if let Some(value) = aggregate(&name, distinct, &values)? {
            return Ok(value);
        }
        if let Some(value) = self.about_the_server(&name, &values)? {
            return Ok(value);
        }
        of_values(&name, &values)?.ok_or_else(|| {
            SqlError::new(195, 15, 10, format!("'{}' is not a recognized built-in function name.", function.name))
        })
    }

    /// The functions that the parser has a form of its own for.
    pub(super) fn special_function(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Lowered> {
        match expr {
            Expr::Trim { trim_where, trim_what: None, expr, trim_characters: None } => {
                let value = self.value(expr, scope)?;
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "LTRIM",
                    Some(TrimWhereField::Trailing) => "RTRIM",
                    _ => "TRIM",
                };
                of_values(name, &[value])?.ok_or_else(|| SqlError::unsupported(name))
            }
            Expr::Substring { expr, substring_from: Some(from), substring_for: Some(length), .. } => {
                let values = [self.value(expr, scope)?, self.value(from, scope)?, self.value(length, scope)?];
                of_values("SUBSTRING", &values)?.ok_or_else(|| SqlError::unsupported("SUBSTRING"))
            }
            other => Err(SqlError::unsupported(other)),
        }
    }

    /// `@name` or `@@NAME`.
    pub(super) fn variable(&mut self, name: &str) -> Result<Lowered> {
        let env = self.env;
        if let Some((sql, ty)) = env.variables.get(&name.to_lowercase()) {
            return Ok(Lowered::new(sql.clone(), *ty));
        }
        let int = |n: i64| Lowered::new(n.to_string(), SqlType::Int).not_null();
        Ok(match name.to_uppercase().as_str() {
            "@@VERSION" => sized(
                &format!(
                    "Microsoft SQL Server 2022 (RTM-CU14) - {} (X64) \n\tStand-in of erpsync for demonstration and tests",
                    product_version()
                ),
                300,
            ),
            "@@SPID" => Lowered::new(env.spid.to_string(), SqlType::SmallInt).not_null(),
            "@@TRANCOUNT" => int(i64::from(env.transactions)),
            "@@ROWCOUNT" => int(env.row_count),
            "@@ERROR" => int(0),
            "@@MAX_PRECISION" => Lowered::new("38", SqlType::TinyInt).not_null(),
            "@@SERVERNAME" | "@@SERVICENAME" => sized(env.server, 128),
            "@@LANGUAGE" => sized("us_english", 128),
            "@@MICROSOFTVERSION" => int(i64::from(VERSION.0) << 24 | i64::from(VERSION.2)),
            _ if name.starts_with("@@") => return Err(SqlError::syntax(name)),
            _ => {
                return Err(SqlError::new(137, 15, 2, format!("Must declare the scalar variable \"{name}\".")));
            }
        })
    }

    fn about_the_server(&mut self, name: &str, values: &[Lowered]) -> Result<Option<Lowered>> {
        let env = self.env;
        let text = |at: usize| -> Option<String> {
            let sql = &values.get(at)?.sql;
            let inner = sql.strip_prefix('\'')?.strip_suffix('\'')?;
            Some(inner.replace("''", "'"))
        };
        Ok(Some(match name {
            "ROWCOUNT_BIG" if values.is_empty() => Lowered::new(env.row_count.to_string(), SqlType::BigInt).not_null(),
            "DB_NAME" if values.is_empty() => sized(env.database, 128),
            "DB_ID" if values.is_empty() => Lowered::new("5", SqlType::SmallInt),
            "SCHEMA_NAME" if values.is_empty() => sized("dbo", 128),
            "SUSER_SNAME" | "SUSER_NAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER" | "USER_NAME" | "CURRENT_USER"
            | "SESSION_USER"
                if values.is_empty() =>
            {
                sized(env.login, 128)
            }
            "GETDATE" | "CURRENT_TIMESTAMP" | "GETUTCDATE" => {
                let now = Moment::now().round_300ths();
                Lowered::new(literal(&now.text(7)), SqlType::DateTime).not_null()
            }
            "SYSUTCDATETIME" | "SYSDATETIME" => {
                Lowered::new(literal(&Moment::now().text(7)), SqlType::DateTime2(7)).not_null()
            }
            "SERVERPROPERTY" => {
                let property = text(0).unwrap_or_default().to_lowercase();
                let value = match property.as_str() {
                    "productversion" => Some(product_version()),
                    "productlevel" => Some("RTM".to_owned()),
                    "edition" => Some("Developer Edition (64-bit)".to_owned()),
                    "servername" | "machinename" => Some(env.server.to_owned()),
                    "collation" => Some("SQL_Latin1_General_CP1_CI_AS".to_owned()),
                    "engineedition" => Some("3".to_owned()),
                    "productmajorversion" => Some(VERSION.0.to_string()),
                    _ => None,
                };
                match value {
                    Some(value) => Lowered::new(literal(&value), SqlType::Variant),
                    None => Lowered::new("NULL", SqlType::Variant),
                }
            }
            "DATABASEPROPERTYEX" => match text(1).unwrap_or_default().to_lowercase().as_str() {
                "collation" => Lowered::new(literal(Collation::default().name()), SqlType::Variant),
                "updateability" => Lowered::new("'READ_WRITE'", SqlType::Variant),
                _ => Lowered::new("NULL", SqlType::Variant),
            },
            "COLLATIONPROPERTY" => match (Collation::parse(&text(0).unwrap_or_default()), text(1)) {
                (Some(collation), Some(property)) if property.eq_ignore_ascii_case("CodePage") => {
                    let page = if collation == Collation::Cyrillic { "1251" } else { "1252" };
                    Lowered::new(page, SqlType::Variant)
                }
                _ => Lowered::new("NULL", SqlType::Variant),
            },
            // 1, 0, or NULL for a role that does not exist.
            "IS_SRVROLEMEMBER" if values.len() == 1 => self.member(&SERVER_ROLES, text(0)),
            "IS_ROLEMEMBER" | "IS_MEMBER" if values.len() == 1 => self.member(&DATABASE_ROLES, text(0)),
            "HAS_PERMS_BY_NAME" => self.permission(text(0), text(1), text(2), values),
            "OBJECT_ID" => {
                let known = text(0).and_then(|name| {
                    let relation = env.catalog.by_text(&name, env.database)?;
                    let key = super::Catalog::key(&relation.schema, &relation.name);
                    env.catalog.relations.keys().position(|other| *other == key)
                });
                match known {
                    Some(at) => Lowered::new((901_578_250 + at as i64).to_string(), SqlType::Int),
                    None => Lowered::new("NULL", SqlType::Int),
                }
            }
            _ => return Ok(None),
        }))
    }

    /// Members of sysadmin are the database's owner too.
    fn member(&self, known: &[&str], role: Option<String>) -> Lowered {
        let role = role.unwrap_or_default().to_lowercase();
        let has = |name: &str| self.env.roles.iter().any(|own| own == name);
        let answer = match known.contains(&role.as_str()) {
            false => "NULL",
            true if role == "public" || has(&role) || (role == "db_owner" && has("sysadmin")) => "1",
            true => "0",
        };
        Lowered::new(answer, SqlType::Int)
    }

    /// HAS_PERMS_BY_NAME: 1, 0, or NULL for what does not exist. The login may SELECT, and what roles and grants add.
    fn permission(
        &self,
        securable: Option<String>,
        class: Option<String>,
        permission: Option<String>,
        values: &[Lowered],
    ) -> Lowered {
        let permission = permission.unwrap_or_default().to_uppercase();
        let class = class.unwrap_or_default().to_uppercase();
        let env = self.env;
        let answer = match class.as_str() {
            "OBJECT" => securable.and_then(|name| env.catalog.by_text(&name, env.database)).map(|relation| {
                match permission.as_str() {
                    "SELECT" => !relation.denied,
                    "INSERT" | "UPDATE" | "DELETE" => {
                        let writers = ["sysadmin", "db_owner", "db_datawriter"];
                        env.roles.iter().any(|role| writers.contains(&role.as_str()))
                            || relation.granted.contains(&permission)
                    }
                    _ => false,
                }
            }),
            "DATABASE" => {
                let here = securable.is_none_or(|name| name.eq_ignore_ascii_case(env.database));
                here.then(|| permission == "CONNECT")
            }
            "SCHEMA" => securable
                .filter(|name| env.catalog.schemas.contains(&name.to_lowercase()))
                .map(|_| permission == "SELECT"),
            "" if values.get(1).is_some_and(|value| value.is_null) => {
                Some(permission == "CONNECT SQL" || permission == "VIEW ANY DATABASE")
            }
            _ => None,
        };
        let sql = answer.map_or("NULL", |yes| if yes { "1" } else { "0" });
        Lowered::new(sql, SqlType::Int)
    }
}

const SERVER_ROLES: [&str; 9] = [
    "sysadmin",
    "serveradmin",
    "securityadmin",
    "processadmin",
    "setupadmin",
    "bulkadmin",
    "diskadmin",
    "dbcreator",
    "public",
];

const DATABASE_ROLES: [&str; 10] = [
    "db_owner",
    "db_accessadmin",
    "db_securityadmin",
    "db_ddladmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_denydatareader",
    "db_denydatawriter",
    "public",
];

fn product_version() -> String {
    format!("{}.{}.{}.1", VERSION.0, VERSION.1, VERSION.2)
}

/// Text of a declared length, as system functions return it.
fn sized(text: &str, length: u16) -> Lowered {
    let mut value = text_value(text, true);
    value.ty = SqlType::NVarChar(Len::N(length));
    value.nullable = true;
    value
}

fn arguments(function: &Function) -> Result<(bool, Vec<&FunctionArgExpr>)> {
    match &function.args {
        FunctionArguments::None => Ok((false, Vec::new())),
        FunctionArguments::Subquery(query) => Err(SqlError::unsupported(query)),
        FunctionArguments::List(list) => {
            let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            let args = list
                .args
                .iter()
                .map(|argument| match argument {
                    FunctionArg::Unnamed(expr) => Ok(expr),
                    other => Err(SqlError::unsupported(other)),
                })
                .collect::<Result<_>>()?;
            Ok((distinct, args))
        }
    }
}

fn aggregate(name: &str, distinct: bool, values: &[Lowered]) -> Result<Option<Lowered>> {
    let [value] = values else { return Ok(None) };
    let word = if distinct { "DISTINCT " } else { "" };
    let collated = format!("{}{}", value.sql, collate(value.ty));
    let mut result = match (name, value.ty.family()) {
        ("COUNT", _) => Lowered::new(format!("COUNT({word}{collated})"), SqlType::Int),
        ("COUNT_BIG", _) => Lowered::new(format!("COUNT({word}{collated})"), SqlType::BigInt),
        ("MIN" | "MAX", _) => Lowered::new(format!("{name}({collated})"), value.ty),
        ("SUM", Family::Integer) => {
            let ty = value.ty.unify(SqlType::Int);
            Lowered::new(format!("SUM({word}{})", value.sql), ty)
        }
        ("SUM" | "AVG", Family::Approximate) => Lowered::new(format!("{name}({word}{})", value.sql), SqlType::Float),
        ("SUM", Family::Exact) => {
            let ty = match value.ty {
                SqlType::Money | SqlType::SmallMoney => SqlType::Money,
                other => SqlType::Decimal(38, other.exact().map_or(0, |(_, s)| s)),
            };
            Lowered::new(format!("tsql_sum({word}{})", value.sql), ty)
        }
        ("AVG", Family::Integer) => {
            Lowered::new(format!("(SUM({word}{0}) / COUNT({word}{0}))", value.sql), value.ty.unify(SqlType::Int))
        }
        ("SUM" | "AVG", _) => {
            return Err(SqlError::new(
                8_117,
                16,
                1,
                format!("Operand data type {} is invalid for {} operator.", value.ty.name(), name.to_lowercase()),
            ));
        }
        _ => return Ok(None),
    };
    result.collation = value.collation;
    Ok(Some(result))
}

/// Functions of their arguments alone.
fn of_values(name: &str, values: &[Lowered]) -> Result<Option<Lowered>> {
    let text = |at: usize| -> String {
        let value = &values[at];
        if value.ty.is_unicode() || value.is_null {
            value.sql.clone()
        } else if value.ty.family() == Family::Text {
            // Through a cast, so that bytes of a code page become text.
            super::cast_sql(&value.sql, value.ty, SqlType::VarChar(Len::Max), value.collation, "cast")
        } else {
            value.cast(SqlType::NVarChar(Len::N(4000)))
        }
    };
    let same_text = |sql: String| {
        let ty = match values[0].ty {
            SqlType::Char(n) => SqlType::VarChar(Len::N(n)),
            SqlType::NChar(n) => SqlType::NVarChar(Len::N(n)),
            ty if ty.family() == Family::Text => ty,
            _ => SqlType::VarChar(Len::N(8000)),
        };
        let mut value = Lowered::new(sql, ty);
        value.collation = values[0].collation;
        value.nullable = values[0].nullable;
        value
    };
    let int = |at: usize| values[at].cast(SqlType::BigInt);
    Ok(Some(match (name, values.len()) {
        ("LTRIM" | "RTRIM" | "TRIM", 1) => same_text(format!("{}({})", name.to_lowercase(), text(0))),
        ("UPPER" | "LOWER", 1) => same_text(format!("tsql_{}({})", name.to_lowercase(), text(0))),
        ("LEN", 1) => Lowered::new(format!("length(rtrim({}))", text(0)), SqlType::Int),
        ("DATALENGTH", 1) => {
            let width = if values[0].ty.is_unicode() { 2 } else { 1 };
            Lowered::new(format!("(length({}) * {width})", values[0].sql), SqlType::Int)
        }
        ("SUBSTRING", 3) => same_text(format!("substr({}, {}, {})", text(0), int(1), int(2))),
        ("LEFT", 2) => same_text(format!("substr({}, 1, {})", text(0), int(1))),
        ("RIGHT", 2) => same_text(format!("substr({0}, max(1, length({0}) - {1} + 1))", text(0), int(1))),
        ("REPLACE", 3) => same_text(format!("replace({}, {}, {})", text(0), text(1), text(2))),
        ("CHARINDEX", 2) => Lowered::new(format!("tsql_charindex({}, {})", text(0), text(1)), SqlType::Int),
        ("CONCAT", 2..) => {
            let all: Vec<String> = (0..values.len()).map(|at| format!("coalesce({}, '')", text(at))).collect();
            let unicode = values.iter().any(|value| value.ty.is_unicode());
            let ty = if unicode { SqlType::NVarChar(Len::N(4000)) } else { SqlType::VarChar(Len::N(8000)) };
            Lowered::new(format!("({})", all.join(" || ")), ty).not_null()
        }
        ("ISNULL", 2) => {
            // The type is the first argument's.
            let ty = if values[0].is_null { values[1].ty } else { values[0].ty };
            let mut value = Lowered::new(format!("coalesce({}, {})", values[0].cast(ty), values[1].cast(ty)), ty);
            value.nullable = values[0].nullable && values[1].nullable;
            value.collation = values[0].collation;
            value
        }
        ("COALESCE", 2..) => {
            let ty = common_type(values);
            let all: Vec<String> = values.iter().map(|value| value.cast(ty)).collect();
            let mut value = Lowered::new(format!("coalesce({})", all.join(", ")), ty);
            value.nullable = values.iter().all(|value| value.nullable);
            value.collation = values[0].collation;
            value
        }
        ("NULLIF", 2) => {
            if values[0].is_null {
                return Ok(Some(null()));
            }
            let ty = common_type(values);
            let mut value = Lowered::new(
                format!(
                    "CASE WHEN {}{} = {} THEN NULL ELSE {} END",
                    values[0].cast(ty),
                    collate(ty),
                    values[1].cast(ty),
                    values[0].sql
                ),
                values[0].ty,
            );
            value.collation = values[0].collation;
            value
        }
        ("ABS", 1) if values[0].ty.family() != Family::Exact => {
            Lowered::new(format!("abs({})", values[0].sql), values[0].ty)
        }
        _ => return Ok(None),
    }))
}
