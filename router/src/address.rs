//! The addresses of our endpoints, on our own interfaces.
//!
//! A loop that looks and corrects: it lists the addresses that the interfaces have, adds those that
//! routes want and are missing, and takes away those that it added and nobody wants any more.
//! So an interface may come, go and come back (a container is attached to a network after it
//! started), and nothing has to be told.
//!
//! An address is added with a prefix of its full length to the interface whose subnet contains it:
//! that makes the kernel answer ARP for it there and accept connections to it, and changes nothing
//! else. With the subnet's own prefix it would be a candidate for that subnet's route, and the
//! interface's first address would take it along when it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures_util::TryStreamExt;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rustix::io::Errno;
use tokio::sync::watch;

/// How often the interfaces are looked at while every address is there.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long to wait while one is missing, at first and at most.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// For every address that is wanted, whether it is on an interface, or why not.
pub(crate) type Held = BTreeMap<IpAddr, Result<(), String>>;

/// The addresses that routes want, and how far they are held.
pub(crate) struct Addresses {
    wanted: watch::Sender<BTreeSet<IpAddr>>,
    held: watch::Receiver<Held>,
}

impl Addresses {
    /// Starts the loop, with nothing wanted.
    pub(crate) fn start() -> Self {
        let (wanted, wants) = watch::channel(BTreeSet::new());
        let (publish, held) = watch::channel(Held::new());
        tokio::spawn(keep(wants, publish));
        Self { wanted, held }
    }

    /// From now on holds these addresses and no others.
    pub(crate) fn want(&self, addresses: BTreeSet<IpAddr>) {
        self.wanted.send_if_modified(|before| {
            let changed = *before != addresses;
            *before = addresses;
            changed
        });
    }

    /// What is held, now and from now on.
    pub(crate) fn held(&self) -> watch::Receiver<Held> {
        self.held.clone()
    }
}

async fn keep(mut wants: watch::Receiver<BTreeSet<IpAddr>>, publish: watch::Sender<Held>) {
    let mut keeper = Keeper {
        netlink: None,
        ours: BTreeSet::new(),
    };
    let mut pause = RETRY_PAUSE_MIN;
    loop {
        let wanted = wants.borrow_and_update().clone();
        let held = keeper.look_and_correct(&wanted).await;
        let next = if held.values().all(Result::is_ok) {
            pause = RETRY_PAUSE_MIN;
            LOOK_EVERY
        } else {
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
            pause
        };
        publish.send_if_modified(|before| {
            let changed = *before != held;
            *before = held;
            changed
        });
        tokio::select! {
            changed = wants.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(next) => {}
        }
    }
}

struct Keeper {
    netlink: Option<rtnetlink::Handle>,
    /// What this loop may take away again. Across a restart of the process its network namespace
    /// is a new one too; where it isn't, wanted addresses of full length are taken for ours.
    ours: BTreeSet<IpAddr>,
}

impl Keeper {
    async fn look_and_correct(&mut self, wanted: &BTreeSet<IpAddr>) -> Held {
        if wanted.is_empty() && self.ours.is_empty() {
            // Published mode needs no netlink at all.
            return Held::new();
        }
        let seen = match self.look().await {
            Ok(seen) => seen,
            Err(reason) => {
                self.netlink = None;
                return wanted
                    .iter()
                    .map(|address| (*address, Err(reason.clone())))
                    .collect();
            }
        };
        let mut held = Held::new();
        for address in wanted {
            let outcome = match place(*address, &seen) {
                Place::Here { ours } => {
                    if ours {
                        self.ours.insert(*address);
                    }
                    Ok(())
                }
                Place::On { interface } => self.add(*address, interface).await,
                Place::Nowhere => Err(format!(
                    "no interface has a subnet with {address}; is this container attached to its network?"
                )),
            };
            held.insert(*address, outcome);
        }
        self.remove_unwanted(wanted, seen).await;
        held
    }

    async fn look(&mut self) -> Result<Vec<Seen>, String> {
        let say = |error: &dyn std::fmt::Display| format!("list the addresses: {error}");
        if self.netlink.is_none() {
            let (connection, handle, _) =
                rtnetlink::new_connection().map_err(|error| say(&error))?;
            // Ends when its last handle is dropped.
            tokio::spawn(connection);
            self.netlink = Some(handle);
        }
        let Some(netlink) = &self.netlink else {
            return Ok(Vec::new());
        };
        let messages: Vec<AddressMessage> = netlink
            .address()
            .get()
            .execute()
            .try_collect()
            .await
            .map_err(|error| say(&error))?;
        Ok(messages
            .into_iter()
            .filter_map(Seen::from_message)
            .collect())
    }

    async fn add(&mut self, address: IpAddr, interface: u32) -> Result<(), String> {
        let Some(netlink) = &self.netlink else {
            return Ok(());
        };
        let request = netlink
            .address()
            .add(interface, address, full_length(address));
        match request.execute().await {
            Ok(()) => {
                tracing::info!(%address, interface, "added an address");
                self.ours.insert(address);
                Ok(())
            }
            Err(error) => match errno(&error) {
                Some(Errno::EXIST) => Ok(()),
                Some(Errno::PERM | Errno::ACCESS) => Err(format!(
                    "add {address}: not permitted; the container needs NET_ADMIN"
                )),
                _ => Err(format!("add {address}: {error}")),
            },
        }
    }

    async fn remove_unwanted(&mut self, wanted: &BTreeSet<IpAddr>, seen: Vec<Seen>) {
        let Some(netlink) = &self.netlink else { return };
        let unwanted: Vec<_> = self.ours.difference(wanted).copied().collect();
        let mut seen: BTreeMap<_, _> = seen
            .into_iter()
            .filter(|seen| seen.prefix_length == full_length(seen.address))
            .map(|seen| (seen.address, seen.message))
            .collect();
        for address in unwanted {
            // Gone already, with its interface for example.
            let Some(message) = seen.remove(&address) else {
                self.ours.remove(&address);
                continue;
            };
            match netlink.address().del(message).execute().await {
                Ok(()) => {
                    tracing::info!(%address, "removed an address");
                    self.ours.remove(&address);
                }
                Err(error) => tracing::warn!(%address, %error, "remove an address"),
            }
        }
    }
}

/// An address that an interface has.
struct Seen {
    interface: u32,
    address: IpAddr,
    prefix_length: u8,
    message: AddressMessage,
}

impl Seen {
    fn from_message(message: AddressMessage) -> Option<Self> {
        let mut address = None;
        for attribute in &message.attributes {
            match attribute {
                // Where both are there (IPv4), the local one is ours and the other the peer's.
                AddressAttribute::Local(local) => address = Some(*local),
                AddressAttribute::Address(other) => address = address.or(Some(*other)),
                _ => {}
            }
        }
        let (interface, prefix_length) = (message.header.index, message.header.prefix_len);
        Some(Self {
            interface,
            address: address?,
            prefix_length,
            message,
        })
    }
}

#[derive(Debug, PartialEq)]
enum Place {
    /// It is on an interface already, perhaps because we put it there.
    Here { ours: bool },
    /// It belongs on this one.
    On { interface: u32 },
    /// No interface has its subnet.
    Nowhere,
}

/// Where an address is or belongs, given all that the interfaces have.
fn place(address: IpAddr, seen: &[Seen]) -> Place {
    let full = full_length(address);
    if let Some(here) = seen.iter().find(|seen| seen.address == address) {
        return Place::Here {
            ours: here.prefix_length == full,
        };
    }
    let candidates = seen.iter().filter(|seen| {
        seen.prefix_length < full
            && !seen.address.is_loopback()
            && same_subnet(seen.address, address, seen.prefix_length)
    });
    match candidates.max_by_key(|seen| seen.prefix_length) {
        Some(best) => Place::On {
            interface: best.interface,
        },
        None => Place::Nowhere,
    }
}

fn full_length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn same_subnet(one: IpAddr, other: IpAddr, prefix_length: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let host_bits = u32::from(full_length(one).saturating_sub(prefix_length));
    let shift = |value: u128| value.checked_shr(host_bits).unwrap_or(0);
    one.is_ipv4() == other.is_ipv4() && shift(bits(one)) == shift(bits(other))
}

fn errno(error: &rtnetlink::Error) -> Option<Errno> {
    match error {
        rtnetlink::Error::NetlinkError(message) => message
            .code
            .map(|code| Errno::from_raw_os_error(-code.get())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(interface: u32, address: &str, prefix_length: u8) -> Seen {
        let address = address.parse().unwrap();
        Seen {
            interface,
            address,
            prefix_length,
            message: AddressMessage::default(),
        }
    }

    fn check(address: &str, expected: Place) {
        let seen = [
            seen(1, "127.0.0.1", 8),
            seen(7, "172.30.0.2", 16),
            seen(8, "172.31.128.2", 17),
            seen(9, "172.31.128.3", 20),
            seen(9, "172.31.128.77", 32),
            seen(9, "fd00:1::3", 64),
        ];
        assert_eq!(
            place(address.parse().unwrap(), &seen),
            expected,
            "{address}"
        );
    }

    #[test]
    fn an_address_belongs_where_the_narrowest_subnet_has_it() {
        check("172.31.128.10", Place::On { interface: 9 });
        check("172.31.200.10", Place::On { interface: 8 });
        check("172.30.255.254", Place::On { interface: 7 });
        check("172.31.0.1", Place::Nowhere);
        check("127.0.0.9", Place::Nowhere);
        check("fd00:1::99", Place::On { interface: 9 });
        check("fd00:2::99", Place::Nowhere);
    }

    #[test]
    fn only_an_address_of_full_length_is_taken_for_ours() {
        check("172.31.128.77", Place::Here { ours: true });
        check("172.31.128.3", Place::Here { ours: false });
    }
}
