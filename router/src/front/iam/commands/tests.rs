use proptest::prelude::*;

use super::*;

/// Knows that alice's tokens become `secret`, and remembers what was offered for whom.
#[derive(Default)]
struct Alice(Vec<(Vec<u8>, Vec<u8>)>);

impl Passwords for Alice {
    fn replace(&mut self, user: &[u8], password: &[u8]) -> Option<Vec<u8>> {
        self.0.push((user.to_vec(), password.to_vec()));
        (user == b"alice").then(|| b"secret".to_vec())
    }

    fn withhold(&mut self, user: &[u8]) -> Option<Vec<u8>> {
        (user == b"alice").then(|| b"-".to_vec())
    }
}

/// What the engine is told when a client says this in chunks of a size.
fn told(said: &[u8], chunk: usize) -> (Result<(), Malformed>, Vec<u8>) {
    let mut commands = Commands::new();
    let mut out = Vec::new();
    for part in said.chunks(chunk.max(1)) {
        if let Err(malformed) = commands.feed(part, &mut out, &mut Alice::default()) {
            return (Err(malformed), out);
        }
    }
    (Ok(()), out)
}

fn array(words: &[&str]) -> Vec<u8> {
    let words: Vec<Vec<u8>> = words.iter().map(|it| it.as_bytes().to_vec()).collect();
    let mut out = Vec::new();
    write(&words, &mut out);
    out
}

/// Engines refuse these before they hide anything, so others read in `MONITOR` what was in them (tried with Redis 7.0 and Valkey 8.1).
#[test]
fn what_an_engine_refuses_and_shows_as_it_is_has_no_password() {
    for words in [
        &["AUTH", "alice", "token", "more"][..],
        &["HELLO", "9", "AUTH", "alice", "token"],
        &["HELLO", "03", "AUTH", "alice", "token"],
        &["HELLO", "x", "AUTH", "alice", "token"],
        &["HELLO", "3", "SETNAME", "a b", "AUTH", "alice", "token"],
        &["HELLO", "3", "AUTH", "alice", "token", "SETNAME", "\u{e9}"],
        &["HELLO", "3", "AUTH", "alice", "token", "WHAT"],
        &["HELLO", "3", "AUTH", "alice", "token", "SETNAME"],
        &["HELLO", "3", "AUTH", "alice", "token", "AUTH", "bob"],
    ] {
        let withheld: Vec<&str> = words
            .iter()
            .map(|word| if *word == "token" { "-" } else { word })
            .collect();
        assert_eq!(
            told(&array(words), 7),
            (Ok(()), array(&withheld)),
            "{words:?}"
        );
    }
    let others = array(&["AUTH", "bob", "token", "more"]);
    assert_eq!(told(&others, 7), (Ok(()), others.clone()));
}

#[test]
fn passwords_are_replaced_wherever_the_stream_is_split() {
    let secret = array(&["AUTH", "alice", "secret"]);
    let table: [(Vec<u8>, Vec<u8>); 18] = [
        (array(&["AUTH", "alice", "token"]), secret.clone()),
        (
            array(&["auth", "alice", ""]),
            array(&["auth", "alice", "secret"]),
        ),
        (
            array(&["AUTH", "bob", "token"]),
            array(&["AUTH", "bob", "token"]),
        ),
        (array(&["AUTH", "token"]), array(&["AUTH", "token"])),
        (array(&["AUTH"]), array(&["AUTH"])),
        (
            array(&["HELLO", "3", "AUTH", "alice", "token"]),
            array(&["HELLO", "3", "AUTH", "alice", "secret"]),
        ),
        (
            array(&[
                "HELLO", "3", "SETNAME", "AUTH", "auth", "alice", "token", "SETNAME", "x",
            ]),
            array(&[
                "HELLO", "3", "SETNAME", "AUTH", "auth", "alice", "secret", "SETNAME", "x",
            ]),
        ),
        (array(&["HELLO", "3"]), array(&["HELLO", "3"])),
        (array(&["HELLO"]), array(&["HELLO"])),
        (
            array(&["HELLO", "3", "AUTH", "alice"]),
            array(&["HELLO", "3", "AUTH", "alice"]),
        ),
        (
            // The engine stops at what it does not know, and repeats it.
            array(&["HELLO", "3", "WHAT", "AUTH", "alice", "token"]),
            array(&["HELLO", "3", "WHAT", "AUTH", "alice", "token"]),
        ),
        // What looks like a login within a value is none.
        (
            array(&[
                "SET",
                "x",
                "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$5\r\ntoken\r\n",
            ]),
            array(&[
                "SET",
                "x",
                "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$5\r\ntoken\r\n",
            ]),
        ),
        (
            [
                array(&["PING"]),
                array(&["AUTH", "alice", "token"]),
                array(&["ECHO", ""]),
            ]
            .concat(),
            [array(&["PING"]), secret.clone(), array(&["ECHO", ""])].concat(),
        ),
        // Inline commands, empty ones, and both kinds in turn.
        (b"AUTH alice token\r\n".to_vec(), secret.clone()),
        (
            b"PING\n\r\n \"A\\x55TH\"  'alice' \"to\\\"ken\"\n".to_vec(),
            [b"PING\n\r\n", secret.as_slice()].concat(),
        ),
        (
            b"AUTH bob token\nGET AUTH\n".to_vec(),
            b"AUTH bob token\nGET AUTH\n".to_vec(),
        ),
        (
            [
                b"*0\r\n*-1\r\n".as_slice(),
                &array(&["AUTH", "alice", "token"]),
            ]
            .concat(),
            [b"*0\r\n*-1\r\n".as_slice(), &secret].concat(),
        ),
        // The engine does not look at what ends an argument.
        (
            b"*2\r\n$4\r\nECHOxx$1\r\n$yyPING\r\n".to_vec(),
            b"*2\r\n$4\r\nECHOxx$1\r\n$yyPING\r\n".to_vec(),
        ),
    ];
    for (said, expected) in table {
        for chunk in 1..=said.len() {
            let (understood, told) = told(&said, chunk);
            let text = String::from_utf8_lossy(&said);
            assert_eq!(understood, Ok(()), "{text:?} by {chunk}");
            assert_eq!(told, expected, "{text:?} by {chunk}");
        }
    }
}

#[test]
fn what_an_engine_might_read_otherwise_ends_the_connection() {
    let long = |length: usize| "x".repeat(length);
    let mut many = vec!["HELLO"];
    many.resize(LOGIN_ARGUMENTS_MAX + 1, "x");
    let table: [(Vec<u8>, &str); 17] = [
        (b"*+1\r\n".to_vec(), "invalid length"),
        (b"*01\r\n".to_vec(), "invalid length"),
        (b"*-0\r\n".to_vec(), "invalid length"),
        (b"*\r\n".to_vec(), "invalid length"),
        (b"* 1\r\n".to_vec(), "invalid length"),
        (b"*1\r$4\r\nPING\r\n".to_vec(), "a line that does not end"),
        (b"*99999999999\r\n".to_vec(), "invalid multibulk length"),
        (b"*99999999999999999999\r\n".to_vec(), "invalid length"),
        (
            format!("*{}", "1".repeat(40)).into_bytes(),
            "too long a length",
        ),
        (b"*1\r\n:4\r\n".to_vec(), "expected '$'"),
        (b"*2\r\n$4\r\nPING\r\nX".to_vec(), "expected '$'"),
        (b"*1\r\n$-1\r\n".to_vec(), "invalid bulk length"),
        (b"AUTH \"alice\n".to_vec(), "unbalanced quotes in request"),
        (b"AUTH 'a'b c\n".to_vec(), "unbalanced quotes in request"),
        (
            b"AUTH alice \0\n".to_vec(),
            "a zero byte in an inline request",
        ),
        (
            long(INLINE_BYTES_MAX + 2).into_bytes(),
            "too big inline request",
        ),
        (array(&many), "too many arguments of a command that logs in"),
    ];
    for (said, reason) in table {
        let text = String::from_utf8_lossy(&said[..said.len().min(40)]).into_owned();
        for chunk in [1, 7, said.len()] {
            assert_eq!(told(&said, chunk).0, Err(Malformed(reason)), "{text:?}");
        }
    }
    let huge = array(&["AUTH", "alice", &long(LOGIN_BYTES_MAX + 1)]);
    assert!(told(&huge, 1000).0.is_err());
}

#[test]
fn no_more_is_held_than_a_login_may_have() {
    let mut commands = Commands::new();
    let mut out = Vec::new();
    let mut say = |text: &[u8], out: &mut Vec<u8>| {
        let understood = commands.feed(text, out, &mut Alice::default());
        assert_eq!(understood, Ok(()));
        commands.held.len()
    };
    // A value of half a gigabyte goes by as it comes.
    assert_eq!(
        say(b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$536870912\r\n", &mut out),
        0
    );
    for _ in 0..100 {
        assert_eq!(say(&[b'*'; 1000], &mut out), 0);
    }
    // A login is held until it is whole, and one that says that it will be too long is not begun with.
    let mut begins = |length: usize| {
        let mut commands = Commands::new();
        let begin = format!("*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n${length}\r\n");
        let understood = commands.feed(begin.as_bytes(), &mut out, &mut Alice::default());
        understood.map(|()| commands)
    };
    let longest = LOGIN_BYTES_MAX - 100;
    let mut commands = begins(longest).unwrap();
    let mut told = Vec::new();
    for _ in 0..longest / 1000 {
        assert_eq!(told, b"");
        let understood = commands.feed(&[b'x'; 1000], &mut told, &mut Alice::default());
        assert_eq!(understood, Ok(()));
        assert!(commands.held.len() <= LOGIN_BYTES_MAX);
    }
    let rest = [vec![b'x'; longest % 1000], b"\r\n".to_vec()].concat();
    assert_eq!(
        commands.feed(&rest, &mut told, &mut Alice::default()),
        Ok(())
    );
    assert_eq!(told, array(&["AUTH", "alice", "secret"]));
    assert!(commands.held.is_empty());
    for length in [LOGIN_BYTES_MAX, LOGIN_BYTES_MAX + 1, 1 << 40] {
        assert!(begins(length).is_err(), "{length}");
    }
}

proptest! {
    /// Whatever is in arguments, commands arrive as they were said but for passwords.
    #[test]
    fn pipelines_of_any_bytes_are_followed(
        commands in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..5), 1..8),
        chunk in 1_usize..50,
    ) {
        let mut said = Vec::new();
        let mut expected = Vec::new();
        for command in &commands {
            write(command, &mut said);
            write(command, &mut expected);
            said.extend(array(&["AUTH", "alice", "token"]));
            expected.extend(array(&["AUTH", "alice", "secret"]));
        }
        let (understood, told) = told(&said, chunk);
        prop_assert_eq!(understood, Ok(()));
        prop_assert_eq!(told, expected);
    }

    /// No bytes at all make it fall over, or lose one.
    #[test]
    fn anything_is_passed_on_or_refused(said in prop::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..20) {
        let (understood, whole) = told(&said, said.len());
        let (again, parts) = told(&said, chunk);
        prop_assert_eq!(understood, again);
        prop_assert_eq!(whole, parts);
    }
}
