//! What a ModifyReplicationGroup asks of encryption in transit and of AUTH tokens (behaviour.md sections 23, 24 and 40).

use cacheplane_api::Fault;
use cacheplane_api::shapes::ModifyReplicationGroupMessage;

use super::super::Context;
use super::super::faults::{fault_of, invalid_combination, invalid_value, not_supported};
use super::spec::{
    encryption_mode_without_encryption, no_auth_token, tokens_and_users, transit_encryption_mode,
};
use crate::resources::auth_token::{self, AuthTokenStrategy, AuthTokens};
use crate::resources::replication_group::{AttachedUserGroup, ReplicationGroup};
use crate::resources::transit_encryption::{TransitEncryptionMode, can_change_live};

/// Encryption in transit is not changed so far; to ask for what there is is no change.
pub(super) fn stays(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<(), Fault> {
    let mode = transit_encryption_mode(input.transit_encryption_mode.as_deref())?;
    let present = group.spec.transit_encryption;
    let wanted = match (input.transit_encryption_enabled, mode) {
        (None | Some(false), Some(_))
            if input.transit_encryption_enabled.is_some() || present.is_none() =>
        {
            return Err(encryption_mode_without_encryption());
        }
        (None, None) => return Ok(()),
        (Some(false), _) => None,
        // Who does not say how wants all of it, or what there is.
        (Some(true), None) => Some(present.unwrap_or(TransitEncryptionMode::Required)),
        (_, Some(mode)) => Some(mode),
    };
    if wanted == present {
        return Ok(());
    }
    if group.access.user_group.is_some() || group.access.auth_tokens.is_some() {
        return Err(invalid_combination(
            "Modification of transit encryption is not supported for access control enabled clusters.",
        ));
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
        _ => Err(not_supported("TransitEncryptionMode preferred")),
    }
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
    if group.sharding.is_some() && !group.spec.guarded {
        return Err(not_supported(
            "AuthToken on a replication group with cluster mode enabled that was made without",
        ));
    }
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
