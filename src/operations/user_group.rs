//! User groups: create, describe, modify, delete; and the one that a replication group names.

use cacheplane_api::shapes::{
    CreateUserGroupMessage, DeleteUserGroupMessage, DescribeUserGroupsMessage,
    DescribeUserGroupsResult, ModifyUserGroupMessage, UserGroup as UserGroupShape,
    UserGroupPendingChanges,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{fault_of, internal, invalid_combination, invalid_value, user_group_not_found};
use super::paging::{List, marker, page_size, position};
use super::spec::given;
use super::{tag, user};
use crate::datastore::Error as StoreError;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::engine::{Engine, EngineVersion};
use crate::resources::replication_group::AttachedUserGroup;
use crate::resources::user::{self as users, User};
use crate::resources::user_group::{
    self, MemberChange, USER_GROUPS_MAX, USERS_PER_GROUP_MAX, UserGroup, UserGroupFault,
    UserGroupMember, fits,
};

/// How often a write is tried again that came after another's; each time the record is read anew.
const STALE_TRIES: usize = 8;

/// CreateUserGroup.
///
/// # Errors
/// `UserGroupAlreadyExists`; `UserNotFound`; `DefaultUserRequired`; `DuplicateUserName`; `UserGroupQuotaExceeded`;
/// `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn create_user_group(
    cx: &Context,
    input: CreateUserGroupMessage,
) -> Result<UserGroupShape, Fault> {
    let user_group_id = user_group::user_group_id(&input.user_group_id).map_err(fault_of)?;
    let engine = users::engine(&input.engine).map_err(fault_of)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    for _ in 0..STALE_TRIES {
        let mut group = UserGroup {
            key: 0,
            scope: cx.scope.clone(),
            user_group_id: user_group_id.clone(),
            engine,
            members: Vec::new(),
            replication_group_ids: Vec::new(),
            is_awaited: false,
            revision: 0,
        };
        add(
            cx,
            &mut group,
            input.user_ids.as_deref().unwrap_or_default(),
        )
        .await?;
        group.check().map_err(group_fault)?;
        match cx
            .datastore
            .user_group_insert(&group, &tags, USER_GROUPS_MAX)
            .await
        {
            Ok(group) => {
                return Ok(UserGroupShape {
                    // As on AWS; there is nothing to wait for, and the next look says that it is active.
                    status: Some("creating".to_owned()),
                    ..view(&group)
                });
            }
            Err(StoreError::AlreadyExists) => {
                return Err(Fault::new(
                    FaultCode::UserGroupAlreadyExists,
                    format!("User group {user_group_id} already exists."),
                ));
            }
            Err(StoreError::Exhausted(_)) => {
                return Err(quota(format!(
                    "You can have at most {USER_GROUPS_MAX} user groups in this region."
                )));
            }
            // One of its users has changed since it was read.
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended(&user_group_id))
}

/// DescribeUserGroups: one by its id, or all, in the order of their ids.
///
/// # Errors
/// `UserGroupNotFound` for an id that is not there; `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_user_groups(
    cx: &Context,
    input: DescribeUserGroupsMessage,
) -> Result<DescribeUserGroupsResult, Fault> {
    let limit = page_size(input.max_records)?;
    let after: Option<String> = position(List::UserGroups, input.marker.as_deref())?;
    if let Some(id) = given(input.user_group_id.as_deref()) {
        let group = find(cx, id).await?;
        return Ok(DescribeUserGroupsResult {
            user_groups: Some(vec![view(&group)]),
            marker: None,
        });
    }
    let page = cx
        .datastore
        .user_group_page(&cx.scope, &after.unwrap_or_default(), limit)
        .await
        .map_err(internal)?;
    let last = page.items.last();
    let last = last.map(|group| marker(List::UserGroups, &group.user_group_id));
    Ok(DescribeUserGroupsResult {
        marker: last.filter(|_| page.has_more),
        user_groups: Some(page.items.iter().map(view).collect()),
    })
}

/// ModifyUserGroup. The caches that have the group follow at once; until they have, it is `modifying`.
///
/// # Errors
/// `UserGroupNotFound`; `UserNotFound`; `InvalidUserGroupState` unless active; `DefaultUserRequired`; `DuplicateUserName`;
/// `UserGroupQuotaExceeded`; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn modify_user_group(
    cx: &Context,
    input: ModifyUserGroupMessage,
) -> Result<UserGroupShape, Fault> {
    let adds = input.user_ids_to_add.as_deref().unwrap_or_default();
    let removes = input.user_ids_to_remove.as_deref().unwrap_or_default();
    let engine = given(input.engine.as_deref())
        .map(users::engine)
        .transpose()
        .map_err(fault_of)?;
    if adds.is_empty() && removes.is_empty() && engine.is_none() {
        return Err(invalid_value("No modifications were requested."));
    }
    for _ in 0..STALE_TRIES {
        let before = find(cx, &input.user_group_id).await?;
        demand_active(&before, "modified")?;
        let mut after = before.clone();
        if let Some(engine) = engine {
            change_engine(cx, &mut after, engine).await?;
        }
        remove(&mut after, removes)?;
        add(cx, &mut after, adds).await?;
        after.check().map_err(group_fault)?;
        check_places(cx, &after).await?;
        match cx.datastore.user_group_request(&after).await {
            Ok(_) => {
                cx.activators.access.wake();
                // For the first user of IAM its members are made anew.
                cx.activators.replication_group.wake();
                // As on AWS: what was, and what is to come.
                let changes = |change| Some(after.user_ids(Some(change)));
                return Ok(UserGroupShape {
                    status: Some("modifying".to_owned()),
                    user_ids: Some(before.user_ids(None)),
                    pending_changes: Some(UserGroupPendingChanges {
                        user_ids_to_remove: changes(MemberChange::Remove),
                        user_ids_to_add: changes(MemberChange::Add),
                    }),
                    ..view(&after)
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended(&input.user_group_id))
}

/// DeleteUserGroup; its users stay.
///
/// # Errors
/// `UserGroupNotFound`; `InvalidUserGroupState` unless active and of no cache.
pub async fn delete_user_group(
    cx: &Context,
    input: DeleteUserGroupMessage,
) -> Result<UserGroupShape, Fault> {
    for _ in 0..STALE_TRIES {
        let group = find(cx, &input.user_group_id).await?;
        if let Some(id) = group.replication_group_ids.first() {
            return Err(Fault::new(
                FaultCode::InvalidUserGroupState,
                format!(
                    "User group {} is associated with replication group {id} and cannot be deleted.",
                    group.user_group_id
                ),
            ));
        }
        demand_active(&group, "deleted")?;
        match cx.datastore.user_group_forget(&group).await {
            Ok(()) => {
                return Ok(UserGroupShape {
                    status: Some("deleting".to_owned()),
                    ..view(&group)
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended(&input.user_group_id))
}

/// The user group with this id.
///
/// # Errors
/// `UserGroupNotFound`.
pub(super) async fn find(cx: &Context, id: &str) -> Result<UserGroup, Fault> {
    let id = id.to_ascii_lowercase();
    match cx.datastore.user_group_get(&cx.scope, &id).await {
        Ok(group) => Ok(group),
        Err(StoreError::NotFound) => Err(user_group_not_found(&id)),
        Err(error) => Err(internal(error)),
    }
}

/// The user group that a replication group of this version shall have, out of the ids that a request names.
///
/// # Errors
/// `UserGroupNotFound`; `InvalidUserGroupState` unless active; `InvalidParameterValue` for more than one;
/// `InvalidParameterCombination` for users that cannot be on such nodes.
pub(super) async fn attachable(
    cx: &Context,
    ids: &[String],
    version: &EngineVersion,
) -> Result<Option<AttachedUserGroup>, Fault> {
    let id = match ids {
        [] => return Ok(None),
        [id] => id,
        _ => {
            return Err(invalid_value(
                "Only one user group can be associated with a replication group.",
            ));
        }
    };
    let group = find(cx, id).await?;
    demand_active(&group, "associated")?;
    check_version(&group, version)?;
    Ok(Some(AttachedUserGroup {
        key: group.key,
        has_iam: group.has_iam(),
        user_group_id: group.user_group_id,
        engine: group.engine,
    }))
}

/// Whether the users of `group` can be on nodes of this version.
fn check_version(group: &UserGroup, version: &EngineVersion) -> Result<(), Fault> {
    let id = &group.user_group_id;
    if !fits(group.engine, version.engine) {
        return Err(invalid_combination(format!(
            "User group {id} of engine {} cannot be associated with a replication group of engine {}.",
            group.engine, version.engine
        )));
    }
    let (major, minor) = group.minimum_engine_version();
    if !version.at_least(major, minor, 0) {
        return Err(invalid_combination(format!(
            "User group {id} needs engine version {major}.{minor} or later, not {}.",
            version.version
        )));
    }
    Ok(())
}

/// What the group would be fits the replication groups that have it.
async fn check_places(cx: &Context, group: &UserGroup) -> Result<(), Fault> {
    for id in &group.replication_group_ids {
        match cx.datastore.replication_group_get(&cx.scope, id).await {
            Ok(found) => check_version(group, found.spec.engine_version)?,
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Ok(())
}

async fn change_engine(cx: &Context, group: &mut UserGroup, engine: Engine) -> Result<(), Fault> {
    if (group.engine, engine) == (Engine::Valkey, Engine::Redis) {
        return Err(invalid_combination(
            "The engine of a user group cannot be changed from valkey to redis.",
        ));
    }
    group.engine = engine;
    check_places(cx, group).await
}

async fn add(cx: &Context, group: &mut UserGroup, ids: &[String]) -> Result<(), Fault> {
    for id in ids {
        let user: User = user::find(cx, id).await?;
        if user.deletion_requested_at.is_some() {
            return Err(Fault::new(
                FaultCode::InvalidUserState,
                format!("User {} has status deleting.", user.user_id),
            ));
        }
        let there = group.members.iter().any(|it| it.user.key == user.key);
        if there {
            return Err(invalid_value(format!(
                "User {} is already a member of user group {}.",
                user.user_id, group.user_group_id
            )));
        }
        group.members.push(UserGroupMember {
            user,
            change: Some(MemberChange::Add),
        });
    }
    group
        .members
        .sort_by(|one, other| one.user.user_id.cmp(&other.user.user_id));
    Ok(())
}

/// One that is not in it refuses the whole request (text: behaviour.md section 40).
fn remove(group: &mut UserGroup, ids: &[String]) -> Result<(), Fault> {
    for id in ids {
        let id = id.to_ascii_lowercase();
        let Some(member) = group.members.iter_mut().find(|it| it.user.user_id == id) else {
            return Err(invalid_value(format!(
                "User {id} is not a member of user group {}.",
                group.user_group_id
            )));
        };
        member.change = Some(MemberChange::Remove);
    }
    Ok(())
}

/// Texts: behaviour.md section 40.
pub(super) fn group_fault(fault: UserGroupFault) -> Fault {
    match fault {
        UserGroupFault::DefaultUserRequired => Fault::new(
            FaultCode::DefaultUserRequired,
            "Redis user group needs to contain a user with the user name default.",
        ),
        UserGroupFault::DuplicateUserName(name) => Fault::new(
            FaultCode::DuplicateUserName,
            format!("A user group can contain only one user with the user name {name}."),
        ),
        UserGroupFault::TooManyUsers => quota(format!(
            "A user group can contain at most {USERS_PER_GROUP_MAX} users."
        )),
        UserGroupFault::Violation(violation) => fault_of(violation),
    }
}

fn quota(message: String) -> Fault {
    Fault::new(FaultCode::UserGroupQuotaExceeded, message)
}

/// Text: behaviour.md section 40.
fn demand_active(group: &UserGroup, done: &str) -> Result<(), Fault> {
    match group.status() {
        "active" => Ok(()),
        status => Err(Fault::new(
            FaultCode::InvalidUserGroupState,
            format!(
                "User group {} has status {status}. Only active user groups can be {done}.",
                group.user_group_id
            ),
        )),
    }
}

/// Others kept changing the record; to the caller that is a user group that is busy.
fn contended(id: &str) -> Fault {
    Fault::new(
        FaultCode::InvalidUserGroupState,
        format!("User group {id} has status modifying. Only active user groups can be modified."),
    )
}

/// The wire form of `group`.
fn view(group: &UserGroup) -> UserGroupShape {
    let (major, minor) = group.minimum_engine_version();
    let changes = |change| group.user_ids(Some(change));
    let (adds, removes) = (changes(MemberChange::Add), changes(MemberChange::Remove));
    let is_changing = !adds.is_empty() || !removes.is_empty();
    UserGroupShape {
        user_group_id: Some(group.user_group_id.clone()),
        status: Some(group.status().to_owned()),
        engine: Some(group.engine.name().to_owned()),
        user_ids: Some(group.user_ids(None)),
        minimum_engine_version: Some(format!("{major}.{minor}")),
        pending_changes: is_changing.then_some(UserGroupPendingChanges {
            user_ids_to_remove: Some(removes),
            user_ids_to_add: Some(adds),
        }),
        replication_groups: Some(group.replication_group_ids.clone()),
        serverless_caches: Some(Vec::new()),
        arn: Some(arn(
            &group.scope,
            ResourceType::UserGroup,
            &group.user_group_id,
        )),
    }
}
