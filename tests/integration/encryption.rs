//! Encryption in transit, and AUTH tokens.

use std::time::Duration;

use cacheplane::authority::{RENEWAL, VALIDITY, end_of};
use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Call, Operation, Verdict};

use crate::harness::{Harness, Layout, START, with};

const TOKEN: &str = "a-token-of-16-letters-or-more";
const NEXT_TOKEN: &str = "another-token-in-its-place";

/// SHA-256 of these, as a node is told of them.
fn digest(token: &str) -> String {
    use sha2::{Digest, Sha256};
    format!("#{}", hex::encode(Sha256::digest(token.as_bytes())))
}

impl Harness {
    async fn encrypted_group(&self, more: &[(&str, &str)]) {
        let encrypted = [
            ("Engine", "valkey"),
            ("EngineVersion", "8.1"),
            ("TransitEncryptionEnabled", "true"),
        ];
        self.create_group("ants", "2", &with(&encrypted, more))
            .await
            .ok();
        self.settle().await;
    }

    /// The file with the certificate in a member's container.
    fn certificate(&self, member: &str) -> String {
        let container = self.container_name(member, "0001");
        let spec = self.host.container_spec(&container).expect("a container");
        let file = spec
            .files
            .iter()
            .find(|file| file.path.ends_with("/node.pem"));
        let file = file.expect("a certificate");
        assert_eq!(file.owner, 999);
        String::from_utf8(file.content.to_vec()).expect("a text")
    }

    /// What a member's node was told of the user `default`.
    fn default_user(&self, member: &str) -> String {
        let container = self.container_name(member, "0001");
        let users = self.host.users(&container).expect("users");
        users["default"].clone()
    }

    async fn change_token(&self, strategy: &str, token: &str) {
        let change = [("AuthToken", token), ("AuthTokenUpdateStrategy", strategy)];
        self.modify_group_now("ants", &change).await.ok();
    }
}

#[tokio::test]
async fn every_node_speaks_tls_and_nothing_else() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[]).await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("TransitEncryptionEnabled"), "true");
    assert_eq!(told.text("TransitEncryptionMode"), "required");
    assert_eq!(told.text("AuthTokenEnabled"), "false");
    let told = harness.describe("ants-001").await.ok();
    assert_eq!(told.text("TransitEncryptionEnabled"), "true");
    assert_eq!(told.text("TransitEncryptionMode"), "required");
    for member in ["ants-001", "ants-002"] {
        let command = harness.command(member, "0001");
        assert!(command.contains("--port 0 --tls-port 6379"), "{command}");
        assert!(command.contains("--tls-replication yes"), "{command}");
        assert!(!command.contains("PRIVATE KEY"));
        let pem = harness.certificate(member);
        assert!(pem.contains("PRIVATE KEY") && pem.contains("BEGIN CERTIFICATE"));
        assert_eq!(end_of(&pem), Some(START.plus(VALIDITY)));
    }
    assert_ne!(
        harness.certificate("ants-001"),
        harness.certificate("ants-002")
    );
    harness.finish().await;
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_finished_with_its_certificate() {
    for operation in [
        Operation::ContainerCreate,
        Operation::ContainerPutFiles,
        Operation::ContainerStart,
    ] {
        let harness = Harness::start().await;
        let seen = std::sync::atomic::AtomicU32::new(0);
        harness.host.set_hook(Some(Box::new(move |call: &Call| {
            let first = call.operation == operation
                && seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            match first {
                true => Verdict::LoseAnswer(RuntimeError::Unreachable { source: None }),
                false => Verdict::Proceed,
            }
        })));
        harness.encrypted_group(&[]).await;
        assert!(harness.certificate("ants-001").contains("PRIVATE KEY"));
        assert!(harness.certificate("ants-002").contains("PRIVATE KEY"));
        harness.finish().await;
    }
}

#[tokio::test]
async fn certificates_are_renewed_before_they_end() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[]).await;
    let first = harness.certificate("ants-001");
    harness.advance(VALIDITY - RENEWAL - Duration::from_secs(3600));
    harness.settle().await;
    assert_eq!(harness.certificate("ants-001"), first);
    harness.advance(Duration::from_secs(2 * 3600));
    harness.settle().await;
    for member in ["ants-001", "ants-002"] {
        let end = end_of(&harness.certificate(member)).expect("an end");
        assert!(end > START.plus(VALIDITY), "{end:?}");
    }
    assert_ne!(harness.certificate("ants-001"), first);
    assert_eq!(harness.status("ants-001").await, "available");
    harness.finish().await;
}

#[tokio::test]
async fn published_nodes_are_vouched_for_by_the_name_that_clients_are_given() {
    let layout = Layout {
        ports: Some(7000..=7020),
        ..Layout::default()
    };
    let harness = Harness::start_on(layout).await;
    harness.encrypted_group(&[]).await;
    assert!(
        harness
            .certificate("ants-001")
            .contains("BEGIN CERTIFICATE")
    );
    harness.finish().await;
}

#[tokio::test]
async fn a_token_is_asked_for_from_the_first_moment() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[("AuthToken", TOKEN)]).await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AuthTokenEnabled"), "true");
    assert!(told.has("AuthTokenLastModifiedDate"));
    let told = harness.describe("ants-002").await.ok();
    assert_eq!(told.text("AuthTokenEnabled"), "true");
    for member in ["ants-001", "ants-002"] {
        let command = harness.command(member, "0001");
        assert!(command.contains("--user default off"), "{command}");
        let user = harness.default_user(member);
        assert!(user.starts_with("reset on #"), "{user}");
        assert!(
            user.contains(&digest(TOKEN)) && !user.contains("nopass"),
            "{user}"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn tokens_are_rotated_and_set() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[("AuthToken", TOKEN)]).await;
    let change = [
        ("AuthToken", NEXT_TOKEN),
        ("AuthTokenUpdateStrategy", "SET"),
    ];
    harness
        .modify_group_now("ants", &change)
        .await
        .fault(400, "InvalidParameterCombination");
    harness.change_token("ROTATE", NEXT_TOKEN).await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AuthTokenStatus"), "ROTATING");
    assert_eq!(told.texts("Status")[0], "modifying");
    harness.settle().await;
    assert!(
        !harness
            .describe_group("ants")
            .await
            .ok()
            .has("AuthTokenStatus")
    );
    for member in ["ants-001", "ants-002"] {
        let user = harness.default_user(member);
        assert!(
            user.contains(&digest(TOKEN)) && user.contains(&digest(NEXT_TOKEN)),
            "{user}"
        );
    }
    harness.change_token("SET", NEXT_TOKEN).await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AuthTokenStatus"), "SETTING");
    harness.settle().await;
    for member in ["ants-001", "ants-002"] {
        let user = harness.default_user(member);
        assert!(
            !user.contains(&digest(TOKEN)) && user.contains(&digest(NEXT_TOKEN)),
            "{user}"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn the_first_token_of_an_open_group_is_optional_until_it_is_set() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[]).await;
    let open = harness.container("ants-001", "0001").id;
    harness.change_token("ROTATE", TOKEN).await;
    harness.settle().await;
    assert!(harness.default_user("ants-001").contains("on nopass ~*"));
    assert_eq!(harness.container("ants-001", "0001").id, open);
    harness.change_token("SET", TOKEN).await;
    harness.settle().await;
    for member in ["ants-001", "ants-002"] {
        // A node that starts again by itself lets nobody in now.
        assert!(
            harness
                .command(member, "0001")
                .contains("--user default off")
        );
        let user = harness.default_user(member);
        assert!(
            user.contains(&digest(TOKEN)) && !user.contains("nopass"),
            "{user}"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn users_take_the_place_of_tokens_and_the_other_way_round() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[("AuthToken", TOKEN)]).await;
    harness.create_user("app", &[]).await.ok();
    harness.create_users("apps", "valkey", &["app"]).await.ok();
    let add = [("UserGroupIdsToAdd.member.1", "apps")];
    harness
        .modify_group_now("ants", &add)
        .await
        .fault(400, "InvalidParameterCombination");
    let delete = [("AuthTokenUpdateStrategy", "DELETE")];
    harness
        .modify_group_now("ants", &delete)
        .await
        .fault(400, "InvalidParameterValue");
    harness
        .modify_group_now("ants", &with(&add, &delete))
        .await
        .ok();
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AuthTokenEnabled"), "false");
    assert_eq!(harness.default_user("ants-001"), "reset off");
    let rotate = [("AuthToken", TOKEN), ("AuthTokenUpdateStrategy", "ROTATE")];
    harness
        .modify_group_now("ants", &rotate)
        .await
        .fault(400, "InvalidParameterCombination");
    let back = with(&rotate, &[("RemoveUserGroups", "true")]);
    harness.modify_group_now("ants", &back).await.ok();
    harness.settle().await;
    harness.change_token("SET", TOKEN).await;
    harness.settle().await;
    let user = harness.default_user("ants-002");
    assert!(
        user.contains(&digest(TOKEN)) && !user.contains("nopass"),
        "{user}"
    );
    harness.finish().await;
}

#[tokio::test]
async fn no_token_and_no_key_is_in_the_database() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[("AuthToken", TOKEN)]).await;
    harness.change_token("ROTATE", NEXT_TOKEN).await;
    harness.settle().await;
    let key = harness.certificate("ants-001");
    let line = key.lines().nth(1).expect("a line of the key").to_owned();
    for file in harness.database_files() {
        let text = String::from_utf8_lossy(&file).into_owned();
        for secret in [TOKEN, NEXT_TOKEN, &line, "PRIVATE KEY"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    harness.finish().await;
}

#[tokio::test]
async fn encryption_at_rest_is_kept_and_described() {
    let harness = Harness::start().await;
    let key = [
        ("AtRestEncryptionEnabled", "true"),
        ("KmsKeyId", "alias/theirs"),
    ];
    harness.group("ants", "1", &key).await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("AtRestEncryptionEnabled"), "true");
    assert_eq!(told.text("KmsKeyId"), "alias/theirs");
    let told = harness.describe("ants-001").await.ok();
    assert_eq!(told.text("AtRestEncryptionEnabled"), "true");
    harness.finish().await;
}

impl Harness {
    /// What a member's front is told; none where it has none.
    fn front(&self, member: &str) -> Option<String> {
        let container = self.container_name(member, "0001");
        let spec = self.host.container_spec(&container).expect("a container");
        let file = |name: &str| spec.files.iter().find(|file| file.path.ends_with(name));
        let has_front = spec.command[0] == "/etc/cacheplane/front";
        assert_eq!(
            has_front,
            file("/front").is_some_and(|file| file.is_program)
        );
        let config = file("/front.json").filter(|_| has_front)?;
        Some(String::from_utf8(config.content.to_vec()).expect("a text"))
    }

    async fn change_encryption(&self, change: &[(&str, &str)]) {
        let told = self.modify_group_now("ants", change).await.ok();
        assert_eq!(told.texts("Status")[0], "modifying");
        self.settle().await;
        let told = self.describe_group("ants").await.ok();
        assert_eq!(told.texts("Status")[0], "available");
    }
}

const PREFERRED: (&str, &str) = ("TransitEncryptionMode", "preferred");
const REQUIRED: (&str, &str) = ("TransitEncryptionMode", "required");
const ON: (&str, &str) = ("TransitEncryptionEnabled", "true");
const OFF: (&str, &str) = ("TransitEncryptionEnabled", "false");

#[tokio::test]
async fn a_front_takes_both_where_clients_may_do_without() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[PREFERRED]).await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("TransitEncryptionMode"), "preferred");
    for member in ["ants-001", "ants-002"] {
        let config = harness.front(member).expect("a front");
        assert_eq!(
            config,
            r#"{"plain":1147,"port":6379,"tls":{"forward":{"port":1148}}}"#
        );
        let command = harness.command(member, "0001");
        let begins =
            "/etc/cacheplane/front front --config /etc/cacheplane/front.json -- valkey-server";
        assert!(command.starts_with(begins), "{command}");
        assert!(command.contains("--port 1147 --tls-port 1148"), "{command}");
        assert!(
            command.contains("--replica-announce-port 6379"),
            "{command}"
        );
        assert!(harness.certificate(member).contains("PRIVATE KEY"));
    }
    harness.finish().await;
}

#[tokio::test]
async fn encryption_is_turned_on_and_off_step_by_step() {
    let harness = Harness::start().await;
    harness
        .group(
            "ants",
            "3",
            &[("Engine", "valkey"), ("EngineVersion", "8.1")],
        )
        .await;
    for refused in [&[ON, REQUIRED][..], &[ON]] {
        harness
            .modify_group_now("ants", refused)
            .await
            .fault(400, "InvalidParameterCombination");
    }
    let told = harness
        .modify_group_now("ants", &[ON, PREFERRED])
        .await
        .ok();
    // What there is, and what shall be.
    assert_eq!(told.texts("TransitEncryptionEnabled"), ["true", "false"]);
    assert_eq!(told.texts("TransitEncryptionMode"), ["preferred"]);
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("TransitEncryptionEnabled"), ["true"]);
    for member in ["ants-001", "ants-002", "ants-003"] {
        assert!(harness.front(member).is_some(), "{member}");
    }
    harness
        .modify_group_now("ants", &[ON, PREFERRED])
        .await
        .ok();
    harness.change_encryption(&[REQUIRED]).await;
    for member in ["ants-001", "ants-002", "ants-003"] {
        assert!(harness.front(member).is_none(), "{member}");
        let command = harness.command(member, "0001");
        assert!(command.contains("--port 0 --tls-port 6379"), "{command}");
    }
    harness
        .modify_group_now("ants", &[OFF])
        .await
        .fault(400, "InvalidParameterCombination");
    harness.change_encryption(&[PREFERRED]).await;
    harness.change_encryption(&[OFF]).await;
    for member in ["ants-001", "ants-002", "ants-003"] {
        assert!(harness.front(member).is_none(), "{member}");
        let command = harness.command(member, "0001");
        assert!(command.contains("--port 6379"), "{command}");
        assert!(!command.contains("tls"), "{command}");
        let told = harness.describe(member).await.ok();
        assert_eq!(told.text("TransitEncryptionEnabled"), "false");
    }
    harness.finish().await;
}

#[tokio::test]
async fn who_may_do_without_encryption_is_asked_for_no_password() {
    let harness = Harness::start().await;
    harness.encrypted_group(&[PREFERRED]).await;
    harness.create_user("app", &[]).await.ok();
    harness.create_users("apps", "valkey", &["app"]).await.ok();
    let add = [("UserGroupIdsToAdd.member.1", "apps")];
    let token = [("AuthToken", TOKEN), ("AuthTokenUpdateStrategy", "ROTATE")];
    for refused in [&add[..], &token] {
        harness
            .modify_group_now("ants", refused)
            .await
            .fault(400, "InvalidParameterCombination");
    }
    harness.change_encryption(&[REQUIRED]).await;
    // Nor does one request ask for passwords and let others do without encryption.
    for refused in [&add[..], &token] {
        harness
            .modify_group_now("ants", &with(&[PREFERRED], refused))
            .await
            .fault(400, "InvalidParameterCombination");
    }
    harness.change_token("ROTATE", TOKEN).await;
    harness.settle().await;
    harness
        .modify_group_now("ants", &[PREFERRED])
        .await
        .fault(400, "InvalidParameterCombination");
    harness.finish().await;
}

#[tokio::test]
async fn a_member_that_does_not_come_up_holds_the_change_up_until_it_is_given_up() {
    let harness = Harness::start().await;
    harness
        .group(
            "ants",
            "2",
            &[("Engine", "valkey"), ("EngineVersion", "8.1")],
        )
        .await;
    harness
        .host
        .set_hook(Some(Box::new(|call: &Call| match call.operation {
            Operation::ContainerStart => {
                Verdict::Refuse(RuntimeError::Unreachable { source: None })
            }
            _ => Verdict::Proceed,
        })));
    harness
        .modify_group_now("ants", &[ON, PREFERRED])
        .await
        .ok();
    for _ in 0..4 {
        harness.reconcile().await;
    }
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status")[0], "modifying");
    harness
        .modify_group_now("ants", &[("EngineVersion", "9.1"), OFF])
        .await
        .fault(400, "InvalidReplicationGroupState");
    harness.host.set_hook(None);
    harness.change_encryption(&[OFF]).await;
    for member in ["ants-001", "ants-002"] {
        assert!(!harness.command(member, "0001").contains("tls"));
    }
    harness.finish().await;
}

#[tokio::test]
async fn memcached_speaks_tls_at_its_nodes_and_at_its_configuration_endpoint() {
    let harness = Harness::start().await;
    harness.create_memcached("mc", "2", &[ON]).await.ok();
    harness.settle().await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.text("TransitEncryptionEnabled"), "true");
    assert_eq!(told.text("TransitEncryptionMode"), "required");
    for node in ["0001", "0002"] {
        let command = harness.command("mc", node);
        assert!(command.starts_with("memcached "), "{command}");
        assert!(command.contains(" -Z "), "{command}");
        let file = "/etc/cacheplane/node.pem";
        let options = format!("ssl_chain_cert={file},ssl_key={file}");
        assert!(command.contains(&options), "{command}");
        let container = harness.container_name("mc", node);
        let spec = harness
            .host
            .container_spec(&container)
            .expect("a container");
        let named = spec.files.iter().find(|found| found.path == file);
        let named = named.expect("a certificate");
        // Its own user's in the official image.
        assert_eq!(named.owner, 11_211);
        let pem = String::from_utf8(named.content.to_vec()).expect("a text");
        assert_eq!(end_of(&pem), Some(START.plus(VALIDITY)));
    }
    let all = harness.host.containers();
    let router = all.iter().find(|one| one.name.contains(".router-"));
    let router = &router.expect("a router").name;
    let spec = harness.host.container_spec(router).expect("a router");
    let has = |part: &str| spec.files.iter().any(|file| file.path.contains(part));
    assert!(has("/etc/cacheplane/endpoints/") && has("/etc/cacheplane/ca.pem"));
    harness.finish().await;
}

#[tokio::test]
async fn memcached_takes_up_certificates_before_theirs_end() {
    let harness = Harness::start().await;
    harness.create_memcached("mc", "1", &[ON]).await.ok();
    harness.settle().await;
    let certificate = || {
        let container = harness.container_name("mc", "0001");
        let spec = harness
            .host
            .container_spec(&container)
            .expect("a container");
        let file = spec
            .files
            .into_iter()
            .find(|file| file.path.ends_with("/node.pem"));
        file.expect("a certificate").content
    };
    let first = certificate();
    harness.advance(VALIDITY - RENEWAL + Duration::from_secs(3600));
    harness.settle().await;
    assert_ne!(certificate(), first);
    harness.finish().await;
}
