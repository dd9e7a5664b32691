//! A call of a method, and how each way of calling words it.

use serde_json::{Map, Value, json};

/// A call of a method on a model.
#[derive(Debug, Clone)]
pub struct Call {
    /// `ir.actions.server`
    pub model: &'static str,
    /// `run`
    pub method: &'static str,
    /// The records, for methods of records.
    pub ids: Vec<i64>,
    /// Named arguments.
    pub args: Map<String, Value>,
    /// The context.
    pub context: Map<String, Value>,
}

impl Call {
    /// A call without records, arguments and context.
    #[must_use]
    pub fn new(model: &'static str, method: &'static str) -> Self {
        Self { model, method, ids: Vec::new(), args: Map::new(), context: Map::new() }
    }

    /// On these records.
    #[must_use]
    pub fn ids(mut self, ids: &[i64]) -> Self {
        self.ids = ids.to_vec();
        self
    }

    /// With an argument.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.args.insert(name.to_owned(), value.into());
        self
    }

    /// With a value in the context.
    #[must_use]
    pub fn context(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.model, self.method)
    }
}

/// A request in the envelope of JSON-RPC.
pub(super) fn rpc(params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": "call", "params": params})
}

/// `call_kw` takes `ids` as the first positional argument, and the values of `create` too: 14 finds them nowhere else. The
/// values of `write` have other names in some models of 14 (`ir.ui.menu`), so they have none here.
fn by_position(call: &Call) -> (Vec<Value>, Map<String, Value>) {
    let mut kwargs = call.args.clone();
    let mut args = Vec::new();
    if call.method == "create" {
        args.extend(kwargs.remove("vals_list"));
    } else if !call.ids.is_empty() {
        args.push(json!(call.ids));
    }
    if call.method == "write" {
        args.extend(kwargs.remove("vals"));
    }
    kwargs.insert("context".to_owned(), Value::Object(call.context.clone()));
    (args, kwargs)
}

pub(super) fn web_body(call: &Call) -> Value {
    let (args, kwargs) = by_position(call);
    rpc(json!({"model": call.model, "method": call.method, "args": args, "kwargs": kwargs}))
}

/// For `/jsonrpc`, which wants to know with every call who calls.
pub(super) fn rpc_body(call: &Call, database: &str, user: i64, key: &str) -> Value {
    let (args, kwargs) = by_position(call);
    let args = json!([database, user, key, call.model, call.method, args, kwargs]);
    rpc(json!({"service": "object", "method": "execute_kw", "args": args}))
}

pub(super) fn json2_body(call: &Call) -> Value {
    let mut body = call.args.clone();
    if !call.ids.is_empty() {
        body.insert("ids".to_owned(), json!(call.ids));
    }
    if !call.context.is_empty() {
        body.insert("context".to_owned(), Value::Object(call.context.clone()));
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_is_positional_in_a_web_session() {
        let call = Call::new("res.groups", "create").arg("vals_list", json!([{"name": "x"}]));
        assert_eq!(web_body(&call)["params"]["args"], json!([[{"name": "x"}]]));
        assert_eq!(json2_body(&call), json!({"vals_list": [{"name": "x"}]}));
    }

    #[test]
    fn write_is_positional_in_a_web_session() {
        let call = Call::new("ir.ui.menu", "write").ids(&[7]).arg("vals", json!({"name": "x"}));
        assert_eq!(web_body(&call)["params"]["args"], json!([[7], {"name": "x"}]));
        let rpc = rpc_body(&call, "shop", 2, "key");
        let wanted = json!(["shop", 2, "key", "ir.ui.menu", "write", [[7], {"name": "x"}], {"context": {}}]);
        assert_eq!(rpc["params"]["args"], wanted);
        assert_eq!(json2_body(&call), json!({"ids": [7], "vals": {"name": "x"}}));
    }
}
