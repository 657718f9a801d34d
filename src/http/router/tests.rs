//! Who is answered, by where they call from; and what the log says of it.

use axum::extract::connect_info::MockConnectInfo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// The status line of an operator's page, asked for by a caller at `peer`.
async fn answered(peer: &str) -> String {
    let peer: SocketAddr = peer.parse().expect("an address");
    let pages: Router = Router::new()
        .route("/", get(|| async { "inside" }))
        .layer(middleware::from_fn(refuse_from_afar))
        .layer(MockConnectInfo(peer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("listen");
    let address = listener.local_addr().expect("have an address");
    let server = tokio::spawn(async move { axum::serve(listener, pages).await });
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("connect");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .expect("ask");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("an answer");
    server.abort();
    reply.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn operators_are_answered_on_this_machine_only() {
    for near in ["127.0.0.1:50000", "[::1]:50000", "[::ffff:127.0.0.1]:50000"] {
        assert_eq!(answered(near).await, "HTTP/1.1 200 OK", "{near}");
    }
    for far in [
        "192.0.2.7:50000",
        "[2001:db8::7]:50000",
        "[::ffff:192.0.2.7]:50000",
    ] {
        assert_eq!(answered(far).await, "HTTP/1.1 403 Forbidden", "{far}");
    }
}

/// What is written to the log in this thread.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the lines").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whoever reaches the port could fill the disk else, in every protocol.
#[test]
fn refused_callers_are_told_of_sparingly() {
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || written.clone())
        .finish();
    let refusals = Refusals::default();
    let refused = |code| {
        let refusal = Refusal::from(Fault::new(code, "No."));
        refuse(&refusals, &refusal, "id").0
    };
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..100 {
            assert_eq!(refused(FaultCode::SignatureDoesNotMatch), 403);
            let fault = Fault::new(FaultCode::InvalidClientTokenId, "No.");
            let told = cloudwatch::response(Protocol::Json, Err(fault.into()), &refusals, "id");
            assert_eq!(told.status(), 403);
            assert_eq!(refused(FaultCode::CacheClusterNotFound), 404);
        }
    });
    let text = String::from_utf8(lines.0.lock().expect("the lines").clone()).expect("text");
    let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    assert_eq!(count("SignatureDoesNotMatch"), 10, "{text}");
    assert_eq!(count("InvalidClientTokenId"), 10, "{text}");
    assert_eq!(count("CacheClusterNotFound"), 100);
}
