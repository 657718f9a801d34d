//! The routers: their addresses, and how many route tables each has had.

use std::net::Ipv4Addr;

use super::allocation::{FreeAddresses, FreePorts};
use super::cache_cluster::{address, port};
use super::{Datastore, Error, Pools, count, stored};

/// A router's container as it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterRecord {
    /// Unique among the routers of this control plane.
    pub name: String,
    /// Its address on the node network.
    pub node_address: Ipv4Addr,
    /// Its own address on the endpoint network, beside those that it serves.
    pub endpoint_address: Ipv4Addr,
    /// The host port of its control interface, in published mode.
    pub control_port: Option<u16>,
    /// Counts its route tables.
    pub table_generation: u64,
    /// Of the table with that count.
    pub table_digest: String,
}

struct RouterRow {
    router_name: String,
    node_address: Option<String>,
    endpoint_address: Option<String>,
    control_port: Option<i64>,
    table_generation: i64,
    table_digest: String,
}

impl TryFrom<RouterRow> for RouterRecord {
    type Error = Error;

    fn try_from(row: RouterRow) -> Result<Self, Error> {
        let stored_address = |text: Option<String>| address(&text.unwrap_or_default());
        Ok(Self {
            name: row.router_name,
            node_address: stored_address(row.node_address)?,
            endpoint_address: stored_address(row.endpoint_address)?,
            control_port: row.control_port.map(port).transpose()?,
            table_generation: count(row.table_generation)?,
            table_digest: row.table_digest,
        })
    }
}

impl Datastore {
    /// All routers.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn router_list(&self) -> Result<Vec<RouterRecord>, Error> {
        let rows = sqlx::query_as!(
            RouterRow,
            "SELECT router_name, node_address, endpoint_address, port AS \"control_port?\", table_generation, table_digest
             FROM routers LEFT JOIN published_ports ON control_of = router_name ORDER BY router_name"
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(TryFrom::try_from).collect()
    }

    /// Chooses the addresses, and in published mode the control port, of a new router.
    ///
    /// # Errors
    /// [`Error::Exhausted`]; [`Error::AlreadyExists`]; [`Error::Database`].
    pub async fn router_insert(&self, name: &str, pools: &Pools) -> Result<(), Error> {
        let mut write = self.write("router_insert").await?;
        let node_address = FreeAddresses::read_node(&mut write, &pools.node_addresses)
            .await?
            .take()?
            .to_string();
        let endpoint_address = FreeAddresses::read_endpoint(&mut write, &pools.endpoint_addresses)
            .await?
            .take()?
            .to_string();
        sqlx::query!(
            "INSERT INTO routers (router_name, node_address, endpoint_address, table_generation, table_digest)
             VALUES (?, ?, ?, 0, '')",
            name,
            node_address,
            endpoint_address
        )
        .execute(&mut *write)
        .await?;
        if let Some(pool) = &pools.ports {
            let control_port = FreePorts::read(&mut write, pool.clone())
                .await?
                .take(*pool.range.end())?;
            sqlx::query!(
                "INSERT INTO published_ports (port, control_of) VALUES (?, ?)",
                control_port,
                name
            )
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Notes the table that a router shall serve next, before it is told; the count rises only if the table is another.
    /// Returns the table's count.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`].
    pub async fn router_request_table(&self, name: &str, digest: &str) -> Result<u64, Error> {
        let mut write = self.write("router_request_table").await?;
        sqlx::query!(
            "UPDATE routers SET table_generation = table_generation + 1, table_digest = ?1
             WHERE router_name = ?2 AND table_digest != ?1",
            digest,
            name
        )
        .execute(&mut *write)
        .await?;
        let generation = sqlx::query_scalar!(
            "SELECT table_generation FROM routers WHERE router_name = ?",
            name
        )
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        count(generation)
    }

    /// Raises the count past `seen`, which a router says it has already had: the database was put back from a copy.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn router_skip_tables(&self, name: &str, seen: u64) -> Result<(), Error> {
        let next = stored(seen).saturating_add(1);
        let mut write = self.write("router_skip_tables").await?;
        sqlx::query!(
            "UPDATE routers SET table_generation = max(table_generation, ?) WHERE router_name = ?",
            next,
            name
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets a router whose container is gone.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn router_forget(&self, name: &str) -> Result<(), Error> {
        let mut write = self.write("router_forget").await?;
        sqlx::query!("DELETE FROM routers WHERE router_name = ?", name)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}
