//! Cluster mode compatible: one node group that is a cluster, with the endpoints of both modes; and its way to enabled.

use cacheplane::resources::cluster_mode::ClusterMode;

use crate::harness::{Harness, Layout, Reply};

const WISH: [(&str, &str); 2] = [
    ("AutomaticFailoverEnabled", "true"),
    ("ClusterMode", "compatible"),
];

async fn ants(layout: Layout) -> Harness {
    let harness = Harness::start_on(layout).await;
    harness.group("ants", "3", &WISH).await;
    harness
}

async fn told(harness: &Harness) -> Reply {
    harness.describe_group("ants").await.ok()
}

/// Who has the primary endpoint's address; in network mode that is the primary.
async fn holder(harness: &Harness) -> Vec<String> {
    let address = harness
        .recorded_group("ants")
        .await
        .primary_endpoint
        .address;
    let address = address.expect("have an address");
    let ids = ["ants-001", "ants-002", "ants-003"];
    let holds = |id: &&str| {
        let container = harness.container(id, "0001");
        container.addresses.values().any(|one| *one == address)
    };
    ids.iter()
        .filter(|id| holds(id))
        .map(|id| (*id).to_owned())
        .collect()
}

#[tokio::test]
async fn it_has_the_endpoints_of_both_modes() {
    let harness = ants(Layout::default()).await;
    let told = told(&harness).await;
    assert_eq!(told.text("ClusterMode"), "compatible");
    assert_eq!(told.text("ClusterEnabled"), "false");
    assert_eq!(told.texts("Slots"), [""; 0]);
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica", "replica"]);
    assert_eq!(
        told.texts("CacheClusterId"),
        ["ants-001", "ants-002", "ants-003"]
    );
    for endpoint in ["PrimaryEndpoint", "ReaderEndpoint", "ConfigurationEndpoint"] {
        assert!(told.has(endpoint), "{endpoint}");
    }
    // Three of the group, and one of each member.
    let mut addresses = told.texts("Address");
    assert_eq!(addresses.len(), 6);
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 6);
    let member = harness.describe("ants-001").await.ok();
    assert_eq!(
        member.text("CacheParameterGroupName"),
        "default.redis7.cluster.on"
    );
    assert_eq!(holder(&harness).await, ["ants-001"]);
    harness.finish().await;
}

#[tokio::test]
async fn the_primary_endpoint_goes_where_the_slots_are_served() {
    let harness = ants(Layout::default()).await;
    let before = told(&harness).await.texts("Address");
    let name = harness.container_name("ants-001", "0001");
    harness.host.kill(&name);
    harness.reconcile().await;
    harness.settle().await;
    let after = told(&harness).await;
    assert_eq!(
        after.texts("CurrentRole"),
        ["replica", "primary", "replica"]
    );
    assert_eq!(after.texts("Address"), before);
    assert_eq!(holder(&harness).await, ["ants-002"]);
    let node_group = [("NodeGroupId", "0001")];
    let test = harness.on_group("TestFailover", "ants", &node_group);
    test.await.ok();
    harness.settle().await;
    let roles = told(&harness).await.texts("CurrentRole");
    let primary = roles.iter().position(|role| role == "primary");
    assert_ne!(primary, Some(1), "{roles:?}");
    let primary = primary.expect("be a primary");
    assert_eq!(holder(&harness).await, [format!("ants-00{}", primary + 1)]);
    harness.finish().await;
}

/// Whoever takes the address away behind our back, it comes back.
#[tokio::test]
async fn the_primary_endpoint_comes_back_where_it_is_lost() {
    let harness = ants(Layout::default()).await;
    let name = harness.container_name("ants-001", "0001");
    let network = harness.world.ground.endpoint_network.name.clone();
    harness.host.detach(&name, &network);
    assert_eq!(holder(&harness).await, [""; 0]);
    harness.reconcile().await;
    harness.settle().await;
    assert_eq!(holder(&harness).await, ["ants-001"]);
    harness.finish().await;
}

#[tokio::test]
async fn nothing_but_the_mode_is_changed() {
    let harness = ants(Layout::default()).await;
    let before = told(&harness).await.outline();
    let refused = async |action: &str, members: &[(&str, &str)]| {
        let members = [&[("ApplyImmediately", "true")], members].concat();
        let reply = harness.on_group(action, "ants", &members).await;
        reply.fault(400, "InvalidReplicationGroupState")
    };
    for member in [
        ("CacheNodeType", "cache.t3.small"),
        ("EngineVersion", "7.1"),
        ("ReplicationGroupDescription", "more ants"),
    ] {
        let text = refused("ModifyReplicationGroup", &[member]).await;
        assert!(text.contains("cluster mode is compatible"), "{text}");
    }
    refused("IncreaseReplicaCount", &[("NewReplicaCount", "3")]).await;
    refused("DecreaseReplicaCount", &[("NewReplicaCount", "1")]).await;
    let reshard = "ModifyReplicationGroupShardConfiguration";
    refused(reshard, &[("NodeGroupCount", "2")]).await;
    let both = [
        ("ClusterMode", "enabled"),
        ("ReplicationGroupDescription", "more ants"),
    ];
    let reply = harness.modify_group_now("ants", &both).await;
    let text = reply.fault(400, "InvalidParameterCombination");
    assert!(text.contains("additional properties"), "{text}");
    let back = [("ClusterMode", "disabled")];
    let reply = harness.modify_group_now("ants", &back).await;
    reply.fault(400, "InvalidParameterValue");
    let same = [("ClusterMode", "compatible")];
    harness.modify_group_now("ants", &same).await.ok();
    assert_eq!(told(&harness).await.outline(), before);
    harness.finish().await;
}

/// Enabled, it has its configuration endpoint and no other, and is resharded like any.
async fn enable(harness: &Harness) {
    let before = harness.recorded_group("ants").await;
    let wish = [("ClusterMode", "enabled")];
    let reply = harness.modify_group_now("ants", &wish).await.ok();
    assert_eq!(reply.texts("ClusterMode"), ["enabled", "compatible"]);
    assert_eq!(reply.texts("Status"), ["modifying"; 2]);
    harness.settle().await;
    let told = told(harness).await;
    assert_eq!(told.texts("ClusterMode"), ["enabled"]);
    assert_eq!(told.texts("Status"), ["available"; 2]);
    assert_eq!(told.text("ClusterEnabled"), "true");
    assert_eq!(told.texts("Slots"), ["0-16383"]);
    assert_eq!(told.texts("CurrentRole"), [""; 0]);
    assert!(!told.has("PrimaryEndpoint") && !told.has("ReaderEndpoint"));
    let after = harness.recorded_group("ants").await;
    assert_eq!(after.spec.cluster_mode, ClusterMode::Enabled);
    assert_eq!(
        after.configuration_endpoint.address,
        before.configuration_endpoint.address
    );
    assert_eq!(
        after.configuration_endpoint.published_port,
        before.configuration_endpoint.published_port
    );
    for mode in ["compatible", "disabled"] {
        let reply = harness
            .modify_group_now("ants", &[("ClusterMode", mode)])
            .await;
        let text = reply.fault(400, "InvalidParameterValue");
        assert!(text.contains("once it is enabled"), "{text}");
    }
    let more = [("NodeGroupCount", "2"), ("ApplyImmediately", "true")];
    let reshard = "ModifyReplicationGroupShardConfiguration";
    harness.on_group(reshard, "ants", &more).await.ok();
    let replicas = [("NewReplicaCount", "3"), ("ApplyImmediately", "true")];
    harness.settle().await;
    harness
        .on_group("IncreaseReplicaCount", "ants", &replicas)
        .await
        .ok();
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("NodeGroupId"), ["0001", "0002"]);
    assert_eq!(
        told.texts("CacheClusterId")[2..5],
        ["ants-003", "ants-0001-001", "ants-0002-001"]
    );
}

#[tokio::test]
async fn it_is_enabled() {
    let harness = ants(Layout::default()).await;
    enable(&harness).await;
    harness.finish().await;
}

#[tokio::test]
async fn it_is_enabled_in_published_mode() {
    let harness = ants(Layout {
        ports: Some(7000..=7100),
        ..Layout::default()
    })
    .await;
    let told = told(&harness).await;
    // The primary endpoint has the port that was asked for.
    assert_eq!(
        told.texts("Port")
            .iter()
            .filter(|port| *port == "6379")
            .count(),
        1
    );
    let group = harness.recorded_group("ants").await;
    assert_eq!(group.primary_endpoint.published_port, Some(6379));
    enable(&harness).await;
    harness.finish().await;
}

#[tokio::test]
async fn its_endpoints_are_free_when_it_is_gone() {
    let harness = Harness::start_on(Layout {
        endpoint_addresses: 8,
        ..Layout::default()
    })
    .await;
    for _ in 0..4 {
        harness.group("ants", "2", &WISH).await;
        assert_eq!(told(&harness).await.texts("Status"), ["available"; 2]);
        harness
            .on_group("DeleteReplicationGroup", "ants", &[])
            .await
            .ok();
        harness.settle().await;
    }
    assert!(harness.node_containers().is_empty());
    harness.finish().await;
}
