//! What is done with a connection, once its way is chosen.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::config::Tls;
use super::tls::Certificate;
use crate::connect::tune;
use crate::forward;
use crate::metrics::Counter;

/// Passes bytes on as they are, whatever they say.
pub(super) async fn pass(client: TcpStream, port: u16, pipes: &Semaphore) -> io::Result<()> {
    let engine = to_engine(port).await?;
    // Nobody asks a front what went through it; the engine counts.
    let (received, sent) = (Counter::default(), Counter::default());
    forward::join(client, engine, [&received, &sent], pipes).await
}

/// Goes the way of TLS.
pub(super) async fn secure(
    client: TcpStream,
    tls: &Tls,
    certificate: Option<&Certificate>,
    pipes: &Semaphore,
) -> io::Result<()> {
    match (tls, certificate) {
        (Tls::Forward { port }, _) => pass(client, *port, pipes).await,
        (Tls::Terminate { port, .. }, Some(certificate)) => {
            read(certificate.accept(client).await?, *port).await
        }
        (Tls::Terminate { .. }, None) => Err(io::ErrorKind::NotFound.into()),
    }
}

/// A connection of which this program can read every byte.
async fn read(mut client: impl AsyncRead + AsyncWrite + Unpin, port: u16) -> io::Result<()> {
    let mut engine = to_engine(port).await?;
    copy_bidirectional(&mut client, &mut engine).await?;
    Ok(())
}

async fn to_engine(port: u16) -> io::Result<TcpStream> {
    let engine = TcpStream::connect(("127.0.0.1", port)).await?;
    tune(&engine)?;
    Ok(engine)
}
