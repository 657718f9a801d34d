use super::*;

const START: i64 = 1_772_625_600;

async fn store() -> (tempfile::TempDir, Datastore) {
    let directory = tempfile::TempDir::new().unwrap();
    let store = Datastore::open(&directory.path().join("cacheplane.db"))
        .await
        .unwrap();
    (directory, store)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((START + seconds) * 1000)
}

fn node(id: &str) -> Subject {
    Subject {
        scope: Scope::of_anyone(),
        about: About::Node {
            cache_cluster_id: id.to_owned(),
            cache_node_id: "0001".to_owned(),
        },
    }
}

fn items() -> &'static Metric {
    Metric::named("CurrItems").unwrap()
}

async fn put(store: &Datastore, second: i64, period: u32, value: f64) {
    let found = [(node("c"), vec![(items(), Point::of(value))])];
    store.metric_put(at(second), period, &found).await.unwrap();
}

async fn key(store: &Datastore) -> i64 {
    store
        .metric_subjects(&Scope::of_anyone(), Some("c"))
        .await
        .unwrap()[0]
        .key
}

/// Counts and sums of all rows for this range, as they are read at `now`.
async fn read(store: &Datastore, range: (i64, i64), period: u32, now: i64) -> Vec<(i64, f64, f64)> {
    let rows = store
        .metric_read(
            &[key(store).await],
            &[items()],
            (at(range.0), at(range.1)),
            period,
            at(now),
        )
        .await
        .unwrap();
    let row = |row: &MetricRow| {
        let point = &row.values[0].1;
        (
            row.began_at.as_millis() / 1000 - START,
            point.count,
            point.sum,
        )
    };
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn points_of_a_minute_become_those_of_longer_periods() {
    let (_directory, store) = store().await;
    for minute in 0..125 {
        put(&store, minute * 60, 60, 1.0).await;
    }
    store.metric_roll_up(at(125 * 60)).await.unwrap();
    // Twice makes no difference.
    store.metric_roll_up(at(125 * 60)).await.unwrap();
    assert_eq!(read(&store, (0, 7500), 60, 7500).await.len(), 125);
    // As old as this, minutes are gone, and hours are over; what they do not hold comes in five minutes.
    let later = 16 * DAY;
    assert_eq!(read(&store, (0, 7500), 300, later).await.len(), 25);
    store.metric_roll_up(at(later)).await.unwrap();
    assert_eq!(read(&store, (0, 7500), 60, later).await, []);
    let five = read(&store, (0, 7500), 300, later).await;
    assert_eq!((five.len(), five[0]), (25, (0, 5.0, 5.0)));
    let later = 64 * DAY;
    store.metric_roll_up(at(later)).await.unwrap();
    assert_eq!(
        read(&store, (0, 7500), 3600, later).await,
        [(0, 60.0, 60.0), (3600, 60.0, 60.0), (7200, 5.0, 5.0)]
    );
    // After 455 days nothing is left, not even the name.
    store.metric_roll_up(at(456 * DAY)).await.unwrap();
    assert!(
        store
            .metric_subjects(&Scope::of_anyone(), None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn seconds_serve_what_no_minute_holds_yet() {
    let (_directory, store) = store().await;
    for second in 0..90 {
        put(&store, second, 1, 2.0).await;
    }
    store.metric_roll_up(at(90)).await.unwrap();
    let found = read(&store, (0, 120), 60, 91).await;
    assert_eq!(found[0], (0, 60.0, 120.0));
    assert_eq!(found.len(), 31, "a minute, and thirty seconds of the next");
    assert_eq!(read(&store, (0, 120), 1, 91).await.len(), 90);
    // After three hours the seconds go, and the last minute has been made of them.
    store.metric_roll_up(at(4 * HOUR)).await.unwrap();
    assert_eq!(
        read(&store, (0, 120), 60, 4 * HOUR).await,
        [(0, 60.0, 120.0), (60, 30.0, 60.0)]
    );
    assert_eq!(read(&store, (0, 120), 1, 4 * HOUR).await, []);
}

#[tokio::test]
async fn a_period_is_stored_once() {
    let (_directory, store) = store().await;
    put(&store, 0, 60, 1.0).await;
    put(&store, 0, 60, 7.0).await;
    assert_eq!(read(&store, (0, 60), 60, 60).await, [(0, 1.0, 7.0)]);
    let subjects = store
        .metric_subjects(&Scope::of_anyone(), Some("c"))
        .await
        .unwrap();
    assert_eq!(
        (
            subjects.len(),
            subjects[0].metrics.as_slice(),
            subjects[0].latest_at
        ),
        (1, &[items()][..], Some(at(0)))
    );
    // Another scope sees nothing of it.
    let other = Scope::of_caller("123456789012", "us-east-1").unwrap();
    assert!(
        store
            .metric_subjects(&other, Some("c"))
            .await
            .unwrap()
            .is_empty()
    );
}
