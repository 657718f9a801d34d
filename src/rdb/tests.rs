use super::*;
use std::io::Write;

fn file(keys: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.write_all(b"REDIS0010").unwrap();
    for (key, value) in keys {
        writer.string(key, value).unwrap();
    }
    let length = writer.finish().unwrap();
    assert_eq!(length, bytes.len() as u64);
    bytes
}

fn verdict(bytes: &[u8], chunk: usize) -> Result<Header, RdbError> {
    let mut verifier = Verifier::default();
    for chunk in bytes.chunks(chunk) {
        verifier.update(chunk);
    }
    verifier.finish()
}

/// Written by Redis 7.0: `SET a 1`, saved.
const REDIS_7: &str = "524544495330303130fa0972656469732d76657206372e302e3135fa0a72656469732d62697473c040fe00fb0100000161c001ff";

#[test]
fn a_file_is_whole_however_it_comes_in_pieces() {
    let bytes = file(&[("a", "1"), ("b", "two")]);
    let header = Header {
        is_valkey: false,
        version: 10,
    };
    for chunk in 1..=bytes.len() {
        assert_eq!(verdict(&bytes, chunk).unwrap(), header, "{chunk}");
    }
}

#[test]
fn a_byte_that_is_wrong_or_missing_is_seen() {
    let bytes = file(&[("a", "1"), ("b", "two")]);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        // A change of the version's digits is another version, with a checksum that does not fit.
        assert!(verdict(&changed, 7).is_err(), "byte {at} changed");
        assert!(verdict(&bytes[..at], 7).is_err(), "cut off at {at}");
    }
}

#[test]
fn what_an_engine_wrote_is_read() {
    let mut bytes = hex::decode(REDIS_7).unwrap();
    bytes.extend([0; 8]);
    let mut records = Records::open(&*bytes).unwrap();
    let mut seen = Vec::new();
    while let Some(entry) = records.next_entry().unwrap() {
        match entry {
            Entry::Aux { name, value, .. } => seen.push((name, value)),
            Entry::Key { key, kind, .. } => {
                let mut value = Vec::new();
                records.value(kind, &mut value).unwrap();
                seen.push((key, value));
            }
            other => panic!("{other:?}"),
        }
    }
    let text = |name: &str, value: &[u8]| (name.as_bytes().to_vec(), value.to_vec());
    assert_eq!(
        seen,
        [
            text("redis-ver", b"7.0.15"),
            text("redis-bits", b"64"),
            text("a", &[0xc0, 1])
        ]
    );
}

#[test]
fn keys_are_selected_out_of_several_files() {
    let sources = [
        file(&[("a", "1"), ("b", "2")]),
        file(&[("c", "3"), ("d", "4")]),
    ];
    let mut out = Vec::new();
    let wanted = |_: u64, key: &[u8]| Ok(key == b"b" || key == b"c");
    let sources = sources.iter().map(|source| Ok(source.as_slice()));
    let length = select(sources, &mut out, wanted).unwrap();
    assert_eq!(length, out.len() as u64);
    verdict(&out, 3).unwrap();
    let expected = [("b", "2"), ("c", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(strings(&out).unwrap(), expected.into());
}

#[test]
fn compressed_names_are_expanded() {
    // `abcabcabcabc`: three literals, then nine bytes from three back.
    let compressed = [2, b'a', b'b', b'c', 0xe0, 0, 2];
    assert_eq!(lzf::expand(&compressed, 12).unwrap(), b"abcabcabcabc");
    assert!(lzf::expand(&compressed, 11).is_err());
    assert!(lzf::expand(&[0x20, 9], 3).is_err());
}

#[test]
fn engines_read_what_is_not_newer_and_not_foreign() {
    let redis = |version| Header {
        is_valkey: false,
        version,
    };
    let check = |header: Header, is_valkey, line: (u32, u32, u32), expected| {
        let at_least = |a, b, c| line >= (a, b, c);
        let found = header.is_read_by(is_valkey, at_least);
        assert_eq!(found, expected, "{header} by {line:?}");
    };
    check(redis(9), false, (6, 2, 5), true);
    check(redis(10), false, (6, 2, 5), false);
    check(redis(10), true, (8, 1, 1), true);
    check(redis(11), true, (9, 1, 2), true);
    check(redis(12), true, (9, 1, 2), false);
    check(redis(12), false, (8, 0, 2), true);
    let valkey = Header {
        is_valkey: true,
        version: 80,
    };
    check(valkey, true, (9, 1, 2), true);
    check(valkey, true, (8, 1, 1), false);
    check(valkey, false, (8, 0, 2), false);
}
