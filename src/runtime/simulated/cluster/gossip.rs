//! What members tell each other.

use super::super::world::State;
use super::{Health, Member, Peer, announced, reach_each_other};
use crate::resources::slots::SlotSet;

/// What a primary claims.
struct Claim {
    id: String,
    epoch: u64,
    slots: SlotSet,
}

impl State {
    /// Lets every member hear once of each other that it reaches.
    pub(in super::super) fn gossip(&mut self) {
        let names = self.members_running();
        if names.is_empty() {
            return;
        }
        self.introduce(&names);
        for from in &names {
            let address = announced(&self.containers[from]);
            for to in &names {
                if from != to && self.hears(to, from) {
                    self.deliver(from, &address, to);
                }
            }
        }
        for name in &names {
            self.realign(name);
        }
        self.progress_slot_jobs();
    }

    fn hears(&self, to: &str, from: &str) -> bool {
        let is_stalled = |name: &str| self.gossip_stalled.contains(name);
        !is_stalled(to)
            && !is_stalled(from)
            && reach_each_other(&self.containers[to], &self.containers[from])
    }

    /// Lets members that were told to meet another get to know it, and it them.
    fn introduce(&mut self, names: &[String]) {
        for name in names {
            let meeting = self
                .member(name)
                .map(|member| member.meeting.clone())
                .unwrap_or_default();
            for address in meeting {
                let is_there = |other: &&String| announced(&self.containers[*other]) == address;
                let Some(other) = names.iter().find(is_there) else {
                    continue;
                };
                if other != name && !self.hears(other, name) {
                    continue;
                }
                if let Some(member) = self.member_mut(name) {
                    member.meeting.remove(&address);
                }
                if other != name {
                    self.make_known(name, other);
                    self.make_known(other, name);
                }
            }
        }
    }

    fn make_known(&mut self, to: &str, who: &str) {
        let (host, port) = announced(&self.containers[who]);
        let Some(found) = self.member(who).map(|member| member.id.clone()) else {
            return;
        };
        if let Some(member) = self.member_mut(to) {
            member.forgotten.remove(&found);
            member.peers.entry(found).or_insert(Peer {
                host,
                port,
                primary_id: None,
                epoch: 0,
                health: Health::Well,
            });
        }
    }

    fn deliver(&mut self, from: &str, address: &(String, u16), to: &str) {
        // A stranger is not listened to; it must be introduced, or heard of.
        let (speaker, hearer) = (self.member(from), self.member(to));
        let is_known = speaker
            .zip(hearer)
            .is_some_and(|(speaker, hearer)| hearer.knows(&speaker.id));
        if !is_known {
            return;
        }
        // It listens aside, so that the other can be read meanwhile.
        let process = self.containers.get_mut(to).map(|found| &mut found.process);
        let Some(mut hearer) = process.and_then(|process| process.member.take()) else {
            return;
        };
        let mut lost = SlotSet::default();
        let mut corrections = Vec::new();
        if let Some(speaker) = self.member(from) {
            hearer.note(speaker, address);
            if speaker.primary_id.is_none() {
                let claim = Claim {
                    id: speaker.id.clone(),
                    epoch: speaker.epoch,
                    slots: speaker.slots_of(&speaker.id),
                };
                lost = hearer.hear_claim(&claim);
                corrections = hearer.corrections(&claim);
            }
            hearer.settle_collision(speaker);
        }
        if let Some(found) = self.containers.get_mut(to) {
            found.process.member = Some(hearer);
        }
        if !lost.is_empty() {
            self.drop_keys(to, &lost);
        }
        for claim in corrections {
            let corrected = self.member_mut(from);
            let lost = corrected.map_or(SlotSet::EMPTY, |member| member.hear_update(&claim));
            if !lost.is_empty() {
                self.drop_keys(from, &lost);
            }
        }
    }
}

impl Member {
    /// Takes down who speaks, and whom it knows.
    fn note(&mut self, spoken: &Member, address: &(String, u16)) {
        self.current_epoch = self.current_epoch.max(spoken.current_epoch);
        let (host, port) = address;
        let is_news = |peer: &Peer| {
            (&peer.host, peer.port, peer.epoch) != (host, *port, spoken.epoch)
                || peer.primary_id != spoken.primary_id
                || peer.health != Health::Well
        };
        if self.peers.get(&spoken.id).is_none_or(is_news) {
            let now = Peer {
                host: host.clone(),
                port: *port,
                primary_id: spoken.primary_id.clone(),
                epoch: spoken.epoch,
                health: Health::Well,
            };
            self.peers.insert(spoken.id.clone(), now);
        }
        if spoken.primary_id.is_some() {
            self.owned.remove(&spoken.id);
        }
        for (id, peer) in &spoken.peers {
            let is_new = !self.knows(id) && !self.forgotten.contains(id);
            if is_new && peer.health != Health::Failed {
                self.peers.insert(id.clone(), peer.clone());
            }
        }
    }

    /// What it knows better than whoever claims these slots: others claimed them later.
    fn corrections(&self, heard: &Claim) -> Vec<Claim> {
        if self.slots_of(&heard.id) == heard.slots {
            return Vec::new();
        }
        let claims = self.owned.iter().filter(|(id, _)| **id != heard.id);
        let claims = claims.map(|(id, slots)| Claim {
            id: id.clone(),
            epoch: match *id == self.id {
                true => self.epoch,
                false => self.peers.get(id).map_or(0, |peer| peer.epoch),
            },
            slots: slots.clone(),
        });
        let is_better = |claim: &Claim| {
            claim.epoch > heard.epoch && !claim.slots.intersection(&heard.slots).is_empty()
        };
        claims.filter(is_better).collect()
    }

    /// Takes down what a third one claims, as it was told by whoever heard a claim of its own (`UPDATE`).
    fn hear_update(&mut self, claim: &Claim) -> SlotSet {
        match self.peers.get_mut(&claim.id) {
            Some(peer) if peer.epoch < claim.epoch => {
                peer.epoch = claim.epoch;
                peer.primary_id = None;
                self.hear_claim(claim)
            }
            Some(_) | None => SlotSet::EMPTY,
        }
    }

    /// Takes down what a primary claims, and returns which slots of its own are lost thereby.
    fn hear_claim(&mut self, speaker: &Claim) -> SlotSet {
        let claimed = speaker.slots.clone();
        let is_news = self.owned.get(&speaker.id).unwrap_or(&SlotSet::EMPTY) != &claimed;
        if !is_news && self.unclaimed.is_empty() {
            return SlotSet::default();
        }
        let mut gained = claimed.difference(&self.owned_in_all());
        let importing: SlotSet = self.importing.keys().copied().collect();
        for (id, slots) in &self.owned {
            let epoch = match id == &self.id {
                true => self.epoch,
                false => self.peers.get(id).map_or(0, |peer| peer.epoch),
            };
            if *id != speaker.id {
                let free = match epoch < speaker.epoch {
                    true => slots.clone(),
                    false => slots.intersection(&self.unclaimed),
                };
                gained = gained.union(&free.intersection(&claimed));
            }
        }
        // What it is importing only an order changes.
        let gained = gained.difference(&importing);
        let mine = self.slots_of(&self.id);
        let own_primary = self.primary_id.clone().unwrap_or_else(|| self.id.clone());
        let before = self.slots_of(&own_primary);
        self.assign(&gained, Some(&speaker.id));
        // A slot that is leaving keeps its mark, as with Redis 7.0, until it is told that it is not.
        let dropped = self.slots_of(&speaker.id).difference(&claimed);
        self.unclaimed = self.unclaimed.difference(&claimed).union(&dropped);

        // Who loses all slots to one who owns nothing else follows it, and so do its replicas: that was a failover.
        let is_bereft = !before.is_empty() && self.slots_of(&own_primary).is_empty();
        if is_bereft && own_primary != speaker.id && before == claimed {
            self.primary_id = Some(speaker.id.clone());
            // As by the order to follow: it has nothing on its way any more.
            self.importing.clear();
            self.migrating.clear();
        }
        mine.difference(&self.slots_of(&self.id))
    }

    /// Of two primaries with one epoch the one whose id is lower takes the next.
    fn settle_collision(&mut self, speaker: &Member) {
        let are_primaries = self.primary_id.is_none() && speaker.primary_id.is_none();
        if are_primaries && self.epoch == speaker.epoch && self.id < speaker.id {
            self.raise_epoch();
        }
    }
}
