//! One line per operation. Those not written yet stand together in the last arm.

use cacheplane_api::query::Form;
use cacheplane_api::{Fault, FaultCode, Input, Operation as Op, xml};

use crate::operations::{
    Context, cache_cluster, cache_engine_version, cache_parameter_group, event, node_type,
    replication_group, security_group, service_update, snapshot, subnet_group, tag, user,
    user_group,
};

/// Decodes, calls, encodes.
///
/// # Errors
/// Whatever the operation refuses with.
pub(super) async fn dispatch(
    cx: &Context,
    operation: Op,
    form: &Form,
    request_id: &str,
) -> Result<String, Fault> {
    match operation {
        Op::AddTagsToResource => run(cx, form, request_id, tag::add_tags_to_resource).await,
        Op::AuthorizeCacheSecurityGroupIngress => {
            run(
                cx,
                form,
                request_id,
                security_group::authorize_cache_security_group_ingress,
            )
            .await
        }
        Op::BatchApplyUpdateAction => {
            run(
                cx,
                form,
                request_id,
                service_update::batch_apply_update_action,
            )
            .await
        }
        Op::BatchStopUpdateAction => {
            run(
                cx,
                form,
                request_id,
                service_update::batch_stop_update_action,
            )
            .await
        }
        Op::CreateCacheCluster => {
            run(cx, form, request_id, cache_cluster::create_cache_cluster).await
        }
        Op::CreateCacheParameterGroup => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::create_cache_parameter_group,
            )
            .await
        }
        Op::CreateCacheSecurityGroup => {
            run(
                cx,
                form,
                request_id,
                security_group::create_cache_security_group,
            )
            .await
        }
        Op::CreateCacheSubnetGroup => {
            run(
                cx,
                form,
                request_id,
                subnet_group::create_cache_subnet_group,
            )
            .await
        }
        Op::CreateReplicationGroup => {
            run(
                cx,
                form,
                request_id,
                replication_group::create_replication_group,
            )
            .await
        }
        Op::CopySnapshot => run(cx, form, request_id, snapshot::copy_snapshot).await,
        Op::CreateSnapshot => run(cx, form, request_id, snapshot::create_snapshot).await,
        Op::DeleteSnapshot => run(cx, form, request_id, snapshot::delete_snapshot).await,
        Op::DescribeSnapshots => run(cx, form, request_id, snapshot::describe_snapshots).await,
        Op::CreateUser => run(cx, form, request_id, user::create_user).await,
        Op::CreateUserGroup => run(cx, form, request_id, user_group::create_user_group).await,
        Op::DecreaseReplicaCount => {
            run(
                cx,
                form,
                request_id,
                replication_group::decrease_replica_count,
            )
            .await
        }
        Op::DeleteCacheCluster => {
            run(cx, form, request_id, cache_cluster::delete_cache_cluster).await
        }
        Op::DeleteCacheParameterGroup => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::delete_cache_parameter_group,
            )
            .await
        }
        Op::DeleteCacheSecurityGroup => {
            run(
                cx,
                form,
                request_id,
                security_group::delete_cache_security_group,
            )
            .await
        }
        Op::DeleteCacheSubnetGroup => {
            run(
                cx,
                form,
                request_id,
                subnet_group::delete_cache_subnet_group,
            )
            .await
        }
        Op::DeleteReplicationGroup => {
            run(
                cx,
                form,
                request_id,
                replication_group::delete_replication_group,
            )
            .await
        }
        Op::DeleteUser => run(cx, form, request_id, user::delete_user).await,
        Op::DeleteUserGroup => run(cx, form, request_id, user_group::delete_user_group).await,
        Op::DescribeCacheClusters => {
            run(cx, form, request_id, cache_cluster::describe_cache_clusters).await
        }
        Op::DescribeCacheEngineVersions => {
            run(
                cx,
                form,
                request_id,
                cache_engine_version::describe_cache_engine_versions,
            )
            .await
        }
        Op::DescribeCacheParameterGroups => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::describe_cache_parameter_groups,
            )
            .await
        }
        Op::DescribeCacheParameters => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::describe_cache_parameters,
            )
            .await
        }
        Op::DescribeCacheSecurityGroups => {
            run(
                cx,
                form,
                request_id,
                security_group::describe_cache_security_groups,
            )
            .await
        }
        Op::DescribeCacheSubnetGroups => {
            run(
                cx,
                form,
                request_id,
                subnet_group::describe_cache_subnet_groups,
            )
            .await
        }
        Op::DescribeEngineDefaultParameters => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::describe_engine_default_parameters,
            )
            .await
        }
        Op::DescribeEvents => run(cx, form, request_id, event::describe_events).await,
        Op::DescribeReplicationGroups => {
            run(
                cx,
                form,
                request_id,
                replication_group::describe_replication_groups,
            )
            .await
        }
        Op::DescribeServiceUpdates => {
            run(
                cx,
                form,
                request_id,
                service_update::describe_service_updates,
            )
            .await
        }
        Op::DescribeUpdateActions => {
            run(
                cx,
                form,
                request_id,
                service_update::describe_update_actions,
            )
            .await
        }
        Op::DescribeUserGroups => run(cx, form, request_id, user_group::describe_user_groups).await,
        Op::DescribeUsers => run(cx, form, request_id, user::describe_users).await,
        Op::IncreaseReplicaCount => {
            run(
                cx,
                form,
                request_id,
                replication_group::increase_replica_count,
            )
            .await
        }
        Op::ListAllowedNodeTypeModifications => {
            run(
                cx,
                form,
                request_id,
                node_type::list_allowed_node_type_modifications,
            )
            .await
        }
        Op::ListTagsForResource => run(cx, form, request_id, tag::list_tags_for_resource).await,
        Op::ModifyCacheCluster => {
            run(cx, form, request_id, cache_cluster::modify_cache_cluster).await
        }
        Op::ModifyCacheParameterGroup => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::modify_cache_parameter_group,
            )
            .await
        }
        Op::ModifyCacheSubnetGroup => {
            run(
                cx,
                form,
                request_id,
                subnet_group::modify_cache_subnet_group,
            )
            .await
        }
        Op::ModifyReplicationGroup => {
            run(
                cx,
                form,
                request_id,
                replication_group::modify_replication_group,
            )
            .await
        }
        Op::ModifyReplicationGroupShardConfiguration => {
            run(
                cx,
                form,
                request_id,
                replication_group::modify_replication_group_shard_configuration,
            )
            .await
        }
        Op::ModifyUser => run(cx, form, request_id, user::modify_user).await,
        Op::ModifyUserGroup => run(cx, form, request_id, user_group::modify_user_group).await,
        Op::RebootCacheCluster => {
            run(cx, form, request_id, cache_cluster::reboot_cache_cluster).await
        }
        Op::RemoveTagsFromResource => {
            run(cx, form, request_id, tag::remove_tags_from_resource).await
        }
        Op::ResetCacheParameterGroup => {
            run(
                cx,
                form,
                request_id,
                cache_parameter_group::reset_cache_parameter_group,
            )
            .await
        }
        Op::RevokeCacheSecurityGroupIngress => {
            run(
                cx,
                form,
                request_id,
                security_group::revoke_cache_security_group_ingress,
            )
            .await
        }
        Op::TestFailover => run(cx, form, request_id, replication_group::test_failover).await,

        // Not written yet. A plain refusal, and never a 5xx: SDKs would retry that for minutes.
        Op::CompleteMigration
        | Op::CopyServerlessCacheSnapshot
        | Op::CreateGlobalReplicationGroup
        | Op::CreateServerlessCache
        | Op::CreateServerlessCacheSnapshot
        | Op::DecreaseNodeGroupsInGlobalReplicationGroup
        | Op::DeleteGlobalReplicationGroup
        | Op::DeleteServerlessCache
        | Op::DeleteServerlessCacheSnapshot
        | Op::DescribeGlobalReplicationGroups
        | Op::DescribeReservedCacheNodes
        | Op::DescribeReservedCacheNodesOfferings
        | Op::DescribeServerlessCacheSnapshots
        | Op::DescribeServerlessCaches
        | Op::DisassociateGlobalReplicationGroup
        | Op::ExportServerlessCacheSnapshot
        | Op::FailoverGlobalReplicationGroup
        | Op::IncreaseNodeGroupsInGlobalReplicationGroup
        | Op::ModifyGlobalReplicationGroup
        | Op::ModifyServerlessCache
        | Op::PrepareMigration
        | Op::PurchaseReservedCacheNodesOffering
        | Op::RebalanceSlotsInGlobalReplicationGroup
        | Op::StartMigration
        | Op::StopMigration
        | Op::TestMigration => Err(Fault::new(
            FaultCode::NotImplemented,
            format!("cacheplane does not implement {} yet.", operation.name()),
        )),
    }
}

/// The input's own operation is the one that was asked for, or a line above is crossed; that shows in the first test.
async fn run<I, F>(cx: &Context, form: &Form, request_id: &str, call: F) -> Result<String, Fault>
where
    I: Input,
    F: AsyncFnOnce(&Context, I) -> Result<I::Output, Fault>,
{
    if form.operation()? != I::OPERATION {
        return Err(Fault::new(
            FaultCode::InternalFailure,
            "An internal error has occurred.",
        ));
    }
    let input = I::decode(form)?;
    let output = call(cx, input).await?;
    Ok(xml::response(I::OPERATION, &output, request_id))
}
