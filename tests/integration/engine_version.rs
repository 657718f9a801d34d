//! DescribeCacheEngineVersions: a table, with filters and pages.

use crate::harness::{Harness, Reply};

async fn versions(harness: &Harness, members: &[(&str, &str)]) -> Reply {
    harness.call("DescribeCacheEngineVersions", members).await
}

async fn names(harness: &Harness, members: &[(&str, &str)]) -> Vec<String> {
    let reply = versions(harness, members).await.ok();
    let engines = reply.texts("Engine");
    let numbers = reply.texts("EngineVersion");
    engines
        .iter()
        .zip(numbers)
        .map(|(engine, number)| format!("{engine} {number}"))
        .collect()
}

#[tokio::test]
async fn a_version_is_told_whole() {
    let harness = Harness::start().await;
    let members = [("Engine", "redis"), ("EngineVersion", "6.2")];
    insta::assert_snapshot!(versions(&harness, &members).await.ok().outline(), @r"
    DescribeCacheEngineVersionsResponse
      DescribeCacheEngineVersionsResult
        CacheEngineVersions
          CacheEngineVersion
            Engine: redis
            EngineVersion: 6.2
            CacheParameterGroupFamily: redis6.x
            CacheEngineDescription: Redis
            CacheEngineVersionDescription: redis version 6.2.6
      ResponseMetadata
        RequestId
    ");
    harness.finish().await;
}

#[tokio::test]
async fn filters_choose() {
    let harness = Harness::start().await;
    let all = names(&harness, &[]).await;
    assert!(all.is_sorted_by_key(|name| name.split(' ').next().unwrap_or_default().to_owned()));
    for engine in ["memcached", "redis", "valkey"] {
        let of_engine = names(&harness, &[("Engine", engine)]).await;
        let expected: Vec<String> = all
            .iter()
            .filter(|name| name.starts_with(engine))
            .cloned()
            .collect();
        assert_eq!(of_engine, expected);
        assert!(of_engine.len() > 3);
        assert_eq!(
            names(&harness, &[("Engine", &engine.to_ascii_uppercase())]).await,
            expected
        );
    }
    assert_eq!(
        names(&harness, &[("DefaultOnly", "true")]).await,
        ["memcached 1.6.22", "redis 7.1", "valkey 9.1"]
    );
    assert_eq!(
        names(&harness, &[("DefaultOnly", "true"), ("Engine", "redis")]).await,
        ["redis 7.1"]
    );
    let family = ("CacheParameterGroupFamily", "redis6.x");
    assert_eq!(names(&harness, &[family]).await, ["redis 6.0", "redis 6.2"]);
    assert_eq!(
        names(&harness, &[family, ("DefaultOnly", "true")]).await,
        ["redis 6.2"]
    );
    assert_eq!(
        names(&harness, &[("EngineVersion", "7.2")]).await,
        ["valkey 7.2"]
    );
    harness.finish().await;
}

/// No error is declared for this operation; what matches nothing is an empty list.
#[tokio::test]
async fn what_matches_nothing_is_an_empty_list() {
    let harness = Harness::start().await;
    for members in [
        [("Engine", "oracle")],
        [("EngineVersion", "99.9")],
        [("CacheParameterGroupFamily", "redis99")],
    ] {
        let none = versions(&harness, &members).await.ok();
        assert!(!none.has("CacheEngineVersion") && none.has("CacheEngineVersions"));
    }
    let at_odds = [
        ("Engine", "redis"),
        ("CacheParameterGroupFamily", "memcached1.6"),
    ];
    assert!(names(&harness, &at_odds).await.is_empty());
    harness.finish().await;
}

#[tokio::test]
async fn pages_hold_each_version_once() {
    let harness = Harness::start().await;
    let all = names(&harness, &[]).await;
    let mut seen = Vec::new();
    let mut marker = None::<String>;
    for _ in 0..10 {
        let mut members = vec![("MaxRecords", "20")];
        members.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = versions(&harness, &members).await.ok();
        assert!(page.texts("Engine").len() <= 20);
        seen.extend(names(&harness, &members).await);
        marker = page.texts("Marker").pop();
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    harness.finish().await;
}

/// What is told here can be created, unless its life has ended.
#[tokio::test]
async fn what_is_listed_is_what_create_knows() {
    let harness = Harness::start().await;
    for engine in ["redis", "memcached"] {
        for name in names(&harness, &[("Engine", engine)]).await {
            let version = name.split(' ').nth(1).unwrap_or_default().to_owned();
            // A name that is taken, so that nothing is made.
            let members = [
                ("CacheClusterId", "never-made"),
                ("Engine", engine),
                ("EngineVersion", &version),
                ("CacheNodeType", "cache.t2.micro"),
                ("NumCacheNodes", "1"),
                ("Port", "1"),
            ];
            let refused = harness.call("CreateCacheCluster", &members).await;
            let text = refused.text("Message");
            assert!(
                text.contains("Invalid endpoint port: 1.")
                    || text.contains("end of life")
                    || text.contains("node type"),
                "{name}: {text}"
            );
        }
    }
    harness.finish().await;
}
