//! Requests sent and answers received, within their limits; what breaks on the way, in words.

use std::time::Duration;

use reqwest::header::{LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response};
use secrecy::SecretString;

use crate::odoo::error::OdooError;

use super::answer::beginning;

fn unreachable(url: &str, error: &reqwest::Error) -> OdooError {
    let mut reason = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(e) = cause {
        let text = e.to_string();
        if !reason.contains(&text) {
            if !reason.is_empty() {
                reason.push_str(": ");
            }
            reason.push_str(&text);
        }
        cause = e.source();
    }
    if reason.is_empty() {
        reason = "the connection failed".to_owned();
    }
    if reason.contains("invalid peer certificate") {
        reason.push_str("; ");
        reason.push_str(certificate(&reason));
        return OdooError::Untrusted { url: url.to_owned(), reason };
    }
    let reason = if reason.contains("tunnel error") { through_proxy(&reason) } else { in_words(&reason) };
    OdooError::Unreachable { url: url.to_owned(), reason }
}

/// What to do about a certificate that is not taken.
fn certificate(reason: &str) -> &'static str {
    let says = |sign: &str| reason.contains(sign);
    if says("CaUsedAsEndEntity") {
        "the server shows an authority's certificate as its own: have it use one for its name that the authority has signed (CA:FALSE), and keep the authority's in odoo.ca_file"
    } else if says("UnknownIssuer") {
        "for a private certificate authority set odoo.tls = \"ca-file\" and odoo.ca_file"
    } else if says("expired") || says("Expired") {
        "the server's certificate has to be renewed, if this machine's clock is right"
    } else if says("not valid for name") || says("NotValidForName") {
        "odoo.url must have a name that stands in the certificate, or the server a certificate with this name"
    } else {
        "odoo.url must have the certificate's name, and the server a certificate that is valid today"
    }
}

/// An encrypted connection goes through the proxy that the environment names, and it is the proxy that failed.
fn through_proxy(reason: &str) -> String {
    let says = |sign: &str| reason.contains(sign);
    let problem = if says("authorization required") {
        "wants a user and password"
    } else if says("Connection refused") {
        "refused the connection"
    } else if says("dns error") || says("failed to lookup") {
        "has a name that does not resolve"
    } else if says("timed out") || says("deadline has elapsed") {
        "did not answer in time"
    } else {
        "made no connection to Odoo"
    };
    format!(
        "the proxy that the environment names (HTTPS_PROXY or ALL_PROXY, also in small letters) {problem}; correct or unset the variable, have the proxy let this connection through, or name Odoo's host in NO_PROXY to reach it directly"
    )
}

/// The libraries' words for what happens every day, and what to do about it.
fn in_words(reason: &str) -> String {
    let says = |sign: &str| reason.contains(sign);
    let (problem, cure) = if says("dns error") || says("failed to lookup") {
        ("the name does not resolve", "check odoo.url and this machine's name server")
    } else if says("Connection refused") {
        ("the connection was refused", "check odoo.url, that Odoo runs, and the firewall")
    } else if says("operation timed out") || says("deadline has elapsed") {
        ("no connection in time", "check odoo.url, the network and the firewall")
    } else if says("InvalidContentType") || says("corrupt message") {
        ("it does not speak TLS there", "check odoo.url: https, and its port")
    } else {
        let plain = reason.strip_prefix("client error (Connect): ").unwrap_or(reason);
        let plain = plain.split(" (os error").next().unwrap_or(plain);
        return format!("{plain}; check odoo.url and what lies between (proxy, firewall), and look at Odoo's log");
    };
    format!("{problem}; {cure}")
}

pub(super) async fn respond(
    request: RequestBuilder,
    url: &str,
    call: &str,
    timeout: Duration,
) -> Result<Response, OdooError> {
    request.timeout(timeout).send().await.map_err(|e| broken(&e, url, call, timeout))
}

/// Bytes that an answer may have, unpacked: the largest that is asked for, a page of links, has a few ten millions. More is a
/// defect or malice, and would take this machine's memory.
const LARGEST_ANSWER: usize = 256 << 20;

pub(super) async fn body(
    mut response: Response,
    url: &str,
    call: &str,
    timeout: Duration,
) -> Result<String, OdooError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| broken(&e, url, call, timeout))? {
        if bytes.len() + chunk.len() > LARGEST_ANSWER {
            let reason = format!("it has more than {} MiB", LARGEST_ANSWER >> 20);
            return Err(OdooError::Endless { call: call.to_owned(), reason });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn broken(error: &reqwest::Error, url: &str, call: &str, timeout: Duration) -> OdooError {
    if error.is_timeout() && !error.is_connect() {
        OdooError::Timeout { url: url.to_owned(), call: call.to_owned(), seconds: timeout.as_secs() }
    } else if error.is_connect() || error.is_builder() {
        unreachable(url, error)
    } else {
        // It was there, and broke off.
        OdooError::Ended { url: url.to_owned(), call: call.to_owned() }
    }
}

pub(super) fn session_cookie(response: &Response) -> Option<SecretString> {
    let cookies = response.headers().get_all(SET_COOKIE).iter();
    cookies
        .filter_map(|c| c.to_str().ok()?.strip_prefix("session_id=")?.split(';').next().map(str::to_owned))
        .next_back()
        .map(SecretString::from)
}

/// Sends, and returns the session cookie, if a new one came, with the text.
pub(super) async fn send(
    request: RequestBuilder,
    url: &str,
    call: &str,
    timeout: Duration,
) -> Result<(Option<SecretString>, String), OdooError> {
    let response = respond(request, url, call, timeout).await?;
    let cookie = session_cookie(&response);
    let status = response.status().as_u16();
    if response.status().is_redirection() {
        let to = response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).unwrap_or("another address");
        return Err(redirected(url, call, to));
    }
    let asks = asks(&response);
    let text = body(response, url, call, timeout).await?;
    if status != 200 {
        let (url, call) = (url.to_owned(), call.to_owned());
        return Err(OdooError::Http { url, call, status, body: beginning(&text), asks });
    }
    Ok((cookie, text))
}

/// How the one who answered wants to be logged in to; Odoo's own way is to ask for a key.
pub(super) fn asks(response: &Response) -> Option<String> {
    let asks = response.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let printable: String = asks.chars().filter(|c| !c.is_control()).take(100).collect();
    (!printable.to_ascii_lowercase().starts_with("bearer")).then_some(printable)
}

/// Not followed: a password must not go where nobody said it should. Odoo's own address may have changed, and then what was
/// asked for is there too; a page for people is elsewhere.
fn redirected(url: &str, call: &str, to: &str) -> OdooError {
    let same = to.split(['?', '#']).next().and_then(|to| to.strip_suffix(call)).map(|base| base.trim_end_matches('/'));
    OdooError::Configuration(match same {
        Some(base) => format!("odoo.url: the server at {url} redirects to {base}; name that one"),
        None => format!(
            "odoo.url: the server at {url} redirects to {to} when asked for {call}, as a single sign-on does, where no program gets in; have whoever runs it let this machine's requests to /web, /json and /jsonrpc through, or correct odoo.url if Odoo is elsewhere now"
        ),
    })
}
