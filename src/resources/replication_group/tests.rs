//! Replication groups for the tests of several rooms, and the tests of this one.

use std::net::Ipv4Addr;

use super::*;
use crate::resources::cache_cluster::Joined;
use crate::resources::cache_cluster::tests::{ASKED, settled as settled_cluster};
use crate::resources::{engine, node_type};

/// A group called `ant` that is as wished: a primary and `replicas` replicas, each known in its run `run 1` and joined.
pub(crate) fn settled(replicas: u32) -> ReplicationGroup {
    let members = (1..=replicas + 1).map(|number| {
        let mut member = settled_cluster(Engine::Redis, "7.0", 1);
        member.key = i64::from(number);
        member.spec.cache_cluster_id = member_id("ant", number);
        member.nodes[0].key = i64::from(number);
        member.nodes[0].address = Some(Ipv4Addr::new(10, 0, 0, number as u8));
        member.membership = Some(Membership {
            group_key: 1,
            replication_group_id: "ant".to_owned(),
            at_rest_encryption: false,
            auth_token_changed_at: None,
            endpoint_addresses: Vec::new(),
            pending_engine_version: None,
            pending_node_type: None,
            node_group: None,
            lacks_primary: false,
            is_dismissed: false,
            joined: Some(Joined {
                started_at: "run 1".to_owned(),
                epoch: 1,
            }),
            access: None,
        });
        member
    });
    ReplicationGroup {
        sharding: None,
        key: 1,
        scope: Scope::of_anyone(),
        spec: ReplicationGroupSpec {
            replication_group_id: "ant".to_owned(),
            description: "ants".to_owned(),
            engine_version: engine::find(Engine::Redis, "7.0").expect("a version"),
            node_type: node_type::find("cache.t3.micro").expect("a node type"),
            port: 6379,
            cluster_mode: ClusterMode::Disabled,
            parameter_group_name: "default.redis7".to_owned(),
            subnet_group_name: "default".to_owned(),
            security_group_ids: vec![],
            maintenance_window: MaintenanceWindow::parse("sun:05:00-sun:06:00").expect("a window"),
            snapshot_window: SnapshotWindow::parse("07:00-08:00").expect("a window"),
            snapshot_retention_days: 0,
            snapshotting_cluster_id: None,
            notification: None,
            auto_minor_version_upgrade: true,
            automatic_failover: replicas > 0,
            multi_az: false,
            at_rest_encryption: false,
            kms_key_id: None,
            guarded: false,
            iam: false,
            transit_encryption: None,
            image: None,
            is_update_stopped: false,
        },
        pending: GroupPending::default(),
        revision: 1,
        generation: 1,
        observed_generation: 1,
        requested_at: ASKED,
        available_at: Some(ASKED),
        deletion_requested_at: None,
        retain_primary: false,
        failure: None,
        blocked_by: None,
        changes: vec![],
        primary: PrimaryChoice {
            confirmed_epoch: 1,
            history: Some("history 1".to_owned()),
            ..PrimaryChoice::first("ant-001".to_owned())
        },
        test_failover: None,
        primary_endpoint: MovingEndpoint {
            address: Some(Ipv4Addr::new(10, 0, 1, 1)),
            published_port: None,
            route_served: None,
        },
        log_deliveries: vec![],
        configuration_endpoint: MovingEndpoint::default(),
        snapshotting: None,
        access: GroupAccess::default(),
        reader_endpoint: MovingEndpoint {
            address: Some(Ipv4Addr::new(10, 0, 1, 2)),
            published_port: None,
            route_served: None,
        },
        members: members.collect(),
    }
}

#[test]
fn new_members_get_the_numbers_after_the_highest() {
    let mut group = settled(2);
    assert_eq!(group.next_member_ids(2), ["ant-004", "ant-005"]);
    group.members.remove(1);
    assert_eq!(group.next_member_ids(1), ["ant-004"], "a removed one rests");
    group.members.pop();
    group.members[0].spec.cache_cluster_id = "somebody".to_owned();
    assert_eq!(group.next_member_ids(2), ["ant-001", "ant-002"]);
    group.members[0].spec.cache_cluster_id = "ant-998".to_owned();
    assert_eq!(group.next_member_ids(3), ["ant-999", "ant-001", "ant-002"]);
}

#[test]
fn reads_go_to_replicas_that_joined_and_else_to_the_primary() {
    let ids = |group: &ReplicationGroup| -> Vec<String> {
        let readers = group.readers();
        readers
            .iter()
            .map(|member| member.spec.cache_cluster_id.clone())
            .collect()
    };
    let mut group = settled(2);
    assert_eq!(ids(&group), ["ant-002", "ant-003"]);
    assert_eq!(
        group.route(GroupEndpoint::Reader).as_deref(),
        Some("10.0.0.2:6379,10.0.0.3:6379|10.0.0.1:6379")
    );
    assert_eq!(group.route(GroupEndpoint::Primary), None);
    let joined = |member: &mut CacheCluster| {
        member
            .membership
            .as_mut()
            .and_then(|membership| membership.joined.take())
    };
    joined(&mut group.members[1]);
    assert_eq!(ids(&group), ["ant-003"]);
    group.members[2].nodes[0].observation = crate::resources::cache_cluster::Observation::Unknown;
    assert_eq!(ids(&group), ["ant-001"]);
    group.primary.epoch = 3;
    assert_eq!(
        ids(&group),
        Vec::<String>::new(),
        "nobody had joined the choice before"
    );
}

#[test]
fn replicas_serve_reads_while_they_turn_to_another_primary() {
    let mut group = settled(2);
    group.primary.epoch = 2;
    group.primary.cache_cluster_id = "ant-002".to_owned();
    assert_eq!(
        group.route(GroupEndpoint::Reader).as_deref(),
        Some("10.0.0.1:6379,10.0.0.3:6379|"),
        "the former primary until it is seen to have gone"
    );
    group.members[0].nodes[0].observation = crate::resources::cache_cluster::Observation::Unknown;
    assert_eq!(
        group.route(GroupEndpoint::Reader).as_deref(),
        Some("10.0.0.3:6379|")
    );
    group.members.pop();
    assert_eq!(
        group.route(GroupEndpoint::Reader).as_deref(),
        Some("10.0.0.2:6379|"),
        "the only one left, before it is seen to serve as primary"
    );
}
