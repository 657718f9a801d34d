//! DescribeCacheClusters: filters, order, paging.

use crate::harness::Harness;

#[tokio::test]
async fn filters_choose() {
    let harness = Harness::start().await;
    for id in ["b", "a", "c"] {
        harness.create_redis(id, &[]).await.ok();
    }
    harness.settle().await;
    let list =
        async |members: &[(&str, &str)]| harness.call("DescribeCacheClusters", members).await;
    let all = list(&[]).await.ok();
    assert_eq!(all.texts("CacheClusterId"), ["a", "b", "c"]);
    assert!(
        !all.has("CacheNodes"),
        "nodes are told of only when asked for"
    );
    assert!(!all.has("Marker"));
    assert_eq!(
        list(&[("CacheClusterId", "B")])
            .await
            .ok()
            .text("CacheClusterId"),
        "b"
    );
    assert_eq!(
        list(&[("CacheClusterId", "")])
            .await
            .ok()
            .texts("CacheClusterId")
            .len(),
        3
    );
    let nodes = list(&[("ShowCacheNodeInfo", "true")]).await.ok();
    assert_eq!(nodes.texts("CacheNodeId"), ["0001"; 3]);
    assert!(
        !list(&[("ShowCacheNodeInfo", "false")])
            .await
            .ok()
            .has("CacheNodes")
    );
    for word in ["true", "false"] {
        // None of them is a member of a replication group.
        let outside = list(&[("ShowCacheClustersNotInReplicationGroups", word)])
            .await
            .ok();
        assert_eq!(outside.texts("CacheClusterId"), ["a", "b", "c"]);
    }
    for absent in ["d", "not-there"] {
        let refused = list(&[("CacheClusterId", absent)]).await;
        assert_eq!(
            refused.fault(404, "CacheClusterNotFound"),
            format!("CacheCluster not found: {absent}")
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let harness = Harness::start().await;
    let none = harness.call("DescribeCacheClusters", &[]).await.ok();
    insta::assert_snapshot!(none.outline(), @r"
    DescribeCacheClustersResponse
      DescribeCacheClustersResult
        CacheClusters:
      ResponseMetadata
        RequestId
    ");
    harness.finish().await;
}

#[tokio::test]
async fn pages_hold_each_record_once_in_order() {
    let harness = Harness::start().await;
    let mut expected = Vec::new();
    for number in 0..105 {
        // Not in the order of their ids.
        let id = format!("c{:03}", (number * 37) % 105);
        harness.create_redis(&id, &[]).await.ok();
        expected.push(id);
    }
    expected.sort();
    for (size, lengths) in [
        (None, vec![100, 5]),
        (Some("100"), vec![100, 5]),
        (Some("20"), vec![20, 20, 20, 20, 20, 5]),
        (Some("21"), vec![21, 21, 21, 21, 21]),
        (Some("53"), vec![53, 52]),
    ] {
        let mut seen = Vec::new();
        let mut pages = Vec::new();
        let mut marker = None::<String>;
        // Bounded: more pages than there can be are an endless list.
        for _ in 0..10 {
            let mut members = Vec::new();
            members.extend(size.map(|size| ("MaxRecords", size)));
            members.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = harness.call("DescribeCacheClusters", &members).await.ok();
            let ids = page.texts("CacheClusterId");
            pages.push(ids.len());
            seen.extend(ids);
            marker = page.texts("Marker").pop();
            if marker.is_none() {
                break;
            }
            assert!(!page.text("Marker").is_empty());
        }
        assert_eq!(pages, lengths, "{size:?}");
        assert_eq!(seen, expected, "{size:?}");
    }
    harness.settle().await;
    harness.finish().await;
}

/// What comes and goes while somebody turns pages neither hides nor repeats what stays.
#[tokio::test]
async fn pages_bear_with_changes() {
    let harness = Harness::start().await;
    for number in 0..30 {
        harness
            .create_redis(&format!("c{number:02}"), &[])
            .await
            .ok();
    }
    harness.settle().await;
    let first = harness
        .call("DescribeCacheClusters", &[("MaxRecords", "20")])
        .await
        .ok();
    let marker = first.text("Marker");
    harness.delete("c19").await.ok();
    harness.create_redis("b-before", &[]).await.ok();
    harness.settle().await;
    let members = [("MaxRecords", "20"), ("Marker", marker.as_str())];
    let second = harness.call("DescribeCacheClusters", &members).await.ok();
    let expected: Vec<String> = (20..30).map(|number| format!("c{number:02}")).collect();
    assert_eq!(second.texts("CacheClusterId"), expected);
    harness.finish().await;
}

#[tokio::test]
async fn a_marker_is_good_for_its_own_list_only() {
    let harness = Harness::start().await;
    for number in 0..21 {
        harness
            .create_redis(&format!("c{number:02}"), &[])
            .await
            .ok();
    }
    harness.settle().await;
    let twenty = ("MaxRecords", "20");
    let lists = [
        "DescribeCacheClusters",
        "DescribeCacheEngineVersions",
        "DescribeEvents",
    ];
    let mut markers = Vec::new();
    for list in lists {
        markers.push(harness.call(list, &[twenty]).await.ok().text("Marker"));
    }
    for (made_by, marker) in lists.iter().zip(&markers) {
        for asked in lists {
            let reply = harness.call(asked, &[twenty, ("Marker", marker)]).await;
            if asked == *made_by {
                reply.ok();
            } else {
                reply.fault(400, "InvalidParameterValue");
            }
        }
    }
    for garbage in [
        "x",
        "c00",
        "00",
        "zz00",
        "636c75737465722f",
        "\u{1f980}",
        &"f".repeat(4000),
    ] {
        for list in lists {
            let reply = harness.call(list, &[("Marker", garbage)]).await;
            let message = reply.fault(400, "InvalidParameterValue");
            assert!(message.contains("Marker"), "{message}");
        }
    }
    for list in lists {
        harness.call(list, &[("Marker", "")]).await.ok();
    }
    harness.finish().await;
}
