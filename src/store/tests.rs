use std::io::Write;

use futures_util::stream;

use super::*;
use crate::rdb;

fn file(keys: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = rdb::Writer::new(&mut bytes);
    writer.write_all(b"REDIS0010").unwrap();
    for number in 0..keys {
        writer.string(&format!("key:{number}"), "value").unwrap();
    }
    writer.finish().unwrap();
    bytes
}

fn content(bytes: Vec<u8>, end: io::Result<()>) -> Content {
    let pieces: Vec<_> = bytes
        .chunks(1000)
        .map(Bytes::copy_from_slice)
        .map(Ok)
        .collect();
    let end = end.err().map(Err);
    stream::iter(pieces).chain(stream::iter(end)).boxed()
}

fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => waiting.push(entry.path()),
                false => found.push(entry.file_name().to_string_lossy().into_owned()),
            }
        }
    }
    found
}

async fn all(store: &Store, name: &str) -> Vec<u8> {
    let (size, content) = store.get(name).await.unwrap();
    let bytes: Vec<Bytes> = content.try_collect().await.unwrap();
    let bytes = bytes.concat();
    assert_eq!(bytes.len() as u64, size);
    bytes
}

#[tokio::test]
async fn what_is_stored_is_read_back_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::in_directory(directory.path()).unwrap();
    let bytes = file(50_000);
    let mut last = 0;
    let stored = store
        .put("a/b.rdb", content(bytes.clone(), Ok(())), |seen| {
            last = seen
        })
        .await
        .unwrap();
    assert_eq!(stored.size_bytes, bytes.len() as u64);
    assert_eq!(last, stored.size_bytes);
    assert_eq!(
        stored.sha256,
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes))
    );
    assert_eq!(store.list().await.unwrap(), ["a/b.rdb"]);
    assert_eq!(all(&store, "a/b.rdb").await, bytes);
    store.remove("a/b.rdb").await.unwrap();
    store.remove("a/b.rdb").await.unwrap();
    assert!(!store.contains("a/b.rdb").await.unwrap());
    assert!(files(directory.path()).is_empty());
}

#[tokio::test]
async fn nothing_is_there_of_a_file_that_is_not_whole() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::in_directory(directory.path()).unwrap();
    let bytes = file(50_000);
    let mut wrong = bytes.clone();
    wrong[300] ^= 1;
    let broken = [
        content(wrong, Ok(())),
        content(bytes[..bytes.len() - 1].to_vec(), Ok(())),
        content(b"no such file at all, but long enough".to_vec(), Ok(())),
        content(Vec::new(), Ok(())),
        content(bytes, Err(io::Error::other("the node is gone"))),
    ];
    for content in broken {
        let error = store.put("x.rdb", content, |_| {}).await.unwrap_err();
        assert!(
            matches!(error, StoreError::File(_) | StoreError::Source(_)),
            "{error}"
        );
        assert!(files(directory.path()).is_empty());
    }
}

#[tokio::test]
async fn what_a_process_left_half_way_is_no_object_and_is_swept() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::in_directory(directory.path()).unwrap();
    let pieces = content(file(50_000), Ok(()))
        .chain(stream::pending())
        .boxed();
    let putting = store.put("x.rdb", pieces, |_| {});
    let cut_off = tokio::time::timeout(std::time::Duration::from_millis(300), putting).await;
    assert!(cut_off.is_err());
    // As after `kill -9`: nothing has removed it.
    std::fs::write(directory.path().join("x.rdb#1"), "half").unwrap();
    assert!(store.list().await.unwrap().is_empty());
    assert!(!store.contains("x.rdb").await.unwrap());
    store.sweep().await.unwrap();
    assert!(files(directory.path()).is_empty());
}
