//! TLS that ends in this program.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::config::{Version, version_of};

/// How long a client may take to agree on keys.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// What is shown to clients: a file with a key and certificates. It is looked at for each connection, so another takes its place as
/// soon as it is there. One that is half written does not.
#[derive(Debug)]
pub(crate) struct Certificate {
    path: PathBuf,
    read: Mutex<Option<(Version, Arc<ServerConfig>)>>,
}

impl Certificate {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            read: Mutex::new(None),
        }
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Agrees on keys with a client.
    ///
    /// # Errors
    /// Where there is no certificate, the client speaks no TLS that we know, or takes too long.
    pub(crate) async fn accept(&self, client: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.server_config()?);
        match tokio::time::timeout(HANDSHAKE_DEADLINE, acceptor.accept(client)).await {
            Ok(accepted) => accepted,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn server_config(&self) -> io::Result<Arc<ServerConfig>> {
        let mut held = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let version = version_of(&self.path);
        if let (Ok(version), Some((read, config))) = (&version, &*held)
            && version == read
        {
            return Ok(Arc::clone(config));
        }
        match (
            version.and_then(|version| Ok((version, self.load()?))),
            &*held,
        ) {
            (Ok((version, config)), _) => {
                *held = Some((version, Arc::clone(&config)));
                Ok(config)
            }
            (Err(error), Some((_, config))) => {
                tracing::warn!(%error, "the certificate stays, as another cannot be read");
                Ok(Arc::clone(config))
            }
            (Err(error), None) => Err(error),
        }
    }

    fn load(&self) -> io::Result<Arc<ServerConfig>> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let pem = std::fs::read(&self.path)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| invalid("no key"))?;
        let chain = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| invalid("no certificate"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
}
