//! Subnets: which are free, and how one is shared out. Pure, but for the look at the host's routes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, bail};
use ipnet::Ipv4Net;

use crate::datastore::AddressPool;
use crate::runtime::NetworkSpec;
use crate::runtime::labels::network_name;

/// Subnets to choose from, in this order: private ones (RFC 1918) that neither Docker (172.17 and on, 192.168), Podman (10.88,
/// 10.89), Kubernetes (10.42, 10.43, 10.96 and on, 10.244) nor clouds and home routers hand out by default; last, for hosts
/// whose VPN routes all private addresses, one of those for tests of devices (RFC 2544), which nobody routes.
pub const CANDIDATES: [Ipv4Net; 8] = [
    candidate(10, 213),
    candidate(10, 219),
    candidate(10, 227),
    candidate(10, 233),
    candidate(10, 181),
    candidate(10, 193),
    candidate(172, 16),
    candidate(198, 18),
];

/// A route to half of all addresses or a quarter is a default route in disguise (VPNs write them so); it takes nothing.
const ROUTE_PREFIX_LENGTH_MIN: u8 = 4;

const fn candidate(first: u8, second: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(first, second, 0, 0), 16)
}

/// A subnet that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its addresses.
    pub subnet: Ipv4Net,
    /// Who uses it, for messages.
    pub by: String,
}

/// A subnet, shared out.
#[derive(Debug, PartialEq, Eq)]
pub struct Halves {
    /// The first half: nodes and routers.
    pub node_network: NetworkSpec,
    /// The second half: endpoints that move or speak.
    pub endpoint_network: NetworkSpec,
    /// What is given out of the first half.
    pub node_addresses: AddressPool,
    /// What is given out of the second half.
    pub endpoint_addresses: AddressPool,
}

/// What of `taken` has addresses of `subnet`.
pub fn overlapping(subnet: Ipv4Net, taken: &[Taken]) -> Option<&Taken> {
    taken
        .iter()
        .find(|taken| taken.subnet.contains(&subnet) || subnet.contains(&taken.subnet))
}

/// The first candidate that nobody has taken.
///
/// # Errors
/// Where all are taken; the message says by whom, and the cure.
pub fn first_free(taken: &[Taken]) -> anyhow::Result<Ipv4Net> {
    let mut reasons = Vec::new();
    for candidate in CANDIDATES {
        match overlapping(candidate, taken) {
            None => return Ok(candidate),
            Some(taken) => reasons.push(format!("{candidate} by {}", taken.by)),
        }
    }
    bail!(
        "every subnet that could be chosen is taken ({}); name a free one with --node-subnet CIDR",
        reasons.join(", ")
    )
}

/// `wished`, if nobody has taken it.
///
/// # Errors
/// Where it is taken; the message says by whom, and the cure.
pub fn check_free(wished: Ipv4Net, taken: &[Taken]) -> anyhow::Result<Ipv4Net> {
    match overlapping(wished, taken) {
        None => Ok(wished),
        Some(taken) => bail!(
            "--node-subnet {wished} overlaps {}, which {} has; name another one, or leave the setting out and a free one is chosen",
            taken.subnet,
            taken.by
        ),
    }
}

/// Shares `subnet` out for `owner`.
///
/// In each half the first address is the host's own, on the bridge; the engine picks from the last quarter when nobody tells it
/// an address (a customer's container that is attached); what lies between is ours to give.
///
/// # Errors
/// Where the subnet is too small to be halved.
pub fn split(subnet: Ipv4Net, owner: &str) -> anyhow::Result<Halves> {
    let mut halves = subnet
        .subnets(subnet.prefix_len() + 1)
        .with_context(|| format!("halve {subnet}"))?;
    let mut half = |role: &str| {
        let half = halves.next().with_context(|| format!("halve {subnet}"))?;
        share(half, network_name(owner, role))
    };
    let (node_network, node_addresses) = half("nodes")?;
    let (endpoint_network, endpoint_addresses) = half("endpoints")?;
    Ok(Halves {
        node_network,
        endpoint_network,
        node_addresses,
        endpoint_addresses,
    })
}

fn share(half: Ipv4Net, name: String) -> anyhow::Result<(NetworkSpec, AddressPool)> {
    let picked = half
        .subnets(half.prefix_len() + 2)
        .ok()
        .and_then(Iterator::last)
        .with_context(|| format!("share out {half}"))?;
    let address = |offset: u32| Ipv4Addr::from(u32::from(half.network()) + offset);
    let pool = AddressPool {
        first: address(2),
        last: Ipv4Addr::from(u32::from(picked.network()) - 1),
    };
    let network = NetworkSpec {
        name,
        subnet: half,
        ip_range: picked,
        gateway: address(1),
        labels: BTreeMap::new(),
    };
    Ok((network, pool))
}

/// Where this host sends packets, but for its default routes; nothing on a host that does not say.
pub fn host_routes() -> Vec<Taken> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    routes(&table)
}

/// The routes in the text of `/proc/net/route`. Lines that are not understood are left out.
fn routes(table: &str) -> Vec<Taken> {
    table.lines().skip(1).filter_map(route).collect()
}

fn route(line: &str) -> Option<Taken> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    // The kernel prints addresses in network order as if they were this machine's numbers.
    let address = |column: usize| {
        let number = u32::from_str_radix(columns.get(column)?, 16).ok()?;
        Some(Ipv4Addr::from(number.to_ne_bytes()))
    };
    let subnet = Ipv4Net::with_netmask(address(1)?, address(7)?).ok()?;
    (subnet.prefix_len() >= ROUTE_PREFIX_LENGTH_MIN).then(|| Taken {
        subnet: subnet.trunc(),
        by: format!("a route of this host ({})", columns[0]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap()
    }

    fn taken(subnets: &[&str]) -> Vec<Taken> {
        subnets
            .iter()
            .map(|subnet| Taken {
                subnet: net(subnet),
                by: format!("whoever has {subnet}"),
            })
            .collect()
    }

    #[test]
    fn subnets_are_shared_out() {
        let check = |subnet: &str, expected: [[&str; 5]; 2]| {
            let halves = split(net(subnet), "1a2b3c4d-0000").unwrap();
            let found = [
                (&halves.node_network, &halves.node_addresses),
                (&halves.endpoint_network, &halves.endpoint_addresses),
            ];
            for ((network, pool), expected) in found.into_iter().zip(expected) {
                assert_eq!(
                    [
                        network.subnet.to_string(),
                        network.gateway.to_string(),
                        pool.first.to_string(),
                        pool.last.to_string(),
                        network.ip_range.to_string(),
                    ],
                    expected
                );
            }
            assert_eq!(halves.node_network.name, "cacheplane.1a2b3c4d.nodes");
            assert_eq!(
                halves.endpoint_network.name,
                "cacheplane.1a2b3c4d.endpoints"
            );
        };
        check(
            "10.213.0.0/16",
            [
                [
                    "10.213.0.0/17",
                    "10.213.0.1",
                    "10.213.0.2",
                    "10.213.95.255",
                    "10.213.96.0/19",
                ],
                [
                    "10.213.128.0/17",
                    "10.213.128.1",
                    "10.213.128.2",
                    "10.213.223.255",
                    "10.213.224.0/19",
                ],
            ],
        );
        check(
            "192.168.16.0/20",
            [
                [
                    "192.168.16.0/21",
                    "192.168.16.1",
                    "192.168.16.2",
                    "192.168.21.255",
                    "192.168.22.0/23",
                ],
                [
                    "192.168.24.0/21",
                    "192.168.24.1",
                    "192.168.24.2",
                    "192.168.29.255",
                    "192.168.30.0/23",
                ],
            ],
        );
        check(
            "172.31.7.0/24",
            [
                [
                    "172.31.7.0/25",
                    "172.31.7.1",
                    "172.31.7.2",
                    "172.31.7.95",
                    "172.31.7.96/27",
                ],
                [
                    "172.31.7.128/25",
                    "172.31.7.129",
                    "172.31.7.130",
                    "172.31.7.223",
                    "172.31.7.224/27",
                ],
            ],
        );
    }

    #[test]
    fn nothing_that_is_given_is_picked_or_the_hosts_own() {
        for length in 16..=24 {
            let subnet = Ipv4Net::new(Ipv4Addr::new(10, 0, 0, 0), length).unwrap();
            let halves = split(subnet, "owner").unwrap();
            for (network, pool) in [
                (&halves.node_network, &halves.node_addresses),
                (&halves.endpoint_network, &halves.endpoint_addresses),
            ] {
                assert!(subnet.contains(&network.subnet));
                assert!(
                    network.subnet.contains(&pool.first) && network.subnet.contains(&pool.last)
                );
                assert!(network.subnet.contains(&network.ip_range));
                assert!(
                    !network.ip_range.contains(&pool.last)
                        && !network.ip_range.contains(&pool.first)
                );
                assert!(network.gateway < pool.first && pool.first < pool.last);
                assert!(network.ip_range.contains(&network.subnet.broadcast()));
            }
            let (nodes, endpoints) = (halves.node_network.subnet, halves.endpoint_network.subnet);
            assert!(!nodes.contains(&endpoints) && !endpoints.contains(&nodes));
        }
    }

    #[test]
    fn the_first_candidate_that_overlaps_nothing_is_chosen() {
        let check = |subnets: &[&str], expected: &str| {
            assert_eq!(first_free(&taken(subnets)).unwrap(), net(expected));
        };
        check(&[], "10.213.0.0/16");
        check(
            &["172.17.0.0/16", "192.168.0.0/16", "10.212.0.0/16"],
            "10.213.0.0/16",
        );
        // Inside it, the same, around it.
        check(&["10.213.4.0/24"], "10.219.0.0/16");
        check(&["10.213.0.0/16"], "10.219.0.0/16");
        check(&["10.208.0.0/12"], "10.227.0.0/16");
        check(&["10.0.0.0/8"], "172.16.0.0/16");
        check(
            &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
            "198.18.0.0/16",
        );
        let none =
            first_free(&taken(&["10.0.0.0/8", "172.16.0.0/12", "198.18.0.5/32"])).unwrap_err();
        let message = none.to_string();
        assert!(
            message.contains("--node-subnet")
                && message.contains("198.18.0.0/16 by whoever has 198.18.0.5/32"),
            "{message}"
        );
    }

    #[test]
    fn a_wish_that_is_taken_is_refused() {
        let wished = net("10.1.0.0/16");
        assert_eq!(
            check_free(wished, &taken(&["10.2.0.0/16"])).unwrap(),
            wished
        );
        let message = check_free(wished, &taken(&["10.0.0.0/8"]))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("10.0.0.0/8, which whoever has 10.0.0.0/8 has"),
            "{message}"
        );
    }

    #[test]
    fn candidates_are_apart() {
        for (index, one) in CANDIDATES.iter().enumerate() {
            assert_eq!(*one, one.trunc());
            assert!(CANDIDATES[index + 1..].iter().all(|other| one != other));
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn routes_are_read_without_default_ones() {
        let table = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0
tun0\t00000080\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
corp\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
host\t0502000A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
odd\t0502000A\t00000000\t0005\t0\t0\t0\tFF00FF00\t0\t0\t0
short\t0502000A
";
        let found: Vec<String> = routes(table)
            .into_iter()
            .map(|taken| format!("{} {}", taken.subnet, taken.by))
            .collect();
        assert_eq!(
            found,
            [
                "172.17.0.0/16 a route of this host (docker0)",
                "192.0.2.0/24 a route of this host (eth0)",
                "10.0.0.0/8 a route of this host (corp)",
                "10.0.2.5/32 a route of this host (host)",
            ]
        );
        assert_eq!(routes(""), []);
    }
}
