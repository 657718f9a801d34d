//! TestFailover.

use cacheplane_api::shapes::{TestFailoverMessage, TestFailoverResult};
use cacheplane_api::{Fault, FaultCode};

use super::super::Context;
use super::super::faults::internal;
use super::{STALE_TRIES, contended, demand, find, state, view, wake};
use crate::datastore::Error as StoreError;
use crate::resources::event::Event;
use crate::resources::replication_group::{NODE_GROUP_ID, ReplicationGroup};
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
        if input.node_group_id != NODE_GROUP_ID {
            return Err(Fault::new(
                FaultCode::NodeGroupNotFound,
                format!("Node group {} not found.", input.node_group_id),
            ));
        }
        demand(&group)?;
        refuse_untestable(&group)?;
        let now = cx.clock.now();
        let since = Timestamp::from_millis(now.as_millis() - PERIOD_MS);
        let called = Event::of_replication_group(
            &group.spec.replication_group_id,
            format!("Test Failover API called for node group {NODE_GROUP_ID}"),
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
