//! What real engines answered to `INFO`, as reports. `captured/` holds their answers word for word, the version's lines
//! before the section on replication.

use super::super::{AttachedReplica, NodeReport, Protocol, ReplicationReport, Role};
use super::*;

const CAPTURED: [(&str, &str); 5] = [
    ("6.2.5", include_str!("captured/redis-6.2.txt")),
    ("7.0.15", include_str!("captured/redis-7.0.txt")),
    ("8.0.2", include_str!("captured/redis-8.0.txt")),
    ("8.1.1", include_str!("captured/valkey-8.1.txt")),
    ("9.1.2", include_str!("captured/valkey-9.1.txt")),
];

fn read(answer: &str) -> Result<NodeReport, EngineError> {
    let node = NodeEndpoint {
        host: "node".into(),
        port: 6379,
        protocol: Protocol::Redis,
        encryption: None,
        administrator: None,
    };
    report::read(&node, answer)
}

/// What a node of each version said in a situation.
fn captured(situation: &str) -> Vec<(&'static str, NodeReport, ReplicationReport)> {
    CAPTURED
        .iter()
        .map(|(version, text)| {
            let answer = text
                .split("== ")
                .find_map(|part| part.strip_prefix(situation)?.strip_prefix('\n'))
                .unwrap_or_else(|| panic!("{version}: {situation}"));
            let report = read(answer).unwrap();
            assert_eq!(report.version, *version);
            let replication = report.replication.clone().unwrap();
            assert_eq!(replication.history.len(), 40, "{version}: {replication:?}");
            (*version, report, replication)
        })
        .collect()
}

/// Valkey 9 adds something to the stream when a replica comes.
fn written(version: &str, bytes: u64) -> u64 {
    bytes + if version == "9.1.2" { 14 } else { 0 }
}

#[test]
fn a_primary_knows_its_replicas() {
    for (version, report, replication) in captured("primary") {
        assert_eq!(report.role, Role::Primary, "{version}");
        assert_eq!(replication.earlier_history, None, "{version}");
        assert_eq!(replication.offset, written(version, 630), "{version}");
        assert_eq!(replication.primary, None, "{version}");
        assert!(!replication.link_up && !replication.syncing, "{version}");
        let attached = |host: &str| AttachedReplica {
            host: host.into(),
            port: 6379,
            online: true,
            // The primary asked for this acknowledgement in the stream itself, after what is acknowledged.
            offset: written(version, 593),
        };
        assert_eq!(
            replication.replicas,
            [attached("172.17.0.3"), attached("172.17.0.4")]
        );
    }
    for (version, report, replication) in captured("primary of a replica that waits") {
        assert_eq!(report.role, Role::Primary, "{version}");
        let waiting = AttachedReplica {
            host: "172.17.0.4".into(),
            port: 6379,
            online: false,
            offset: 0,
        };
        assert_eq!(replication.replicas, [waiting], "{version}");
    }
}

#[test]
fn a_replica_says_how_far_its_data_go() {
    // Offset, link up, syncing, primary.
    type Standing = (u64, bool, bool, Option<&'static str>);
    let check = |situation: &str, expected: &dyn Fn(&str) -> Standing| {
        for (version, report, replication) in captured(situation) {
            assert_eq!(report.role, Role::Replica, "{version}: {situation}");
            let (offset, link_up, syncing, primary) = expected(version);
            assert_eq!(
                (
                    replication.offset,
                    replication.link_up,
                    replication.syncing,
                    replication.primary.as_ref().map(|(host, _)| host.as_str())
                ),
                (offset, link_up, syncing, primary),
                "{version}: {situation}"
            );
            assert_eq!(replication.replicas, [], "{version}: {situation}");
        }
    };
    check("replica in sync", &|version| {
        (written(version, 630), true, false, Some("172.17.0.2"))
    });
    check("link down", &|version| {
        (written(version, 630), false, false, Some("172.17.0.2"))
    });
    check("replica waits for a full copy", &|version| {
        // Its old data are still there, but Redis 6.2 has forgotten how to go on from them.
        let offset = match version {
            "6.2.5" => 0,
            _ => written(version, 793),
        };
        (offset, false, true, Some("172.17.0.6"))
    });
    // Six megabytes of old data are gone, though `master_repl_offset` still counts them.
    check("replica reads a full copy", &|_| {
        (0, false, true, Some("172.17.0.4"))
    });
    check("fenced with data", &|version| {
        (written(version, 630), false, false, Some("127.0.0.1"))
    });
    check("fenced without data", &|_| {
        (0, false, false, Some("127.0.0.1"))
    });
}

#[test]
fn an_earlier_history_is_known_after_a_promotion() {
    for (version, _, replication) in captured("replica waits for a full copy") {
        let earlier = replication.earlier_history.expect(version);
        assert_eq!(earlier.len(), 40, "{version}");
        assert_ne!(earlier, replication.history, "{version}");
    }
    for (version, _, replication) in captured("fenced with data") {
        assert_eq!(replication.earlier_history, None, "{version}");
    }
}

#[test]
fn what_is_missing_or_odd_is_left_out() {
    let replication = |lines: &str| {
        let answer = format!("redis_version:7.0.15\r\n{lines}");
        read(&answer).unwrap().replication
    };
    assert_eq!(replication("role:master\r\n"), None);
    let odd = "role:master\r\nmaster_replid:abc\r\nmaster_repl_offset:-1\r\nconnected_slaves:4000000000\r\n\
               slave0:ip=10.0.0.2,port=70000,state=online,offset=1,lag=0\r\nslave1:ip=10.0.0.3\r\n\
               slave2:ip=fd00::3,port=6379,state=send_bulk,offset=7,lag=1\r\n";
    let expected = ReplicationReport {
        history: "abc".into(),
        earlier_history: None,
        offset: 0,
        primary: None,
        link_up: false,
        syncing: false,
        replicas: vec![AttachedReplica {
            host: "fd00::3".into(),
            port: 6379,
            online: false,
            offset: 7,
        }],
    };
    assert_eq!(replication(odd), Some(expected));
    // A real offset of 1 is one.
    let short =
        "role:slave\r\nmaster_replid:abc\r\nmaster_repl_offset:1\r\nslave_repl_offset:1\r\n";
    assert_eq!(replication(short).map(|found| found.offset), Some(1));
}
