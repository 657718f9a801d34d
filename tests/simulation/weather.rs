//! What goes wrong: calls that are refused or whose answers are lost, containers that die, an engine that is cut off, images
//! that go. And time, and what clients write meanwhile.

use std::sync::PoisonError;
use std::time::Duration;

use cacheplane::runtime::simulated::{Operation, SimulatedRuntime, Verdict};
use cacheplane::runtime::{ContainerState, Runtime as _, RuntimeError};

use crate::dice::Dice;
use crate::groups::container;
use crate::ledger::is_routers;
use crate::process::{ENDPOINT_NETWORK, NODE_NETWORK, OWNER, images};
use crate::run::Simulation;

/// How often something goes wrong, in thousandths of the actions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// A call is refused, or its answer lost.
    pub refusals: usize,
    /// The process stops.
    pub stops: usize,
    /// A container dies, is frozen or removed.
    pub deaths: usize,
    /// The engine is cut off or comes back; images go or come; somebody takes a port or gives it back.
    pub outages: usize,
    /// A member of a replication group hangs or goes on, is cut off or comes back, loses the primary endpoint, or cannot take over a
    /// data set.
    pub troubles: usize,
    /// Whether nodes that are well may seem not to answer.
    pub probes: bool,
}

/// What decides over calls.
pub struct Trouble {
    /// Chance.
    pub dice: Dice,
    /// How often a call fails, in thousandths.
    pub permille: usize,
    /// Whether looks at nodes fail, too.
    pub probes: bool,
}

impl Simulation {
    /// Ends all failures.
    pub fn calm(&mut self) {
        self.set_refusals(0);
        let host = &self.outside.host;
        let images = images();
        host.set_images(&images.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        host.set_reachable(true);
        // Those that are not there just now will be there again.
        for group in self.ledger.groups.records.values() {
            for member in &group.members {
                host.stall_syncs(&container(member), false);
            }
        }
        host.expire_links();
        for port in self.layout.ports.clone().into_iter().flatten() {
            host.free_port(port);
        }
    }

    /// From here on so many of a thousand calls to the host fail; as many as before failed until then.
    pub fn trouble_permille(&self, permille: usize) -> usize {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut trouble.permille, permille)
    }

    /// From here on so many of a thousand calls fail.
    pub fn set_refusals(&mut self, permille: usize) {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .permille = permille;
        self.outside
            .push_failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1 = permille;
    }

    /// Something happens to a container.
    pub fn death(&mut self) {
        let containers = self.outside.host.containers();
        if containers.is_empty() {
            return;
        }
        self.refresh_holders();
        self.refresh_sharded();
        let (name, host) = (&self.dice.pick(&containers).name, &self.outside.host);
        let deaths = [
            "kill",
            "crash",
            "oom",
            "pause",
            "destroy",
            "state",
            "prune after",
        ];
        let what = *self.dice.pick(&deaths);
        match what {
            "kill" => host.kill(name),
            "crash" => host.crash(name, 1),
            "oom" => host.out_of_memory(name),
            "pause" => host.pause(name),
            "destroy" => host.destroy(name),
            "prune after" => {
                host.kill(name);
                host.prune_networks();
            }
            _ if is_routers(name) => {
                host.destroy(name);
                self.outside
                    .tables
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(name);
            }
            _ => return,
        }
        let name = name.clone();
        self.ledger.lose(&name);
        if what != "pause" {
            self.lose_copies(&name);
        }
        self.note_trouble(&name);
        self.trace.push(format!("{:5} {what} {name}", self.steps));
    }

    /// Something that it may live through happens to a member of a replication group.
    pub async fn trouble(&mut self) {
        let members: Vec<String> = self
            .ledger
            .groups
            .records
            .values()
            .flat_map(|group| group.members.iter().map(container))
            .collect();
        if members.is_empty() {
            return;
        }
        let name = self.dice.pick(&members).clone();
        self.refresh_sharded();
        let host = &self.outside.host;
        let troubles = [
            "freeze", "thaw", "cut off", "put back", "unseat", "stall", "unstall", "save",
        ];
        let what = *self.dice.pick(&troubles);
        match what {
            "freeze" => host.pause(&name),
            "thaw" => {
                for member in &members {
                    host.unpause(member);
                }
            }
            "cut off" => host.detach(&name, NODE_NETWORK),
            "put back" => self.put_back(&name).await,
            "unseat" => host.detach(&name, ENDPOINT_NETWORK),
            "stall" => host.stall_syncs(&name, true),
            "unstall" => members
                .iter()
                .for_each(|member| host.stall_syncs(member, false)),
            _ => host.save(&name),
        }
        self.note_trouble(&name);
        self.trace.push(format!("{:5} {what} {name}", self.steps));
    }

    /// Somebody attaches a member to the network of nodes again.
    async fn put_back(&self, name: &str) {
        let Some(address) = self.ledger.node(name).and_then(|(_, node)| node.address) else {
            return;
        };
        let was_open = self.outside.turns.open(true);
        let permille = self.trouble_permille(0);
        let runtime = SimulatedRuntime::new(self.outside.host.clone(), OWNER);
        // It may be there, or not there at all.
        let _ = runtime.connect_network(name, NODE_NETWORK, address).await;
        self.trouble_permille(permille);
        self.outside.turns.open(was_open);
    }

    /// A few seconds pass: more or less than a node may be silent.
    pub fn pass_seconds(&mut self) {
        let seconds = *self.dice.pick(&[1, 1, 2, 4]);
        self.trace
            .push(format!("{:5} {seconds} seconds pass", self.steps));
        self.outside.clock.advance(Duration::from_secs(seconds));
        if self.has_clusters && self.dice.chance(500) {
            // Nodes of a cluster miss each other after a while, too.
            self.trace
                .push(format!("{:5} nodes miss each other", self.steps));
            self.outside.host.elapse_node_timeout();
        }
    }

    /// Something happens to the host.
    pub fn outage(&mut self) {
        let what = self.dice.below(6);
        let host = &self.outside.host;
        match what {
            0 => host.set_reachable(false),
            1 | 2 => host.set_reachable(true),
            3 => {
                let images = images();
                let some: Vec<&str> = images
                    .iter()
                    .map(String::as_str)
                    .filter(|_| self.dice.chance(500))
                    .collect();
                host.set_images(&some, &[]);
            }
            4 => {
                let images = images();
                host.set_images(&images.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
            }
            _ => {
                let Some(ports) = self.layout.ports.clone() else {
                    return;
                };
                let port = ports.start() + self.dice.below(ports.len()) as u16;
                if self.dice.chance(300) {
                    host.occupy_port(port)
                } else {
                    host.free_port(port)
                }
            }
        }
        let text = [
            "cut off",
            "back",
            "back",
            "some images",
            "all images",
            "a port",
        ][what];
        self.trace
            .push(format!("{:5} the host: {text}", self.steps));
    }

    /// Time passes.
    pub fn pass_time(&mut self) {
        // Days pass when nothing is under way, or no creation would ever be done in time.
        let minutes: u64 = match self.ledger.is_busy() {
            true => *self.dice.pick(&[1, 1, 1, 2, 5]),
            false => *self.dice.pick(&[1, 20, 90, 24 * 60]),
        };
        self.trace
            .push(format!("{:5} {minutes} minutes pass", self.steps));
        self.outside
            .clock
            .advance(Duration::from_secs(minutes * 60));
        self.outside.host.expire_links();
    }

    /// A client writes a key into a Redis node.
    pub fn write_key(&mut self) {
        let mut nodes = self.outside.host.containers();
        nodes.retain(|node| {
            node.image.starts_with("redis")
                && node.state == ContainerState::Running
                && self.ledger.groups.group_of(&node.name).is_none()
        });
        if nodes.is_empty() {
            return;
        }
        let (name, key) = (
            self.dice.pick(&nodes).name.clone(),
            format!("key-{}", self.steps),
        );
        if self.outside.host.memory_set(&name, &key, "value") {
            self.ledger
                .keys
                .entry(name)
                .or_default()
                .volatile
                .insert(key);
        }
    }

    /// A client writes a key into every Redis node.
    pub fn write_keys(&mut self) {
        for node in self.outside.host.containers() {
            if node.image.starts_with("redis")
                && self.ledger.groups.group_of(&node.name).is_none()
                && self.outside.host.memory_set(&node.name, "key", "value")
            {
                self.ledger
                    .keys
                    .entry(node.name)
                    .or_default()
                    .volatile
                    .insert("key".to_owned());
            }
        }
    }
}

/// What becomes of a call.
pub fn verdict(trouble: &mut Trouble, operation: Operation) -> Verdict {
    let looks = matches!(operation, Operation::NodeProbe | Operation::NodeClusterView);
    let is_spared = looks && !trouble.probes;
    if is_spared || !trouble.dice.chance(trouble.permille) {
        return Verdict::Proceed;
    }
    let error = match trouble.dice.below(8) {
        0 | 1 => RuntimeError::Unreachable { source: None },
        2 => RuntimeError::NoImage {
            candidates: vec!["an image".to_owned()],
            reason: "refused".to_owned(),
        },
        3 => RuntimeError::AddressInUse {
            address: std::net::Ipv4Addr::new(10, 99, 0, 250),
        },
        4 => RuntimeError::PortInUse { port: 1 },
        5 => RuntimeError::Conflict {
            message: "refused".to_owned(),
        },
        // Where "it is not there" is an answer, an engine does not say so of what is there.
        6 if matches!(
            operation,
            Operation::ContainerCreate | Operation::ContainerStart | Operation::NetworkConnect
        ) =>
        {
            RuntimeError::NotFound {
                what: "something".to_owned(),
            }
        }
        _ => RuntimeError::Other {
            message: "refused".to_owned(),
            source: None,
        },
    };
    match operation.is_observation() || trouble.dice.chance(600) {
        true => Verdict::Refuse(error),
        false => Verdict::LoseAnswer(error),
    }
}
