//! CreateReplicationGroup: the default of every member that is left out, what of the others shows, what is made.

use crate::harness::{Harness, Layout};

const NEEDED: [(&str, &str); 3] = [
    ("ReplicationGroupId", "ants"),
    ("ReplicationGroupDescription", "ants"),
    ("CacheNodeType", "cache.t3.micro"),
];

#[tokio::test]
async fn a_group_has_awss_defaults() {
    let harness = Harness::start().await;
    let members = [
        ("ReplicationGroupId", "My-Ants"),
        ("ReplicationGroupDescription", " "),
        ("CacheNodeType", "cache.t3.micro"),
    ];
    let created = harness.call("CreateReplicationGroup", &members).await.ok();
    insta::assert_snapshot!(created.outline(), @r"
    CreateReplicationGroupResponse
      CreateReplicationGroupResult
        ReplicationGroup
          ReplicationGroupId: my-ants
          Description:
          GlobalReplicationGroupInfo:
          Status: creating
          PendingModifiedValues:
          MemberClusters
            ClusterId: my-ants-001
          AutomaticFailover: disabled
          MultiAZ: disabled
          SnapshotRetentionLimit: 0
          SnapshotWindow: 05:30-06:30
          ClusterEnabled: false
          CacheNodeType: cache.t3.micro
          AuthTokenEnabled: false
          TransitEncryptionEnabled: false
          AtRestEncryptionEnabled: false
          ARN: arn:aws:elasticache:us-east-1:000000000000:replicationgroup:my-ants
          LogDeliveryConfigurations:
          DataTiering: disabled
          AutoMinorVersionUpgrade: true
          NetworkType: ipv4
          IpDiscovery: ipv4
          ClusterMode: disabled
          Engine: redis
      ResponseMetadata
        RequestId
    ");
    assert!(created.body.contains("<Description> </Description>"));
    harness.settle().await;
    insta::assert_snapshot!(harness.describe_group("my-ants").await.outline(), @r"
    DescribeReplicationGroupsResponse
      DescribeReplicationGroupsResult
        ReplicationGroups
          ReplicationGroup
            ReplicationGroupId: my-ants
            Description:
            GlobalReplicationGroupInfo:
            Status: available
            PendingModifiedValues:
            MemberClusters
              ClusterId: my-ants-001
            NodeGroups
              NodeGroup
                NodeGroupId: 0001
                Status: available
                PrimaryEndpoint
                  Address: 10.99.1.102
                  Port: 6379
                ReaderEndpoint
                  Address: 10.99.1.2
                  Port: 6379
                NodeGroupMembers
                  NodeGroupMember
                    CacheClusterId: my-ants-001
                    CacheNodeId: 0001
                    ReadEndpoint
                      Address: 10.99.0.2
                      Port: 6379
                    PreferredAvailabilityZone: us-east-1a
                    CurrentRole: primary
            AutomaticFailover: disabled
            MultiAZ: disabled
            SnapshotRetentionLimit: 0
            SnapshotWindow: 05:30-06:30
            ClusterEnabled: false
            CacheNodeType: cache.t3.micro
            AuthTokenEnabled: false
            TransitEncryptionEnabled: false
            AtRestEncryptionEnabled: false
            ARN: arn:aws:elasticache:us-east-1:000000000000:replicationgroup:my-ants
            LogDeliveryConfigurations:
            ReplicationGroupCreateTime: 2026-03-04T12:00:00Z
            DataTiering: disabled
            AutoMinorVersionUpgrade: true
            NetworkType: ipv4
            IpDiscovery: ipv4
            ClusterMode: disabled
            Engine: redis
      ResponseMetadata
        RequestId
    ");
    insta::assert_snapshot!(harness.describe("my-ants-001").await.outline(), @r"
    DescribeCacheClustersResponse
      DescribeCacheClustersResult
        CacheClusters
          CacheCluster
            CacheClusterId: my-ants-001
            ClientDownloadLandingPage: https://console.aws.amazon.com/elasticache/home#client-download:
            CacheNodeType: cache.t3.micro
            Engine: redis
            EngineVersion: 7.1.0
            CacheClusterStatus: available
            NumCacheNodes: 1
            PreferredAvailabilityZone: us-east-1a
            CacheClusterCreateTime: 2026-03-04T12:00:00Z
            PreferredMaintenanceWindow: thu:04:00-thu:05:00
            PendingModifiedValues:
            CacheSecurityGroups:
            CacheParameterGroup
              CacheParameterGroupName: default.redis7
              ParameterApplyStatus: in-sync
              CacheNodeIdsToReboot:
            CacheSubnetGroupName: default
            CacheNodes
              CacheNode
                CacheNodeId: 0001
                CacheNodeStatus: available
                CacheNodeCreateTime: 2026-03-04T12:00:00Z
                Endpoint
                  Address: 10.99.0.2
                  Port: 6379
                ParameterGroupStatus: in-sync
                CustomerAvailabilityZone: us-east-1a
            AutoMinorVersionUpgrade: true
            SecurityGroups
              member
                SecurityGroupId: sg-00001d23f8d8f0639
                Status: active
            ReplicationGroupId: my-ants
            SnapshotRetentionLimit: 0
            SnapshotWindow: 05:30-06:30
            AuthTokenEnabled: false
            TransitEncryptionEnabled: false
            AtRestEncryptionEnabled: false
            ARN: arn:aws:elasticache:us-east-1:000000000000:cluster:my-ants-001
            ReplicationGroupLogDeliveryEnabled: false
            LogDeliveryConfigurations:
            NetworkType: ipv4
            IpDiscovery: ipv4
      ResponseMetadata
        RequestId
    ");
    harness.finish().await;
}

#[tokio::test]
async fn members_lie_in_turn_in_three_zones_and_follow_the_first() {
    let harness = Harness::start().await;
    harness
        .group(
            "ants",
            "4",
            &[
                ("AutomaticFailoverEnabled", "true"),
                ("MultiAZEnabled", "true"),
                ("Port", "7000"),
                ("SnapshotRetentionLimit", "5"),
            ],
        )
        .await;
    let told = harness.describe_group("ants").await;
    assert_eq!(
        told.texts("PreferredAvailabilityZone"),
        ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1a"]
    );
    assert_eq!(
        told.texts("CurrentRole"),
        ["primary", "replica", "replica", "replica"]
    );
    assert_eq!(
        told.texts("Address"),
        [
            "10.99.1.102",
            "10.99.1.2",
            "10.99.0.2",
            "10.99.0.3",
            "10.99.0.4",
            "10.99.0.5"
        ]
    );
    assert_eq!(told.texts("Port"), ["7000"; 6]);
    assert_eq!(told.text("AutomaticFailover"), "enabled");
    assert_eq!(told.text("MultiAZ"), "enabled");
    assert_eq!(told.text("SnapshottingClusterId"), "ants-002");
    assert_eq!(
        harness.group_history("ants").await,
        [
            "Replication group ants created",
            "Automatic failover has been turned on for replication group ants"
        ]
    );
    assert_eq!(
        harness.history("ants-004").await,
        [
            "Cache cluster created",
            "This cache cluster does not support persistence (ex: 'appendonly').  Please use a different instance type to \
             enable persistence.",
            "Added cache node 0001 in availability zone us-east-1a"
        ]
    );
    harness.finish().await;
}

/// Nobody takes over before the group is there.
#[tokio::test]
async fn automatic_failover_is_being_turned_on_while_the_group_is_made() {
    let harness = Harness::start().await;
    let on = [("AutomaticFailoverEnabled", "true")];
    let created = harness.create_group("ants", "2", &on).await.ok();
    assert_eq!(created.text("AutomaticFailover"), "enabling");
    assert_eq!(created.texts("ClusterId"), ["ants-001", "ants-002"]);
    for left_out in ["NodeGroups", "SnapshottingClusterId", "PrimaryEndpoint"] {
        assert!(!created.has(left_out), "{left_out}");
    }
    harness.settle().await;
    harness.finish().await;
}

/// The three spellings of size and zones, and what clients send that says nothing.
#[tokio::test]
async fn size_and_zones_have_several_spellings() {
    let harness = Harness::start().await;
    let shard = |name: &str| format!("NodeGroupConfiguration.NodeGroupConfiguration.1.{name}");
    let (primary, first, second) = (
        shard("PrimaryAvailabilityZone"),
        shard("ReplicaAvailabilityZones.AvailabilityZone.1"),
        shard("ReplicaAvailabilityZones.AvailabilityZone.2"),
    );
    let (replicas, id, slots) = (shard("ReplicaCount"), shard("NodeGroupId"), shard("Slots"));
    let preferred = |index: u32| format!("PreferredCacheClusterAZs.AvailabilityZone.{index}");
    let (one, two) = (preferred(1), preferred(2));
    let check = async |members: &[(&str, &str)], expected: &[&str]| {
        let all = [NEEDED.as_slice(), members].concat();
        harness.call("CreateReplicationGroup", &all).await.ok();
        harness.settle().await;
        let zones = harness
            .describe_group("ants")
            .await
            .texts("PreferredAvailabilityZone");
        let letters: Vec<&str> = zones.iter().map(|zone| &zone[9..]).collect();
        assert_eq!(letters, expected, "{members:?}");
        harness
            .on_group("DeleteReplicationGroup", "ants", &[])
            .await
            .ok();
        harness.settle().await;
    };
    check(&[("NumCacheClusters", "2")], &["a", "b"]).await;
    check(
        &[("NumNodeGroups", "1"), ("ReplicasPerNodeGroup", "2")],
        &["a", "b", "c"],
    )
    .await;
    check(&[("ReplicasPerNodeGroup", "0")], &["a"]).await;
    check(&[(&replicas, "0")], &["a"]).await;
    check(
        &[(&replicas, "1"), (&id, "0001"), (&slots, "0-16383")],
        &["a", "b"],
    )
    .await;
    check(
        &[(&primary, "us-east-1c"), (&replicas, "2")],
        &["c", "a", "b"],
    )
    .await;
    check(
        &[
            (&primary, "us-east-1d"),
            (&first, "us-east-1d"),
            (&second, "us-east-1a"),
        ],
        &["d", "d", "a"],
    )
    .await;
    check(
        &[(&first, "us-east-1a"), ("NumNodeGroups", "1")],
        &["b", "a"],
    )
    .await;
    check(
        &[
            ("NumCacheClusters", "2"),
            (&one, "us-east-1b"),
            (&two, "us-east-1b"),
        ],
        &["b", "b"],
    )
    .await;
    check(
        &[
            ("TransitEncryptionEnabled", "false"),
            ("AtRestEncryptionEnabled", "false"),
            ("AutomaticFailoverEnabled", "false"),
            ("DataTieringEnabled", "false"),
            ("MultiAZEnabled", "false"),
            ("ClusterMode", "disabled"),
            ("Durability", "default"),
            ("NetworkType", "ipv4"),
            ("SecurityGroupIds", ""),
            ("SnapshotArns", ""),
            ("UserGroupIds", ""),
            ("NotificationTopicArn", ""),
            ("CacheParameterGroupName", "Default.Redis7"),
        ],
        &["a"],
    )
    .await;
    harness.finish().await;
}

#[tokio::test]
async fn valkey_is_made_as_a_group_and_is_encrypted_at_rest_unless_told() {
    let harness = Harness::start().await;
    let check = async |id: &str, more: &[(&str, &str)], at_rest: &str| {
        let valkey = [("Engine", "valkey"), ("EngineVersion", "8.1")];
        harness
            .group(id, "1", &[valkey.as_slice(), more].concat())
            .await;
        let told = harness.describe_group(id).await.ok();
        assert_eq!(told.text("Engine"), "valkey");
        assert_eq!(told.text("AtRestEncryptionEnabled"), at_rest);
        let member = harness.describe(&format!("{id}-001")).await.ok();
        assert_eq!(member.text("AtRestEncryptionEnabled"), at_rest);
        assert_eq!(member.text("CacheParameterGroupName"), "default.valkey8");
    };
    check("bees", &[], "true").await;
    check("ants", &[("AtRestEncryptionEnabled", "false")], "false").await;
    harness.finish().await;
}

#[tokio::test]
async fn names_of_groups_and_of_their_members_are_taken_once() {
    let harness = Harness::start().await;
    harness.create_group("ants", "2", &[]).await.ok();
    let text = harness
        .create_group("Ants", "1", &[])
        .await
        .fault(400, "ReplicationGroupAlreadyExists");
    assert_eq!(
        text,
        "Replication group with specified name already exists."
    );
    harness
        .create_redis("ants-002", &[])
        .await
        .fault(400, "CacheClusterAlreadyExists");
    harness.create_redis("bees-002", &[]).await.ok();
    harness
        .create_group("bees", "2", &[])
        .await
        .fault(400, "CacheClusterAlreadyExists");
    harness
        .describe_group("bees")
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    assert!(harness.is_gone("bees-001").await, "all or nothing");
    harness.create_group("bees", "1", &[]).await.ok();
    let elsewhere = [
        ("ReplicationGroupId", "ants"),
        ("ReplicationGroupDescription", "ants"),
        ("CacheNodeType", "cache.t3.micro"),
    ];
    harness
        .call_as("test", "eu-west-1", "CreateReplicationGroup", &elsewhere)
        .await
        .ok();
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn members_count_towards_the_quota_of_nodes() {
    let harness = Harness::start_on(Layout {
        node_quota: 4,
        ..Layout::default()
    })
    .await;
    harness.group("ants", "2", &[]).await;
    harness
        .create_group("bees", "3", &[])
        .await
        .fault(400, "NodeQuotaForCustomerExceeded");
    let more = [("NewReplicaCount", "4"), ("ApplyImmediately", "true")];
    let text = harness
        .on_group("IncreaseReplicaCount", "ants", &more)
        .await
        .fault(400, "NodeQuotaForCustomerExceeded");
    assert_eq!(
        text,
        "Customer node quota exceeded. You can have at most 4 nodes in this region"
    );
    harness.group("bees", "2", &[]).await;
    let member = [("CacheClusterId", "x"), ("ReplicationGroupId", "ants")];
    harness
        .call("CreateCacheCluster", &member)
        .await
        .fault(400, "NodeQuotaForCustomerExceeded");
    harness.finish().await;
}

#[tokio::test]
async fn tags_go_to_the_group_and_to_every_member() {
    let harness = Harness::start().await;
    let tags = [("Tags.Tag.1.Key", "colour"), ("Tags.Tag.1.Value", "red")];
    harness.group("ants", "2", &tags).await;
    for name in [
        "replicationgroup:ants",
        "cluster:ants-001",
        "cluster:ants-002",
    ] {
        assert_eq!(harness.tags(name).await, ["colour=red"], "{name}");
    }
    harness.finish().await;
}
