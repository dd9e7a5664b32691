//! Stands between erpsync and an Odoo, real or stand-in, sees each HTTP request, and does to it what a test wants done:
//! refuse it, lose it, lose its answer, answer in Odoo's place, send it twice, hold it.
//!
//! One request a connection, as Odoo does it. Requests are numbered in the order in which connections come; nothing of
//! the bytes is changed but what a [`Fate`] says. It knows no rights, keeps no state of Odoo's and never asks anything
//! itself.
//!
//! ```no_run
//! # use erpsync_sandbox::proxy::{Fate, Proxy};
//! # fn demo() -> std::io::Result<()> {
//! let proxy = Proxy::start("http://127.0.0.1:8114", Default::default(), |call| {
//!     if call.number == 7 { Fate::LoseAnswer } else { Fate::Pass }
//! })?;
//! println!("{}", proxy.url());
//! # Ok(()) }
//! ```

mod request;
mod serve;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use socket2::{Domain, Socket, Type};

/// A request on its way to Odoo.
#[derive(Debug)]
pub struct Passing {
    /// Its number, from 1.
    pub number: usize,
    /// `procedure create`, `procedure lease take`, `x_pz_setup.search_read`, or the path of a request without a model.
    pub name: String,
    /// `create`, `move`, …; empty when it is no call of a procedure.
    pub procedure: String,
    /// How many calls of this procedure came before.
    pub before: usize,
    /// What the procedure is asked; null when it is none.
    pub question: Value,
    /// Bytes of its body.
    pub size: usize,
    /// It carries the cookie of a web session.
    pub in_session: bool,
}

/// What is to become of a request.
#[derive(Debug)]
pub enum Fate {
    /// It passes.
    Pass,
    /// The connection ends, and Odoo hears nothing.
    Drop,
    /// Odoo carries it out, and the connection ends without an answer.
    LoseAnswer,
    /// Odoo carries it out, and the connection ends in the middle of the answer's body.
    HalfAnswer,
    /// Odoo carries it out, and the answer is held back until the client has gone.
    HoldAnswer,
    /// A page with this status comes instead, and Odoo hears nothing.
    Page(u16),
    /// Odoo carries it out, and a page with this status comes instead of its answer.
    PageAfter(u16),
    /// It passes with the cookie of a session that nobody knows.
    ForgetSession,
    /// Two copies at once; the answer of the first is passed on.
    TwiceFirst,
    /// Two copies at once; the answer of the second is passed on.
    Twice,
    /// It passes, and a copy of it waits for [`Proxy::send_late`].
    Again,
    /// It passes once the test says so; other calls go on meanwhile.
    Wait(Receiver<()>),
}

type Hook = Box<dyn FnMut(&Passing) -> Fate + Send>;

#[derive(Debug)]
struct Traffic {
    /// From this request on nobody listens.
    refusing: Option<usize>,
    closed: bool,
    /// Connections that came.
    accepted: usize,
    /// Of these, not at their end yet.
    open: usize,
    /// Names of the requests that were read, by number.
    names: BTreeMap<usize, String>,
    by_procedure: BTreeMap<String, usize>,
    /// Copies for later.
    late: Vec<Vec<u8>>,
}

struct State {
    upstream: SocketAddr,
    procedures: BTreeMap<i64, String>,
    hook: Mutex<Hook>,
    traffic: Mutex<Traffic>,
    changed: Condvar,
}

/// A running proxy on an address of the loopback network that is this process's own. Dropping it ends it; requests under way come to their end.
pub struct Proxy {
    state: Arc<State>,
    port: u16,
}

/// How long to wait for something that must come.
const LIMIT: Duration = Duration::from_secs(120);

impl Proxy {
    /// Listens. `procedures` tells the names of server actions; the hook is asked about each request.
    ///
    /// # Errors
    /// When no port is free.
    ///
    /// # Panics
    /// When `upstream` is not `http://ADDRESS:PORT`.
    pub fn start(
        upstream: &str,
        procedures: BTreeMap<i64, String>,
        hook: impl FnMut(&Passing) -> Fate + Send + 'static,
    ) -> io::Result<Self> {
        Self::refusing(upstream, procedures, None, hook)
    }

    /// The same, but from request number `from` on nobody listens, until [`Proxy::reopen`].
    ///
    /// # Errors
    /// When no port is free.
    ///
    /// # Panics
    /// When `upstream` is not `http://ADDRESS:PORT`.
    pub fn refusing(
        upstream: &str,
        procedures: BTreeMap<i64, String>,
        from: Option<usize>,
        hook: impl FnMut(&Passing) -> Fate + Send + 'static,
    ) -> io::Result<Self> {
        let upstream = upstream.trim_start_matches("http://").parse().expect("http://ADDRESS:PORT");
        let traffic = Traffic {
            refusing: from,
            closed: false,
            accepted: 0,
            open: 0,
            names: BTreeMap::new(),
            by_procedure: BTreeMap::new(),
            late: Vec::new(),
        };
        let state = Arc::new(State {
            upstream,
            procedures,
            hook: Mutex::new(Box::new(hook)),
            traffic: Mutex::new(traffic),
            changed: Condvar::new(),
        });
        let (socket, port) = bound_anywhere()?;
        let listening = from != Some(1);
        if listening {
            socket.listen(64)?;
        }
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            if let Err(e) = serving.listen(&socket, listening)
                && !serving.traffic().closed
            {
                eprintln!("the proxy on port {port} ended: {e}");
            }
        });
        Ok(Self { state, port })
    }

    /// `http://127.X.Y.Z:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}:{}", host(), self.port)
    }

    /// Listens again after requests were refused.
    pub fn reopen(&self) {
        self.state.traffic().refusing = None;
        self.state.changed.notify_all();
    }

    /// How many connections came.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.state.traffic().accepted
    }

    /// The names of the requests that came, by number.
    #[must_use]
    pub fn names(&self) -> BTreeMap<usize, String> {
        self.state.traffic().names.clone()
    }

    /// Waits until no request is under way.
    ///
    /// # Panics
    /// When that takes more than two minutes.
    pub fn wait_idle(&self) {
        let traffic = self.state.traffic();
        let (traffic, _) = self
            .state
            .changed
            .wait_timeout_while(traffic, LIMIT, |t| t.open > 0)
            .unwrap_or_else(PoisonError::into_inner);
        assert_eq!(traffic.open, 0, "requests under way");
    }

    /// Sends the copies that were kept, one after the other, waits for Odoo's answers, and tells how many there were.
    pub fn send_late(&self) -> usize {
        let late = std::mem::take(&mut self.state.traffic().late);
        for request in &late {
            // Odoo may refuse it in any way it likes.
            let _ = self.state.forward(request);
        }
        late.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.traffic().closed = true;
        self.state.changed.notify_all();
        // Wakes the thread that waits for a client; nobody may be listening any longer.
        let _ = TcpStream::connect((host(), self.port));
    }
}

/// Another one in each process: no suite's ports are in another's way.
fn host() -> Ipv4Addr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | (a & 63), b, c)
}

/// A socket that has its port and does not listen yet: whoever connects is refused.
fn bound(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((host(), port)).into())?;
    Ok(socket)
}

/// The same on a port of no other proxy's, below those that the system gives to whoever connects somewhere (32768 and above).
fn bound_anywhere() -> io::Result<(Socket, u16)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut tries = 0;
    loop {
        let port = 16_000 + u16::try_from(NEXT.fetch_add(1, Ordering::Relaxed) % 16_000).unwrap_or(0);
        tries += 1;
        match bound(port) {
            Ok(socket) => return Ok((socket, port)),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries < 1000 => {}
            Err(e) => return Err(e),
        }
    }
}

impl State {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody is to listen for the next request.
    fn refuses_next(&self) -> bool {
        let traffic = self.traffic();
        traffic.refusing.is_some_and(|from| from <= traffic.accepted + 1)
    }

    fn listen(self: &Arc<Self>, socket: &Socket, mut listening: bool) -> io::Result<()> {
        loop {
            if !listening {
                let traffic = self.traffic();
                let still = |t: &mut Traffic| t.refusing.is_some() && !t.closed;
                let reopened = self.changed.wait_while(traffic, still).unwrap_or_else(PoisonError::into_inner);
                if reopened.closed {
                    return Ok(());
                }
                drop(reopened);
                socket.listen(64)?;
                listening = true;
            }
            let (client, _) = socket.accept()?;
            let number = {
                let mut traffic = self.traffic();
                if traffic.closed {
                    return Ok(());
                }
                traffic.accepted += 1;
                traffic.open += 1;
                traffic.accepted
            };
            // Before this request has its answer, or the next one might still find a listener. The socket keeps its port:
            // closed and opened anew, it would find its old self there while any child of this process is being started,
            // which has a copy of it until it becomes its own program.
            if self.refuses_next() {
                socket.shutdown(Shutdown::Both)?;
                listening = false;
            }
            let state = Arc::clone(self);
            std::thread::spawn(move || {
                // A client that goes away in the middle is no failure of the proxy.
                let _ = state.serve(client.into(), number);
                state.traffic().open -= 1;
                state.changed.notify_all();
            });
        }
    }
}
