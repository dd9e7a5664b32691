//! Expressions: values with their types, and conditions, which T-SQL keeps apart.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr, Query, UnaryOperator, Value};

use super::super::catalog::literal;
use super::super::error::SqlError;
use super::super::functions::{NUMBER, TEXT};
use super::super::sqltype::{Collation, Family, Len, SqlType};
use super::{Lowered, Lowering, Result, Scope};

/// The type behind a parsed type name.
pub(in crate::mssql) fn data_type(parsed: &DataType, in_cast: bool) -> Result<SqlType> {
    let text = parsed.to_string();
    SqlType::parse(&text, in_cast).ok_or_else(|| {
        let name = text.split('(').next().unwrap_or_default().to_lowercase();
        if SqlType::parse(&name, in_cast).is_some() {
            SqlError::new(2_717, 16, 2, format!("The size given to the type '{name}' is not allowed: {text}."))
        } else {
            SqlError::new(243, 16, 1, format!("Type {name} is not a defined system type."))
        }
    })
}

/// SQLite text that converts `sql`; nothing is called where the stored form stays the same.
pub(in crate::mssql) fn cast_sql(sql: &str, from: SqlType, to: SqlType, collation: Collation, mode: &str) -> String {
    let same = match (from, to) {
        _ if from == to => mode != "assign" || from.family() != Family::Text,
        // A varchar may hold bytes that have to be decoded first, so only nvarchar passes.
        (SqlType::NVarChar(Len::N(a)) | SqlType::NChar(a), SqlType::NVarChar(Len::N(b))) => a <= b,
        (SqlType::NVarChar(_) | SqlType::NChar(_), SqlType::NVarChar(Len::Max)) => true,
        (SqlType::Money, SqlType::Decimal(p, 4) | SqlType::Numeric(p, 4)) => p >= 19,
        (SqlType::Decimal(p, s) | SqlType::Numeric(p, s), SqlType::Decimal(p2, s2) | SqlType::Numeric(p2, s2)) => {
            s == s2 && p <= p2
        }
        _ => {
            let widths = |t: SqlType| (t != SqlType::Bit).then(|| t.max_length());
            from.family() == Family::Integer
                && to.family() == Family::Integer
                && matches!((widths(from), widths(to)), (Some(a), Some(b)) if a <= b)
        }
    };
    if same {
        return sql.to_owned();
    }
    if from.family() == Family::Integer && matches!(to, SqlType::NVarChar(Len::N(n)) if n >= 20) {
        return format!("CAST({sql} AS TEXT)");
    }
    format!("tsql_cast({sql}, '{}', '{}', '{}', '{mode}')", from.full_name(), to.full_name(), collation.name())
}

impl Lowering<'_> {
    /// A value.
    pub(super) fn value(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Lowered> {
        match expr {
            Expr::Identifier(ident) => self.name(std::slice::from_ref(ident), scope),
            Expr::CompoundIdentifier(idents) => self.name(idents, scope),
            Expr::Value(value) => literal_value(&value.value),
            Expr::Nested(inner) => {
                let mut value = self.value(inner, scope)?;
                value.sql = format!("({})", value.sql);
                Ok(value)
            }
            Expr::Cast { kind, expr, data_type: target, .. } => {
                let try_it = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                self.cast(expr, target, try_it, scope)
            }
            Expr::Convert { is_try, expr, data_type: Some(target), styles, .. } => match styles.as_slice() {
                [] => self.cast(expr, target, *is_try, scope),
                [style] => self.styled(expr, target, &style.to_string(), scope),
                _ => Err(SqlError::unsupported(format!("CONVERT with styles: {expr}"))),
            },
            Expr::Collate { expr, collation } => {
                let mut value = self.value(expr, scope)?;
                let name = collation.to_string();
                value.collation = Collation::parse(&name)
                    .ok_or_else(|| SqlError::new(448, 16, 3, format!("Invalid collation '{name}'.")))?;
                Ok(value)
            }
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, scope),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut branches = Vec::new();
                for when in conditions {
                    let condition = match operand {
                        None => self.condition(&when.condition, scope)?,
                        Some(operand) => self.comparison(operand, "=", &when.condition, scope)?,
                    };
                    branches.push((condition, self.value(&when.result, scope)?));
                }
                let otherwise = match else_result {
                    Some(expr) => self.value(expr, scope)?,
                    None => null(),
                };
                let mut all: Vec<Lowered> = branches.iter().map(|b| b.1.clone()).collect();
                all.push(otherwise.clone());
                let ty = common_type(&all);
                let mut sql = "CASE".to_owned();
                for (condition, value) in &branches {
                    sql += &format!(" WHEN {condition} THEN {}", value.cast(ty));
                }
                sql += &format!(" ELSE {} END", otherwise.cast(ty));
                let mut value = Lowered::new(sql, ty);
                value.nullable = all.iter().any(|part| part.nullable);
                value.collation = all[0].collation;
                Ok(value)
            }
            Expr::Subquery(query) => self.scalar_subquery(query, scope),
            Expr::Function(function) => self.function(function, scope),
            Expr::Trim { .. } | Expr::Substring { .. } | Expr::Ceil { .. } | Expr::Floor { .. } => {
                self.special_function(expr, scope)
            }
            other => Err(SqlError::unsupported(format!("the expression {other}"))),
        }
    }

    fn cast(&mut self, expr: &Expr, target: &DataType, try_it: bool, scope: &Scope<'_>) -> Result<Lowered> {
        let value = self.value(expr, scope)?;
        let to = data_type(target, true)?;
        let mode = if try_it { "try" } else { "cast" };
        let sql =
            if value.is_null { "NULL".to_owned() } else { cast_sql(&value.sql, value.ty, to, value.collation, mode) };
        let mut cast = Lowered::new(sql, to);
        cast.collation = value.collation;
        Ok(cast)
    }

    /// CONVERT with a style: 2 writes bytes as hexadecimal digits, 126 moments as ISO 8601 has them.
    fn styled(&mut self, expr: &Expr, target: &DataType, style: &str, scope: &Scope<'_>) -> Result<Lowered> {
        let value = self.value(expr, scope)?;
        let sql = match (style, value.ty.family()) {
            ("2", Family::Bytes) => format!("hex({})", value.sql),
            // As it is stored, but for the blank in the middle and the zeros at the end.
            ("126", Family::Time) => {
                let whole = format!("replace({}, ' ', 'T')", value.sql);
                format!("CASE WHEN instr({whole}, '.') THEN rtrim(rtrim({whole}, '0'), '.') ELSE {whole} END")
            }
            _ => return Err(SqlError::unsupported(format!("CONVERT with style {style}: {expr}"))),
        };
        let to = data_type(target, true)?;
        let sql = format!("CASE WHEN {} IS NULL THEN NULL ELSE {sql} END", value.sql);
        let text = SqlType::NVarChar(Len::N(4000));
        Ok(Lowered::new(cast_sql(&sql, text, to, value.collation, "cast"), to))
    }

    fn scalar_subquery(&mut self, query: &Query, scope: &Scope<'_>) -> Result<Lowered> {
        let rel = self.query(query, Some(scope), true)?;
        let [column] = rel.columns.as_slice() else {
            return Err(SqlError::new(
                116,
                16,
                1,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let mut value = Lowered::new(format!("({})", rel.sql), column.col.ty);
        value.collation = column.col.collation;
        Ok(value)
    }

    fn unary(&mut self, op: UnaryOperator, expr: &Expr, scope: &Scope<'_>) -> Result<Lowered> {
        let mut value = self.value(expr, scope)?;
        match (op, value.ty.family()) {
            (UnaryOperator::Plus, _) => Ok(value),
            (UnaryOperator::Minus, Family::Integer | Family::Approximate) => {
                value.sql = format!("(-{})", value.sql);
                value.column = None;
                Ok(value)
            }
            (UnaryOperator::Minus, Family::Exact) => {
                value.sql = format!("tsql_arith('-', '0', {}, '{}')", value.sql, value.ty.full_name());
                value.column = None;
                Ok(value)
            }
            _ => Err(SqlError::unsupported(format!("{op} {expr}"))),
        }
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr, scope: &Scope<'_>) -> Result<Lowered> {
        let sign = match op {
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Modulo => "%",
            BinaryOperator::Divide => "/",
            _ => return Err(SqlError::unsupported(format!("{left} {op} {right} as a value"))),
        };
        let (a, b) = (self.value(left, scope)?, self.value(right, scope)?);
        let ty = a.ty.unify(b.ty);
        match ty.family() {
            Family::Text if sign == "+" => {
                let length = |v: &Lowered| match v.ty.length() {
                    Some(Len::N(n)) => u32::from(n),
                    _ => 0,
                };
                let total = length(&a) + length(&b);
                let is_max = [&a, &b].iter().any(|v| v.ty.length() == Some(Len::Max));
                let limit = if ty.is_unicode() { 4000 } else { 8000 };
                let len = if is_max { Len::Max } else { Len::N(total.clamp(1, limit) as u16) };
                let ty = if ty.is_unicode() { SqlType::NVarChar(len) } else { SqlType::VarChar(len) };
                let mut value = Lowered::new(format!("({} || {})", a.cast(a.ty), b.cast(b.ty)), ty);
                value.collation = a.collation;
                Ok(value)
            }
            Family::Integer => {
                let raw = format!("({} {sign} {})", a.cast(ty), b.cast(ty));
                // SQLite computes in 64 bits; the result has to fit the narrower type.
                let sql = if ty == SqlType::BigInt {
                    raw
                } else {
                    cast_sql(&raw, SqlType::BigInt, ty, Collation::Latin1, "cast")
                };
                Ok(Lowered::new(sql, ty))
            }
            Family::Approximate => {
                Ok(Lowered::new(format!("({} {sign} {})", a.cast(SqlType::Float), b.cast(SqlType::Float)), ty))
            }
            Family::Exact if matches!(sign, "+" | "-" | "*") => {
                let (Some((p1, s1)), Some((p2, s2))) = (a.ty.exact(), b.ty.exact()) else {
                    return Err(SqlError::unsupported(format!("{left} {op} {right}")));
                };
                let result = if matches!(ty, SqlType::Money | SqlType::SmallMoney) {
                    ty
                } else if sign == "*" {
                    SqlType::Decimal((p1 + p2 + 1).min(38), (s1 + s2).min(38))
                } else {
                    let scale = s1.max(s2);
                    SqlType::Decimal(((p1 - s1).max(p2 - s2) + scale + 1).min(38), scale)
                };
                Ok(Lowered::new(
                    format!("tsql_arith('{sign}', {}, {}, '{}')", a.sql, b.sql, result.full_name()),
                    result,
                ))
            }
            _ => Err(SqlError::unsupported(format!("{left} {op} {right}"))),
        }
    }

    /// A condition, as in WHERE, ON, HAVING, CASE WHEN.
    pub(super) fn condition(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<String> {
        match expr {
            Expr::Nested(inner) => Ok(format!("({})", self.condition(inner, scope)?)),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(format!("NOT ({})", self.condition(expr, scope)?)),
            Expr::BinaryOp { left, op, right } => {
                let sign = match op {
                    BinaryOperator::And | BinaryOperator::Or => {
                        return Ok(format!(
                            "({} {op} {})",
                            self.condition(left, scope)?,
                            self.condition(right, scope)?
                        ));
                    }
                    BinaryOperator::Eq => "=",
                    BinaryOperator::NotEq => "<>",
                    BinaryOperator::Lt => "<",
                    BinaryOperator::LtEq => "<=",
                    BinaryOperator::Gt => ">",
                    BinaryOperator::GtEq => ">=",
                    _ => return Err(not_a_condition(expr)),
                };
                self.comparison(left, sign, right, scope)
            }
            Expr::IsNull(inner) => Ok(format!("{} IS NULL", self.value(inner, scope)?.sql)),
            Expr::IsNotNull(inner) => Ok(format!("{} IS NOT NULL", self.value(inner, scope)?.sql)),
            Expr::Between { expr, negated, low, high } => {
                let both = format!(
                    "({} AND {})",
                    self.comparison(expr, ">=", low, scope)?,
                    self.comparison(expr, "<=", high, scope)?
                );
                Ok(if *negated { format!("NOT {both}") } else { both })
            }
            Expr::InList { expr, list, negated } => {
                let mut any = Vec::new();
                for item in list {
                    any.push(self.comparison(expr, "=", item, scope)?);
                }
                let any = format!("({})", any.join(" OR "));
                Ok(if *negated { format!("NOT {any}") } else { any })
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let value = self.value(expr, scope)?;
                let rel = self.query(subquery, Some(scope), true)?;
                let [column] = rel.columns.as_slice() else {
                    return Err(SqlError::unsupported("IN with several columns"));
                };
                let ty = value.ty.unify(column.col.ty);
                let inner = cast_sql("c0", column.col.ty, ty, column.col.collation, "cast");
                Ok(format!(
                    "{}{} {}IN (SELECT {inner} FROM ({}))",
                    value.cast(ty),
                    collate(ty),
                    if *negated { "NOT " } else { "" },
                    rel.sql
                ))
            }
            Expr::Exists { subquery, negated } => {
                let rel = self.query(subquery, Some(scope), false)?;
                Ok(format!("{}EXISTS ({})", if *negated { "NOT " } else { "" }, rel.sql))
            }
            Expr::Like { negated, expr, pattern, escape_char, .. } => {
                let text = self.value(expr, scope)?.cast(SqlType::NVarChar(Len::Max));
                let pattern = self.value(pattern, scope)?.sql;
                let escape = match escape_char {
                    Some(escape) => self.value(escape, scope)?.sql,
                    None => "NULL".to_owned(),
                };
                Ok(format!("{}tsql_like({text}, {pattern}, {escape})", if *negated { "NOT " } else { "" }))
            }
            other => Err(not_a_condition(other)),
        }
    }

    fn comparison(&mut self, left: &Expr, sign: &str, right: &Expr, scope: &Scope<'_>) -> Result<String> {
        let (a, b) = (self.value(left, scope)?, self.value(right, scope)?);
        let ty = common_type(&[a.clone(), b.clone()]);
        // Decimals of one scale compare as numbers only through the collation of numbers.
        Ok(format!("{}{} {sign} {}", a.cast(ty), collate(ty), b.cast(ty)))
    }
}

/// The collation under which values of a type are compared and sorted.
pub(super) fn collate(ty: SqlType) -> String {
    match ty.family() {
        Family::Text => format!(" COLLATE {TEXT}"),
        Family::Exact => format!(" COLLATE {NUMBER}"),
        _ => String::new(),
    }
}

/// The type of several values that meet, leaving literal NULLs aside.
pub(super) fn common_type(values: &[Lowered]) -> SqlType {
    values.iter().filter(|value| !value.is_null).map(|value| value.ty).reduce(SqlType::unify).unwrap_or(SqlType::Int)
}

pub(super) fn null() -> Lowered {
    let mut value = Lowered::new("NULL", SqlType::Int);
    value.is_null = true;
    value
}

/// A literal text as a value.
pub(super) fn text_value(text: &str, unicode: bool) -> Lowered {
    let length = (text.chars().count().clamp(1, 8000)) as u16;
    let ty = match (unicode, length) {
        (true, n) if n > 4000 => SqlType::NVarChar(Len::Max),
        (true, n) => SqlType::NVarChar(Len::N(n)),
        (false, n) => SqlType::VarChar(Len::N(n)),
    };
    Lowered::new(literal(text), ty).not_null()
}

fn literal_value(value: &Value) -> Result<Lowered> {
    Ok(match value {
        Value::Null => null(),
        Value::SingleQuotedString(text) => text_value(text, false),
        Value::NationalStringLiteral(text) => text_value(text, true),
        Value::HexStringLiteral(hex) => {
            let even = if hex.len() % 2 == 1 { format!("0{hex}") } else { hex.clone() };
            let length = (even.len() / 2).clamp(1, 8000) as u16;
            Lowered::new(format!("x'{even}'"), SqlType::VarBinary(Len::N(length))).not_null()
        }
        Value::Number(text, _) => number(text)?,
        other => return Err(SqlError::unsupported(format!("the literal {other}"))),
    })
}

fn number(text: &str) -> Result<Lowered> {
    if text.contains(['e', 'E']) {
        return Ok(Lowered::new(text, SqlType::Float).not_null());
    }
    if text.parse::<i32>().is_ok() {
        return Ok(Lowered::new(text, SqlType::Int).not_null());
    }
    let dec =
        super::super::decimal::Dec::parse(text).ok_or_else(|| SqlError::unsupported(format!("the number {text}")))?;
    let precision = dec.digits().max(dec.scale).max(1);
    Ok(Lowered::new(literal(&dec.to_string()), SqlType::Numeric(precision, dec.scale)).not_null())
}

fn not_a_condition(expr: &Expr) -> SqlError {
    SqlError::new(
        4_145,
        15,
        1,
        format!(
            "An expression of non-boolean type specified in a context where a condition is expected, near '{expr}'."
        ),
    )
}
