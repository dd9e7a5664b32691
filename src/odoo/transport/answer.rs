//! Odoo's answers: out of their envelope, or what they are an error of.

use serde_json::Value;

use crate::odoo::error::{Fault, OdooError};

/// Opens the JSON-RPC envelope of the web session.
pub(super) fn envelope(text: &str, call: &str) -> Result<Value, OdooError> {
    let mut value: Value = serde_json::from_str(text).map_err(|e| not_understood(call, &e.to_string(), text))?;
    if let Some(error) = value.get("error") {
        return Err(OdooError::Fault { call: call.to_owned(), fault: fault(&error["data"]) });
    }
    let is_envelope = value.get("jsonrpc").is_some();
    match value.get_mut("result") {
        Some(result) => Ok(result.take()),
        // A method that returns None: the key is missing in some versions.
        None if is_envelope => Ok(Value::Null),
        None => Err(not_understood(call, "neither result nor error", text)),
    }
}

/// Odoo's error object; an exception inside a procedure carries the whole code in its text, which is cut away.
pub(super) fn fault(data: &Value) -> Fault {
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let message = text("message");
    let message = message.split(" while evaluating\n").next().unwrap_or_default().trim().to_owned();
    Fault { name: text("name"), message, traceback: text("debug") }
}

pub(super) fn not_understood(call: &str, reason: &str, text: &str) -> OdooError {
    OdooError::Answer { call: call.to_owned(), reason: reason.to_owned(), body: beginning(text) }
}

/// The first line or so of a body, without markup or control characters.
pub(super) fn beginning(text: &str) -> String {
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars().take(4000) {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                out.push(' ');
            }
            _ if in_tag => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_told_in_a_line() {
        assert_eq!(beginning("<html><h1>Bad   Gateway</h1>\n<p>nginx</p></html>"), "Bad Gateway nginx");
    }

    #[test]
    fn odoo_s_error_is_taken_apart() {
        let text = r#"{"jsonrpc":"2.0","error":{"code":200,"message":"Odoo Server Error","data":
            {"name":"odoo.exceptions.AccessError","message":"Not you","debug":"Traceback …"}}}"#;
        let Err(OdooError::Fault { fault, .. }) = envelope(text, "m.f") else { panic!("a fault") };
        assert_eq!((fault.short_name(), fault.message.as_str()), ("AccessError", "Not you"));
    }

    #[test]
    fn the_code_of_a_procedure_is_not_shown() {
        let data = json!({"name": "ValueError", "message": "KeyError('x') while evaluating\n'ask = 1'", "debug": ""});
        assert_eq!(fault(&data).message, "KeyError('x')");
    }
}
