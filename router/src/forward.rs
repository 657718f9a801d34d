//! Plain TCP forwarding.
//!
//! Each direction moves what little there is through a buffer of its thread: a request or a reply of
//! a cache seldom needs more, and two system calls are then the least there can be. A read that
//! fills the buffer says that more is coming, and from there on the kernel moves the bytes itself,
//! from socket to pipe to socket (`splice`), until the sender pauses. So a connection that is idle
//! holds neither a buffer nor a pipe.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{Shutdown, shutdown};
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;
use tokio::sync::Semaphore;
use tokio::task::coop::consume_budget;

use crate::endpoint::Endpoint;
use crate::metrics::Counter;
use crate::table::Target;

/// Bytes that are copied rather than spliced. Measured as processor time per request: below this a
/// pipe costs more than it saves, and at a megabyte it saves a third.
const SMALL_BYTES: usize = 16 << 10;
/// Bytes that a pipe is asked to hold: what the kernel gives a pipe by default.
const PIPE_BYTES: usize = 64 << 10;

thread_local! {
    /// Shared by all connections of a thread, none of which keeps anything in it.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SMALL_BYTES]);
}

/// Forwards one connection until both directions have ended, or either has failed.
///
/// # Errors
/// Either connection's.
pub(crate) async fn serve(
    endpoint: &Endpoint,
    client: TcpStream,
    connected: &OnceLock<Target>,
) -> io::Result<()> {
    let Some((target, node)) = endpoint.connect_to_target().await else {
        // Nobody is there to answer; a closed connection tells the client so.
        return Ok(());
    };
    // Said before it is used, so that a table without this target closes the connection.
    let _ = connected.set(target);
    let counters = &endpoint.counters;
    let moved_bytes = [&counters.received_bytes, &counters.sent_bytes];
    join(client, node, moved_bytes, &endpoint.pipes).await
}

/// Moves bytes both ways until both directions have ended, or either has failed; `moved_bytes` counts those from the client and those
/// to it.
///
/// # Errors
/// Either connection's.
pub(crate) async fn join(
    mut client: TcpStream,
    mut node: TcpStream,
    moved_bytes: [&Counter; 2],
    pipes: &Semaphore,
) -> io::Result<()> {
    let (client_reads, client_writes) = client.split();
    let (node_reads, node_writes) = node.split();
    let [received_bytes, sent_bytes] = moved_bytes;
    tokio::try_join!(
        pump(client_reads, node_writes.as_ref(), received_bytes, pipes),
        pump(node_reads, client_writes.as_ref(), sent_bytes, pipes),
    )?;
    Ok(())
}

/// Moves bytes both ways until the engine has no more to say, or either connection has failed. An engine that says no more hears no more
/// either, whatever its client may think; the client's own end leaves it time for what is still to be answered.
///
/// # Errors
/// Either connection's.
pub(crate) async fn converse(
    mut client: TcpStream,
    mut engine: TcpStream,
    pipes: &Semaphore,
) -> io::Result<()> {
    // Nobody asks what went through; the engine counts.
    let (received, sent) = (Counter::default(), Counter::default());
    let (client_reads, client_writes) = client.split();
    let (engine_reads, engine_writes) = engine.split();
    until_answered(
        pump(client_reads, engine_writes.as_ref(), &received, pipes),
        pump(engine_reads, client_writes.as_ref(), &sent, pipes),
    )
    .await
}

/// Lets both sides speak until the answers end, or either side fails.
///
/// # Errors
/// Either side's.
pub(crate) async fn until_answered(
    asks: impl Future<Output = io::Result<()>>,
    answers: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let asks_fail = async {
        match asks.await {
            Ok(()) => std::future::pending().await,
            failed => failed,
        }
    };
    tokio::select! {
        // What has been answered is passed on before a failure counts.
        biased;
        ended = answers => ended,
        failed = asks_fail => failed,
    }
}

/// Moves one direction's bytes until its sender has no more, and passes that on too.
async fn pump(
    mut from: ReadHalf<'_>,
    to: &TcpStream,
    moved_bytes: &Counter,
    pipes: &Semaphore,
) -> io::Result<()> {
    loop {
        match poll_fn(|cx| poll_copy(cx, &mut from, to)).await? {
            Copied::Some { bytes, rest } => {
                write_rest(to, &rest).await?;
                moved_bytes.add(bytes as u64);
                // Without a pipe copying goes on.
                if bytes == SMALL_BYTES
                    && let Ok(_permit) = pipes.try_acquire()
                {
                    splice_while_ready(from.as_ref(), to, moved_bytes).await?;
                }
            }
            Copied::End => {
                // A peer that is gone needs no telling.
                let _ = shutdown(to, Shutdown::Write);
                return Ok(());
            }
        }
        // Two fast peers must not keep a thread from everyone else.
        consume_budget().await;
    }
}

enum Copied {
    /// This many bytes were read, of which `rest` could not be written yet.
    Some { bytes: usize, rest: Vec<u8> },
    /// The sender has no more.
    End,
}

/// Waits until there is something to read, reads once and writes once. A read that does not fill the buffer has emptied the
/// socket, which `poll_read` makes use of: it waits for the next bytes without asking the kernel whether there are any.
/// Within one poll, so that the thread's buffer is held by nobody else.
fn poll_copy(
    cx: &mut Context<'_>,
    from: &mut ReadHalf<'_>,
    to: &TcpStream,
) -> Poll<io::Result<Copied>> {
    BUFFER.with_borrow_mut(|buffer| {
        let mut read = ReadBuf::new(buffer);
        ready!(Pin::new(from).poll_read(cx, &mut read))?;
        let read = read.filled();
        if read.is_empty() {
            return Poll::Ready(Ok(Copied::End));
        }
        let written = match to.try_write(read) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Poll::Ready(Err(error)),
        };
        Poll::Ready(Ok(Copied::Some {
            bytes: read.len(),
            rest: read[written..].to_vec(),
        }))
    })
}

async fn write_rest(to: &TcpStream, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        to.writable().await?;
        match to.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Lets the kernel move bytes until there are none to read. Where it can't, copying goes on.
async fn splice_while_ready(
    from: &TcpStream,
    to: &TcpStream,
    moved_bytes: &Counter,
) -> io::Result<()> {
    let Ok((pipe_out, pipe_in)) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) else {
        return Ok(());
    };
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        let filled = from.try_io(Interest::READABLE, || {
            Ok(splice(from, None, &pipe_in, None, PIPE_BYTES, flags)?)
        });
        let mut held = match filled {
            // The end is found again by copying, which passes it on.
            Ok(0) => return Ok(()),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => return Ok(()),
            Err(error) => return Err(error),
        };
        while held > 0 {
            to.writable().await?;
            let emptied = to.try_io(Interest::WRITABLE, || {
                Ok(splice(&pipe_out, None, to, None, held, flags)?)
            });
            match emptied {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    held -= bytes;
                    moved_bytes.add(bytes as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        consume_budget().await;
    }
}
