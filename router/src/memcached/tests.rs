//! The two protocols' scanners: what they find, and that it does not depend on segment boundaries.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::step::{Begins, Protocol, Replies, Requests, Step};

/// A step as text, forwarded data joined to its command, which is all that segmentation may change.
fn steps(segments: &[&[u8]]) -> Vec<String> {
    let mut input = BytesMut::new();
    let mut requests = None;
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    'segments: for segment in segments {
        input.extend_from_slice(segment);
        if requests.is_none() {
            requests = Requests::begin(&input);
        }
        let Some(requests) = &mut requests else {
            continue;
        };
        while let Some(step) = requests.step(&mut input) {
            match step {
                Step::Forward {
                    bytes,
                    begins: Begins::Nothing,
                } => match found.last_mut() {
                    Some((_, before)) => before.extend_from_slice(&bytes),
                    None => panic!("data of no command"),
                },
                Step::Forward {
                    bytes,
                    begins: Begins::Command { refusal },
                } => {
                    let name = if refusal.is_empty() {
                        "quiet"
                    } else {
                        "forward"
                    };
                    found.push((name.to_owned(), bytes.to_vec()));
                }
                Step::Forward {
                    bytes,
                    begins: Begins::Marked { .. },
                } => {
                    found.push(("marked".to_owned(), bytes.to_vec()));
                }
                Step::Discover { form } => found.push((format!("{form:?}"), Vec::new())),
                Step::Say { answer } => found.push(("say".to_owned(), answer.to_vec())),
                Step::Quit { bytes } => found.push(("quit".to_owned(), bytes.to_vec())),
                Step::Refuse { answer } => {
                    found.push(("refuse".to_owned(), answer.to_vec()));
                    break 'segments;
                }
            }
        }
    }
    found
        .iter()
        .map(|(name, bytes)| format!("{name} {}", bytes.escape_ascii()))
        .collect()
}

/// Checks a conversation in one segment, and again byte by byte.
fn check(input: &[u8], expected: &[&str]) {
    assert_eq!(steps(&[input]), expected);
    let single: Vec<_> = input.chunks(1).collect();
    assert_eq!(steps(&single), expected, "byte by byte");
}

#[test]
fn discovery_is_found_and_the_rest_is_forwarded_as_it_came() {
    check(
        b"config get cluster\r\nget a b\r\nconfig get cluster\ngets  a \r\nfrobnicate\r\n\r\n",
        &[
            "Config ",
            r"forward get a b\r\n",
            "Config ",
            r"forward gets  a \r\n",
            r"forward frobnicate\r\n",
            r"forward \r\n",
        ],
    );
}

#[test]
fn the_old_key_is_answered_here_and_its_neighbours_by_a_node() {
    check(
        b"get AmazonElastiCache:cluster\r\ngets a AmazonElastiCache:cluster b\r\nget AmazonElastiCache:clusters\r\n",
        &[
            "Value { with_cas: false, ends: true } ",
            "Value { with_cas: true, ends: false } ",
            r"forward gets a b\r\n",
            r"forward get AmazonElastiCache:clusters\r\n",
        ],
    );
}

#[test]
fn data_blocks_are_not_taken_for_commands() {
    check(
        b"set a 0 0 20\r\nconfig get cluster\r\n\r\nms a 4 T0\r\nquit\r\ncas a 0 0 2 7 noreply\r\n\r\n\r\nadd a 0 0 0\r\n\r\nversion\r\n",
        &[
            r"forward set a 0 0 20\r\nconfig get cluster\r\n\r\n",
            r"forward ms a 4 T0\r\nquit\r\n",
            r"quiet cas a 0 0 2 7 noreply\r\n\r\n\r\n",
            r"forward add a 0 0 0\r\n\r\n",
            r"marked version\r\n",
        ],
    );
}

#[test]
fn a_malformed_storage_line_has_no_data_as_memcached_sees_it() {
    check(
        b"set a 0 0 x\r\nset a 0 0 -1\r\nset a 0 0 99999999999999999999\r\nset a\r\nconfig get cluster\r\n",
        &[
            r"forward set a 0 0 x\r\n",
            r"forward set a 0 0 -1\r\n",
            r"forward set a 0 0 99999999999999999999\r\n",
            r"forward set a\r\n",
            "Config ",
        ],
    );
}

#[test]
fn configuration_is_not_the_clients_to_write() {
    let refusal = r"say CLIENT_ERROR the cluster keeps its own configuration\r\n";
    check(
        b"config set cluster 0 8\r\nconfig\r\n\r\nconfig delete cluster\r\nconfig get other\r\nconfig\r\nconfig get cluster\r\n",
        &[refusal, refusal, r"say END\r\n", r"say ERROR\r\n", "Config "],
    );
}

#[test]
fn lines_and_items_are_bounded() {
    let endless = vec![b'x'; 5000];
    check(&endless, &[r"refuse CLIENT_ERROR line is too long\r\n"]);
    let mut large = b"set a 0 0 134217729\r\n".to_vec();
    large.resize(large.len() + 134_217_729 + 2, b'x');
    large.extend_from_slice(b"config get cluster\r\n");
    let segments: Vec<_> = large.chunks(1 << 20).collect();
    assert_eq!(
        steps(&segments),
        [
            r"say SERVER_ERROR object too large for cache\r\n",
            "Config "
        ]
    );
}

#[test]
fn a_retrieval_of_many_keys_may_be_long() {
    let keys = vec!["key"; 2000].join(" ");
    let input = format!("get {keys}\r\nconfig get cluster\r\n");
    check(
        input.as_bytes(),
        &[&format!(r"forward get {keys}\r\n"), "Config "],
    );
}

fn binary(opcode: u8, body: &[u8], opaque: u8) -> Vec<u8> {
    let mut request = vec![0x80, opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
    request.extend_from_slice(&[0, 0, 0, opaque, 0, 0, 0, 0, 0, 0, 0, 0]);
    request.extend_from_slice(body);
    request
}

#[test]
fn binary_requests_are_told_apart() {
    let (get, noop) = (
        binary(0, b"config get cluster\r\n", 1),
        binary(0x0a, b"", 2),
    );
    let input = [
        get.clone(),
        binary(0x60, b"cluster", 3),
        noop.clone(),
        binary(7, b"", 4),
    ]
    .concat();
    check(
        &input,
        &[
            &format!("forward {}", get.escape_ascii()),
            "Binary { opaque: 3 } ",
            &format!("marked {}", noop.escape_ascii()),
            &format!("quit {}", binary(7, b"", 4).escape_ascii()),
        ],
    );
    check(
        &[noop.clone(), b"get a\r\n".to_vec()].concat(),
        &[&format!("marked {}", noop.escape_ascii()), "refuse "],
    );
    let mut endless = binary(1, b"", 1);
    endless[8] = 0xff;
    check(&endless, &["refuse "]);
}

/// What passes to the client, with `|` where marks were.
fn replies(protocol: Protocol, segments: &[&[u8]]) -> String {
    let mut replies = Replies::new(protocol);
    let mut input = BytesMut::new();
    let mut out = Vec::new();
    for segment in segments {
        input.extend_from_slice(segment);
        loop {
            let scan = replies.scan(&input);
            out.extend_from_slice(&input.split_to(scan.pass));
            let Some(mark_bytes) = scan.mark else { break };
            let _ = input.split_to(mark_bytes);
            out.push(b'|');
        }
    }
    out.extend_from_slice(&input);
    out.escape_ascii().to_string()
}

#[test]
fn a_mark_is_found_between_replies_and_not_inside_them() {
    let input: &[u8] = b"STORED\r\nVALUE VERSION 0 12 7\r\nVERSION 1.6\n\r\nEND\r\nVERSION 1.6.18\r\nVA 9 s9\r\nVERSION x\r\nHD\r\nERROR\r\nVERSION 1.6.18\r\nEND\r\n";
    let expected = r"STORED\r\nVALUE VERSION 0 12 7\r\nVERSION 1.6\n\r\nEND\r\n|VA 9 s9\r\nVERSION x\r\nHD\r\nERROR\r\n|END\r\n";
    assert_eq!(replies(Protocol::Ascii, &[input]), expected);
    let single: Vec<_> = input.chunks(1).collect();
    assert_eq!(replies(Protocol::Ascii, &single), expected, "byte by byte");
}

#[test]
fn a_reply_line_without_end_is_passed_on_in_parts() {
    let line = vec![b'x'; 20_000];
    let input = [&line[..], b"\nVERSION 1\r\n"].concat();
    let segments: Vec<_> = input.chunks(1000).collect();
    let expected = format!("{}\\n|", "x".repeat(20_000));
    assert_eq!(replies(Protocol::Ascii, &segments), expected);
}

#[test]
fn a_binary_mark_is_found_between_replies() {
    let reply = |opcode, body: &[u8]| {
        let mut reply = binary(opcode, body, 0);
        reply[0] = 0x81;
        reply
    };
    let inner = reply(0x0a, b"");
    let input = [reply(0, &inner), reply(0x0a, b""), reply(1, b"")].concat();
    let expected = format!(
        "{}|{}",
        reply(0, &inner).escape_ascii(),
        reply(1, b"").escape_ascii()
    );
    for size in [1, 7, 24, 1000] {
        let segments: Vec<_> = input.chunks(size).collect();
        assert_eq!(
            replies(Protocol::Binary, &segments),
            expected,
            "segments of {size}"
        );
    }
}

/// Requests of every sort, good and bad, and what may be made of them.
fn any_request() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"config get cluster\r\n".to_vec()),
        Just(b"get a AmazonElastiCache:cluster\r\n".to_vec()),
        Just(b"version\r\n".to_vec()),
        Just(b"set a 0 0 5\r\n".to_vec()),
        Just(b"config set cluster 0 5\r\n".to_vec()),
        Just(b"ms key 3 q\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
        (0usize..3000).prop_map(|length| vec![b'g'; length]),
        (0usize..3000).prop_map(|length| [b"get ".to_vec(), vec![b'k'; length]].concat()),
        proptest::collection::vec(any::<u8>(), 24..60).prop_map(|mut bytes| {
            bytes[0] = 0x80;
            bytes[8..11].fill(0);
            bytes
        }),
    ]
}

proptest! {
    #[test]
    fn segmentation_changes_nothing(
        requests in proptest::collection::vec(any_request(), 1..12),
        sizes in proptest::collection::vec(1usize..400, 1..20),
    ) {
        let input = requests.concat();
        let mut segments = Vec::new();
        let mut rest = &input[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (segment, after) = rest.split_at((*size).min(rest.len()));
            segments.push(segment);
            rest = after;
        }
        prop_assert_eq!(steps(&[&input]), steps(&segments));
    }

    #[test]
    fn replies_pass_whole_whatever_they_are(
        input in proptest::collection::vec(any::<u8>(), 0..400),
        size in 1usize..50,
    ) {
        for protocol in [Protocol::Ascii, Protocol::Binary] {
            let segments: Vec<_> = input.chunks(size).collect();
            prop_assert_eq!(replies(protocol, &segments), replies(protocol, &[&input]));
        }
    }
}

#[test]
fn a_client_that_wants_no_reply_gets_no_refusal() {
    let mut input = BytesMut::from(&b"delete a noreply\r\ndelete a\r\n"[..]);
    let mut requests = Requests::begin(&input).unwrap();
    let mut refusal = || match requests.step(&mut input) {
        Some(Step::Forward {
            begins: Begins::Command { refusal },
            ..
        }) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(), Bytes::new());
    assert_eq!(refusal(), "SERVER_ERROR no node is available\r\n");
}
