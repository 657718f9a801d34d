use ciborium::{Value as Cbor, cbor};
use serde_json::json;

use super::request::{from_cbor, from_form, from_json, protocol};
use super::shapes::{Datapoint, GetMetricStatisticsInput, GetMetricStatisticsOutput};
use super::*;
use crate::query::Form;

fn encoded(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

#[test]
fn one_question_is_the_same_in_all_protocols() {
    let start = Cbor::Tag(1, Box::new(Cbor::Float(1_772_625_600.5)));
    let body = Cbor::Map(vec![
        ("Namespace".into(), "AWS/ElastiCache".into()),
        ("Period".into(), 60.into()),
        ("StartTime".into(), start),
        (
            "Statistics".into(),
            Cbor::Array(vec!["Sum".into(), "Average".into()]),
        ),
        (
            "Dimensions".into(),
            cbor!([{ "Name" => "CacheClusterId", "Value" => "c" }]).unwrap(),
        ),
    ]);
    let asked: GetMetricStatisticsInput = read(from_cbor(&encoded(&body)).unwrap()).unwrap();
    assert_eq!(asked.start_time, Some(1_772_625_600_500));
    assert_eq!((asked.period, asked.statistics.len()), (Some(60), 2));
    let body = json!({
        "Namespace": "AWS/ElastiCache", "Period": 60, "StartTime": 1_772_625_600.5, "Statistics": ["Sum", "Average"],
        "Dimensions": [{"Name": "CacheClusterId", "Value": "c"}],
    });
    assert_eq!(
        read::<GetMetricStatisticsInput>(from_json(body.to_string().as_bytes()).unwrap()).unwrap(),
        asked
    );
    let form = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FElastiCache&Period=60\
        &StartTime=2026-03-04T12:00:00.500Z&Statistics.member.1=Sum&Statistics.member.2=Average\
        &Dimensions.member.1.Name=CacheClusterId&Dimensions.member.1.Value=c";
    let form = Form::parse(form.as_bytes()).unwrap();
    assert_eq!(
        read::<GetMetricStatisticsInput>(from_form(&form).unwrap()).unwrap(),
        asked
    );
}

#[test]
fn a_tenth_member_of_a_list_follows_the_ninth() {
    let form: String = (1..=11)
        .map(|n| format!("Statistics.member.{n}=s{n}&"))
        .collect();
    let form = Form::parse(form.as_bytes()).unwrap();
    let asked: GetMetricStatisticsInput = read(from_form(&form).unwrap()).unwrap();
    assert_eq!(asked.statistics[8..], ["s9", "s10", "s11"]);
}

#[test]
fn what_is_no_question_is_refused() {
    for body in [&b"\xff"[..], b"\x82\x01", b"\xa1\x01\x02", b"\xf9\x7e\x00"] {
        let refused = from_cbor(body).and_then(read::<GetMetricStatisticsInput>);
        assert_eq!(refused.unwrap_err().code, Code::Serialization, "{body:?}");
    }
    let mut deep = vec![0x81; 100_000];
    deep.push(0x01);
    assert_eq!(from_cbor(&deep).unwrap_err().code, Code::Serialization);
    for body in [
        "[",
        "{\"Period\": {}}",
        "{\"StartTime\": \"yesterday\"}",
        "7",
    ] {
        let refused = from_json(body.as_bytes()).and_then(read::<GetMetricStatisticsInput>);
        assert_eq!(refused.unwrap_err().code, Code::Serialization, "{body}");
    }
    let form = Form::parse(b"Dimensions.member.x.Name=a").unwrap();
    assert_eq!(from_form(&form).unwrap_err().code, Code::Serialization);
}

#[test]
fn one_answer_is_written_in_each_protocol() {
    let output = GetMetricStatisticsOutput {
        label: "Cur<r".to_owned(),
        datapoints: vec![Datapoint {
            timestamp: 1_772_625_600_000,
            average: Some(1.5),
            unit: "Count".to_owned(),
            extended_statistics: vec![("p99".to_owned(), 2.0)],
            ..Datapoint::default()
        }],
    };
    let write = |protocol| {
        reply::reply(
            protocol,
            Operation::GetMetricStatistics,
            &output.node(),
            "id",
        )
    };
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&write(Protocol::Json)).unwrap(),
        json!({"Label": "Cur<r", "Datapoints": [{"Timestamp": 1_772_625_600.0, "Average": 1.5, "Unit": "Count",
            "ExtendedStatistics": {"p99": 2.0}}]})
    );
    let xml = String::from_utf8(write(Protocol::Query)).unwrap();
    assert_eq!(
        xml,
        "<GetMetricStatisticsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><GetMetricStatisticsResult>\
         <Label>Cur&lt;r</Label><Datapoints><member><Timestamp>2026-03-04T12:00:00Z</Timestamp><Average>1.5</Average>\
         <Unit>Count</Unit><ExtendedStatistics><entry><key>p99</key><value>2</value></entry></ExtendedStatistics></member>\
         </Datapoints></GetMetricStatisticsResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>\
         </GetMetricStatisticsResponse>"
    );
    let read: Cbor = ciborium::from_reader(&write(Protocol::Cbor)[..]).unwrap();
    let text = format!("{read:?}");
    assert!(text.contains("Tag(1, Float(1772625600.0))"), "{text}");
}

#[test]
fn protocols_are_told_apart_by_path_and_header() {
    let check = |path, target, expected: (Protocol, Option<&str>)| {
        let (found, name) = protocol(path, target);
        assert_eq!((found, name.as_deref()), expected);
    };
    let path = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
    check(path, None, (Protocol::Cbor, Some("ListMetrics")));
    check(
        "/",
        Some("GraniteServiceVersion20100801.ListMetrics"),
        (Protocol::Json, Some("ListMetrics")),
    );
    check(
        "/",
        Some("DynamoDB_20120810.ListTables"),
        (Protocol::Query, None),
    );
    check("/", None, (Protocol::Query, None));
}
