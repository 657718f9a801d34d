//! What the encoder writes.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use cacheplane_api::{Fault, FaultCode, Operation, Service, shapes, xml};
use insta::assert_snapshot;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

const REQUEST_ID: &str = "b2a5f1a4-0000-4000-8000-000000000000";

/// The reply with a line break before every opening tag, to be read by people.
fn lines(xml: &str) -> String {
    xml.replace("><", ">\n<")
}

#[test]
fn a_reply_holds_what_is_present_and_nothing_else() {
    let cluster = shapes::CacheCluster {
        cache_cluster_id: Some("a<b".to_owned()),
        num_cache_nodes: Some(1),
        cache_cluster_create_time: Some(DateTime::from_millis(1_575_480_996_652)),
        pending_modified_values: Some(shapes::PendingModifiedValues::default()),
        cache_security_groups: Some(vec![]),
        cache_nodes: Some(vec![shapes::CacheNode {
            cache_node_id: Some("0001".to_owned()),
            cache_node_create_time: Some(DateTime::from_secs(1_575_527_903)),
            endpoint: Some(shapes::Endpoint {
                address: Some("10.0.0.1".to_owned()),
                port: Some(6379),
            }),
            ..Default::default()
        }]),
        auto_minor_version_upgrade: Some(false),
        ..Default::default()
    };
    let output = shapes::CacheClusterMessage {
        marker: None,
        cache_clusters: Some(vec![cluster]),
    };
    assert_snapshot!(lines(&xml::response(Operation::DescribeCacheClusters, &output, REQUEST_ID)), @r#"
    <DescribeCacheClustersResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
    <DescribeCacheClustersResult>
    <CacheClusters>
    <CacheCluster>
    <CacheClusterId>a&lt;b</CacheClusterId>
    <NumCacheNodes>1</NumCacheNodes>
    <CacheClusterCreateTime>2019-12-04T17:36:36.652Z</CacheClusterCreateTime>
    <PendingModifiedValues/>
    <CacheSecurityGroups/>
    <CacheNodes>
    <CacheNode>
    <CacheNodeId>0001</CacheNodeId>
    <CacheNodeCreateTime>2019-12-05T06:38:23Z</CacheNodeCreateTime>
    <Endpoint>
    <Address>10.0.0.1</Address>
    <Port>6379</Port>
    </Endpoint>
    </CacheNode>
    </CacheNodes>
    <AutoMinorVersionUpgrade>false</AutoMinorVersionUpgrade>
    </CacheCluster>
    </CacheClusters>
    </DescribeCacheClustersResult>
    <ResponseMetadata>
    <RequestId>b2a5f1a4-0000-4000-8000-000000000000</RequestId>
    </ResponseMetadata>
    </DescribeCacheClustersResponse>
    "#);
}

#[test]
fn an_output_without_members_keeps_its_result_element() {
    let output = shapes::EventsMessage::default();
    assert_snapshot!(xml::response(Operation::DescribeEvents, &output, "r"), @r#"<DescribeEventsResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"><DescribeEventsResult/><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeEventsResponse>"#);
}

#[test]
fn an_operation_without_output_has_no_result_element() {
    assert_snapshot!(xml::response(Operation::DeleteCacheSubnetGroup, &(), "r"), @r#"<DeleteCacheSubnetGroupResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteCacheSubnetGroupResponse>"#);
}

/// botocore takes the name of the list's shape for the element, other SDKs the member's: both are there.
#[test]
fn pending_log_deliveries_stand_under_both_names() {
    let values = shapes::PendingModifiedValues {
        log_delivery_configurations: Some(vec![shapes::PendingLogDeliveryConfiguration {
            log_type: Some(shapes::log_type::SLOW_LOG.to_owned()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    let output = shapes::CreateCacheClusterResult {
        cache_cluster: Some(shapes::CacheCluster {
            pending_modified_values: Some(values),
            ..Default::default()
        }),
    };
    assert_snapshot!(lines(&xml::response(Operation::CreateCacheCluster, &output, "r")), @r#"
    <CreateCacheClusterResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
    <CreateCacheClusterResult>
    <CacheCluster>
    <PendingModifiedValues>
    <LogDeliveryConfigurations>
    <member>
    <LogType>slow-log</LogType>
    </member>
    </LogDeliveryConfigurations>
    <PendingLogDeliveryConfiguration>
    <member>
    <LogType>slow-log</LogType>
    </member>
    </PendingLogDeliveryConfiguration>
    </PendingModifiedValues>
    </CacheCluster>
    </CreateCacheClusterResult>
    <ResponseMetadata>
    <RequestId>r</RequestId>
    </ResponseMetadata>
    </CreateCacheClusterResponse>
    "#);
}

#[test]
fn a_fault_shows_code_and_message_but_not_its_source() {
    let fault = Fault::new(
        FaultCode::CacheClusterNotFound,
        "CacheCluster not found: <x> & \u{0}y",
    )
    .with_source("no such row in /var/lib/cacheplane");
    assert_snapshot!(lines(&xml::error_response(Service::ElastiCache, &fault, REQUEST_ID)), @r#"
    <ErrorResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
    <Error>
    <Type>Sender</Type>
    <Code>CacheClusterNotFound</Code>
    <Message>CacheCluster not found: &lt;x&gt; &amp; �y</Message>
    </Error>
    <RequestId>b2a5f1a4-0000-4000-8000-000000000000</RequestId>
    </ErrorResponse>
    "#);
    let fault = Fault::new(FaultCode::InternalFailure, "");
    assert_snapshot!(xml::error_response(Service::ElastiCache, &fault, "r"), @r#"<ErrorResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message/></Error><RequestId>r</RequestId></ErrorResponse>"#);
}

#[test]
fn numbers_look_as_on_aws() {
    for (price, expected) in [
        (0.0, "0.0"),
        (0.095, "0.095"),
        (-2.0, "-2.0"),
        (1e300, "1e300"),
        (f64::NAN, "NaN"),
    ] {
        let output = shapes::ReservedCacheNodesOfferingMessage {
            reserved_cache_nodes_offerings: Some(vec![shapes::ReservedCacheNodesOffering {
                fixed_price: Some(price),
                duration: Some(i32::MIN),
                ..Default::default()
            }]),
            ..Default::default()
        };
        let xml = xml::response(Operation::DescribeReservedCacheNodesOfferings, &output, "r");
        assert!(
            xml.contains(&format!("<FixedPrice>{expected}</FixedPrice>")),
            "{xml}"
        );
        assert!(xml.contains("<Duration>-2147483648</Duration>"), "{xml}");
    }
}

fn event_at(time: DateTime) -> String {
    let event = shapes::Event {
        date: Some(time),
        ..Default::default()
    };
    let output = shapes::EventsMessage {
        marker: None,
        events: Some(vec![event]),
    };
    let xml = xml::response(Operation::DescribeEvents, &output, "r");
    let (_, rest) = xml.split_once("<Date>").expect("a date");
    rest.split_once("</Date>").expect("an end").0.to_owned()
}

#[test]
fn timestamps_stay_within_four_digits_of_year() {
    assert_eq!(
        event_at(DateTime::from_secs(i64::MIN)),
        "0000-01-01T00:00:00Z"
    );
    assert_eq!(
        event_at(DateTime::from_secs(i64::MAX)),
        "9999-12-31T23:59:59Z"
    );
    assert_eq!(
        event_at(DateTime::from_secs_and_nanos(0, 999_999)),
        "1970-01-01T00:00:00Z"
    );
    assert_eq!(
        event_at(DateTime::from_millis(-1)),
        "1969-12-31T23:59:59.999Z"
    );
    assert_eq!(
        event_at(DateTime::from_secs(951_782_400)),
        "2000-02-29T00:00:00Z"
    );
}

/// What XML cannot carry, as it arrives.
fn as_received(text: &str) -> String {
    let lost = |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|c| if lost(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The text of an element, as an independent parser reads it.
fn parsed_text(xml: &str, element: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut text = None;
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(tag) if tag.name().as_ref() == element => text = Some(String::new()),
            Event::Empty(tag) if tag.name().as_ref() == element => {
                return Some(String::new());
            }
            Event::End(tag) if tag.name().as_ref() == element => return text,
            Event::Text(part) => {
                text.iter_mut().for_each(|text| text.push_str(&part));
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().expect("a reference");
                let named = resolve_predefined_entity(&reference).map(str::to_owned);
                let resolved = character
                    .map(String::from)
                    .or(named)
                    .expect("a known reference");
                text.iter_mut().for_each(|text| text.push_str(&resolved));
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn any_text_arrives(text in prop_oneof![any::<String>(), "[<>&\"'\\x00-\\x20\u{fffe}\u{ffff}\u{fffd}\u{efff}]{0,20}"]) {
        let fault = Fault::new(FaultCode::InvalidParameterValue, text.clone());
        let xml = xml::error_response(Service::ElastiCache, &fault, "r");
        prop_assert_eq!(parsed_text(&xml, "Message"), Some(as_received(&text)));
    }

    #[test]
    fn timestamps_read_back(millis in -62_167_219_200_000i64..253_402_300_800_000) {
        let time = DateTime::from_millis(millis);
        let written = event_at(time);
        prop_assert_eq!(DateTime::from_str(&written, Format::DateTime).expect("a timestamp"), time);
    }
}
