//! A request's bytes, and what it asks for. Understands as much of HTTP as erpsync's client speaks.

use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;

use serde_json::Value;

/// A request as it came, with `Connection: close`.
pub(super) struct Request {
    /// `/web/dataset/call_kw/ir.actions.server/run`
    pub path: String,
    pub bytes: Vec<u8>,
    /// Where the body begins.
    pub body: usize,
    /// Where the session's token stands.
    pub session: Option<std::ops::Range<usize>>,
}

/// What the body of a call says.
#[derive(Default)]
pub(super) struct Asked {
    /// The first record.
    pub id: Option<i64>,
    /// A procedure's question.
    pub question: Value,
}

const COOKIE: &[u8] = b"session_id=";

impl Request {
    pub(super) fn read(client: &TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(client);
        let (mut bytes, mut length, mut session, mut path) = (Vec::new(), 0, None, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if path.is_empty() {
                path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            }
            if line.trim().is_empty() {
                bytes.extend_from_slice(b"Connection: close\r\n\r\n");
                break;
            }
            if lower.starts_with("cookie:")
                && let Some(at) = line.as_bytes().windows(COOKIE.len()).position(|w| w == COOKIE)
            {
                let start = bytes.len() + at + COOKIE.len();
                let rest = &line[at + COOKIE.len()..];
                session = Some(start..start + rest.find([';', '\r', '\n']).unwrap_or(rest.len()));
            }
            if !lower.starts_with("connection:") {
                bytes.extend_from_slice(line.as_bytes());
            }
        }
        let body = bytes.len();
        bytes.resize(body + length, 0);
        reader.read_exact(&mut bytes[body..])?;
        Ok(Self { path, bytes, body, session })
    }

    pub(super) fn asked(&self) -> Asked {
        let body: Value = serde_json::from_slice(&self.bytes[self.body..]).unwrap_or_default();
        // JSON-2 has `ids` and `context` at its top, the web session among `params`.
        let params = &body["params"];
        let (id, question) = if params.is_null() {
            (&body["ids"][0], &body["context"]["erpsync"])
        } else {
            (&params["args"][0][0], &params["kwargs"]["context"]["erpsync"])
        };
        Asked { id: id.as_i64(), question: question.clone() }
    }

    /// Model and method, or the path.
    pub(super) fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default().trim_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            ["web", "dataset", "call_kw", model, method] | ["json", "2", model, method] => format!("{model}.{method}"),
            _ => path.to_owned(),
        }
    }

    /// The same with the token of a session that nobody knows.
    pub(super) fn without_session(mut self) -> Self {
        if let Some(token) = self.session.clone() {
            self.bytes[token].fill(b'0');
        }
        self
    }
}
