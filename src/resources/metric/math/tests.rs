use super::*;

struct Known;

fn series(label: &str, points: &[(i64, f64)]) -> Series {
    Series {
        label: label.to_owned(),
        period_seconds: 60,
        points: points
            .iter()
            .map(|(minute, value)| (minute * 60_000, *value))
            .collect(),
    }
}

impl Environment for Known {
    fn named(&self, id: &str) -> Result<Value, String> {
        let all = self.metrics().into_iter();
        let mut found = all
            .filter(|(known, _)| known == id)
            .map(|(_, series)| Value::Series(series));
        found.next().ok_or_else(|| format!("there is no {id}"))
    }

    fn metrics(&self) -> Vec<(String, Series)> {
        vec![
            (
                "hits".to_owned(),
                series("hits", &[(0, 9.0), (1, 6.0), (2, 0.0)]),
            ),
            (
                "misses".to_owned(),
                series("misses", &[(0, 1.0), (1, 2.0), (2, 0.0), (3, 5.0)]),
            ),
            ("gap".to_owned(), series("gap", &[(0, 1.0), (3, 4.0)])),
        ]
    }

    fn found(&self, _: &[Expression]) -> Vec<Series> {
        vec![series("a", &[(0, 1.0)]), series("b", &[(0, 3.0), (1, 4.0)])]
    }
}

fn value(text: &str) -> Result<Value, String> {
    evaluate(&parse(text)?, &Known)
}

#[track_caller]
fn check_points(text: &str, expected: &[(i64, f64)]) {
    match value(text) {
        Ok(Value::Series(found)) => assert_eq!(found.points, series("", expected).points, "{text}"),
        other => panic!("{text}: {other:?}"),
    }
}

#[track_caller]
fn check_number(text: &str, expected: f64) {
    assert_eq!(value(text), Ok(Value::Scalar(expected)), "{text}");
}

#[test]
fn arithmetic_is_that_of_school() {
    check_number("1 + 2 * 3", 7.0);
    check_number("(1 + 2) * 3", 9.0);
    check_number("2 - 3 - 4", -5.0);
    check_number("2 ^ 3 ^ 2", 512.0);
    check_number("-2 ^ 2", -4.0);
    check_number("8 / 4 / 2", 1.0);
    check_number("1 + 1 == 2 AND 3 > 4 OR 1", 1.0);
    check_number("2*-3", -6.0);
}

#[test]
fn series_meet_where_both_have_points() {
    check_points("hits + misses", &[(0, 10.0), (1, 8.0), (2, 0.0)]);
    // What comes of a division by zero is no point.
    check_points("100 * hits / (hits + misses)", &[(0, 90.0), (1, 75.0)]);
    check_points("hits > 5", &[(0, 1.0), (1, 1.0), (2, 0.0)]);
    check_points(
        "SUM([hits, misses])",
        &[(0, 10.0), (1, 8.0), (2, 0.0), (3, 5.0)],
    );
    check_points(
        "AVG(METRICS(\"ss\"))",
        &[(0, 1.0), (1, 2.0), (2, 0.0), (3, 5.0)],
    );
    check_points("MAX(SEARCH('x', 'Sum', 60))", &[(0, 3.0), (1, 4.0)]);
    check_number("SUM(hits)", 15.0);
    check_number("MAX(hits) - MIN(misses)", 9.0);
    check_number("METRIC_COUNT(METRICS())", 3.0);
    check_number("PERIOD(hits)", 60.0);
}

#[test]
fn gaps_rates_and_choices() {
    check_points("FILL(gap, 0)", &[(0, 1.0), (1, 0.0), (2, 0.0), (3, 4.0)]);
    check_points(
        "FILL(gap, REPEAT)",
        &[(0, 1.0), (1, 1.0), (2, 1.0), (3, 4.0)],
    );
    check_points(
        "FILL(gap, LINEAR)",
        &[(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)],
    );
    check_points("RATE(hits) * 60", &[(1, -3.0), (2, -6.0)]);
    check_points("DIFF(gap)", &[(3, 3.0)]);
    check_points(
        "IF(hits > 6, hits, misses)",
        &[(0, 9.0), (1, 2.0), (2, 0.0)],
    );
    check_points("ABS(hits - 6)", &[(0, 3.0), (1, 0.0), (2, 6.0)]);
    assert!(
        matches!(value("SEARCH('x', 'Sum', 60) * 2"), Ok(Value::Many(many)) if many.len() == 2 && many[1].label == "b")
    );
}

#[test]
fn what_is_no_expression_is_refused_in_words() {
    for (text, words) in [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("(1", ") is missing"),
        ("1 2", "2 is not expected"),
        ("a $ b", "$ is not expected"),
        ("'a", "quote"),
        ("nobody", "no nobody"),
        (
            "ANOMALY_DETECTION_BAND(hits)",
            "ANOMALY_DETECTION_BAND is not supported",
        ),
        ("SUM(1, 2)", "SUM does not take"),
        ("METRICS() + METRICS()", "two lists"),
        ("1.2.3", "no number"),
        ("'a' + 1", "text"),
    ] {
        let refused = value(text).expect_err(text);
        assert!(refused.contains(words), "{text}: {refused}");
    }
    let deep = "(".repeat(100_000);
    assert!(value(&deep).is_err());
    assert!(value(&"-".repeat(100_000)).is_err());
}
