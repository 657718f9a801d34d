//! What clients ask of users and user groups.

use cacheplane::operations::{Context, user, user_group};
use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    CreateUserGroupMessage, CreateUserMessage, DeleteUserMessage, ModifyUserGroupMessage,
    ModifyUserMessage,
};

use crate::client::Command;

/// A request about a user or a user group.
#[derive(Debug, Clone)]
pub enum AccessCommand {
    /// CreateUser.
    CreateUser(Box<CreateUserMessage>),
    /// ModifyUser.
    ModifyUser(ModifyUserMessage),
    /// DeleteUser.
    DeleteUser(DeleteUserMessage),
    /// CreateUserGroup.
    CreateGroup(CreateUserGroupMessage),
    /// ModifyUserGroup.
    ModifyGroup(ModifyUserGroupMessage),
}

/// A request for a user.
pub fn create_user(id: &str) -> Command {
    Command::Access(AccessCommand::CreateUser(Box::new(CreateUserMessage {
        user_id: id.to_owned(),
        user_name: id.to_owned(),
        engine: "redis".to_owned(),
        access_string: "on ~* +@all".to_owned(),
        passwords: Some(vec!["a password of a test".to_owned()]),
        ..Default::default()
    })))
}

/// A request to let a user do other things.
pub fn modify_user(id: &str, access_string: &str) -> Command {
    Command::Access(AccessCommand::ModifyUser(ModifyUserMessage {
        user_id: id.to_owned(),
        access_string: Some(access_string.to_owned()),
        ..Default::default()
    }))
}

/// A request to delete a user.
pub fn delete_user(id: &str) -> Command {
    Command::Access(AccessCommand::DeleteUser(DeleteUserMessage {
        user_id: id.to_owned(),
    }))
}

/// A request for a user group of the default user and these.
pub fn create_users(id: &str, users: &[&str]) -> Command {
    let users = users.iter().chain(&["default"]);
    Command::Access(AccessCommand::CreateGroup(CreateUserGroupMessage {
        user_group_id: id.to_owned(),
        engine: "redis".to_owned(),
        user_ids: Some(users.map(|id| (*id).to_owned()).collect()),
        ..Default::default()
    }))
}

/// A request for one user in place of another.
pub fn replace_user(id: &str, add: &str, remove: &str) -> Command {
    Command::Access(AccessCommand::ModifyGroup(ModifyUserGroupMessage {
        user_group_id: id.to_owned(),
        user_ids_to_add: Some(vec![add.to_owned()]),
        user_ids_to_remove: Some(vec![remove.to_owned()]),
        ..Default::default()
    }))
}

impl AccessCommand {
    /// The user or user group that it is about.
    pub fn id(&self) -> &str {
        match self {
            Self::CreateUser(input) => &input.user_id,
            Self::ModifyUser(input) => &input.user_id,
            Self::DeleteUser(input) => &input.user_id,
            Self::CreateGroup(input) => &input.user_group_id,
            Self::ModifyGroup(input) => &input.user_group_id,
        }
    }

    /// Asks; the status that was answered with.
    pub async fn ask(self, cx: Context) -> Result<Option<String>, Fault> {
        Ok(match self {
            Self::CreateUser(input) => user::create_user(&cx, *input).await?.status,
            Self::ModifyUser(input) => user::modify_user(&cx, input).await?.status,
            Self::DeleteUser(input) => user::delete_user(&cx, input).await?.status,
            Self::CreateGroup(input) => user_group::create_user_group(&cx, input).await?.status,
            Self::ModifyGroup(input) => user_group::modify_user_group(&cx, input).await?.status,
        })
    }
}
