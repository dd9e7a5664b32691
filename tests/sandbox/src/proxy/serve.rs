//! What happens to one request.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::PoisonError;

use super::request::Request;
use super::{Fate, Passing, State};

impl State {
    pub(super) fn serve(&self, mut client: TcpStream, number: usize) -> io::Result<()> {
        let request = Request::read(&client)?;
        let fate = self.fate(&request, number);
        let answer = match fate {
            Fate::Pass => self.forward(&request.bytes)?,
            Fate::Again => {
                self.traffic().late.push(request.bytes.clone());
                self.forward(&request.bytes)?
            }
            Fate::Wait(until) => {
                // The end of the test lets it go too.
                let _ = until.recv();
                self.forward(&request.bytes)?
            }
            Fate::ForgetSession => self.forward(&request.without_session().bytes)?,
            Fate::Drop => return client.shutdown(Shutdown::Both),
            Fate::LoseAnswer => {
                self.forward(&request.bytes)?;
                return client.shutdown(Shutdown::Both);
            }
            Fate::HoldAnswer => {
                self.forward(&request.bytes)?;
                // The client sends nothing more: this ends when it goes, in whatever way.
                let _ = client.read_to_end(&mut Vec::new());
                return Ok(());
            }
            Fate::HalfAnswer => {
                let mut answer = self.forward(&request.bytes)?;
                let body = body_of(&answer);
                answer.truncate(body + (answer.len() - body) / 2);
                answer
            }
            Fate::Page(status) => page(status),
            Fate::PageAfter(status) => {
                self.forward(&request.bytes)?;
                page(status)
            }
            Fate::Twice | Fate::TwiceFirst => {
                let (first, second) = std::thread::scope(|scope| {
                    let first = scope.spawn(|| self.forward(&request.bytes));
                    let second = self.forward(&request.bytes);
                    (first.join().expect("forwarding does not panic"), second)
                });
                if matches!(fate, Fate::Twice) { first.and(second)? } else { second.and(first)? }
            }
        };
        client.write_all(&answer)?;
        client.shutdown(Shutdown::Both)
    }

    /// Sends bytes to Odoo and returns all that it answers.
    pub(super) fn forward(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut upstream = TcpStream::connect(self.upstream)?;
        upstream.write_all(request)?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    fn fate(&self, request: &Request, number: usize) -> Fate {
        let asked = request.asked();
        let procedure = asked.id.and_then(|id| self.procedures.get(&id)).filter(|_| !asked.question.is_null());
        let procedure = procedure.cloned().unwrap_or_default();
        let mut passing = Passing {
            number,
            name: request.name(),
            before: 0,
            size: request.bytes.len() - request.body,
            question: asked.question,
            in_session: request.session.is_some(),
            procedure,
        };
        {
            let mut traffic = self.traffic();
            if !passing.procedure.is_empty() {
                let what = passing.question["what"].as_str().map(|w| format!(" {w}")).unwrap_or_default();
                passing.name = format!("procedure {}{what}", passing.procedure);
                let count = traffic.by_procedure.entry(passing.procedure.clone()).or_default();
                *count += 1;
                passing.before = *count - 1;
            }
            traffic.names.insert(number, passing.name.clone());
        }
        (self.hook.lock().unwrap_or_else(PoisonError::into_inner))(&passing)
    }
}

fn body_of(answer: &[u8]) -> usize {
    answer.windows(4).position(|w| w == b"\r\n\r\n").map_or(0, |at| at + 4)
}

/// What a server in front of Odoo says.
fn page(status: u16) -> Vec<u8> {
    let title = match status {
        200 => "Welcome",
        413 => "Request Entity Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
    let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    let head = format!("HTTP/1.1 {status} {title}\r\nContent-Type: text/html\r\nContent-Length: {}", body.len());
    format!("{head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}
