//! What SQL Server, or whoever answers in its place, sends: the bytes of a whole conversation through the driver to a
//! catalogue, and rows as texts.
//!
//! The first byte says which. `R`: all that the server sends, packet by packet, from the first on. `M` and a letter: a good
//! conversation in which one message (`A` the first) is replaced by the rest of the input, in packets that are well formed.
//! `T`: rows as lines, `id⇥name⇥price⇥barcode`.
//!
//! The driver panics on some malformed bytes. The program turns that into an error (`src/mssql/reader.rs`), so such a panic
//! is counted and not reported; one of our own is a finding.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use erpsync::catalog::source::{BarcodeOrder, CatalogueBuilder};
use erpsync::catalog::{Barcode, Catalogue, ExternalId, OdooState, Price, SourceName};
use erpsync::mssql::{Columns, Endpoint, Isolation, SourceError, SourceOptions, Tls, read_over};
use erpsync::plan::{Allowances, Policy};
use futures_util::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Builder;

use super::shown;

/// All that the stand-in sent during a good read, made by `cargo test --test hermetic -- --ignored fuzz_corpus::record`.
const RECORDED: &[u8] = include_bytes!("../recorded.tds");

/// Bytes of a packet's head (MS-TDS 2.2.3.1).
const HEAD: usize = 8;
/// The largest packet that a client asks for by default.
const PACKET: usize = 4096;

/// Panics of the driver since the start.
pub static DRIVER_PANICS: AtomicU64 = AtomicU64::new(0);

/// Any bytes as a SQL Server's.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((b'R', bytes)) => conversation(bytes.to_vec()),
        Some((b'M', [which, payload @ ..])) => conversation(replaced(usize::from(*which), payload)),
        Some((b'T', rows)) => lines(rows),
        _ => {}
    }
}

/// Reads the recorded conversation as it is.
///
/// # Errors
/// When the program asks for something else than it did when it was recorded.
pub fn read_recorded() -> Result<Catalogue, SourceError> {
    read(RECORDED.to_vec())
}

/// The recorded conversation with the payload in the place of one message.
fn replaced(which: usize, payload: &[u8]) -> Vec<u8> {
    let messages = split(RECORDED);
    let which = which.wrapping_sub(usize::from(b'A')) % messages.len();
    let mut out = Vec::with_capacity(RECORDED.len() + payload.len());
    for (i, message) in messages.iter().enumerate() {
        if i == which { out.extend(packets(payload)) } else { out.extend_from_slice(message) }
    }
    out
}

/// The messages of a conversation, each a run of packets of which the last one is marked (MS-TDS 2.2.3.1.2).
pub fn split(recorded: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while at + HEAD <= recorded.len() {
        let length = usize::from(u16::from_be_bytes([recorded[at + 2], recorded[at + 3]]));
        let last = recorded[at + 1] & 1 == 1;
        at += length.max(HEAD);
        if last {
            out.push(&recorded[begin..at]);
            begin = at;
        }
    }
    out
}

/// The payload of a message, without the packets' heads.
pub fn payload(mut message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while message.len() >= HEAD {
        let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
        out.extend_from_slice(&message[HEAD..length]);
        message = &message[length..];
    }
    out
}

fn packets(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut parts = payload.chunks(PACKET - HEAD).peekable();
    if parts.peek().is_none() {
        return vec![4, 1, 0, 8, 0, 0, 1, 0];
    }
    let mut number: u8 = 1;
    while let Some(part) = parts.next() {
        let [high, low] = u16::try_from(part.len() + HEAD).unwrap_or_default().to_be_bytes();
        out.extend([4, u8::from(parts.peek().is_none()), high, low, 0, 0, number, 0]);
        out.extend_from_slice(part);
        number = number.wrapping_add(1);
    }
    out
}

/// The other end of a connection: says what it has, hears everything, hangs up.
struct Canned {
    bytes: Vec<u8>,
    at: usize,
}

impl AsyncRead for Canned {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, to: &mut [u8]) -> Poll<io::Result<usize>> {
        let left = &self.bytes[self.at..];
        let n = left.len().min(to.len());
        to[..n].copy_from_slice(&left[..n]);
        self.at += n;
        Poll::Ready(Ok(n))
    }
}

impl AsyncWrite for Canned {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(from.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What is read, and how.
pub fn options() -> SourceOptions {
    SourceOptions {
        name: SourceName::parse("polonez").expect("a plain name"),
        host: "sql.example".to_owned(),
        endpoint: Endpoint::Port(1433),
        database: "Trade".to_owned(),
        user: "erpsync".to_owned(),
        password: "s3cret-of-the-source".into(),
        tls: Tls::Off,
        products_query: "SELECT ProductID, ProductName, Price FROM dbo.Products".to_owned(),
        barcodes_query: Some("SELECT ProductID, Barcode FROM logistics.ProductBarcodes".to_owned()),
        columns: Columns {
            id: "ProductID".to_owned(),
            name: "ProductName".to_owned(),
            price: "Price".to_owned(),
            barcode: "Barcode".to_owned(),
        },
        barcode_order: BarcodeOrder::Gtin,
        codes: erpsync::catalog::CodeRules::default(),
        isolation: Isolation::Auto,
        lock_timeout: Duration::from_secs(5),
        query_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(20),
        application_name: "erpsync".to_owned(),
        read_intent: true,
        max_rows: u64::MAX,
        max_bytes: u64::MAX,
        damaged_names: false,
        attempts: 1,
    }
}

fn read(bytes: Vec<u8>) -> Result<Catalogue, SourceError> {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime without I/O");
    let options = options();
    runtime.block_on(read_over(&options, Canned { bytes, at: 0 }))
}

fn conversation(bytes: Vec<u8>) {
    listen_for_panics();
    IN_DRIVER.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(|| read(bytes)));
    IN_DRIVER.set(false);
    match result {
        Ok(Ok(catalogue)) => understood(&catalogue),
        Ok(Err(error)) => {
            shown::error(&error);
            assert!(!error.to_string().contains("s3cret-of-the-source"), "{error}");
        }
        // The hook has looked whose it is.
        Err(_) => drop(DRIVER_PANICS.fetch_add(1, Ordering::Relaxed)),
    }
}

/// What a catalogue promises, and that it can be planned and shown.
fn understood(catalogue: &Catalogue) {
    for product in catalogue.products.values() {
        assert_eq!(ExternalId::parse(product.id.as_str()).as_ref(), Ok(&product.id));
        product.price.into_iter().for_each(shown::price);
        for code in &product.barcodes {
            assert_eq!(Barcode::parse(code.as_str()).as_ref().ok().and_then(Option::as_ref), Some(code));
        }
    }
    let allow = Allowances {
        first_run: true,
        create: true,
        changes: true,
        empty_source: true,
        no_barcodes: true,
        unreadable: true,
        ..Allowances::default()
    };
    shown::planned(catalogue, &OdooState::default(), &Policy { allow, ..Policy::default() });
}

/// Rows as texts: in whatever order they come, the catalogue is the same.
fn lines(rows: &[u8]) {
    let text = String::from_utf8_lossy(rows);
    let rows: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let built = |order: &mut dyn Iterator<Item = &Vec<&str>>| {
        let mut builder = CatalogueBuilder::new(BarcodeOrder::Gtin);
        for row in order {
            let cell = |i: usize| row.get(i).copied().filter(|t| *t != "NULL");
            if let Some(name) = cell(1).filter(|t| !t.is_empty()) {
                let price = cell(2).map(Price::parse).transpose().map_err(|e| e.to_string());
                builder.product(cell(0), Some(name), price);
            }
            if row.len() > 3 {
                builder.barcode(cell(0), cell(3));
            }
        }
        builder.finish()
    };
    let catalogue = built(&mut rows.iter());
    assert_eq!(catalogue, built(&mut rows.iter().rev()), "rows in another order, another catalogue");
    understood(&catalogue);
}

thread_local! {
    static IN_DRIVER: Cell<bool> = const { Cell::new(false) };
}

/// Whose panic it is, by the place where it happened: finding out takes a backtrace, which takes its time.
static KNOWN: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());

/// Lets the driver's panics pass in silence; every other one goes to whoever listened before, as libFuzzer does.
fn listen_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !(IN_DRIVER.get() && is_the_drivers(panic)) {
                before(panic);
            }
        }));
    });
}

fn is_the_drivers(panic: &PanicHookInfo<'_>) -> bool {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(place).or_insert_with_key(|place| {
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        let frame = |name: &str| trace.find(name).unwrap_or(usize::MAX);
        // The innermost of the two is at fault.
        let drivers = frame(" tiberius::").min(frame("<tiberius::")) < frame(" erpsync::").min(frame("<erpsync::"));
        if drivers {
            eprintln!("a panic of the driver at {place}");
        }
        drivers
    })
}
