//! TLS that ends or begins in this program. Keys, certificates and authorities are files, which may be written anew at any time.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::config::{Version, version_of};
use crate::sparing::Sparing;

/// How long the other side may take to agree on keys.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// What a file holds. It is looked at for each connection, so another file takes its place as soon as it is there; one that is half
/// written does not.
#[derive(Debug)]
struct Held<T> {
    path: PathBuf,
    load: fn(&Path) -> io::Result<T>,
    read: Mutex<Option<(Version, T)>>,
    unread: Sparing,
}

impl<T: Clone> Held<T> {
    fn new(path: PathBuf, load: fn(&Path) -> io::Result<T>) -> Self {
        let read = Mutex::new(None);
        Self {
            path,
            load,
            read,
            unread: Sparing::default(),
        }
    }

    fn get(&self) -> io::Result<T> {
        let mut held = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let version = version_of(&self.path);
        if let (Ok(version), Some((read, what))) = (&version, &*held)
            && version == read
        {
            return Ok(what.clone());
        }
        let loaded = version.and_then(|version| Ok((version, (self.load)(&self.path)?)));
        match (loaded, &*held) {
            (Ok((version, what)), _) => {
                *held = Some((version, what.clone()));
                Ok(what)
            }
            (Err(error), Some((_, what))) => {
                if let Some(left_out) = self.unread.admit("unread", Instant::now()) {
                    tracing::warn!(%error, path = %self.path.display(), left_out, "a file that cannot be read takes no other's place");
                }
                Ok(what.clone())
            }
            (Err(error), None) => Err(error),
        }
    }
}

/// What is shown to clients: a PEM file with a key and certificates.
#[derive(Debug)]
pub(crate) struct Certificate(Held<Arc<ServerConfig>>);

impl Certificate {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Held::new(path, shown))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Agrees on keys with a client.
    ///
    /// # Errors
    /// Where there is no certificate, the client speaks no TLS that we know, or takes too long.
    pub(crate) async fn accept(
        &self,
        client: TcpStream,
    ) -> io::Result<server::TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.0.get()?);
        in_time(acceptor.accept(client)).await
    }
}

/// The certificate of a way, as all its connections share it.
#[derive(Debug, Default)]
pub(crate) struct SharedCertificate(Mutex<Option<Arc<Certificate>>>);

impl SharedCertificate {
    /// The one in the file at `path`.
    pub(crate) fn at(&self, path: &Path) -> Arc<Certificate> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some(found) if found.path() == path => Arc::clone(found),
            _ => Arc::clone(held.insert(Arc::new(Certificate::new(path.to_owned())))),
        }
    }
}

/// Whom others must be vouched for by: a PEM file with certificates.
#[derive(Debug)]
pub(crate) struct Authority(Held<Arc<ClientConfig>>);

impl Authority {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Held::new(path, believed))
    }

    /// Agrees on keys with whoever shows a certificate for `address`.
    ///
    /// # Errors
    /// Where there is no authority, the other side is somebody else, or takes too long.
    pub(crate) async fn connect(
        &self,
        address: IpAddr,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let connector = TlsConnector::from(self.0.get()?);
        in_time(connector.connect(ServerName::from(address), stream)).await
    }
}

async fn in_time<T>(handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(HANDSHAKE_DEADLINE, handshake).await {
        Ok(agreed) => agreed,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn certificates(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| invalid("no certificate"))
}

fn shown(path: &Path) -> io::Result<Arc<ServerConfig>> {
    let pem = std::fs::read(path)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| invalid("no key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(certificates(&pem)?, key)
        .map_err(io::Error::other)?;
    Ok(Arc::new(config))
}

fn believed(path: &Path) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&std::fs::read(path)?)? {
        roots.add(certificate).map_err(io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
