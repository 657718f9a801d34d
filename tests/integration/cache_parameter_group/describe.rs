//! What is told of groups and parameters.

use crate::harness::Harness;

#[tokio::test]
async fn a_group_is_told_of_as_it_was_asked_for() {
    let harness = Harness::start().await;
    let members = [
        ("CacheParameterGroupName", "Mine"),
        ("CacheParameterGroupFamily", "redis7"),
        ("Description", "of ours"),
        ("Tags.Tag.1.Key", "Name"),
        ("Tags.Tag.1.Value", "tagged"),
    ];
    let created = harness
        .call("CreateCacheParameterGroup", &members)
        .await
        .ok();
    insta::assert_snapshot!(created.outline(), @r"
    CreateCacheParameterGroupResponse
      CreateCacheParameterGroupResult
        CacheParameterGroup
          CacheParameterGroupName: mine
          CacheParameterGroupFamily: redis7
          Description: of ours
          IsGlobal: false
          ARN: arn:aws:elasticache:us-east-1:000000000000:parametergroup:mine
      ResponseMetadata
        RequestId
    ");
    let told = harness
        .on_parameters("DescribeCacheParameterGroups", "MINE", &[])
        .await
        .ok();
    assert_eq!(told.text("Description"), "of ours");
    let name = [("ResourceName", &*created.text("ARN"))];
    let tags = harness.call("ListTagsForResource", &name).await.ok();
    assert_eq!(tags.texts("Value"), ["tagged"]);
    let more = [name[0], ("Tags.Tag.1.Key", "k")];
    harness.call("AddTagsToResource", &more).await.ok();
    let less = [name[0], ("TagKeys.member.1", "Name")];
    let left = harness.call("RemoveTagsFromResource", &less).await.ok();
    assert_eq!(left.texts("Key"), ["k"]);

    let deleted = harness
        .on_parameters("DeleteCacheParameterGroup", "mine", &[])
        .await
        .ok();
    assert!(!deleted.has("DeleteCacheParameterGroupResult"));
    harness
        .call("ListTagsForResource", &name)
        .await
        .fault(404, "CacheParameterGroupNotFound");
    // The same name again has nothing of the old one.
    harness.create_parameters("mine", "redis7").await.ok();
    let tags = harness.call("ListTagsForResource", &name).await.ok();
    assert!(!tags.has("Tag"));
    let members = [("SourceType", "cache-parameter-group")];
    let events = harness.call("DescribeEvents", &members).await.ok();
    assert_eq!(
        events.texts("Message"),
        [
            "Created CacheParameterGroup mine",
            "Deleted CacheParameterGroup mine",
            "Created CacheParameterGroup mine"
        ]
    );
    harness.finish().await;
}

#[tokio::test]
async fn built_in_groups_stand_among_the_customers_own() {
    let harness = Harness::start().await;
    for name in ["aardvark", "mine", "zebra"] {
        harness.create_parameters(name, "valkey8").await.ok();
    }
    let names = async |members: &[(&str, &str)]| {
        let reply = harness.call("DescribeCacheParameterGroups", members).await;
        let reply = reply.ok();
        (
            reply.texts("CacheParameterGroupName"),
            reply.texts("Marker").pop(),
        )
    };
    let (all, marker) = names(&[]).await;
    assert_eq!((all.len(), marker), (24, None), "{all:?}");
    assert!(all.is_sorted(), "{all:?}");
    assert!(all.contains(&"default.valkey8.cluster.on".to_owned()));
    let (first, marker) = names(&[("MaxRecords", "20")]).await;
    let marker = marker.expect("another page");
    let (rest, end) = names(&[("MaxRecords", "20"), ("Marker", &marker)]).await;
    assert_eq!(([first, rest].concat(), end), (all, None));
    let other = harness
        .call_as("other", "eu-west-1", "DescribeCacheParameterGroups", &[])
        .await;
    assert_eq!(other.ok().texts("CacheParameterGroupName").len(), 21);
    harness.finish().await;
}

#[tokio::test]
async fn the_source_says_who_set_a_value() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    let nothing: [(String, String); 0] = [];
    assert_eq!(harness.parameters("mine", "user").await, nothing.into());
    // A default that is set is the user's, byte for byte.
    let values = [
        ("maxmemory-policy", "volatile-lru"),
        ("timeout", "20"),
        ("notify-keyspace-events", "KEA"),
    ];
    harness.set_parameters("mine", &values).await.ok();
    let set = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(harness.parameters("mine", "user").await, set.into());
    let rest = harness.parameters("mine", "system").await;
    assert!(rest.contains_key("appendonly") && !rest.contains_key("timeout"));
    assert_eq!(
        harness.parameters("mine", "engine-default").await,
        [].into()
    );
    assert_eq!(harness.parameters("mine", "").await.len(), rest.len() + 3);

    // Terraform names what it resets with the old values.
    let gone = [("timeout", "20"), ("maxmemory-policy", "volatile-lru")];
    harness
        .call_with_parameters("ResetCacheParameterGroup", "mine", &gone)
        .await
        .ok();
    let left = harness.parameters("mine", "user").await;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["notify-keyspace-events"]);
    let all = [("ResetAllParameters", "true")];
    harness
        .on_parameters("ResetCacheParameterGroup", "mine", &all)
        .await
        .ok();
    assert_eq!(harness.parameters("mine", "user").await, [].into());
    harness.finish().await;
}

#[tokio::test]
async fn all_parameters_are_told_of_in_pages() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "memcached1.6").await.ok();
    let mut seen = Vec::new();
    let mut marker = String::new();
    for _ in 0..9 {
        let members = [("MaxRecords", "20"), ("Marker", &*marker)];
        let page = harness
            .on_parameters("DescribeCacheParameters", "mine", &members)
            .await
            .ok();
        seen.extend(page.texts("ParameterName"));
        match page.texts("Marker").pop() {
            Some(next) => marker = next,
            None => break,
        }
    }
    let whole = harness
        .on_parameters("DescribeCacheParameters", "mine", &[])
        .await
        .ok();
    assert_eq!(seen, whole.texts("ParameterName"));
    assert_eq!(
        seen[seen.len() - 2..],
        ["max_cache_memory", "num_threads"],
        "by node type"
    );
    assert!(
        whole
            .texts("CacheNodeType")
            .contains(&"cache.t3.micro".to_owned())
    );
    let family = [("CacheParameterGroupFamily", "memcached1.6")];
    let defaults = harness
        .call("DescribeEngineDefaultParameters", &family)
        .await
        .ok();
    assert_eq!(defaults.texts("ParameterName"), seen);
    harness.finish().await;
}

/// Whether a parameter can be modified depends on the group, and on whether that is in use.
#[tokio::test]
async fn cluster_mode_can_be_modified_until_the_group_is_used() {
    let harness = Harness::start().await;
    harness.create_parameters("mine", "redis7").await.ok();
    let is_modifiable = async |group: &str, parameter: &str| {
        let reply = harness
            .on_parameters("DescribeCacheParameters", group, &[])
            .await
            .ok();
        let names = reply.texts("ParameterName");
        let index = names.iter().position(|name| name == parameter);
        reply.texts("IsModifiable")[index.expect(parameter)] == "true"
    };
    assert!(!is_modifiable("default.redis7", "cluster-enabled").await);
    assert!(is_modifiable("default.redis7", "timeout").await);
    assert!(is_modifiable("mine", "cluster-enabled").await);
    let members = [("CacheParameterGroupName", "mine")];
    harness.create_redis("rd", &members).await.ok();
    assert!(!is_modifiable("mine", "cluster-enabled").await);
    assert!(is_modifiable("mine", "databases").await);
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn there_are_three_hundred_groups_at_most() {
    let harness = Harness::start().await;
    for number in 0..300 {
        let name = format!("g{number}");
        harness.create_parameters(&name, "redis7").await.ok();
    }
    harness
        .create_parameters("more", "redis7")
        .await
        .fault(400, "CacheParameterGroupQuotaExceeded");
    let members = [
        ("CacheParameterGroupName", "more"),
        ("CacheParameterGroupFamily", "redis7"),
        ("Description", "elsewhere"),
    ];
    harness
        .call_as("test", "eu-west-1", "CreateCacheParameterGroup", &members)
        .await
        .ok();
    harness.finish().await;
}
