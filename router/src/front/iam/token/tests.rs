use std::collections::BTreeMap;

use cacheplane_sigv4::{SigningKey, time};
use sha2::Digest as _;

use super::*;
use crate::front::iam::keys::{Credential, Password, SecretBytes};

/// 2026-01-02T12:00:00Z.
const NOW: i64 = 1_767_355_200;

/// What a token is made of.
#[derive(Clone)]
struct Made {
    host: &'static str,
    parameters: &'static str,
    key: &'static str,
    secret: &'static str,
    scope: &'static str,
    at: i64,
    life: &'static str,
    session: Option<&'static str>,
}

const MADE: Made = Made {
    host: "cache",
    parameters: "Action=connect&User=alice",
    key: "AKID",
    secret: "secret",
    scope: "us-east-1/elasticache",
    at: NOW,
    life: "900",
    session: None,
};

impl Made {
    /// Signs as clients do: not with what is tested, but for the HMAC.
    fn token(&self) -> String {
        let at = time::text(self.at);
        let (region, service) = self.scope.split_once('/').expect("a region and a service");
        let scope = format!("{}/{}/aws4_request", &at[..8], self.scope);
        let mut query = vec![
            "X-Amz-Algorithm=AWS4-HMAC-SHA256".to_owned(),
            format!(
                "X-Amz-Credential={}%2F{}",
                self.key,
                scope.replace('/', "%2F")
            ),
            format!("X-Amz-Date={at}"),
            format!("X-Amz-Expires={}", self.life),
            "X-Amz-SignedHeaders=host".to_owned(),
        ];
        query.extend(self.session.map(|it| format!("X-Amz-Security-Token={it}")));
        query.extend(self.parameters.split('&').map(str::to_owned));
        let mut sorted = query.clone();
        sorted.sort();
        let canonical = format!(
            "GET\n/\n{}\nhost:{}\n\nhost\n{}",
            sorted.join("&"),
            self.host,
            body_digest(&[])
        );
        let text = format!(
            "AWS4-HMAC-SHA256\n{at}\n{scope}\n{}",
            hex::encode(Sha256::digest(canonical.as_bytes()))
        );
        let key = SigningKey::derive(self.secret, &at[..8], region, service);
        let signature = hex::encode(key.sign(text.as_bytes()));
        format!(
            "{}/?{}&X-Amz-Signature={signature}",
            self.host,
            query.join("&")
        )
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut made = MADE;
        change(&mut made);
        made
    }
}

fn keys() -> Keys {
    let credential = |secret: &str, session: Option<&str>, ends_at| {
        let day = |date: &str| {
            let key = SigningKey::derive(secret, date, "us-east-1", "elasticache");
            (date.to_owned(), SecretBytes(*key.bytes()))
        };
        Credential {
            days: BTreeMap::from(["20260102", "20260103"].map(day)),
            session_token: session.map(|it| SecretBytes(Sha256::digest(it).into())),
            ends_at,
        }
    };
    let credentials = [
        ("AKID", credential("secret", None, None)),
        ("ASID", credential("lent", Some("session"), Some(NOW + 60))),
    ];
    Keys {
        cache: "cache".to_owned(),
        region: "us-east-1".to_owned(),
        users: BTreeMap::from([("alice".to_owned(), Password("p".to_owned()))]),
        credentials: Some(credentials.map(|(id, it)| (id.to_owned(), it)).into()),
    }
}

fn checked(made: &Made, now: i64) -> Result<(), Refused> {
    check(made.token().as_bytes(), "alice", &keys(), now)
}

#[test]
fn a_token_lets_its_user_in_for_its_time() {
    assert_eq!(checked(&MADE, NOW), Ok(()));
    assert_eq!(checked(&MADE, NOW + 900), Ok(()));
    assert_eq!(checked(&MADE, NOW - 900), Ok(()), "clocks differ");
    assert!(checked(&MADE, NOW + 901).is_err());
    assert!(checked(&MADE, NOW - 901).is_err());
    // Around midnight keys of two days count.
    let late = Made::with(|it| it.at = NOW + 12 * 3600 - 1);
    assert_eq!(checked(&late, NOW + 12 * 3600 + 60), Ok(()));
    let early = Made::with(|it| it.at = NOW + 12 * 3600);
    assert_eq!(checked(&early, NOW + 12 * 3600 - 60), Ok(()));
    let lent = Made::with(|it| (it.key, it.secret, it.session) = ("ASID", "lent", Some("session")));
    assert_eq!(checked(&lent, NOW + 59), Ok(()));
    assert_eq!(
        checked(&lent, NOW + 60).unwrap_err().0,
        "its credential has ended"
    );
}

#[test]
fn any_other_token_is_refused() {
    let table: [(&str, Made); 17] = [
        ("does not match", Made::with(|it| it.secret = "other")),
        (
            "its access key is not known",
            Made::with(|it| it.key = "OTHER"),
        ),
        (
            "it is for another cache",
            Made::with(|it| it.host = "other"),
        ),
        (
            "it is for another cache",
            Made::with(|it| it.host = "Cache"),
        ),
        (
            "it is for another user",
            Made::with(|it| it.parameters = "Action=connect&User=bob"),
        ),
        (
            "it is for another user",
            Made::with(|it| it.parameters = "Action=connect"),
        ),
        (
            "it says something twice",
            Made::with(|it| it.parameters = "Action=connect&User=alice&User=alice"),
        ),
        (
            "it is not for connecting",
            Made::with(|it| it.parameters = "Action=Connect&User=alice"),
        ),
        (
            "it is not for connecting",
            Made::with(|it| it.parameters = "User=alice"),
        ),
        (
            "another kind of cache",
            Made::with(|it| {
                it.parameters = "Action=connect&User=alice&ResourceType=ServerlessCache"
            }),
        ),
        (
            "another service or region",
            Made::with(|it| it.scope = "us-east-1/rds-db"),
        ),
        (
            "another service or region",
            Made::with(|it| it.scope = "eu-west-1/elasticache"),
        ),
        (
            "it would hold for too long",
            Made::with(|it| it.life = "901"),
        ),
        ("X-Amz-Expires", Made::with(|it| it.life = "0")),
        (
            "its session token is another",
            Made::with(|it| it.session = Some("session")),
        ),
        (
            "its session token is another",
            Made::with(|it| (it.key, it.secret, it.session) = ("ASID", "lent", Some("x"))),
        ),
        (
            "there is no key for its day",
            Made::with(|it| it.at = NOW - 12 * 3600 - 300),
        ),
    ];
    for (reason, made) in table {
        let now = if made.at < NOW { made.at } else { NOW };
        let refused = checked(&made, now).expect_err(reason);
        assert!(refused.0.contains(reason), "{} is not {reason}", refused.0);
    }
}

#[test]
fn a_token_that_was_meddled_with_is_refused() {
    let token = MADE.token();
    let check = |token: &str| check(token.as_bytes(), "alice", &keys(), NOW);
    for (from, to) in [
        ("X-Amz-Expires=900", "X-Amz-Expires=899"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Algorithm=AWS4-HMAC-SHA1",
        ),
        ("Action=connect", "Action=connect&Extra=1"),
        ("/?", "/x?"),
        ("/?", "?"),
        ("cache/?", "http://cache/?"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=none"),
        ("%2F", "%2"),
    ] {
        let other = token.replace(from, to);
        assert_ne!(other, token);
        assert!(check(&other).is_err(), "{from} to {to}");
    }
    for end in 0..token.len() {
        assert!(check(&token[..end]).is_err(), "{}", &token[..end]);
    }
    let long = token.replace("connect", &"c".repeat(TOKEN_BYTES_MAX));
    assert!(check(&long).is_err());
    assert!(super::check(b"\xff/?x", "alice", &keys(), NOW).is_err());
}

#[test]
fn without_a_list_of_credentials_everything_but_the_signature_counts() {
    let keys = Keys {
        credentials: None,
        ..keys()
    };
    let check = |made: &Made, now| check(made.token().as_bytes(), "alice", &keys, now);
    assert_eq!(check(&Made::with(|it| it.key = "ANYONE"), NOW), Ok(()));
    assert_eq!(
        check(&Made::with(|it| it.session = Some("any")), NOW),
        Ok(())
    );
    assert!(check(&MADE, NOW + 901).is_err());
    assert!(check(&Made::with(|it| it.host = "other"), NOW).is_err());
    assert!(
        check(
            &Made::with(|it| it.parameters = "Action=connect&User=bob"),
            NOW
        )
        .is_err()
    );
}
