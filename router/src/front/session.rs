//! What is done with a connection, once its way is chosen.

use std::io;
use std::path::Path;

use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;

use super::iam;
use super::iam::keys::KeyFile;
use super::tls::Certificate;
use crate::connect::tune;
use crate::forward;

/// Passes bytes on as they are, whatever they say.
pub(super) async fn pass(client: TcpStream, port: u16, pipes: &Semaphore) -> io::Result<()> {
    let engine = to_engine(port).await?;
    forward::converse(client, engine, pipes).await
}

/// Ends TLS, and looks after who logs in with a token.
pub(super) async fn terminate(
    client: TcpStream,
    certificate: &Certificate,
    socket: &Path,
    keys: &KeyFile,
) -> io::Result<()> {
    let client = certificate.accept(client).await?;
    let engine = UnixStream::connect(socket).await?;
    iam::pass(client, engine, keys).await
}

async fn to_engine(port: u16) -> io::Result<TcpStream> {
    let engine = TcpStream::connect(("127.0.0.1", port)).await?;
    tune(&engine)?;
    Ok(engine)
}
