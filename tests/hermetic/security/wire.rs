//! A listener between the program and a server: hears all, may speak TLS to the program, and may say something of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs::default_provider};

/// A certificate that a server may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Good,
    Expired,
    OtherName,
    SelfSigned,
    /// The authority's own, as somebody does who makes one certificate for both.
    Authority,
}

/// What a TLS server shows, and what vouches for it.
pub struct Identity {
    pub acceptor: TlsAcceptor,
    pub ca_pem: String,
}

pub fn identity(shown: Shown) -> Identity {
    let names = match shown {
        Shown::OtherName => vec!["odoo.elsewhere.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names).unwrap();
    if shown == Shown::Expired {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    if shown == Shown::Authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let certificate = match shown {
        Shown::SelfSigned | Shown::Authority => params.self_signed(&key).unwrap(),
        _ => params.signed_by(&key, &Issuer::from_params(&ca, &ca_key)).unwrap(),
    };
    let ca_pem = match shown {
        Shown::Authority => certificate.pem(),
        _ => ca.self_signed(&ca_key).unwrap().pem(),
    };
    let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .unwrap();
    Identity { acceptor: TlsAcceptor::from(Arc::new(config)), ca_pem }
}

/// A running listener.
pub struct Wire {
    pub addr: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    /// Passes everything on.
    pub async fn before(behind: SocketAddr, at: &str, tls: Option<TlsAcceptor>) -> Self {
        Self::start(at, tls, Behind::Server(behind)).await
    }

    /// Says this to every request and hangs up.
    pub async fn saying(answer: String) -> Self {
        Self::start("127.0.0.1:0", None, Behind::Text(answer)).await
    }

    async fn start(at: &str, tls: Option<TlsAcceptor>, behind: Behind) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (hearing, tls, behind) = (Arc::clone(&hearing), tls.clone(), behind.clone());
                tokio::spawn(async move {
                    match tls {
                        // A client that does not believe us hangs up.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(tcp).await {
                                pass(stream, behind, hearing).await;
                            }
                        }
                        None => pass(tcp, behind, hearing).await,
                    }
                });
            }
        });
        Self { addr, heard }
    }

    /// Everything that went by, in both directions, what was encrypted in clear.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

#[derive(Clone)]
enum Behind {
    Server(SocketAddr),
    Text(String),
}

async fn pass<S: AsyncRead + AsyncWrite + Unpin>(mut client: S, behind: Behind, heard: Arc<Mutex<Vec<u8>>>) {
    let (mut asked, mut said) = (vec![0; 65_536], vec![0; 65_536]);
    let Behind::Server(addr) = behind else {
        let Behind::Text(text) = behind else { return };
        let n = client.read(&mut asked).await.unwrap_or(0);
        heard.lock().unwrap().extend_from_slice(&asked[..n]);
        let _ = client.write_all(text.as_bytes()).await;
        let _ = client.shutdown().await;
        return;
    };
    let Ok(mut server) = TcpStream::connect(addr).await else { return };
    loop {
        let passed = tokio::select! {
            n = client.read(&mut asked) => match n.unwrap_or(0) {
                0 => return,
                n => {
                    heard.lock().unwrap().extend_from_slice(&asked[..n]);
                    server.write_all(&asked[..n]).await
                }
            },
            n = server.read(&mut said) => match n.unwrap_or(0) {
                0 => return,
                n => {
                    heard.lock().unwrap().extend_from_slice(&said[..n]);
                    client.write_all(&said[..n]).await
                }
            },
        };
        if passed.is_err() {
            return;
        }
    }
}
