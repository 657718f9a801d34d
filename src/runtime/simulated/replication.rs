//! Replication between simulated processes, by the rules that Redis and Valkey follow.
//!
//! Every data set belongs to a history of writes and says how far it goes in it. A replica whose primary can go on from
//! there gets what it lacks; any other gets the whole data set in place of its own. Both happen at once, unless
//! [`SimulatedWorld::stall_syncs`] says otherwise. What is seen of real engines and matters to whoever fails over:
//!
//! - A primary that never had a replica counts no writes, saves no history, and takes up a new one with its first replica.
//! - A replica does not notice that its primary hangs or is cut off before a minute has passed, nor the other way round;
//!   here that minute passes in [`SimulatedWorld::expire_links`]. It notices a primary that ends at once.
//! - What a frozen process is told takes effect when it thaws, however long ago it was told.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use sha2::{Digest, Sha256};

use super::super::ContainerState;
use super::cluster::{ClusterCommand, Member, SlotJob};
use super::world::{Container, State};
use super::{Flags, SimulatedWorld, options};

/// How many of the next attempts to write a hold lets wait.
const HELD_WRITES: u32 = 3;

/// What a write adds to its history beside key and value: the words around them.
const WRITE_OVERHEAD_BYTES: u64 = 33;

/// What a process holds, and its part in replication.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    pub(super) flags: Flags,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) history: String,
    /// The history that this one carries on, and how far it went.
    pub(super) earlier: Option<(String, u64)>,
    pub(super) offset: u64,
    /// From where on it remembers the stream of writes for replicas that lack the end of it.
    backlog_start: Option<u64>,
    pub(super) following: Option<Following>,
    /// Whether it began with the history that its volume kept.
    resumes: bool,
    pub(super) link: Link,
    /// The users that it was given in this run; none leaves it to its command line.
    users: Option<BTreeMap<String, String>>,
    /// Directives: as its command line has them, or as they were set since.
    pub(super) config: BTreeMap<String, String>,
    /// What it was told while it was frozen.
    pub(super) told: Vec<Order>,
    /// Whether it never answers, though its container runs.
    pub(super) hangs: bool,
    /// Attempts to write that wait, and are given up by whoever made them.
    held_writes: u32,
    /// What it knows of its cluster; none with cluster mode disabled.
    pub(super) member: Option<Box<Member>>,
    /// Moves of slots as a whole that it gives, the latest first.
    pub(super) slot_jobs: Vec<SlotJob>,
}

/// A primary by its address, and who a replica says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Following {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User and password.
    pub(crate) credentials: Option<(String, String)>,
}

/// What a process can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    HoldWrites,
    Promote,
    Follow(Following),
    /// The users whom it lets in, each with its rules, besides those of its command line.
    Admit(BTreeMap<String, String>),
    /// Directives with their values.
    Configure(Vec<(String, String)>),
    Cluster(ClusterCommand),
}

/// A replica's connection to its primary, which is known by the number of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Link {
    #[default]
    Down,
    /// It waits for the whole data set.
    Syncing { primary: u64 },
    /// It gets each write.
    Up { primary: u64 },
}

/// What a volume keeps of a process.
#[derive(Debug, Clone, Default)]
pub(super) struct Saved {
    keys: BTreeMap<String, String>,
    /// History and offset, if it had any that others may know.
    history: Option<(String, u64)>,
    /// `nodes.conf`.
    member: Option<Box<Member>>,
}

impl Saved {
    /// A data set of nobody's history.
    pub(super) fn of_keys(keys: BTreeMap<String, String>) -> Self {
        Self {
            keys,
            ..Self::default()
        }
    }

    /// Keeps what a process knew of its cluster, however it ended: the engine writes down whatever it learns at once.
    pub(super) fn keep_member(&mut self, process: &Process) {
        self.member.clone_from(&process.member);
    }
}

/// What a process says about replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) history: String,
    pub(crate) earlier_history: Option<String>,
    pub(crate) offset: u64,
    pub(crate) primary: Option<(String, u16)>,
    pub(crate) link_up: bool,
    pub(crate) syncing: bool,
    /// Address, port, whether it is in sync, and offset of each replica.
    pub(crate) replicas: Vec<(Ipv4Addr, u16, bool, u64)>,
}

/// Who is at the address that a replica follows.
pub(super) enum Peer {
    /// Nobody, or somebody who does not answer.
    Silent,
    /// Somebody who will not have it: a replica itself, or one that does not know its credentials.
    Unwilling,
    /// A primary, by the name of its container.
    Primary(String),
}

impl Link {
    fn primary(self) -> Option<u64> {
        match self {
            Link::Down => None,
            Link::Syncing { primary } | Link::Up { primary } => Some(primary),
        }
    }
}

impl Process {
    /// A process on what a volume keeps. Only one that starts as a replica takes up the history that was saved.
    pub(super) fn start(
        command: &[String],
        saved: Saved,
        new_history: String,
        new_member_id: String,
    ) -> Self {
        let known = saved.member.map(|member| *member);
        let flags = Flags::of(command);
        let member = Member::start(command, known, new_member_id).map(Box::new);
        let fence = match options(command, "--replicaof") {
            [host, port, ..] => port.parse().ok().map(|port| Following {
                host: host.clone(),
                port,
                credentials: None,
            }),
            _ => None,
        };
        let following = match &member {
            Some(member) => member.following(&flags),
            None => fence,
        };
        let (resumes, (history, offset)) = match (&following, saved.history) {
            (Some(_), Some(found)) => (true, found),
            (None, _) | (_, None) => (false, (new_history, 0)),
        };
        Process {
            flags,
            keys: saved.keys,
            history,
            offset,
            following,
            resumes,
            config: directives(command),
            member,
            ..Process::default()
        }
    }

    pub(super) fn saved(&self) -> Saved {
        let is_known = self.backlog_start.is_some() || (self.resumes && self.following.is_some());
        Saved {
            keys: self.keys.clone(),
            history: is_known.then(|| (self.history.clone(), self.offset)),
            member: self.member.clone(),
        }
    }

    /// Ends following, with a history of its own from here on.
    pub(super) fn promote(&mut self, new_history: String) {
        let left = std::mem::replace(&mut self.history, new_history);
        self.earlier = Some((left, self.offset));
        self.following = None;
        self.link = Link::Down;
    }

    /// Follows `primary` from here on; that it does so already disturbs nothing.
    pub(super) fn follow(&mut self, primary: Following) {
        let is_other = self
            .following
            .as_ref()
            .is_none_or(|now| (&now.host, now.port) != (&primary.host, primary.port));
        if is_other {
            self.link = Link::Down;
        }
        self.following = Some(primary);
    }

    /// Counts a write of so many bytes, once anyone counts.
    pub(super) fn count_write(&mut self, bytes: usize) {
        if self.backlog_start.is_some() {
            self.offset += bytes as u64 + WRITE_OVERHEAD_BYTES;
        }
    }

    /// Whether a replica can go on from where it is with what this primary remembers.
    fn continues(&self, replica: &Process) -> bool {
        let same = replica.history == self.history && replica.offset <= self.offset;
        let carried_on = self
            .earlier
            .as_ref()
            .is_some_and(|(history, end)| replica.history == *history && replica.offset <= *end);
        let is_remembered = self
            .backlog_start
            .is_some_and(|start| start <= replica.offset);
        (same || carried_on) && is_remembered
    }

    /// Whether it has all that `primary` has.
    pub(super) fn is_level_with(&self, primary: &Process) -> bool {
        self.history == primary.history && self.offset == primary.offset
    }

    /// Takes over what it lacks of `primary`'s history.
    fn catch_up(&mut self, primary: &Process) {
        if self.history != primary.history {
            let left = std::mem::replace(&mut self.history, primary.history.clone());
            self.earlier = Some((left, self.offset));
        }
        self.backlog_start.get_or_insert(self.offset);
        self.offset = primary.offset;
        self.keys.clone_from(&primary.keys);
    }

    /// Takes over everything.
    fn copy(&mut self, primary: &Process) {
        self.keys.clone_from(&primary.keys);
        self.history.clone_from(&primary.history);
        self.earlier = None;
        self.offset = primary.offset;
        self.backlog_start = Some(primary.offset);
    }
}

/// The directives of a command line, each with its arguments.
fn directives(command: &[String]) -> BTreeMap<String, String> {
    let named = |word: &String| word.strip_prefix("--").map(str::to_owned);
    let names = command.iter().enumerate();
    names
        .filter_map(|(index, word)| Some((index, named(word)?)))
        .map(|(index, name)| {
            let rest = command[index + 1..].iter();
            let arguments: Vec<&str> = rest
                .take_while(|word| !word.starts_with("--"))
                .map(String::as_str)
                .collect();
            (name, arguments.join(" "))
        })
        .collect()
}

impl State {
    /// Names of histories that nobody has yet.
    pub(super) fn new_history(&mut self) -> String {
        self.history_count += 1;
        format!("{:040x}", self.history_count)
    }

    /// Lets every replica get what its primary has, as far as they reach each other.
    pub(super) fn replicate(&mut self) {
        let replicas: Vec<String> = self
            .containers
            .iter()
            .filter(|(_, found)| found.state == ContainerState::Running)
            .filter(|(_, found)| found.process.following.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for replica in replicas {
            let link = self.replicate_one(&replica);
            if let Some(found) = self.containers.get_mut(&replica) {
                found.process.link = link;
            }
        }
    }

    fn replicate_one(&mut self, name: &str) -> Link {
        let Some(replica) = self.containers.get(name) else {
            return Link::Down;
        };
        let link = replica.process.link;
        let primary_name = match self.peer(replica) {
            Peer::Primary(primary) => primary,
            Peer::Unwilling => return Link::Down,
            Peer::Silent => {
                let lives = |number: u64| {
                    let at_other_end = |found: &&Container| found.started == Some(number);
                    let found = self.containers.values().find(at_other_end);
                    found.is_some_and(Container::is_alive)
                };
                return if link.primary().is_some_and(lives) {
                    link
                } else {
                    Link::Down
                };
            }
        };
        let stalled = self.links.stalled.contains(name);
        let Some(primary) = self.containers.get(&primary_name) else {
            return Link::Down;
        };
        let number = primary.started.unwrap_or(0);
        let up = Link::Up { primary: number };
        let hears_nothing = self.links.silent.contains(name);
        if link == up && (hears_nothing || replica.process.is_level_with(&primary.process)) {
            return up;
        }
        let continues = primary.process.continues(&replica.process);
        if !continues && primary.process.backlog_start.is_none() {
            self.begin_history(&primary_name);
        }
        if !continues && stalled {
            return Link::Syncing { primary: number };
        }
        let source = self.containers[&primary_name].process.clone();
        if let Some(replica) = self.containers.get_mut(name) {
            if continues {
                replica.process.catch_up(&source);
            } else {
                replica.process.copy(&source);
                // The copy goes by way of a file, which both keep.
                self.save(&primary_name);
                self.save(name);
            }
        }
        up
    }

    /// Nobody shares what a primary had before its first replica: there its history begins.
    fn begin_history(&mut self, primary: &str) {
        let history = self.new_history();
        if let Some(found) = self.containers.get_mut(primary) {
            found.process.history = history;
            found.process.earlier = None;
            found.process.backlog_start = Some(found.process.offset);
        }
    }

    /// Who answers at the address that a replica follows, on a network that both are attached to.
    pub(super) fn peer(&self, replica: &Container) -> Peer {
        let Some(following) = &replica.process.following else {
            return Peer::Silent;
        };
        let Ok(address) = following.host.parse::<Ipv4Addr>() else {
            return Peer::Silent;
        };
        let networks: Vec<&str> = replica
            .networks_held()
            .map(|(network, _)| network)
            .collect();
        let is_there = |found: &&Container| {
            found
                .networks_held()
                .any(|(network, held)| held == address && networks.contains(&network))
                && found.process.flags.may_listen_on(following.port)
        };
        let Some(found) = self.containers.values().find(is_there) else {
            return Peer::Silent;
        };
        if found.state != ContainerState::Running {
            return Peer::Silent;
        }
        let is_linked =
            matches!(replica.process.link, Link::Up { primary } if found.started == Some(primary));
        let may_follow = is_linked || admits(&found.spec.command, following.credentials.as_ref());
        if found.process.following.is_some() || !may_follow {
            return Peer::Unwilling;
        }
        Peer::Primary(found.spec.name.clone())
    }

    /// Writes what a process holds to its volume.
    pub(super) fn save(&mut self, name: &str) {
        let Some(container) = self.containers.get(name) else {
            return;
        };
        let volume = container.spec.volumes.first();
        if let Some(volume) = volume.and_then(|mount| self.volumes.get_mut(&mount.volume)) {
            volume.content = container.process.saved();
        }
    }

    /// Tells a process what to be; a frozen one hears it when it thaws.
    fn order(&mut self, name: &str, order: Order) {
        let new_history = self.new_history();
        let Some(container) = self.containers.get_mut(name) else {
            return;
        };
        let process = &mut container.process;
        if container.state == ContainerState::Paused || process.hangs {
            process.told.push(order);
            return;
        }
        match order {
            Order::Promote if process.following.is_some() => process.promote(new_history),
            // It is one.
            Order::Promote => {}
            Order::HoldWrites => process.held_writes = HELD_WRITES,
            Order::Admit(users) => process.users = Some(users),
            Order::Follow(primary) => process.follow(primary),
            Order::Cluster(command) => {
                // Whoever gave the order has not waited for the answer.
                let _ = self.cluster_command(name, command);
            }
            Order::Configure(settings) => process.config.extend(settings),
        }
    }

    /// Lets a process that thawed hear what it was told.
    pub(super) fn hear(&mut self, name: &str) {
        let told = self
            .containers
            .get_mut(name)
            .map(|found| std::mem::take(&mut found.process.told));
        for order in told.unwrap_or_default() {
            self.order(name, order);
        }
    }

    /// Writes a key: the number of replicas that have it, or none if no running primary is there that takes it at once.
    fn write(&mut self, name: &str, key: &str, value: &str) -> Option<usize> {
        let container = self
            .containers
            .get_mut(name)
            .filter(|found| found.state == ContainerState::Running)
            .filter(|found| found.process.following.is_none())
            .filter(|found| !found.process.slot_jobs.iter().any(SlotJob::holds_writes))?;
        let process = &mut container.process;
        if process.held_writes > 0 {
            process.held_writes -= 1;
            return None;
        }
        process.keys.insert(key.to_owned(), value.to_owned());
        process.count_write(key.len() + value.len());
        let primary = container.started.unwrap_or(0);
        self.replicate();
        let has_it = |found: &&Container| {
            found.state == ContainerState::Running
                && found.process.link == Link::Up { primary }
                && matches!(self.peer(found), Peer::Primary(peer) if peer == name)
        };
        Some(self.containers.values().filter(has_it).count())
    }

    fn standing(&self, name: &str) -> Option<Standing> {
        let container = self.containers.get(name)?;
        let process = &container.process;
        let me = container.started?;
        let attached = |found: &Container| {
            let address = |(network, held): (&str, Ipv4Addr)| {
                container
                    .networks_held()
                    .any(|(mine, _)| mine == network)
                    .then_some(held)
            };
            let (online, offset) = match found.process.link {
                Link::Up { primary } if primary == me => (true, found.process.offset),
                Link::Syncing { primary } if primary == me => (false, 0),
                _ => return None,
            };
            // One that was cut off is still remembered by the address that it had.
            let host = found
                .networks_held()
                .find_map(address)
                .or_else(|| found.networks_held().map(|(_, held)| held).next())
                .unwrap_or(Ipv4Addr::UNSPECIFIED);
            let port = found.process.flags.port.unwrap_or(0);
            Some((host, port, online, offset))
        };
        Some(Standing {
            history: process.history.clone(),
            earlier_history: process.earlier.as_ref().map(|(history, _)| history.clone()),
            offset: process.offset,
            primary: process
                .following
                .as_ref()
                .map(|primary| (primary.host.clone(), primary.port)),
            link_up: matches!(process.link, Link::Up { .. }),
            syncing: matches!(process.link, Link::Syncing { .. }),
            replicas: self.containers.values().filter_map(attached).collect(),
        })
    }
}

/// Whether a process with this command line lets a replica in that says who it is. One whose users have no passwords lets
/// in everyone.
pub(super) fn admits(command: &[String], credentials: Option<&(String, String)>) -> bool {
    let mut has_passwords = false;
    let mut name = "";
    for pair in command.windows(2) {
        if pair[0] == "--user" {
            name = &pair[1];
        }
        let Some(digest) = pair[1].strip_prefix('#') else {
            continue;
        };
        has_passwords = true;
        if let Some((user, password)) = credentials
            && user == name
            && hex::encode(Sha256::digest(password.as_bytes())) == digest
        {
            return true;
        }
    }
    !has_passwords
}

impl SimulatedWorld {
    /// Writes a key into a running process's memory; false when there is no such process, or it is a replica.
    pub fn memory_set(&self, container: &str, key: &str, value: &str) -> bool {
        self.write(container, key, value).is_some()
    }

    /// Reads a key from a running process's memory.
    pub fn memory_get(&self, container: &str, key: &str) -> Option<String> {
        let state = self.state();
        let found = state
            .containers
            .get(container)
            .filter(|found| found.state == ContainerState::Running)?;
        found.process.keys.get(key).cloned()
    }

    /// The keys in a running process's memory.
    pub fn memory_keys(&self, container: &str) -> Vec<String> {
        let state = self.state();
        let found = state.containers.get(container);
        let found = found.filter(|found| found.state == ContainerState::Running);
        found.map_or_else(Vec::new, |found| {
            found.process.keys.keys().cloned().collect()
        })
    }

    /// The value of a running process's directive, as it was started with it or as it was set since.
    pub fn config_get(&self, container: &str, directive: &str) -> Option<String> {
        let state = self.state();
        let found = state
            .containers
            .get(container)
            .filter(|found| found.state == ContainerState::Running)?;
        found.process.config.get(directive).cloned()
    }

    /// Writes a key: the number of replicas that have it, or none if no running primary is there.
    pub(crate) fn write(&self, container: &str, key: &str, value: &str) -> Option<usize> {
        self.change(|state| state.write(container, key, value))
    }

    /// Tells a process what to be; a frozen one hears it when it thaws.
    pub(crate) fn order(&self, container: &str, order: Order) {
        self.change(|state| state.order(container, order));
    }

    /// The users that a running process was given in its present run, each with its rules; none before it was given any.
    pub fn users(&self, container: &str) -> Option<BTreeMap<String, String>> {
        let state = self.state();
        let found = state
            .containers
            .get(container)
            .filter(|found| found.is_alive())?;
        found.process.users.clone()
    }

    /// What a process says about replication; none when there is no process.
    pub(crate) fn standing(&self, container: &str) -> Option<Standing> {
        self.state().standing(container)
    }
}

#[cfg(test)]
mod tests;
