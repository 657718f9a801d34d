//! The change of a replication group's cluster mode (behaviour.md section 17).

use cacheplane_api::Fault;
use cacheplane_api::shapes::ModifyReplicationGroupMessage;

use super::super::faults::{invalid_combination, invalid_value, not_supported};
use super::spec::cluster_mode;
use super::state;
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::replication_group::ReplicationGroup;

/// A change of cluster mode comes alone, or with a parameter group (text: behaviour.md section 40); in compatible mode nothing else comes.
pub(super) fn demand_mode_alone(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<(), Fault> {
    let current = group.spec.cluster_mode;
    let Some(wanted) = cluster_mode(input.cluster_mode.as_deref())? else {
        return refuse_change(group);
    };
    let alone = ModifyReplicationGroupMessage {
        replication_group_id: input.replication_group_id.clone(),
        cluster_mode: input.cluster_mode.clone(),
        cache_parameter_group_name: input.cache_parameter_group_name.clone(),
        apply_immediately: input.apply_immediately,
        ..ModifyReplicationGroupMessage::default()
    };
    let is_plain = wanted == current && current != ClusterMode::Compatible;
    if is_plain || *input == alone {
        return Ok(());
    }
    Err(invalid_combination(
        "Cluster mode updates are not supported while attempting to update additional properties.",
    ))
}

/// In compatible mode nothing is changed but the mode.
pub(super) fn refuse_change(group: &ReplicationGroup) -> Result<(), Fault> {
    match group.spec.cluster_mode {
        ClusterMode::Disabled | ClusterMode::Enabled => Ok(()),
        ClusterMode::Compatible => Err(state(format!(
            "Replication group {} cannot be modified while its cluster mode is compatible. Set ClusterMode to enabled first.",
            group.spec.replication_group_id
        ))),
    }
}

/// Wishes for another cluster mode. The mode between is the only way from disabled to enabled, and enabled is final.
pub(super) fn change(group: &mut ReplicationGroup, to: ClusterMode) -> Result<(), Fault> {
    match (group.spec.cluster_mode, to) {
        (ClusterMode::Disabled, ClusterMode::Enabled) => Err(invalid_combination(
            "Cluster mode must be compatible before it can be enabled.",
        )),
        (ClusterMode::Disabled, ClusterMode::Compatible) => Err(not_supported(
            "ClusterMode compatible of a group that has it disabled",
        )),
        (ClusterMode::Compatible, ClusterMode::Disabled) => Err(not_supported(
            "ClusterMode disabled of a group that has it compatible",
        )),
        (ClusterMode::Compatible, ClusterMode::Enabled) => {
            group.change_cluster_mode(to);
            Ok(())
        }
        (ClusterMode::Enabled, ClusterMode::Disabled | ClusterMode::Compatible) => Err(
            invalid_value("Cluster mode cannot be changed once it is enabled."),
        ),
        (ClusterMode::Disabled, ClusterMode::Disabled)
        | (ClusterMode::Compatible, ClusterMode::Compatible)
        | (ClusterMode::Enabled, ClusterMode::Enabled) => Ok(()),
    }
}
