//! DescribeEvents: which, in which order, for how long. The test's clock starts on 2026-03-04 at 12:00:00 UTC.

use std::time::Duration;

use crate::harness::{Harness, Reply};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn events(harness: &Harness, members: &[(&str, &str)]) -> Reply {
    harness.call("DescribeEvents", members).await
}

/// A cluster `rd`, with one event more for each of these minutes after the start.
async fn cluster_with_changes(harness: &Harness, minutes: &[u64]) {
    harness.redis("rd").await;
    let mut at = 0;
    for (index, minute) in minutes.iter().enumerate() {
        harness.advance(MINUTE * u32::try_from(minute - at).expect("be a few"));
        at = *minute;
        let group = format!("sg-{index}");
        harness
            .modify("rd", &[("SecurityGroupIds.SecurityGroupId.1", &group)])
            .await
            .ok();
    }
}

#[tokio::test]
async fn an_event_says_what_when_and_of_whom() {
    let harness = Harness::start().await;
    harness.memcached("mc", "1").await;
    insta::assert_snapshot!(events(&harness, &[]).await.ok().outline(), @r"
    DescribeEventsResponse
      DescribeEventsResult
        Events
          Event
            SourceIdentifier: mc
            SourceType: cache-cluster
            Message: Added cache node 0001 in availability zone us-east-1a
            Date: 2026-03-04T12:00:00Z
          Event
            SourceIdentifier: mc
            SourceType: cache-cluster
            Message: Cache cluster created
            Date: 2026-03-04T12:00:00Z
      ResponseMetadata
        RequestId
    ");
    harness.finish().await;
}

#[tokio::test]
async fn the_last_hour_is_told_of_newest_first() {
    let harness = Harness::start().await;
    cluster_with_changes(&harness, &[1, 30, 61]).await;
    let told = events(&harness, &[]).await.ok();
    assert_eq!(
        told.texts("Date"),
        [
            "2026-03-04T13:01:00Z",
            "2026-03-04T12:30:00Z",
            "2026-03-04T12:01:00Z"
        ],
        "an hour back, its first instant included"
    );
    let minutes = async |duration| {
        events(&harness, &[("Duration", duration)])
            .await
            .ok()
            .texts("Date")
            .len()
    };
    assert_eq!(minutes("1").await, 1);
    assert_eq!(minutes("31").await, 2);
    assert_eq!(minutes("61").await, 6);
    assert_eq!(minutes("20160").await, 6);
    harness.finish().await;
}

#[tokio::test]
async fn windows_are_given_by_start_end_and_duration() {
    let harness = Harness::start().await;
    cluster_with_changes(&harness, &[10, 20, 90]).await;
    let count =
        async |members: &[(&str, &str)]| events(&harness, members).await.ok().texts("Date").len();
    let (start, end) = (|time| ("StartTime", time), |time| ("EndTime", time));
    // 3 at 12:00, then 12:10, 12:20, 13:30; it is 13:30.
    assert_eq!(count(&[start("2026-03-04T12:00:00Z")]).await, 6);
    assert_eq!(count(&[start("2026-03-04T12:00:00.001Z")]).await, 3);
    assert_eq!(
        count(&[start("2026-03-04T12:10:00Z"), end("2026-03-04T12:20:00Z")]).await,
        2
    );
    assert_eq!(
        count(&[
            start("2026-03-04T13:10:00+01:00"),
            end("2026-03-04T12:20:00Z")
        ])
        .await,
        2
    );
    assert_eq!(
        count(&[start("2026-03-04T12:05:00Z"), ("Duration", "10")]).await,
        1
    );
    assert_eq!(
        count(&[end("2026-03-04T12:30:00Z")]).await,
        5,
        "an hour before its end"
    );
    assert_eq!(
        count(&[end("2026-03-04T12:30:00Z"), ("Duration", "15")]).await,
        1
    );
    assert_eq!(
        count(&[start("2026-03-04T12:30:00Z"), end("2026-03-04T13:00:00Z")]).await,
        0
    );
    harness.finish().await;
}

#[tokio::test]
async fn sources_choose() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.memcached("mc", "1").await;
    let count =
        async |members: &[(&str, &str)]| events(&harness, members).await.ok().texts("Date").len();
    let source = |word| ("SourceType", word);
    assert_eq!(count(&[]).await, 5);
    assert_eq!(count(&[source("cache-cluster")]).await, 5);
    assert_eq!(
        count(&[source("cache-cluster"), ("SourceIdentifier", "RD")]).await,
        3
    );
    assert_eq!(
        count(&[source("cache-cluster"), ("SourceIdentifier", "nobody")]).await,
        0
    );
    assert_eq!(count(&[source(""), ("SourceIdentifier", "")]).await, 5);
    for other in [
        "cache-parameter-group",
        "cache-security-group",
        "cache-subnet-group",
        "replication-group",
        "serverless-cache",
        "serverless-cache-snapshot",
        "user",
        "user-group",
    ] {
        assert_eq!(count(&[source(other)]).await, 0, "{other}");
        assert_eq!(
            count(&[source(other), ("SourceIdentifier", "rd")]).await,
            0,
            "{other}"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn pages_hold_each_event_once_newest_first() {
    let harness = Harness::start().await;
    let minutes: Vec<u64> = (1..=47).collect();
    cluster_with_changes(&harness, &minutes).await;
    let whole = events(&harness, &[]).await.ok();
    assert_eq!(whole.texts("Date").len(), 50);
    assert!(!whole.has("Marker"));
    let mut seen = Vec::new();
    let mut marker = None::<String>;
    let mut lengths = Vec::new();
    for _ in 0..4 {
        let mut members = vec![("MaxRecords", "20"), ("Duration", "60")];
        members.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = events(&harness, &members).await.ok();
        let part: Vec<(String, String)> = page
            .texts("Date")
            .into_iter()
            .zip(page.texts("Message"))
            .collect();
        lengths.push(part.len());
        seen.extend(part);
        // What happens meanwhile is newer than every page to come.
        let group = format!("sg-new-{}", seen.len());
        harness
            .modify("rd", &[("SecurityGroupIds.SecurityGroupId.1", &group)])
            .await
            .ok();
        marker = page.texts("Marker").pop();
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(lengths, [20, 20, 10]);
    let expected: Vec<(String, String)> = whole
        .texts("Date")
        .into_iter()
        .zip(whole.texts("Message"))
        .collect();
    assert_eq!(seen, expected);
    harness.finish().await;
}

#[tokio::test]
async fn events_are_kept_for_fourteen_days() {
    let harness = Harness::start().await;
    cluster_with_changes(&harness, &[1]).await;
    harness.advance(14 * DAY - MINUTE);
    harness.settle().await;
    let all = [("StartTime", "2026-03-01T00:00:00Z")];
    assert_eq!(
        events(&harness, &all).await.ok().texts("Date").len(),
        4,
        "14 days old to the instant"
    );
    harness.advance(Duration::from_millis(1));
    harness.settle().await;
    assert_eq!(events(&harness, &all).await.ok().texts("Date").len(), 1);
    harness.advance(MINUTE);
    harness.settle().await;
    assert_eq!(events(&harness, &all).await.ok().texts("Date").len(), 0);
    harness.finish().await;
}

/// Events outlive their resource.
#[tokio::test]
async fn events_of_what_is_gone_are_told() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    harness.delete("rd").await.ok();
    harness.settle().await;
    assert_eq!(harness.history("rd").await.len(), 4);
    harness.redis("rd").await;
    assert_eq!(harness.history("rd").await.len(), 7);
    harness.finish().await;
}
