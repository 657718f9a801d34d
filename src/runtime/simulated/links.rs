//! What befalls the links between primaries and replicas, and what volumes keep, besides what the processes do themselves.

use std::collections::BTreeSet;

use super::super::ContainerState;
use super::SimulatedWorld;
use super::replication::{Link, Peer};
use super::world::Container;

/// Which containers' links are in trouble.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// Their full syncs never end.
    pub(super) stalled: BTreeSet<String>,
    /// They bring nothing, and are believed in all the same.
    pub(super) silent: BTreeSet<String>,
}

impl SimulatedWorld {
    /// Lets full syncs of a container never end, or end from now on; what it can go on from is not touched by that.
    pub fn stall_syncs(&self, container: &str, stalled: bool) {
        self.change(|state| match stalled {
            true => state.links.stalled.insert(container.to_owned()),
            false => state.links.stalled.remove(container),
        });
    }

    /// Lets a replica hear nothing of its primary's writes, and think nothing of it, or hear of them from now on.
    pub fn silence_link(&self, container: &str, silent: bool) {
        self.change(|state| match silent {
            true => state.links.silent.insert(container.to_owned()),
            false => state.links.silent.remove(container),
        });
    }

    /// Lets a running process save its data as it does from time to time.
    pub fn save(&self, container: &str) {
        self.change(|state| {
            let found = state.containers.get(container);
            if found.is_some_and(|found| found.state == ContainerState::Running) {
                state.save(container);
            }
        });
    }

    /// Lets the minute pass after which both ends give up a link over which nothing comes.
    pub fn expire_links(&self) {
        self.change(|state| {
            let is_silent = |found: &Container| {
                // A frozen replica keeps what it believes; it is its primary that gives it up.
                found.state != ContainerState::Running || matches!(state.peer(found), Peer::Silent)
            };
            let silent: Vec<String> = state
                .containers
                .iter()
                .filter(|(_, found)| is_silent(found))
                .map(|(name, _)| name.clone())
                .collect();
            for name in silent {
                if let Some(found) = state.containers.get_mut(&name) {
                    found.process.link = Link::Down;
                }
            }
        });
    }
}
