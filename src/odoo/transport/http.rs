//! Requests sent and answers received, within their limits; what breaks on the way, in words.

use std::time::Duration;

use reqwest::header::{LOCATION, SET_COOKIE};
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
        reason.push_str(if reason.contains("UnknownIssuer") {
            "; for a private certificate authority set odoo.tls = \"ca-file\" and odoo.ca_file"
        } else {
            "; odoo.url must have the certificate's name, and the server a certificate that is valid today"
        });
        return OdooError::Untrusted { url: url.to_owned(), reason };
    }
    OdooError::Unreachable { url: url.to_owned(), reason: in_words(&reason) }
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
    } else if says("closed before message completed") {
        (
            "it closed the connection without an answer",
            "Odoo's log tells whether it restarted, or whether the call took longer than its limit_time_cpu or \
             limit_time_real: then lower odoo.batch_size",
        )
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
    } else {
        unreachable(url, error)
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
        // Not followed: a password must not go where nobody said it should.
        return Err(OdooError::Configuration(format!(
            "odoo.url: the server at {url} redirects to {to}; name that one"
        )));
    }
    let text = body(response, url, call, timeout).await?;
    if status != 200 {
        return Err(OdooError::Http { url: url.to_owned(), call: call.to_owned(), status, body: beginning(&text) });
    }
    Ok((cookie, text))
}
