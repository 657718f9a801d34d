//! Users: create, describe, modify, delete.

mod spec;

use cacheplane_api::shapes::{
    Authentication as AuthenticationShape, CreateUserMessage, DeleteUserMessage,
    DescribeUsersMessage, DescribeUsersResult, Filter, ModifyUserMessage, User as UserShape,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{fault_of, internal, invalid_combination, invalid_value, user_not_found};
use super::paging::{List, marker, page_size, position};
use super::spec::given;
use super::{tag, user_group};
use crate::datastore::{Error as StoreError, UserFilter};
use crate::resources::access::AccessString;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::engine::{self, Engine};
use crate::resources::user::{self, DEFAULT_USER, USERS_MAX, User};
use crate::resources::user_group as groups;

/// How often a write is tried again that came after another's; each time the record is read anew.
const STALE_TRIES: usize = 8;

/// CreateUser.
///
/// # Errors
/// `UserAlreadyExists`; `UserQuotaExceeded`; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn create_user(cx: &Context, input: CreateUserMessage) -> Result<UserShape, Fault> {
    let user = spec::spec(cx, &input)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    let exists = || {
        Fault::new(
            FaultCode::UserAlreadyExists,
            format!("User {} already exists.", user.user_id),
        )
    };
    if user.is_built_in() {
        return Err(exists());
    }
    match cx.datastore.user_insert(&user, &tags, USERS_MAX).await {
        Ok(user) => Ok(view(&user)),
        Err(StoreError::AlreadyExists) => Err(exists()),
        Err(StoreError::Exhausted(_)) => Err(Fault::new(
            FaultCode::UserQuotaExceeded,
            format!("You can have at most {USERS_MAX} users in this region."),
        )),
        Err(error) => Err(internal(error)),
    }
}

/// DescribeUsers: one by its id, or those that filters leave, in the order of their ids.
///
/// # Errors
/// `UserNotFound` for an id that is not there; `InvalidParameterValue` for a page size, marker or filter that is none.
pub async fn describe_users(
    cx: &Context,
    input: DescribeUsersMessage,
) -> Result<DescribeUsersResult, Fault> {
    let limit = page_size(input.max_records)?;
    let mut filter = UserFilter {
        engine: given(input.engine.as_deref())
            .map(user::engine)
            .transpose()
            .map_err(fault_of)?,
        after_id: position(List::Users, input.marker.as_deref())?,
        ..UserFilter::default()
    };
    for one in input.filters.as_deref().unwrap_or_default() {
        narrow(&mut filter, one)?;
    }
    let wanted = given(input.user_id.as_deref()).map(str::to_ascii_lowercase);
    if let Some(id) = &wanted {
        find(cx, id).await?;
        retain(&mut filter.user_ids, vec![id.clone()]);
    }
    cx.datastore
        .user_ensure_default(&cx.scope)
        .await
        .map_err(internal)?;
    let page = cx
        .datastore
        .user_page(&cx.scope, &filter, limit)
        .await
        .map_err(internal)?;
    let last = page.items.last();
    let last = last.map(|user| marker(List::Users, &user.user_id));
    Ok(DescribeUsersResult {
        marker: last.filter(|_| page.has_more),
        users: Some(page.items.iter().map(view).collect()),
    })
}

/// Filters are joined by *and*, their values by *or*. AWS spells the names in several ways.
fn narrow(filter: &mut UserFilter, one: &Filter) -> Result<(), Fault> {
    let values: Vec<String> = one
        .values
        .iter()
        .map(|value| value.to_ascii_lowercase())
        .collect();
    if values.is_empty() {
        return Err(invalid_value(format!(
            "The filter {} has no values.",
            one.name
        )));
    }
    let name = one.name.to_ascii_lowercase().replace(['-', '_'], "");
    match name.as_str() {
        "userid" => retain(&mut filter.user_ids, values),
        "usergroupid" => retain(&mut filter.user_group_ids, values),
        _ => {
            return Err(invalid_value(format!(
                "Invalid filter name: {}. It is UserId or UserGroupId.",
                one.name
            )));
        }
    }
    Ok(())
}

fn retain(wanted: &mut Option<Vec<String>>, values: Vec<String>) {
    match wanted {
        Some(wanted) => wanted.retain(|it| values.contains(it)),
        None => *wanted = Some(values),
    }
}

/// ModifyUser. The caches that let the user in follow at once; until they have, the user is `modifying`.
///
/// # Errors
/// `UserNotFound`; `InvalidUserState` unless active; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn modify_user(cx: &Context, input: ModifyUserMessage) -> Result<UserShape, Fault> {
    for _ in 0..STALE_TRIES {
        let before = find(cx, &input.user_id).await?;
        refuse_built_in(&before, "modified")?;
        let after = spec::modified(&before, &input)?;
        demand_active(&before, "modified")?;
        check_places(cx, &after).await?;
        match cx.datastore.user_request(&after).await {
            Ok(user) => {
                cx.activators.access.wake();
                // For the first user of IAM members of its groups are made anew.
                cx.activators.replication_group.wake();
                return Ok(UserShape {
                    // As on AWS, where this takes a moment also when no cache lets the user in.
                    status: Some("modifying".to_owned()),
                    ..view(&user)
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended(&input.user_id))
}

/// DeleteUser: the user leaves its groups, and the caches, which end its connections.
///
/// # Errors
/// `UserNotFound`; `InvalidUserState` unless active; `DefaultUserAssociatedToUserGroup` where a user group of engine Redis would have no
/// default user; `InvalidParameterValue` for the user that everyone has.
pub async fn delete_user(cx: &Context, input: DeleteUserMessage) -> Result<UserShape, Fault> {
    for _ in 0..STALE_TRIES {
        let user = find(cx, &input.user_id).await?;
        refuse_built_in(&user, "deleted")?;
        demand_active(&user, "deleted")?;
        refuse_needed_default(cx, &user).await?;
        let now = cx.clock.now();
        match cx.datastore.user_request_deletion(&user, now).await {
            Ok(()) => {
                cx.activators.access.wake();
                return Ok(UserShape {
                    status: Some("deleting".to_owned()),
                    ..view(&user)
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended(&input.user_id))
}

/// The user with this id; that which everyone has is made when it is first asked for.
///
/// # Errors
/// `UserNotFound`.
pub(super) async fn find(cx: &Context, id: &str) -> Result<User, Fault> {
    let id = id.to_ascii_lowercase();
    if id == DEFAULT_USER {
        cx.datastore
            .user_ensure_default(&cx.scope)
            .await
            .map_err(internal)?;
    }
    match cx.datastore.user_get(&cx.scope, &id).await {
        Ok(user) => Ok(user),
        Err(StoreError::NotFound) => Err(user_not_found(&id)),
        Err(error) => Err(internal(error)),
    }
}

fn refuse_built_in(user: &User, done: &str) -> Result<(), Fault> {
    match user.is_built_in() {
        true => Err(invalid_value(format!(
            "The user {DEFAULT_USER} cannot be {done}."
        ))),
        false => Ok(()),
    }
}

/// Text: behaviour.md section 40.
fn demand_active(user: &User, done: &str) -> Result<(), Fault> {
    match user.status() {
        "active" => Ok(()),
        status => Err(Fault::new(
            FaultCode::InvalidUserState,
            format!(
                "User {} has status {status}. Only active users can be {done}.",
                user.user_id
            ),
        )),
    }
}

/// A group of engine Redis must keep its default user.
async fn refuse_needed_default(cx: &Context, user: &User) -> Result<(), Fault> {
    if user.user_name != DEFAULT_USER {
        return Ok(());
    }
    for id in &user.user_group_ids {
        let group = user_group::find(cx, id).await?;
        if group.engine == Engine::Redis {
            return Err(Fault::new(
                FaultCode::DefaultUserAssociatedToUserGroup,
                format!(
                    "User is associated to user group {id} as its default user. Replace it there first."
                ),
            ));
        }
    }
    Ok(())
}

/// What the user would be fits the groups that it is in, and the engines that let it in.
async fn check_places(cx: &Context, user: &User) -> Result<(), Fault> {
    for id in &user.user_group_ids {
        let mut group = user_group::find(cx, id).await?;
        for member in &mut group.members {
            if member.user.key == user.key {
                member.user = user.clone();
            }
        }
        group.check().map_err(user_group::group_fault)?;
    }
    let places = cx.datastore.user_places(user).await.map_err(internal)?;
    for place in places {
        let version = Engine::parse(&place.engine)
            .and_then(|engine| engine::find(engine, &place.engine_version));
        let (major, minor) = user.minimum_engine_version();
        let fits = version.is_some_and(|version| {
            version.at_least(major, minor, 0) && groups::fits(user.engine, version.engine)
        });
        if !fits {
            return Err(invalid_combination(format!(
                "User {} needs engine version {major}.{minor}, and replication group {} has {} {}.",
                user.user_id, place.replication_group_id, place.engine, place.engine_version
            )));
        }
    }
    Ok(())
}

/// Others kept changing the record; to the caller that is a user that is busy.
fn contended(id: &str) -> Fault {
    Fault::new(
        FaultCode::InvalidUserState,
        format!("User {id} has status modifying. Only active users can be modified."),
    )
}

/// An access string that a request has.
fn access_string(text: &str) -> Result<AccessString, Fault> {
    AccessString::new(text).map_err(fault_of)
}

/// The wire form of `user`; of passwords no more than how many there are.
fn view(user: &User) -> UserShape {
    let (major, minor) = user.minimum_engine_version();
    UserShape {
        user_id: Some(user.user_id.clone()),
        user_name: Some(user.user_name.clone()),
        status: Some(user.status().to_owned()),
        engine: Some(user.engine.name().to_owned()),
        minimum_engine_version: Some(format!("{major}.{minor}")),
        access_string: Some(user.access_string.as_str().to_owned()),
        user_group_ids: Some(user.user_group_ids.clone()),
        authentication: Some(AuthenticationShape {
            r#type: Some(user.authentication.word().to_owned()),
            password_count: i32::try_from(user.authentication.password_count()).ok(),
        }),
        arn: Some(arn(&user.scope, ResourceType::User, &user.user_id)),
    }
}
