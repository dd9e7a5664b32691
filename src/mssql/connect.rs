//! From a host's name to a logged-in session: resolving, TCP, SQL Server Browser, TLS, login, redirections.
//!
//! Tells what failed and what to do; never tries again by itself and sends no statement.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::io::{AsyncRead, AsyncWrite};
use secrecy::ExposeSecret;
use tiberius::error::{Error, IoErrorKind};
use tiberius::{AuthMethod, Config, EncryptionLevel, SqlBrowser};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::error::{ServerError, SourceError};
use super::hints;
use super::options::{Endpoint, SourceOptions, Tls};
use super::remedies::Remedy;

/// A connection of the driver.
pub(super) type Client<S> = tiberius::Client<S>;

/// What a connection goes over.
pub(super) type Socket = Compat<TcpStream>;

/// How often a server may send us on to another: an availability group's listener does it once for readers.
const MAX_REDIRECTIONS: usize = 3;

/// What a named instance needs to be found.
const BROWSER: &str = "check the instance's name, that the service SQL Server Browser runs (UDP port 1434) and that TCP/IP is \
     enabled for the instance, or set port instead of instance";

/// How long a server that hung up is given to answer otherwise.
const STRICT_LIMIT: Duration = Duration::from_secs(5);

/// Where to connect to; at first what the settings say, later where a server sends us.
#[derive(Debug, Clone)]
struct Target {
    host: String,
    endpoint: Endpoint,
    /// Who sent us there.
    sent_by: Option<String>,
}

impl Target {
    fn of(options: &SourceOptions) -> Self {
        Self { host: options.host.clone(), endpoint: options.endpoint.clone(), sent_by: None }
    }

    fn shown(&self) -> String {
        let own = format!("{}{}", self.host, self.endpoint);
        match &self.sent_by {
            Some(sender) => format!("{own}, to which {sender} sends those who only read"),
            None => own,
        }
    }

    /// What to do about this server's name, address or port: the settings name it, or an availability group does.
    fn cure(&self, own: &str) -> String {
        match self.sent_by {
            Some(_) => {
                "it is no setting here: ask the DBA to correct READ_ONLY_ROUTING_URL of that replica and to let this \
                 machine through to it, or set read_intent = false to read from the primary"
                    .to_owned()
            }
            None => own.to_owned(),
        }
    }
}

/// Connects and logs in.
///
/// # Errors
/// [`SourceError::Unreachable`], [`SourceError::Tls`], [`SourceError::Server`] when the login is refused.
pub(super) async fn connect(options: &SourceOptions) -> Result<Client<Socket>, SourceError> {
    refuse_windows_accounts(options)?;
    let ca = ca_bundle(options).await?;
    let mut target = Target::of(options);
    for _ in 0..=MAX_REDIRECTIONS {
        match connect_to(options, &target, ca.as_deref()).await {
            Ok(client) => return Ok(client),
            Err(Error::Routing { host, port }) => {
                log::debug!("SQL Server {} sends readers to {host}:{port}", target.shown());
                let sender = target.sent_by.take().unwrap_or_else(|| options.server());
                target = Target { host, endpoint: Endpoint::Port(port), sent_by: Some(sender) };
            }
            Err(error) => return Err(explain(options, &target, error)),
        }
    }
    Err(SourceError::Unreachable {
        server: options.server(),
        problem: format!("more than {MAX_REDIRECTIONS} servers sent us on, the last one to {}{}", target.host, target.endpoint),
        cure: "ask the DBA to correct the read-only routing of the availability group, or set read_intent = false to read \
               from the primary"
            .to_owned(),
        transient: false,
    })
}

/// No SQL login can have a backslash in its name (error 15006), so whoever writes one means an account of a domain.
fn refuse_windows_accounts(options: &SourceOptions) -> Result<(), SourceError> {
    if !options.user.contains('\\') {
        return Ok(());
    }
    Err(SourceError::Setting {
        setting: options.key("user"),
        problem: format!(
            "{} is a Windows account, and NTLM and Kerberos logins are not supported: erpsync logs in as SQL logins do",
            options.user
        ),
        cure: format!(
            "allow \"SQL Server and Windows Authentication mode\" on the server, {}, and name that login",
            Remedy::CreateLogin.of_account(&options.user, &options.database)
        ),
    })
}

/// Finds the server and opens a connection to it, no more: where it is.
///
/// # Errors
/// [`SourceError::Unreachable`].
pub(super) async fn reach(options: &SourceOptions) -> Result<SocketAddr, SourceError> {
    let target = Target::of(options);
    let config = config(options, &target, EncryptionLevel::Required, None);
    let found = async { tcp(options, &target, &config).await?.peer_addr().map_err(Error::from) };
    found.await.map_err(|error| explain(options, &target, error))
}

/// Logs in over a stream that is open already, as it is.
///
/// # Errors
/// As [`connect`].
pub(super) async fn connect_over<S>(options: &SourceOptions, stream: S) -> Result<Client<S>, SourceError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let target = Target::of(options);
    let config = config(options, &target, EncryptionLevel::NotSupported, None);
    Client::connect(config, stream).await.map_err(|error| explain(options, &target, error))
}

async fn connect_to(options: &SourceOptions, target: &Target, ca: Option<&[u8]>) -> Result<Client<Socket>, Error> {
    // Some old servers hang up on a client that cannot encrypt at all, but content themselves with an encrypted login.
    let levels: &[EncryptionLevel] = match options.tls {
        Tls::Off => &[EncryptionLevel::NotSupported, EncryptionLevel::Off],
        Tls::Verify | Tls::CaFile(_) | Tls::TrustAny => &[EncryptionLevel::Required],
    };
    let mut first = None;
    for level in levels {
        match connect_by(options, target, ca, *level).await {
            Err(error) if !matches!(error, Error::Server(_) | Error::Routing { .. }) => first = first.or(Some(error)),
            result => return result,
        }
    }
    let first = first.unwrap_or(Error::Protocol("no encryption level was tried".into()));
    // What is no packet of TDS may be an alert of TLS.
    let not_tds = matches!(&first, Error::Protocol(words) if !words.contains("encryption level"));
    if !hung_up(&first) && !not_tds {
        return Err(first);
    }
    // A server that forces strict encryption (TDS 8.0) hangs up on whoever does not begin with TLS. It is encrypted from the
    // first byte, which is more than any setting asks for, and checked as they say.
    log::debug!("SQL Server {} hung up; trying strict encryption", target.shown());
    match timeout(STRICT_LIMIT, connect_by(options, target, ca, EncryptionLevel::Strict)).await {
        Ok(Ok(client)) => Ok(client),
        // It speaks TLS, so that is what it wants, and this is what is wrong.
        Ok(Err(error @ (Error::Server(_) | Error::Routing { .. } | Error::Tls(_)))) => Err(error),
        Ok(Err(error)) if is_of_certificates(&error) => Err(error),
        Ok(Err(_)) | Err(_) => Err(first),
    }
}

async fn connect_by(
    options: &SourceOptions,
    target: &Target,
    ca: Option<&[u8]>,
    level: EncryptionLevel,
) -> Result<Client<Socket>, Error> {
    let config = config(options, target, level, ca);
    let stream = tcp(options, target, &config).await?;
    Client::connect(config, stream.compat_write()).await
}

/// The server ended the connection without a word, or in the middle of one.
fn hung_up(error: &Error) -> bool {
    match error {
        Error::Io { kind, message } => {
            matches!(
                kind,
                IoErrorKind::UnexpectedEof
                    | IoErrorKind::ConnectionReset
                    | IoErrorKind::ConnectionAborted
                    | IoErrorKind::BrokenPipe
            ) || message.contains("bytes remaining") // The driver's words for a packet that lacks its end.
        }
        _ => false,
    }
}

/// The server's certificate is not believed: it was shown one.
fn is_of_certificates(error: &Error) -> bool {
    matches!(error, Error::Io { message, .. } if message.contains("certificate"))
}

fn config(options: &SourceOptions, target: &Target, level: EncryptionLevel, ca: Option<&[u8]>) -> Config {
    let mut config = Config::new();
    config.host(&target.host);
    match &target.endpoint {
        Endpoint::Port(port) => config.port(*port),
        Endpoint::Instance(instance) => config.instance_name(instance),
    }
    config.database(&options.database);
    config.authentication(AuthMethod::sql_server(&options.user, options.password.expose_secret()));
    config.application_name(&options.application_name);
    // An availability group may answer from a replica; everywhere else it is a declaration of intent.
    config.readonly(options.read_intent);
    config.encryption(level);
    match (&options.tls, ca) {
        (Tls::CaFile(_), Some(ca)) => config.trust_cert_ca_bundle(ca),
        (Tls::TrustAny | Tls::Off, _) => config.trust_cert(),
        (Tls::Verify | Tls::CaFile(_), _) => {}
    }
    config.handshake_timeout(Some(options.connect_timeout));
    // Each statement has its limit in the session, which then ends it on the server; the driver's own would not.
    config.command_timeout(None);
    // One damaged text must not abort the result; the catalogue quarantines rows with U+FFFD.
    config.lossy_utf16_decoding(true);
    config
}

/// Reads the CA's file here rather than in the driver: it would choose the format by the file's extension.
async fn ca_bundle(options: &SourceOptions) -> Result<Option<Vec<u8>>, SourceError> {
    let Tls::CaFile(path) = &options.tls else { return Ok(None) };
    let wrong = |problem: String| SourceError::Setting {
        setting: options.key("ca_file"),
        problem: format!("{}: {problem}", path.display()),
        cure: "name a readable file with the CA's certificate in PEM".to_owned(),
    };
    let bytes = std::fs::read(path).map_err(|e| wrong(reason(&e)))?;
    if bytes.is_empty() {
        return Err(wrong("the file is empty".to_owned()));
    }
    Ok(Some(bytes))
}

async fn tcp(options: &SourceOptions, target: &Target, config: &Config) -> Result<TcpStream, Error> {
    let limit = options.connect_timeout;
    let late =
        || Error::Io { kind: IoErrorKind::TimedOut, message: format!("no answer within {} s", limit.as_secs_f32()) };
    match &target.endpoint {
        Endpoint::Instance(_) => timeout(limit, TcpStream::connect_named(config)).await.unwrap_or_else(|_| Err(late())),
        Endpoint::Port(port) => match timeout(limit, tcp_port(&target.host, *port, limit)).await {
            Ok(result) => result.map_err(Error::from),
            Err(_) => Err(late()),
        },
    }
}

/// Tries the host's addresses in turn, each with its share of the time, so that a dead IPv6 route does not use it up.
async fn tcp_port(host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let deadline = Instant::now() + limit;
    let unknown = |e: io::Error| io::Error::new(io::ErrorKind::NotFound, format!("the name does not resolve: {e}"));
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(unknown)?.collect();
    let mut first = None;
    for (index, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => first = first.or(Some(error)),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs_f32()))
    }))
}

/// A system error in the system's words, lowercase, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

fn explain(options: &SourceOptions, target: &Target, error: Error) -> SourceError {
    let server = target.shown();
    let tls = |words: &str| {
        let (problem, cure) = hints::of_tls(words, matches!(options.tls, Tls::CaFile(_)));
        SourceError::Tls { server: server.clone(), problem, cure: cure.to_owned(), setting: options.key("tls") }
    };
    let unreachable = |problem: String, cure: &str, transient| SourceError::Unreachable {
        server: server.clone(),
        problem,
        cure: target.cure(cure),
        transient,
    };
    if hung_up(&error) {
        let words = match &error {
            Error::Io { message, .. } => message,
            _ => "",
        };
        return unreachable(
            format!("it hung up before the login was done ({words})"),
            "if it happens every time, check that this port is SQL Server's, and tls; strict encryption (TDS 8.0) was tried too",
            true,
        );
    }
    match error {
        Error::Server(token) => {
            let mut place = options.place(format!("logging in as {}", options.user));
            place.server = server;
            SourceError::Server { place, error: Box::new(ServerError::of(&token)) }
        }
        Error::Tls(words) => tls(&words),
        Error::Protocol(words) if words.contains("encryption level") => tls(&words),
        Error::Io { kind, message } => match kind {
            IoErrorKind::ConnectionRefused => unreachable(
                "the connection was refused".to_owned(),
                match target.endpoint {
                    Endpoint::Port(_) => {
                        "check host and port, that SQL Server runs with TCP/IP enabled, and the firewall"
                    }
                    Endpoint::Instance(_) => BROWSER,
                },
                true,
            ),
            IoErrorKind::TimedOut => unreachable(
                if message.contains("handshake") {
                    "it accepted the connection, then said nothing".into()
                } else {
                    message
                },
                "check host, port and the firewall, or raise connect_timeout",
                false,
            ),
            IoErrorKind::NotFound if message.contains("certificates") => tls(&message),
            IoErrorKind::NotFound => unreachable(message, "check host and the name server", false),
            IoErrorKind::InvalidData if message.contains("CA source") => SourceError::Setting {
                setting: options.key("ca_file"),
                problem: "the file holds no usable certificate".to_owned(),
                cure: "name a file with the CA's certificate in PEM".to_owned(),
            },
            IoErrorKind::InvalidData | IoErrorKind::InvalidInput => tls(&message),
            _ => unreachable(message.to_lowercase(), "check host, port, the network and the firewall", true),
        },
        Error::Conversion(words) if matches!(target.endpoint, Endpoint::Instance(_)) => {
            unreachable(format!("the instance's port is not known ({words})"), BROWSER, true)
        }
        other => unreachable(
            format!("it does not answer as SQL Server does ({other})"),
            "check that host and port are SQL Server's",
            false,
        ),
    }
}
