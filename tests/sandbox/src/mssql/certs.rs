//! Certificates for the stand-in, made anew for each one.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use super::options::Certificate;

/// What a TLS server needs, and what a client has to trust.
pub(super) struct Identity {
    pub acceptor: TlsAcceptor,
    pub ca_pem: String,
}

pub(super) fn identity(kind: Certificate) -> io::Result<Identity> {
    match kind {
        Certificate::SignedByCa => signed(None),
        Certificate::Expired => signed(Some(2020)),
        Certificate::SelfSignedCa => self_signed(),
    }
}

fn signed(end: Option<i32>) -> io::Result<Identity> {
    let ca_key = KeyPair::generate().map_err(io::Error::other)?;
    let ca = ca_params("erpsync sandbox CA", Vec::new())?;
    let ca_certificate = ca.self_signed(&ca_key).map_err(io::Error::other)?;
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::new(names()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    if let Some(year) = end {
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
    }
    let issuer = rcgen::Issuer::from_params(&ca, &ca_key);
    let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;
    Ok(Identity { acceptor: acceptor(certificate.der().clone(), &key)?, ca_pem: ca_certificate.pem() })
}

fn self_signed() -> io::Result<Identity> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = ca_params("SSL_Self_Signed_Fallback", names())?.self_signed(&key).map_err(io::Error::other)?;
    Ok(Identity { acceptor: acceptor(certificate.der().clone(), &key)?, ca_pem: certificate.pem() })
}

fn names() -> Vec<String> {
    vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
}

fn ca_params(name: &str, names: Vec<String>) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> io::Result<TlsAcceptor> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    // TLS 1.2 only, as TDS 7.4 has it: in 1.3 the server's session tickets come after the handshake, when the client
    // no longer expects PRELOGIN packets.
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
