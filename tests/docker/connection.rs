//! The connection to Docker itself: who is there, and what happens when nobody is.

use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{Runtime, RuntimeError};
use tokio::net::TcpSocket;

use crate::fixture::{GRACE, REDIS, with_docker};

#[tokio::test]
async fn docker_describes_itself() {
    with_docker(async |fixture| {
        let description = fixture.runtime.check().await.unwrap();
        assert!(!description.server_version.is_empty() && description.api_version.contains('.'), "{description:?}");
        let present = fixture.runtime.images_present(&[REDIS.into(), "cacheplane/absent:1".into()]).await.unwrap();
        assert_eq!(present, [true, false]);
        let candidates = ["cacheplane/absent:1".to_owned(), REDIS.to_owned()];
        assert_eq!(fixture.runtime.ensure_image(&candidates).await.unwrap(), REDIS);
        // A registry on a port of ours that is closed: refused at once, wherever the test runs.
        let candidates = ["127.0.0.1:9/cacheplane/absent:1".to_owned()];
        let error = fixture.runtime.ensure_image(&candidates).await.unwrap_err();
        assert!(matches!(&error, RuntimeError::NoImage { reason, .. } if reason.contains("127.0.0.1:9")), "{error:?}");
    })
    .await;
}

/// Needs no Docker: what matters is that there is none.
#[tokio::test]
async fn an_engine_that_is_not_there_is_unreachable() {
    let directory = tempfile::tempdir().unwrap();
    let absent = format!("unix://{}/docker.sock", directory.path().display());
    let dead = directory.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let dead = format!("unix://{}", dead.display());
    // Bound but not listening: nobody else can be given the port meanwhile.
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = reserved.local_addr().unwrap().port();
    for host in [absent, dead, format!("tcp://127.0.0.1:{port}")] {
        let runtime = DockerRuntime::new(Some(&host), "owner").unwrap();
        let error = runtime.check().await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { .. }),
            "{host}: {error:?}"
        );
        let error = runtime.containers().await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { .. }),
            "{host}: {error:?}"
        );
        let error = runtime.remove_container("any", GRACE).await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { .. }),
            "{host}: {error:?}"
        );
    }
    assert!(matches!(
        DockerRuntime::new(Some("ssh://host"), "owner"),
        Err(RuntimeError::Other { .. })
    ));
}

#[tokio::test]
async fn an_engine_that_is_silent_is_unreachable() {
    with_docker(async |_| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("silent.sock");
        // Connections are accepted by the kernel, and nobody ever reads them.
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let runtime =
            DockerRuntime::new(Some(&format!("unix://{}", path.display())), "owner").unwrap();
        let error = runtime.check().await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { source: Some(_) }),
            "{error:?}"
        );
    })
    .await;
}
