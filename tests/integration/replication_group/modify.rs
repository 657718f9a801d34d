//! ModifyReplicationGroup: what acts at once, what is rolled, what is promoted.

use crate::harness::Harness;

const BOTH: [&str; 2] = ["ants-001", "ants-002"];

#[tokio::test]
async fn what_acts_at_once_reaches_every_member() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    let generation = harness.recorded_group("ants").await.generation;
    let topic = "arn:aws:sns:us-east-1:000000000000:told";
    let members = [
        ("ReplicationGroupDescription", "other ants"),
        ("PreferredMaintenanceWindow", "sun:01:00-sun:02:00"),
        ("SnapshotWindow", "03:00-04:00"),
        ("SnapshotRetentionLimit", "7"),
        ("SnapshottingClusterId", "ANTS-001"),
        ("SecurityGroupIds.SecurityGroupId.1", "sg-1"),
        ("AutoMinorVersionUpgrade", "false"),
        ("NotificationTopicArn", topic),
        ("NotificationTopicStatus", "inactive"),
        ("NodeGroupId", "9999"),
    ];
    let modified = harness
        .on_group("ModifyReplicationGroup", "Ants", &members)
        .await
        .ok();
    assert_eq!(modified.texts("Status"), ["available", "available"]);
    assert_eq!(modified.text("Description"), "other ants");
    assert_eq!(modified.text("SnapshottingClusterId"), "ants-001");
    assert_eq!(harness.recorded_group("ants").await.generation, generation);
    for id in BOTH {
        let member = harness.describe(id).await.ok();
        let told = [
            "PreferredMaintenanceWindow",
            "SnapshotWindow",
            "SnapshotRetentionLimit",
            "SecurityGroupId",
            "AutoMinorVersionUpgrade",
            "TopicArn",
            "TopicStatus",
        ]
        .map(|element| member.text(element));
        assert_eq!(
            told,
            [
                "sun:01:00-sun:02:00",
                "03:00-04:00",
                "7",
                "sg-1",
                "false",
                topic,
                "inactive"
            ]
        );
        assert_eq!(
            harness.events(id).await[0],
            "Applied change to security group"
        );
    }
    let gone = [
        ("NotificationTopicArn", ""),
        ("SnapshotRetentionLimit", "0"),
    ];
    let modified = harness
        .on_group("ModifyReplicationGroup", "ants", &gone)
        .await
        .ok();
    assert!(!modified.has("SnapshottingClusterId"));
    assert!(!harness.describe("ants-002").await.has("TopicArn"));
    harness.finish().await;
}

#[tokio::test]
async fn a_request_for_what_there_is_changes_nothing() {
    let harness = Harness::start().await;
    harness
        .group("ants", "2", &[("AutomaticFailoverEnabled", "true")])
        .await;
    let before = harness.recorded_group("ants").await;
    let same = [
        ("ReplicationGroupDescription", "ants"),
        ("AutomaticFailoverEnabled", "true"),
        ("MultiAZEnabled", "false"),
        ("CacheNodeType", "cache.t3.micro"),
        ("Engine", "redis"),
        ("EngineVersion", "7.1"),
        ("CacheParameterGroupName", "default.redis7"),
        ("TransitEncryptionEnabled", "false"),
        ("ClusterMode", "disabled"),
        ("Durability", "default"),
        ("RemoveUserGroups", "false"),
        ("UserGroupIdsToAdd", ""),
        ("SecurityGroupIds", ""),
    ];
    let reply = harness.modify_group_now("ants", &same).await.ok();
    assert_eq!(reply.texts("Status"), ["available", "available"]);
    harness.modify_group_now("ants", &[]).await.ok();
    assert_eq!(harness.recorded_group("ants").await, before);
    harness.finish().await;
}

#[tokio::test]
async fn automatic_failover_is_turned_on_and_off() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    let on = [
        ("AutomaticFailoverEnabled", "true"),
        ("MultiAZEnabled", "true"),
    ];
    let reply = harness
        .on_group("ModifyReplicationGroup", "ants", &on)
        .await
        .ok();
    assert_eq!(reply.texts("Status"), ["modifying", "modifying"]);
    assert_eq!(reply.text("AutomaticFailover"), "enabling");
    assert_eq!(reply.text("AutomaticFailoverStatus"), "enabled");
    assert_eq!(reply.text("MultiAZ"), "enabled");
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AutomaticFailover"), "enabled");
    assert!(!told.has("AutomaticFailoverStatus"));
    let text = harness
        .modify_group_now("ants", &[("AutomaticFailoverEnabled", "false")])
        .await
        .fault(400, "InvalidParameterCombination");
    assert!(text.contains("Multi-AZ"), "{text}");
    let off = [
        ("AutomaticFailoverEnabled", "false"),
        ("MultiAZEnabled", "false"),
    ];
    let reply = harness.modify_group_now("ants", &off).await.ok();
    assert_eq!(reply.text("AutomaticFailover"), "disabling");
    assert_eq!(reply.text("AutomaticFailoverStatus"), "disabled");
    harness.settle().await;
    assert_eq!(
        harness.group_history("ants").await[1..],
        [
            "Automatic failover has been turned on for replication group ants",
            "Automatic failover has been turned off for replication group ants"
        ]
    );
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AutomaticFailover"), "disabled");
    harness.finish().await;
}

#[tokio::test]
async fn a_group_that_is_being_changed_takes_no_other_change() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    harness
        .modify_group_now("ants", &[("AutomaticFailoverEnabled", "true")])
        .await
        .ok();
    let refused = [
        (
            "ModifyReplicationGroup",
            ("AutoMinorVersionUpgrade", "true"),
        ),
        ("IncreaseReplicaCount", ("NewReplicaCount", "2")),
        ("DecreaseReplicaCount", ("NewReplicaCount", "0")),
        ("TestFailover", ("NodeGroupId", "0001")),
    ];
    for (action, member) in refused {
        let members = [member, ("ApplyImmediately", "true")];
        let text = harness
            .on_group(action, "ants", &members)
            .await
            .fault(400, "InvalidReplicationGroupState");
        assert_eq!(
            text, "Replication group must be in available state to modify.",
            "{action}"
        );
    }
    harness
        .on_group("DeleteReplicationGroup", "ants", &[])
        .await
        .fault(400, "InvalidReplicationGroupState");
    let text = harness
        .delete("ants-002")
        .await
        .fault(400, "InvalidCacheClusterState");
    assert!(text.contains("only read replica"), "{text}");
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn a_node_type_is_rolled_through_the_members() {
    let harness = Harness::start().await;
    harness
        .group("ants", "2", &[("AutomaticFailoverEnabled", "true")])
        .await;
    let endpoints = harness.describe_group("ants").await.texts("Address");
    let reply = harness
        .modify_group_now("ants", &[("CacheNodeType", "cache.m6g.large")])
        .await
        .ok();
    assert_eq!(reply.texts("Status"), ["modifying", "modifying"]);
    assert_eq!(reply.text("CacheNodeType"), "cache.m6g.large");
    harness.settle().await;
    for id in BOTH {
        let member = harness.describe(id).await.ok();
        assert_eq!(member.text("CacheNodeType"), "cache.m6g.large");
        assert_eq!(member.text("CacheClusterStatus"), "available");
    }
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available", "available"]);
    assert_eq!(told.texts("Address"), endpoints, "endpoints stay");
    let events = harness.group_history("ants").await;
    assert!(
        events.contains(
            &"Succeeded applying modification to cache node type to cache.m6g.large.".to_owned()
        ),
        "{events:?}"
    );
    harness.finish().await;
}

#[tokio::test]
async fn redis_becomes_valkey_with_its_default_parameter_group() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[]).await;
    let valkey = [("Engine", "valkey"), ("EngineVersion", "8.1")];
    harness.modify_group_now("ants", &valkey).await.ok();
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("Engine"), "valkey");
    assert_eq!(told.text("AtRestEncryptionEnabled"), "false");
    for id in BOTH {
        let member = harness.describe(id).await.ok();
        assert_eq!(member.text("Engine"), "valkey");
        assert_eq!(member.text("EngineVersion"), "8.1.0");
        assert_eq!(member.text("CacheParameterGroupName"), "default.valkey8");
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_replica_is_promoted_where_nobody_takes_over_by_itself() {
    let harness = Harness::start().await;
    harness.group("ants", "3", &[]).await;
    let reply = harness
        .modify_group_now("ants", &[("PrimaryClusterId", "Ants-003")])
        .await
        .ok();
    assert_eq!(reply.text("PrimaryClusterId"), "ants-003");
    assert_eq!(reply.texts("Status"), ["modifying", "modifying"]);
    harness.settle().await;
    let roles: Vec<String> = harness
        .roles("ants")
        .await
        .into_iter()
        .map(|(id, role)| format!("{id} {role}"))
        .collect();
    assert_eq!(
        roles,
        ["ants-001 replica", "ants-002 replica", "ants-003 primary"],
        "in the order of their making"
    );
    let told = harness.describe_group("ants").await.ok();
    assert!(!told.has("PrimaryClusterId"));
    let again = harness
        .modify_group_now("ants", &[("PrimaryClusterId", "ants-003")])
        .await
        .ok();
    assert_eq!(again.texts("Status"), ["available", "available"]);
    harness.finish().await;
}
