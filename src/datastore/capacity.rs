//! Whether what is wished of replication groups fits the addresses and ports that there are, asked before the wish is written: a
//! group of hundreds of nodes shall be refused whole, not found wanting when half of it is there.
//!
//! Counted is what all wishes together have still to take, each as it will be taken later. Somebody else's server may have a port by
//! then; so a wish that was taken may still fail, and ADR 4 says how.

use sqlx::{Sqlite, Transaction};

use super::allocation::{FreeAddresses, FreePorts};
use super::{Datastore, Error, Pools};

/// What has no address or port yet, and shall have one.
struct Lacking {
    nodes: i64,
    primary_endpoints: i64,
    reader_endpoints: i64,
    configuration_endpoints: i64,
    routers: i64,
}

impl Datastore {
    /// Refuses, within the write of a wish, what the place where nodes are made cannot hold. Where no place is known it refuses nothing.
    ///
    /// # Errors
    /// [`Error::Exhausted`]; [`Error::Database`].
    pub(super) async fn refuse_past_capacity(
        &self,
        write: &mut Transaction<'_, Sqlite>,
    ) -> Result<(), Error> {
        let Some(pools) = &self.pools else {
            return Ok(());
        };
        let lacking = lacking(write, pools).await?;
        let endpoints =
            lacking.primary_endpoints + lacking.reader_endpoints + lacking.configuration_endpoints;
        let mut nodes = FreeAddresses::read_node(write, &pools.node_addresses).await?;
        for _ in 0..lacking.nodes + lacking.routers {
            nodes.take()?;
        }
        let in_network = match &pools.ports {
            Some(pool) => {
                let mut ports = FreePorts::read(write, pool.clone()).await?;
                let last = *pool.range.end();
                for _ in 0..lacking.nodes + endpoints + lacking.routers {
                    ports.take(last)?;
                }
                0
            }
            None => endpoints,
        };
        let mut free = FreeAddresses::read_endpoint(write, &pools.endpoint_addresses).await?;
        for _ in 0..in_network + lacking.routers {
            free.take()?;
        }
        Ok(())
    }
}

/// In published mode each endpoint that moves or speaks has a router of its own; in network mode one serves all.
async fn lacking(write: &mut Transaction<'_, Sqlite>, pools: &Pools) -> Result<Lacking, Error> {
    let row = sqlx::query!(
        "SELECT (SELECT count(*) FROM cache_nodes JOIN cache_clusters USING (cache_cluster_key)
                 WHERE address IS NULL AND deletion_requested_at IS NULL AND failure_kind IS NULL)
              + (SELECT coalesce(sum(json_array_length(pending_node_zones)), 0) FROM cache_clusters) AS \"nodes!: i64\",
                (SELECT count(*) FROM replication_groups AS lacking
                 WHERE primary_address IS NULL AND deletion_requested_at IS NULL AND failure_reason IS NULL
                   AND cluster_mode != 'enabled'
                   AND NOT EXISTS (SELECT 1 FROM published_ports WHERE primary_of = lacking.replication_group_key)
                ) AS \"primary_endpoints!: i64\",
                (SELECT count(*) FROM replication_groups AS lacking
                 WHERE reader_address IS NULL AND deletion_requested_at IS NULL AND failure_reason IS NULL
                   AND cluster_mode != 'enabled'
                   AND NOT EXISTS (SELECT 1 FROM published_ports WHERE reader_of = lacking.replication_group_key)
                ) AS \"reader_endpoints!: i64\",
                (SELECT count(*) FROM replication_groups AS lacking
                 WHERE configuration_address IS NULL AND deletion_requested_at IS NULL AND failure_reason IS NULL
                   AND cluster_mode != 'disabled'
                   AND NOT EXISTS (SELECT 1 FROM published_ports WHERE group_configuration_of = lacking.replication_group_key)
                ) AS \"configuration_endpoints!: i64\",
                (SELECT count(*) FROM published_ports
                 WHERE coalesce(configuration_of, primary_of, reader_of, group_configuration_of) IS NOT NULL) AS \"published_endpoints!: i64\",
                (SELECT count(*) FROM routers) AS \"routers!: i64\""
    )
    .fetch_one(&mut **write)
    .await?;
    let routers = match &pools.ports {
        Some(_) => {
            row.published_endpoints
                + row.primary_endpoints
                + row.reader_endpoints
                + row.configuration_endpoints
        }
        None => 1,
    };
    Ok(Lacking {
        nodes: row.nodes,
        primary_endpoints: row.primary_endpoints,
        reader_endpoints: row.reader_endpoints,
        configuration_endpoints: row.configuration_endpoints,
        routers: (routers - row.routers).max(0),
    })
}
