//! CloudWatch's part of the port: what was measured is told in its statistics, expressions and lists, and what it does not take is refused
//! with its codes.

mod refused;

use std::time::Duration;

use cacheplane::reconcile::driver::Reconciler;
use cacheplane::reconcile::metric::Collector;
use cacheplane::resources::metric::{About, GroupRole, METRICS, Metric, Point, Subject};
use cacheplane::resources::scope::Scope;
use cacheplane::resources::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::harness::{Harness, START};

const MINUTE: Duration = Duration::from_secs(60);

/// Whoever asks, unless a test says otherwise.
const CALLER: (&str, &str) = ("test", "us-east-1");

/// Seconds since the epoch, so many after the test began.
fn at(seconds: i64) -> i64 {
    START.as_millis() / 1000 + seconds
}

/// Asks in AWS JSON 1.0; the status, and what was answered.
async fn ask_as(
    harness: &Harness,
    (access_key, region): (&str, &str),
    operation: &str,
    input: &Value,
) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = client
        .post(format!("http://{}/", harness.address))
        .header("content-type", "application/x-amz-json-1.0")
        .header(
            "x-amz-target",
            format!("GraniteServiceVersion20100801.{operation}"),
        )
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={access_key}/20260304/{region}/monitoring/aws4_request, SignedHeaders=host, Signature=00"
            ),
        )
        .body(input.to_string())
        .send()
        .await
        .unwrap();
    let status = reply.status().as_u16();
    let body = reply.text().await.unwrap();
    (status, serde_json::from_str(&body).expect("be JSON"))
}

/// Asks, and demands success.
async fn ask(harness: &Harness, operation: &str, input: &Value) -> Value {
    let (status, answer) = ask_as(harness, CALLER, operation, input).await;
    assert_eq!(status, 200, "{answer}");
    answer
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

fn metric(name: &str) -> &'static Metric {
    Metric::named(name).unwrap()
}

/// Stores values of consecutive minutes, the last of which is the one before the test began; a minute's are stored together.
async fn measure(harness: &Harness, subject: &Subject, metrics: &[(&str, &[f64])]) {
    let longest = metrics
        .iter()
        .map(|(_, values)| values.len())
        .max()
        .unwrap();
    for minute in 1..=longest {
        let of_minute = metrics.iter().filter_map(|(name, values)| {
            let value = values.get(values.len().checked_sub(minute)?)?;
            Some((metric(name), Point::of(*value)))
        });
        let found = [(subject.clone(), of_minute.collect())];
        let began_at = START.minus(MINUTE * u32::try_from(minute).unwrap());
        let datastore = &harness.world.datastore;
        datastore.metric_put(began_at, 60, &found).await.unwrap();
    }
}

fn dimensions(pairs: &[(&str, &str)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect()
}

fn of_node(id: &str) -> Value {
    dimensions(&[("CacheClusterId", id), ("CacheNodeId", "0001")])
}

/// A GetMetricStatistics for the five minutes before the test began, as one period.
fn five_minutes(name: &str, dimensions: Value) -> Value {
    json!({
        "Namespace": "AWS/ElastiCache", "MetricName": name, "Dimensions": dimensions,
        "StartTime": at(-300), "EndTime": at(0), "Period": 300,
    })
}

fn with(mut input: Value, member: &str, value: Value) -> Value {
    input[member] = value;
    input
}

/// A query of GetMetricData that names a metric.
fn query(id: &str, name: &str, stat: &str, period: i64, is_returned: bool) -> Value {
    let metric =
        json!({"Namespace": "AWS/ElastiCache", "MetricName": name, "Dimensions": of_node("mine")});
    json!({"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, "ReturnData": is_returned})
}

fn expression(id: &str, text: &str) -> Value {
    json!({"Id": id, "Expression": text})
}

/// A GetMetricData over the last ten minutes.
fn data(queries: &[Value]) -> Value {
    json!({"MetricDataQueries": queries, "StartTime": at(-600), "EndTime": at(0), "ScanBy": "TimestampAscending"})
}

/// The values of a result, by its id.
fn values(answer: &Value, id: &str) -> Vec<f64> {
    let results = answer["MetricDataResults"].as_array().unwrap();
    let result = results.iter().find(|result| result["Id"] == id).unwrap();
    let values = result["Values"].as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

#[tokio::test]
async fn the_five_statistics_are_of_all_values_of_a_period() {
    let harness = Harness::start().await;
    measure(
        &harness,
        &node("mine"),
        &[("CurrItems", &[10.0, 20.0, 30.0, 40.0, 100.0])],
    )
    .await;
    let words = json!(["SampleCount", "Average", "Sum", "Minimum", "Maximum"]);
    let asked = with(
        five_minutes("CurrItems", of_node("mine")),
        "Statistics",
        words.clone(),
    );
    let answer = ask(&harness, "GetMetricStatistics", &asked).await;
    let expected = json!({
        "Timestamp": at(-300) as f64, "Unit": "Count",
        "SampleCount": 5.0, "Average": 40.0, "Sum": 200.0, "Minimum": 10.0, "Maximum": 100.0,
    });
    assert_eq!(
        answer,
        json!({"Label": "CurrItems", "Datapoints": [expected]})
    );
    // A minute each.
    let minutes = ask(
        &harness,
        "GetMetricStatistics",
        &with(asked.clone(), "Period", json!(60)),
    )
    .await;
    let averages: Vec<f64> = minutes["Datapoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["Average"].as_f64().unwrap())
        .collect();
    assert_eq!(averages, [10.0, 20.0, 30.0, 40.0, 100.0]);
    // What is not there has no points, and is no fault.
    for (member, value) in [
        ("MetricName", json!("Nonsense")),
        ("Namespace", json!("AWS/EC2")),
        ("Unit", json!("Bytes")),
        ("Dimensions", of_node("theirs")),
        ("Dimensions", dimensions(&[("CacheNodeId", "0001")])),
        ("Dimensions", json!([])),
        ("EndTime", json!(at(-299) - 1)),
    ] {
        let changed = with(
            with(asked.clone(), "StartTime", json!(at(-400))),
            member,
            value,
        );
        let answer = ask(&harness, "GetMetricStatistics", &changed).await;
        assert_eq!(answer["Datapoints"], json!([]), "{member}");
    }
    // Nor is what belongs to others.
    for caller in [("123456789012", "us-east-1"), ("test", "eu-west-1")] {
        let (status, answer) = ask_as(&harness, caller, "GetMetricStatistics", &asked).await;
        assert_eq!(
            (status, &answer["Datapoints"]),
            (200, &json!([])),
            "{caller:?}"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn extended_statistics_are_told_by_the_words_they_were_asked_for() {
    let harness = Harness::start().await;
    measure(
        &harness,
        &node("mine"),
        &[("CurrItems", &[10.0, 20.0, 30.0, 40.0, 100.0])],
    )
    .await;
    let check = async |expected: &[(&str, Option<f64>)]| {
        let words: Vec<&str> = expected.iter().map(|(word, _)| *word).collect();
        let asked = with(
            five_minutes("CurrItems", of_node("mine")),
            "ExtendedStatistics",
            json!(words),
        );
        let answer = ask(&harness, "GetMetricStatistics", &asked).await;
        let found = &answer["Datapoints"][0]["ExtendedStatistics"];
        for (word, expected) in expected {
            let value = found[word].as_f64();
            let is_near = match (value, *expected) {
                (Some(value), Some(expected)) => (value - expected).abs() < 1e-9,
                (value, expected) => value == expected,
            };
            assert!(is_near, "{word}: {value:?}, not {expected:?}");
        }
        // The same alone, as a query of GetMetricData.
        for (word, expected) in expected {
            let answer = ask(
                &harness,
                "GetMetricData",
                &data(&[query("q", "CurrItems", word, 300, true)]),
            )
            .await;
            assert_eq!(values(&answer, "q").len(), expected.iter().len(), "{word}");
        }
    };
    check(&[
        ("p50", Some(30.0)),
        ("p99.90", Some(99.76)),
        ("tm80", Some(25.0)),
        ("TM(:80%)", Some(25.0)),
        ("TM(20%:80%)", Some(30.0)),
        ("TM(15:40)", Some(30.0)),
        ("TM(100:)", None),
        ("IQM", Some(30.0)),
        ("wm100", Some(40.0)),
    ])
    .await;
    check(&[
        ("WM(15:45)", Some(30.0)),
        ("WM(:45)", Some(29.0)),
        ("tc80", Some(4.0)),
        ("tc90", Some(4.5)),
        ("TC(10:40)", Some(3.0)),
        ("TC(100:)", Some(0.0)),
        ("ts80", Some(100.0)),
        ("TS(80%:)", Some(100.0)),
        ("PR(:30)", Some(60.0)),
        ("PR(10:40)", Some(60.0)),
    ])
    .await;
    harness.finish().await;
}

#[tokio::test]
async fn expressions_are_evaluated_over_what_need_not_be_returned() {
    let harness = Harness::start().await;

    measure(&harness, &node("other"), &[("CacheHits", &[1.0])]).await;
    measure(
        &harness,
        &node("mine"),
        &[
            ("CacheHits", &[30.0, 0.0, 90.0]),
            ("CacheMisses", &[10.0, 5.0, 10.0]),
        ],
    )
    .await;
    let hits = query("hits", "CacheHits", "Sum", 60, false);
    let misses = query("misses", "CacheMisses", "Sum", 60, false);
    let check = async |text: &str, expected: &[f64]| {
        let asked = data(&[hits.clone(), misses.clone(), expression("e", text)]);
        let answer = ask(&harness, "GetMetricData", &asked).await;
        assert_eq!(values(&answer, "e"), expected, "{text}");
        assert_eq!(
            answer["MetricDataResults"].as_array().unwrap().len(),
            1,
            "{text}"
        );
    };
    check("100 * hits / (hits + misses)", &[75.0, 0.0, 90.0]).await;
    check("SUM(METRICS())", &[40.0, 5.0, 100.0]).await;
    check("IF(hits > misses, hits, -misses)", &[30.0, -5.0, 90.0]).await;
    check("RUNNING_SUM(misses)", &[10.0, 15.0, 25.0]).await;
    check("hits / PERIOD(hits)", &[0.5, 0.0, 1.5]).await;
    check("hits - AVG(hits)", &[-10.0, -40.0, 50.0]).await;
    check("MAX([hits, misses])", &[30.0, 5.0, 90.0]).await;
    // What is searched for: each that fits is a line, with what sets it apart as its label.
    let found = expression(
        "found",
        "SEARCH('{AWS/ElastiCache,CacheClusterId,CacheNodeId} MetricName=\"CacheHits\"', 'tm50', 300)",
    );
    let total = expression(
        "total",
        "SUM(SEARCH('{AWS/ElastiCache,CacheClusterId,CacheNodeId} CacheHits', 'Sum', 300))",
    );
    let answer = ask(&harness, "GetMetricData", &data(&[found, total])).await;
    let lines = answer["MetricDataResults"].as_array().unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["Label"].as_str().unwrap(), line["Values"].clone()))
        .collect();
    let expected = [
        ("mine 0001 CacheHits", json!([10.0])),
        ("other 0001 CacheHits", json!([1.0])),
        ("total", json!([121.0])),
    ];
    assert_eq!(told, expected);
    harness.finish().await;
}

#[tokio::test]
async fn metric_data_come_in_pages_and_in_either_order() {
    let harness = Harness::start().await;

    measure(
        &harness,
        &node("mine"),
        &[
            ("CacheHits", &[1.0, 2.0, 3.0, 4.0]),
            ("CacheMisses", &[5.0, 6.0]),
        ],
    )
    .await;
    let queries = [
        query("hits", "CacheHits", "Sum", 60, true),
        query("misses", "CacheMisses", "Sum", 60, true),
    ];
    for (order, expected) in [
        ("TimestampAscending", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ("TimestampDescending", [4.0, 3.0, 2.0, 1.0, 6.0, 5.0]),
    ] {
        let mut asked = with(
            with(data(&queries), "ScanBy", json!(order)),
            "MaxDatapoints",
            json!(3),
        );
        let (mut pages, mut told) = (0, Vec::new());
        loop {
            let answer = ask(&harness, "GetMetricData", &asked).await;
            for line in answer["MetricDataResults"].as_array().unwrap() {
                let is_whole = line["StatusCode"] == "Complete";
                assert!(is_whole || line["StatusCode"] == "PartialData");
                told.extend(
                    line["Values"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|value| value.as_f64().unwrap()),
                );
            }
            pages += 1;
            match answer["NextToken"].as_str() {
                Some(token) if pages < 5 => asked = with(asked, "NextToken", json!(token)),
                _ => break,
            }
        }
        assert_eq!((told.as_slice(), pages), (&expected[..], 2), "{order}");
    }
    harness.finish().await;
}

#[tokio::test]
async fn metrics_are_listed_page_by_page() {
    let harness = Harness::start().await;
    let long_ago = Timestamp::from_millis(at(-4 * 60 * 60) * 1000);
    let all: Vec<_> = METRICS
        .iter()
        .map(|metric| (metric, Point::of(1.0)))
        .collect();
    let nodes: Vec<_> = (0..5)
        .map(|number| (node(&format!("c{number}")), all.clone()))
        .collect();
    harness
        .world
        .datastore
        .metric_put(long_ago, 60, &nodes)
        .await
        .unwrap();
    let group = |role| Subject {
        scope: Scope::of_anyone(),
        about: About::Group {
            replication_group_id: "g".to_owned(),
            role,
        },
    };
    for role in [None, Some(GroupRole::Primary), Some(GroupRole::Replica)] {
        measure(&harness, &group(role), &[("EngineCPUUtilization", &[1.0])]).await;
    }
    // Each node's, that of its cluster alone, and the group's.
    let expected = 5 * METRICS.len() * 2 + 3;
    let (mut asked, mut listed, mut pages) = (
        json!({"Namespace": "AWS/ElastiCache"}),
        Vec::new(),
        Vec::new(),
    );
    loop {
        let answer = ask(&harness, "ListMetrics", &asked).await;
        let page = answer["Metrics"].as_array().unwrap();
        listed.extend(page.iter().map(Value::to_string));
        pages.push(page.len());
        match answer["NextToken"].as_str() {
            Some(token) => asked = with(asked, "NextToken", json!(token)),
            None => break,
        }
    }
    assert_eq!(listed.len(), expected);
    assert!(
        pages.len() > 1 && pages[..pages.len() - 1].iter().all(|page| *page == 500),
        "{pages:?}"
    );
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed.len(), expected, "each once");
    let count = async |asked: Value| {
        let answer = ask(&harness, "ListMetrics", &asked).await;
        answer["Metrics"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({"MetricName": "CurrItems"})).await, 10);
    assert_eq!(
        count(json!({"MetricName": "CurrItems", "Dimensions": of_node("c3")})).await,
        1
    );
    assert_eq!(
        count(json!({"MetricName": "CurrItems", "Dimensions": [{"Name": "CacheNodeId"}]})).await,
        5
    );
    assert_eq!(
        count(json!({"Dimensions": [{"Name": "Role", "Value": "Replica"}]})).await,
        1
    );
    assert_eq!(count(json!({"RecentlyActive": "PT3H"})).await, 3);
    assert_eq!(count(json!({"Namespace": "AWS/EC2"})).await, 0);
    assert_eq!(count(json!({"OwningAccount": "123456789012"})).await, 0);
    let (_, theirs) = ask_as(
        &harness,
        ("123456789012", "us-east-1"),
        "ListMetrics",
        &json!({}),
    )
    .await;
    assert_eq!(theirs["Metrics"], json!([]));
    harness.finish().await;
}

/// From the node to the client: what is read each minute is told, and where nothing could be read nothing is.
#[tokio::test]
async fn nodes_are_read_at_the_interval() {
    let harness = Harness::start().await;
    harness.redis("mine").await;
    harness.memcached("items", "2").await;
    let collector = Collector::new(harness.world.clone(), MINUTE);
    let pass = async || {
        harness.advance(MINUTE);
        collector.reconcile(0).await.unwrap();
    };
    pass().await;
    pass().await;
    let container = harness.container_name("mine", "0001");
    harness.host.pause(&container);
    pass().await;
    harness.host.unpause(&container);
    pass().await;
    let range = |asked: Value| {
        let now = harness.world.clock.now().as_millis() / 1000;
        let asked = with(
            with(asked, "StartTime", json!(now - 600)),
            "EndTime",
            json!(now),
        );
        with(
            with(asked, "Period", json!(60)),
            "Statistics",
            json!(["Maximum"]),
        )
    };
    let asked = range(five_minutes("CurrConnections", of_node("mine")));
    let answer = ask(&harness, "GetMetricStatistics", &asked).await;
    let points = answer["Datapoints"].as_array().unwrap();
    assert_eq!(points.len(), 3, "{answer}");
    assert!(points.iter().all(|point| point["Maximum"] == json!(1.0)));
    // Both nodes of a cluster are one series of its own.
    let cluster = dimensions(&[("CacheClusterId", "items")]);
    let asked = with(
        range(five_minutes("CurrItems", cluster)),
        "Statistics",
        json!(["SampleCount"]),
    );
    let answer = ask(&harness, "GetMetricStatistics", &asked).await;
    let points = answer["Datapoints"].as_array().unwrap();
    assert_eq!(points.len(), 4, "{answer}");
    assert!(
        points
            .iter()
            .all(|point| point["SampleCount"] == json!(2.0))
    );
    let listed = ask(
        &harness,
        "ListMetrics",
        &json!({"Dimensions": of_node("mine")}),
    )
    .await;
    let listed = listed.to_string();
    assert!(
        listed.contains("IsMaster")
            && listed.contains("FreeableMemory")
            && !listed.contains("UnusedMemory")
    );
    harness.finish().await;
}

/// Clients of before: a form, and XML.
#[tokio::test]
async fn the_query_protocol_tells_the_same() {
    let harness = Harness::start().await;
    measure(&harness, &node("mine"), &[("CurrItems", &[10.0, 20.0])]).await;
    let range = format!("&StartTime={}&EndTime={}", at(-300), at(0));
    let asked = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FElastiCache&MetricName=CurrItems&Period=300\
                 &Dimensions.member.1.Name=CacheClusterId&Dimensions.member.1.Value=mine&ExtendedStatistics.member.1=tm50";
    let reply = harness
        .post_signed_for("monitoring", &format!("{asked}{range}"), CALLER)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.body.contains("<ExtendedStatistics><entry><key>tm50</key><value>10</value></entry></ExtendedStatistics>"), "{}", reply.body);
    let wrong = asked.replace("tm50", "tm500");
    let reply = harness
        .post_signed_for("monitoring", &format!("{wrong}{range}"), CALLER)
        .await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .body
            .contains("<Type>Sender</Type><Code>InvalidParameterValue</Code>"),
        "{}",
        reply.body
    );
    // A form may say nothing but its action.
    let reply = harness
        .post_signed_for(
            "monitoring",
            "Action=ListMetrics&Version=2010-08-01",
            CALLER,
        )
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.body.contains("<MetricName>CurrItems</MetricName>"));
    let alarms = harness
        .post_signed_for(
            "monitoring",
            "Action=DescribeAlarms&Version=2010-08-01",
            CALLER,
        )
        .await;
    assert_eq!(alarms.status, 400);
    assert!(
        alarms.body.contains("<Code>InvalidAction</Code>"),
        "{}",
        alarms.body
    );
    harness.finish().await;
}
