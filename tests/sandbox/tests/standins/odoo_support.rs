//! What the tests of the Odoo stand-in share: the web session and JSON-2, spoken by hand.

use erpsync_sandbox::odoo::OdooServer;
use serde_json::{Value, json};

pub const DB: &str = "shop";

/// An answer: HTTP status and the body, a text when it is no JSON.
pub type Answer = (u16, Value);

/// A logged-in browser, more or less.
pub struct Web {
    pub url: String,
    pub cookie: String,
}

pub async fn post(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

/// Logs in and returns the answer, and the session if there is one.
pub async fn log_in(server: &OdooServer, db: &str, login: &str, password: &str) -> (Answer, Option<Web>) {
    let url = server.url();
    let params = json!({"db": db, "login": login, "password": password});
    let request = reqwest::Client::new().post(format!("{url}/web/session/authenticate"));
    let response = request.json(&json!({"jsonrpc": "2.0", "method": "call", "params": params})).send().await.unwrap();
    let cookie =
        response.headers().get("set-cookie").map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned());
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    ((status, body), cookie.map(|cookie| Web { url, cookie }))
}

impl Web {
    pub async fn open(server: &OdooServer, login: &str) -> Self {
        log_in(server, DB, login, login).await.1.expect("a session")
    }

    pub async fn try_call(
        &self,
        model: &str,
        method: &str,
        args: Value,
        kwargs: Value,
    ) -> Result<Answer, reqwest::Error> {
        let params = json!({"model": model, "method": method, "args": args, "kwargs": kwargs});
        let request = reqwest::Client::new()
            .post(format!("{}/web/dataset/call_kw/{model}/{method}", self.url))
            .header("Cookie", &self.cookie)
            .json(&json!({"jsonrpc": "2.0", "method": "call", "params": params}));
        post(request).await
    }

    /// The result.
    pub async fn call(&self, model: &str, method: &str, args: Value, kwargs: Value) -> Value {
        let (status, body) = self.try_call(model, method, args, kwargs).await.unwrap();
        assert_eq!((status, body.get("error")), (200, None), "{model}.{method}");
        body["result"].clone()
    }

    /// The error's code, name and message.
    pub async fn error(&self, model: &str, method: &str, args: Value, kwargs: Value) -> (i64, String, String) {
        let (status, body) = self.try_call(model, method, args, kwargs).await.unwrap();
        assert_eq!(status, 200, "{body}");
        error(&body)
    }

    pub async fn products(&self, fields: &[&str], context: Value) -> Vec<Value> {
        let rows = self.call("product.product", "search_read", json!([[], fields]), json!({"context": context})).await;
        rows.as_array().unwrap().clone()
    }
}

pub fn error(body: &Value) -> (i64, String, String) {
    let error = &body["error"];
    let text = |key: &str| error["data"][key].as_str().unwrap_or_default().to_owned();
    (error["code"].as_i64().unwrap_or(-1), text("name"), text("message"))
}

/// A JSON-2 call.
pub async fn json2(server: &OdooServer, key: &str, db: &str, path: &str, body: Value) -> Answer {
    let request = reqwest::Client::new().post(format!("{}/json/2/{path}", server.url()));
    post(request.header("Authorization", format!("bearer {key}")).header("X-Odoo-Database", db).json(&body))
        .await
        .unwrap()
}
