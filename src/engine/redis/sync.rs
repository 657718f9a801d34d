//! A node's whole data set, as a replica gets it first: of one instant, and while the node goes on.
//!
//! The control plane asks as a replica would and hangs up when it has the file, so nothing is left on the node. Where the line has it
//! (`rdb-only`, Redis 6.2) the node keeps no stream of writes for us meanwhile.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::super::{DataSet, EngineError, NodeEndpoint};
use super::connection::{Stream, dial};

/// How long a node may send nothing at all; one that writes its file first sends a line break every ten seconds.
const STALL_MAX: Duration = Duration::from_secs(60);

/// Bytes that are passed on at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Longest line of an answer.
const LINE_BYTES_MAX: u64 = 4096;

/// Length of what ends a file whose length is not known at its start.
const MARK_BYTES: usize = 40;

/// How the end of the file is told.
enum Framing {
    /// So many bytes are left.
    Length(u64),
    /// This ends it. Behind it stands what was read and may be its beginning.
    Mark([u8; MARK_BYTES], BytesMut),
}

struct Sync {
    node: NodeEndpoint,
    stream: BufReader<Stream>,
    framing: Framing,
}

/// Asks for the data set. Success means that the node has begun to send it. The caller bounds the time until then, and each piece of the
/// stream is bounded by a stall.
pub(in crate::engine) async fn data_set(node: &NodeEndpoint) -> Result<DataSet, EngineError> {
    let stream = dial(node).await?;
    let mut sync = Sync {
        node: node.clone(),
        stream: BufReader::with_capacity(CHUNK_BYTES, stream),
        framing: Framing::Length(0),
    };
    if let Some(administrator) = &node.administrator {
        sync.say(&["AUTH", &administrator.user, &administrator.password])
            .await?;
        sync.accepted().await?;
    }
    // Lines that do not know one of these refuse it, and do without.
    for option in [&["rdb-only", "1"], &["capa", "eof"], &["capa", "psync2"]] {
        sync.say(&["REPLCONF", option[0], option[1]]).await?;
        drop(sync.line().await?);
    }
    sync.say(&["PSYNC", "?", "-1"]).await?;
    sync.accepted().await?;
    sync.framing = sync.begin().await?;
    let pieces = futures_util::stream::try_unfold(Some(sync), async |sync| {
        let Some(mut sync) = sync else {
            return Ok(None);
        };
        let (piece, is_last) = sync.piece().await?;
        Ok(Some((piece, (!is_last).then_some(sync))))
    });
    Ok(pieces.boxed())
}

impl Sync {
    async fn say(&mut self, words: &[&str]) -> Result<(), EngineError> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        let sent = self.stream.get_mut().write_all(command.as_bytes()).await;
        sent.map_err(|error| self.node.unreachable(error))
    }

    /// The next line; empty ones say only that the node is still there.
    async fn line(&mut self) -> Result<String, EngineError> {
        // Bounded by the stall: each turn takes a line, and empty ones come every few seconds for as long as the node is at work.
        loop {
            let mut line = Vec::new();
            let mut stream = (&mut self.stream).take(LINE_BYTES_MAX);
            let read = stream.read_until(b'\n', &mut line);
            let read = tokio::time::timeout(STALL_MAX, read)
                .await
                .map_err(|_| self.node.timeout(STALL_MAX, None))?;
            match read {
                Ok(0) => return Err(self.cut_off()),
                Ok(_) => {}
                Err(error) => return Err(self.node.unreachable(error)),
            }
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                return Ok(line);
            }
        }
    }

    async fn accepted(&mut self) -> Result<String, EngineError> {
        let line = self.line().await?;
        match line.strip_prefix('-') {
            Some(refusal) if refusal.starts_with("LOADING") => Err(EngineError::Loading {
                endpoint: self.node.to_string(),
            }),
            Some(refusal) => Err(self.node.refused(refusal)),
            None => Ok(line),
        }
    }

    async fn begin(&mut self) -> Result<Framing, EngineError> {
        let line = self.accepted().await?;
        let framing = line.strip_prefix('$').and_then(|told| {
            Some(match told.strip_prefix("EOF:") {
                Some(mark) => {
                    let mark = mark.as_bytes().try_into().ok()?;
                    Framing::Mark(mark, BytesMut::new())
                }
                None => Framing::Length(told.parse().ok()?),
            })
        });
        framing.ok_or_else(|| {
            self.node
                .refused(format!("answered {line:?} instead of its data set"))
        })
    }

    /// The next bytes, and whether they are the last.
    async fn piece(&mut self) -> Result<(Bytes, bool), EngineError> {
        let mut buffer = match &mut self.framing {
            Framing::Length(_) => BytesMut::new(),
            Framing::Mark(_, held) => std::mem::take(held),
        };
        let held = buffer.len();
        buffer.reserve(CHUNK_BYTES);
        let read = match self.framing {
            Framing::Length(0) => return Ok((Bytes::new(), true)),
            Framing::Length(left) => {
                let mut rest = (&mut self.stream).take(left);
                tokio::time::timeout(STALL_MAX, rest.read_buf(&mut buffer)).await
            }
            Framing::Mark(..) => {
                tokio::time::timeout(STALL_MAX, self.stream.read_buf(&mut buffer)).await
            }
        };
        match read {
            Err(_) => return Err(self.node.timeout(STALL_MAX, None)),
            Ok(Err(error)) => return Err(self.node.unreachable(error)),
            Ok(Ok(0)) => return Err(self.cut_off()),
            Ok(Ok(_)) => {}
        }
        match &mut self.framing {
            Framing::Length(left) => {
                *left -= (buffer.len() - held) as u64;
                let is_last = *left == 0;
                Ok((buffer.freeze(), is_last))
            }
            Framing::Mark(mark, rest) => {
                let keep = buffer.len().saturating_sub(MARK_BYTES);
                let tail = buffer.split_off(keep);
                if tail == mark[..] {
                    return Ok((buffer.freeze(), true));
                }
                *rest = tail;
                Ok((buffer.freeze(), false))
            }
        }
    }

    fn cut_off(&self) -> EngineError {
        let kind = std::io::ErrorKind::UnexpectedEof;
        self.node.unreachable(kind.into())
    }
}
