//! Members that more than one operation takes, checked by AWS's rules.

use std::hash::{DefaultHasher, Hash, Hasher};

use cacheplane_api::Fault;

use super::Context;
use super::faults::{
    cache_parameter_group_not_found, cache_security_groups_refused, fault_of, internal,
    invalid_combination, invalid_value, missing, not_supported,
};
use crate::datastore::Error as StoreError;
use crate::resources::cache_cluster::Notification;
use crate::resources::cache_parameter_group::DEFAULT_PREFIX;
use crate::resources::engine::{Engine, EngineVersion};
use crate::resources::node_type::{self, NodeType};
use crate::resources::parameter::{self, Family};
use crate::resources::scope::Scope;
use crate::resources::window::{self, MaintenanceWindow, SnapshotWindow};

/// Most days that automatic snapshots are kept.
const RETENTION_DAYS_MAX: i32 = 35;

/// Most security groups of a network interface (EC2's quota at its highest).
const SECURITY_GROUPS_MAX: usize = 16;

/// Longest id of a security group, in bytes.
const SECURITY_GROUP_ID_MAX: usize = 255;

/// Longest topic ARN, in bytes: 256 for the name, and what stands before it.
const TOPIC_ARN_MAX: usize = 400;

/// An absent or empty text is no text.
pub(super) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Whether a list has anything in it; SDKs send an empty one as `Name=`.
pub(super) fn has_entries<T>(list: Option<&Vec<T>>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}

/// A port that ElastiCache lets caches listen on (text: behaviour.md section 40).
pub(super) fn port(wanted: Option<i32>, engine: Engine) -> Result<u16, Fault> {
    let Some(wanted) = wanted else {
        return Ok(engine.default_port());
    };
    u16::try_from(wanted)
        .ok()
        .filter(|port| *port >= 1150 && *port != 8005)
        .ok_or_else(|| {
            invalid_value(format!(
                "Invalid endpoint port: {wanted}. Valid range is 1150-8004,8006-65535"
            ))
        })
}

/// A node type that exists.
pub(super) fn node_type(name: Option<&str>) -> Result<&'static NodeType, Fault> {
    let name = given(name).ok_or_else(|| missing("CacheNodeType"))?;
    node_type::find(name).ok_or_else(|| invalid_value(format!("Invalid cache node type: {name}")))
}

/// A parameter group that a request names, as it was found before the rest of the request is judged.
pub(super) struct NamedGroup {
    /// Lower case.
    pub(super) name: String,
    /// None where there is no such group.
    pub(super) found: Option<FoundGroup>,
}

/// What of a parameter group decides whether a cache may use it.
#[derive(Clone, Copy)]
pub(super) struct FoundGroup {
    /// Its family.
    pub(super) family: &'static Family,
    /// Whether caches that use it have cluster mode enabled.
    pub(super) cluster_enabled: bool,
}

/// Looks for the parameter group that a request names, if it names one.
///
/// # Errors
/// `InternalFailure`; that there is no such group is for whoever judges the request to say.
pub(super) async fn named_group(
    cx: &Context,
    name: Option<&str>,
) -> Result<Option<NamedGroup>, Fault> {
    let Some(name) = given(name).map(str::to_ascii_lowercase) else {
        return Ok(None);
    };
    if let Some((family, group)) = parameter::find_default_group(&name) {
        let cluster_enabled = group.cluster_enabled;
        let found = Some(FoundGroup {
            family,
            cluster_enabled,
        });
        return Ok(Some(NamedGroup { name, found }));
    }
    let group = cx
        .datastore
        .cache_parameter_group_get(&cx.scope, &name)
        .await;
    let found = match group {
        Ok(group) => Some(FoundGroup {
            family: group.family,
            cluster_enabled: group.is_cluster_enabled(),
        }),
        Err(StoreError::NotFound) => None,
        Err(error) => return Err(internal(error)),
    };
    Ok(Some(NamedGroup { name, found }))
}

/// The name of a parameter group that fits, cluster mode disabled: the one that is named, or the built-in one (texts: behaviour.md
/// section 40).
pub(super) fn parameter_group(
    named: Option<&NamedGroup>,
    version: &EngineVersion,
) -> Result<String, Fault> {
    let Some(named) = named else {
        return parameter::default_group(version.family, false)
            .map(|group| group.name.to_owned())
            .ok_or_else(|| {
                invalid_value(format!(
                    "The family {} has no default parameter group.",
                    version.family
                ))
            });
    };
    let Some(group) = named.found else {
        return Err(cache_parameter_group_not_found(&named.name));
    };
    if group.family.engine != version.engine {
        return Err(other_engine(version.engine, group.family.engine));
    }
    if group.family.name != version.family {
        return Err(other_family(version.family, group.family.name));
    }
    if group.cluster_enabled {
        return Err(invalid_combination(
            "Cluster mode should be disabled in parameter group, but found it is enabled.",
        ));
    }
    Ok(named.name.clone())
}

/// The parameter groups of a cache whose request may name one and may ask for another engine version: the one that it has at once, if that is
/// another, and the one that comes with the version, if that is of another family and one was named for it. `fitting` says which fit.
///
/// # Errors
/// Those of `fitting`; `InvalidParameterCombination` for a version of another family without a group, where the cache has one
/// of the customer's: the built-in one would silently take its place.
pub(super) fn parameter_groups(
    named: Option<&NamedGroup>,
    current: (&str, &EngineVersion),
    wanted: Option<&'static EngineVersion>,
    fitting: fn(Option<&NamedGroup>, &EngineVersion) -> Result<String, Fault>,
) -> Result<(Option<String>, Option<String>), Fault> {
    let (current_name, current_version) = current;
    let version = wanted.unwrap_or(current_version);
    let changes_family = version.family != current_version.family;
    if named.is_none() && changes_family && !current_name.starts_with(DEFAULT_PREFIX) {
        return Err(other_family(version.family, current_version.family));
    }
    let name = named
        .map(|named| fitting(Some(named), version))
        .transpose()?;
    match changes_family {
        true => Ok((None, name)),
        false => Ok((name.filter(|name| name != current_name), None)),
    }
}

/// A parameter group of another engine's (text: behaviour.md section 40).
pub(super) fn other_engine(engine: Engine, found: Engine) -> Fault {
    invalid_combination(format!(
        "{} parameter group is not applicable to engine {}",
        found.name(),
        engine.name()
    ))
}

pub(super) fn other_family(expected: &str, found: &str) -> Fault {
    invalid_combination(format!(
        "Expected a parameter group of family {expected} but found one of family {found}"
    ))
}

/// Cache security groups went with EC2-Classic.
pub(super) fn no_cache_security_groups(names: Option<&Vec<String>>) -> Result<(), Fault> {
    if has_entries(names) {
        return Err(cache_security_groups_refused());
    }
    Ok(())
}

/// Security groups as given, or the default one of the account and region.
///
/// # Errors
/// `InvalidParameterValue` for ids that are none, or more than a network interface could have.
pub(super) fn security_groups(
    ids: Option<&Vec<String>>,
    scope: &Scope,
) -> Result<Vec<String>, Fault> {
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        return Ok(vec![format!(
            "sg-{:017x}",
            seed(scope, "default security group") & 0xf_ffff_ffff_ffff
        )]);
    };
    if ids.len() > SECURITY_GROUPS_MAX {
        return Err(invalid_value(format!(
            "At most {SECURITY_GROUPS_MAX} security groups may be specified."
        )));
    }
    let is_id = |id: &str| {
        id.len() <= SECURITY_GROUP_ID_MAX
            && id.strip_prefix("sg-").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    };
    match ids.iter().find(|id| !is_id(id)) {
        Some(id) => {
            let start: String = id.chars().take(100).collect();
            Err(invalid_value(format!("Invalid security group ID: {start}")))
        }
        None => Ok(ids.clone()),
    }
}

/// Both windows, chosen where they are not given; they may not overlap.
pub(super) fn windows(
    scope: &Scope,
    id: &str,
    maintenance: Option<&str>,
    snapshot: Option<&str>,
) -> Result<(MaintenanceWindow, SnapshotWindow), Fault> {
    let seed = seed(scope, id);
    let snapshot = given(snapshot)
        .map(SnapshotWindow::parse)
        .transpose()
        .map_err(fault_of)?;
    let maintenance = match (given(maintenance), &snapshot) {
        (Some(text), _) => MaintenanceWindow::parse(text).map_err(fault_of)?,
        (None, Some(snapshot)) => window::default_maintenance_beside(&scope.region, seed, snapshot),
        (None, None) => window::default_maintenance(&scope.region, seed),
    };
    let snapshot = match snapshot {
        Some(snapshot) => {
            window::check_apart(&maintenance, &snapshot).map_err(fault_of)?;
            snapshot
        }
        None => window::default_snapshot(&scope.region, seed, &maintenance),
    };
    Ok((maintenance, snapshot))
}

/// How long automatic snapshots are kept; Memcached has none.
pub(super) fn snapshot_retention(days: Option<i32>, engine: Engine) -> Result<u32, Fault> {
    let days = days.unwrap_or(0);
    if engine == Engine::Memcached && days != 0 {
        return Err(invalid_combination(
            "Engine does not support snapshotting. Snapshot retention limit parameter should not be specified.",
        ));
    }
    if !(0..=RETENTION_DAYS_MAX).contains(&days) {
        return Err(invalid_value(format!(
            "Invalid snapshot retention limit: {days}. Retention limit must be between 0 and {RETENTION_DAYS_MAX}."
        )));
    }
    Ok(u32::try_from(days).unwrap_or_default())
}

/// A topic to tell; its form is checked, nobody is asked whether it exists.
pub(super) fn notification(topic_arn: Option<&str>) -> Result<Option<Notification>, Fault> {
    let Some(topic_arn) = given(topic_arn) else {
        return Ok(None);
    };
    let too_long = topic_arn.len() > TOPIC_ARN_MAX;
    if too_long || topic_arn.split(':').count() < 6 || !topic_arn.starts_with("arn:") {
        let start: String = topic_arn.chars().take(100).collect();
        return Err(invalid_value(format!("Invalid topic ARN: {start}")));
    }
    Ok(Some(Notification {
        topic_arn: topic_arn.to_owned(),
        active: true,
    }))
}

/// Whether the topic is told; where there is none, the word is checked and means nothing.
pub(super) fn notification_status(
    word: Option<&str>,
    notification: Option<&mut Notification>,
) -> Result<(), Fault> {
    match (given(word), notification) {
        (None, _) | (Some("active" | "inactive"), None) => Ok(()),
        (Some(word @ ("active" | "inactive")), Some(notification)) => {
            notification.active = word == "active";
            Ok(())
        }
        (Some(other), _) => Err(invalid_value(format!(
            "Invalid notification topic status: {other}. It is active or inactive."
        ))),
    }
}

/// The one network type that there is here: the addresses of container networks are IPv4.
pub(super) fn network(network_type: Option<&str>, ip_discovery: Option<&str>) -> Result<(), Fault> {
    for (member, value) in [("NetworkType", network_type), ("IpDiscovery", ip_discovery)] {
        match given(value) {
            None | Some("ipv4") => {}
            Some(known @ ("ipv6" | "dual_stack")) => {
                return Err(not_supported(&format!("{member} {known}")));
            }
            Some(other) => {
                return Err(invalid_value(format!(
                    "Invalid value {other} for {member}."
                )));
            }
        }
    }
    Ok(())
}

/// A number that is always the same for the same thing of the same account and region.
fn seed(scope: &Scope, what: &str) -> u64 {
    // The standard library's hasher with its fixed keys: stable within a build, and stored once chosen.
    let mut hasher = DefaultHasher::new();
    (&scope.account, &scope.region, what).hash(&mut hasher);
    hasher.finish()
}
