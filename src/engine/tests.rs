//! Nodes played by scripted sockets: what each kind of answer, and each kind of silence, becomes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Generous: no test waits for it except those about silence, which choose their own.
const DEADLINE: Duration = Duration::from_secs(20);

/// Serves one answer per connection, in order, repeating the last; an answer of none is silence.
async fn node(protocol: Protocol, answers: Vec<Option<Vec<u8>>>) -> NodeEndpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        for turn in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = &answers[std::cmp::min(turn, answers.len() - 1)];
            let mut question = [0; 1024];
            let _ = stream.read(&mut question).await;
            match answer {
                Some(bytes) => drop(stream.write_all(bytes).await),
                None => silent.push(stream),
            }
        }
    });
    NodeEndpoint {
        host: "127.0.0.1".into(),
        port,
        protocol,
        encryption: None,
        administrator: None,
    }
}

fn bulk(text: &str) -> Option<Vec<u8>> {
    Some(format!("${}\r\n{text}\r\n", text.len()).into_bytes())
}

fn text(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

const REPLICA: &str = "redis_version:6.2.5\r\nrole:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:6379\r\nmaster_link_status:down\r\n\
                       slave_repl_offset:70\r\nmaster_replid:aaaa\r\nmaster_repl_offset:70\r\n";

const INFO: &str = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:12\r\n\r\n# Clients\r\nconnected_clients:3\r\n\
                    # Memory\r\nused_memory:1048576\r\nmaxmemory:2097152\r\n# Persistence\r\nloading:0\r\nasync_loading:0\r\n\
                    # Replication\r\nrole:master\r\n";

#[tokio::test]
async fn redis_report_is_read_from_info() {
    let node = node(Protocol::Redis, vec![bulk(INFO)]).await;
    let report = NetworkEngine.probe(&node, DEADLINE).await.unwrap();
    let expected = NodeReport {
        version: "7.0.15".into(),
        role: Role::Primary,
        loading: false,
        uptime_seconds: 12,
        maxmemory_bytes: Some(2_097_152),
        used_memory_bytes: 1_048_576,
        connected_clients: 3,
        replication: None,
    };
    assert_eq!(report, expected);
}

#[tokio::test]
async fn valkey_says_its_own_version_and_no_limit_is_none() {
    let info =
        "redis_version:7.2.4\r\nvalkey_version:8.1.1\r\nrole:slave\r\nmaxmemory:0\r\nloading:0\r\n";
    let node = node(Protocol::Redis, vec![bulk(info)]).await;
    let report = NetworkEngine.probe(&node, DEADLINE).await.unwrap();
    assert_eq!(
        (report.version.as_str(), report.role, report.maxmemory_bytes),
        ("8.1.1", Role::Replica, None)
    );
}

#[tokio::test]
async fn redis_refusals_are_told_apart() {
    let check = async |answer: &str, expected: &str| {
        let node = node(Protocol::Redis, vec![text(answer)]).await;
        let error = NetworkEngine.probe(&node, DEADLINE).await.unwrap_err();
        assert!(
            format!("{error:?}").starts_with(expected),
            "{answer:?}: {error:?}"
        );
    };
    check(
        "-LOADING Redis is loading the dataset in memory\r\n",
        "Loading",
    )
    .await;
    check("-NOAUTH Authentication required.\r\n", "Refused").await;
    check(
        "-NOPERM this user has no permissions to run the 'info' command\r\n",
        "Refused",
    )
    .await;
    check("ERROR\r\n", "Refused").await;
    check("HTTP/1.1 400 Bad Request\r\n\r\n", "Refused").await;
    check("$5\r\nhello\r\n", "Refused").await;
    check("", "Unreachable").await;
}

#[tokio::test]
async fn a_wrong_secret_is_a_refusal_that_does_not_show_it() {
    let mut node = node(
        Protocol::Redis,
        // And hangs up, before it answers what was asked with it.
        vec![text(
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        )],
    )
    .await;
    node.administrator = Some(Credentials {
        user: "us".into(),
        password: "hush-hush".into(),
    });
    let error = NetworkEngine.probe(&node, DEADLINE).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("WRONGPASS"), "{error}");
    assert!(!format!("{error:?} {error} {node:?}").contains("hush-hush"));
}

#[tokio::test]
async fn memcached_report_is_read_from_three_answers() {
    let answer = "VERSION 1.6.18\r\nSTAT uptime 9\r\nSTAT curr_connections 2\r\nSTAT bytes 77\r\nSTAT version 1.6.18\r\n\
                  END\r\nSTAT maxbytes 67108864\r\nSTAT inter NULL\r\nEND\r\n";
    let node = node(Protocol::Memcached, vec![text(answer)]).await;
    let report = NetworkEngine.probe(&node, DEADLINE).await.unwrap();
    let expected = NodeReport {
        version: "1.6.18".into(),
        role: Role::Unknown,
        loading: false,
        uptime_seconds: 9,
        maxmemory_bytes: Some(64 * 1024 * 1024),
        used_memory_bytes: 77,
        connected_clients: 2,
        replication: None,
    };
    assert_eq!(report, expected);
}

#[tokio::test]
async fn memcached_refusals_are_told_apart() {
    let check = async |answer: Vec<u8>, expected: &str| {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let node = node(Protocol::Memcached, vec![Some(answer)]).await;
        let error = NetworkEngine.probe(&node, DEADLINE).await.unwrap_err();
        assert!(
            format!("{error:?}").starts_with(expected),
            "{shown:?}: {error:?}"
        );
        assert!(error.to_string().len() < 200);
    };
    check(b"-ERR unknown command 'version'\r\n".to_vec(), "Refused").await;
    check(
        b"VERSION 1.6.18\r\nSERVER_ERROR out of memory\r\n".to_vec(),
        "Refused",
    )
    .await;
    check(
        b"VERSION 1.6.18\r\nSTAT uptime 9\r\n".to_vec(),
        "Unreachable",
    )
    .await;
    check(vec![], "Unreachable").await;
    // Endless lines and endless statistics end at the bound on what is read.
    check(vec![b'x'; 1024 * 1024], "Refused").await;
    check(
        b"VERSION 1\r\n"
            .iter()
            .copied()
            .chain(b"STAT a 1\r\n".repeat(100_000))
            .collect(),
        "Refused",
    )
    .await;
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    for protocol in [Protocol::Redis, Protocol::Memcached] {
        let node = node(protocol, vec![None]).await;
        let error = NetworkEngine
            .probe(&node, Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                EngineError::Timeout {
                    deadline_ms: 50,
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn nothing_listening_is_unreachable() {
    // Bound but not listening: nobody else can be given the port meanwhile.
    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = reserved.local_addr().unwrap().port();
    for protocol in [Protocol::Redis, Protocol::Memcached] {
        let node = NodeEndpoint {
            host: "127.0.0.1".into(),
            port,
            protocol,
            encryption: None,
            administrator: None,
        };
        let error = NetworkEngine.probe(&node, DEADLINE).await.unwrap_err();
        assert!(
            matches!(
                error,
                EngineError::Unreachable {
                    source: Some(_),
                    ..
                }
            ),
            "{error:?}"
        );
        let error = NetworkEngine
            .wait_ready(&node, Duration::from_millis(500))
            .await
            .unwrap_err();
        let EngineError::Timeout {
            last: Some(last), ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert!(matches!(*last, EngineError::Unreachable { .. }), "{last:?}");
    }
}

#[tokio::test]
async fn wait_ready_outlasts_loading_and_dropped_connections() {
    let loading = INFO.replace("\nloading:0", "\nloading:1");
    let answers = vec![
        text(""),
        text("-LOADING Redis is loading the dataset in memory\r\n"),
        bulk(&loading),
        bulk(INFO),
    ];
    let node = node(Protocol::Redis, answers).await;
    let report = NetworkEngine.wait_ready(&node, DEADLINE).await.unwrap();
    assert!(!report.loading);
}

#[tokio::test]
async fn wait_ready_tells_loading_and_refusal_from_absence() {
    let still_loading = node(
        Protocol::Redis,
        vec![bulk(&INFO.replace("\nloading:0", "\nloading:1"))],
    )
    .await;
    let error = NetworkEngine
        .wait_ready(&still_loading, Duration::from_millis(1000))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Loading { .. }), "{error:?}");
    let refusing = node(
        Protocol::Redis,
        vec![text("-NOAUTH Authentication required.\r\n")],
    )
    .await;
    let error = NetworkEngine
        .wait_ready(&refusing, DEADLINE)
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}

/// Plays a node that answers `INFO` with a report and all else with `+OK`, and returns what it was sent: a line for all that came at
/// once.
async fn listener() -> (NodeEndpoint, tokio::task::JoinHandle<Vec<String>>) {
    listener_of(REPLICA).await
}

async fn listener_of(report: &'static str) -> (NodeEndpoint, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        let mut question = vec![0; 4096];
        loop {
            let length = stream.read(&mut question).await.unwrap();
            if length == 0 {
                return heard;
            }
            let text = String::from_utf8(question[..length].to_vec()).unwrap();
            let words: Vec<&str> = text.lines().filter(|line| !line.starts_with('$')).collect();
            for command in words
                .iter()
                .enumerate()
                .filter(|(_, word)| word.starts_with('*'))
            {
                let answer = match words[command.0 + 1] {
                    "INFO" => bulk(report).unwrap(),
                    _ => b"+OK\r\n".to_vec(),
                };
                stream.write_all(&answer).await.unwrap();
            }
            heard.push(words.join(" "));
        }
    });
    let node = NodeEndpoint {
        host: "127.0.0.1".into(),
        port,
        protocol: Protocol::Redis,
        encryption: None,
        administrator: Some(Credentials {
            user: "us".into(),
            password: "hush".into(),
        }),
    };
    (node, heard)
}

fn held(history: &str, offset: u64) -> HistoryHeld {
    HistoryHeld {
        history: history.to_owned(),
        offset,
    }
}

#[tokio::test]
async fn a_node_is_promoted_if_it_is_the_process_that_was_looked_at() {
    for level in [held("aaaa", 70), held("aaaa", 69)] {
        let (node, heard) = listener().await;
        NetworkEngine
            .promote(&node, &level, DEADLINE)
            .await
            .unwrap();
        assert_eq!(
            heard.await.unwrap(),
            [
                "*3 AUTH us hush *1 INFO",
                "*3 REPLICAOF NO ONE *2 CLIENT UNPAUSE"
            ]
        );
    }
    for other in [held("aaaa", 71), held("bbbb", 70)] {
        let (node, heard) = listener().await;
        let error = NetworkEngine
            .promote(&node, &other, DEADLINE)
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::Behind { .. }), "{error:?}");
        assert_eq!(heard.await.unwrap(), ["*3 AUTH us hush *1 INFO"]);
    }
}

#[tokio::test]
async fn writes_are_held_by_nodes_that_can_hold_only_those() {
    let hold = Duration::from_millis(1500);
    let (node, heard) = listener().await;
    let given = NetworkEngine.hold_writes(&node, hold, DEADLINE).await;
    assert_eq!(given.unwrap(), Some(held("aaaa", 70)));
    assert_eq!(
        heard.await.unwrap(),
        [
            "*3 AUTH us hush *1 INFO",
            "*4 CLIENT PAUSE 1500 WRITE *1 INFO"
        ]
    );
    let (node, heard) = listener_of("redis_version:6.0.16\r\nrole:master\r\n").await;
    let given = NetworkEngine.hold_writes(&node, hold, DEADLINE).await;
    assert_eq!(given.unwrap(), None);
    assert_eq!(heard.await.unwrap(), ["*3 AUTH us hush *1 INFO"]);
}

#[tokio::test]
async fn an_order_to_follow_is_one_round_trip() {
    let (node, heard) = listener().await;
    let mut primary = PrimaryAddress {
        encrypted: false,
        host: "10.0.0.2".into(),
        port: 6380,
        administrator: Some(Credentials {
            user: "them".into(),
            password: "other".into(),
        }),
    };
    NetworkEngine
        .follow(&node, &primary, DEADLINE)
        .await
        .unwrap();
    assert_eq!(
        heard.await.unwrap(),
        [
            "*3 AUTH us hush *4 CONFIG SET masteruser them *4 CONFIG SET masterauth other *3 REPLICAOF 10.0.0.2 6380"
        ]
    );

    let (node, heard) = listener().await;
    primary.administrator = None;
    NetworkEngine
        .follow(&node, &primary, DEADLINE)
        .await
        .unwrap();
    assert_eq!(
        heard.await.unwrap(),
        [
            "*3 AUTH us hush *4 CONFIG SET masteruser  *4 CONFIG SET masterauth  *3 REPLICAOF 10.0.0.2 6380"
        ]
    );
}

#[tokio::test]
async fn a_primary_that_is_demoted_lets_writers_go_and_says_what_it_holds() {
    let (node, heard) = listener().await;
    let primary = PrimaryAddress {
        encrypted: false,
        host: "10.0.0.2".into(),
        port: 6380,
        administrator: None,
    };
    let holds = NetworkEngine.demote(&node, &primary, DEADLINE).await;
    assert_eq!(holds.unwrap(), Some(held("aaaa", 70)));
    assert_eq!(
        heard.await.unwrap(),
        [
            "*3 AUTH us hush *4 CONFIG SET masteruser  *4 CONFIG SET masterauth  *3 REPLICAOF 10.0.0.2 6380 *2 CLIENT UNPAUSE *1 INFO"
        ]
    );
}

#[tokio::test]
async fn orders_that_are_not_carried_out_are_told_apart() {
    let check = async |answer: &str, expected: &str| {
        let node = node(Protocol::Redis, vec![text(answer)]).await;
        let primary = PrimaryAddress {
            encrypted: false,
            host: "10.0.0.2".into(),
            port: 6379,
            administrator: None,
        };
        let promoted = NetworkEngine.promote(&node, &held("", 0), DEADLINE).await;
        let followed = NetworkEngine.follow(&node, &primary, DEADLINE).await;
        for result in [promoted, followed] {
            let error = result.unwrap_err();
            assert!(
                format!("{error:?}").starts_with(expected),
                "{answer:?}: {error:?}"
            );
        }
    };
    check(
        "-LOADING Redis is loading the dataset in memory\r\n",
        "Loading",
    )
    .await;
    check("-ERR REPLICAOF not allowed in cluster mode.\r\n", "Refused").await;
    check("", "Unreachable").await;

    let memcached = node(Protocol::Memcached, vec![text("ERROR\r\n")]).await;
    let error = NetworkEngine
        .promote(&memcached, &held("", 0), DEADLINE)
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    let silent = node(Protocol::Redis, vec![None]).await;
    let error = NetworkEngine
        .promote(&silent, &held("", 0), Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Timeout { .. }), "{error:?}");
}
