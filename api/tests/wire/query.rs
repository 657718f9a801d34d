//! What the decoder makes of requests, good and bad.

use cacheplane_api::query::{Form, MAX_KEY_BYTES, MAX_PAIRS};
use cacheplane_api::{Fault, FaultCode, Input, Operation, shapes};
use proptest::prelude::*;

fn decode<I: Input>(body: &str) -> Result<I, Fault> {
    I::decode(&Form::parse(body.as_bytes())?)
}

fn create_cluster(members: &str) -> Result<shapes::CreateCacheClusterMessage, Fault> {
    decode(&format!(
        "Action=CreateCacheCluster&Version=2015-02-02&CacheClusterId=a&{members}"
    ))
}

/// A refusal in one line.
fn refusal<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    let fault = result.expect_err("a refusal");
    format!("{} {}", fault.code().status(), fault)
}

#[test]
fn action_and_version_choose_the_operation() {
    let ask = |body: &str| Form::parse(body.as_bytes()).and_then(|form| form.operation());
    for version in ["2015-02-02", "2014-12-01", "2014-09-30"] {
        let body = format!("Action=DescribeCacheClusters&Version={version}");
        assert_eq!(
            ask(&body).ok(),
            Some(Operation::DescribeCacheClusters),
            "{version}"
        );
    }
    for (body, expected) in [
        (
            "",
            "400 MissingAction: The request is missing an action or a required parameter.",
        ),
        (
            "Action=&Version=2015-02-02",
            "400 MissingAction: The request is missing an action or a required parameter.",
        ),
        (
            "Action=Explode&Version=2015-02-02",
            "400 InvalidAction: Could not find operation Explode for version 2015-02-02",
        ),
        (
            "Action=describecacheclusters&Version=2015-02-02",
            "400 InvalidAction: Could not find operation describecacheclusters for version 2015-02-02",
        ),
        (
            "Action=DescribeCacheClusters",
            "400 InvalidAction: Could not find operation DescribeCacheClusters for version NO_VERSION_SPECIFIED",
        ),
        (
            "Action=DescribeCacheClusters&Version=2010-05-08",
            "400 InvalidAction: Could not find operation DescribeCacheClusters for version 2010-05-08",
        ),
    ] {
        assert_eq!(refusal(ask(body)), expected, "{body}");
    }
    let long = format!("Action={}&Version=2015-02-02", "é".repeat(5000));
    assert!(refusal(ask(&long)).chars().count() < 300);
}

#[test]
fn lists_are_found_under_any_word() {
    for body in [
        "Tags.Tag.1.Key=k&Tags.Tag.1.Value=v&Tags.Tag.2.Key=l",
        "Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l",
        "Tags.1.Key=k&Tags.1.Value=v&Tags.2.Key=l",
        "Tags.Tag.7.Key=k&Tags.Tag.7.Value=v&Tags.Tag.4294967295.Key=l",
        "Tags.Tag.10.Key=l&Tags.Tag.9.Key=k&Tags.Tag.9.Value=v",
        "Tags=&Tags.Tag.0.Key=k&Tags.Tag.0.Value=v&Tags.Tag.1.Key=l",
    ] {
        let tags = create_cluster(body).expect(body).tags.expect("tags");
        let tags: Vec<_> = tags
            .iter()
            .map(|tag| (tag.key.as_deref(), tag.value.as_deref()))
            .collect();
        assert_eq!(tags, [(Some("k"), Some("v")), (Some("l"), None)], "{body}");
    }
}

#[test]
fn an_empty_list_is_no_list_of_one_empty_name() {
    let input = create_cluster("SecurityGroupIds=&Tags.member=").expect("an input");
    assert_eq!(input.security_group_ids, Some(vec![]));
    assert_eq!(input.tags, Some(vec![]));
    assert_eq!(input.cache_security_group_names, None);
    assert_eq!(
        create_cluster("SecurityGroupIds")
            .expect("an input")
            .security_group_ids,
        Some(vec![])
    );
}

#[test]
fn structures_and_lists_nest() {
    let input: shapes::CreateReplicationGroupMessage = decode(
        "ReplicationGroupId=g&ReplicationGroupDescription=+\
         &NodeGroupConfiguration.NodeGroupConfiguration.1.ReplicaAvailabilityZones.AvailabilityZone.2=b\
         &NodeGroupConfiguration.NodeGroupConfiguration.1.ReplicaAvailabilityZones.AvailabilityZone.1=a\
         &NodeGroupConfiguration.NodeGroupConfiguration.1.ReplicaCount=2\
         &LogDeliveryConfigurations.LogDeliveryConfigurationRequest.1.DestinationDetails.CloudWatchLogsDetails.LogGroup=l",
    )
    .expect("an input");
    assert_eq!(input.replication_group_description, " ");
    let node_groups = input.node_group_configuration.expect("node groups");
    assert_eq!(node_groups[0].replica_count, Some(2));
    assert_eq!(
        node_groups[0].replica_availability_zones.as_deref(),
        Some(&["a".to_owned(), "b".to_owned()][..])
    );
    let deliveries = input.log_delivery_configurations.expect("deliveries");
    let details = deliveries[0]
        .destination_details
        .as_ref()
        .and_then(|details| details.cloud_watch_logs_details.as_ref());
    assert_eq!(
        details.and_then(|details| details.log_group.as_deref()),
        Some("l")
    );
}

#[test]
fn unknown_members_are_ignored() {
    let input = create_cluster(
        "Colour=red&Tags.Tag.1.Key=k&Tags.Tag.1.Colour=red&.=&..=x&=y&&&Engine-x=1&Engine=redis",
    );
    assert_eq!(input.expect("an input").engine.as_deref(), Some("redis"));
}

#[test]
fn wrong_types_and_kinds_are_malformed_input() {
    for (member, expected) in [
        (
            "NumCacheNodes=abc",
            "The value of NumCacheNodes is not an integer.",
        ),
        (
            "NumCacheNodes=",
            "The value of NumCacheNodes is not an integer.",
        ),
        (
            "NumCacheNodes=2147483648",
            "The value of NumCacheNodes is not an integer.",
        ),
        (
            "NumCacheNodes=1.0",
            "The value of NumCacheNodes is not an integer.",
        ),
        (
            "AutoMinorVersionUpgrade=yes",
            "The value of AutoMinorVersionUpgrade is not a boolean.",
        ),
        (
            "Engine.member.1=redis",
            "Start of list found where not expected: Engine",
        ),
        (
            "Engine=redis&Engine.1=redis",
            "Start of list found where not expected: Engine",
        ),
        ("Tags=k", "Unexpected list element termination: Tags"),
        ("Tags.Tag=k", "Unexpected list element termination: Tags"),
        (
            "Tags.Tag.x.Key=k",
            "Unexpected list element termination: Tags",
        ),
        (
            "Tags.Tag.1.Key=k&Tags.member.2.Key=l",
            "Unexpected list element termination: Tags",
        ),
        (
            "Tags.Tag.1.Key=k&Tags.2.Key=l",
            "Unexpected list element termination: Tags",
        ),
        (
            "Tags.Tag.1.Key=k&Tags.Tag.01.Key=l",
            "Unexpected list element termination: Tags",
        ),
        (
            "Tags.Tag.99999999999999999999.Key=k",
            "Unexpected list element termination: Tags",
        ),
        (
            "Tags.Tag.1=k",
            "Unexpected complex element termination: Tags",
        ),
    ] {
        assert_eq!(
            refusal(create_cluster(member)),
            format!("400 MalformedInput: {expected}"),
            "{member}"
        );
    }
    let events = decode::<shapes::DescribeEventsMessage>("StartTime=yesterday");
    let expected = "400 MalformedInput: The value of StartTime is not an ISO 8601 timestamp.";
    assert_eq!(refusal(events), expected);
}

#[test]
fn scalars_are_read_leniently_where_it_is_safe() {
    let input = create_cluster("AutoMinorVersionUpgrade=True&NumCacheNodes=%2B3&Port=-1")
        .expect("an input");
    assert_eq!(input.auto_minor_version_upgrade, Some(true));
    assert_eq!((input.num_cache_nodes, input.port), (Some(3), Some(-1)));
    for text in [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T05:04:05%2B02:00",
    ] {
        let input: shapes::DescribeEventsMessage =
            decode(&format!("StartTime={text}")).expect(text);
        assert_eq!(
            input.start_time.map(|time| time.secs()),
            Some(1_767_323_045),
            "{text}"
        );
    }
}

#[test]
fn required_members_are_asked_for_by_name() {
    let blank = "400 InvalidParameterValue: The parameter CacheClusterId must be provided and must not be blank.";
    assert_eq!(
        refusal(decode::<shapes::CreateCacheClusterMessage>("Engine=redis")),
        blank
    );
    assert_eq!(
        refusal(decode::<shapes::CreateCacheClusterMessage>(
            "CacheClusterId="
        )),
        blank
    );
    let subnet_group = "CacheSubnetGroupName=n&CacheSubnetGroupDescription=d";
    assert_eq!(
        refusal(decode::<shapes::CreateCacheSubnetGroupMessage>(
            subnet_group
        )),
        "400 InvalidParameterValue: The parameter SubnetIds must be provided."
    );
}

#[test]
fn broken_encoding_is_a_malformed_query_string() {
    let encoding = "404 MalformedQueryString: The query string contains a broken percent-encoding.";
    let text = "404 MalformedQueryString: The query string is not UTF-8.";
    for (body, expected) in [
        (&b"a=%"[..], encoding),
        (b"a=%2", encoding),
        (b"a=%2g", encoding),
        (b"%zz=a", encoding),
        (b"a=%ff", text),
        (b"a=\xff", text),
        (b"a=%ed%a0%80", text),
    ] {
        assert_eq!(refusal(Form::parse(body)), expected, "{body:?}");
    }
    let form = Form::parse(b"a=%F0%9f%98%80+%2B%26%3D").expect("a form");
    assert_eq!(form.value("a"), Some("😀 +&="));
}

#[test]
fn a_member_given_twice_must_agree_with_itself() {
    assert_eq!(
        create_cluster("Engine=redis&Engine=redis")
            .expect("an input")
            .engine
            .as_deref(),
        Some("redis")
    );
    assert_eq!(
        refusal(create_cluster(
            "Engine=redis&AuthToken=s3cret&Engine=valkey"
        )),
        "404 MalformedQueryString: The parameter Engine is given twice with different values."
    );
    let parts: [&[u8]; 2] = [b"Action=DescribeUsers", b"Action=DescribeEvents"];
    assert_eq!(
        refusal(Form::parse_parts(parts)),
        "404 MalformedQueryString: The parameter Action is given twice with different values."
    );
}

#[test]
fn requests_are_bounded() {
    let pairs = |count: usize| {
        (0..count)
            .map(|index| format!("k{index}="))
            .collect::<Vec<_>>()
            .join("&")
    };
    assert!(Form::parse(pairs(MAX_PAIRS).as_bytes()).is_ok());
    assert_eq!(
        refusal(Form::parse(pairs(MAX_PAIRS + 1).as_bytes())),
        "404 MalformedQueryString: The request has more than 16384 parameters."
    );
    assert!(Form::parse("k".repeat(MAX_KEY_BYTES).as_bytes()).is_ok());
    assert_eq!(
        refusal(Form::parse("k".repeat(MAX_KEY_BYTES + 1).as_bytes())),
        "404 MalformedQueryString: The name of a parameter is too long."
    );
}

#[test]
fn secrets_show_in_no_debug_output() {
    let body = "CacheClusterId=a&UserId=u&UserName=n&Engine=redis&AccessString=x&AuthToken=s3cret\
                &Passwords.member.1=s3cret&AuthenticationMode.Type=password&AuthenticationMode.Passwords.member.1=s3cret";
    let form = Form::parse(body.as_bytes()).expect("a form");
    let cluster = shapes::CreateCacheClusterMessage::decode(&form).expect("an input");
    let user = shapes::CreateUserMessage::decode(&form).expect("an input");
    assert_eq!(cluster.auth_token.as_deref(), Some("s3cret"));
    let shown = format!("{form:?} {cluster:?} {user:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("auth_token: Some(<redacted>)"), "{shown}");
}

#[test]
fn an_operation_knows_its_input_and_output() {
    assert_eq!(Operation::ALL.len(), 77);
    for operation in Operation::ALL {
        assert_eq!(Operation::from_name(operation.name()), Some(operation));
        assert_eq!(
            operation.result_wrapper().is_some(),
            operation.output_shape().is_some()
        );
    }
    assert_eq!(
        shapes::CreateUserMessage::OPERATION.output_shape(),
        Some("User")
    );
    assert!(
        Operation::CreateCacheCluster
            .declared_faults()
            .contains(&FaultCode::CacheClusterAlreadyExists)
    );
    assert_eq!(Operation::DeleteCacheSubnetGroup.output_shape(), None);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn any_text_comes_back(entries in prop::collection::vec(any::<String>(), 0..12), token in any::<String>()) {
        let mut body = format!("AuthToken={}", encoded(&token));
        for (index, entry) in entries.iter().enumerate() {
            body.push_str(&format!("&SecurityGroupIds.SecurityGroupId.{}={}", 3 * index + 1, encoded(entry)));
        }
        let input = create_cluster(&body).expect("an input");
        prop_assert_eq!(input.auth_token, Some(token));
        prop_assert_eq!(input.security_group_ids.unwrap_or_default(), entries);
    }

    #[test]
    fn order_of_pairs_does_not_matter(seed in prop::collection::vec(any::<prop::sample::Index>(), 8)) {
        let mut pairs = [
            "Engine=redis", "Engine-x=1", "Tags.Tag.1.Key=a", "Tags.Tag.2.Key=b", "Tags.Tag.10.Key=c",
            "Tagsx=1", "Tags-x.1=2", "NumCacheNodes=1",
        ];
        let ordered = create_cluster(&pairs.join("&")).expect("an input");
        for (index, other) in seed.iter().enumerate() {
            let other = other.index(pairs.len());
            pairs.swap(index, other);
        }
        prop_assert_eq!(create_cluster(&pairs.join("&")).expect("an input"), ordered);
    }
}
