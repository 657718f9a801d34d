//! What Docker keeps of what containers write.

use async_trait::async_trait;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bollard::Docker;
use bollard::query_parameters::LogsOptions;
use futures_util::TryStreamExt;

use super::errors::Action;
use super::{DockerRuntime, LOOK_DEADLINE};
use crate::runtime::RuntimeError;
use crate::runtime::logs::{LogLine, Logs};

const NANOSECONDS: i64 = 1_000_000_000;

/// Longest text that is read at once, in bytes: what does not fit comes with the next question.
const LENGTH_MAX: usize = 4 * 1024 * 1024;

#[async_trait]
impl Logs for DockerRuntime {
    async fn logs_after(
        &self,
        name: &str,
        after: i64,
        lines_max: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        // Docker reads a file from its end as far as it is told, but from its beginning where it is told a time only; so the end is
        // asked for first, and all only where that is not enough.
        let last = self.lines(name, after, Some(lines_max), lines_max).await?;
        match last.len() < lines_max {
            true => Ok(last),
            false => self.lines(name, after, None, lines_max).await,
        }
    }
}

impl DockerRuntime {
    async fn lines(
        &self,
        name: &str,
        after: i64,
        tail: Option<usize>,
        lines_max: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        let read = async |docker: Docker| {
            let options = LogsOptions {
                stdout: true,
                stderr: true,
                timestamps: true,
                since: i32::try_from(after / NANOSECONDS).unwrap_or(0),
                tail: tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
                ..Default::default()
            };
            let mut pieces = std::pin::pin!(docker.logs(name, Some(options)));
            let (mut text, mut lines) = (Vec::new(), Vec::new());
            let mut length = 0;
            while let Some(piece) = pieces.try_next().await? {
                let piece: &[u8] = piece.as_ref();
                length += piece.len();
                text.extend_from_slice(piece);
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = text.drain(..=end).collect();
                    lines.extend(parsed(&line).filter(|line| line.written_at > after));
                }
                if lines.len() >= lines_max || length >= LENGTH_MAX {
                    lines.truncate(lines_max);
                    break;
                }
            }
            Ok(lines)
        };
        let action = Action("read logs of container", name);
        self.client.call(action, LOOK_DEADLINE, read).await
    }
}

/// A line as Docker tells it: a time, a blank, and what was written.
fn parsed(line: &[u8]) -> Option<LogLine> {
    let line = String::from_utf8_lossy(line);
    let (time, text) = line.split_once(' ')?;
    let time = DateTime::from_str(time, Format::DateTimeWithOffset).ok()?;
    Some(LogLine {
        written_at: i64::try_from(time.as_nanos()).ok()?,
        text: text.trim_end_matches(['\r', '\n']).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_time_that_docker_gives_it() {
        let line = parsed(b"2026-11-29T16:55:21.123456789Z 1:M 29 Nov 2026 * Ready\r\n");
        assert_eq!(
            line,
            Some(LogLine {
                written_at: 1_795_971_321_123_456_789,
                text: "1:M 29 Nov 2026 * Ready".to_owned(),
            })
        );
        assert_eq!(parsed(b"no time\n"), None);
        assert_eq!(parsed(b"\n"), None);
    }
}
