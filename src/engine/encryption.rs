//! Encryption in transit: how a connection to a node is made, and whether it is encrypted.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{EngineError, NodeEndpoint};

/// Whom a node must be vouched for by, for us to talk to it.
#[derive(Clone)]
pub struct Encryption(Arc<ClientConfig>);

impl Encryption {
    /// As `config` says.
    pub fn new(config: Arc<ClientConfig>) -> Self {
        Self(config)
    }
}

impl PartialEq for Encryption {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Encryption {}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryption(..)")
    }
}

/// What is written and read, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to a node. One that another authority vouches for, or none, or under another name, is as one that is not there.
pub(super) async fn connect(node: &NodeEndpoint) -> Result<Box<dyn Stream>, EngineError> {
    let stream = plain(node).await?;
    match &node.encryption {
        None => Ok(Box::new(stream)),
        Some(encryption) => Ok(Box::new(encrypted(node, encryption, stream).await?)),
    }
}

/// When the certificate that a node shows ends, in seconds since the Unix epoch; none where it shows none that we believe.
pub(super) async fn certificate_end(node: &NodeEndpoint) -> Result<Option<i64>, EngineError> {
    let Some(encryption) = &node.encryption else {
        return Ok(None);
    };
    let stream = encrypted(node, encryption, plain(node).await?).await?;
    let certificates = stream.get_ref().1.peer_certificates();
    let end = certificates.and_then(|all| {
        let (_, read) = x509_parser::parse_x509_certificate(all.first()?).ok()?;
        Some(read.validity().not_after.timestamp())
    });
    Ok(end)
}

async fn plain(node: &NodeEndpoint) -> Result<TcpStream, EngineError> {
    let stream = TcpStream::connect((node.host.as_str(), node.port))
        .await
        .map_err(|error| node.unreachable(error))?;
    // Best effort: without it the answer is the same, only later.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn encrypted(
    node: &NodeEndpoint,
    encryption: &Encryption,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, EngineError> {
    let name = ServerName::try_from(node.host.clone())
        .map_err(|error| node.unreachable(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    TlsConnector::from(Arc::clone(&encryption.0))
        .connect(name, stream)
        .await
        .map_err(|error| node.unreachable(error))
}
