//! ListAllowedNodeTypeModifications, and what is refused by what it lists.

use crate::harness::Harness;

#[tokio::test]
async fn what_is_listed_is_taken_and_nothing_else() {
    let harness = Harness::start().await;
    harness.group("ants", "1", &[]).await;
    harness.redis("rd").await;
    harness.memcached("mc", "1").await;
    let list = "ListAllowedNodeTypeModifications";
    for member in [
        ("ReplicationGroupId", "ants"),
        ("CacheClusterId", "RD"),
        ("CacheClusterId", "ants-001"),
        ("CacheClusterId", "mc"),
    ] {
        let told = harness.call(list, &[member]).await.ok();
        let all = told.texts("member");
        for listed in ["cache.t3.small", "cache.m7g.large", "cache.r6g.16xlarge"] {
            assert!(all.contains(&listed.to_owned()), "{member:?}: {all:?}");
        }
        assert!(!all.contains(&"cache.t3.micro".to_owned()), "{all:?}");
        assert!(!all.iter().any(|name| name.starts_with("cache.r6gd.")));
    }
    for (members, code) in [
        (&[][..], "InvalidParameterCombination"),
        (
            &[("ReplicationGroupId", "ants"), ("CacheClusterId", "rd")],
            "InvalidParameterCombination",
        ),
    ] {
        harness.call(list, members).await.fault(400, code);
    }
    harness
        .call(list, &[("CacheClusterId", "nobody")])
        .await
        .fault(404, "CacheClusterNotFound");
    harness
        .call(list, &[("ReplicationGroupId", "nobody")])
        .await
        .fault(404, "ReplicationGroupNotFoundFault");
    let unlisted = [("CacheNodeType", "cache.r6gd.xlarge")];
    let refused = [
        harness.modify_group_now("ants", &unlisted).await,
        harness.modify_now("rd", &unlisted).await,
    ];
    for reply in refused {
        let text = reply.fault(400, "InvalidParameterValue");
        assert!(text.contains("cannot be modified to"), "{text}");
    }
    harness.finish().await;
}
