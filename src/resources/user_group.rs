//! User groups: the users of a cache (behaviour.md section 22).

use super::engine::Engine;
use super::id;
use super::scope::Scope;
use super::user::{Authentication, DEFAULT_USER, User};
use super::violation::Violation;

/// Most user groups of an account in a region (quota "User groups").
pub const USER_GROUPS_MAX: u32 = 200;

/// Most users of a user group (quota "Users per user group").
pub const USERS_PER_GROUP_MAX: usize = 100;

/// What replication groups have yet to follow of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// The user comes.
    Add,
    /// The user goes.
    Remove,
}

/// A user in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct UserGroupMember {
    /// Who.
    pub user: User,
    /// What is under way.
    pub change: Option<MemberChange>,
}

/// A user group.
#[derive(Debug, Clone, PartialEq)]
pub struct UserGroup {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Whose it is.
    pub scope: Scope,
    /// Lower case.
    pub user_group_id: String,
    /// Redis or Valkey.
    pub engine: Engine,
    /// In the order of the users' ids.
    pub members: Vec<UserGroupMember>,
    /// The replication groups that have it.
    pub replication_group_ids: Vec<String>,
    /// Whether a replication group has yet to follow a change of it.
    pub is_awaited: bool,
    /// Counts the writes of the wish; a writer names the one that it read.
    pub revision: i64,
}

/// Why users do not make a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserGroupFault {
    /// A group of engine Redis has a user called `default`.
    DefaultUserRequired,
    /// Two of its users have this name.
    DuplicateUserName(String),
    /// More than a group may have.
    TooManyUsers,
    /// A user that cannot be in a group of this engine.
    Violation(Violation),
}

impl UserGroup {
    /// The users that shall be in it.
    pub fn wished_users(&self) -> impl Iterator<Item = &User> {
        self.members
            .iter()
            .filter(|member| member.change != Some(MemberChange::Remove))
            .map(|member| &member.user)
    }

    /// The ids of the users with this change under way; none stands for those that are in it, those that are leaving included.
    pub fn user_ids(&self, change: Option<MemberChange>) -> Vec<String> {
        let is_wanted = |member: &&UserGroupMember| match change {
            None => member.change != Some(MemberChange::Add),
            change => member.change == change,
        };
        let members = self.members.iter().filter(is_wanted);
        members.map(|it| it.user.user_id.clone()).collect()
    }

    /// `active` or `modifying`. One that is deleted is gone at once: no cache has it.
    pub fn status(&self) -> &'static str {
        if self.is_awaited {
            "modifying"
        } else {
            "active"
        }
    }

    /// Whether a user that shall be in it logs in with tokens of IAM.
    pub fn has_iam(&self) -> bool {
        self.wished_users()
            .any(|user| user.authentication == Authentication::Iam)
    }

    /// The first engine version whose nodes its users can be on: major and minor.
    pub fn minimum_engine_version(&self) -> (u32, u32) {
        let own = match self.engine {
            Engine::Valkey => (7, 2),
            Engine::Redis | Engine::Memcached => (6, 0),
        };
        let users = self.wished_users().map(User::minimum_engine_version);
        // A Redis user in a Valkey group is on Valkey nodes only.
        users.chain([own]).max().unwrap_or(own)
    }

    /// Whether the users that shall be in it can be in one group (texts: behaviour.md section 40).
    ///
    /// # Errors
    /// [`UserGroupFault`].
    pub fn check(&self) -> Result<(), UserGroupFault> {
        let mut names: Vec<&str> = Vec::new();
        for user in self.wished_users() {
            check_engine(user, self.engine).map_err(UserGroupFault::Violation)?;
            if names.contains(&user.user_name.as_str()) {
                return Err(UserGroupFault::DuplicateUserName(user.user_name.clone()));
            }
            names.push(&user.user_name);
        }
        if self.engine == Engine::Redis && !names.contains(&DEFAULT_USER) {
            return Err(UserGroupFault::DefaultUserRequired);
        }
        if names.len() > USERS_PER_GROUP_MAX {
            return Err(UserGroupFault::TooManyUsers);
        }
        Ok(())
    }
}

fn check_engine(user: &User, engine: Engine) -> Result<(), Violation> {
    match (engine, user.engine) {
        (Engine::Valkey, _) if user.authentication == Authentication::NoPassword => {
            Err(Violation::value(format!(
                "No password user {} cannot be added to user group with engine Valkey",
                user.user_id
            )))
        }
        (Engine::Redis, Engine::Valkey) => Err(Violation::combination(format!(
            "User {} of engine valkey cannot be added to user group with engine Redis",
            user.user_id
        ))),
        _ => Ok(()),
    }
}

/// A user group id in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` unless it begins with a letter and has only letters, digits and hyphens.
pub fn user_group_id(text: &str) -> Result<String, Violation> {
    id::access_id("UserGroupId", text)
}

/// Whether users of a group of this engine can be on nodes of a replication group of that one.
pub fn fits(user_group: Engine, replication_group: Engine) -> bool {
    user_group == replication_group || user_group == Engine::Redis
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::user::tests::user;

    fn group(engine: Engine, users: Vec<User>) -> UserGroup {
        let member = |user| UserGroupMember { user, change: None };
        UserGroup {
            key: 1,
            scope: Scope::of_anyone(),
            user_group_id: "g".to_owned(),
            engine,
            members: users.into_iter().map(member).collect(),
            replication_group_ids: vec![],
            is_awaited: false,
            revision: 1,
        }
    }

    #[test]
    fn a_redis_group_has_a_default_user_and_redis_users() {
        let built_in = || User::default_of(&Scope::of_anyone());
        let check = |users| group(Engine::Redis, users).check();
        assert_eq!(check(vec![]), Err(UserGroupFault::DefaultUserRequired));
        assert_eq!(check(vec![built_in()]), Ok(()));
        let own = user("my-default", "default", Engine::Redis);
        assert_eq!(check(vec![own.clone()]), Ok(()));
        assert_eq!(
            check(vec![built_in(), own]),
            Err(UserGroupFault::DuplicateUserName("default".to_owned()))
        );
        let valkey = user("v", "v", Engine::Valkey);
        assert!(matches!(
            check(vec![built_in(), valkey]),
            Err(UserGroupFault::Violation(
                Violation::InvalidParameterCombination(_)
            ))
        ));
    }

    #[test]
    fn a_valkey_group_has_users_who_prove_who_they_are() {
        let check = |users| group(Engine::Valkey, users).check();
        assert_eq!(check(vec![]), Ok(()));
        let (redis, valkey) = (
            user("r", "r", Engine::Redis),
            user("v", "v", Engine::Valkey),
        );
        assert_eq!(check(vec![redis, valkey]), Ok(()));
        assert!(matches!(
            check(vec![User::default_of(&Scope::of_anyone())]),
            Err(UserGroupFault::Violation(violation))
                if violation.message() == "No password user default cannot be added to user group with engine Valkey"
        ));
        let many = (0..=100).map(|n| user(&format!("u{n}"), &format!("u{n}"), Engine::Valkey));
        assert_eq!(check(many.collect()), Err(UserGroupFault::TooManyUsers));
    }

    #[test]
    fn the_users_of_a_change_under_way_are_told_apart() {
        let users = ["a", "b", "c"].map(|id| user(id, id, Engine::Valkey));
        let mut group = group(Engine::Valkey, users.to_vec());
        group.members[0].change = Some(MemberChange::Add);
        group.members[1].change = Some(MemberChange::Remove);
        assert_eq!(group.user_ids(None), ["b", "c"]);
        assert_eq!(group.user_ids(Some(MemberChange::Add)), ["a"]);
        assert_eq!(group.user_ids(Some(MemberChange::Remove)), ["b"]);
        let wished: Vec<&str> = group.wished_users().map(|it| it.user_id.as_str()).collect();
        assert_eq!(wished, ["a", "c"]);
    }

    #[test]
    fn redis_users_may_be_on_valkey_nodes_and_not_the_other_way_round() {
        assert!(fits(Engine::Redis, Engine::Redis) && fits(Engine::Redis, Engine::Valkey));
        assert!(fits(Engine::Valkey, Engine::Valkey) && !fits(Engine::Valkey, Engine::Redis));
    }
}
