//! TestFailover.

use cacheplane_api::shapes::{TestFailoverMessage, TestFailoverResult};
use cacheplane_api::{Fault, FaultCode};

use super::super::Context;
use super::super::faults::internal;
use super::{STALE_TRIES, contended, demand, find, state, view, wake};
use crate::datastore::Error as StoreError;
use crate::resources::event::Event;
use crate::resources::replication_group::{NODE_GROUP_ID, ReplicationGroup, TestFailover};
use crate::resources::timestamp::Timestamp;

/// Most tests of an account in a region within [`PERIOD_MS`] (TestFailover, API reference).
const TESTS_MAX: u32 = 15;

/// A rolling day, in milliseconds.
const PERIOD_MS: i64 = 24 * 60 * 60 * 1000;

/// TestFailover: the primary is killed, and what then happens is the failover of every day.
///
/// # Errors
/// `ReplicationGroupNotFoundFault`; `NodeGroupNotFoundFault`; `InvalidReplicationGroupState` unless available with automatic failover and a
/// replica, and while a failover or its recovery is under way; `APICallRateForCustomerExceeded` past fifteen a day.
pub async fn test_failover(
    cx: &Context,
    input: TestFailoverMessage,
) -> Result<TestFailoverResult, Fault> {
    for _ in 0..STALE_TRIES {
        let group = find(cx, &input.replication_group_id).await?;
        let mut group = group;
        let node_group = node_group(&group, &input.node_group_id)?;
        demand(&group)?;
        match node_group {
            None => refuse_untestable(&group)?,
            Some(index) => test_shard(&mut group, index)?,
        }
        let now = cx.clock.now();
        let since = Timestamp::from_millis(now.as_millis() - PERIOD_MS);
        let called = Event::of_replication_group(
            &group.spec.replication_group_id,
            format!(
                "Test Failover API called for node group {}",
                input.node_group_id
            ),
            now,
        );
        match cx
            .datastore
            .replication_group_request_failover(&group, (TESTS_MAX, since), now, &[called])
            .await
        {
            Ok(group) => {
                wake(cx);
                return Ok(TestFailoverResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(StoreError::Exhausted(_)) => {
                return Err(Fault::new(
                    FaultCode::APICallRateForCustomerExceeded,
                    format!(
                        "At most {TESTS_MAX} node groups can be tested in a rolling 24-hour period."
                    ),
                ));
            }
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// The place of the node group with this id, with cluster mode enabled.
fn node_group(group: &ReplicationGroup, id: &str) -> Result<Option<usize>, Fault> {
    let is_there = match &group.sharding {
        None => (id == NODE_GROUP_ID).then_some(None),
        Some(sharding) => {
            let mut node_groups = sharding.node_groups.iter();
            let place = node_groups.position(|one| one.id.to_string() == id);
            place.map(Some)
        }
    };
    is_there.ok_or_else(|| {
        Fault::new(
            FaultCode::NodeGroupNotFound,
            format!("Node group {id} not found."),
        )
    })
}

/// Wishes for the test of one shard.
fn test_shard(group: &mut ReplicationGroup, index: usize) -> Result<(), Fault> {
    let recovers = group
        .members
        .iter()
        .any(|member| member.nodes.iter().any(|node| node.recovering));
    let Some(sharding) = &mut group.sharding else {
        return Ok(());
    };
    let is_tested = sharding
        .node_groups
        .iter()
        .any(|one| one.test_failover.is_some());
    let id = sharding.node_groups[index].id;
    if is_tested || recovers {
        return Err(state(format!(
            "A failover or a recovery of node group {id} is under way.",
        )));
    }
    sharding.node_groups[index].test_failover = Some(TestFailover {
        from_started_at: None,
    });
    if group.wished_shard_members(id).count() < 2 {
        return Err(state(
            "Replication group must have at least one read replica to test automatic failover.",
        ));
    }
    Ok(())
}

fn refuse_untestable(group: &ReplicationGroup) -> Result<(), Fault> {
    if !group.spec.automatic_failover {
        return Err(state(
            "Automatic failover must be enabled to test it. Enable it with ModifyReplicationGroup.",
        ));
    }
    if group.wished_replica_count() == 0 {
        return Err(state(
            "Replication group must have at least one read replica to test automatic failover.",
        ));
    }
    // The node that an earlier failover cost must be back before the next (behaviour.md section 11).
    let recovers = group
        .members
        .iter()
        .any(|member| member.nodes.iter().any(|node| node.recovering));
    if group.test_failover.is_some() || !group.primary.is_confirmed() || recovers {
        return Err(state(format!(
            "A failover or a recovery of node group {NODE_GROUP_ID} is under way.",
        )));
    }
    Ok(())
}
