//! The availability zones that the nodes of a cache may lie in, and which of them the service picks.

use super::scope::Scope;
use super::violation::Violation;

/// How many zones of a region the service chooses from.
const ZONES: usize = 3;

/// Zones to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zones {
    scope: Scope,
    /// The subnet group that bounds them; none where every zone of the region will do.
    subnet_group: Option<String>,
    choice: Vec<String>,
}

impl Zones {
    /// Every zone of the region; the service chooses from three.
    pub fn all(scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            subnet_group: None,
            choice: (0..ZONES).map(|index| scope.zone(index)).collect(),
        }
    }

    /// These alone, at least one, because they are those of the subnets of `subnet_group`.
    pub fn of_subnet_group(scope: &Scope, subnet_group: &str, zones: Vec<String>) -> Self {
        debug_assert!(!zones.is_empty(), "a subnet group has a subnet");
        Self {
            scope: scope.clone(),
            subnet_group: Some(subnet_group.to_owned()),
            choice: zones,
        }
    }

    /// Whether nodes may lie in the zones that a user names.
    ///
    /// # Errors
    /// `InvalidParameterValue` for one that is none of the region; `InvalidParameterCombination` for one without a subnet.
    pub fn check(&self, named: &[String]) -> Result<(), Violation> {
        if let Some(zone) = named.iter().find(|zone| !self.scope.has_zone(zone)) {
            return Err(Violation::value(format!(
                "{zone} is not a valid availability zone."
            )));
        }
        let Some(subnet_group) = &self.subnet_group else {
            return Ok(());
        };
        match named.iter().find(|zone| !self.choice.contains(zone)) {
            Some(zone) => Err(Violation::combination(format!(
                "The cache subnet group {subnet_group} has no subnet in the availability zone {zone}."
            ))),
            None => Ok(()),
        }
    }

    /// Whether nodes can be spread over them.
    pub fn are_several(&self) -> bool {
        self.choice.len() > 1
    }

    /// The zone of the `index`-th node: each in turn.
    pub fn in_turn(&self, index: usize) -> String {
        match self.choice.get(index % self.choice.len().max(1)) {
            Some(zone) => zone.clone(),
            None => self.scope.zone(index),
        }
    }

    /// Zones for `count` more nodes beside those in `taken`: each time the least used one, the first of them where several are.
    pub fn least_used(&self, taken: &[String], count: usize) -> Vec<String> {
        let mut all = taken.to_vec();
        for _ in 0..count {
            let uses = |zone: &&String| all.iter().filter(|other| other == zone).count();
            let least = self.choice.iter().min_by_key(uses).cloned();
            all.extend(least);
        }
        all.split_off(taken.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(scope: &Scope, letters: &str) -> Vec<String> {
        let zone = |letter| format!("{}{letter}", scope.region);
        letters.chars().map(zone).collect()
    }

    #[test]
    fn new_nodes_lie_where_the_fewest_are() {
        let scope = Scope::of_anyone();
        let check = |choice: &Zones, taken: &str, count: usize, expected: &str| {
            let chosen = choice.least_used(&zones(&scope, taken), count);
            assert_eq!(chosen, zones(&scope, expected), "{count} beside {taken:?}");
        };
        let all = Zones::all(&scope);
        check(&all, "", 4, "abca");
        check(&all, "a", 1, "b");
        check(&all, "aab", 2, "cb");
        check(&all, "c", 3, "aba");
        check(&all, "ef", 2, "ab");
        check(&all, "abc", 0, "");
        let two = Zones::of_subnet_group(&scope, "two", zones(&scope, "bd"));
        check(&two, "", 3, "bdb");
        check(&two, "bb", 2, "dd");
        assert_eq!(two.in_turn(3), "us-east-1d");
        assert_eq!(all.in_turn(4), "us-east-1b");
    }

    #[test]
    fn a_zone_without_a_subnet_is_refused() {
        let scope = Scope::of_anyone();
        let two = Zones::of_subnet_group(&scope, "two", zones(&scope, "ab"));
        assert!(two.check(&zones(&scope, "ab")).is_ok());
        assert!(matches!(
            two.check(&zones(&scope, "c")),
            Err(Violation::InvalidParameterCombination(text)) if text.contains("us-east-1c")
        ));
        assert!(matches!(
            two.check(&["eu-west-1a".to_owned()]),
            Err(Violation::InvalidParameterValue(_))
        ));
        assert!(Zones::all(&scope).check(&zones(&scope, "f")).is_ok());
    }
}
