//! Log streams as files: one for each stream, below a directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::DeliveryError;
use super::cloudwatch_logs::{LogEvent, LogStream};

/// Size past which a file is put aside, in bytes. The one that was put aside before goes.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// How far back the end of the last whole line is looked for, in bytes.
const TAIL_BYTES: u64 = 1024 * 1024;

/// The file of a stream: `ACCOUNT/REGION/GROUP/STREAM.log`. A group's own slashes and what would lead elsewhere are written as `%2F` and
/// `%2E`.
pub fn path(root: &Path, account: &str, stream: LogStream<'_>) -> PathBuf {
    let mut group = stream.group.replace('/', "%2F");
    if group.starts_with('.') {
        group.replace_range(..1, "%2E");
    }
    root.join(account)
        .join(stream.region)
        .join(group)
        .join(format!("{}.log", stream.name))
}

/// Appends lines to a file, which is made where it is not there. What an earlier call left of a line is taken away first.
///
/// # Errors
/// [`DeliveryError::Unavailable`] where the disk does not take them.
pub async fn append(path: PathBuf, events: &[LogEvent]) -> Result<(), DeliveryError> {
    let destination = path.display().to_string();
    let text: String = events
        .iter()
        .flat_map(|event| [event.message.as_str(), "\n"])
        .collect();
    let written = tokio::task::spawn_blocking(move || write(&path, &text)).await;
    let written = written.map_err(io::Error::other);
    written
        .and_then(|written| written)
        .map_err(|error| DeliveryError::Unavailable {
            destination,
            reason: error.to_string(),
        })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let open = || {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o640);
        options.open(path)
    };
    let mut file = open()?;
    end_with_a_line(&mut file)?;
    if file.metadata()?.len() > FILE_BYTES_MAX {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".1");
        fs::rename(path, aside)?;
        file = open()?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Takes away what follows the last end of a line: a write that was cut off, which comes again.
fn end_with_a_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL_BYTES);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n');
    let keep = match whole {
        Some(at) => from + at as u64 + 1,
        None if from == 0 => 0,
        None => length,
    };
    if keep < length {
        file.set_len(keep)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::timestamp::Timestamp;

    fn events(lines: &[&str]) -> Vec<LogEvent> {
        let event = |line: &&str| LogEvent {
            at: Timestamp::default(),
            message: (*line).to_owned(),
        };
        lines.iter().map(event).collect()
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_goes_and_a_full_file_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b.log");
        append(path.clone(), &events(&["one", "two"]))
            .await
            .unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"thr").unwrap();
        append(path.clone(), &events(&["three"])).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
        let line = "x".repeat(11 * 1024 * 1024);
        append(path.clone(), &events(&[&line])).await.unwrap();
        append(path.clone(), &events(&["last"])).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "last\n");
        assert!(directory.path().join("a/b.log.1").exists());
    }

    #[test]
    fn no_group_leads_out_of_its_directory() {
        let at = |group| {
            let stream = LogStream {
                region: "us-east-1",
                group,
                name: "elasticache/redis/c/0001/slow-log",
            };
            path(Path::new("logs"), "000000000000", stream)
        };
        let expected = |group: &str| {
            format!("logs/000000000000/us-east-1/{group}/elasticache/redis/c/0001/slow-log.log")
        };
        for (group, written) in [
            ("mine", "mine"),
            ("/aws/x", "%2Faws%2Fx"),
            ("..", "%2E."),
            ("../..", "%2E.%2F.."),
        ] {
            assert_eq!(at(group), PathBuf::from(expected(written)));
        }
    }
}
