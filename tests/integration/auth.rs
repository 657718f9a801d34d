//! Who may call, where signatures are verified: both forms of a signature, and AWS's code for each that is not good.

mod file;

use std::time::Duration;

use cacheplane_api::sigv4::{SigningKey, body_digest};

use crate::harness::{Harness, Layout, Reply};

/// The credentials of these tests.
const CREDENTIALS: &str = "\
[one]
aws_access_key_id = AKIAONE
aws_secret_access_key = one/secret+key
[two]
aws_access_key_id = AKIATWO
aws_secret_access_key = another
aws_account_id = 111122223333
[lent]
aws_access_key_id = ASIALENT
aws_secret_access_key = lent
aws_session_token = a/token+of=a session
";

const DESCRIBE: &str = "Action=DescribeCacheClusters&Version=2015-02-02";
const NOW: &str = "20260304T120000Z";
const HOST: &str = "localhost:4570";

/// A request to be signed; the default one is good.
#[derive(Debug, Clone)]
struct Call {
    key: &'static str,
    secret: &'static str,
    at: &'static str,
    region: &'static str,
    service: &'static str,
    body: &'static str,
    token: Option<&'static str>,
}

const GOOD: Call = Call {
    key: "AKIAONE",
    secret: "one/secret+key",
    at: NOW,
    region: "us-east-1",
    service: "elasticache",
    body: DESCRIBE,
    token: None,
};

impl Call {
    fn scope(&self) -> String {
        format!(
            "{}/{}/{}/aws4_request",
            &self.at[..8],
            self.region,
            self.service
        )
    }

    fn signature(&self, canonical: &str) -> String {
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{}",
            self.at,
            self.scope(),
            body_digest(canonical.as_bytes())
        );
        let key = SigningKey::derive(self.secret, &self.at[..8], self.region, self.service);
        hex(&key.sign(text.as_bytes()))
    }

    /// As a POST with its signature in the header.
    fn post(&self) -> String {
        let token = self.token.map_or_else(String::new, |token| {
            format!("x-amz-security-token:{token}\n")
        });
        let names = match self.token {
            None => "content-type;host;x-amz-date",
            Some(_) => "content-type;host;x-amz-date;x-amz-security-token",
        };
        let canonical = format!(
            "POST\n/\n\ncontent-type:application/x-www-form-urlencoded\nhost:{HOST}\nx-amz-date:{}\n{token}\n{names}\n{}",
            self.at,
            body_digest(self.body.as_bytes())
        );
        let header = self.token.map_or_else(String::new, |token| {
            format!("X-Amz-Security-Token: {token}\r\n")
        });
        format!(
            "POST / HTTP/1.1\r\nConnection: close\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             X-Amz-Date: {}\r\n{header}Authorization: AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={}\r\n\
             Content-Length: {}\r\n\r\n{}",
            self.at,
            self.key,
            self.scope(),
            self.signature(&canonical),
            self.body.len(),
            self.body
        )
    }

    /// As a GET with its signature in the query.
    fn presigned(&self, life_seconds: u32) -> String {
        let mut pairs = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("{}/{}", self.key, self.scope())),
            ("X-Amz-Date", self.at.to_owned()),
            ("X-Amz-Expires", life_seconds.to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ];
        pairs.extend(self.body.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').expect("a pair");
            (name, value.to_owned())
        }));
        pairs.extend(
            self.token
                .map(|token| ("X-Amz-Security-Token", token.to_owned())),
        );
        pairs.sort();
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let query = query.join("&");
        let canonical = format!("GET\n/\n{query}\nhost:{HOST}\n\nhost\n{}", body_digest(b""));
        format!(
            "GET /?{query}&X-Amz-Signature={} HTTP/1.1\r\nConnection: close\r\nHost: {HOST}\r\n\r\n",
            self.signature(&canonical)
        )
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

async fn verifying() -> Harness {
    Harness::start_on(Layout {
        credentials: Some(CREDENTIALS),
        ..Layout::default()
    })
    .await
}

/// Status and code; no code for success.
async fn outcome(harness: &Harness, request: String) -> (u16, String) {
    let answer = harness.raw(request).await;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    let code = answer
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map(|(code, _)| code.to_owned());
    (status.expect("a status"), code.unwrap_or_default())
}

#[tokio::test]
async fn who_has_signed_is_let_in() {
    let harness = verifying().await;
    for call in [
        GOOD,
        Call {
            region: "eu-central-1",
            ..GOOD
        },
        Call {
            key: "AKIATWO",
            secret: "another",
            ..GOOD
        },
        Call {
            key: "ASIALENT",
            secret: "lent",
            token: Some("a/token+of=a session"),
            ..GOOD
        },
        Call {
            service: "sts",
            body: "Action=GetCallerIdentity&Version=2011-06-15",
            ..GOOD
        },
        // Clocks may be a quarter of an hour apart.
        Call {
            at: "20260304T114500Z",
            ..GOOD
        },
        Call {
            at: "20260304T121500Z",
            ..GOOD
        },
    ] {
        assert_eq!(outcome(&harness, call.post()).await.0, 200, "{call:?}");
        let presigned = call.presigned(900);
        assert_eq!(outcome(&harness, presigned).await.0, 200, "{call:?}");
    }
    harness.finish().await;
}

/// The account is the credential's, whatever its name looks like.
#[tokio::test]
async fn the_account_is_the_credentials() {
    let harness = verifying().await;
    let who = |key, secret| Call {
        key,
        secret,
        service: "sts",
        body: "Action=GetCallerIdentity&Version=2011-06-15",
        ..GOOD
    };
    for (call, account) in [
        (who("AKIAONE", "one/secret+key"), "000000000000"),
        (who("AKIATWO", "another"), "111122223333"),
    ] {
        let answer = harness.raw(call.post()).await;
        let element = format!("<Account>{account}</Account>");
        assert!(answer.contains(&element), "{answer}");
    }
    harness.finish().await;
}

#[tokio::test]
async fn each_failure_has_awss_code() {
    let harness = verifying().await;
    let mismatch = (403, "SignatureDoesNotMatch");
    let invalid = (403, "InvalidClientTokenId");
    let expired = (400, "RequestExpired");
    for (call, (status, code)) in [
        (
            Call {
                secret: "one/secret+kez",
                ..GOOD
            },
            mismatch,
        ),
        (
            Call {
                key: "AKIATWO",
                ..GOOD
            },
            mismatch,
        ),
        (
            Call {
                service: "s3",
                ..GOOD
            },
            mismatch,
        ),
        (
            Call {
                service: "sts",
                ..GOOD
            },
            mismatch,
        ),
        (
            Call {
                body: "Action=GetCallerIdentity&Version=2011-06-15",
                ..GOOD
            },
            mismatch,
        ),
        (
            Call {
                key: "AKIANOBODY",
                ..GOOD
            },
            invalid,
        ),
        // Twelve digits are nobody's account here.
        (
            Call {
                key: "111122223333",
                ..GOOD
            },
            invalid,
        ),
        (
            Call {
                token: Some("unasked"),
                ..GOOD
            },
            invalid,
        ),
        (
            Call {
                key: "ASIALENT",
                secret: "lent",
                ..GOOD
            },
            invalid,
        ),
        (
            Call {
                key: "ASIALENT",
                secret: "lent",
                token: Some("another"),
                ..GOOD
            },
            invalid,
        ),
        (
            Call {
                at: "20260304T121501Z",
                ..GOOD
            },
            expired,
        ),
        (
            Call {
                at: "20260305T120000Z",
                ..GOOD
            },
            expired,
        ),
        (
            Call {
                at: "20250304T120000Z",
                ..GOOD
            },
            expired,
        ),
    ] {
        let expected = (status, code.to_owned());
        assert_eq!(outcome(&harness, call.post()).await, expected, "{call:?}");
        let presigned = call.presigned(900);
        assert_eq!(outcome(&harness, presigned).await, expected, "{call:?}");
    }
    // A header holds for a quarter of an hour, a presigned request for as long as it says.
    let old = Call {
        at: "20260304T114459Z",
        ..GOOD
    };
    for (request, status) in [
        (old.post(), 400),
        (old.presigned(901), 200),
        (old.presigned(900), 400),
        (
            Call {
                at: "20260226T120000Z",
                ..GOOD
            }
            .presigned(604_800),
            200,
        ),
    ] {
        assert_eq!(outcome(&harness, request).await.0, status);
    }
    harness.finish().await;
}

#[tokio::test]
async fn what_is_no_whole_signature_is_told_apart() {
    let harness = verifying().await;
    let post = GOOD.post();
    let query = GOOD.presigned(900);
    let incomplete = (400, "IncompleteSignature");
    let missing = (403, "MissingAuthenticationToken");
    let mismatch = (403, "SignatureDoesNotMatch");
    let without = |text: &str, name: &str| {
        let lines = text.split("\r\n").filter(|line| !line.starts_with(name));
        lines.collect::<Vec<_>>().join("\r\n")
    };
    let twice = {
        let header = post
            .split("\r\n")
            .find(|line| line.starts_with("Authorization"))
            .expect("it");
        post.replacen(header, &format!("{header}\r\n{header}"), 1)
    };
    for (request, (status, code)) in [
        (without(&post, "Authorization"), missing),
        (
            format!("GET /?{DESCRIBE} HTTP/1.1\r\nConnection: close\r\nHost: {HOST}\r\n\r\n"),
            missing,
        ),
        (without(&post, "X-Amz-Date"), incomplete),
        (
            post.replace("AWS4-HMAC-SHA256 C", "AWS4-HMAC-SHA1 C"),
            incomplete,
        ),
        (post.replace("Credential=", "Creditential="), incomplete),
        (post.replace("Signature=", "Sig="), incomplete),
        (post.replace("SignedHeaders=", "Headers="), incomplete),
        (
            post.replace("X-Amz-Date: 2026", "X-Amz-Date: 2026-"),
            incomplete,
        ),
        (twice, incomplete),
        (post.replace("Host: localhost", "Host: 127.0.0.1"), mismatch),
        (
            post.replace(
                "SignedHeaders=content-type;host;",
                "SignedHeaders=content-type;",
            ),
            mismatch,
        ),
        (
            post.replace(
                "SignedHeaders=content-type;host;",
                "SignedHeaders=host;content-type;",
            ),
            mismatch,
        ),
        (post.replace("Action=D", "Action=d"), mismatch),
        (post.replace("POST / ", "POST /?Marker=a "), mismatch),
        (
            post.replace(
                "X-Amz-Date: 20260304T120000Z",
                "X-Amz-Date: 20260304T120001Z",
            ),
            mismatch,
        ),
        (
            post.replace("X-Amz-Date: 20260304", "X-Amz-Date: 20260303"),
            mismatch,
        ),
        (post.replace("Signature=", "Signature=0"), mismatch),
        (
            query.replace("X-Amz-Expires=900", "X-Amz-Expires=901"),
            mismatch,
        ),
        (
            query.replace("X-Amz-Expires=900", "X-Amz-Expires=0"),
            incomplete,
        ),
        (
            query.replace("X-Amz-Expires=900", "X-Amz-Expires=604801"),
            incomplete,
        ),
        (query.replace("X-Amz-Expires=900&", ""), incomplete),
        (
            query.replace("X-Amz-Date=20260304T120000Z&", ""),
            incomplete,
        ),
        (
            query.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=x"),
            mismatch,
        ),
        (
            query.replace("&Version=2015-02-02", "&Version=2014-12-01"),
            mismatch,
        ),
        (
            query.replace("&X-Amz-Signature", "&Marker=a&X-Amz-Signature"),
            mismatch,
        ),
    ] {
        let expected = (status, code.to_owned());
        assert_eq!(
            outcome(&harness, request.clone()).await,
            expected,
            "{request}"
        );
    }
    harness.finish().await;
}

/// The order of parameters, blanks around values and the case of names do not count.
#[tokio::test]
async fn what_does_not_count_may_differ() {
    let harness = verifying().await;
    let post = GOOD.post();
    let query = GOOD.presigned(900);
    for request in [
        post.replace("X-Amz-Date: ", "x-AMZ-date:    "),
        post.replace(
            "Connection: close",
            "Connection: close\r\nX-Other: unsigned",
        ),
        post.replace(", SignedHeaders", ",SignedHeaders"),
        query.replace(
            "/?Action=DescribeCacheClusters&Version=2015-02-02",
            "/?Version=2015-02-02&Action=Describe%43acheClusters",
        ),
    ] {
        assert_eq!(outcome(&harness, request.clone()).await.0, 200, "{request}");
    }
    harness.finish().await;
}

/// A credential of the database counts from the moment it is there to the moment it is gone, or has ended.
#[tokio::test]
async fn credentials_come_and_go_while_the_server_runs() {
    let harness = verifying().await;
    let command = |words: &[&str]| {
        let data_dir = harness.data_dir();
        let mut all = vec!["credentials"];
        all.extend_from_slice(words);
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_cacheplane"));
        process.args(all).arg("--data-dir").arg(data_dir);
        let done = process.output().expect("run it");
        let text = String::from_utf8(done.stdout).expect("text");
        (done.status.success(), text)
    };
    let secret = &harness.world.ground.secret;
    std::fs::write(harness.data_dir().join("secret.key"), secret).expect("write the secret");
    let (added, text) = command(&["add", "--account", "444455556666"]);
    assert!(added, "{text}");
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let (_, value) = line.expect("the line").split_once(" = ").expect("a value");
        String::leak(value.to_owned())
    };
    let call = Call {
        key: value("aws_access_key_id"),
        secret: value("aws_secret_access_key"),
        ..GOOD
    };
    assert_eq!(outcome(&harness, call.post()).await.0, 200);
    let (listed, list) = command(&["list"]);
    assert!(listed && list.contains(call.key) && list.contains("444455556666"));
    assert!(!list.contains(call.secret));
    assert!(command(&["remove", call.key]).0);
    assert!(!command(&["remove", call.key]).0);
    let refused = (403, "InvalidClientTokenId".to_owned());
    assert_eq!(outcome(&harness, call.post()).await, refused);
    assert!(!command(&["add", "--account", "12"]).0);
    harness.clock.advance(Duration::from_secs(1));
    harness.finish().await;
}

/// Where nobody verifies, anything goes that looks like a signature.
#[tokio::test]
async fn without_verification_any_signature_will_do() {
    let harness = Harness::start().await;
    let call = Call {
        key: "AKIANOBODY",
        at: "20200101T000000Z",
        ..GOOD
    };
    assert_eq!(outcome(&harness, call.post()).await.0, 200);
    assert_eq!(outcome(&harness, call.presigned(1)).await.0, 200);
    let reply: Reply = harness.post(DESCRIBE, None).await;
    assert_eq!(reply.status, 200);
    harness.finish().await;
}
