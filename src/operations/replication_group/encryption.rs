//! What a ModifyReplicationGroup asks of encryption in transit and of AUTH tokens (behaviour.md sections 23, 24 and 40).

use cacheplane_api::Fault;
use cacheplane_api::shapes::ModifyReplicationGroupMessage;

use super::super::Context;
use super::super::faults::{fault_of, invalid_combination, invalid_value, not_supported};
use super::spec::{
    encryption_mode_without_encryption, no_auth_token, no_user_group, not_preferred,
    tokens_and_users, transit_encryption_mode,
};
use crate::resources::auth_token::{self, AuthTokenStrategy, AuthTokens};
use crate::resources::replication_group::{AttachedUserGroup, GroupChange, ReplicationGroup};
use crate::resources::transit_encryption::{TransitEncryptionMode, can_change_live};

/// What there shall be of encryption in transit, where something is said of it that is not so already.
fn wanted(
    input: &ModifyReplicationGroupMessage,
    present: Option<TransitEncryptionMode>,
) -> Result<Option<Option<TransitEncryptionMode>>, Fault> {
    let mode = transit_encryption_mode(input.transit_encryption_mode.as_deref())?;
    let wanted = match (input.transit_encryption_enabled, mode) {
        (None | Some(false), Some(_))
            if input.transit_encryption_enabled.is_some() || present.is_none() =>
        {
            return Err(encryption_mode_without_encryption());
        }
        (None, None) => return Ok(None),
        (Some(false), _) => None,
        // Who does not say how wants all of it, or what there is.
        (Some(true), None) => Some(present.unwrap_or(TransitEncryptionMode::Required)),
        (_, Some(mode)) => Some(mode),
    };
    Ok(Some(wanted).filter(|wanted| *wanted != present))
}

/// Turns encryption in transit on or off, or to another mode, one step at a time: members are brought to it one after the other.
pub(super) fn modify(
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<(), Fault> {
    let present = group.spec.transit_encryption;
    let Some(wanted) = wanted(input, present)? else {
        return Ok(());
    };
    if group.access.user_group.is_some() || group.access.auth_tokens.is_some() {
        return Err(mode_stays());
    }
    if !can_change_live(group.spec.engine_version) {
        return Err(invalid_combination(format!(
            "Encryption in transit cannot be changed for engine version {}. Please use engine version 7.0",
            group.spec.engine_version.version
        )));
    }
    match (present, wanted) {
        (None, Some(TransitEncryptionMode::Required)) => Err(invalid_combination(
            "Encryption in transit must be turned on with TransitEncryptionMode preferred first.",
        )),
        (Some(TransitEncryptionMode::Required), None) => Err(invalid_combination(
            "TransitEncryptionMode must be changed to preferred before encryption in transit is turned off.",
        )),
        // The nodes of a cluster would have to change how they talk to each other, all at once.
        (None, _) | (_, None) if group.sharding.is_some() => Err(not_supported(
            "TransitEncryptionEnabled on a running replication group with cluster mode enabled",
        )),
        _ => {
            group.change_transit_encryption(wanted);
            Ok(())
        }
    }
}

/// Refuses users and tokens unless the group demanded encryption `before` the request, and goes on to do so `after` it.
pub(super) fn demand_required(
    before: Option<TransitEncryptionMode>,
    after: Option<TransitEncryptionMode>,
) -> Result<(), Fault> {
    no_user_group(true, before.is_some())?;
    not_preferred(before)?;
    match before == after {
        true => Ok(()),
        false => Err(mode_stays()),
    }
}

/// Text: behaviour.md section 40.
fn mode_stays() -> Fault {
    invalid_combination(
        "Modification of transit encryption is not supported for access control enabled clusters.",
    )
}

/// What is asked of a group of which a member does not come up with what is wished of encryption in transit: the same again tries it
/// again, what there was before gives it up. Nothing where that is not what it is held up by, or something else is asked.
pub(super) fn modify_held_up(
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<bool, Fault> {
    let change = group.changes.iter().find_map(|change| match change {
        GroupChange::TransitEncryption(from, to) => Some((*from, *to)),
        _ => None,
    });
    let Some((from, to)) = change else {
        return Ok(false);
    };
    let known = ModifyReplicationGroupMessage {
        replication_group_id: input.replication_group_id.clone(),
        transit_encryption_enabled: input.transit_encryption_enabled,
        transit_encryption_mode: input.transit_encryption_mode.clone(),
        apply_immediately: input.apply_immediately,
        ..ModifyReplicationGroupMessage::default()
    };
    if *input != known || group.changes.len() > 1 {
        return Ok(false);
    }
    match wanted(input, to)? {
        None => {
            for member in group.members.iter_mut().filter(|one| one.is_held_up()) {
                member.replace_nodes();
            }
        }
        Some(wanted) if wanted == from => {
            group.spec.transit_encryption = from;
            group.changes.clear();
        }
        Some(_) => return Ok(false),
    }
    group.raise_generation();
    Ok(true)
}

/// The tokens that there shall be; nothing where nothing is said of them. `user_group` is what is asked of that.
pub(super) fn wanted_tokens(
    cx: &Context,
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
    user_group: Option<&Option<AttachedUserGroup>>,
) -> Result<Option<(AuthTokenStrategy, Option<AuthTokens>)>, Fault> {
    let present = group.access.auth_tokens.as_ref();
    let has_users = match user_group {
        Some(wanted) => wanted.is_some(),
        None => group.access.user_group.is_some(),
    };
    let strategy = strategy(input.auth_token_update_strategy.as_deref())?;
    if input.auth_token.is_none() && strategy.is_none() {
        return match present.is_some() && has_users {
            true => Err(tokens_and_users()),
            false => Ok(None),
        };
    }
    no_auth_token(true, group.spec.transit_encryption.is_some())?;
    let now = cx.clock.now();
    let digest = input.auth_token.as_deref().map(auth_token::at_change);
    let tokens = match (strategy.unwrap_or(AuthTokenStrategy::Rotate), digest) {
        (AuthTokenStrategy::Delete, Some(_)) => {
            return Err(invalid_combination(
                "AuthToken must not be specified with AuthTokenUpdateStrategy DELETE.",
            ));
        }
        (AuthTokenStrategy::Delete, None) if has_users => None,
        (AuthTokenStrategy::Delete, None) => {
            return Err(invalid_value(
                "Auth token update strategy delete is not supported currently",
            ));
        }
        (_, None) => {
            return Err(invalid_combination(
                "AuthToken must be specified with AuthTokenUpdateStrategy SET or ROTATE.",
            ));
        }
        (_, Some(_)) if has_users => return Err(tokens_and_users()),
        (AuthTokenStrategy::Rotate, Some(digest)) => {
            Some(AuthTokens::rotated(present, digest.map_err(fault_of)?, now))
        }
        (AuthTokenStrategy::Set, Some(digest)) => {
            let digest = digest.map_err(fault_of)?;
            Some(AuthTokens::set(present, digest, now).map_err(fault_of)?)
        }
    };
    Ok(Some((
        strategy.unwrap_or(AuthTokenStrategy::Rotate),
        tokens,
    )))
}

fn strategy(word: Option<&str>) -> Result<Option<AuthTokenStrategy>, Fault> {
    let parse = |word| {
        AuthTokenStrategy::parse(word).ok_or_else(|| {
            invalid_value(format!(
                "Invalid AUTH token update strategy: {word}. It is SET, ROTATE or DELETE."
            ))
        })
    };
    word.map(parse).transpose()
}
