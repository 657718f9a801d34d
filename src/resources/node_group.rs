//! Node groups, the shards of a replication group, by name.

use std::fmt;
use std::str::FromStr;

/// The id of a node group: four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeGroupId(u16);

/// A text that is no id of a node group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node group's id is one to four digits")]
pub struct NodeGroupIdError;

impl NodeGroupId {
    /// The highest that four digits can say.
    pub const MAX: u16 = 9999;

    /// The first, and the only one of a replication group whose cluster mode is disabled.
    pub const FIRST: Self = Self(1);

    /// The id with this number; none past four digits.
    pub fn new(number: u16) -> Option<Self> {
        (number <= Self::MAX).then_some(Self(number))
    }

    /// Ids for `count` node groups that nobody named: `0001` and so on (behaviour.md section 3), after the highest in use, so that
    /// those of removed ones rest. Where that ends past four digits, the lowest free ones; fewer than `count` if there are not
    /// so many.
    pub fn next(in_use: &[Self], count: usize) -> Vec<Self> {
        let highest = in_use.iter().max().map_or(0, |id| id.0);
        (highest + 1..=Self::MAX)
            .chain(1..=highest)
            .map(Self)
            .filter(|id| !in_use.contains(id))
            .take(count)
            .collect()
    }

    /// The id of this node group's member with this number, cluster mode enabled: `rg-0001-002` (behaviour.md section 3).
    pub fn member_id(self, replication_group_id: &str, number: u32) -> String {
        super::replication_group::member_id(&format!("{replication_group_id}-{self}"), number)
    }
}

impl fmt::Display for NodeGroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}", self.0)
    }
}

impl FromStr for NodeGroupId {
    type Err = NodeGroupIdError;

    /// Reads one to four digits, as requests may have them (behaviour.md section 2).
    fn from_str(text: &str) -> Result<Self, NodeGroupIdError> {
        let is_id = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_id => Ok(Self(number)),
            _ => Err(NodeGroupIdError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(texts: &[&str]) -> Vec<NodeGroupId> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn ids_are_four_digits() {
        for (text, printed) in [
            ("0001", "0001"),
            ("1", "0001"),
            ("0500", "0500"),
            ("9999", "9999"),
        ] {
            assert_eq!(text.parse::<NodeGroupId>().unwrap().to_string(), printed);
        }
        for text in ["", "00001", "12345", "-1", "+1", "1a", " 1", "٣"] {
            assert_eq!(text.parse::<NodeGroupId>(), Err(NodeGroupIdError), "{text}");
        }
        assert_eq!(NodeGroupId::new(10_000), None);
    }

    #[test]
    fn new_ones_come_after_the_highest() {
        let check = |in_use: &[&str], count, expected: &[&str]| {
            assert_eq!(NodeGroupId::next(&ids(in_use), count), ids(expected));
        };
        check(&[], 3, &["0001", "0002", "0003"]);
        // Recorded: 0001 is gone, and stays so.
        check(&["0002", "0003"], 2, &["0004", "0005"]);
        check(&["0001", "9998"], 3, &["9999", "0002", "0003"]);
        check(&["0001"], 0, &[]);
    }

    #[test]
    fn members_are_named_after_group_and_node_group() {
        let first = NodeGroupId::new(1).unwrap();
        assert_eq!(first.member_id("rg", 2), "rg-0001-002");
    }
}
