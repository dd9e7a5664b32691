//! Stands between the binary and SQL Server and spoils one request of a connection: the k-th, counted from PRELOGIN on.
//!
//! In plain text it knows TDS messages and can put errors into answers and spoil their tokens; under TLS it knows records
//! alone, and cuts, stalls and spoils bytes. It never changes what the tool asks.

#![allow(dead_code, reason = "no suite uses all of it")]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Where an answer is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// After so many bytes of the answer, at most all but one.
    Byte(usize),
    /// In its middle.
    Half,
    /// Before its last byte.
    End,
    /// After its first packet: a packet's border.
    Packet,
}

/// What becomes of a request. The plain-text ones need to see the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends, and the server hears nothing.
    CutBefore,
    /// The connection ends in the middle of the answer.
    Cut(At),
    /// The answer comes so far, then nothing more; the connection stays open.
    Stall(At),
    /// Plain text: an ERROR token in place of the answer (number, severity); the connection ends behind it from severity
    /// 20 on and when `hang_up` is set.
    Error { number: u32, severity: u8, hang_up: bool },
    /// Plain text: the whole answer with an ERROR token before its last DONE.
    ErrorAtEnd { number: u32, severity: u8 },
    /// Bytes of no protocol in place of the answer.
    Garbage,
    /// Plain text: a proper packet with senseless tokens in place of the answer.
    Nonsense,
    /// Plain text: a packet without tokens in place of the answer.
    Empty,
    /// Plain text: one byte of the answer's tokens has another value.
    Flip { from_start: usize },
    /// Plain text: the answer ends, properly, after its first packet.
    LastPacketEarly,
}

/// Spoils request `k` of the next connections, so many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub k: usize,
    pub fault: Fault,
    pub times: usize,
}

#[derive(Debug, Default)]
struct State {
    order: Mutex<Option<Order>>,
    /// Bytes that are exchanged wherever they stand in an answer's tokens, in plain text.
    exchange: Mutex<Option<(Vec<u8>, Vec<u8>)>>,
    /// The dice with which one answer of each connection is spoilt, in plain text.
    spoil: Mutex<Option<usize>>,
    struck: AtomicUsize,
    /// What each request of the last connection was: the packet's type and the batch's text.
    requests: Mutex<Vec<(u8, String)>>,
    /// How long each answer of the last connection was, in plain text.
    answers: Mutex<Vec<usize>>,
}

/// A listening proxy. Its threads end with the process.
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<State>,
}

impl Proxy {
    /// Listens; `tls` says which of the two it sees.
    pub fn start(upstream: SocketAddr, tls: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&serving);
                // Whoever goes away in the middle is no failure of the proxy.
                std::thread::spawn(move || {
                    let server = TcpStream::connect(upstream)?;
                    server.set_nodelay(true)?;
                    client.set_nodelay(true)?;
                    state.requests.lock().unwrap().clear();
                    state.answers.lock().unwrap().clear();
                    let result = if tls { state.records(&client, &server) } else { state.messages(&client, &server) };
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = server.shutdown(Shutdown::Both);
                    result
                });
            }
        });
        Self { addr, state }
    }

    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Orders a fault, or none.
    pub fn order(&self, order: Option<Order>) {
        self.state.struck.store(0, Ordering::SeqCst);
        *self.state.order.lock().unwrap() = order;
    }

    /// From now on `from` in the tokens of an answer becomes `to`, of the same length: what no server of ours can be made
    /// to send.
    pub fn exchange(&self, from: &[u16], to: &[u16]) {
        let bytes = |units: &[u16]| units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(from.len(), to.len());
        *self.state.exchange.lock().unwrap() = Some((bytes(from), bytes(to)));
    }

    /// From now on one answer of each connection has some of its bytes changed, left out or doubled; the same ones for the
    /// same dice.
    pub fn spoil(&self, dice: Option<usize>) {
        *self.state.spoil.lock().unwrap() = dice;
    }

    /// How often it struck since it was ordered.
    pub fn struck(&self) -> usize {
        self.state.struck.load(Ordering::SeqCst)
    }

    /// What the last connection asked: the packet's type, and the text of a batch.
    pub fn requests(&self) -> Vec<(u8, String)> {
        self.state.requests.lock().unwrap().clone()
    }

    /// How long the answers of the last connection were.
    pub fn answers(&self) -> Vec<usize> {
        self.state.answers.lock().unwrap().clone()
    }
}

const PRELOGIN: u8 = 0x12;
const BATCH: u8 = 0x01;
const RESPONSE: u8 = 0x04;
const HEADER: usize = 8;
const PACKET: usize = 4096;
const DONE_LENGTH: usize = 13;

/// A TDS packet or a TLS record, whichever begins here.
fn unit(from: &mut &TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = vec![0; 5];
    if from.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut head[1..])?;
    // A record is of type 20 to 23 (RFC 8446, 5.1); no TDS packet that a client or server sends is.
    let length = if (0x14..=0x17).contains(&head[0]) {
        5 + usize::from(u16::from_be_bytes([head[3], head[4]]))
    } else {
        usize::from(u16::from_be_bytes([head[2], head[3]]))
    };
    head.resize(length.max(5), 0);
    from.read_exact(&mut head[5..])?;
    Ok(Some(head))
}

/// The packets of a message, up to the one that ends it.
fn message(from: &mut &TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    loop {
        let Some(packet) = unit(from)? else { return Ok(None) };
        let last = packet[1] & 1 != 0;
        all.extend(packet);
        if last {
            return Ok(Some(all));
        }
    }
}

fn payload(message: &[u8]) -> Vec<u8> {
    let (mut at, mut out) = (0, Vec::new());
    while at + HEADER <= message.len() {
        let length = usize::from(u16::from_be_bytes([message[at + 2], message[at + 3]]));
        out.extend_from_slice(&message[at + HEADER..at + length]);
        at += length;
    }
    out
}

fn packets(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let chunks: Vec<&[u8]> = if payload.is_empty() { vec![&[]] } else { payload.chunks(PACKET - HEADER).collect() };
    for (n, chunk) in chunks.iter().enumerate() {
        let length = u16::try_from(chunk.len() + HEADER).unwrap().to_be_bytes();
        out.extend([RESPONSE, u8::from(n + 1 == chunks.len()), length[0], length[1], 0, 51, 1, 0]);
        out.extend_from_slice(chunk);
    }
    out
}

/// ERROR (MS-TDS 2.2.7.10) and a DONE with the error bit (2.2.7.6).
fn error(number: u32, severity: u8) -> Vec<u8> {
    // An error's text is data: what it does to a terminal is the tool's affair.
    let text: Vec<u16> = format!("the words of {number}\u{1b}]8;;x\u{7}\u{9b}2J\r\u{202e}").encode_utf16().collect();
    let mut body = number.to_le_bytes().to_vec();
    body.extend([1, severity]);
    body.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    body.extend(text.iter().flat_map(|unit| unit.to_le_bytes()));
    body.extend([0, 0, 1, 0, 0, 0]);
    let mut out = vec![0xaa];
    out.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
    out.extend(body);
    out.extend([0xfd, 2, 0, 0, 0]);
    out.extend([0; 8]);
    out
}

/// Bytes without meaning, the same ones for the same request.
fn noise(k: usize, length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(k as u64 + 1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// An answer with some bytes changed, left out or doubled: now among the tokens, now anywhere.
fn spoilt(answer: Vec<u8>, dice: usize) -> Vec<u8> {
    let rolls = noise(dice, 16);
    let whole = rolls[0].is_multiple_of(8);
    let mut bytes = if whole { answer } else { payload(&answer) };
    for roll in rolls[1..].chunks(3).take(1 + usize::from(rolls[0] >> 6)) {
        let at = (usize::from(roll[0]) * 256 + usize::from(roll[1])) % bytes.len().max(1);
        match roll[2] % 8 {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_slice(&bytes.clone()[at..]),
            2 => drop(bytes.splice(at..bytes.len().min(at + 3), [])),
            3 => bytes.insert(at, 0xff),
            4 if at < bytes.len() => bytes[at] = 0xff,
            _ if at < bytes.len() => bytes[at] ^= roll[2],
            _ => {}
        }
    }
    if whole { bytes } else { packets(&bytes) }
}

impl State {
    /// The fault, when it is this request's turn.
    fn turn(&self, k: usize) -> Option<Fault> {
        let mut order = self.order.lock().unwrap();
        let due = order.as_mut().filter(|order| order.k == k && order.times > 0)?;
        due.times -= 1;
        self.struck.fetch_add(1, Ordering::SeqCst);
        Some(due.fault.clone())
    }

    fn note(&self, unit: &[u8]) {
        let text = if unit[0] == BATCH {
            // ALL_HEADERS begins with its own length (MS-TDS 2.2.5.3).
            let headers = u32::from_le_bytes(unit[HEADER..HEADER + 4].try_into().unwrap()) as usize;
            let units = unit[HEADER + headers..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            String::from_utf16_lossy(&units.collect::<Vec<_>>())
        } else {
            String::new()
        };
        self.requests.lock().unwrap().push((unit[0], text));
    }

    /// Plain text: one message is asked, one is answered.
    fn messages(&self, mut client: &TcpStream, mut server: &TcpStream) -> io::Result<()> {
        for k in 0.. {
            let Some(request) = message(&mut client)? else { return Ok(()) };
            self.note(&request);
            let fault = self.turn(k);
            match fault {
                Some(Fault::CutBefore) => return Ok(()),
                Some(Fault::Error { number, severity, hang_up }) => {
                    client.write_all(&packets(&error(number, severity)))?;
                    if hang_up || severity >= 20 {
                        return Ok(());
                    }
                    continue;
                }
                Some(Fault::Garbage) => {
                    client.write_all(&noise(k, 64))?;
                    return swallow(client);
                }
                Some(Fault::Nonsense) => {
                    client.write_all(&packets(&noise(k, 200)))?;
                    return swallow(client);
                }
                Some(Fault::Empty) => {
                    client.write_all(&packets(&[]))?;
                    continue;
                }
                _ => {}
            }
            server.write_all(&request)?;
            let Some(answer) = message(&mut server)? else { return Ok(()) };
            let answer = match &*self.exchange.lock().unwrap() {
                Some((from, to)) => {
                    let mut tokens = payload(&answer);
                    for at in 0..tokens.len().saturating_sub(from.len()) {
                        if tokens[at..].starts_with(from) {
                            tokens[at..at + to.len()].copy_from_slice(to);
                        }
                    }
                    // The server's PRELOGIN is of the same packet type as other answers.
                    packets(&tokens)
                }
                None => answer,
            };
            let answer = match *self.spoil.lock().unwrap() {
                // A run has about a dozen requests.
                Some(dice) if dice % 12 == k => spoilt(answer, dice),
                _ => answer,
            };
            self.answers.lock().unwrap().push(answer.len());
            let first = answer.get(2..4).map_or(0, |size| usize::from(u16::from_be_bytes([size[0], size[1]])));
            let length = |at| match at {
                At::Byte(n) => n.min(answer.len().saturating_sub(1)),
                At::Half => answer.len() / 2,
                At::End => answer.len() - 1,
                At::Packet if first < answer.len() => first,
                At::Packet => answer.len() - 1,
            };
            match fault {
                None => client.write_all(&answer)?,
                Some(Fault::Cut(at)) => return client.write_all(&answer[..length(at)]),
                Some(Fault::Stall(at)) => {
                    client.write_all(&answer[..length(at)])?;
                    return swallow(client);
                }
                Some(Fault::ErrorAtEnd { number, severity }) => {
                    let tokens = payload(&answer);
                    let kept = tokens.len().saturating_sub(DONE_LENGTH);
                    client.write_all(&packets(&[&tokens[..kept], &error(number, severity)[..]].concat()))?;
                }
                Some(Fault::Flip { from_start }) => {
                    let mut tokens = payload(&answer);
                    let at = from_start.min(tokens.len() - 1);
                    tokens[at] ^= 0x5a;
                    client.write_all(&packets(&tokens))?;
                }
                Some(Fault::LastPacketEarly) => {
                    let mut cut = answer[..first].to_vec();
                    cut[1] |= 1;
                    client.write_all(&cut)?;
                }
                Some(Fault::CutBefore | Fault::Error { .. } | Fault::Garbage | Fault::Nonsense | Fault::Empty) => {
                    unreachable!("handled before the server was asked")
                }
            }
        }
        Ok(())
    }

    /// Under TLS both sides may speak at any time; what the client says is counted by records.
    fn records(&self, mut client: &TcpStream, server: &TcpStream) -> io::Result<()> {
        /// What the server's bytes may still do.
        struct Leave {
            left: AtomicUsize,
            hang_up: AtomicBool,
        }
        let leave = Arc::new(Leave { left: AtomicUsize::new(usize::MAX), hang_up: AtomicBool::new(false) });
        let back = {
            let (mut from, mut to, leave) = (server.try_clone()?, client.try_clone()?, Arc::clone(&leave));
            std::thread::spawn(move || {
                let mut buffer = [0; 16 << 10];
                loop {
                    let read = from.read(&mut buffer).unwrap_or(0);
                    let left = leave.left.load(Ordering::SeqCst);
                    let passes = read.min(left);
                    let passed = to.write_all(&buffer[..passes]).is_ok();
                    if left != usize::MAX {
                        leave.left.store(left - passes, Ordering::SeqCst);
                    }
                    let used_up = passes < read || left - passes == 0;
                    if read == 0 || !passed || (used_up && leave.hang_up.load(Ordering::SeqCst)) {
                        let _ = to.shutdown(Shutdown::Both);
                        return;
                    }
                }
            })
        };
        let bytes = |at| match at {
            At::Byte(n) => n,
            At::Half | At::Packet => 60,
            At::End => 100,
        };
        for k in 0.. {
            let Some(request) = unit(&mut client)? else { break };
            self.note(if request[0] == PRELOGIN || request[0] >= 0x14 { &request } else { &[0] });
            match self.turn(k) {
                None => {}
                Some(Fault::CutBefore) => break,
                Some(Fault::Cut(at)) => {
                    leave.hang_up.store(true, Ordering::SeqCst);
                    leave.left.store(bytes(at), Ordering::SeqCst);
                    if bytes(at) == 0 {
                        break;
                    }
                }
                Some(Fault::Stall(at)) => leave.left.store(bytes(at), Ordering::SeqCst),
                Some(Fault::Garbage) => {
                    leave.left.store(0, Ordering::SeqCst);
                    client.write_all(&noise(k, 64))?;
                    return swallow(client);
                }
                Some(other) => unreachable!("{other:?} needs plain text"),
            }
            { server }.write_all(&request)?;
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
        let _ = back.join();
        Ok(())
    }
}

/// Listens until the client hangs up, and says nothing.
fn swallow(mut client: &TcpStream) -> io::Result<()> {
    io::copy(&mut client, &mut io::sink()).map(drop)
}
