//! Calls of methods on models: the ones that erpsync makes, with their arguments by position or by name.

use serde_json::{Value, json};

use super::actions;
use super::domain;
use super::env::{Env, Right};
use super::error::OdooFault;
use super::schema::Kind;
use super::store::{Record, text};

/// A call as it came in.
#[derive(Debug)]
pub(super) struct Request {
    pub model: String,
    pub method: String,
    /// `call_kw`'s positional arguments; JSON-2 has none.
    pub args: Vec<Value>,
    /// Named arguments, without the context.
    pub named: Record,
    pub context: Record,
    pub json2: bool,
}

struct Method {
    name: &'static str,
    /// Is it a method of records, whose ids come first?
    records: bool,
    parameters: &'static [&'static str],
    /// How many of the parameters must be given.
    required: usize,
}

const METHODS: &[Method] = &[
    Method { name: "create", records: false, parameters: &["vals_list"], required: 1 },
    Method {
        name: "search_read",
        records: false,
        parameters: &["domain", "fields", "offset", "limit", "order"],
        required: 0,
    },
    Method { name: "write", records: true, parameters: &["vals"], required: 1 },
    Method { name: "unlink", records: true, parameters: &[], required: 0 },
    Method { name: "fields_get", records: false, parameters: &["allfields", "attributes"], required: 0 },
    Method { name: "has_group", records: false, parameters: &["group_ext_id"], required: 1 },
    Method { name: "context_get", records: false, parameters: &[], required: 0 },
    Method { name: "run", records: true, parameters: &[], required: 0 },
];

/// Where a method lives, when not on every model.
fn owner(method: &str) -> Option<&'static str> {
    match method {
        "has_group" | "context_get" => Some("res.users"),
        "run" => Some("ir.actions.server"),
        _ => None,
    }
}

/// Carries a call out, in the transaction of `env`.
pub(super) fn call(env: &mut Env<'_>, request: &Request) -> Result<Value, OdooFault> {
    let (model, version) = (request.model.as_str(), env.version());
    if !env.store.models.contains_key(model) {
        return Err(OdooFault::no_model(version, env.json2, model));
    }
    if request.method.starts_with('_') {
        let name = if version >= 19 { format!("'{model}.{}'", request.method) } else { request.method.clone() };
        return Err(OdooFault::access(format!("Private methods (such as {name}) cannot be called remotely.")));
    }
    let known = METHODS.iter().find(|m| m.name == request.method && owner(m.name).is_none_or(|o| o == model));
    let Some(method) = known else {
        return Err(OdooFault::no_method(version, env.json2, model, &request.method));
    };
    let (ids, named) = arguments(env, request, method)?;
    let argument = |name: &str| named.get(name).cloned().unwrap_or(Value::Null);
    match method.name {
        "create" => create(env, model, &argument("vals_list")),
        "search_read" => search_read(env, model, &named),
        "write" => {
            let values = argument("vals");
            let values = values.as_object().ok_or_else(|| OdooFault::type_error("vals is a dictionary"))?;
            env.write(model, &ids, values).map(|()| json!(true))
        }
        "unlink" => env.unlink(model, &ids).map(|()| json!(true)),
        "fields_get" => Ok(fields_get(env, model, &argument("allfields"), &argument("attributes"))),
        "has_group" => Ok(json!(env.has_group(argument("group_ext_id").as_str().unwrap_or_default()))),
        "context_get" => {
            let mut context = json!({"lang": text(&env.user(), "lang"), "tz": false});
            if version >= 16 {
                context["uid"] = json!(env.store.uid);
            }
            Ok(context)
        }
        _ => actions::run(env, &ids, &request.context),
    }
}

fn arguments(env: &Env<'_>, request: &Request, method: &Method) -> Result<(Vec<i64>, Record), OdooFault> {
    let name = format!("{}.{}()", request.model, method.name);
    // A function of the class up to 17, a method of a record from 18 on.
    let records = method.records || (method.name == "has_group" && env.version() >= 18);
    let mut named = request.named.clone();
    let mut positional = request.args.iter();
    let ids = match (records, env.json2) {
        (true, true) => named.remove("ids"),
        (true, false) => positional.next().cloned(),
        (false, true) if named.contains_key("ids") => {
            return Err(OdooFault::unprocessable(format!("cannot call {}.{} with ids", request.model, method.name)));
        }
        (false, _) => None,
    };
    let ids: Vec<i64> = match ids {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_i64).collect(),
        Some(other) => other.as_i64().into_iter().collect(),
        None if records && !env.json2 => return Err(OdooFault::type_error(format!("{name} missing its records"))),
        None => Vec::new(),
    };
    for (parameter, value) in method.parameters.iter().zip(positional) {
        named.insert((*parameter).to_owned(), value.clone());
    }
    if let Some(unknown) = named.keys().find(|k| !method.parameters.contains(&k.as_str())) {
        return Err(OdooFault::type_error(format!("{name} got an unexpected keyword argument '{unknown}'")));
    }
    if let Some(missing) = method.parameters.iter().take(method.required).find(|p| !named.contains_key(**p)) {
        return Err(if env.json2 {
            OdooFault::unprocessable(format!("missing a required argument: '{missing}'"))
        } else {
            OdooFault::type_error(format!("{name} missing 1 required positional argument: '{missing}'"))
        });
    }
    Ok((ids, named))
}

fn create(env: &mut Env<'_>, model: &str, values: &Value) -> Result<Value, OdooFault> {
    let one = |env: &mut Env<'_>, values: &Value| {
        let values = values.as_object().ok_or_else(|| OdooFault::type_error("vals_list is a list of dictionaries"))?;
        env.create(model, values)
    };
    match values {
        Value::Array(list) => Ok(json!(list.iter().map(|v| one(env, v)).collect::<Result<Vec<_>, _>>()?)),
        values => one(env, values).map(|id| json!(id)),
    }
}

fn search_read(env: &mut Env<'_>, model: &str, named: &Record) -> Result<Value, OdooFault> {
    env.check(model, Right::Read)?;
    let descending = match named.get("order").filter(|o| !o.is_null()) {
        None => false,
        Some(order) if order == "id" => false,
        Some(order) if order == "id desc" => true,
        Some(_) => return Err(OdooFault::value_error("the stand-in sorts by id alone")),
    };
    let mut fields: Vec<String> = named
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if let Some(unknown) = fields.iter().find(|f| env.field(model, f).is_none()) {
        let on = if env.version() >= 19 { "on" } else { "on model" };
        return Err(OdooFault::value_error(format!("Invalid field '{unknown}' {on} '{model}'")));
    }
    if fields.is_empty() {
        fields = env.store.models[model].fields.keys().filter(|f| *f != "password").cloned().collect();
    }
    let everything = json!([]);
    let mut found = domain::search(env, model, named.get("domain").filter(|d| !d.is_null()).unwrap_or(&everything))?;
    if descending {
        found.reverse();
    }
    let number = |name: &str| named.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").filter(|l| *l > 0).unwrap_or(usize::MAX));
    let mut out = Vec::new();
    for id in found.into_iter().skip(offset).take(limit) {
        let record = env.exists(model, id)?;
        let mut row = Record::from_iter([("id".to_owned(), json!(id))]);
        row.extend(fields.iter().map(|name| (name.clone(), env.read(model, &record, name))));
        out.push(Value::Object(row));
    }
    Ok(Value::Array(out))
}

/// Of a field's attributes, the few that anybody asks for.
fn fields_get(env: &Env<'_>, model: &str, names: &Value, attributes: &Value) -> Value {
    let wanted = |list: &Value, name: &str| list.as_array().is_none_or(|l| l.is_empty() || l.iter().any(|n| n == name));
    let mut all: Vec<&String> = env.store.models[model].fields.keys().collect();
    if model == "product.product" {
        all.extend(env.store.models["product.template"].fields.keys());
    }
    let mut out = Record::new();
    for name in all.into_iter().filter(|n| wanted(names, n)) {
        let Some(field) = env.field(model, name) else { continue };
        let mut one = json!({"type": field.kind.ttype(), "string": field.label, "required": field.required});
        if field.kind == Kind::Float {
            one["digits"] = if env.version() < 16 && name == "list_price" { json!([16, 2]) } else { json!(false) };
        }
        if let Kind::Many2one(target, _) | Kind::Many2many(target) = &field.kind {
            one["relation"] = json!(target);
        }
        if let Value::Object(one) = one {
            let one: Record = one.into_iter().filter(|(attribute, _)| wanted(attributes, attribute)).collect();
            out.insert(name.clone(), Value::Object(one));
        }
    }
    Value::Object(out)
}
