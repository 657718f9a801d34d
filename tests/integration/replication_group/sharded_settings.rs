//! What a group with cluster mode enabled has besides node groups: users, a parameter group, and a limit to what fits.

use std::collections::BTreeMap;

use crate::harness::{Harness, Layout, Reply};

const VALKEY: [(&str, &str); 2] = [("Engine", "valkey"), ("EngineVersion", "8.1")];

const ENCRYPTED: (&str, &str) = ("TransitEncryptionEnabled", "true");

/// Asks for a group called `ants` of so many node groups with a replica each.
async fn ants(harness: &Harness, node_groups: &str, more: &[(&str, &str)]) -> Reply {
    harness.create_cluster("ants", node_groups, "1", more).await
}

async fn change(harness: &Harness, action: &str, more: &[(&str, &str)]) -> Reply {
    let members = [("ReplicationGroupId", "ants"), ("ApplyImmediately", "true")];
    let members = [&members, more].concat();
    harness.call(action, &members).await
}

const MEMBERS: [&str; 4] = [
    "ants-0001-001",
    "ants-0001-002",
    "ants-0002-001",
    "ants-0002-002",
];

fn users(harness: &Harness, member: &str) -> BTreeMap<String, String> {
    let container = harness.container_name(member, "0001");
    harness.host.users(&container).unwrap_or_default()
}

async fn apps(harness: &Harness) {
    harness.create_user("app", &[]).await.ok();
    harness.create_users("apps", "valkey", &["app"]).await.ok();
}

#[tokio::test]
async fn users_come_to_every_node_of_every_node_group() {
    let harness = Harness::start().await;
    apps(&harness).await;
    let named = ("UserGroupIds.member.1", "apps");
    let more = [&VALKEY[..], &[ENCRYPTED, named]].concat();
    ants(&harness, "2", &more).await.ok();
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 3]);
    assert!(
        told.body
            .contains("<UserGroupIds><member>apps</member></UserGroupIds>")
    );
    for member in MEMBERS {
        let command = harness.command(member, "0001");
        assert!(command.contains("--user default off"), "{command}");
        let users = users(&harness, member);
        assert!(users["app"].starts_with("reset on ~* +@all"), "{users:?}");
        assert_eq!(users["default"], "reset off");
    }
    // A node group that is added later has them, too.
    change(
        &harness,
        "ModifyReplicationGroupShardConfiguration",
        &[("NodeGroupCount", "3")],
    )
    .await
    .ok();
    harness.settle().await;
    for member in ["ants-0003-001", "ants-0003-002"] {
        assert!(
            harness
                .command(member, "0001")
                .contains("--user default off")
        );
        assert!(users(&harness, member).contains_key("app"));
    }
    harness.finish().await;
}

#[tokio::test]
async fn the_first_user_group_rolls_every_node_of_an_open_group() {
    let harness = Harness::start().await;
    apps(&harness).await;
    let encrypted = [&VALKEY[..], &[ENCRYPTED]].concat();
    ants(&harness, "2", &encrypted).await.ok();
    harness.settle().await;
    let slots = harness.describe_group("ants").await.ok().texts("Slots");
    let attach = [("UserGroupIdsToAdd.member.1", "apps")];
    let told = change(&harness, "ModifyReplicationGroup", &attach).await;
    let told = told.ok();
    assert_eq!(told.texts("Status")[0], "modifying");
    assert!(
        told.body
            .contains("<UserGroupIdsToAdd><member>apps</member></UserGroupIdsToAdd>")
    );
    harness.settle().await;
    for member in MEMBERS {
        assert!(
            harness
                .command(member, "0001")
                .contains("--user default off")
        );
        let users = users(&harness, member);
        assert!(users.contains_key("app"), "{users:?}");
        assert_eq!(users["default"], "reset off");
    }
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 3]);
    assert_eq!(told.texts("Slots"), slots);
    let detach = [("RemoveUserGroups", "true")];
    change(&harness, "ModifyReplicationGroup", &detach)
        .await
        .ok();
    harness.settle().await;
    for member in MEMBERS {
        let users = users(&harness, member);
        assert_eq!(users.len(), 1, "{users:?}");
        assert!(users["default"].starts_with("reset on nopass ~* +@all"));
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_customers_parameter_group_is_on_every_node() {
    let harness = Harness::start().await;
    for name in ["first", "second"] {
        harness.create_parameters(name, "redis7").await.ok();
        let on = [("cluster-enabled", "yes")];
        harness.set_parameters(name, &on).await.ok();
    }
    let values = [("maxmemory-policy", "noeviction"), ("timeout", "20")];
    harness.set_parameters("first", &values).await.ok();
    let values = [("timeout", "30")];
    harness.set_parameters("second", &values).await.ok();
    let redis = [
        ("Engine", "redis"),
        ("EngineVersion", "7.0"),
        ("CacheParameterGroupName", "first"),
    ];
    ants(&harness, "2", &redis).await.ok();
    harness.settle().await;
    let all = |directive: &str| -> Vec<String> {
        let value = |member: &&str| harness.config(member, "0001", directive);
        let mut values: Vec<String> = MEMBERS.iter().filter_map(value).collect();
        values.dedup();
        values
    };
    assert_eq!(all("maxmemory-policy"), ["noeviction"]);
    assert_eq!(all("timeout"), ["20"]);
    let runs = |harness: &Harness| MEMBERS.map(|one| harness.container(one, "0001").started_at);
    let before = runs(&harness);
    let second = [("CacheParameterGroupName", "second")];
    change(&harness, "ModifyReplicationGroup", &second)
        .await
        .ok();
    harness.settle().await;
    assert_eq!(all("timeout"), ["30"]);
    assert_eq!(all("maxmemory-policy"), ["volatile-lru"]);
    let values = [("timeout", "40")];
    harness.set_parameters("second", &values).await.ok();
    harness.settle().await;
    assert_eq!(all("timeout"), ["40"]);
    assert_eq!(runs(&harness), before, "nobody was disturbed");
    let told = harness.describe("ants-0002-001").await.ok();
    assert_eq!(told.text("CacheParameterGroupName"), "second");
    for (name, code, text) in [
        (
            "default.redis7",
            "InvalidParameterCombination",
            "The parameter cluster-enabled has a different value",
        ),
        (
            "default.redis6.x.cluster.on",
            "InvalidParameterCombination",
            "Expected a parameter group of family redis7",
        ),
    ] {
        let other = [("CacheParameterGroupName", name)];
        let refused = change(&harness, "ModifyReplicationGroup", &other).await;
        let told = refused.fault(400, code);
        assert!(told.contains(text), "{told}");
    }
    harness.finish().await;
}

#[tokio::test]
async fn what_the_address_range_cannot_hold_is_refused_before_anything_is_made() {
    let layout = Layout {
        node_addresses: 8,
        ..Layout::default()
    };
    let harness = Harness::start_on(layout).await;
    let range = "node address between 10.99.0.2 and 10.99.0.9";
    // Eight addresses, of which the router has one.
    let refused = ants(&harness, "4", &VALKEY).await;
    let told = refused.fault(400, "InsufficientCacheClusterCapacity");
    assert!(
        told.contains(range) && told.contains("--node-subnet"),
        "{told}"
    );
    harness
        .describe_group("ants")
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    ants(&harness, "3", &VALKEY).await.ok();
    harness.settle().await;
    for (action, more) in [
        (
            "ModifyReplicationGroupShardConfiguration",
            ("NodeGroupCount", "4"),
        ),
        ("IncreaseReplicaCount", ("NewReplicaCount", "2")),
    ] {
        let refused = change(&harness, action, &[more]).await;
        let told = refused.fault(400, "InsufficientCacheClusterCapacity");
        assert!(told.contains(range), "{told}");
    }
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 4]);
    let one = [
        ("ReplicaConfiguration.ConfigureShard.1.NodeGroupId", "0002"),
        ("ReplicaConfiguration.ConfigureShard.1.NewReplicaCount", "2"),
    ];
    change(&harness, "IncreaseReplicaCount", &one).await.ok();
    harness.settle().await;
    assert_eq!(harness.node_containers().len(), 7);
    harness.finish().await;
}

#[tokio::test]
async fn what_the_port_range_cannot_hold_is_refused() {
    let layout = Layout {
        ports: Some(7000..=7007),
        ..Layout::default()
    };
    let harness = Harness::start_on(layout).await;
    let refused = ants(&harness, "4", &VALKEY).await;
    let told = refused.fault(400, "InsufficientCacheClusterCapacity");
    assert!(
        told.contains("host port between 7000 and 7007") && told.contains("--port-range"),
        "{told}"
    );
    // Six nodes, their configuration endpoint, and its router's own port.
    ants(&harness, "3", &VALKEY).await.ok();
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 4]);
    harness.finish().await;
}

#[tokio::test]
async fn a_token_comes_to_a_group_that_was_made_without() {
    let harness = Harness::start().await;
    let encrypted = [&VALKEY[..], &[ENCRYPTED]].concat();
    ants(&harness, "2", &encrypted).await.ok();
    harness.settle().await;
    let token = ("AuthToken", "a-token-of-16-letters-or-more");
    for strategy in ["ROTATE", "SET"] {
        let more = [token, ("AuthTokenUpdateStrategy", strategy)];
        change(&harness, "ModifyReplicationGroup", &more).await.ok();
        harness.settle().await;
    }
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AuthTokenEnabled"), "true");
    for member in MEMBERS {
        let command = harness.command(member, "0001");
        assert!(command.contains("--user default off"), "{command}");
        let user = &users(&harness, member)["default"];
        assert!(
            user.contains(" #") && !user.contains("nopass"),
            "{member}: {user}"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn clients_of_a_cluster_may_be_let_do_without_encryption_and_its_bus_does_not() {
    let harness = Harness::start().await;
    let on = ("TransitEncryptionEnabled", "true");
    let preferred = ("TransitEncryptionMode", "preferred");
    let required = ("TransitEncryptionMode", "required");
    let more = [&VALKEY[..], &[on]].concat();
    ants(&harness, "2", &more).await.ok();
    harness.settle().await;
    for (mode, ports) in [
        (preferred, "--port 1147 --tls-port 1148"),
        (required, "--port 0 --tls-port 6379"),
    ] {
        change(&harness, "ModifyReplicationGroup", &[mode])
            .await
            .ok();
        harness.settle().await;
        let told = harness.describe_group("ants").await.ok();
        assert_eq!(told.texts("Status"), ["available"; 3]);
        for member in MEMBERS {
            let command = harness.command(member, "0001");
            assert!(command.contains(ports), "{command}");
            assert!(command.contains("--tls-cluster yes"), "{command}");
        }
    }
    change(&harness, "ModifyReplicationGroup", &[preferred])
        .await
        .ok();
    harness.settle().await;
    change(
        &harness,
        "ModifyReplicationGroup",
        &[("TransitEncryptionEnabled", "false")],
    )
    .await
    .fault(400, "InvalidParameterValue");
    harness.finish().await;
}
