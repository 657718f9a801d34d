//! Accounts and regions: nothing of one is ever visible in another, nor can it be touched from there.

use std::collections::BTreeSet;

use crate::harness::{Harness, Reply};

/// Five callers, each with resources of its own.
const CALLERS: [(&str, &str, &str); 5] = [
    ("test", "us-east-1", "000000000000"),
    ("test", "eu-west-1", "000000000000"),
    ("111111111111", "us-east-1", "111111111111"),
    ("111111111111", "eu-west-1", "111111111111"),
    ("222222222222", "cn-north-1", "222222222222"),
];

async fn call(harness: &Harness, caller: usize, action: &str, members: &[(&str, &str)]) -> Reply {
    let (key, region, _) = CALLERS[caller];
    harness.call_as(key, region, action, members).await
}

fn partition(region: &str) -> &'static str {
    match region {
        "cn-north-1" => "aws-cn",
        _ => "aws",
    }
}

async fn world() -> Harness {
    let harness = Harness::start().await;
    for caller in 0..CALLERS.len() {
        let same = [
            ("CacheClusterId", "same"),
            ("Engine", "memcached"),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumCacheNodes", "1"),
            ("Tags.Tag.1.Key", "caller"),
            ("Tags.Tag.1.Value", &caller.to_string()),
        ];
        call(&harness, caller, "CreateCacheCluster", &same)
            .await
            .ok();
        let own = [
            ("CacheClusterId", &*format!("own-{caller}")),
            ("Engine", "redis"),
            ("CacheNodeType", "cache.t3.micro"),
        ];
        call(&harness, caller, "CreateCacheCluster", &own)
            .await
            .ok();
    }
    harness.settle().await;
    harness
}

#[tokio::test]
async fn an_access_key_of_twelve_digits_is_an_account_and_any_other_is_the_default() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    let seen = async |key: &str| {
        let reply = harness
            .call_as(key, "us-east-1", "DescribeCacheClusters", &[])
            .await
            .ok();
        reply.texts("ARN")
    };
    let default = ["arn:aws:elasticache:us-east-1:000000000000:cluster:rd"];
    for key in [
        "AKIAIOSFODNN7EXAMPLE",
        "test",
        "000000000000",
        "1234",
        "1234567890123",
        "12345678901a",
    ] {
        assert_eq!(seen(key).await, default, "{key}");
    }
    assert!(seen("123456789012").await.is_empty());
    // Without a signature too.
    let unsigned = harness
        .post("Action=DescribeCacheClusters&Version=2015-02-02", None)
        .await
        .ok();
    assert_eq!(unsigned.texts("ARN"), default);
    harness.finish().await;
}

#[tokio::test]
async fn each_sees_its_own_and_nothing_else() {
    let harness = world().await;
    for (caller, (_, region, account)) in CALLERS.iter().enumerate() {
        let all = call(
            &harness,
            caller,
            "DescribeCacheClusters",
            &[("ShowCacheNodeInfo", "true")],
        )
        .await
        .ok();
        let own = format!("own-{caller}");
        assert_eq!(all.texts("CacheClusterId"), [own.as_str(), "same"]);
        let prefix = format!(
            "arn:{}:elasticache:{region}:{account}:cluster:",
            partition(region)
        );
        assert_eq!(
            all.texts("ARN"),
            [format!("{prefix}{own}"), format!("{prefix}same")]
        );
        let zones = all.texts("CustomerAvailabilityZone");
        assert!(
            zones.iter().all(|zone| zone.starts_with(region)),
            "{zones:?}"
        );
        let events = call(&harness, caller, "DescribeEvents", &[]).await.ok();
        let told: BTreeSet<String> = events.texts("SourceIdentifier").into_iter().collect();
        assert_eq!(told, BTreeSet::from([own, "same".to_owned()]));
        assert_eq!(events.texts("Message").len(), 5);
    }
    harness.finish().await;
}

#[tokio::test]
async fn the_same_name_is_another_container_with_another_address() {
    let harness = world().await;
    let nodes = harness.node_containers();
    assert_eq!(nodes.len(), 2 * CALLERS.len());
    let mut addresses = BTreeSet::new();
    for caller in 0..CALLERS.len() {
        let members = [("CacheClusterId", "same"), ("ShowCacheNodeInfo", "true")];
        let told = call(&harness, caller, "DescribeCacheClusters", &members)
            .await
            .ok();
        addresses.extend(told.texts("Address"));
    }
    assert_eq!(
        addresses.len(),
        2 * CALLERS.len(),
        "a node and a configuration endpoint each"
    );
    let served = harness.routes();
    assert_eq!(served.len(), CALLERS.len());
    let targets: BTreeSet<&String> = served.values().flat_map(|route| &route.targets).collect();
    assert_eq!(targets.len(), CALLERS.len());
    harness.finish().await;
}

#[tokio::test]
async fn nobody_touches_what_is_anothers() {
    let harness = world().await;
    let before = harness.host.containers();
    for caller in 0..CALLERS.len() {
        for other in (0..CALLERS.len()).filter(|other| *other != caller) {
            let id = format!("own-{other}");
            let named = ("CacheClusterId", id.as_str());
            for (action, members) in [
                ("DescribeCacheClusters", vec![named]),
                ("ModifyCacheCluster", vec![named]),
                ("DeleteCacheCluster", vec![named]),
                (
                    "RebootCacheCluster",
                    vec![named, ("CacheNodeIdsToReboot.CacheNodeId.1", "0001")],
                ),
            ] {
                let reply = call(&harness, caller, action, &members).await;
                let text = reply.fault(404, "CacheClusterNotFound");
                assert_eq!(text, format!("CacheCluster not found: {id}"));
            }
            let (_, region, account) = CALLERS[other];
            let arn = format!(
                "arn:{}:elasticache:{region}:{account}:cluster:same",
                partition(region)
            );
            let resource = ("ResourceName", arn.as_str());
            for (action, members) in [
                ("ListTagsForResource", vec![resource]),
                ("AddTagsToResource", vec![resource, ("Tags.Tag.1.Key", "k")]),
                (
                    "RemoveTagsFromResource",
                    vec![resource, ("TagKeys.member.1", "caller")],
                ),
            ] {
                call(&harness, caller, action, &members)
                    .await
                    .fault(400, "InvalidARN");
            }
            let source = [
                ("SourceType", "cache-cluster"),
                ("SourceIdentifier", id.as_str()),
            ];
            let events = call(&harness, caller, "DescribeEvents", &source).await.ok();
            assert!(!events.has("Event"));
        }
    }
    harness.settle().await;
    assert_eq!(harness.host.containers(), before);
    harness.finish().await;
}

#[tokio::test]
async fn what_one_does_with_a_name_leaves_the_others() {
    let harness = world().await;
    call(
        &harness,
        2,
        "DeleteCacheCluster",
        &[("CacheClusterId", "same")],
    )
    .await
    .ok();
    let more = [
        ("CacheClusterId", "same"),
        ("NumCacheNodes", "2"),
        ("ApplyImmediately", "true"),
    ];
    call(&harness, 1, "ModifyCacheCluster", &more).await.ok();
    harness.settle().await;
    for caller in 0..CALLERS.len() {
        let told = call(
            &harness,
            caller,
            "DescribeCacheClusters",
            &[("CacheClusterId", "same")],
        )
        .await;
        match caller {
            2 => assert_eq!(told.status, 404),
            1 => assert_eq!(told.text("NumCacheNodes"), "2"),
            _ => assert_eq!(told.text("NumCacheNodes"), "1"),
        }
        if caller != 2 {
            let tags = call(
                &harness,
                caller,
                "ListTagsForResource",
                &[("ResourceName", &told.text("ARN"))],
            )
            .await;
            assert_eq!(tags.ok().text("Value"), caller.to_string());
        }
    }
    harness.finish().await;
}

/// A marker made for one is no way into another's list.
#[tokio::test]
async fn markers_do_not_cross() {
    let harness = Harness::start().await;
    for number in 0..21 {
        harness
            .create_redis(&format!("c{number:02}"), &[])
            .await
            .ok();
    }
    harness.settle().await;
    for list in ["DescribeCacheClusters", "DescribeEvents"] {
        let marker = harness
            .call(list, &[("MaxRecords", "20")])
            .await
            .ok()
            .text("Marker");
        let page = harness
            .call_as("111111111111", "us-east-1", list, &[("Marker", &marker)])
            .await
            .ok();
        assert!(!page.has("CacheCluster") && !page.has("Event"));
    }
    harness.finish().await;
}
