//! Stands between the binary and Odoo, sees which procedure is called, and does what a test wants done at that moment:
//! edit a record as a person would, lose the answer, send the call twice.
//!
//! One request a connection, as Odoo does; nothing of the bytes is changed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::world::World;

/// A call of a procedure on its way to Odoo.
pub struct Passing {
    /// `create`, `move`, …
    pub procedure: String,
    /// How many calls of this procedure came before.
    pub before: usize,
    /// What is asked.
    pub question: Value,
}

/// What is to become of it.
pub enum Fate {
    /// It passes.
    Pass,
    /// Odoo carries it out, and the connection ends without an answer.
    LoseAnswer,
    /// The connection ends, and Odoo hears nothing.
    Drop,
    /// Two copies at once; the answer of the second is passed on.
    Twice,
    /// It passes once the test says so; other calls go on meanwhile.
    Wait(Receiver<()>),
}

type Hook = Box<dyn FnMut(&Passing) -> Fate + Send>;

struct State {
    upstream: SocketAddr,
    procedures: BTreeMap<i64, String>,
    seen: Mutex<BTreeMap<String, usize>>,
    hook: Mutex<Hook>,
}

/// Listens, and has the world's binary speak to it. The threads end with the process.
pub fn stand_between(world: &World, hook: impl FnMut(&Passing) -> Fate + Send + 'static) {
    let procedures: BTreeMap<String, i64> =
        serde_json::from_str(&world.sql("select x_procedures from x_pz_setup")).unwrap();
    let upstream = world.target().url.trim_start_matches("http://").parse().unwrap();
    let state = Arc::new(State {
        upstream,
        procedures: procedures.into_iter().map(|(name, id)| (id, name)).collect(),
        seen: Mutex::default(),
        hook: Mutex::new(Box::new(hook)),
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let state = state.clone();
            // A client that goes away in the middle is no failure of the proxy.
            std::thread::spawn(move || drop(state.serve(client)));
        }
    });
    world.through(&url);
}

impl State {
    fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let (mut request, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                request.extend_from_slice(b"Connection: close\r\n\r\n");
                break;
            }
            if !line.to_ascii_lowercase().starts_with("connection:") {
                request.extend_from_slice(line.as_bytes());
            }
        }
        let start = request.len();
        request.resize(start + length, 0);
        reader.read_exact(&mut request[start..])?;
        let fate = self.fate(&request[start..]);
        let answer = match fate {
            Fate::Pass => self.forward(&request)?,
            Fate::Wait(until) => {
                // The end of the test lets it go too.
                let _ = until.recv();
                self.forward(&request)?
            }
            Fate::Drop => return client.shutdown(Shutdown::Both),
            Fate::LoseAnswer => {
                self.forward(&request)?;
                return client.shutdown(Shutdown::Both);
            }
            Fate::Twice => std::thread::scope(|scope| {
                let first = scope.spawn(|| self.forward(&request));
                let second = self.forward(&request);
                first.join().unwrap().and(second)
            })?,
        };
        client.write_all(&answer)?;
        client.shutdown(Shutdown::Both)
    }

    fn forward(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut upstream = TcpStream::connect(self.upstream)?;
        upstream.write_all(request)?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    fn fate(&self, body: &[u8]) -> Fate {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        // JSON-2 has `ids` and `context` at its top, the web session among `params`.
        let params = &body["params"];
        let (id, question) = if params.is_null() {
            (&body["ids"][0], &body["context"]["erpsync"])
        } else {
            (&params["args"][0][0], &params["kwargs"]["context"]["erpsync"])
        };
        let (Some(procedure), false) = (id.as_i64().and_then(|id| self.procedures.get(&id)), question.is_null()) else {
            return Fate::Pass;
        };
        let before = {
            let mut seen = self.seen.lock().unwrap();
            let count = seen.entry(procedure.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let passing = Passing { procedure: procedure.clone(), before, question: question.clone() };
        (self.hook.lock().unwrap())(&passing)
    }
}
