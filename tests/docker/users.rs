//! Who is let in to real nodes of every image at hand.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cacheplane::engine::{
    Credentials, Engine as _, EngineError, NetworkEngine, NodeEndpoint, NodeUser, Protocol,
};
use cacheplane::resources::access::AccessString;
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::engine_settings::{Administrator, ServerSettings, server_command};
use cacheplane::resources::scope::Scope;
use cacheplane::resources::user::{Authentication, PasswordDigest, User, node_users};
use cacheplane::resources::{node_type, parameter};
use cacheplane::runtime::{ContainerSpec, Runtime};
use sha2::Digest as _;

use crate::fixture::{DEADLINE, Fixture};
use crate::replication::with_images;

const SECRET: &str = "secret of the administrator";
const PASSWORD: &str = "a password of a test";

/// A node of this image that lets nobody in but its administrator.
async fn start(
    fixture: &Fixture,
    last: u8,
    (image, engine, version): (&str, Engine, &str),
) -> NodeEndpoint {
    let version = engine::find(engine, version).unwrap();
    let node_type = node_type::find("cache.t3.micro").unwrap();
    let family = parameter::family(version.family).unwrap();
    let parameters: BTreeMap<_, _> = parameter::effective(family, &[], node_type).collect();
    let command = server_command(&ServerSettings {
        version,
        line: engine::image_line(version, image),
        node_type,
        parameters: &parameters,
        port: 6379,
        cluster: None,
        administrator: Some(Administrator {
            name: "cacheplane-administrator",
            password_sha256: &hex::encode(sha2::Sha256::digest(SECRET)),
        }),
        fenced: false,
        guarded: true,
        encryption: None,
        iam: false,
        persistent: false,
        open_files_limit: Some(10_000),
    });
    let spec = ContainerSpec {
        image: image.to_owned(),
        memory_limit_bytes: None,
        command,
        ..fixture.redis(&format!("users{last}"), last).await
    };
    fixture.runtime.ensure_container(&spec).await.unwrap();
    let node = NodeEndpoint {
        host: fixture.node_address(last).to_string(),
        port: 6379,
        protocol: Protocol::Redis,
        encryption: None,
        administrator: Some(Credentials {
            user: "cacheplane-administrator".into(),
            password: SECRET.into(),
        }),
    };
    NetworkEngine.wait_ready(&node, DEADLINE).await.unwrap();
    node
}

fn user(name: &str, access_string: &str) -> User {
    User {
        user_id: name.to_owned(),
        user_name: name.to_owned(),
        access_string: AccessString::new(access_string).unwrap(),
        authentication: Authentication::Password(vec![PasswordDigest::of(PASSWORD).unwrap()]),
        ..User::default_of(&Scope::of_anyone())
    }
}

/// Gives a node these users, as the control plane does; none lets everyone in.
async fn admit(node: &NodeEndpoint, engine: Engine, users: Option<&[User]>) {
    let report = NetworkEngine.probe(node, DEADLINE).await.unwrap();
    let line = engine::VersionNumber::parse(&report.version).unwrap();
    let users: Vec<NodeUser> = node_users(users, None, engine, line)
        .into_iter()
        .map(|user| NodeUser {
            name: user.name,
            rules: user.rules,
        })
        .collect();
    NetworkEngine.admit(node, &users, DEADLINE).await.unwrap();
}

type Connection = redis::aio::MultiplexedConnection;

/// A connection that says who it is, if it has a name.
async fn connect(address: Ipv4Addr, name: Option<&str>) -> redis::RedisResult<Connection> {
    let client = redis::Client::open((address.to_string(), 6379))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    if let Some(name) = name {
        let words = ["AUTH", name, PASSWORD];
        let () = redis::Cmd::new()
            .arg(&words)
            .query_async(&mut connection)
            .await?;
    }
    Ok(connection)
}

async fn say(connection: &mut Connection, words: &[&str]) -> Result<redis::Value, String> {
    let mut command = redis::Cmd::new();
    let answer = command.arg(words).query_async(connection).await;
    answer.map_err(|error: redis::RedisError| error.to_string())
}

#[tokio::test]
async fn each_line_lets_in_whom_it_is_told_to() {
    with_images(async |fixture, image| {
        let last = 5;
        let node = start(fixture, last, image).await;
        let address = fixture.node_address(last);
        let (reference, engine, _) = image;
        let mut stranger = connect(address, None).await.unwrap();
        let refused = say(&mut stranger, &["GET", "k"]).await.unwrap_err();
        assert!(refused.contains("NOAUTH"), "{reference}: {refused}");

        // What only later lines or modules have is left out.
        let all = user(
            "all",
            "on ~* &* +@all +json.get +clusterscan -ft.search +@bloom",
        );
        let some = user("some", "on ~a* &news +@read +set +subscribe -@dangerous");
        admit(&node, engine, Some(&[all.clone(), some])).await;
        let mut all_in = connect(address, Some("all")).await.unwrap();
        let mut some_in = connect(address, Some("some")).await.unwrap();
        assert!(say(&mut all_in, &["SET", "b", "1"]).await.is_ok());
        assert!(say(&mut some_in, &["SET", "a1", "1"]).await.is_ok());
        assert!(say(&mut some_in, &["SET", "b", "2"]).await.is_err());
        assert!(say(&mut some_in, &["INCR", "a1"]).await.is_err());
        assert!(say(&mut some_in, &["KEYS", "*"]).await.is_err());
        for withheld in [
            &["CONFIG", "GET", "*"][..],
            &["ACL", "SETUSER", "all", "nopass"],
            &["ACL", "DELUSER", "some"],
            &["REPLICAOF", "NO", "ONE"],
            &["BGSAVE"],
            &["MODULE", "LIST"],
        ] {
            let refused = say(&mut all_in, withheld).await.unwrap_err();
            assert!(
                refused.contains("NOPERM") || refused.contains("no permissions"),
                "{reference}: {withheld:?}: {refused}"
            );
        }
        for granted in [&["ACL", "WHOAMI"][..], &["INFO"], &["CLIENT", "ID"]] {
            let answer = say(&mut all_in, granted).await;
            assert!(answer.is_ok(), "{reference}: {granted:?}: {answer:?}");
        }

        // Told the same again, nothing happens to anybody; told less, it goes at once.
        admit(
            &node,
            engine,
            Some(&[all.clone(), user("some", "on ~* +get")]),
        )
        .await;
        assert!(say(&mut some_in, &["GET", "b"]).await.is_ok());
        assert!(say(&mut some_in, &["SET", "a1", "2"]).await.is_err());
        admit(&node, engine, Some(&[all])).await;
        assert!(
            say(&mut some_in, &["GET", "b"]).await.is_err(),
            "{reference}: its connection is ended"
        );
        assert!(connect(address, Some("some")).await.is_err());
        assert!(say(&mut all_in, &["GET", "b"]).await.is_ok());

        // Everyone, and then nobody who came in unasked.
        admit(&node, engine, None).await;
        let mut anyone = connect(address, None).await.unwrap();
        assert!(say(&mut anyone, &["SET", "c", "1"]).await.is_ok());
        assert!(say(&mut anyone, &["CONFIG", "GET", "*"]).await.is_err());
        admit(&node, engine, Some(&[])).await;
        assert!(
            say(&mut anyone, &["GET", "c"]).await.is_err(),
            "{reference}: it is cut off"
        );
        NetworkEngine.probe(&node, DEADLINE).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_is_none_changes_nobody() {
    with_images(async |fixture, image| {
        let node = start(fixture, 6, image).await;
        let broken = NodeUser {
            name: "all".into(),
            rules: ["reset", "on", "nopass", "sesame"]
                .map(String::from)
                .to_vec(),
        };
        let refused = NetworkEngine.admit(&node, &[broken], DEADLINE).await;
        assert!(
            matches!(refused, Err(EngineError::Refused { .. })),
            "{refused:?}"
        );
        let address = fixture.node_address(6);
        assert!(connect(address, Some("all")).await.is_err());
        let stranger = NodeEndpoint {
            encryption: None,
            administrator: None,
            ..node
        };
        let refused = NetworkEngine.admit(&stranger, &[], DEADLINE).await;
        assert!(
            matches!(refused, Err(EngineError::Refused { .. })),
            "{refused:?}"
        );
    })
    .await;
}
