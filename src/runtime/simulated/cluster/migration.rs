//! Keys and slots on their way from one member to another.

use std::net::Ipv4Addr;

use super::super::SimulatedWorld;
use super::super::replication::admits;
use super::super::world::State;
use super::{is_awake, reach_each_other};
use crate::resources::slots::{SlotSet, key_slot};

/// Whose value counts when both have a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    GiverWins,
    TakerWins,
    Refuse,
}

/// What came of moving keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Migrated {
    /// So many were moved, and so many remain, in these slots.
    Done {
        keys: u64,
        remaining: u64,
        left: SlotSet,
    },
    /// Nobody answers where they should go.
    Silent,
    /// Giver or taker will not have it: what it says.
    Refused(String),
}

/// A move of slots as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotJob {
    pub(crate) name: String,
    pub(crate) slots: SlotSet,
    pub(crate) source_id: String,
    pub(crate) target_id: String,
    pub(crate) stage: MigrationStage,
}

/// How far a [`SlotJob`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MigrationStage {
    /// The giver sends what it has, for so many more rounds of gossip.
    Sending(u64),
    /// The taker has all, and has not claimed the slots. The giver holds its clients' writes back.
    Sent,
    /// The taker has claimed them, and the giver has not heard of that. It still holds writes back.
    Claimed,
    /// The giver has heard.
    Succeeded,
    Failed,
    Cancelled,
}

impl SlotJob {
    fn is_running(&self) -> bool {
        matches!(self.stage, MigrationStage::Sending(_)) || self.holds_writes()
    }

    /// Whether the giver takes no writes for the time being.
    pub(in super::super) fn holds_writes(&self) -> bool {
        matches!(self.stage, MigrationStage::Sent | MigrationStage::Claimed)
    }
}

/// By whom keys are taken: where, and as whom the giver comes there.
#[derive(Debug, Clone)]
pub(crate) struct Taker {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<(String, String)>,
}

impl State {
    fn migrate_keys(
        &mut self,
        giver: &str,
        slots: &SlotSet,
        taker: &Taker,
        conflict: Conflict,
        limit: u64,
    ) -> Migrated {
        let Some(found) = self.containers.get(giver) else {
            return Migrated::Refused("no such process".to_owned());
        };
        let address: Option<Ipv4Addr> = taker.host.parse().ok();
        let is_taker = |other: &&super::Container| {
            address.is_some_and(|address| other.holds(address))
                && other.process.flags.port == Some(taker.port)
        };
        let other = self.containers.values().find(is_taker);
        let Some(other) = other.filter(|other| reach_each_other(found, other)) else {
            return Migrated::Silent;
        };
        if !admits(&other.spec.command, taker.credentials.as_ref()) {
            return Migrated::Refused("WRONGPASS".to_owned());
        }
        let name = other.spec.name.clone();
        let of_slots = |key: &&String| slots.contains(key_slot(key.as_bytes()));
        let keys: Vec<String> = found
            .process
            .keys
            .keys()
            .filter(of_slots)
            .cloned()
            .collect();
        let mut moved = 0;
        for key in keys
            .iter()
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
        {
            if let Err(refusal) = self.migrate_key(giver, &name, key, conflict) {
                return Migrated::Refused(refusal);
            }
            moved += 1;
        }
        let remaining = self.keys_in(giver, slots) as u64;
        let holds = |slot: &u16| self.keys_in(giver, &std::iter::once(*slot).collect()) > 0;
        let left = match remaining {
            0 => SlotSet::EMPTY,
            _ => slots.iter().filter(holds).collect(),
        };
        Migrated::Done {
            keys: moved,
            remaining,
            left,
        }
    }

    fn migrate_key(
        &mut self,
        giver: &str,
        taker: &str,
        key: &str,
        conflict: Conflict,
    ) -> Result<(), String> {
        let slot = key_slot(key.as_bytes());
        let may_take = self.member(taker).is_some_and(|member| {
            let owns = member.owner(slot) == Some(&member.id);
            member.primary_id.is_none() && (owns || member.importing.contains_key(&slot))
        });
        let may_give = self.member(giver).is_some_and(|member| {
            let owns = member.owner(slot) == Some(&member.id);
            member.primary_id.is_none() && (owns || member.importing.contains_key(&slot))
        });
        if !may_take || !may_give {
            return Err(format!("MOVED {slot}"));
        }
        let is_there = self.containers[taker].process.keys.contains_key(key);
        if is_there && conflict == Conflict::Refuse {
            return Err("BUSYKEY Target key name already exists.".to_owned());
        }
        let value = self.containers.get_mut(giver).and_then(|found| {
            found.process.count_write(key.len());
            found.process.keys.remove(key)
        });
        if let (Some(value), Some(found)) = (value, self.containers.get_mut(taker))
            && (!is_there || conflict == Conflict::GiverWins)
        {
            found.process.count_write(key.len() + value.len());
            found.process.keys.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn slot_job_start(&mut self, giver: &str, moves: &[(SlotSet, String)]) -> Result<(), String> {
        let Some(member) = self.member(giver) else {
            return Err("ERR This instance has cluster support disabled".to_owned());
        };
        let mut free = member.slots_of(&member.id);
        let running = self.containers[giver].process.slot_jobs.iter();
        for job in running.filter(|job| job.is_running()) {
            free = free.difference(&job.slots);
        }
        for (slots, target_id) in moves {
            if !slots.difference(&free).is_empty() {
                return Err("ERR Slots are not served by this node.".to_owned());
            }
            if !member.peers.contains_key(target_id) {
                return Err(format!("ERR Unknown node name: {target_id}"));
            }
            free = free.difference(slots);
        }
        let source_id = member.id.clone();
        for (slots, target_id) in moves {
            let name = self.new_member_id();
            let job = SlotJob {
                name,
                slots: slots.clone(),
                source_id: source_id.clone(),
                target_id: target_id.clone(),
                stage: MigrationStage::Sending(self.rounds_to_send()),
            };
            if let Some(found) = self.containers.get_mut(giver) {
                found.process.slot_jobs.insert(0, job);
            }
        }
        Ok(())
    }

    /// Lets moves of slots as a whole go on by one step each. A round of gossip is a step, and so is a look at a node: whoever looks at one node
    /// after the other sees them in different steps.
    pub(super) fn progress_slot_jobs(&mut self) {
        for name in self.members_running() {
            for number in 0..self.containers[&name].process.slot_jobs.len() {
                let job = self.containers[&name].process.slot_jobs[number].clone();
                if !job.is_running() {
                    continue;
                }
                let stage = self.progress(&name, &job);
                if let Some(found) = self.containers.get_mut(&name) {
                    found.process.slot_jobs[number].stage = stage;
                }
            }
        }
    }

    fn progress(&mut self, giver: &str, job: &SlotJob) -> MigrationStage {
        if job.stage == MigrationStage::Claimed {
            let owns_any = self.member(giver).is_some_and(|member| {
                let owned = member.slots_of(&member.id);
                !owned.intersection(&job.slots).is_empty()
            });
            return match owns_any {
                true => MigrationStage::Claimed,
                false => MigrationStage::Succeeded,
            };
        }
        let Some(taker) = self.slot_job_taker(giver, job) else {
            return MigrationStage::Failed;
        };
        match job.stage {
            // One that is frozen is waited for.
            MigrationStage::Sending(0) if !is_awake(&self.containers[&taker]) => job.stage,
            MigrationStage::Sending(0) => MigrationStage::Sent,
            MigrationStage::Sending(rounds) => MigrationStage::Sending(rounds - 1),
            // But not while clients wait too.
            _ if !is_awake(&self.containers[&taker]) => MigrationStage::Failed,
            _ => {
                self.claim_sent(giver, &taker, job);
                MigrationStage::Claimed
            }
        }
    }

    /// The container of whoever takes, while the giver has the slots to give and is reached by it: else the move is over.
    fn slot_job_taker(&self, giver: &str, job: &SlotJob) -> Option<String> {
        let is_target = |found: &&super::Container| {
            let member = found.process.member.as_ref();
            let is_primary = |member: &super::Member| member.primary_id.is_none();
            found.is_alive()
                && member.is_some_and(|member| member.id == job.target_id && is_primary(member))
        };
        let taker = self.containers.values().find(is_target)?;
        let member = self.member(giver)?;
        let owned = member.slots_of(&member.id);
        let gives = member.primary_id.is_none() && job.slots.difference(&owned).is_empty();
        let reaches = !is_awake(taker) || reach_each_other(&self.containers[giver], taker);
        (gives && reaches).then(|| taker.spec.name.clone())
    }

    /// The taker has the keys and claims the slots in a new epoch. The giver keeps both until it hears of that.
    fn claim_sent(&mut self, giver: &str, taker: &str, job: &SlotJob) {
        let of_slots = |key: &str| job.slots.contains(key_slot(key.as_bytes()));
        let keys = self.containers[giver].process.keys.iter();
        let keys: Vec<(String, String)> = keys
            .filter(|(key, _)| of_slots(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let Some(found) = self.containers.get_mut(taker) else {
            return;
        };
        for (key, value) in keys {
            found.process.count_write(key.len() + value.len());
            found.process.keys.insert(key, value);
        }
        if let Some(member) = self.member_mut(taker) {
            member.bump_epoch();
            member.assign(&job.slots, Some(&job.target_id));
        }
    }

    /// Clients are held back no longer than this, whatever has become of the taker.
    pub(super) fn expire_slot_jobs(&mut self) {
        for found in self.containers.values_mut() {
            let jobs = found.process.slot_jobs.iter_mut();
            for job in jobs.filter(|job| job.holds_writes()) {
                job.stage = MigrationStage::Failed;
            }
        }
    }

    /// How long the next move takes to send what there is: not always the same, so that it ends at any point of whatever others do.
    fn rounds_to_send(&self) -> u64 {
        self.member_count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59
    }
}

impl SimulatedWorld {
    /// Moves at most `limit` keys of `slots`.
    pub(crate) fn migrate_keys(
        &self,
        giver: &str,
        slots: &SlotSet,
        taker: &Taker,
        conflict: Conflict,
        limit: u64,
    ) -> Migrated {
        self.change(|state| state.migrate_keys(giver, slots, taker, conflict, limit))
    }

    /// Begins to move slots as a whole.
    pub(crate) fn slot_job_start(
        &self,
        giver: &str,
        moves: &[(SlotSet, String)],
    ) -> Result<(), String> {
        self.change(|state| state.slot_job_start(giver, moves))
    }

    /// The moves that a member gives or takes, the latest first.
    pub(crate) fn slot_jobs(&self, container: &str) -> Vec<SlotJob> {
        let state = self.state();
        let Some(member) = state.member(container) else {
            return Vec::new();
        };
        let running = state.containers.values().filter(|found| found.is_alive());
        let jobs = running.flat_map(|found| &found.process.slot_jobs);
        jobs.filter(|job| job.source_id == member.id || job.target_id == member.id)
            .cloned()
            .collect()
    }

    /// Gives up the moves that a member gives.
    pub(crate) fn slot_job_cancel(&self, container: &str) {
        self.change(|state| {
            if let Some(found) = state.containers.get_mut(container) {
                let running = found.process.slot_jobs.iter_mut();
                for job in running.filter(|job| job.is_running()) {
                    job.stage = MigrationStage::Cancelled;
                }
            }
        });
    }
}
