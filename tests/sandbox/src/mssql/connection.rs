//! A client's connection: PRELOGIN, TLS, LOGIN7, then requests and answers until it hangs up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Shared;
use super::error::SqlError;
use super::handshake::encrypt::ON;
use super::handshake::{
    Agreed, LoginRequest, VERSION, client_encryption, negotiate, prelogin_answer, read_login, utf16_text,
};
use super::options::{Encryption, Fault};
use super::packet::{self, DEFAULT_SIZE, PacketWriter, kind, read_message};
use super::rpc;
use super::session::{Out, Request, Session};
use super::sqltype::Collation;
use super::tls::PreloginStream;
use super::token::{self, Done, EnvChange, done};

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

type Stream = Box<dyn Duplex>;

/// Ends a task when its owner goes.
pub(super) struct Guard<T>(pub JoinHandle<T>);

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves one client to the end.
pub(super) async fn serve(shared: Arc<Shared>, tcp: TcpStream, spid: u16) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    if shared.take_fault(|fault| matches!(fault, Fault::DropConnection)).is_some() {
        return Ok(());
    }
    let mut writer = PacketWriter::new(spid);
    let entered = match shared.options.encryption {
        Encryption::Strict => strict(&shared, tcp, &mut writer).await?,
        _ => negotiated(&shared, tcp, &mut writer).await?,
    };
    let Some((mut stream, request)) = entered else { return Ok(()) };
    shared.note_login(&request.login);
    if let Err(errors) = admit(&shared, &request) {
        let mut out = Vec::new();
        for error in &errors {
            token::error(&mut out, error, &shared.options.server_name);
        }
        token::done_token(&mut out, Done::Batch, done::ERROR, 0, 0);
        writer.write(&mut stream, &out).await?;
        writer.finish(&mut stream).await?;
        return stream.shutdown().await;
    }
    let size = match request.login.packet_size {
        0 => DEFAULT_SIZE,
        asked => (asked as usize).clamp(512, 32_767),
    };
    writer.size = size.min(DEFAULT_SIZE);
    writer.write(&mut stream, &welcome(&shared, &request, size)).await?;
    writer.finish(&mut stream).await?;
    if shared.options.routes_readers_to.is_some() && request.login.read_only_intent {
        return stream.shutdown().await;
    }
    writer.size = size;
    converse(shared, stream, writer, request.tds_version).await
}

/// PRELOGIN, and what was agreed on; `None` when the client goes or must go.
async fn negotiated(
    shared: &Shared,
    mut tcp: TcpStream,
    writer: &mut PacketWriter,
) -> io::Result<Option<(Stream, LoginRequest)>> {
    let Some((kind::PRELOGIN, message)) = read_message(&mut tcp).await? else {
        return Ok(None);
    };
    let (answer, agreed) = negotiate(shared.options.encryption, client_encryption(&message)?);
    writer.write(&mut tcp, &prelogin_answer(answer)).await?;
    writer.finish(&mut tcp).await?;
    // Without agreement the client hangs up; what it would say is not read in the clear.
    let Some(agreed) = agreed else { return Ok(None) };
    login(shared, tcp, agreed).await
}

/// TLS first, then PRELOGIN and LOGIN7 inside it.
async fn strict(
    shared: &Shared,
    tcp: TcpStream,
    writer: &mut PacketWriter,
) -> io::Result<Option<(Stream, LoginRequest)>> {
    let identity = shared.identity.as_ref().ok_or_else(|| io::Error::other("no certificate"))?;
    let mut tls = identity.acceptor.accept(tcp).await?;
    let Some((kind::PRELOGIN, _)) = read_message(&mut tls).await? else { return Ok(None) };
    writer.write(&mut tls, &prelogin_answer(ON)).await?;
    writer.finish(&mut tls).await?;
    let Some((kind::LOGIN7, message)) = read_message(&mut tls).await? else { return Ok(None) };
    Ok(Some((Box::new(tls), read_login(&message, Agreed::Everything)?)))
}

/// Takes LOGIN7 under the agreed encryption and leaves the stream as it is to be used from then on.
async fn login(shared: &Shared, mut tcp: TcpStream, agreed: Agreed) -> io::Result<Option<(Stream, LoginRequest)>> {
    if agreed == Agreed::Nothing {
        return Ok(match read_message(&mut tcp).await? {
            Some((kind::LOGIN7, message)) => Some((Box::new(tcp), read_login(&message, agreed)?)),
            _ => None,
        });
    }
    let identity = shared.identity.as_ref().ok_or_else(|| io::Error::other("no certificate"))?;
    let mut tls = identity.acceptor.accept(PreloginStream::new(tcp)).await?;
    tls.get_mut().0.handshake_done();
    let Some((kind::LOGIN7, message)) = read_message(&mut tls).await? else {
        return Ok(None);
    };
    let request = read_login(&message, agreed)?;
    let stream: Stream =
        if agreed == Agreed::LoginOnly { Box::new(tls.into_inner().0.into_tcp()) } else { Box::new(tls) };
    Ok(Some((stream, request)))
}

fn admit(shared: &Shared, request: &LoginRequest) -> Result<(), Vec<SqlError>> {
    let options = &shared.options;
    let login = &request.login;
    if let Some(Fault::RefuseLogin(error)) = shared.take_fault(|fault| matches!(fault, Fault::RefuseLogin(_))) {
        return Err(vec![error]);
    }
    if request.tds_version < 0x7209_0002 {
        return Err(vec![SqlError::unsupported("TDS before 7.2")]);
    }
    if !login.user.eq_ignore_ascii_case(&options.login) || request.password != options.password {
        return Err(vec![SqlError::login_failed(&login.user)]);
    }
    if !login.database.is_empty() && !login.database.eq_ignore_ascii_case(&options.database) {
        return Err(vec![SqlError::cannot_open(&login.database), SqlError::login_failed(&login.user)]);
    }
    Ok(())
}

/// The answer to a good login, in the order of SQL Server.
fn welcome(shared: &Shared, request: &LoginRequest, size: usize) -> Vec<u8> {
    let options = &shared.options;
    let mut out = Vec::new();
    let database = EnvChange::Database { new: &options.database, old: "master" };
    token::env_change(&mut out, &database);
    let text = format!("Changed database context to '{}'.", options.database);
    token::info(&mut out, 5_701, 2, &text, &options.server_name);
    token::env_change(&mut out, &EnvChange::Collation(Collation::default()));
    token::env_change(&mut out, &EnvChange::Language { new: "us_english" });
    let text = "Changed language setting to us_english.";
    token::info(&mut out, 5_703, 1, text, &options.server_name);
    token::login_ack(&mut out, request.tds_version.min(0x7400_0004), VERSION);
    if let (Some((host, port)), true) = (&options.routes_readers_to, request.login.read_only_intent) {
        token::env_change(&mut out, &EnvChange::Routing { host, port: *port });
    }
    let change = EnvChange::PacketSize { new: size as u32, old: DEFAULT_SIZE as u32 };
    token::env_change(&mut out, &change);
    token::done_token(&mut out, Done::Batch, done::FINAL, 0, 0);
    out
}

/// Requests come through a task of their own, so that an attention is seen while an answer is under way.
async fn read_requests(
    shared: Arc<Shared>,
    mut stream: ReadHalf<Stream>,
    requests: mpsc::Sender<(u8, Vec<u8>)>,
    cancel: Arc<AtomicBool>,
) {
    while let Ok(Some((kind, message))) = read_message(&mut stream).await {
        if kind == kind::ATTENTION {
            shared.log().attentions += 1;
            cancel.store(true, Ordering::Release);
        }
        if requests.send((kind, message)).await.is_err() {
            return;
        }
    }
}

async fn converse(shared: Arc<Shared>, stream: Stream, mut writer: PacketWriter, tds_version: u32) -> io::Result<()> {
    let (read, mut write) = tokio::io::split(stream);
    let cancel = Arc::new(AtomicBool::new(false));
    let (request_in, mut requests) = mpsc::channel(4);
    let _reader = Guard(tokio::spawn(read_requests(Arc::clone(&shared), read, request_in, Arc::clone(&cancel))));
    let (out, mut answers) = mpsc::channel(8);
    let (work, jobs) = blocking::channel();
    let session = Session::new(shared, writer.spid, tds_version, Arc::clone(&cancel), out).map_err(io::Error::other)?;
    std::thread::Builder::new().name(format!("mssql-session-{}", writer.spid)).spawn(move || session.run(&jobs))?;
    while let Some((kind, message)) = requests.recv().await {
        let request = match kind {
            kind::BATCH => Request::Batch(utf16_text(rpc::skip_headers(&message))),
            kind::RPC => Request::Rpc(message),
            kind::TRANSACTION => Request::Transaction(message),
            kind::ATTENTION => {
                // Still set: the answer was complete before the attention came, and this is its own answer.
                if cancel.swap(false, Ordering::AcqRel) {
                    let mut out = Vec::new();
                    token::done_token(&mut out, Done::Batch, done::ATTN, 0, 0);
                    writer.write(&mut write, &out).await?;
                    writer.finish(&mut write).await?;
                }
                continue;
            }
            other => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a packet of type 0x{other:02x}")));
            }
        };
        if work.send(request).is_err() {
            return Ok(());
        }
        if !answer(&mut write, &mut writer, &mut answers, &mut requests).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends an answer as the session makes it; `false`: the connection is to be cut.
async fn answer(
    write: &mut WriteHalf<Stream>,
    writer: &mut packet::PacketWriter,
    answers: &mut mpsc::Receiver<Out>,
    requests: &mut mpsc::Receiver<(u8, Vec<u8>)>,
) -> io::Result<bool> {
    loop {
        match answers.recv().await {
            Some(Out::Bytes(bytes)) => writer.write(write, &bytes).await?,
            Some(Out::End) => {
                writer.finish(write).await?;
                return Ok(true);
            }
            Some(Out::Stall(resume)) => {
                writer.flush_partial(write).await?;
                match requests.recv().await {
                    // The session answers the attention itself.
                    Some((kind::ATTENTION, _)) => drop(resume.send(())),
                    _ => return Ok(false),
                }
            }
            Some(Out::Cut) => {
                writer.flush_partial(write).await?;
                return Ok(false);
            }
            None => return Ok(false),
        }
    }
}
