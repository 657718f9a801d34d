//! CreateReplicationGroup's input as a valid spec.

use cacheplane_api::Fault;
use cacheplane_api::shapes::CreateReplicationGroupMessage;

use super::super::Context;
use super::super::faults::{fault_of, invalid_combination, invalid_value, not_supported};
use super::super::spec::{
    NamedGroup, given, has_entries, network, no_cache_security_groups, node_type, notification,
    parameter_group, port, security_groups, snapshot_retention, windows,
};
use super::{node_groups, size};
use crate::resources::auth_token::{self, AuthTokens};
use crate::resources::cluster_mode::{ClusterMode, can_be_compatible};
use crate::resources::engine::{self, Engine, EngineVersion};
use crate::resources::id;
use crate::resources::node_group::NodeGroupId;
use crate::resources::node_type::NodeType;
use crate::resources::replication_group::ReplicationGroupSpec;
use crate::resources::replication_group::replicas::check_multi_az;
use crate::resources::replication_group::sharding::NodeGroupSpec;
use crate::resources::slots::even_split;
use crate::resources::subnet_group::SubnetGroup;
use crate::resources::timestamp::Timestamp;
use crate::resources::transit_encryption::{TransitEncryptionMode, can_change_live};

/// The longest description, in characters (CreateReplicationGroup, API reference).
const DESCRIPTION_MAX: usize = 255;

/// What a group consists of.
pub(super) enum Layout {
    /// A primary and its replicas: the zone of each, the primary's first.
    Members(Vec<String>),
    /// Node groups.
    NodeGroups(Vec<NodeGroupSpec>),
}

/// A valid spec in `subnet_group`, and what the group consists of.
pub(super) fn spec(
    cx: &Context,
    input: &CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
    subnet_group: SubnetGroup,
) -> Result<(ReplicationGroupSpec, Layout), Fault> {
    let replication_group_id =
        id::replication_group_id(&input.replication_group_id).map_err(fault_of)?;
    let description = description(&input.replication_group_description)?;
    refuse_global(input)?;
    let engine_version = engine_version(input)?;
    refuse_seeds(input)?;
    let node_type = node_type(input.cache_node_type.as_deref())?;
    node_type.may_be_created(engine_version).map_err(fault_of)?;
    let choice = subnet_group.zones();
    let cluster_mode = node_groups::cluster_mode(input, named)?;
    let layout = match cluster_mode {
        ClusterMode::Enabled => {
            Layout::NodeGroups(node_groups::node_groups(&choice, input, engine_version)?)
        }
        ClusterMode::Compatible => {
            let zones = size::zones(&choice, input, named)?;
            availability(input, &zones)?;
            compatibility(input, engine_version)?;
            Layout::NodeGroups(vec![NodeGroupSpec {
                id: NodeGroupId::FIRST,
                slots: even_split(1).remove(0),
                zones,
            }])
        }
        ClusterMode::Disabled => {
            let zones = size::zones(&choice, input, named)?;
            availability(input, &zones)?;
            Layout::Members(zones)
        }
    };
    refuse_unsupported(input, engine_version, node_type)?;
    let (maintenance_window, snapshot_window) = windows(
        &cx.scope,
        &replication_group_id,
        input.preferred_maintenance_window.as_deref(),
        input.snapshot_window.as_deref(),
    )?;
    let engine = engine_version.engine;
    let spec = ReplicationGroupSpec {
        port: port(input.port, engine)?,
        cluster_mode,
        parameter_group_name: match cluster_mode {
            ClusterMode::Disabled => cluster_mode_disabled(named, engine_version)?,
            ClusterMode::Compatible | ClusterMode::Enabled => {
                node_groups::parameter_group(named, engine_version)?
            }
        },
        subnet_group_name: subnet_group.name,
        security_group_ids: security_groups(input.security_group_ids.as_ref(), &cx.scope)?,
        maintenance_window,
        snapshot_window,
        snapshot_retention_days: snapshot_retention(input.snapshot_retention_limit, engine)?,
        snapshotting_cluster_id: None,
        notification: notification(input.notification_topic_arn.as_deref())?,
        auto_minor_version_upgrade: input.auto_minor_version_upgrade.unwrap_or(true),
        automatic_failover: input.automatic_failover_enabled.unwrap_or(false),
        multi_az: input.multi_az_enabled.unwrap_or(false),
        at_rest_encryption: input
            .at_rest_encryption_enabled
            .unwrap_or(engine == Engine::Valkey),
        kms_key_id: given(input.kms_key_id.as_deref()).map(str::to_owned),
        transit_encryption: transit_encryption(input)?,
        // It is when there are users.
        guarded: false,
        iam: false,
        image: None,
        is_update_stopped: false,
        replication_group_id,
        description,
        engine_version,
        node_type,
    };
    Ok((spec, layout))
}

/// What the user says of the group; a single space is enough.
pub(super) fn description(text: &str) -> Result<String, Fault> {
    if text.is_empty() || text.chars().count() > DESCRIPTION_MAX {
        return Err(invalid_value(format!(
            "The parameter ReplicationGroupDescription must have at least 1 and no more than {DESCRIPTION_MAX} characters."
        )));
    }
    Ok(text.to_owned())
}

/// A member of a global datastore takes nearly everything from it (text: behaviour.md section 40).
pub(super) fn refuse_global(input: &CreateReplicationGroupMessage) -> Result<(), Fault> {
    if given(input.global_replication_group_id.as_deref()).is_none() {
        return Ok(());
    }
    let texts = [
        &input.primary_cluster_id,
        &input.cache_parameter_group_name,
        &input.cache_node_type,
        &input.engine,
        &input.engine_version,
        &input.snapshot_name,
    ];
    let others = texts.iter().any(|text| given(text.as_deref()).is_some())
        || input.automatic_failover_enabled.is_some()
        || input.num_node_groups.is_some()
        || input.transit_encryption_enabled.is_some()
        || input.at_rest_encryption_enabled.is_some()
        || has_entries(input.cache_security_group_names.as_ref())
        || has_entries(input.snapshot_arns.as_ref());
    if others {
        return Err(invalid_combination(
            "Cannot use the given parameters when creating new replication group in an existing global replication group.",
        ));
    }
    Err(not_supported("GlobalReplicationGroupId"))
}

fn engine_version(input: &CreateReplicationGroupMessage) -> Result<&'static EngineVersion, Fault> {
    let engine = engine(input.engine.as_deref())?.unwrap_or(Engine::Redis);
    engine::resolve(engine, given(input.engine_version.as_deref())).map_err(fault_of)
}

/// An engine that has replicas, if one is named.
pub(super) fn engine(name: Option<&str>) -> Result<Option<Engine>, Fault> {
    let Some(name) = given(name) else {
        return Ok(None);
    };
    match Engine::parse(name) {
        Some(engine) if engine.speaks_resp() => Ok(Some(engine)),
        Some(_) => Err(no_replication()),
        None => Err(invalid_value(format!("Invalid cache engine: {name}"))),
    }
}

/// Memcached has no replicas.
pub(super) fn no_replication() -> Fault {
    invalid_value("Specified engine does not support replication.")
}

fn refuse_seeds(input: &CreateReplicationGroupMessage) -> Result<(), Fault> {
    if given(input.serverless_cache_snapshot_name.as_deref()).is_some() {
        return Err(not_supported("ServerlessCacheSnapshotName"));
    }
    Ok(())
}

/// Whether somebody is there to take over (texts: behaviour.md section 40).
pub(super) fn availability(
    input: &CreateReplicationGroupMessage,
    zones: &[String],
) -> Result<(), Fault> {
    let automatic_failover = input.automatic_failover_enabled.unwrap_or(false);
    if automatic_failover && zones.len() < 2 {
        return Err(invalid_value(
            "Automatic failover requires 2 or more cache clusters. Create more cache clusters or disable automatic failover.",
        ));
    }
    if input.multi_az_enabled.unwrap_or(false) {
        check_multi_az(zones, automatic_failover).map_err(fault_of)?;
    }
    Ok(())
}

/// What a group needs to be served both ways (behaviour.md section 17).
fn compatibility(
    input: &CreateReplicationGroupMessage,
    version: &EngineVersion,
) -> Result<(), Fault> {
    if !can_be_compatible(version) {
        return Err(invalid_combination(format!(
            "ClusterMode compatible needs Redis OSS engine version 7.0 or later, or Valkey; {} {} has none.",
            version.engine, version.version
        )));
    }
    if input.automatic_failover_enabled != Some(true) {
        return Err(invalid_value(
            "Automatic failover must be enabled to create a replication group with cluster mode compatible.",
        ));
    }
    Ok(())
}

/// The name of a parameter group that does not turn cluster mode on.
pub(super) fn cluster_mode_disabled(
    named: Option<&NamedGroup>,
    version: &EngineVersion,
) -> Result<String, Fault> {
    match named {
        Some(NamedGroup {
            name,
            found: Some(group),
        }) if group.cluster_enabled && group.family.name == version.family => Err(not_supported(
            &format!("CacheParameterGroupName {name} (cluster mode)"),
        )),
        _ => parameter_group(named, version),
    }
}

/// What AWS refuses here, in its words, and what we do not have yet, by name.
pub(super) fn refuse_unsupported(
    input: &CreateReplicationGroupMessage,
    version: &EngineVersion,
    node_type: &NodeType,
) -> Result<(), Fault> {
    no_cache_security_groups(input.cache_security_group_names.as_ref())?;
    encryption(input, version)?;
    data_tiering(input.data_tiering_enabled, node_type)?;
    durability(input.durability.as_deref())?;
    network(input.network_type.as_deref(), input.ip_discovery.as_deref())
}

fn encryption(input: &CreateReplicationGroupMessage, version: &EngineVersion) -> Result<(), Fault> {
    let in_transit = input.transit_encryption_enabled == Some(true);
    if given(input.kms_key_id.as_deref()).is_some() {
        let at_rest = input
            .at_rest_encryption_enabled
            .unwrap_or(version.engine == Engine::Valkey);
        if !at_rest {
            return Err(invalid_value(
                "Please enable encryption at rest to use Customer Managed CMK",
            ));
        }
    }
    // Redis 3.2.10 is the odd one out between 3.2.6 and 4.0.10.
    let has_encryption = version.at_least(4, 0, 10) || version.version == "3.2.6";
    if !has_encryption && (in_transit || input.at_rest_encryption_enabled == Some(true)) {
        return Err(invalid_combination(format!(
            "Encryption features are not supported for engine version {}. Please use engine version 4.0.10",
            version.version
        )));
    }
    no_auth_token(input.auth_token.is_some(), in_transit)?;
    let has_users = has_entries(input.user_group_ids.as_ref());
    no_user_group(has_users, in_transit)?;
    let mode = transit_encryption(input)?;
    if has_users || input.auth_token.is_some() {
        not_preferred(mode)?;
    }
    if mode == Some(TransitEncryptionMode::Preferred) && !can_change_live(version) {
        return Err(invalid_combination(format!(
            "TransitEncryptionMode preferred is not supported for engine version {}. Please use engine version 7.0",
            version.version
        )));
    }
    if has_users && input.auth_token.is_some() {
        return Err(tokens_and_users());
    }
    Ok(())
}

/// Encryption in transit as it is asked for: a mode alone means nothing, and without one all is encrypted.
fn transit_encryption(
    input: &CreateReplicationGroupMessage,
) -> Result<Option<TransitEncryptionMode>, Fault> {
    let in_transit = input.transit_encryption_enabled == Some(true);
    let mode = transit_encryption_mode(input.transit_encryption_mode.as_deref())?;
    match (in_transit, mode) {
        (true, mode) => Ok(Some(mode.unwrap_or(TransitEncryptionMode::Required))),
        (false, Some(_)) => Err(encryption_mode_without_encryption()),
        (false, None) => Ok(None),
    }
}

/// TransitEncryptionMode as it is spelled.
pub(super) fn transit_encryption_mode(
    word: Option<&str>,
) -> Result<Option<TransitEncryptionMode>, Fault> {
    let parse = |word| {
        TransitEncryptionMode::parse(word).ok_or_else(|| {
            invalid_value(format!(
                "Invalid transit encryption mode: {word}. It is preferred or required."
            ))
        })
    };
    given(word).map(parse).transpose()
}

/// The AUTH tokens that a new group begins with.
pub(super) fn auth_tokens(
    input: &CreateReplicationGroupMessage,
    now: Timestamp,
) -> Result<Option<AuthTokens>, Fault> {
    let token = input.auth_token.as_deref().map(auth_token::at_creation);
    let token = token.transpose().map_err(fault_of)?;
    Ok(token.map(|token| AuthTokens::first(token, now)))
}

/// Text: behaviour.md section 40.
pub(super) fn tokens_and_users() -> Fault {
    invalid_combination(
        "User group can't be associated with auth token enabled. Pass AuthStrategy delete to proceed.",
    )
}

/// Who lets clients in without encryption asks them for nothing that others could hear (text: behaviour.md section 40).
pub(super) fn not_preferred(mode: Option<TransitEncryptionMode>) -> Result<(), Fault> {
    match mode {
        Some(TransitEncryptionMode::Preferred) => Err(invalid_combination(
            "Transit encryption preferred is not supported with redis access control.",
        )),
        Some(TransitEncryptionMode::Required) | None => Ok(()),
    }
}

/// A token is only asked for where encryption in transit is on.
pub(super) fn no_auth_token(auth_token: bool, in_transit: bool) -> Result<(), Fault> {
    if auth_token && !in_transit {
        return Err(invalid_value(
            "The AUTH token is only supported when encryption-in-transit is enabled",
        ));
    }
    Ok(())
}

/// Users are only let in by name where encryption in transit is on (text: behaviour.md section 40).
pub(super) fn no_user_group(user_group: bool, in_transit: bool) -> Result<(), Fault> {
    if user_group && !in_transit {
        return Err(invalid_value(
            "User group based access control requires encryption-in-transit to be enabled on the replication group.",
        ));
    }
    Ok(())
}

/// TransitEncryptionMode says how, where TransitEncryptionEnabled says that.
pub(super) fn encryption_mode_without_encryption() -> Fault {
    invalid_combination("To modify transit encryption mode, set encryption-in-transit as enabled.")
}

fn data_tiering(wanted: Option<bool>, node_type: &NodeType) -> Result<(), Fault> {
    match (wanted, node_type.has_data_tiering()) {
        (Some(true), false) => Err(invalid_value(format!(
            "Data tiering is not supported for the node type {}.",
            node_type.name
        ))),
        (Some(false), true) => Err(invalid_value(format!(
            "Data tiering must be enabled for the node type {}.",
            node_type.name
        ))),
        (None | Some(true), true) => Err(not_supported("DataTieringEnabled")),
        (None | Some(false), false) => Ok(()),
    }
}

/// ClusterMode as it is spelled.
pub(super) fn cluster_mode(word: Option<&str>) -> Result<Option<ClusterMode>, Fault> {
    let invalid = |word: &str| {
        invalid_value(format!(
            "Invalid cluster mode: {word}. It is enabled, disabled or compatible."
        ))
    };
    given(word)
        .map(|word| ClusterMode::parse(word).ok_or_else(|| invalid(word)))
        .transpose()
}

/// Durability as it is spelled; `default` resolves to what every group here has.
pub(super) fn durability(word: Option<&str>) -> Result<(), Fault> {
    match given(word) {
        None | Some("default") => Ok(()),
        Some(known @ ("sync" | "async" | "disabled")) => {
            Err(not_supported(&format!("Durability {known}")))
        }
        Some(other) => Err(invalid_value(format!(
            "Invalid durability: {other}. It is default, sync, async or disabled."
        ))),
    }
}
