//! Slots that were handed over and not claimed.

use std::collections::BTreeMap;

use super::{Look, Order, Plan, Stage};
use crate::resources::slots::SlotSet;

/// Whether a plan makes a node claim slots that were handed over. It is to be carried out only if a second look comes to the same: of slots
/// that move between two nodes while one after the other is looked at, either may seem to have given them to the other.
pub fn claims_slots(plan: &Plan) -> bool {
    let Plan::Do(Stage::Tell(told)) = plan else {
        return false;
    };
    let mut orders = told.iter().flat_map(|(_, orders)| orders);
    orders.any(|order| matches!(order, Order::ClaimSlots(..)))
}

impl Look<'_> {
    /// Slots that a giver has handed over, with their keys, to one that has not claimed them: it ended in between, or the control plane did.
    /// The giver knows that they are not its own any more, others still believe so, and nobody serves them. Whoever leads the taker's node
    /// group by now has the keys.
    pub(super) fn claim_handed_over(&self) -> Option<Plan> {
        let leaders = || self.answers().filter(|(_, answer)| answer.is_primary);
        let owned = leaders().fold(SlotSet::EMPTY, |all, (_, one)| all.union(&one.slots));
        if owned.is_complete() {
            return None;
        }
        let mut claims: BTreeMap<usize, SlotSet> = BTreeMap::new();
        for (giver, answer) in leaders() {
            for other in &answer.others {
                let given = self.given_by(&answer.node_id, &other.node_id);
                let handed = other.slots.intersection(&given).difference(&owned);
                let taker = self.primary_beside(&other.node_id);
                let taker = taker.filter(|to| *to != giver && !handed.is_empty());
                let Some((to, heir)) = taker.and_then(|to| Some((to, self.answer(to)?))) else {
                    continue;
                };
                // Unless it has given them away itself since.
                let passed_on = |one: &&super::Other| {
                    one.node_id != answer.node_id && one.node_id != other.node_id
                };
                let passed_on = heir.others.iter().filter(passed_on);
                let handed = passed_on.fold(handed, |left, one| left.difference(&one.slots));
                let claim = claims.entry(to).or_default();
                *claim = claim.union(&handed);
            }
        }
        let told: Vec<(usize, Vec<Order>)> = claims
            .into_iter()
            .filter(|(_, slots)| !slots.is_empty())
            .filter_map(|(to, slots)| {
                let id = self.answer(to)?.node_id.clone();
                Some((to, vec![Order::ClaimSlots(slots, id)]))
            })
            .collect();
        (!told.is_empty()).then_some(Plan::Do(Stage::Tell(told)))
    }

    /// The slots that a taker says to be coming from this giver, or that somebody else than the taker believes to be the giver's.
    fn given_by(&self, giver: &str, taker: &str) -> SlotSet {
        self.answers().fold(SlotSet::EMPTY, |all, (_, one)| {
            if one.node_id == taker {
                let coming = one.importing.iter().filter(|(_, from)| from == giver);
                return all.union(&coming.map(|(slot, _)| *slot).collect());
            }
            let mut others = one.others.iter();
            let known = others.find(|other| other.node_id == giver);
            known.map_or_else(|| all.clone(), |known| all.union(&known.slots))
        })
    }
}
