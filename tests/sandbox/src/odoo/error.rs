//! Odoo's exceptions, in the words of each version, and the envelopes in which they reach a client.
//!
//! The texts were taken from Odoo 14.0 and 19.0; only what erpsync can meet is here.

use serde_json::{Value, json};

/// An exception that ends a call, or a part of one inside a savepoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OdooFault {
    /// `odoo.exceptions.AccessError`
    pub name: &'static str,
    /// What Odoo says to people.
    pub message: String,
    /// The HTTP status that JSON-2 gives it.
    pub status: u16,
    /// What a procedure sees, where that differs from what a client sees: PostgreSQL's own words.
    inside: Option<String>,
}

impl OdooFault {
    fn new(name: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), status, inside: None }
    }

    pub(super) fn access(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.AccessError", 403, message)
    }

    pub(super) fn access_denied() -> Self {
        Self::new("odoo.exceptions.AccessDenied", 403, "Access Denied")
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.ValidationError", 422, message)
    }

    pub(super) fn user(message: impl Into<String>) -> Self {
        Self::new("odoo.exceptions.UserError", 422, message)
    }

    pub(super) fn value_error(message: impl Into<String>) -> Self {
        Self::new("builtins.ValueError", 500, message)
    }

    pub(super) fn type_error(message: impl Into<String>) -> Self {
        Self::new("builtins.TypeError", 500, message)
    }

    pub(super) fn missing(model: &str, id: i64, uid: i64) -> Self {
        let message = format!("Record does not exist or has been deleted.\n(Record: {model}({id},), User: {uid})");
        Self::new("odoo.exceptions.MissingError", 404, message)
    }

    pub(super) fn session_expired() -> Self {
        Self::new("odoo.http.SessionExpiredException", 403, "Session expired")
    }

    pub(super) fn no_database(version: u32, database: &str) -> Self {
        let fatal = format!("FATAL:  database \"{database}\" does not exist\n");
        let message = if version >= 19 {
            format!("connection to server at \"127.0.0.1\", port 5432 failed: {fatal}")
        } else {
            fatal
        };
        Self::new("psycopg2.OperationalError", 500, message)
    }

    pub(super) fn serialization() -> Self {
        Self::new("psycopg2.errors.SerializationFailure", 500, "could not serialize access due to concurrent update\n")
    }

    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new("werkzeug.exceptions.UnprocessableEntity", 422, message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new("werkzeug.exceptions.Unauthorized", 401, "Invalid apikey")
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new("werkzeug.exceptions.BadRequest", 400, message)
    }

    /// A model that the registry does not have: another error on each transport.
    pub(super) fn no_model(version: u32, json2: bool, model: &str) -> Self {
        match (version >= 19, json2) {
            (_, true) => Self::new("werkzeug.exceptions.NotFound", 404, format!("the model '{model}' does not exist")),
            (true, false) => Self::new(
                "werkzeug.exceptions.NotFound",
                404,
                "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.",
            ),
            (false, false) => Self::new("builtins.KeyError", 404, model),
        }
    }

    pub(super) fn no_method(version: u32, json2: bool, model: &str, method: &str) -> Self {
        let message = if version >= 19 {
            format!("The method '{model}.{method}' does not exist")
        } else {
            format!("type object '{model}' has no attribute '{method}'")
        };
        let name = if json2 { "werkzeug.exceptions.NotFound" } else { "builtins.AttributeError" };
        Self::new(name, 404, message)
    }

    /// PostgreSQL's unique violation. `known` is Odoo's own sentence for a constraint that a model declares.
    pub(super) fn unique(version: u32, constraint: &str, columns: &str, values: &str, known: Option<&str>) -> Self {
        let inside = format!(
            "duplicate key value violates unique constraint \"{constraint}\"\nDETAIL:  Key ({columns})=({values}) already exists.\n"
        );
        let message = match known {
            Some(sentence) => sentence.to_owned(),
            None if version >= 19 => format!("The operation cannot be completed: {inside}"),
            None => inside.clone(),
        };
        Self { inside: Some(inside), ..Self::validation(message) }
    }

    /// PostgreSQL's check violation, as a constraint of another module would raise it.
    pub(super) fn check(version: u32, table: &str, constraint: &str) -> Self {
        let inside = format!(
            "new row for relation \"{table}\" violates check constraint \"{constraint}\"\nDETAIL:  Failing row contains (…).\n"
        );
        let message =
            if version >= 19 { format!("The operation cannot be completed: {inside}") } else { inside.clone() };
        Self { inside: Some(inside), ..Self::validation(message) }
    }

    pub(super) fn required(version: u32, model: &str, label: &str, field: &str, field_label: &str) -> Self {
        let inside = format!(
            "null value in column \"{field}\" of relation \"{}\" violates not-null constraint\n",
            model.replace('.', "_")
        );
        let message = if version >= 19 {
            format!(
                "The operation cannot be completed: Missing required value for the field '{field_label}' ({field}).\nModel: '{label}' ({model})\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n"
            )
        } else {
            format!(
                "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: {label} ({model}), Field: {field_label} ({field})"
            )
        };
        Self { inside: Some(inside), ..Self::validation(message) }
    }

    /// An ordinary Python exception inside a server action: Odoo adds the whole code to it.
    pub(super) fn evaluating(version: u32, class: &str, argument: &str, code: &str) -> Self {
        let what =
            if version >= 19 { format!("{class}('{argument}')") } else { format!("<class '{class}'>: \"{argument}\"") };
        Self::value_error(format!("{what} while evaluating\n{}", python_text(code)))
    }

    /// What a procedure's `str(error)` gives, blanks joined.
    pub(super) fn words(&self) -> String {
        let text = self.inside.as_ref().unwrap_or(&self.message);
        let text = text.split("\nDETAIL:  Failing row").next().unwrap_or(text);
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(1000).collect()
    }

    fn data(&self) -> Value {
        let debug = format!(
            "Traceback (most recent call last):\n  File \"odoo/http.py\", line 1, in _dispatch\n{}: {}\n",
            self.name.trim_start_matches("builtins."),
            self.message
        );
        json!({"name": self.name, "message": self.message, "arguments": [self.message], "context": {}, "debug": debug})
    }

    /// The JSON-RPC envelope of the web session.
    pub(super) fn web(&self, version: u32) -> Value {
        let (code, message) = match self.name {
            "odoo.http.SessionExpiredException" => (100, "Odoo Session Expired"),
            "werkzeug.exceptions.NotFound" => (404, "404: Not Found"),
            _ if version >= 19 => (0, "Odoo Server Error"),
            _ => (200, "Odoo Server Error"),
        };
        json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message, "data": self.data()}})
    }

    /// The body of JSON-2, which comes with [`OdooFault::status`].
    pub(super) fn json2(&self) -> Value {
        self.data()
    }
}

/// Python's `repr` of a value that came as JSON.
pub(super) fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => python_text(text),
        other => other.to_string(),
    }
}

/// Python's `repr` of a text.
pub(super) fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 32 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_python_does() {
        for (text, shown) in [("a", "'a'"), ("it's", "\"it's\""), ("a\n\\", "'a\\n\\\\'"), ("'\"", "'\\'\"'")] {
            assert_eq!(python_text(text), shown);
        }
    }
}
