//! What a member can be told.

use super::super::super::ContainerState;
use super::super::SimulatedWorld;
use super::super::replication::Order;
use super::super::world::State;
use super::Member;
use crate::resources::slots::SlotSet;

/// What a member can be told about its cluster. What the engine would say when it refuses is the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClusterCommand {
    SetConfigEpoch(u64),
    BumpEpoch,
    Meet(String, u16),
    AddSlots(SlotSet),
    DelSlots(SlotSet),
    SetSlots(SlotSet, SlotMark),
    DropKeys(SlotSet),
    Replicate(String),
    Forget(String),
    Reset { hard: bool },
    Failover(Takeover),
}

/// How it is with a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SlotMark {
    Importing(String),
    Migrating(String),
    Owned(String),
    Stable,
}

/// What a replica needs to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takeover {
    /// Votes, and all that its primary has.
    Coordinated,
    /// Votes.
    Force,
    /// Nothing.
    Unasked,
}

type Told = Result<(), String>;

fn refuse<T>(why: &str) -> Result<T, String> {
    Err(format!("ERR {why}"))
}

impl State {
    /// Tells a member something. One with cluster mode disabled refuses; a frozen one hears it when it thaws.
    pub(in super::super) fn cluster_command(
        &mut self,
        name: &str,
        command: ClusterCommand,
    ) -> Told {
        let Some(container) = self.containers.get_mut(name) else {
            return Ok(());
        };
        if container.process.member.is_none() {
            return refuse("This instance has cluster support disabled");
        }
        if container.state == ContainerState::Paused || container.process.hangs {
            container.process.told.push(Order::Cluster(command));
            return Ok(());
        }
        let holds_keys = !container.process.keys.is_empty();
        let new_id = self.new_member_id();
        let kept = match &command {
            ClusterCommand::SetSlots(slots, SlotMark::Owned(_)) => self.keys_in(name, slots),
            _ => 0,
        };
        let is_primary = |id: &str| {
            let peer = self.member(name)?.peers.get(id)?;
            Some(peer.primary_id.is_none())
        };
        let may_follow: Option<bool> = match &command {
            ClusterCommand::Replicate(id) => is_primary(id),
            _ => None,
        };
        let Some(member) = self.member_mut(name) else {
            return Ok(());
        };
        match command {
            ClusterCommand::SetConfigEpoch(epoch) => member.set_config_epoch(epoch)?,
            ClusterCommand::BumpEpoch => member.bump_epoch(),
            ClusterCommand::Meet(host, port) => drop(member.meeting.insert((host, port))),
            ClusterCommand::AddSlots(slots) => member.add_slots(&slots)?,
            ClusterCommand::DelSlots(slots) => member.del_slots(&slots)?,
            ClusterCommand::SetSlots(slots, mark) => member.set_slots(&slots, mark, kept)?,
            ClusterCommand::DropKeys(slots) => {
                let expects = |slot: u16| member.importing.contains_key(&slot);
                if let Some(slot) = slots.iter().find(|slot| !expects(*slot)) {
                    return Err(format!("MOVED {slot}"));
                }
                self.drop_keys(name, &slots);
            }
            ClusterCommand::Replicate(id) => member.replicate(id, may_follow, holds_keys)?,
            ClusterCommand::Forget(id) => member.forget(id)?,
            ClusterCommand::Reset { hard } => self.reset(name, hard, new_id, holds_keys)?,
            ClusterCommand::Failover(_) if member.primary_id.is_none() => {
                return refuse("You should send CLUSTER FAILOVER to a replica");
            }
            ClusterCommand::Failover(kind) => self.take_over(name, kind),
        }
        self.realign(name);
        Ok(())
    }

    fn reset(&mut self, name: &str, hard: bool, new_id: String, holds_keys: bool) -> Told {
        let Some(container) = self.containers.get_mut(name) else {
            return Ok(());
        };
        let Some(member) = container.process.member.as_deref_mut() else {
            return Ok(());
        };
        if member.primary_id.is_none() && holds_keys {
            return refuse("CLUSTER RESET can't be called with master nodes containing keys");
        }
        let kept = match hard {
            true => (new_id, 0, 0),
            false => (member.id.clone(), member.epoch, member.current_epoch),
        };
        let (id, epoch, current_epoch) = kept;
        *member = Member {
            id,
            epoch,
            current_epoch,
            ..Member::default()
        };
        container.process.keys.clear();
        Ok(())
    }
}

impl Member {
    fn set_config_epoch(&mut self, epoch: u64) -> Told {
        if !self.peers.is_empty() || self.epoch != 0 {
            return refuse("the node knows others, or its config epoch is already non-zero");
        }
        self.epoch = epoch;
        self.current_epoch = self.current_epoch.max(epoch);
        Ok(())
    }

    pub(super) fn bump_epoch(&mut self) {
        let heard = self.peers.values().map(|peer| peer.epoch);
        let highest = heard.fold(self.current_epoch, u64::max);
        if self.epoch == 0 || self.epoch != highest {
            self.current_epoch = highest;
            self.raise_epoch();
        }
    }

    fn add_slots(&mut self, slots: &SlotSet) -> Told {
        if let Some(slot) = slots.intersection(&self.owned_in_all()).iter().next() {
            return refuse(&format!("Slot {slot} is already busy"));
        }
        let id = self.id.clone();
        self.assign(slots, Some(&id));
        Ok(())
    }

    fn del_slots(&mut self, slots: &SlotSet) -> Told {
        if let Some(slot) = slots.difference(&self.owned_in_all()).iter().next() {
            return refuse(&format!("Slot {slot} is already unassigned"));
        }
        self.assign(slots, None);
        Ok(())
    }

    fn set_slots(&mut self, slots: &SlotSet, mark: SlotMark, kept: usize) -> Told {
        if self.primary_id.is_some() {
            return refuse("You can use SETSLOT only with masters.");
        }
        let mine = self.slots_of(&self.id);
        match mark {
            SlotMark::Importing(id) | SlotMark::Migrating(id) | SlotMark::Owned(id)
                if !self.knows(&id) =>
            {
                return refuse(&format!("I don't know about node {id}"));
            }
            SlotMark::Importing(id) => {
                if let Some(slot) = mine.intersection(slots).iter().next() {
                    return refuse(&format!("I'm already the owner of hash slot {slot}"));
                }
                self.importing
                    .extend(slots.iter().map(|slot| (slot, id.clone())));
            }
            SlotMark::Migrating(id) => {
                if let Some(slot) = slots.difference(&mine).iter().next() {
                    return refuse(&format!("I'm not the owner of hash slot {slot}"));
                }
                self.migrating
                    .extend(slots.iter().map(|slot| (slot, id.clone())));
            }
            SlotMark::Owned(id) => {
                let gives_away = id != self.id && !mine.intersection(slots).is_empty();
                if gives_away && kept > 0 {
                    return refuse(
                        "Can't assign hashslot to a different node while I still hold keys",
                    );
                }
                let was_importing = slots.iter().any(|slot| self.importing.contains_key(&slot));
                if id == self.id && was_importing {
                    self.importing.retain(|slot, _| !slots.contains(*slot));
                    self.bump_epoch();
                }
                self.migrating.retain(|slot, _| !slots.contains(*slot));
                self.assign(slots, Some(&id));
            }
            SlotMark::Stable => {
                self.importing.retain(|slot, _| !slots.contains(*slot));
                self.migrating.retain(|slot, _| !slots.contains(*slot));
            }
        }
        Ok(())
    }

    /// `may_follow`: whether the other is a primary; none if it is not known.
    fn replicate(&mut self, id: String, may_follow: Option<bool>, holds_keys: bool) -> Told {
        let is_empty = !holds_keys && self.slots_of(&self.id).is_empty();
        match may_follow {
            None => return refuse(&format!("Unknown node {id}")),
            Some(false) => return refuse("I can only replicate a master, not a replica."),
            Some(true) if self.primary_id.is_none() && !is_empty => {
                return refuse(
                    "To set a master the node must be empty and without assigned slots.",
                );
            }
            Some(true) => {}
        }
        self.primary_id = Some(id);
        self.importing.clear();
        self.migrating.clear();
        Ok(())
    }

    fn forget(&mut self, id: String) -> Told {
        if id == self.id {
            return refuse("I tried hard but I can't forget myself...");
        }
        if self.primary_id.as_ref() == Some(&id) {
            return refuse("Can't forget my master!");
        }
        if self.peers.remove(&id).is_some() {
            self.owned.remove(&id);
            self.forgotten.insert(id);
        }
        Ok(())
    }
}

impl SimulatedWorld {
    /// Tells a member something; a frozen one hears it when it thaws, and whether it refused is never heard of. What comes of it the others
    /// have not heard when the next order is there.
    pub(crate) fn cluster_command(&self, container: &str, command: ClusterCommand) -> Told {
        self.change_unheard(|state| state.cluster_command(container, command))
    }
}
