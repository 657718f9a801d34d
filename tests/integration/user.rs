//! Users and user groups, as they are told.

use crate::harness::{Harness, Reply, with};

/// The password of users of tests.
pub const PASSWORD: &str = "correct horse battery staple";

impl Harness {
    /// Asks for a user, with these members in place of or besides the usual ones.
    pub async fn create_user(&self, id: &str, more: &[(&str, &str)]) -> Reply {
        let members = [
            ("UserId", id),
            ("UserName", id),
            ("Engine", "valkey"),
            ("AccessString", "on ~* +@all"),
            ("Passwords.member.1", PASSWORD),
        ];
        let named = |name: &str| more.iter().any(|(other, _)| *other == name);
        let kept: Vec<_> = members
            .into_iter()
            .filter(|(name, _)| !named(name))
            .collect();
        self.call("CreateUser", &with(&kept, more)).await
    }

    /// Asks for a user group.
    pub async fn create_users(&self, id: &str, engine: &str, users: &[&str]) -> Reply {
        let names: Vec<String> = (1..=users.len())
            .map(|n| format!("UserIds.member.{n}"))
            .collect();
        let mut members = vec![("UserGroupId", id), ("Engine", engine)];
        members.extend(names.iter().map(String::as_str).zip(users.iter().copied()));
        self.call("CreateUserGroup", &members).await
    }

    /// A user as it is told.
    pub async fn user(&self, id: &str) -> Reply {
        self.call("DescribeUsers", &[("UserId", id)]).await
    }

    /// A user group as it is told.
    pub async fn users_group(&self, id: &str) -> Reply {
        self.call("DescribeUserGroups", &[("UserGroupId", id)])
            .await
    }
}

#[tokio::test]
async fn users_are_made_told_changed_and_deleted() {
    let harness = Harness::start().await;
    let made = harness
        .create_user(
            "App",
            &[
                ("UserName", "Ärger"),
                ("Passwords.member.2", "another password here"),
            ],
        )
        .await
        .ok();
    assert_eq!(made.text("Status"), "active");
    insta::assert_snapshot!(harness.user("APP").await.ok().outline(), @r"
    DescribeUsersResponse
      DescribeUsersResult
        Users
          member
            UserId: app
            UserName: Ärger
            Status: active
            Engine: valkey
            MinimumEngineVersion: 7.2
            AccessString: on ~* +@all
            UserGroupIds:
            Authentication
              Type: password
              PasswordCount: 2
            ARN: arn:aws:elasticache:us-east-1:000000000000:user:app
      ResponseMetadata
        RequestId
    ");
    let changed = harness
        .call(
            "ModifyUser",
            &[
                ("UserId", "app"),
                ("AppendAccessString", "-del"),
                ("Passwords.member.1", PASSWORD),
            ],
        )
        .await
        .ok();
    assert_eq!(changed.text("Status"), "modifying");
    let told = harness.user("app").await.ok();
    assert_eq!(told.text("AccessString"), "on ~* +@all -del");
    assert_eq!(told.text("PasswordCount"), "1");
    assert_eq!(told.text("Status"), "active");
    let going = harness.call("DeleteUser", &[("UserId", "app")]).await.ok();
    assert_eq!(going.text("Status"), "deleting");
    harness.user("app").await.fault(404, "UserNotFound");
    harness.finish().await;
}

#[tokio::test]
async fn everyone_has_a_default_user() {
    let harness = Harness::start().await;
    let all = harness.call("DescribeUsers", &[]).await.ok();
    assert_eq!(all.texts("UserId"), ["default"]);
    assert_eq!(all.text("AccessString"), "on ~* +@all");
    assert_eq!(all.text("Type"), "no-password");
    assert_eq!(all.text("Engine"), "redis");
    let elsewhere = harness
        .call_as(
            "test",
            "eu-west-1",
            "DescribeUsers",
            &[("UserId", "Default")],
        )
        .await
        .ok();
    assert_eq!(
        elsewhere.text("ARN"),
        "arn:aws:elasticache:eu-west-1:000000000000:user:default"
    );
    harness.create_users("g", "redis", &["default"]).await.ok();
    let told = harness.user("default").await.ok();
    assert_eq!(told.text("UserGroupIds"), "");
    assert!(
        told.body
            .contains("<UserGroupIds><member>g</member></UserGroupIds>")
    );
    harness.finish().await;
}

#[tokio::test]
async fn users_are_told_in_pages_and_by_filters() {
    let harness = Harness::start().await;
    for number in 0..25 {
        let engine = ["redis", "valkey"][number % 2];
        let id = format!("u{number:02}");
        harness.create_user(&id, &[("Engine", engine)]).await.ok();
    }
    harness
        .create_users("apps", "valkey", &["u01", "u03"])
        .await
        .ok();
    let first = harness
        .call("DescribeUsers", &[("MaxRecords", "20")])
        .await
        .ok();
    assert_eq!(first.texts("UserId").len(), 20);
    let marker = first.text("Marker");
    let rest = [("MaxRecords", "20"), ("Marker", marker.as_str())];
    let rest = harness.call("DescribeUsers", &rest).await.ok();
    assert_eq!(rest.texts("UserId").len(), 6);
    assert!(rest.texts("Marker").is_empty());
    let ids = async |members: &[(&str, &str)]| {
        let told = harness.call("DescribeUsers", members).await.ok();
        told.texts("UserId")
    };
    assert_eq!(ids(&[("Engine", "REDIS")]).await.len(), 14);
    let name = "Filters.member.1.Name";
    let (one, two) = (
        "Filters.member.1.Values.member.1",
        "Filters.member.1.Values.member.2",
    );
    assert_eq!(
        ids(&[(name, "UserId"), (one, "U07"), (two, "u09")]).await,
        ["u07", "u09"]
    );
    assert_eq!(
        ids(&[(name, "user-group-id"), (one, "apps")]).await,
        ["u01", "u03"]
    );
    assert_eq!(
        ids(&[(name, "user-group-id"), (one, "apps"), ("UserId", "u03")]).await,
        ["u03"]
    );
    harness.finish().await;
}

#[tokio::test]
async fn a_group_of_users_is_made_told_changed_and_deleted() {
    let harness = Harness::start().await;
    for id in ["a", "b", "c"] {
        harness.create_user(id, &[]).await.ok();
    }
    let made = harness
        .create_users("Apps", "VALKEY", &["a", "B"])
        .await
        .ok();
    assert_eq!(made.text("Status"), "creating");
    insta::assert_snapshot!(harness.users_group("APPS").await.ok().outline(), @r"
    DescribeUserGroupsResponse
      DescribeUserGroupsResult
        UserGroups
          member
            UserGroupId: apps
            Status: active
            Engine: valkey
            UserIds
              member: a
              member: b
            MinimumEngineVersion: 7.2
            ReplicationGroups:
            ServerlessCaches:
            ARN: arn:aws:elasticache:us-east-1:000000000000:usergroup:apps
      ResponseMetadata
        RequestId
    ");
    let members = [
        ("UserGroupId", "apps"),
        ("UserIdsToAdd.member.1", "c"),
        ("UserIdsToRemove.member.1", "a"),
    ];
    let changed = harness.call("ModifyUserGroup", &members).await.ok();
    assert_eq!(changed.text("Status"), "modifying");
    assert!(
        changed
            .body
            .contains("<UserIds><member>a</member><member>b</member></UserIds>")
    );
    assert!(
        changed
            .body
            .contains("<UserIdsToAdd><member>c</member></UserIdsToAdd>")
    );
    assert!(
        changed
            .body
            .contains("<UserIdsToRemove><member>a</member></UserIdsToRemove>")
    );
    let told = harness.users_group("apps").await.ok();
    assert_eq!(told.text("Status"), "active");
    assert!(
        told.body
            .contains("<UserIds><member>b</member><member>c</member></UserIds>")
    );
    assert!(!told.has("PendingChanges"));
    // A user that is deleted leaves its groups.
    harness.call("DeleteUser", &[("UserId", "b")]).await.ok();
    let told = harness.users_group("apps").await.ok();
    assert!(told.body.contains("<UserIds><member>c</member></UserIds>"));
    let going = harness
        .call("DeleteUserGroup", &[("UserGroupId", "apps")])
        .await
        .ok();
    assert_eq!(going.text("Status"), "deleting");
    harness
        .users_group("apps")
        .await
        .fault(404, "UserGroupNotFound");
    harness.user("c").await.ok();
    harness.finish().await;
}

#[tokio::test]
async fn tags_of_users_and_their_groups() {
    let harness = Harness::start().await;
    let tag = [("Tags.Tag.1.Key", "k"), ("Tags.Tag.1.Value", "v")];
    let user = harness.create_user("app", &tag).await.ok().text("ARN");
    assert_eq!(user, "arn:aws:elasticache:us-east-1:000000000000:user:app");
    let made = harness.create_users("apps", "valkey", &["app"]).await.ok();
    let group = made.text("ARN");
    assert_eq!(
        group,
        "arn:aws:elasticache:us-east-1:000000000000:usergroup:apps"
    );
    let keys = async |arn: &str| {
        let told = harness
            .call("ListTagsForResource", &[("ResourceName", arn)])
            .await;
        told.ok().texts("Key")
    };
    assert_eq!(keys(&user).await, ["k"]);
    assert!(keys(&group).await.is_empty());
    let more = [("ResourceName", group.as_str()), ("Tags.Tag.1.Key", "g")];
    harness.call("AddTagsToResource", &more).await.ok();
    assert_eq!(keys(&group).await, ["g"]);
    harness.call("DeleteUser", &[("UserId", "app")]).await.ok();
    harness.create_user("app", &[]).await.ok();
    assert!(keys(&user).await.is_empty());
    harness.finish().await;
}
