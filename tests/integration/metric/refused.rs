//! What is not taken: a table of changes to a call that is, each with its code and a word of its message.

use serde_json::{Value, json};

use super::{CALLER, ask, ask_as, at, data, expression, five_minutes, of_node, query, with};
use crate::harness::Harness;

const VALUE: &str = "InvalidParameterValueException";
const COMBINATION: &str = "InvalidParameterCombinationException";
const MISSING: &str = "MissingRequiredParameterException";

async fn check(harness: &Harness, operation: &str, input: &Value, code: &str, words: &str) {
    let (status, answer) = ask_as(harness, CALLER, operation, input).await;
    let kind = answer["__type"].as_str().unwrap_or_default();
    let message = answer["message"].as_str().unwrap_or_default();
    let is_expected =
        status == 400 && kind.ends_with(&format!("#{code}")) && message.contains(words);
    assert!(
        is_expected,
        "{operation} {input}: {status} {answer}, not {code} with {words}"
    );
}

#[tokio::test]
async fn statistics_that_cannot_be_told_are_refused() {
    let harness = Harness::start().await;
    let good = with(
        five_minutes("CurrItems", of_node("mine")),
        "Statistics",
        json!(["Sum"]),
    );
    drop(ask(&harness, "GetMetricStatistics", &good).await);
    let day = 24 * 60 * 60;
    let eleven: Vec<String> = (1..=11).map(|percent| format!("p{percent}")).collect();
    let many: Vec<Value> = (0..31)
        .map(|number| json!({"Name": format!("n{number}"), "Value": "v"}))
        .collect();
    for (member, value, code, words) in [
        ("Namespace", json!(null), MISSING, "Namespace"),
        ("MetricName", json!(""), MISSING, "MetricName"),
        ("StartTime", json!(null), MISSING, "StartTime"),
        ("EndTime", json!(null), MISSING, "EndTime"),
        ("Period", json!(null), MISSING, "Period"),
        ("Period", json!(7), VALUE, "multiple of 60"),
        ("Period", json!(0), VALUE, "multiple of 60"),
        ("Period", json!(-60), VALUE, "multiple of 60"),
        ("StartTime", json!(at(0)), VALUE, "less than"),
        (
            "StartTime",
            json!(at(-6 * day)),
            COMBINATION,
            "limit of 1440",
        ),
        ("Statistics", json!([]), COMBINATION, "not both"),
        (
            "ExtendedStatistics",
            json!(["p50"]),
            COMBINATION,
            "not both",
        ),
        ("Statistics", json!(["Median"]), VALUE, "Median"),
        ("Statistics", json!(["sum"]), VALUE, "sum"),
        ("Statistics", json!(["p50"]), VALUE, "p50"),
        ("Statistics", json!(["tm90"]), VALUE, "tm90"),
        (
            "Statistics",
            json!(["Sum", "Sum", "Sum", "Sum", "Sum", "Sum"]),
            VALUE,
            "greater than 5",
        ),
        ("Dimensions", json!(many), VALUE, "30 dimensions"),
        (
            "Dimensions",
            json!([{"Name": "CacheClusterId"}]),
            MISSING,
            "Value",
        ),
    ] {
        let input = with(good.clone(), member, value);
        check(&harness, "GetMetricStatistics", &input, code, words).await;
    }
    // Seconds are kept for three hours, minutes for fifteen days, five minutes for sixty-three.
    for (age, period, words) in [
        (day, 30, "multiple of 60"),
        (16 * day, 60, "multiple of 300"),
        (64 * day, 300, "multiple of 3600"),
    ] {
        let old = with(
            with(good.clone(), "StartTime", json!(at(-age))),
            "EndTime",
            json!(at(60 - age)),
        );
        check(
            &harness,
            "GetMetricStatistics",
            &with(old, "Period", json!(period)),
            VALUE,
            words,
        )
        .await;
    }
    let mut extended = good.clone();
    extended.as_object_mut().unwrap().remove("Statistics");
    check(
        &harness,
        "GetMetricStatistics",
        &with(extended.clone(), "ExtendedStatistics", json!(eleven)),
        VALUE,
        "greater than 10",
    )
    .await;
    for word in [
        "Sum",
        "p101",
        "tm101",
        "TM(10%:90)",
        "TM(90%:10%)",
        "TM(:)",
        "PR(10%:20%)",
        "IQM(1:2)",
        "XX(1:2)",
        "TM(-1:2)",
        "tm(1:2)",
    ] {
        let input = with(extended.clone(), "ExtendedStatistics", json!([word]));
        check(&harness, "GetMetricStatistics", &input, VALUE, word).await;
        if word != "Sum" {
            check(
                &harness,
                "GetMetricData",
                &data(&[query("q", "CurrItems", word, 60, true)]),
                VALUE,
                word,
            )
            .await;
        }
    }
    harness.finish().await;
}

#[tokio::test]
async fn metric_data_that_cannot_be_told_are_refused() {
    let harness = Harness::start().await;
    let hits = query("hits", "CacheHits", "Sum", 60, true);
    let good = data(std::slice::from_ref(&hits));
    drop(ask(&harness, "GetMetricData", &good).await);
    for (member, value, code, words) in [
        ("StartTime", json!(null), MISSING, "StartTime"),
        ("EndTime", json!(at(-600)), VALUE, "less than"),
        ("ScanBy", json!("Upwards"), VALUE, "Upwards"),
        ("MaxDatapoints", json!(0), VALUE, "between 1 and 100800"),
        (
            "MaxDatapoints",
            json!(100_801),
            VALUE,
            "between 1 and 100800",
        ),
        ("NextToken", json!("nonsense"), "InvalidNextToken", "token"),
        ("NextToken", json!("data-x"), "InvalidNextToken", "token"),
        ("MetricDataQueries", json!([]), MISSING, "MetricDataQueries"),
    ] {
        check(
            &harness,
            "GetMetricData",
            &with(good.clone(), member, value),
            code,
            words,
        )
        .await;
    }
    let both = with(hits.clone(), "Expression", json!("1"));
    let stat = |member: &str, value: Value| {
        let mut query = hits.clone();
        query["MetricStat"][member] = value;
        query
    };
    for (queries, code, words) in [
        (vec![json!({"Expression": "1"})], MISSING, "Id"),
        (vec![with(hits.clone(), "Id", json!("Hits"))], VALUE, "Hits"),
        (vec![hits.clone(), hits.clone()], VALUE, "not unique"),
        (vec![both], COMBINATION, "not both"),
        (vec![json!({"Id": "q"})], COMBINATION, "not both"),
        (
            vec![with(hits.clone(), "ReturnData", json!(false))],
            VALUE,
            "must return data",
        ),
        (vec![stat("Metric", json!(null))], MISSING, "Metric"),
        (vec![stat("Period", json!(null))], MISSING, "Period"),
        (vec![stat("Period", json!(61))], VALUE, "multiple of 60"),
        (vec![stat("Stat", json!(null))], MISSING, "Stat"),
        (
            vec![with(expression("e", "1"), "Period", json!(7))],
            VALUE,
            "multiple of 60",
        ),
        (vec![hits; 501], VALUE, "greater than 500"),
    ] {
        check(&harness, "GetMetricData", &data(&queries), code, words).await;
    }
    for (text, words) in [
        ("hits +", "ends too early"),
        ("nobody * 2", "no id"),
        ("1 + 1", "time series"),
        ("e + 1", "need itself"),
        ("NONSENSE(1)", "NONSENSE"),
        ("SEARCH('CurrItems', 'Median', 60)", "Median"),
        ("SEARCH('CurrItems')", "SEARCH takes"),
    ] {
        check(
            &harness,
            "GetMetricData",
            &data(&[expression("e", text)]),
            VALUE,
            words,
        )
        .await;
    }
    harness.finish().await;
}

#[tokio::test]
async fn lists_and_operations_that_are_not_there_are_refused() {
    let harness = Harness::start().await;
    for (input, code, words) in [
        (json!({"RecentlyActive": "P1D"}), VALUE, "PT3H"),
        (
            json!({"NextToken": "nonsense"}),
            "InvalidNextToken",
            "token",
        ),
        (json!({"Dimensions": [{"Value": "v"}]}), MISSING, "Name"),
        (json!({"Dimensions": "all"}), "SerializationException", ""),
        (json!([]), "SerializationException", ""),
    ] {
        check(&harness, "ListMetrics", &input, code, words).await;
    }
    // Alarms, dashboards and what others measure are not here.
    for operation in [
        "DescribeAlarms",
        "PutMetricAlarm",
        "PutDashboard",
        "PutMetricData",
        "GetMetricWidgetImage",
        "Nonsense",
    ] {
        check(
            &harness,
            operation,
            &json!({}),
            "UnknownOperationException",
            operation,
        )
        .await;
    }
    harness.finish().await;
}
