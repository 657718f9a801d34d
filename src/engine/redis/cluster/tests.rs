//! Lines as real engines print them, and lines that none would.

use proptest::prelude::*;

use super::super::super::Protocol;
use super::*;

const INFO: &str = "redis_version:7.0.15\r\nrole:master\r\n";

const NUMBERS: &str = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16000\r\n\
    cluster_slots_pfail:300\r\ncluster_slots_fail:84\r\ncluster_known_nodes:6\r\ncluster_size:3\r\n\
    cluster_current_epoch:7\r\ncluster_my_epoch:3\r\ncluster_stats_messages_sent:12\r\n";

fn node() -> NodeEndpoint {
    NodeEndpoint {
        host: "node".into(),
        port: 6379,
        protocol: Protocol::Redis,
        encryption: None,
        administrator: None,
    }
}

fn read_lines(lines: &str) -> Result<ClusterView, EngineError> {
    read_view(&node(), INFO, NUMBERS, lines)
}

#[test]
fn a_view_is_read_from_three_answers() {
    let view = read_lines(
        "aa 10.0.0.1:6379@16379,host-1 myself,master - 0 0 3 connected 0-100 102 [93-<-bb] [77->-bb] [78->-bb]\n\
         bb 10.0.0.2:6379@16379 master - 0 1795318893710 7 connected 200-16383\n\
         cc 10.0.0.3:6380@16380 slave aa 1795318893000 1795318893710 3 connected\n\
         dd :0@0 slave,fail,noaddr bb 1795318893000 1795318893710 7 disconnected\n\
         ee 10.0.0.5:6379@16379 handshake - 0 0 0 disconnected\n\
         ff 10.0.0.6:6379@16379 master,fail? - 0 0 0 connected\n",
    )
    .unwrap();
    assert!(view.is_ok);
    assert_eq!(
        (
            view.slots_assigned,
            view.slots_ok,
            view.slots_suspected,
            view.slots_failed
        ),
        (16_384, 16_000, 300, 84)
    );
    assert_eq!(
        (view.known_nodes, view.current_epoch, view.own_epoch),
        (6, 7, 3)
    );
    assert_eq!(view.report.version, "7.0.15");
    let expected = ClusterNode {
        node_id: "aa".into(),
        host: "10.0.0.1".into(),
        port: 6379,
        bus_port: 16_379,
        hostname: Some("host-1".into()),
        role: Role::Primary,
        primary_id: None,
        health: NodeHealth::Well,
        is_in_handshake: false,
        config_epoch: 3,
        is_connected: true,
        slots: "0-100,102".parse().unwrap(),
    };
    assert_eq!(view.myself, expected);
    let open = |state: SlotState| view.open(&state).to_string();
    assert_eq!(open(SlotState::Importing("bb".into())), "93");
    assert_eq!(open(SlotState::Migrating("bb".into())), "77-78");
    assert_eq!(open(SlotState::Migrating("cc".into())), "");

    let ids: Vec<&str> = view.nodes().map(|node| node.node_id.as_str()).collect();
    assert_eq!(ids, ["aa", "bb", "cc", "dd", "ee", "ff"]);
    let replica = view.node("cc").unwrap();
    assert_eq!(
        (replica.role, replica.primary_id.as_deref(), replica.port),
        (Role::Replica, Some("aa"), 6380)
    );
    assert_eq!(view.node_at("10.0.0.3", 6380), Some(replica));
    let lost = view.node("dd").unwrap();
    assert_eq!(
        (lost.health, lost.host.as_str(), lost.is_connected),
        (NodeHealth::Failed, "", false)
    );
    let met = view.node("ee").unwrap();
    assert!(met.is_in_handshake && met.role == Role::Unknown);
    assert_eq!(view.node("ff").unwrap().health, NodeHealth::Suspected);
    assert_eq!(view.owner(102).unwrap().node_id, "aa");
    assert_eq!(view.owner(101), None);
}

#[test]
fn addresses_are_read_in_every_form() {
    let check = |word: &str, expected: (&str, u16, u16, Option<&str>)| {
        let found = read_address(word).expect(word);
        let found = (
            found.host.as_str(),
            found.port,
            found.bus_port,
            found.hostname.as_deref(),
        );
        assert_eq!(found, expected, "{word}");
    };
    // Redis 3 without a bus port, 7.0 with a host name, nodes.conf with more.
    check("10.0.0.1:6379", ("10.0.0.1", 6379, 16_379, None));
    check(
        "10.0.0.1:6379@7000,a.example",
        ("10.0.0.1", 6379, 7000, Some("a.example")),
    );
    check(
        "10.0.0.1:6379@16379,,shard-id=aa",
        ("10.0.0.1", 6379, 16_379, None),
    );
    check(
        "10.0.0.1:6379@16379,tls-port=0",
        ("10.0.0.1", 6379, 16_379, None),
    );
    check("fd00::1:6379@16379", ("fd00::1", 6379, 16_379, None));
    check(":0@0", ("", 0, 0, None));
    check(":65535", ("", 65_535, 65_535, None));
    for word in ["", "6379", "host:", "host:x", "host:70000", "host:1@", "@1"] {
        assert!(read_address(word).is_none(), "{word}");
    }
}

#[test]
fn odd_lines_are_passed_over() {
    let view = read_lines(
        "\n\
         short 10.0.0.9:1@1 master\n\
         aa 10.0.0.1:6379@16379 myself,master - 0 0 0 connected 5-4 16384 x [] [5-<-] [9->-] [99999->-b] [->-b] 7\n\
         bb nonsense master - 0 0 0 connected 1\n\
         cc 10.0.0.3:6379@16379 master - 0 0 many connected\n",
    )
    .unwrap();
    assert_eq!(view.others, []);
    assert_eq!(view.myself.slots.to_string(), "7");
    let error = read_lines("aa 10.0.0.1:6379@16379 master - 0 0 0 connected\n").unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}

#[test]
fn orders_become_commands() {
    let check = |order: ClusterOrder, expected: &[&str]| {
        let words = |command: &Cmd| {
            let word = |argument: ::redis::Arg<&[u8]>| match argument {
                ::redis::Arg::Simple(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                _ => "?".to_owned(),
            };
            command.args_iter().map(word).collect::<Vec<_>>().join(" ")
        };
        let found: Vec<String> = commands(&order).iter().map(words).collect();
        let expected: Vec<String> = expected
            .iter()
            .map(|text| format!("CLUSTER {text}"))
            .collect();
        assert_eq!(found, expected);
    };
    let slots = || "1-2,9".parse::<SlotSet>().unwrap();
    let meet = |bus_port| ClusterOrder::Meet {
        host: "10.0.0.2".into(),
        port: 6379,
        bus_port,
    };
    check(ClusterOrder::SetConfigEpoch(3), &["SET-CONFIG-EPOCH 3"]);
    check(ClusterOrder::BumpEpoch, &["BUMPEPOCH"]);
    check(meet(16_379), &["MEET 10.0.0.2 6379"]);
    check(meet(7000), &["MEET 10.0.0.2 6379 7000"]);
    check(ClusterOrder::AddSlots(slots()), &["ADDSLOTS 1 2 9"]);
    check(ClusterOrder::AddSlots(SlotSet::EMPTY), &[]);
    check(ClusterOrder::DelSlots(slots()), &["DELSLOTS 1 2 9"]);
    check(
        ClusterOrder::SetSlots(slots(), SlotState::Importing("a".into())),
        &[
            "SETSLOT 1 IMPORTING a",
            "SETSLOT 2 IMPORTING a",
            "SETSLOT 9 IMPORTING a",
        ],
    );
    let slot = || "7".parse::<SlotSet>().unwrap();
    check(
        ClusterOrder::SetSlots(slot(), SlotState::Migrating("a".into())),
        &["SETSLOT 7 MIGRATING a"],
    );
    check(
        ClusterOrder::SetSlots(slot(), SlotState::Owned("a".into())),
        &["SETSLOT 7 NODE a"],
    );
    check(
        ClusterOrder::SetSlots(slot(), SlotState::Stable),
        &["SETSLOT 7 STABLE"],
    );
    check(ClusterOrder::Replicate("a".into()), &["REPLICATE a"]);
    check(ClusterOrder::Forget("a".into()), &["FORGET a"]);
    check(ClusterOrder::Reset(ResetKind::Soft), &["RESET SOFT"]);
    check(ClusterOrder::Reset(ResetKind::Hard), &["RESET HARD"]);
    let failover = |kind, words| check(ClusterOrder::Failover(kind), &[words]);
    failover(FailoverKind::Coordinated, "FAILOVER");
    failover(FailoverKind::Force, "FAILOVER FORCE");
    failover(FailoverKind::Takeover, "FAILOVER TAKEOVER");
}

proptest! {
    #[test]
    fn no_answer_is_a_panic(
        numbers in "(cluster_[a-z_]{3,16}:[-0-9a-z]{0,24}\r?\n){0,6}",
        lines in "([0-9a-f]{0,6} [0-9.:@,a-z]{0,12} (myself|master|slave|fail|,){0,4} [-a]? [0-9]{0,2} 0 [0-9]{0,22} \
                  [a-z]{0,4}( [-0-9<>\\[\\]a]{0,9}){0,4}\n){0,5}|.{0,200}",
    ) {
        if let Ok(view) = read_view(&node(), INFO, &numbers, &lines) {
            prop_assert!(view.nodes().all(|node| node.slots.len() <= 16_384));
        }
    }
}

#[test]
fn a_replica_in_a_shard_of_its_own_is_not_in_place_yet() {
    let view = read_lines(
        "aa 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-16383\n\
         bb 10.0.0.2:6379@16379 slave aa 0 1795318893710 1 connected\n",
    )
    .unwrap();
    let shards = |count: usize| Value::Array(vec![Value::Nil; count]);
    assert!(has_all_in_place(&view, &shards(1)));
    assert!(!has_all_in_place(&view, &shards(2)));
}
