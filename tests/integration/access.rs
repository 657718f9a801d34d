//! Who is let in to the nodes of replication groups.

use std::collections::BTreeMap;

use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Call, Operation, Verdict};

use crate::harness::Harness;
use crate::user::PASSWORD;

impl Harness {
    /// The users that a member's node was given, each with its rules.
    fn given(&self, member: &str) -> BTreeMap<String, String> {
        let container = self.container_name(member, "0001");
        self.host.users(&container).unwrap_or_default()
    }

    /// Valkey, two members, with the user group `apps` of the users `app` and `job`.
    async fn guarded_group(&self) {
        self.create_user("app", &[]).await.ok();
        self.create_user("job", &[("AccessString", "on ~job:* +@read")])
            .await
            .ok();
        self.create_users("apps", "valkey", &["app", "job"])
            .await
            .ok();
        let users = [
            ("Engine", "valkey"),
            ("EngineVersion", "8.1"),
            ("TransitEncryptionEnabled", "true"),
            ("UserGroupIds.member.1", "apps"),
        ];
        self.create_group("ants", "2", &users).await.ok();
        self.settle().await;
    }
}

#[tokio::test]
async fn users_come_to_every_node_before_the_group_is_there() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    let told = harness.call("DescribeReplicationGroups", &[]).await.ok();
    assert_eq!(told.text("ReplicationGroupId"), "ants");
    assert!(
        told.body
            .contains("<UserGroupIds><member>apps</member></UserGroupIds>")
    );
    assert_eq!(
        harness.users_group("apps").await.ok().text("Status"),
        "active"
    );
    for member in ["ants-001", "ants-002"] {
        // Whoever starts it lets nobody in but us.
        let command = harness.command(member, "0001");
        assert!(
            command.contains("--user default off --user cacheplane-administrator on #"),
            "{command}"
        );
        let users = harness.given(member);
        let names: Vec<&str> = users.keys().map(String::as_str).collect();
        assert_eq!(names, ["app", "default", "job"]);
        assert_eq!(users["default"], "reset off");
        let (app, job) = (&users["app"], &users["job"]);
        assert!(app.starts_with("reset on ~* +@all -bgrewriteaof"), "{app}");
        assert!(
            app.contains(" -acl|setuser ") && app.contains(" #"),
            "{app}"
        );
        assert!(
            job.starts_with("reset on ~job:* +@read -bgrewriteaof"),
            "{job}"
        );
        assert!(!format!("{users:?}").contains(PASSWORD));
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_change_of_a_user_waits_for_the_nodes_that_let_it_in() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    let change = [("UserId", "job"), ("AccessString", "on ~* +@write")];
    harness.call("ModifyUser", &change).await.ok();
    assert_eq!(harness.user("job").await.ok().text("Status"), "modifying");
    assert_eq!(harness.user("app").await.ok().text("Status"), "active");
    let refused = harness.call("ModifyUser", &change).await;
    assert_eq!(
        refused.fault(400, "InvalidUserState"),
        "User job has status modifying. Only active users can be modified."
    );
    harness
        .call("DeleteUser", &[("UserId", "job")])
        .await
        .fault(400, "InvalidUserState");
    harness.settle().await;
    assert_eq!(harness.user("job").await.ok().text("Status"), "active");
    for member in ["ants-001", "ants-002"] {
        let users = harness.given(member);
        assert!(users["job"].starts_with("reset on ~* +@write"), "{users:?}");
    }
    harness.finish().await;
}

#[tokio::test]
async fn users_come_and_go_with_their_group() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    harness.create_user("new", &[]).await.ok();
    let change = [
        ("UserGroupId", "apps"),
        ("UserIdsToAdd.member.1", "new"),
        ("UserIdsToRemove.member.1", "job"),
    ];
    harness.call("ModifyUserGroup", &change).await.ok();
    let told = harness.users_group("apps").await.ok();
    assert_eq!(told.text("Status"), "modifying");
    assert!(
        told.body
            .contains("<UserIds><member>app</member><member>job</member></UserIds>")
    );
    assert!(
        told.body
            .contains("<UserIdsToAdd><member>new</member></UserIdsToAdd>")
    );
    let refused = harness.call("ModifyUserGroup", &change).await;
    refused.fault(400, "InvalidUserGroupState");
    harness.settle().await;
    let told = harness.users_group("apps").await.ok();
    assert_eq!(told.text("Status"), "active");
    assert!(
        told.body
            .contains("<UserIds><member>app</member><member>new</member></UserIds>")
    );
    let names = |users: BTreeMap<String, String>| users.into_keys().collect::<Vec<_>>();
    for member in ["ants-001", "ants-002"] {
        assert_eq!(names(harness.given(member)), ["app", "default", "new"]);
    }
    // One that is deleted is deleting until no node lets it in.
    harness.call("DeleteUser", &[("UserId", "new")]).await.ok();
    assert_eq!(harness.user("new").await.ok().text("Status"), "deleting");
    harness.settle().await;
    harness.user("new").await.fault(404, "UserNotFound");
    assert_eq!(names(harness.given("ants-002")), ["app", "default"]);
    harness.finish().await;
}

#[tokio::test]
async fn a_group_that_was_open_is_closed_at_once_and_then_made_to_start_closed() {
    let harness = Harness::start().await;
    harness
        .create_user("app", &[("Engine", "redis")])
        .await
        .ok();
    harness
        .create_user("own", &[("Engine", "redis"), ("UserName", "default")])
        .await
        .ok();
    harness
        .create_users("apps", "redis", &["app", "own"])
        .await
        .ok();
    harness
        .create_group(
            "ants",
            "2",
            &[
                ("AutomaticFailoverEnabled", "true"),
                ("TransitEncryptionEnabled", "true"),
            ],
        )
        .await
        .ok();
    harness.settle().await;
    assert!(
        harness
            .command("ants-001", "0001")
            .contains("--user default on nopass")
    );
    assert!(harness.given("ants-001").is_empty());
    let attach = [
        ("ReplicationGroupId", "ants"),
        ("UserGroupIdsToAdd.member.1", "apps"),
        ("ApplyImmediately", "true"),
    ];
    let told = harness.call("ModifyReplicationGroup", &attach).await.ok();
    assert_eq!(told.texts("Status"), ["modifying", "modifying"]);
    assert!(
        told.body
            .contains("<UserGroupIdsToAdd><member>apps</member></UserGroupIdsToAdd>")
    );
    harness.settle().await;
    for member in ["ants-001", "ants-002"] {
        assert!(
            harness
                .command(member, "0001")
                .contains("--user default off")
        );
        let users = harness.given(member);
        assert!(
            users["default"].starts_with("reset on ~* +@all"),
            "{users:?}"
        );
        assert!(!users["default"].contains("nopass") && users["default"].contains(" #"));
    }
    let told = harness.call("DescribeReplicationGroups", &[]).await.ok();
    assert!(!told.body.contains("UserGroupIdsToAdd"), "{}", told.body);
    // And open again: the nodes stay as they are, and let everyone in.
    let detach = [
        ("ReplicationGroupId", "ants"),
        ("UserGroupIdsToRemove.member.1", "apps"),
        ("ApplyImmediately", "true"),
    ];
    harness.call("ModifyReplicationGroup", &detach).await.ok();
    harness.settle().await;
    for member in ["ants-001", "ants-002"] {
        let users = harness.given(member);
        assert_eq!(users.len(), 1, "{users:?}");
        assert!(
            users["default"].starts_with("reset on nopass ~* +@all"),
            "{users:?}"
        );
        assert!(users["default"].contains("-config"), "{users:?}");
    }
    harness
        .call("DeleteUserGroup", &[("UserGroupId", "apps")])
        .await
        .ok();
    harness.finish().await;
}

#[tokio::test]
async fn a_node_that_comes_back_is_given_its_users_again() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    for member in ["ants-002", "ants-001"] {
        let container = harness.container_name(member, "0001");
        harness.host.crash(&container, 1);
        assert!(harness.given(member).is_empty(), "it has forgotten them");
        // It is not known to run, so nobody waits for it with this.
        let change = [("UserId", "job"), ("AccessString", "on ~* +@write")];
        harness.call("ModifyUser", &change).await.ok();
        harness.settle().await;
        assert!(harness.given(member)["job"].starts_with("reset on ~* +@write"));
        assert_eq!(harness.user("job").await.ok().text("Status"), "active");
    }
    harness
        .call(
            "IncreaseReplicaCount",
            &[
                ("ReplicationGroupId", "ants"),
                ("NewReplicaCount", "2"),
                ("ApplyImmediately", "true"),
            ],
        )
        .await
        .ok();
    harness.settle().await;
    assert!(
        harness
            .command("ants-003", "0001")
            .contains("--user default off")
    );
    assert_eq!(harness.given("ants-003").len(), 3);
    harness.finish().await;
}

#[tokio::test]
async fn a_node_that_does_not_take_its_users_is_told_again() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    harness
        .host
        .set_hook(Some(Box::new(|call: &Call| match call.operation {
            Operation::NodeAdmit => Verdict::Refuse(RuntimeError::NotFound {
                what: call.target.clone(),
            }),
            _ => Verdict::Proceed,
        })));
    let change = [("UserId", "job"), ("AccessString", "on ~* +@write")];
    harness.call("ModifyUser", &change).await.ok();
    harness.reconcile().await;
    assert_eq!(harness.user("job").await.ok().text("Status"), "modifying");
    harness.host.set_hook(None);
    harness.settle().await;
    assert_eq!(harness.user("job").await.ok().text("Status"), "active");
    harness.finish().await;
}

#[tokio::test]
async fn nobody_waits_for_a_replication_group_that_goes() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    let change = [("UserId", "job"), ("AccessString", "on ~* +@write")];
    harness.call("ModifyUser", &change).await.ok();
    let group = [("ReplicationGroupId", "ants")];
    harness.call("DeleteReplicationGroup", &group).await.ok();
    let users = [("UserGroupId", "apps")];
    harness
        .call("DeleteUserGroup", &users)
        .await
        .fault(400, "InvalidUserGroupState");
    harness.settle().await;
    assert_eq!(harness.user("job").await.ok().text("Status"), "active");
    harness.call("DeleteUserGroup", &users).await.ok();
    harness.finish().await;
}

#[tokio::test]
async fn neither_the_database_nor_the_log_gives_passwords_away() {
    let harness = Harness::start().await;
    harness.guarded_group().await;
    let second = "tr0ub4dor and three more";
    let change = [
        ("UserId", "app"),
        ("AuthenticationMode.Type", "password"),
        ("AuthenticationMode.Passwords.member.1", PASSWORD),
        ("AuthenticationMode.Passwords.member.2", second),
    ];
    harness.call("ModifyUser", &change).await.ok();
    harness.settle().await;
    let told = harness.user("app").await.ok();
    assert_eq!(told.text("PasswordCount"), "2");
    let files = harness.database_files();
    assert!(files.iter().any(|bytes| contains(bytes, "access_string")));
    for secret in [PASSWORD, second] {
        assert!(!told.body.contains(secret));
        assert!(!files.iter().any(|bytes| contains(bytes, secret)));
    }
    harness.finish().await;
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
