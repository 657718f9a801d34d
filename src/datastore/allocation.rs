//! Addresses and ports: chosen here, and written down before they are used. Each stays with its node or endpoint for life;
//! forgetting the record gives it back, so none can leak.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use sqlx::{Sqlite, Transaction};

use super::{Datastore, Error};
use crate::resources::cache_cluster::CacheCluster;

/// A range of addresses to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPool {
    /// First address.
    pub first: Ipv4Addr,
    /// Last address.
    pub last: Ipv4Addr,
}

/// Host ports to choose from.
#[derive(Debug, Clone)]
pub struct PortPool {
    /// First to last.
    pub range: RangeInclusive<u16>,
    /// The host's address that ports are bound to.
    pub bind_address: Ipv4Addr,
    /// Whether nothing but our own records speaks against a port; somebody else's server may have it.
    pub is_free: fn(Ipv4Addr, u16) -> bool,
}

/// Where addresses and ports are chosen from.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Of nodes and routers.
    pub node_addresses: AddressPool,
    /// Of endpoints that move or speak.
    pub endpoint_addresses: AddressPool,
    /// Host ports; none in network mode, where a port needs no choosing.
    pub ports: Option<PortPool>,
}

impl Datastore {
    /// Chooses addresses, and in published mode ports, for all nodes of `cluster` that lack them and for its configuration
    /// endpoint; all of them or none.
    ///
    /// # Errors
    /// [`Error::Exhausted`] where too few are free; [`Error::Database`].
    pub async fn cache_cluster_allocate(
        &self,
        cluster: &CacheCluster,
        pools: &Pools,
    ) -> Result<(), Error> {
        let mut write = self.write("cache_cluster_allocate").await?;
        let mut ports = match &pools.ports {
            Some(pool) => Some(FreePorts::read(&mut write, pool.clone()).await?),
            None => None,
        };
        // The configuration endpoint first: it is what clients are given, so it gets the port that was asked for.
        if cluster.spec.has_configuration_endpoint()
            && !cluster.configuration_endpoint.is_allocated()
        {
            match &mut ports {
                Some(ports) => {
                    let port = ports.take(cluster.spec.port)?;
                    sqlx::query!(
                        "INSERT INTO published_ports (port, configuration_of) VALUES (?, ?)",
                        port,
                        cluster.key
                    )
                    .execute(&mut *write)
                    .await?;
                }
                None => {
                    let address =
                        FreeAddresses::read_endpoint(&mut write, &pools.endpoint_addresses)
                            .await?
                            .take()?
                            .to_string();
                    sqlx::query!(
                        "UPDATE cache_clusters SET configuration_address = ? WHERE cache_cluster_key = ?",
                        address,
                        cluster.key
                    )
                    .execute(&mut *write)
                    .await?;
                }
            }
        }
        let mut addresses = FreeAddresses::read_node(&mut write, &pools.node_addresses).await?;
        for node in cluster.wished_nodes().filter(|node| node.address.is_none()) {
            let address = addresses.take()?.to_string();
            sqlx::query!(
                "UPDATE cache_nodes SET address = ? WHERE cache_node_key = ?",
                address,
                node.key
            )
            .execute(&mut *write)
            .await?;
            if let Some(ports) = &mut ports {
                // A member leaves the port that was asked for to the primary endpoint of its group.
                let port = match cluster.membership {
                    Some(_) => ports.take_other_than(cluster.spec.port)?,
                    None => ports.take(cluster.spec.port)?,
                };
                sqlx::query!(
                    "INSERT INTO published_ports (port, cache_node_key) VALUES (?, ?)",
                    port,
                    node.key
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
    pub async fn cache_cluster_release(&self, cluster: &CacheCluster) -> Result<(), Error> {
        let mut write = self.write("cache_cluster_release").await?;
        sqlx::query!(
            "DELETE FROM published_ports WHERE configuration_of = ?1
             OR cache_node_key IN (SELECT cache_node_key FROM cache_nodes WHERE cache_cluster_key = ?1)",
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        sqlx::query!(
            "UPDATE cache_nodes SET address = NULL WHERE cache_cluster_key = ?",
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        sqlx::query!(
            "UPDATE cache_clusters SET configuration_address = NULL WHERE cache_cluster_key = ?",
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}

/// Free addresses of a pool, those after the newest in use first: an address just given back rests as long as it can,
/// so that a client that still has it meets nobody else's cache.
pub(super) struct FreeAddresses {
    what: &'static str,
    pool: AddressPool,
    taken: HashSet<Ipv4Addr>,
    next: u32,
}

impl FreeAddresses {
    pub(super) async fn read_node(
        write: &mut Transaction<'_, Sqlite>,
        pool: &AddressPool,
    ) -> Result<Self, Error> {
        let taken = sqlx::query_scalar!(
            "SELECT address AS \"address!\" FROM cache_nodes WHERE address IS NOT NULL
             UNION ALL SELECT node_address FROM routers WHERE node_address IS NOT NULL"
        )
        .fetch_all(&mut **write)
        .await?;
        let newest = sqlx::query_scalar!(
            "SELECT address FROM cache_nodes WHERE address IS NOT NULL ORDER BY cache_node_key DESC LIMIT 1"
        )
        .fetch_optional(&mut **write)
        .await?
        .flatten();
        Ok(Self::new("node address", pool, &taken, newest.as_deref()))
    }

    pub(super) async fn read_endpoint(
        write: &mut Transaction<'_, Sqlite>,
        pool: &AddressPool,
    ) -> Result<Self, Error> {
        let taken = sqlx::query_scalar!(
            "SELECT configuration_address AS \"address!\" FROM cache_clusters WHERE configuration_address IS NOT NULL
             UNION ALL SELECT primary_address FROM replication_groups WHERE primary_address IS NOT NULL
             UNION ALL SELECT reader_address FROM replication_groups WHERE reader_address IS NOT NULL
             UNION ALL SELECT configuration_address FROM replication_groups WHERE configuration_address IS NOT NULL
             UNION ALL SELECT endpoint_address FROM routers WHERE endpoint_address IS NOT NULL"
        )
        .fetch_all(&mut **write)
        .await?;
        let newest = sqlx::query_scalar!(
            "SELECT address AS \"address!: String\" FROM (
                 SELECT configuration_address AS address, requested_at FROM cache_clusters WHERE configuration_address IS NOT NULL
                 UNION ALL SELECT reader_address, requested_at FROM replication_groups WHERE reader_address IS NOT NULL
                 UNION ALL SELECT configuration_address, requested_at FROM replication_groups
                     WHERE configuration_address IS NOT NULL)
             ORDER BY requested_at DESC LIMIT 1"
        )
        .fetch_optional(&mut **write)
        .await?;
        let mut addresses = Self::new("endpoint address", pool, &taken, newest.as_deref());
        let lower = u32::from(pool.first)..=middle(pool);
        if !lower.contains(&addresses.next) {
            addresses.next = u32::from(pool.first);
        }
        Ok(addresses)
    }

    /// Addresses for primary endpoints, from the upper half of the pool while it lasts; what a router serves has the lower half. A
    /// neighbour remembers for a minute who had an address, and nobody tells it when one passes from a container to the router.
    pub(super) async fn read_primary(
        write: &mut Transaction<'_, Sqlite>,
        pool: &AddressPool,
    ) -> Result<Self, Error> {
        let mut addresses = Self::read_endpoint(write, pool).await?;
        let newest = sqlx::query_scalar!(
            "SELECT primary_address AS \"address!: String\" FROM replication_groups WHERE primary_address IS NOT NULL
             ORDER BY replication_group_key DESC LIMIT 1"
        )
        .fetch_optional(&mut **write)
        .await?;
        let newest = newest.and_then(|text| text.parse::<Ipv4Addr>().ok());
        addresses.next = newest.map_or(middle(pool) + 1, |newest| u32::from(newest) + 1);
        if addresses.next > u32::from(pool.last) {
            addresses.next = middle(pool) + 1;
        }
        Ok(addresses)
    }

    fn new(what: &'static str, pool: &AddressPool, taken: &[String], newest: Option<&str>) -> Self {
        let newest = newest
            .and_then(|text| text.parse::<Ipv4Addr>().ok())
            .map(u32::from);
        Self {
            what,
            pool: pool.clone(),
            taken: taken.iter().filter_map(|text| text.parse().ok()).collect(),
            next: newest.map_or(u32::from(pool.first), |newest| newest.saturating_add(1)),
        }
    }

    pub(super) fn take(&mut self) -> Result<Ipv4Addr, Error> {
        let (first, last) = (u32::from(self.pool.first), u32::from(self.pool.last));
        let start = if (first..=last).contains(&self.next) {
            self.next
        } else {
            first
        };
        let found = (start..=last)
            .chain(first..start)
            .map(Ipv4Addr::from)
            .find(|address| !self.taken.contains(address));
        let Some(address) = found else {
            return Err(Error::Exhausted(format!(
                "{} between {} and {}",
                self.what, self.pool.first, self.pool.last
            )));
        };
        self.taken.insert(address);
        self.next = u32::from(address).saturating_add(1);
        Ok(address)
    }
}

/// The last address of the lower half.
fn middle(pool: &AddressPool) -> u32 {
    let (first, last) = (u32::from(pool.first), u32::from(pool.last));
    first + (last - first) / 2
}

/// Free host ports: the one asked for if it is free, else the lowest of the range.
pub(super) struct FreePorts {
    pool: PortPool,
    taken: HashSet<u16>,
}

impl FreePorts {
    pub(super) async fn read(
        write: &mut Transaction<'_, Sqlite>,
        pool: PortPool,
    ) -> Result<Self, Error> {
        let taken = sqlx::query_scalar!("SELECT port FROM published_ports")
            .fetch_all(&mut **write)
            .await?;
        Ok(Self {
            pool,
            taken: taken
                .into_iter()
                .filter_map(|port| u16::try_from(port).ok())
                .collect(),
        })
    }

    pub(super) fn take(&mut self, wanted: u16) -> Result<u16, Error> {
        let ports: Vec<u16> = std::iter::once(wanted)
            .chain(self.pool.range.clone())
            .collect();
        self.take_first(ports)
    }

    /// The lowest of the range, `spared` only if it is the last that is free.
    pub(super) fn take_other_than(&mut self, spared: u16) -> Result<u16, Error> {
        let others = self.pool.range.clone().filter(|port| *port != spared);
        let ports: Vec<u16> = others.chain([spared]).collect();
        self.take_first(ports)
    }

    fn take_first(&mut self, ports: Vec<u16>) -> Result<u16, Error> {
        let PortPool {
            range,
            bind_address,
            is_free,
        } = &self.pool;
        let found = ports
            .into_iter()
            .find(|port| !self.taken.contains(port) && is_free(*bind_address, *port));
        let Some(port) = found else {
            return Err(Error::Exhausted(format!(
                "host port between {} and {}",
                range.start(),
                range.end()
            )));
        };
        self.taken.insert(port);
        Ok(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(taken: &[&str], newest: Option<&str>) -> FreeAddresses {
        let pool = AddressPool {
            first: Ipv4Addr::new(10, 0, 0, 2),
            last: Ipv4Addr::new(10, 0, 0, 5),
        };
        let taken: Vec<String> = taken.iter().map(ToString::to_string).collect();
        FreeAddresses::new("node address", &pool, &taken, newest)
    }

    #[test]
    fn addresses_go_round_and_end() {
        let mut addresses = free(&["10.0.0.4"], Some("10.0.0.4"));
        let taken: Vec<String> = (0..3)
            .map(|_| addresses.take().unwrap().to_string())
            .collect();
        assert_eq!(taken, ["10.0.0.5", "10.0.0.2", "10.0.0.3"]);
        assert!(
            matches!(addresses.take(), Err(Error::Exhausted(what)) if what.contains("10.0.0.2 and 10.0.0.5"))
        );
    }

    #[test]
    fn the_first_address_comes_first() {
        assert_eq!(free(&[], None).take().unwrap(), Ipv4Addr::new(10, 0, 0, 2));
    }

    #[test]
    fn the_port_asked_for_is_given_when_it_is_free() {
        let mut ports = FreePorts {
            pool: PortPool {
                range: 7000..=7003,
                bind_address: Ipv4Addr::LOCALHOST,
                // Somebody else's servers.
                is_free: |_, port| ![7001, 7002].contains(&port),
            },
            taken: HashSet::new(),
        };
        let taken: Vec<u16> = (0..3).map(|_| ports.take(6379).unwrap()).collect();
        assert_eq!(taken, [6379, 7000, 7003]);
        assert!(matches!(ports.take(6379), Err(Error::Exhausted(_))));
        ports.taken.clear();
        let taken: Vec<u16> = (0..2)
            .map(|_| ports.take_other_than(7000).unwrap())
            .collect();
        assert_eq!(taken, [7003, 7000], "the spared one comes last");
        assert!(matches!(
            ports.take_other_than(7000),
            Err(Error::Exhausted(_))
        ));
    }
}
