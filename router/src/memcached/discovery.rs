//! The answers of auto discovery, byte for byte.
//!
//! ElastiCache's form, which every cluster client parses: a payload of the configuration version,
//! a line feed, `host|address|port` entries with one blank between them, a line feed; its length
//! counts both line feeds; and a carriage return and line feed of the protocol's own after it.

use bytes::{BufMut, Bytes, BytesMut};

use crate::table::Discovery;

/// The key under which engines before 1.4.14 keep the configuration.
pub(crate) const KEY: &[u8] = b"AmazonElastiCache:cluster";

/// How a client asked for the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `config get cluster`.
    Config,
    /// `get` or `gets` of [`KEY`]. More keys of the same command may follow, answered by a node.
    Value {
        /// Whether the client asked for a compare-and-swap number too.
        with_cas: bool,
        /// Whether this ends the command's answer.
        ends: bool,
    },
    /// Opcode 0x60 of the binary protocol.
    Binary {
        /// The client's number for its request, which the answer repeats.
        opaque: u32,
    },
}

/// What a client is told in the form that it asked in.
pub(crate) fn answer(discovery: &Discovery, form: Form) -> Bytes {
    let payload = payload(discovery);
    let mut out = BytesMut::with_capacity(payload.len() + 96);
    match form {
        Form::Config => {
            out.put_slice(format!("CONFIG cluster 0 {}\r\n", payload.len()).as_bytes());
            out.put_slice(payload.as_bytes());
            out.put_slice(b"\r\nEND\r\n");
        }
        Form::Value { with_cas, ends } => {
            out.put_slice(b"VALUE ");
            out.put_slice(KEY);
            out.put_slice(format!(" 0 {}", payload.len()).as_bytes());
            if with_cas {
                // The version changes whenever the payload's meaning does, as such a number must.
                out.put_slice(format!(" {}", discovery.config_version).as_bytes());
            }
            out.put_slice(b"\r\n");
            out.put_slice(payload.as_bytes());
            out.put_slice(b"\r\n");
            if ends {
                out.put_slice(b"END\r\n");
            }
        }
        Form::Binary { opaque } => {
            super::binary::put_config(&mut out, opaque, discovery.config_version, &payload);
        }
    }
    out.freeze()
}

fn payload(discovery: &Discovery) -> String {
    let mut nodes: Vec<_> = discovery.nodes.iter().collect();
    nodes.sort();
    let entries: Vec<_> = nodes
        .iter()
        .map(|node| format!("{}|{}|{}", node.host, node.address, node.port))
        .collect();
    format!("{}\n{}\n", discovery.config_version, entries.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Node;

    fn example() -> Discovery {
        let node = |number: &str, address: &str| Node {
            host: format!("myCluster.pc4ldq.{number}.use1.cache.amazonaws.com"),
            address: address.to_owned(),
            port: 11211,
        };
        Discovery {
            config_version: 12,
            nodes: vec![node("0002", "10.80.249.27"), node("0001", "10.82.235.120")],
            targets: Vec::new(),
            tls: None,
        }
    }

    const PAYLOAD: &str = "12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n";

    #[test]
    fn the_documented_example_is_answered_byte_for_byte() {
        assert_eq!(PAYLOAD.len(), 136);
        assert_eq!(
            answer(&example(), Form::Config),
            format!("CONFIG cluster 0 136\r\n{PAYLOAD}\r\nEND\r\n")
        );
    }

    #[test]
    fn the_old_key_carries_the_same_payload() {
        let value = |with_cas, ends| answer(&example(), Form::Value { with_cas, ends });
        let head = "VALUE AmazonElastiCache:cluster 0 136";
        assert_eq!(
            value(false, true),
            format!("{head}\r\n{PAYLOAD}\r\nEND\r\n")
        );
        assert_eq!(value(true, false), format!("{head} 12\r\n{PAYLOAD}\r\n"));
    }

    #[test]
    fn an_empty_address_keeps_its_bars_and_no_nodes_leave_an_empty_line() {
        let mut discovery = example();
        discovery.nodes.truncate(1);
        discovery.nodes[0].address.clear();
        let text = answer(&discovery, Form::Config);
        assert!(
            text.windows(9).any(|window| window == b".com||112"),
            "{text:?}"
        );
        discovery.nodes.clear();
        assert_eq!(
            answer(&discovery, Form::Config),
            "CONFIG cluster 0 4\r\n12\n\n\r\nEND\r\n"
        );
    }

    #[test]
    fn one_host_is_sorted_by_port_as_a_number() {
        let node = |port| Node {
            host: "localhost".to_owned(),
            address: "127.0.0.1".to_owned(),
            port,
        };
        let discovery = Discovery {
            config_version: 1,
            nodes: vec![node(11300), node(9000)],
            targets: vec![],
            tls: None,
        };
        let text = answer(&discovery, Form::Config);
        assert!(
            text.windows(20)
                .any(|window| window == b"|9000 localhost|127."),
            "{text:?}"
        );
    }
}
