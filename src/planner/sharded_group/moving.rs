//! Slots that are not where they shall be, and those that are on their way.

use std::collections::BTreeMap;

use super::{Look, Order, Plan, SlotMove, Stage, is_touched};
use crate::resources::engine::Engine;
use crate::resources::slots::SlotSet;

/// Most slots of one move. The keys of all are moved before the first of them is handed over, so it is what a failure in the middle
/// leaves open.
const MOVE_SLOTS_MAX: usize = 256;

/// Giver, taker, and their slots.
type Moves = BTreeMap<(usize, usize), SlotSet>;

impl Look<'_> {
    /// The next slots to move: those on their way before any others, unless they can go no further, and each node in one move at a time.
    pub(super) fn move_slots(&self) -> Option<Plan> {
        let mut node_groups = self.sharding.node_groups.iter();
        if node_groups.any(|one| self.lacks_primary(one)) {
            return None;
        }
        if let Some(plan) = self.close_slots() {
            return Some(plan);
        }
        if self.finish_by_themselves() && self.all().any(|index| self.may_claim(index)) {
            return None;
        }
        let under_way = self.moves_under_way();
        let gives = |from: usize| under_way.keys().any(|(giver, _)| *giver == from);
        let open = under_way
            .values()
            .fold(SlotSet::EMPTY, |all, slots| all.union(slots));
        let mut wished = self.moves_wished();
        for slots in wished.values_mut() {
            *slots = slots.difference(&open);
        }
        let (chosen, left) = self.choose(match under_way.is_empty() {
            true => std::mem::take(&mut wished),
            false => under_way.clone(),
        });
        if chosen.is_empty() {
            return None;
        }
        // Whatever else is on its way is before what is not.
        let (others, _) = match under_way.is_empty() {
            true => Default::default(),
            false => self.choose(left.into_iter().chain(wished)),
        };
        // Of one that has something on its way it stays on record in which run that began.
        let unnoted: Vec<(usize, String)> = chosen
            .iter()
            .chain(&others)
            .filter(|one| !one.is_same_run && !gives(one.from.0))
            .filter_map(|one| self.giver_run(one.from.0))
            .collect();
        if !unnoted.is_empty() {
            return Some(Plan::Do(Stage::RecordGiver(unnoted)));
        }
        Some(Plan::Do(Stage::Move(chosen, others)))
    }

    /// Whether the nodes claim slots that are on their way to them when they hear that their giver has them no more: those of Valkey 8.
    fn finish_by_themselves(&self) -> bool {
        let version = self.group.spec.engine_version;
        let is_valkey = version.engine == Engine::Valkey;
        is_valkey && version.at_least(8, 0, 0) && !version.at_least(9, 0, 0)
    }

    /// Whether a member may claim so what its file says is on its way to it, as the primary that it was: later than its successor claimed
    /// what it took over, so that this one follows it, and what came since is lost. One that has heard of its successor before does not.
    fn may_claim(&self, index: usize) -> bool {
        let is_new = self.group.members[index].available_at.is_none();
        match self.answer(index) {
            None => !is_new,
            Some(answer) => {
                let leads = self.leader_of(index) == Some(index);
                answer.is_primary && !answer.importing.is_empty() && !leads
            }
        }
    }

    /// Moves that can be made at once, each node in one; and the rest of them.
    fn choose(
        &self,
        moves: impl IntoIterator<Item = ((usize, usize), SlotSet)>,
    ) -> (Vec<SlotMove>, Moves) {
        let mut busy: Vec<usize> = Vec::new();
        let (mut chosen, mut left) = (Vec::new(), Moves::new());
        for ((from, to), slots) in moves {
            let (Some(giver), Some(taker)) = (self.answer(from), self.answer(to)) else {
                continue;
            };
            let knows = |one: &super::Answer, id: &str| {
                let mut others = one.others.iter();
                others.any(|other| other.node_id == id && !other.is_in_handshake)
            };
            let have_met = knows(giver, &taker.node_id) && knows(taker, &giver.node_id);
            // Of the others it takes no key: to them it answers `CLUSTERDOWN`.
            let slots = slots.intersection(&known_slots(taker));
            if slots.is_empty() || !have_met {
                continue;
            }
            if busy.contains(&from) || busy.contains(&to) {
                left.insert((from, to), slots);
                continue;
            }
            busy.extend([from, to]);
            let slots: SlotSet = slots.iter().take(MOVE_SLOTS_MAX).collect();
            let mut open = giver.migrating.iter().chain(&taker.importing);
            chosen.push(SlotMove {
                from: (from, giver.node_id.clone()),
                to: (to, taker.node_id.clone()),
                is_same_run: self.gives_in_same_run(from),
                is_first: taker.slots.is_empty(),
                is_open: open.any(|(slot, _)| slots.contains(*slot)),
                slots,
            });
        }
        (chosen, left)
    }

    /// The node group that a member gives slots of, and the member with its run in words.
    fn giver_run(&self, from: usize) -> Option<(usize, String)> {
        let node_group = self.node_group_of(from)?.id;
        let mut node_groups = self.sharding.node_groups.iter();
        let index = node_groups.position(|one| one.id == node_group)?;
        let id = &self.group.members[from].spec.cache_cluster_id;
        Some((index, format!("{id} {}", self.run(from)?)))
    }

    fn gives_in_same_run(&self, from: usize) -> bool {
        let run = self.giver_run(from);
        run.is_some_and(|(index, run)| {
            self.sharding.node_groups[index].giver_run.as_ref() == Some(&run)
        })
    }

    /// The member that owns a slot. Of two that claim to, the one with the later claim.
    fn owner(&self, slot: u16) -> Option<usize> {
        let owns = |(_, answer): &(usize, &super::Answer)| {
            answer.is_primary && answer.slots.contains(slot)
        };
        let owners = self.answers().filter(owns);
        owners
            .max_by_key(|(_, answer)| answer.epoch)
            .map(|(index, _)| index)
    }

    /// The present primary of a member's node group.
    pub(super) fn leader_of(&self, index: usize) -> Option<usize> {
        let leader = self.primary(self.node_group_of(index)?);
        leader.map(|(index, _)| index)
    }

    /// The present primary of the node group that the node with this name is of.
    pub(super) fn primary_beside(&self, node_id: &str) -> Option<usize> {
        let named = |(_, answer): &(usize, &super::Answer)| answer.node_id == node_id;
        let known = || {
            let others = self.answers().flat_map(|(_, answer)| &answer.others);
            let mut named = others.filter(|other| other.node_id == node_id);
            named.find_map(|other| other.member)
        };
        let member = self
            .answers()
            .find(named)
            .map(|(index, _)| index)
            .or_else(known)?;
        self.leader_of(member)
    }

    /// Keys of slots that are others', on nodes that began on an old file: Redis takes them to be on their way, and follows nobody while it
    /// has them (Valkey drops them by itself). They are old; whoever owns the slot has what became of them.
    pub(super) fn drop_strays(&self) -> Option<Plan> {
        let told: Vec<(usize, Vec<Order>)> = self
            .answers()
            // While the cluster is out of order it takes no word about keys.
            .filter(|(_, answer)| answer.is_primary && answer.is_ok)
            .filter_map(|(index, answer)| {
                let slots = answer.importing.iter().map(|(slot, _)| *slot);
                let strays: SlotSet = slots.filter(|slot| self.is_stray(index, *slot)).collect();
                let orders = || {
                    vec![
                        Order::DropKeys(strays.clone()),
                        Order::CloseSlots(strays.clone()),
                    ]
                };
                (!strays.is_empty()).then(|| (index, orders()))
            })
            .collect();
        (!told.is_empty()).then_some(Plan::Do(Stage::Tell(told)))
    }

    /// Whether a slot that is open for a member to take is another's, and no key that this member has of it counts: somebody else has
    /// taken this one's place, or the slot is neither given away nor wished to be here.
    fn is_stray(&self, index: usize, slot: u16) -> bool {
        let Some(owner) = self.owner(slot).filter(|owner| *owner != index) else {
            return false;
        };
        let is_on_its_way = self
            .answer(owner)
            .is_some_and(|answer| answer.migrating.iter().any(|(leaving, _)| *leaving == slot));
        match self.leader_of(index) {
            Some(leader) if leader != index => true,
            leader => {
                let node_group = self.node_group_of(index);
                let is_wished = node_group.is_some_and(|one| one.slots.contains(slot));
                let leads = leader.is_some();
                !(is_on_its_way || leads && is_wished)
            }
        }
    }

    /// Slots that are open on a node that has nothing to do with them any more, or that takes them for nobody's: Redis forgets all slots of a
    /// former giver when that one is back as a replica, and hears of no other owner of a slot that is on its way to it. Redis keeps the mark of one that is leaving when it hears
    /// from others that the taker has claimed it, as it has where the two could not tell each other.
    fn close_slots(&self) -> Option<Plan> {
        let told: Vec<(usize, Vec<Order>)> = self
            .answers()
            .filter(|(_, answer)| answer.is_primary)
            .filter_map(|(index, answer)| {
                let known = match answer.importing.is_empty() {
                    true => SlotSet::EMPTY,
                    false => known_slots(answer),
                };
                let arrived = answer.importing.iter().filter(|(slot, giver)| {
                    let is_own = self.owner(*slot) == Some(index);
                    let is_lost = self.primary_beside(giver).is_none() || !known.contains(*slot);
                    is_own || (self.owner(*slot).is_some() && is_lost)
                });
                let stuck = answer.migrating.iter().filter(|(slot, taker)| {
                    let is_gone = !answer.slots.contains(*slot) && self.owner(*slot).is_some();
                    is_gone || self.primary_beside(taker).is_none_or(|to| to == index)
                });
                let slots: SlotSet = arrived.chain(stuck).map(|(slot, _)| *slot).collect();
                (!slots.is_empty()).then(|| (index, vec![Order::CloseSlots(slots)]))
            })
            .collect();
        (!told.is_empty()).then_some(Plan::Do(Stage::Tell(told)))
    }

    /// What is on its way goes on: keys may be on both sides.
    fn moves_under_way(&self) -> Moves {
        let mut slots: BTreeMap<(usize, usize), Vec<u16>> = BTreeMap::new();
        for (index, answer) in self.answers().filter(|(_, answer)| answer.is_primary) {
            let is_taken = |slot: u16, to: usize| self.owner(slot) == Some(to);
            for (slot, taker) in &answer.migrating {
                let to = self.primary_beside(taker).filter(|to| *to != index);
                // It will hear that it is the taker's.
                if let Some(to) = to.filter(|to| !is_taken(*slot, *to)) {
                    slots.entry((index, to)).or_default().push(*slot);
                }
            }
            let coming = answer.importing.iter();
            for (slot, _) in coming.filter(|(slot, _)| !self.is_stray(index, *slot)) {
                if let Some(from) = self.owner(*slot).filter(|from| *from != index) {
                    slots.entry((from, index)).or_default().push(*slot);
                }
            }
        }
        let sets = slots.into_iter();
        sets.map(|(pair, slots)| (pair, slots.into_iter().collect()))
            .collect()
    }

    /// Members that own slots and do not lead their node group: they took them just when another was elected, which has not got those.
    fn owners_beside(&self) -> impl Iterator<Item = (usize, SlotSet)> {
        let owns =
            |(_, answer): &(usize, &super::Answer)| answer.is_primary && !answer.slots.is_empty();
        let is_beside = |index| self.leader_of(index).is_some_and(|leader| leader != index);
        let beside = self
            .answers()
            .filter(owns)
            .filter(move |(index, _)| is_beside(*index));
        beside.map(|(index, answer)| {
            let slots = answer.slots.iter();
            let own = slots.filter(|slot| self.owner(*slot) == Some(index));
            (index, own.collect())
        })
    }

    fn moves_wished(&self) -> Moves {
        let mut moves = Moves::new();
        let beside: Vec<(usize, SlotSet)> = self.owners_beside().collect();
        for taker in &self.sharding.node_groups {
            let Some((to, leader)) = self.primary(taker) else {
                continue;
            };
            // A new one has its replicas first: until then its keys would be in one place alone, where they were in several. Nor is any of
            // its members still being made: one that ends then is started again at once, with what it has written down.
            let is_ready = |index| self.is_joined(index) && !is_touched(&self.group.members[index]);
            let is_safe = !leader.slots.is_empty() || self.shard(taker).all(is_ready);
            if !self.is_joined(to) || !is_safe {
                continue;
            }
            for giver in self
                .sharding
                .node_groups
                .iter()
                .filter(|one| one.id != taker.id)
            {
                let Some((from, answer)) = self.serving(giver) else {
                    continue;
                };
                let slots = taker.slots.intersection(&answer.slots);
                if !slots.is_empty() {
                    moves.insert((from, to), slots);
                }
            }
            for (from, slots) in &beside {
                let slots = taker.slots.intersection(slots);
                if !slots.is_empty() {
                    moves.insert((*from, to), slots);
                }
            }
        }
        moves
    }
}

/// The slots that a node knows an owner of.
fn known_slots(answer: &super::Answer) -> SlotSet {
    let others = answer.others.iter();
    others.fold(answer.slots.clone(), |all, other| all.union(&other.slots))
}
