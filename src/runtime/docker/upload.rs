//! Files into containers, as the one file of an archive that is sent as it is read.

use std::io;
use std::time::Duration;

use bollard::query_parameters::UploadToContainerOptions;
use bollard::{Docker, body_try_stream};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::super::{FileContent, RuntimeError};
use super::CHANGE_DEADLINE;
use super::client::Client;
use super::errors::Action;

/// Slowest disk that is waited for.
const BYTES_PER_SECOND_MIN: u64 = 4 << 20;

/// A unit of an archive, in bytes.
const BLOCK: u64 = 512;

pub(super) async fn upload(
    client: &Client,
    container: &str,
    path: &str,
    size_bytes: u64,
    content: FileContent,
) -> Result<(), RuntimeError> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let options = UploadToContainerOptions {
        path: format!("{directory}/"),
        ..Default::default()
    };
    let archive = archive(name, size_bytes, content).map_err(|error| RuntimeError::Other {
        message: format!("pack {path} for container {container}"),
        source: Some(error.into()),
    })?;
    let deadline = CHANGE_DEADLINE + Duration::from_secs(size_bytes / BYTES_PER_SECOND_MIN);
    let upload = async |docker: Docker| {
        docker
            .upload_to_container(container, Some(options), body_try_stream(archive))
            .await
    };
    client
        .call(Action("upload to container", container), deadline, upload)
        .await
}

/// Header, content, and the zeros that fill its last block and end the archive.
fn archive(name: &str, size_bytes: u64, content: FileContent) -> io::Result<FileContent> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_size(size_bytes);
    header.set_mode(0o644);
    header.set_cksum();
    let begin = Bytes::copy_from_slice(header.as_bytes());
    let fill = size_bytes.next_multiple_of(BLOCK) - size_bytes;
    let end = vec![0; usize::try_from(fill + 2 * BLOCK).unwrap_or_default()];
    let one = |bytes: Bytes| stream::iter([Ok(bytes)]);
    Ok(one(begin).chain(content).chain(one(end.into())).boxed())
}
