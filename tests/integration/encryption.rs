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
