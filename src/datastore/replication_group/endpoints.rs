//! What the endpoints of a replication group have: addresses or ports, and routes.

use super::super::allocation::{FreeAddresses, FreePorts};
use super::super::{Datastore, Error, Pools};
use crate::resources::replication_group::{GroupEndpoint, MovingEndpoint, ReplicationGroup};

impl Datastore {
    /// Chooses what the group's endpoints lack: addresses, or in published mode ports; all of them or none.
    ///
    /// # Errors
    /// [`Error::Exhausted`] where too few are free; [`Error::Database`].
    pub async fn replication_group_allocate(
        &self,
        group: &ReplicationGroup,
        pools: &Pools,
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_allocate").await?;
        match &pools.ports {
            Some(pool) => {
                let mut ports = FreePorts::read(&mut write, pool.clone()).await?;
                // The primary endpoint first: it is what clients are given, so it gets the port that was asked for.
                if !group.primary_endpoint.is_allocated() && group.sharding.is_none() {
                    let port = ports.take(group.spec.port)?;
                    sqlx::query!(
                        "INSERT INTO published_ports (port, primary_of) VALUES (?, ?)",
                        port,
                        group.key
                    )
                    .execute(&mut *write)
                    .await?;
                }
                if !group.reader_endpoint.is_allocated() {
                    let port = ports.take(group.spec.port)?;
                    sqlx::query!(
                        "INSERT INTO published_ports (port, reader_of) VALUES (?, ?)",
                        port,
                        group.key
                    )
                    .execute(&mut *write)
                    .await?;
                }
            }
            None => {
                let kept = |endpoint: &MovingEndpoint| endpoint.address.map(|one| one.to_string());
                let primary = match kept(&group.primary_endpoint) {
                    Some(address) => Some(address),
                    // With cluster mode enabled clients find primaries by themselves.
                    None if group.sharding.is_some() => None,
                    None => {
                        let pool = &pools.endpoint_addresses;
                        let mut free = FreeAddresses::read_primary(&mut write, pool).await?;
                        Some(free.take()?.to_string())
                    }
                };
                let reader = match kept(&group.reader_endpoint) {
                    Some(address) => address,
                    None => FreeAddresses::read_endpoint(&mut write, &pools.endpoint_addresses)
                        .await?
                        .take_other_than(primary.as_deref().unwrap_or_default())?
                        .to_string(),
                };
                sqlx::query!(
                    "UPDATE replication_groups SET primary_address = ?, reader_address = ? WHERE replication_group_key = ?",
                    primary,
                    reader,
                    group.key
                )
                .execute(&mut *write)
                .await?;
            }
        }
        write.commit().await?;
        Ok(())
    }

    /// Gives back the addresses and ports of a creation that failed.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_release(&self, group: &ReplicationGroup) -> Result<(), Error> {
        let mut write = self.write("replication_group_release").await?;
        sqlx::query!(
            "DELETE FROM published_ports WHERE primary_of = ?1 OR reader_of = ?1",
            group.key
        )
        .execute(&mut *write)
        .await?;
        sqlx::query!(
            "UPDATE replication_groups SET primary_address = NULL, reader_address = NULL WHERE replication_group_key = ?",
            group.key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes which route to a group's primary or reader endpoint a router was seen to serve.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_record_served(
        &self,
        key: i64,
        endpoint: GroupEndpoint,
        route: &str,
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_record_served").await?;
        match endpoint {
            GroupEndpoint::Primary => sqlx::query!(
                "UPDATE replication_groups SET primary_route_served = ? WHERE replication_group_key = ?",
                route,
                key
            )
            .execute(&mut *write)
            .await?,
            GroupEndpoint::Reader => sqlx::query!(
                "UPDATE replication_groups SET reader_route_served = ? WHERE replication_group_key = ?",
                route,
                key
            )
            .execute(&mut *write)
            .await?,
        };
        write.commit().await?;
        Ok(())
    }
}
