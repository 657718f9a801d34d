//! CreateCacheCluster: the default of every member that is left out, what of the others shows, what is made.

use crate::harness::Harness;

#[tokio::test]
async fn a_redis_cache_has_awss_defaults() {
    let harness = Harness::start().await;
    let created = harness.create_redis("My-Cache", &[]).await.ok();
    insta::assert_snapshot!(created.outline(), @r"
    CreateCacheClusterResponse
      CreateCacheClusterResult
        CacheCluster
          CacheClusterId: my-cache
          ClientDownloadLandingPage: https://console.aws.amazon.com/elasticache/home#client-download:
          CacheNodeType: cache.t3.micro
          Engine: redis
          EngineVersion: 7.1.0
          CacheClusterStatus: creating
          NumCacheNodes: 1
          PreferredAvailabilityZone: us-east-1a
          PreferredMaintenanceWindow: fri:03:30-fri:04:30
          PendingModifiedValues:
          CacheSecurityGroups:
          CacheParameterGroup
            CacheParameterGroupName: default.redis7
            ParameterApplyStatus: in-sync
            CacheNodeIdsToReboot:
          CacheSubnetGroupName: default
          AutoMinorVersionUpgrade: true
          SecurityGroups
            member
              SecurityGroupId: sg-00001d23f8d8f0639
              Status: active
          SnapshotRetentionLimit: 0
          SnapshotWindow: 09:30-10:30
          AuthTokenEnabled: false
          TransitEncryptionEnabled: false
          AtRestEncryptionEnabled: false
          ARN: arn:aws:elasticache:us-east-1:000000000000:cluster:my-cache
          ReplicationGroupLogDeliveryEnabled: false
          LogDeliveryConfigurations:
          NetworkType: ipv4
          IpDiscovery: ipv4
      ResponseMetadata
        RequestId
    ");
    harness.settle().await;
    insta::assert_snapshot!(harness.describe("my-cache").await.outline(), @r"
    DescribeCacheClustersResponse
      DescribeCacheClustersResult
        CacheClusters
          CacheCluster
            CacheClusterId: my-cache
            ClientDownloadLandingPage: https://console.aws.amazon.com/elasticache/home#client-download:
            CacheNodeType: cache.t3.micro
            Engine: redis
            EngineVersion: 7.1.0
            CacheClusterStatus: available
            NumCacheNodes: 1
            PreferredAvailabilityZone: us-east-1a
            CacheClusterCreateTime: 2026-03-04T12:00:00Z
            PreferredMaintenanceWindow: fri:03:30-fri:04:30
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
            SnapshotRetentionLimit: 0
            SnapshotWindow: 09:30-10:30
            AuthTokenEnabled: false
            TransitEncryptionEnabled: false
            AtRestEncryptionEnabled: false
            ARN: arn:aws:elasticache:us-east-1:000000000000:cluster:my-cache
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
async fn a_memcached_cache_has_awss_defaults() {
    let harness = Harness::start().await;
    let created = harness
        .create_memcached("mc", "2", &[("SecurityGroupIds", "")])
        .await
        .ok();
    insta::assert_snapshot!(created.outline(), @r"
    CreateCacheClusterResponse
      CreateCacheClusterResult
        CacheCluster
          CacheClusterId: mc
          ClientDownloadLandingPage: https://console.aws.amazon.com/elasticache/home#client-download:
          CacheNodeType: cache.t3.micro
          Engine: memcached
          EngineVersion: 1.6.22
          CacheClusterStatus: creating
          NumCacheNodes: 2
          PreferredAvailabilityZone: us-east-1a
          PreferredMaintenanceWindow: tue:04:00-tue:05:00
          PendingModifiedValues:
          CacheSecurityGroups:
          CacheParameterGroup
            CacheParameterGroupName: default.memcached1.6
            ParameterApplyStatus: in-sync
            CacheNodeIdsToReboot:
          CacheSubnetGroupName: default
          AutoMinorVersionUpgrade: true
          SecurityGroups
            member
              SecurityGroupId: sg-00001d23f8d8f0639
              Status: active
          AuthTokenEnabled: false
          TransitEncryptionEnabled: false
          AtRestEncryptionEnabled: false
          ARN: arn:aws:elasticache:us-east-1:000000000000:cluster:mc
          ReplicationGroupLogDeliveryEnabled: false
          LogDeliveryConfigurations:
          NetworkType: ipv4
          IpDiscovery: ipv4
      ResponseMetadata
        RequestId
    ");
    harness.settle().await;
    insta::assert_snapshot!(harness.describe("mc").await.outline(), @r"
    DescribeCacheClustersResponse
      DescribeCacheClustersResult
        CacheClusters
          CacheCluster
            CacheClusterId: mc
            ConfigurationEndpoint
              Address: 10.99.1.2
              Port: 11211
            ClientDownloadLandingPage: https://console.aws.amazon.com/elasticache/home#client-download:
            CacheNodeType: cache.t3.micro
            Engine: memcached
            EngineVersion: 1.6.22
            CacheClusterStatus: available
            NumCacheNodes: 2
            PreferredAvailabilityZone: us-east-1a
            CacheClusterCreateTime: 2026-03-04T12:00:00Z
            PreferredMaintenanceWindow: tue:04:00-tue:05:00
            PendingModifiedValues:
            CacheSecurityGroups:
            CacheParameterGroup
              CacheParameterGroupName: default.memcached1.6
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
                  Port: 11211
                ParameterGroupStatus: in-sync
                CustomerAvailabilityZone: us-east-1a
              CacheNode
                CacheNodeId: 0002
                CacheNodeStatus: available
                CacheNodeCreateTime: 2026-03-04T12:00:00Z
                Endpoint
                  Address: 10.99.0.3
                  Port: 11211
                ParameterGroupStatus: in-sync
                CustomerAvailabilityZone: us-east-1a
            AutoMinorVersionUpgrade: true
            SecurityGroups
              member
                SecurityGroupId: sg-00001d23f8d8f0639
                Status: active
            AuthTokenEnabled: false
            TransitEncryptionEnabled: false
            AtRestEncryptionEnabled: false
            ARN: arn:aws:elasticache:us-east-1:000000000000:cluster:mc
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
async fn what_is_given_is_what_is_told() {
    let harness = Harness::start().await;
    let members = [
        ("EngineVersion", "6.2"),
        ("Port", "7000"),
        ("PreferredAvailabilityZone", "us-east-1c"),
        ("CacheParameterGroupName", "Default.Redis6.X"),
        ("CacheSubnetGroupName", "Default"),
        ("SecurityGroupIds.SecurityGroupId.1", "sg-1"),
        ("SecurityGroupIds.SecurityGroupId.2", "sg-2"),
        ("PreferredMaintenanceWindow", "SUN:23:00-Mon:01:30"),
        ("SnapshotWindow", "05:00-06:00"),
        ("SnapshotRetentionLimit", "7"),
        (
            "NotificationTopicArn",
            "arn:aws:sns:us-east-1:000000000000:topic",
        ),
        ("AutoMinorVersionUpgrade", "false"),
        ("NetworkType", "ipv4"),
        ("IpDiscovery", "ipv4"),
        ("TransitEncryptionEnabled", "false"),
        ("OutpostMode", "single-outpost"),
        ("AZMode", "single-az"),
        ("NumCacheNodes", "1"),
        ("Tags.Tag.1.Key", "team"),
        ("Tags.Tag.1.Value", "payments"),
    ];
    harness.create_redis("full", &members).await.ok();
    harness.settle().await;
    let told = harness.describe("full").await.ok();
    for (element, expected) in [
        ("EngineVersion", "6.2.6"),
        ("Port", "7000"),
        ("PreferredAvailabilityZone", "us-east-1c"),
        ("CustomerAvailabilityZone", "us-east-1c"),
        ("CacheParameterGroupName", "default.redis6.x"),
        ("CacheSubnetGroupName", "default"),
        ("PreferredMaintenanceWindow", "sun:23:00-mon:01:30"),
        ("SnapshotWindow", "05:00-06:00"),
        ("SnapshotRetentionLimit", "7"),
        ("TopicArn", "arn:aws:sns:us-east-1:000000000000:topic"),
        ("TopicStatus", "active"),
        ("AutoMinorVersionUpgrade", "false"),
        ("NetworkType", "ipv4"),
    ] {
        assert_eq!(told.text(element), expected, "{element}");
    }
    assert_eq!(told.texts("SecurityGroupId"), ["sg-1", "sg-2"]);
    let arn = told.text("ARN");
    let tags = harness
        .call("ListTagsForResource", &[("ResourceName", &arn)])
        .await
        .ok();
    assert_eq!(
        (tags.text("Key"), tags.text("Value")),
        ("team".into(), "payments".into())
    );
    assert!(harness.command("full", "0001").contains("--port 7000"));
    harness.finish().await;
}

#[tokio::test]
async fn versions_have_their_names_and_parameter_groups() {
    let harness = Harness::start().await;
    for (index, (engine, asked, told, group)) in [
        ("redis", "7.1", "7.1.0", "default.redis7"),
        ("redis", "7.0", "7.0.7", "default.redis7"),
        ("redis", "6.2", "6.2.6", "default.redis6.x"),
        ("REDIS", "6.x", "6.2.6", "default.redis6.x"),
        ("redis", "6.0", "6.0.5", "default.redis6.x"),
        ("redis", "5.0.6", "5.0.6", "default.redis5.0"),
        ("memcached", "1.6.22", "1.6.22", "default.memcached1.6"),
        ("Memcached", "1.6.12", "1.6.12", "default.memcached1.6"),
        ("memcached", "1.5.16", "1.5.16", "default.memcached1.5"),
        ("memcached", "1.4.34", "1.4.34", "default.memcached1.4"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("c{index}");
        let members = [
            ("CacheClusterId", id.as_str()),
            ("Engine", engine),
            ("EngineVersion", asked),
            ("CacheNodeType", "cache.t2.small"),
            ("NumCacheNodes", "1"),
        ];
        let created = harness.call("CreateCacheCluster", &members).await.ok();
        assert_eq!(created.text("EngineVersion"), told, "{engine} {asked}");
        assert_eq!(
            created.text("CacheParameterGroupName"),
            group,
            "{engine} {asked}"
        );
        assert_eq!(created.text("Engine"), engine.to_ascii_lowercase());
    }
    harness.host.set_images(
        &[
            "redis:7.0",
            "redis:6.2",
            "redis:6.0",
            "redis:5.0",
            "memcached:1.6",
            "memcached:1.5",
            "memcached:1.4",
        ],
        &[],
    );
    harness.settle().await;
    let all = harness.call("DescribeCacheClusters", &[]).await.ok();
    assert_eq!(all.texts("CacheClusterStatus"), ["available"; 10]);
    harness.finish().await;
}

#[tokio::test]
async fn identifiers_are_lower_cased_found_in_any_case_and_unique() {
    let harness = Harness::start().await;
    let longest = format!("A{}", "b-".repeat(24) + "c");
    for id in ["a", "Z9", "With-Some-9", &longest] {
        let created = harness.create_redis(id, &[]).await.ok();
        assert_eq!(created.text("CacheClusterId"), id.to_ascii_lowercase());
        assert_eq!(
            created.text("ARN"),
            format!(
                "arn:aws:elasticache:us-east-1:000000000000:cluster:{}",
                id.to_ascii_lowercase()
            )
        );
        assert_eq!(harness.status(&id.to_ascii_uppercase()).await, "creating");
        let again = harness.create_redis(&id.to_ascii_uppercase(), &[]).await;
        assert_eq!(
            again.fault(400, "CacheClusterAlreadyExists"),
            "Cache cluster already exists"
        );
    }
    harness.settle().await;
    assert_eq!(
        harness
            .delete("WITH-some-9")
            .await
            .ok()
            .text("CacheClusterStatus"),
        "deleting"
    );
    let dying = harness.create_redis("with-some-9", &[]).await;
    dying.fault(400, "CacheClusterAlreadyExists");
    harness.settle().await;
    harness.redis("with-some-9").await;
    harness.finish().await;
}

/// Describe while creating: cluster-level data only (behaviour.md section 6).
#[tokio::test]
async fn nodes_and_endpoints_are_told_of_when_it_is_there() {
    let harness = Harness::start().await;
    harness.create_memcached("mc", "1", &[]).await.ok();
    let young = harness.describe("mc").await.ok();
    for absent in [
        "CacheNodes",
        "ConfigurationEndpoint",
        "CacheClusterCreateTime",
    ] {
        assert!(!young.has(absent), "{absent}");
    }
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    for present in [
        "CacheNodes",
        "ConfigurationEndpoint",
        "CacheClusterCreateTime",
    ] {
        assert!(told.has(present), "{present}");
    }
    assert_eq!(
        harness.history("mc").await,
        [
            "Cache cluster created",
            "Added cache node 0001 in availability zone us-east-1a"
        ]
    );
    harness.redis("rd").await;
    assert!(
        !harness
            .describe("rd")
            .await
            .ok()
            .has("ConfigurationEndpoint")
    );
    assert_eq!(
        harness.history("rd").await,
        [
            "Cache cluster created",
            "This cache cluster does not support persistence (ex: 'appendonly').  Please use a different instance type to \
             enable persistence.",
            "Added cache node 0001 in availability zone us-east-1a",
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn a_container_is_what_the_record_says() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let name = harness.container_name("rd", "0001");
    let spec = harness.host.container_spec(&name).expect("be there");
    assert_eq!(
        spec.image, "redis:7.0",
        "7.1 exists at AWS only; what stands for it and is here"
    );
    let command = harness.command("rd", "0001");
    // cache.t3.micro, a quarter of it reserved: facts/node_types.json, facts/parameters.json.
    assert!(command.contains("--maxmemory 402653184"), "{command}");
    assert!(command.contains("--port 6379"), "{command}");
    assert!(
        command.contains("--user cacheplane-administrator on #"),
        "{command}"
    );
    assert_eq!(spec.networks.len(), 1);
    assert_eq!(spec.networks[0].address, Some([10, 99, 0, 2].into()));
    assert_eq!(spec.networks[0].aliases, ["rd.0001"]);
    assert!(spec.published_ports.is_empty());
    assert_eq!(spec.volumes.len(), 1);
    assert_eq!(spec.labels[cacheplane::runtime::labels::RESOURCE], "rd");
    harness.memcached("mc", "1").await;
    let name = harness.container_name("mc", "0001");
    let spec = harness.host.container_spec(&name).expect("be there");
    assert!(spec.volumes.is_empty(), "Memcached keeps nothing");
    assert!(
        spec.command.join(" ").contains("-m 412 -p 11211 -U 0"),
        "{:?}",
        spec.command
    );
    harness.finish().await;
}

#[tokio::test]
async fn tags_at_create_are_checked_before_anything_is_stored() {
    let harness = Harness::start().await;
    let refused = harness
        .create_redis("rd", &[("Tags.Tag.1.Key", "aws:reserved")])
        .await;
    refused.fault(400, "InvalidParameterValue");
    assert!(harness.is_gone("rd").await);
    let keys: Vec<String> = (1..=51).map(|n| format!("Tags.Tag.{n}.Key")).collect();
    let values: Vec<String> = (1..=51).map(|n| format!("k{n}")).collect();
    let tags: Vec<(&str, &str)> = keys
        .iter()
        .zip(&values)
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    harness
        .create_redis("rd", &tags)
        .await
        .fault(400, "TagQuotaPerResourceExceeded");
    assert!(harness.is_gone("rd").await);
    harness.create_redis("rd", &tags[..50]).await.ok();
    harness.settle().await;
    harness.finish().await;
}
