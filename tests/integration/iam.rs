//! Users that log in with tokens of IAM: what nodes and their fronts are told of them.

use std::collections::BTreeMap;
use std::time::Duration;

use cacheplane::callers::{Callers, Credentials};
use cacheplane_sigv4::SigningKey;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{Harness, with};

const MEMBERS: [&str; 2] = ["ants-001", "ants-002"];

const CREDENTIALS: &str = "
[one]
aws_access_key_id = ONE
aws_secret_access_key = the secret of one
[lent]
aws_access_key_id = LENT
aws_secret_access_key = the secret that was lent
aws_session_token = a session
[other]
aws_access_key_id = OTHER
aws_secret_access_key = the secret of another account
aws_account_id = 111122223333
";

impl Harness {
    /// Valkey, two members, with the user group `apps` of these users: `app`, with a password, and `ann`, with tokens of IAM.
    async fn group_of(&self, users: &[&str]) {
        self.create_user("app", &[]).await.ok();
        self.call(
            "CreateUser",
            &[
                ("UserId", "ann"),
                ("UserName", "ann"),
                ("Engine", "valkey"),
                ("AccessString", "on ~ann:* +@all"),
                ("AuthenticationMode.Type", "iam"),
            ],
        )
        .await
        .ok();
        self.create_users("apps", "valkey", users).await.ok();
        let wanted = [
            ("Engine", "valkey"),
            ("EngineVersion", "8.1"),
            ("TransitEncryptionEnabled", "true"),
            ("UserGroupIds.member.1", "apps"),
        ];
        self.create_group("ants", "2", &with(&wanted, &[]))
            .await
            .ok();
        self.settle().await;
    }

    /// What a member's front was told in a file.
    fn told(&self, member: &str, name: &str) -> Option<Value> {
        let container = self.container_name(member, "0001");
        let spec = self.host.container_spec(&container).expect("a container");
        let file = spec.files.iter().find(|file| file.path.ends_with(name))?;
        Some(serde_json::from_slice(&file.content).expect("JSON"))
    }

    fn users_of(&self, member: &str) -> BTreeMap<String, String> {
        let container = self.container_name(member, "0001");
        self.host.users(&container).unwrap_or_default()
    }

    fn demand_front(&self, member: &str) {
        let command = self.command(member, "0001");
        assert!(
            command.starts_with("/etc/cacheplane/front front --config"),
            "{command}"
        );
        assert!(
            command.contains("--port 0 --tls-port 0 --unixsocket /tmp/"),
            "{command}"
        );
        let ways = self.told(member, "/front.json").expect("a front's file");
        assert_eq!(ways["plain"], Value::Null);
        assert_eq!(
            ways["tls"]["terminate"]["tokens"],
            "/etc/cacheplane/tokens.json"
        );
        let tokens = self.told(member, "/tokens.json").expect("a front's keys");
        assert_eq!(
            (&tokens["cache"], &tokens["region"]),
            (&"ants".into(), &"us-east-1".into())
        );
        // What stands for a token is known to the node by its digest alone, and nobody else has any.
        let users = tokens["users"].as_object().expect("users");
        assert_eq!(users.keys().collect::<Vec<_>>(), ["ann"]);
        let password = users["ann"].as_str().expect("a password");
        let digest = hex::encode(Sha256::digest(password));
        let given = self.users_of(member);
        assert!(
            given["ann"].ends_with(&format!(" #{digest}")),
            "{}",
            given["ann"]
        );
        assert!(!given["app"].contains(&digest));
        assert!(!command.contains(password) && !command.contains(&digest));
    }
}

#[tokio::test]
async fn nodes_with_a_user_of_iam_have_a_front_that_knows_it() {
    let harness = Harness::start().await;
    harness.group_of(&["app", "ann"]).await;
    let mut passwords = Vec::new();
    for member in MEMBERS {
        harness.demand_front(member);
        let tokens = harness.told(member, "/tokens.json").expect("keys");
        // Nobody verifies signatures here.
        assert_eq!(tokens["credentials"], Value::Null);
        passwords.push(tokens["users"]["ann"].clone());
    }
    assert_ne!(passwords[0], passwords[1], "each node has its own");
    harness.finish().await;
}

#[tokio::test]
async fn fronts_have_keys_for_a_day_and_the_next_and_no_secret() {
    let mut harness = Harness::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("credentials");
    std::fs::write(&path, CREDENTIALS).expect("write a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).expect("close the file");
    let world = &mut harness.world;
    let credentials = Credentials::open(world.datastore.clone(), &world.ground.secret, Some(&path));
    world.callers = Callers::Signed(credentials.expect("credentials"));
    harness.group_of(&["app", "ann"]).await;
    for days in [["20260304", "20260305"], ["20260305", "20260306"]] {
        for member in MEMBERS {
            harness.demand_front(member);
            let tokens = harness.told(member, "/tokens.json").expect("keys");
            let text = tokens.to_string();
            assert!(
                !text.contains("secret of") && !text.contains("a session"),
                "{text}"
            );
            let known = tokens["credentials"].as_object().expect("credentials");
            assert_eq!(known.keys().collect::<Vec<_>>(), ["LENT", "ONE"]);
            assert_eq!(known["ONE"]["session_token"], Value::Null);
            let session = hex::encode(Sha256::digest("a session"));
            assert_eq!(known["LENT"]["session_token"], session.as_str());
            let keys = known["ONE"]["days"].as_object().expect("keys");
            for day in days {
                let key = SigningKey::derive("the secret of one", day, "us-east-1", "elasticache");
                assert_eq!(keys[day], hex::encode(key.bytes()).as_str(), "{day}");
            }
        }
        harness.clock.advance(Duration::from_hours(24));
        harness.settle().await;
    }
    harness.finish().await;
}

#[tokio::test]
async fn members_are_made_anew_for_the_first_user_of_iam() {
    let harness = Harness::start().await;
    harness.group_of(&["app"]).await;
    for member in MEMBERS {
        let command = harness.command(member, "0001");
        assert!(command.starts_with("valkey-server"), "{command}");
        assert_eq!(harness.told(member, "/tokens.json"), None);
    }
    let change = [("UserGroupId", "apps"), ("UserIdsToAdd.member.1", "ann")];
    harness.call("ModifyUserGroup", &change).await.ok();
    harness.settle().await;
    for member in MEMBERS {
        harness.demand_front(member);
    }
    let group = harness.users_group("apps").await.ok();
    assert_eq!(group.text("Status"), "active");
    // Nobody is thrown out of his node when it goes.
    let before = MEMBERS.map(|member| harness.container_name(member, "0001"));
    let before = before.map(|name| harness.host.container_spec(&name).map(|it| it.generation));
    let change = [("UserGroupId", "apps"), ("UserIdsToRemove.member.1", "ann")];
    harness.call("ModifyUserGroup", &change).await.ok();
    harness.settle().await;
    let after = MEMBERS.map(|member| harness.container_name(member, "0001"));
    let after = after.map(|name| harness.host.container_spec(&name).map(|it| it.generation));
    assert_eq!(after, before);
    for member in MEMBERS {
        assert!(!harness.users_of(member).contains_key("ann"));
        let tokens = harness.told(member, "/tokens.json").expect("keys");
        assert_eq!(tokens["users"], serde_json::json!({}));
    }
    harness.finish().await;
}
