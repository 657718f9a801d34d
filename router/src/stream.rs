//! A connection in two halves, encrypted or not.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::TlsStream;

/// The half that is read.
pub(crate) enum Reads {
    /// In clear.
    Plain(OwnedReadHalf),
    /// By TLS.
    Secure(Box<ReadHalf<TlsStream<TcpStream>>>),
}

/// The half that is written.
pub(crate) enum Writes {
    /// In clear.
    Plain(OwnedWriteHalf),
    /// By TLS.
    Secure(Box<WriteHalf<TlsStream<TcpStream>>>),
}

/// Both halves of a connection in clear.
pub(crate) fn plain(stream: TcpStream) -> (Reads, Writes) {
    let (reads, writes) = stream.into_split();
    (Reads::Plain(reads), Writes::Plain(writes))
}

/// Both halves of an encrypted one.
pub(crate) fn secure(stream: TlsStream<TcpStream>) -> (Reads, Writes) {
    let (reads, writes) = tokio::io::split(stream);
    (
        Reads::Secure(Box::new(reads)),
        Writes::Secure(Box::new(writes)),
    )
}

impl Reads {
    /// Reads some bytes, up to about `chunk_bytes`; 0 is the end. Where there is nothing to read in clear, no buffer is held meanwhile.
    pub(crate) async fn read(
        &mut self,
        input: &mut BytesMut,
        chunk_bytes: usize,
    ) -> io::Result<usize> {
        match self {
            Self::Plain(reads) => {
                if input.is_empty() {
                    *input = BytesMut::new();
                    reads.readable().await?;
                }
                input.reserve(chunk_bytes);
                reads.read_buf(input).await
            }
            Self::Secure(reads) => {
                input.reserve(chunk_bytes);
                reads.read_buf(input).await
            }
        }
    }
}

impl Writes {
    /// Writes all of it, and sends it off.
    pub(crate) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(writes) => writes.write_all(bytes).await,
            Self::Secure(writes) => {
                writes.write_all(bytes).await?;
                writes.flush().await
            }
        }
    }

    /// Says that there is no more.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(writes) => writes.shutdown().await,
            Self::Secure(writes) => writes.shutdown().await,
        }
    }
}
