//! The API's port: so many connections at once, and none whose client is silent for long. What this process holds to observe nodes and to
//! act on them needs descriptors, too, and whoever can reach the port must not be able to take them all.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at once; who comes then waits until one ends. Half of the 1,024 descriptors that a process has where nobody says otherwise.
pub const CONNECTIONS_MAX: usize = 512;

/// How long nothing may come or go. No request takes that long, and clients make another connection where one has ended.
pub const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A port with bounds.
#[derive(Debug)]
pub struct BoundedListener {
    listener: TcpListener,
    connections: Arc<Semaphore>,
    silence_max: Duration,
}

impl BoundedListener {
    /// Lets so many connections in at once, and ends those over which nothing has come or gone for so long.
    pub fn new(listener: TcpListener, connections_max: usize, silence_max: Duration) -> Self {
        Self {
            listener,
            connections: Arc::new(Semaphore::new(connections_max)),
            silence_max,
        }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let permit = Arc::clone(&self.connections).acquire_owned().await;
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let connection = Connection {
            stream,
            silence_max: self.silence_max,
            silence: Box::pin(sleep(self.silence_max)),
            // Nobody closes the semaphore.
            _permit: permit.ok(),
        };
        (connection, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when it is silent.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    silence_max: Duration,
    silence: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Lets nothing wait for more to be sent with it.
    pub fn send_at_once(&mut self) {
        // Best effort: it costs a little time.
        let _ = self.stream.set_nodelay(true);
    }

    fn bounded<T>(
        &mut self,
        cx: &mut Context<'_>,
        progress: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.silence
                .as_mut()
                .reset(Instant::now() + self.silence_max);
            return progress;
        }
        ready!(self.silence.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.bounded(cx, progress)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.bounded(cx, progress)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.bounded(cx, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn start(connections_max: usize, silence_max: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let bounded = BoundedListener::new(listener, connections_max, silence_max);
        let app = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(axum::serve(bounded, app).into_future());
        at
    }

    async fn asks(at: SocketAddr) -> String {
        let mut client = TcpStream::connect(at).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn whoever_is_silent_gives_his_place_to_others() {
        let at = start(2, Duration::from_millis(200)).await;
        let mut silent = Vec::new();
        for said in ["", "POST / HTTP/1.1\r\nhost: local"] {
            let mut client = TcpStream::connect(at).await.unwrap();
            client.write_all(said.as_bytes()).await.unwrap();
            silent.push(client);
        }
        let answer = tokio::time::timeout(Duration::from_secs(10), asks(at)).await;
        assert!(answer.unwrap().ends_with("here"));
        for mut client in silent {
            // Hung up on, in whatever words.
            let _ = client.read_to_end(&mut Vec::new()).await;
        }
    }

    #[tokio::test]
    async fn no_more_are_served_at_once_than_there_is_room_for() {
        let at = start(1, Duration::from_secs(60)).await;
        let first = TcpStream::connect(at).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(200), asks(at)).await;
        assert!(waited.is_err(), "there is no room yet");
        drop(first);
        let answer = tokio::time::timeout(Duration::from_secs(10), asks(at)).await;
        assert!(answer.unwrap().ends_with("here"));
    }
}
