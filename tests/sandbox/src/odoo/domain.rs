//! Search domains, as far as erpsync and its tests use them: conditions on a record's own fields, and, or, not. Paths
//! through other records are refused.

use serde_json::Value;

use super::env::Env;
use super::error::{OdooFault, python};
use super::store::Record;

/// The ids of records that fulfil a domain, in order.
pub(super) fn search(env: &Env<'_>, model: &str, domain: &Value) -> Result<Vec<i64>, OdooFault> {
    let items = domain.as_array().ok_or_else(|| OdooFault::type_error("a domain is a list"))?;
    let mut terms = Vec::new();
    for item in items {
        terms.push(match item.as_str() {
            Some("|") => Term::Or,
            Some("&") => Term::And,
            Some("!") => Term::Not,
            _ => Term::Condition(parse(env, model, item)?),
        });
    }
    let has_active = env.field(model, "active").is_some();
    let asks_active = terms.iter().any(|t| matches!(t, Term::Condition(c) if c.field == "active"));
    let mut out = Vec::new();
    for (id, record) in env.store.rows(model) {
        if has_active && env.active_test && !asks_active && env.stored(model, record, "active") == Value::Bool(false) {
            continue;
        }
        if holds(&terms, |c| c.holds(env, model, record))? {
            out.push(id);
        }
    }
    Ok(out)
}

/// A part of a domain, which is written with operators first.
enum Term<'a> {
    Or,
    And,
    Not,
    Condition(Condition<'a>),
}

/// Conditions without an operator between them are all to hold.
fn holds(terms: &[Term<'_>], holds: impl Fn(&Condition<'_>) -> bool) -> Result<bool, OdooFault> {
    let mut stack: Vec<bool> = Vec::new();
    let missing = || OdooFault::value_error("Domain() invalid: an operator lacks its condition");
    for term in terms.iter().rev() {
        let value = match term {
            Term::Condition(condition) => holds(condition),
            Term::Not => !stack.pop().ok_or_else(missing)?,
            Term::Or | Term::And => {
                let (one, other) = (stack.pop().ok_or_else(missing)?, stack.pop().ok_or_else(missing)?);
                if matches!(term, Term::Or) { one || other } else { one && other }
            }
        };
        stack.push(value);
    }
    Ok(stack.into_iter().all(|held| held))
}

struct Condition<'a> {
    field: &'a str,
    operator: &'a str,
    value: &'a Value,
}

fn parse<'a>(env: &Env<'_>, model: &str, condition: &'a Value) -> Result<Condition<'a>, OdooFault> {
    let new = env.version() >= 19;
    let parts = condition.as_array().filter(|c| c.len() == 3);
    let (Some([field, operator, value]), true) = (parts.map(Vec::as_slice), condition.is_array()) else {
        return Err(OdooFault::value_error(format!("the stand-in takes no domain with {condition}")));
    };
    let (field, operator) = (field.as_str().unwrap_or_default(), operator.as_str().unwrap_or_default());
    let leaf =
        format!("({}, {}, {})", super::error::python_text(field), super::error::python_text(operator), python(value));
    if env.field(model, field).is_none() {
        let what = if new { "condition" } else { "leaf" };
        return Err(OdooFault::value_error(format!("Invalid field {model}.{field} in {what} {leaf}")));
    }
    if !["=", "!=", "in", "not in", "<", ">", "<=", ">=", "=like", "ilike"].contains(&operator) {
        let what = if new { "Invalid operator in condition" } else { "Invalid leaf" };
        return Err(OdooFault::value_error(format!("{what} {leaf}")));
    }
    Ok(Condition { field, operator, value })
}

impl Condition<'_> {
    fn holds(&self, env: &Env<'_>, model: &str, record: &Record) -> bool {
        let found = env.stored(model, record, self.field);
        let equal = |wanted: &Value| match (&found, wanted) {
            (Value::Null, Value::Null | Value::Bool(false)) | (Value::Bool(false), Value::Null) => true,
            (Value::Array(ids), wanted) => ids.contains(wanted),
            (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
            (a, b) => a == b,
        };
        let order = match (&found, self.value) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            _ => None,
        };
        match self.operator {
            "=" => equal(self.value),
            "!=" => !equal(self.value),
            "in" => self.value.as_array().is_some_and(|list| list.iter().any(equal)),
            "not in" => !self.value.as_array().is_some_and(|list| list.iter().any(equal)),
            "ilike" => match (&found, self.value) {
                (Value::String(text), Value::String(part)) => text.to_lowercase().contains(&part.to_lowercase()),
                _ => false,
            },
            "=like" => match (&found, self.value) {
                (Value::String(text), Value::String(pattern)) => like(text, pattern),
                _ => false,
            },
            "<" => order.is_some_and(|o| o.is_lt()),
            ">" => order.is_some_and(|o| o.is_gt()),
            "<=" => order.is_some_and(|o| o.is_le()),
            _ => order.is_some_and(|o| o.is_ge()),
        }
    }
}

/// PostgreSQL's LIKE: `%` is any text, `_` any character, a backslash takes the meaning from what follows.
fn like(text: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&text[at..], rest.as_str()))
        }
        Some(c) => {
            let (any, wanted) = (c == '_', if c == '\\' { rest.next() } else { Some(c) });
            let mut text = text.chars();
            text.next().is_some_and(|found| any || Some(found) == wanted) && like(text.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns() {
        for (text, pattern, wanted) in [
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "ab%", true),
            ("abc", "%bc", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a\\_c", false),
            ("a_c", "a\\_c", true),
            ("a%", "a\\%", true),
            ("", "%", true),
            ("", "_", false),
        ] {
            assert_eq!(like(text, pattern), wanted, "{text:?} {pattern:?}");
        }
    }
}
