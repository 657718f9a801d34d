//! What fuzzing must never find: a request that stops the decoder. Each fuzzing input is replayed here as well.

use std::fs;
use std::path::Path;

use cacheplane_api::query::Form;
use cacheplane_api::sigv4::Scope;
use cacheplane_api::{Fault, Input, Operation, for_each_operation, shapes};
use proptest::prelude::*;

macro_rules! decode_each {
    ($($operation:ident => $input:ident,)*) => {
        /// Decodes the request as every operation's input. Only whether it ends matters to callers.
        fn decode_as_everything(form: &Form) -> Vec<(Operation, Option<Fault>)> {
            vec![$((Operation::$operation, shapes::$input::decode(form).err()),)*]
        }
    };
}

for_each_operation!(decode_each);

/// Reads bytes as a request, in every way that the server may.
fn read(bytes: &[u8]) -> Option<Result<Operation, Fault>> {
    let form = Form::parse(bytes).ok()?;
    for (operation, fault) in decode_as_everything(&form) {
        let status = fault.map_or(200, |fault| fault.code().status());
        assert!(status < 500, "{operation:?}");
    }
    if let Some(credential) = form.value("X-Amz-Credential") {
        let _ = Scope::from_credential(credential);
    }
    Some(form.operation())
}

#[test]
fn committed_corpus_decodes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode");
    let mut decoded = 0;
    for entry in fs::read_dir(directory).expect("the corpus is committed") {
        let path = entry.expect("an entry").path();
        let body = fs::read(&path).expect("a readable file");
        // Files named after an operation are botocore's requests for it; others are what fuzzing brought up.
        let operation = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(Operation::from_name);
        match (operation, read(&body)) {
            (Some(operation), Some(Ok(asked))) if operation == asked => {
                let form = Form::parse(&body).expect("read before");
                let outcomes = decode_as_everything(&form);
                let (_, fault) = outcomes
                    .into_iter()
                    .find(|(of, _)| *of == operation)
                    .expect("every operation");
                assert!(fault.is_none(), "{}: {fault:?}", path.display());
                decoded += 1;
            }
            (Some(_), other) => panic!("{}: {other:?}", path.display()),
            (None, _) => {}
        }
    }
    assert_eq!(decoded, Operation::ALL.len());
}

/// Words that get a request past the first look-up: members, list words and numbers of the model.
fn path_part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "Action", "Version", "Tags", "Tag", "Key", "Value", "member", "CacheClusterId", "NumCacheNodes",
            "NodeGroupConfiguration", "ReplicaAvailabilityZones", "AvailabilityZone", "Slots", "ReplicaCount",
            "ReshardingConfiguration", "SecurityGroupIds", "LogDeliveryConfigurations", "DestinationDetails",
            "CloudWatchLogsDetails", "LogGroup", "StartTime", "ApplyImmediately", "Filters", "Values", "Passwords",
        ]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["0", "1", "01", "2", "10", "4294967296", "99999999999999999999", "-1"])
            .prop_map(str::to_owned),
        1 => "[a-zA-Z0-9.%+é-]{0,6}",
    ]
}

fn pair() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(String::new()),
        prop::sample::select(vec![
            "true",
            "abc",
            "12",
            "2026-01-02T03:04:05Z",
            "%",
            "%zz",
            "%ff",
            "a%20b+c"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,12}",
    ];
    (prop::collection::vec(path_part(), 1..6), value)
        .prop_map(|(path, value)| format!("{}={value}", path.join(".")))
}

proptest! {
    #[test]
    fn no_bytes_stop_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn nothing_that_looks_like_a_request_stops_the_decoder(pairs in prop::collection::vec(pair(), 0..30)) {
        read(pairs.join("&").as_bytes());
    }

    #[test]
    fn no_header_stops_the_scope_parser(
        header in prop_oneof!["\\PC*", "AWS4-HMAC-SHA256 Credential=[a-z0-9/_, =-]{0,80}"],
    ) {
        let _ = Scope::from_authorization(&header);
    }
}
