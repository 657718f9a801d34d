use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};

use super::*;

/// A client and an engine with what is between them; tokens of alice, whose signatures nobody looks at, are for the cache `cache`.
fn joined(directory: &tempfile::TempDir) -> (DuplexStream, DuplexStream, Arc<KeyFile>) {
    let path = directory.path().join("iam.json");
    std::fs::write(
        &path,
        r#"{"cache": "cache", "region": "us-east-1", "users": {"alice": "secret"}, "credentials": null}"#,
    )
    .unwrap();
    let keys = Arc::new(KeyFile::new(path));
    let (client, outside) = duplex(1 << 16);
    let (inside, engine) = duplex(1 << 16);
    let shared = Arc::clone(&keys);
    tokio::spawn(async move { pass(outside, inside, &shared).await });
    (client, engine, keys)
}

fn token(user: &str) -> String {
    let at = cacheplane_sigv4::time::text(now_seconds());
    format!(
        "cache/?Action=connect&User={user}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F{}%2Fus-east-1%2Felasticache%2Faws4_request\
         &X-Amz-Date={at}&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        &at[..8],
        "0".repeat(64)
    )
}

fn auth(user: &str, password: &str) -> String {
    format!(
        "*3\r\n$4\r\nAUTH\r\n${}\r\n{user}\r\n${}\r\n{password}\r\n",
        user.len(),
        password.len()
    )
}

async fn hears(stream: &mut DuplexStream, expected: &str) {
    let mut heard = vec![0; expected.len()];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), expected);
}

#[tokio::test]
async fn the_engine_hears_what_a_token_stands_for_and_judges() {
    let directory = tempfile::tempdir().unwrap();
    let (mut client, mut engine, _) = joined(&directory);
    for (user, said, heard) in [
        ("alice", token("alice"), "secret"),
        ("alice", token("bob"), "-"),
        // What the engine knows her by is no token.
        ("alice", "secret".to_owned(), "-"),
        ("bob", "password".to_owned(), "password"),
    ] {
        client
            .write_all(auth(user, &said).as_bytes())
            .await
            .unwrap();
        hears(&mut engine, &auth(user, heard)).await;
    }
    engine.write_all(b"+OK\r\n").await.unwrap();
    hears(&mut client, "+OK\r\n").await;
    drop(client);
    assert_eq!(engine.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn keys_that_are_written_count_at_once_and_broken_ones_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let (mut client, mut engine, _) = joined(&directory);
    let path = directory.path().join("iam.json");
    client
        .write_all(auth("alice", &token("alice")).as_bytes())
        .await
        .unwrap();
    hears(&mut engine, &auth("alice", "secret")).await;
    std::fs::write(&path, "{").unwrap();
    client
        .write_all(auth("alice", &token("alice")).as_bytes())
        .await
        .unwrap();
    hears(&mut engine, &auth("alice", "secret")).await;
    let none = r#"{"cache": "cache", "region": "us-east-1", "users": {"alice": "other"}, "credentials": {}}"#;
    std::fs::write(&path, none).unwrap();
    client
        .write_all(auth("alice", &token("alice")).as_bytes())
        .await
        .unwrap();
    hears(&mut engine, &auth("alice", "-")).await;
}

#[tokio::test]
async fn who_logged_in_with_a_token_stays_half_a_day() {
    let directory = tempfile::tempdir().unwrap();
    let (.., keys) = joined(&directory);
    let (ends_at, ends) = watch::channel(None);
    let mut logins = Logins {
        keys: &keys,
        ends_at,
    };
    assert_eq!(logins.replace(b"bob", b"password"), None);
    assert!(logins.replace(b"alice", b"no token").is_some());
    assert_eq!(*ends.borrow(), None, "nobody was let in by a token");
    let token = token("alice").into_bytes();
    let mut last = Instant::now();
    for _ in 0..3 {
        logins.replace(b"alice", &token);
        let end = ends.borrow().unwrap();
        assert!(end >= last + LOGIN_LIFE && end <= Instant::now() + LOGIN_LIFE);
        last = Instant::now();
    }
    let end = *ends.borrow();
    logins.replace(b"alice", b"no token");
    assert_eq!(*ends.borrow(), end, "nothing makes it longer but a token");
}

/// What is written to the log in this thread.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whoever comes to the port could fill the disk else.
#[test]
fn refused_tokens_are_told_of_sparingly() {
    let directory = tempfile::tempdir().unwrap();
    let (path, lines) = (directory.path().join("iam.json"), Lines::default());
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || written.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let keys = KeyFile::new(path.clone());
        let (ends_at, _) = watch::channel(None);
        let mut logins = Logins {
            keys: &keys,
            ends_at,
        };
        // There is no file.
        for _ in 0..1000 {
            assert_eq!(logins.replace(b"alice", b"x"), None);
        }
        let known = r#"{"cache": "cache", "region": "us-east-1", "users": {"alice": "secret"}, "credentials": {}}"#;
        std::fs::write(&path, known).unwrap();
        let stranger = token("alice").into_bytes();
        for number in 0..1000 {
            assert!(logins.replace(b"alice", b"no token").is_some());
            assert!(logins.replace(b"alice", &stranger).is_some());
            // Each is refused in other words.
            let expired = token("alice")
                .replace("X-Amz-Date=20", &format!("X-Amz-Date={}", 10 + number % 10));
            assert!(logins.replace(b"alice", expired.as_bytes()).is_some());
        }
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    assert_eq!(count("read the keys of tokens"), 10, "{text}");
    assert_eq!(count("it is no presigned request"), 10, "{text}");
    assert_eq!(count("its access key is not known"), 10, "{text}");
    assert_eq!(count("a token was refused"), 30, "{text}");
}

#[tokio::test]
async fn a_login_is_over_at_its_last_end() {
    let hour = Duration::from_hours(1);
    let (end, mut ends) = watch::channel(None);
    let mut over = std::pin::pin!(is_over(&mut ends));
    for at in [
        None,
        Some(Instant::now() + hour),
        Some(Instant::now() + hour * 2),
    ] {
        end.send_replace(at);
        let waited = tokio::time::timeout(Duration::from_millis(20), &mut over).await;
        assert!(waited.is_err(), "it holds yet");
    }
    end.send_replace(Some(Instant::now()));
    over.await;
}

#[tokio::test]
async fn what_no_client_says_ends_the_connection_after_what_came_before() {
    let directory = tempfile::tempdir().unwrap();
    let (mut client, mut engine, _) = joined(&directory);
    client.write_all(b"PING\r\n*x\r\n").await.unwrap();
    hears(&mut engine, "PING\r\n").await;
    assert_eq!(engine.read(&mut [0]).await.unwrap(), 0);
}

#[test]
fn nothing_secret_is_printed() {
    let keys: keys::Keys = serde_json::from_str(&format!(
        r#"{{"cache": "c", "region": "r", "users": {{"alice": "hush"}}, "credentials": {{"A": {{"days": {{"20260102": "{}"}}}}}}}}"#,
        "ab".repeat(32)
    ))
    .unwrap();
    let printed = format!("{keys:?}");
    assert!(
        !printed.contains("hush") && !printed.contains("abab"),
        "{printed}"
    );
    let error = serde_json::from_str::<keys::SecretBytes>(r#""hush""#).unwrap_err();
    assert!(!error.to_string().contains("hush"));
}
