//! What the endpoints of a replication group have: addresses or ports, and routes.

use sqlx::{Sqlite, Transaction};

use super::super::allocation::{FreeAddresses, FreePorts};
use super::super::{Datastore, Error, Pools};
use crate::resources::replication_group::{GroupEndpoint, ReplicationGroup};

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
        let lacking = group.wished_endpoints().iter().copied();
        let lacking = lacking.filter(|one| !group.endpoint(*one).is_allocated());
        match &pools.ports {
            Some(pool) => {
                let mut ports = FreePorts::read(&mut write, pool.clone()).await?;
                // The primary endpoint first: it is what clients are given, so it gets the port that was asked for.
                for endpoint in lacking {
                    let port = ports.take(group.spec.port)?;
                    port_put(&mut write, group.key, endpoint, port).await?;
                }
            }
            None => {
                let pool = &pools.endpoint_addresses;
                for endpoint in lacking {
                    let mut free = match endpoint {
                        GroupEndpoint::Primary => {
                            FreeAddresses::read_primary(&mut write, pool).await?
                        }
                        GroupEndpoint::Reader | GroupEndpoint::Configuration => {
                            FreeAddresses::read_endpoint(&mut write, pool).await?
                        }
                    };
                    let address = free.take()?.to_string();
                    address_put(&mut write, group.key, endpoint, Some(&address)).await?;
                }
            }
        }
        write.commit().await?;
        Ok(())
    }

    /// Gives back the addresses and ports of these endpoints.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn replication_group_release(
        &self,
        group: &ReplicationGroup,
        endpoints: &[GroupEndpoint],
    ) -> Result<(), Error> {
        let mut write = self.write("replication_group_release").await?;
        for endpoint in endpoints {
            address_put(&mut write, group.key, *endpoint, None).await?;
            match endpoint {
                GroupEndpoint::Primary => {
                    sqlx::query!(
                        "DELETE FROM published_ports WHERE primary_of = ?",
                        group.key
                    )
                    .execute(&mut *write)
                    .await?
                }
                GroupEndpoint::Reader => {
                    sqlx::query!("DELETE FROM published_ports WHERE reader_of = ?", group.key)
                        .execute(&mut *write)
                        .await?
                }
                GroupEndpoint::Configuration => {
                    sqlx::query!(
                        "DELETE FROM published_ports WHERE group_configuration_of = ?",
                        group.key
                    )
                    .execute(&mut *write)
                    .await?
                }
            };
        }
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
            GroupEndpoint::Configuration => sqlx::query!(
                "UPDATE replication_groups SET configuration_route_served = ? WHERE replication_group_key = ?",
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

async fn port_put(
    write: &mut Transaction<'_, Sqlite>,
    key: i64,
    endpoint: GroupEndpoint,
    port: u16,
) -> Result<(), Error> {
    match endpoint {
        GroupEndpoint::Primary => {
            sqlx::query!(
                "INSERT INTO published_ports (port, primary_of) VALUES (?, ?)",
                port,
                key
            )
            .execute(&mut **write)
            .await?
        }
        GroupEndpoint::Reader => {
            sqlx::query!(
                "INSERT INTO published_ports (port, reader_of) VALUES (?, ?)",
                port,
                key
            )
            .execute(&mut **write)
            .await?
        }
        GroupEndpoint::Configuration => {
            sqlx::query!(
                "INSERT INTO published_ports (port, group_configuration_of) VALUES (?, ?)",
                port,
                key
            )
            .execute(&mut **write)
            .await?
        }
    };
    Ok(())
}

/// An endpoint without an address has no route either.
async fn address_put(
    write: &mut Transaction<'_, Sqlite>,
    key: i64,
    endpoint: GroupEndpoint,
    address: Option<&str>,
) -> Result<(), Error> {
    match endpoint {
        GroupEndpoint::Primary => sqlx::query!(
            "UPDATE replication_groups SET primary_address = ?, primary_route_served = NULL WHERE replication_group_key = ?",
            address,
            key
        )
        .execute(&mut **write)
        .await?,
        GroupEndpoint::Reader => sqlx::query!(
            "UPDATE replication_groups SET reader_address = ?, reader_route_served = NULL WHERE replication_group_key = ?",
            address,
            key
        )
        .execute(&mut **write)
        .await?,
        GroupEndpoint::Configuration => sqlx::query!(
            "UPDATE replication_groups SET configuration_address = ?, configuration_route_served = NULL
             WHERE replication_group_key = ?",
            address,
            key
        )
        .execute(&mut **write)
        .await?,
    };
    Ok(())
}
