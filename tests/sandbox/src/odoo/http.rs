//! HTTP: the paths of the web session and of JSON-2, and the faults that strike before or after a call.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::error::OdooFault;
use super::options::{Call, Fault};
use super::rpc::Request;
use super::state::{Caller, State};

type Answer = Response<Full<Bytes>>;

/// Ends the connection without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl std::error::Error for Cut {}

/// Serves a client until it goes. Odoo's own server keeps no connection alive either.
pub(super) async fn serve(state: Arc<Mutex<State>>, tcp: TcpStream) {
    let service = service_fn(move |request| handle(Arc::clone(&state), request));
    // A client that vanished, or was cut off on purpose, is no error of ours.
    let _ =
        hyper::server::conn::http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(tcp), service).await;
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a request asks for.
enum Wanted {
    Version,
    /// Parameters, and whether it is known which database is meant.
    LogIn(Value, bool),
    /// The login page for a database, which a browser asks for to choose it.
    Page {
        database: String,
        chosen: Option<String>,
    },
    /// A method, with the caller if the credential is good.
    Method {
        caller: Option<Caller>,
        request: Request,
    },
}

async fn handle(state: Arc<Mutex<State>>, request: HttpRequest<Incoming>) -> Result<Answer, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let (name, wanted) = match understand(&state, &head, &body) {
        Ok(understood) => understood,
        Err(answer) => return Ok(*answer),
    };
    let fault = lock(&state).take_fault(&name);
    let note = |outcome: &str| {
        lock(&state).calls.push(Call { name: name.clone(), outcome: outcome.to_owned() });
    };
    match fault {
        Some(Fault::CutBefore) => {
            note("cut before");
            return Err(Cut);
        }
        Some(Fault::Page(status)) => {
            note(&format!("HTTP {status}"));
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let title = status.canonical_reason().unwrap_or_default();
            return Ok(html(
                status,
                &format!("<html><head><title>{status}</title></head><body><h1>{title}</h1></body></html>"),
            ));
        }
        Some(Fault::Delay(pause)) => tokio::time::sleep(pause).await,
        Some(Fault::SessionExpired) => lock(&state).end_sessions(),
        Some(Fault::CutAfter | Fault::Serialization) | None => {}
    }
    let (answer, outcome) = carry_out(&state, wanted, fault.as_ref());
    if fault == Some(Fault::CutAfter) {
        note("cut after");
        return Err(Cut);
    }
    note(outcome);
    Ok(answer)
}

/// The session's token, if the request has one.
fn token(headers: &HeaderMap) -> &str {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|c| c.to_str().ok()).flat_map(|c| c.split("; "));
    cookies.filter_map(|c| c.strip_prefix("session_id=")).next().unwrap_or_default()
}

fn understand(state: &Mutex<State>, head: &Parts, body: &[u8]) -> Result<(String, Wanted), Box<Answer>> {
    let headers = &head.headers;
    let version = lock(state).options.version;
    let parts: Vec<&str> = head.uri.path().trim_matches('/').split('/').collect();
    let parse = || serde_json::from_slice::<Value>(body);
    let not_found =
        || Box::new(html(StatusCode::NOT_FOUND, "<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>"));
    if head.method == Method::GET && parts[..] == ["web", "login"] {
        let chosen = lock(state).chosen(token(headers)).map(str::to_owned);
        // Names of databases in tests need no unescaping.
        let named = head.uri.query().and_then(|q| q.strip_prefix("db=")).unwrap_or_default();
        return Ok(("web/login".to_owned(), Wanted::Page { database: named.to_owned(), chosen }));
    }
    if head.method != Method::POST {
        return Err(not_found());
    }
    match parts[..] {
        ["web", "webclient", "version_info"] => Ok(("web/webclient/version_info".to_owned(), Wanted::Version)),
        ["web", "session", "authenticate"] => {
            let body = parse().map_err(|_| Box::new(text(StatusCode::BAD_REQUEST, "Invalid JSON data")))?;
            let state = lock(state);
            let clear = state.chosen(token(headers)).is_some() || !state.is_ambiguous();
            Ok(("web/session/authenticate".to_owned(), Wanted::LogIn(body["params"].clone(), clear)))
        }
        ["web", "dataset", "call_kw", ..] => {
            let body = parse().map_err(|_| Box::new(text(StatusCode::BAD_REQUEST, "Invalid JSON data")))?;
            let request = web_request(&body["params"]);
            let mut state = lock(state);
            let caller = state.session(token(headers));
            let database = caller.as_ref().map(|(d, _)| d.clone()).unwrap_or_default();
            Ok((state.call_name(&database, &request), Wanted::Method { caller, request }))
        }
        ["json", "2", model, method] if version >= 19 => {
            let mut state = lock(state);
            let database = match headers.get("X-Odoo-Database").and_then(|d| d.to_str().ok()) {
                Some(name) => name.to_owned(),
                // A single database needs no naming.
                None if state.databases.len() == 1 => state.databases.keys().next().cloned().unwrap_or_default(),
                None => String::new(),
            };
            if !state.databases.contains_key(&database) {
                return Err(Box::new(html(StatusCode::NOT_FOUND, NO_DATABASE)));
            }
            if !headers
                .get(CONTENT_TYPE)
                .and_then(|t| t.to_str().ok())
                .is_some_and(|t| t.starts_with("application/json"))
            {
                return Err(Box::new(html(StatusCode::UNSUPPORTED_MEDIA_TYPE, "<h1>Unsupported Media Type</h1>")));
            }
            let Ok(Value::Object(mut named)) = parse() else {
                return Err(Box::new(fault_answer(
                    &OdooFault::bad_request("could not parse the body as json"),
                    version,
                    true,
                )));
            };
            let context = named.remove("context").and_then(|c| c.as_object().cloned()).unwrap_or_default();
            let (model, method) = (model.to_owned(), method.to_owned());
            let request = Request { model, method, args: Vec::new(), named, context, json2: true };
            let key = headers.get(AUTHORIZATION).and_then(|a| a.to_str().ok()).unwrap_or_default();
            let key = key.strip_prefix("bearer ").or_else(|| key.strip_prefix("Bearer ")).unwrap_or_default();
            let caller = state.key(&database, key);
            Ok((state.call_name(&database, &request), Wanted::Method { caller, request }))
        }
        _ => Err(not_found()),
    }
}

fn web_request(params: &Value) -> Request {
    let word = |key: &str| params[key].as_str().unwrap_or_default().to_owned();
    let mut named = params["kwargs"].as_object().cloned().unwrap_or_default();
    let context = named.remove("context").and_then(|c| c.as_object().cloned()).unwrap_or_default();
    let args = params["args"].as_array().cloned().unwrap_or_default();
    Request { model: word("model"), method: word("method"), args, named, context, json2: false }
}

/// The answer, and its name in the list of calls.
fn carry_out(state: &Mutex<State>, wanted: Wanted, fault: Option<&Fault>) -> (Answer, &'static str) {
    let mut state = lock(state);
    let version = state.options.version;
    let (json2, outcome) = match wanted {
        Wanted::Version => {
            let info = json!({
                "server_version": format!("{version}.0"), "server_version_info": [version, 0, 0, "final", 0, ""],
                "server_serie": format!("{version}.0"), "protocol_version": 1,
            });
            (false, Ok(info))
        }
        Wanted::Page { database, chosen } => return (page(&mut state, &database, chosen), "ok"),
        Wanted::LogIn(params, clear) => {
            let word = |key: &str| params[key].as_str().unwrap_or_default();
            match state.log_in(word("db"), word("login"), word("password")) {
                Ok((token, result)) => {
                    let answer = json_answer(StatusCode::OK, &json!({"jsonrpc": "2.0", "id": null, "result": result}));
                    return (with_cookie(answer, &token), "ok");
                }
                // Up to 15 an error needs a database to be worded.
                Err(fault) if version < 16 && !clear => {
                    return (html(StatusCode::INTERNAL_SERVER_ERROR, BARE), fault.name);
                }
                Err(fault) => (false, Err(fault)),
            }
        }
        Wanted::Method { caller, request } => {
            // The session may have gone while the fault was taken.
            let caller = caller.filter(|_| fault != Some(&Fault::SessionExpired));
            let outcome = match (caller, fault) {
                (None, _) if request.json2 => Err(OdooFault::unauthorized()),
                (None, _) if state.is_ambiguous() => return (no_session(version), "HTTP 404"),
                (None, _) => Err(OdooFault::session_expired()),
                (Some(_), Some(Fault::Serialization)) => Err(OdooFault::serialization()),
                (Some(caller), _) => state.call(&caller, &request),
            };
            (request.json2, outcome)
        }
    };
    match outcome {
        Ok(result) if json2 => (json_answer(StatusCode::OK, &result), "ok"),
        Ok(result) => (json_answer(StatusCode::OK, &json!({"jsonrpc": "2.0", "id": null, "result": result})), "ok"),
        Err(fault) => (fault_answer(&fault, version, json2), fault.name),
    }
}

/// What Odoo up to 15 says when it has no database to ask for better words.
const BARE: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n<p>The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.</p>";

/// What Odoo says when it does not know which database is meant.
const NO_DATABASE: &str = "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>";

/// The login page: the first request chooses the database, the next one looks whether it is there.
fn page(state: &mut State, database: &str, chosen: Option<String>) -> Answer {
    let there = chosen.as_ref().is_none_or(|name| state.databases.contains_key(name));
    let to = match (&chosen, there) {
        (Some(_), true) => return html(StatusCode::OK, "<!DOCTYPE html>\n<title>Odoo</title>"),
        (Some(_), false) => "/web/database/selector".to_owned(),
        (None, _) => format!("/web/login?db={database}"),
    };
    let mut answer = html(StatusCode::FOUND, "<!DOCTYPE html>\n<title>Redirecting...</title>");
    if let Ok(to) = to.parse() {
        answer.headers_mut().insert(LOCATION, to);
    }
    if chosen.is_some() { answer } else { with_cookie(answer, &state.open_session(database, None)) }
}

/// A call without a session where several databases could be meant.
fn no_session(version: u32) -> Answer {
    if version >= 16 {
        return html(StatusCode::NOT_FOUND, NO_DATABASE);
    }
    let mut answer = fault_answer(&OdooFault::no_model(19, false, ""), version, false);
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

fn with_cookie(mut answer: Answer, token: &str) -> Answer {
    let cookie = format!("session_id={token}; Max-Age=604800; HttpOnly; Path=/");
    answer.headers_mut().insert(SET_COOKIE, cookie.parse().expect("a header of plain letters"));
    answer
}

fn fault_answer(fault: &OdooFault, version: u32, json2: bool) -> Answer {
    if json2 {
        let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_answer(status, &fault.json2())
    } else {
        json_answer(StatusCode::OK, &fault.web(version))
    }
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}

fn json_answer(status: StatusCode, value: &Value) -> Answer {
    respond(status, "application/json; charset=utf-8", value.to_string())
}

fn html(status: StatusCode, page: &str) -> Answer {
    respond(status, "text/html; charset=utf-8", page.to_owned())
}

fn text(status: StatusCode, words: &str) -> Answer {
    respond(status, "text/plain; charset=utf-8", words.to_owned())
}
