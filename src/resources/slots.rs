//! Slots: the 16,384 parts into which cluster mode cuts the keys, and how they are shared out.
//!
//! Every key belongs to one slot (Redis cluster specification), every slot to one shard. What a shard owns is a [`SlotSet`].
//! Besides arithmetic with sets there are the two decisions about slots: who gets which when a group is made
//! ([`even_split`]) and which move when its shards become more or fewer ([`rebalance`]).

use std::fmt;
use std::str::FromStr;

/// How many slots there are.
pub const SLOT_COUNT: u16 = 16_384;

/// Slots in a row, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotRange {
    first: u16,
    last: u16,
}

impl SlotRange {
    /// The slots from `first` to `last`, both included; none if that is no slot, or one that does not exist.
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last && last < SLOT_COUNT).then_some(Self { first, last })
    }

    /// The lowest slot.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The highest slot.
    pub fn last(self) -> u16 {
        self.last
    }

    /// The number of slots, at least 1.
    pub fn slot_count(self) -> u16 {
        self.last - self.first + 1
    }
}

impl fmt::Display for SlotRange {
    /// `0-5460`; a single slot is `7`, as the engines print it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(formatter, "{}", self.first),
            false => write!(formatter, "{}-{}", self.first, self.last),
        }
    }
}

/// A text that is no set of slots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotParseError {
    /// A part that is neither a slot nor two with a hyphen between them, the lower first.
    #[error("`{0}` is no range of slots between 0 and 16383")]
    Malformed(String),
    /// A slot that was named before.
    #[error("slot {0} is named twice")]
    NamedTwice(u16),
}

impl FromStr for SlotRange {
    type Err = SlotParseError;

    fn from_str(text: &str) -> Result<Self, SlotParseError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        // Digits only: `parse` alone would take a sign.
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok()).flatten()
        };
        number(first)
            .zip(number(last))
            .and_then(|(first, last)| Self::new(first, last))
            .ok_or_else(|| SlotParseError::Malformed(text.to_owned()))
    }
}

/// A set of slots.
///
/// Sets are equal if they hold the same slots: the ranges are sorted, and between any two of them a slot is missing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SlotSet {
    ranges: Vec<SlotRange>,
}

impl SlotSet {
    /// No slot.
    pub const EMPTY: SlotSet = SlotSet { ranges: Vec::new() };

    /// Every slot.
    pub fn all() -> Self {
        SlotRange::new(0, SLOT_COUNT - 1).into_iter().collect()
    }

    /// The ranges that it consists of, from the lowest.
    pub fn ranges(&self) -> &[SlotRange] {
        &self.ranges
    }

    /// The slots, from the lowest.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u16> + '_ {
        self.ranges
            .iter()
            .flat_map(|range| range.first..=range.last)
    }

    /// The number of slots.
    pub fn len(&self) -> u16 {
        self.ranges.iter().map(|range| range.slot_count()).sum()
    }

    /// Whether it holds no slot.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether it holds every slot.
    pub fn is_complete(&self) -> bool {
        self.len() == SLOT_COUNT
    }

    /// Whether it holds `slot`.
    pub fn contains(&self, slot: u16) -> bool {
        let after = self.ranges.partition_point(|range| range.first <= slot);
        after > 0 && slot <= self.ranges[after - 1].last
    }

    /// What either holds.
    pub fn union(&self, other: &SlotSet) -> SlotSet {
        let ranges = self.ranges.iter().chain(&other.ranges);
        ranges.copied().collect()
    }

    /// What both hold.
    pub fn intersection(&self, other: &SlotSet) -> SlotSet {
        let mut ranges = Vec::new();
        let (mut mine, mut theirs) = (self.ranges.iter(), other.ranges.iter());
        let (mut left, mut right) = (mine.next(), theirs.next());
        // Bounded by both: each turn goes on by one range.
        while let (Some(a), Some(b)) = (left, right) {
            ranges.extend(SlotRange::new(a.first.max(b.first), a.last.min(b.last)));
            match a.last < b.last {
                true => left = mine.next(),
                false => right = theirs.next(),
            }
        }
        SlotSet { ranges }
    }

    /// What this one holds and `other` does not.
    pub fn difference(&self, other: &SlotSet) -> SlotSet {
        self.intersection(&other.complement())
    }

    /// What it does not hold.
    pub fn complement(&self) -> SlotSet {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for range in &self.ranges {
            if range.first > 0 {
                ranges.extend(SlotRange::new(next, range.first - 1));
            }
            next = range.last + 1;
        }
        ranges.extend(SlotRange::new(next, SLOT_COUNT - 1));
        SlotSet { ranges }
    }

    /// Takes the highest `count` slots out, or all if there are not so many, and returns them.
    fn split_off_highest(&mut self, count: u16) -> SlotSet {
        let taken: SlotSet = self.iter().rev().take(usize::from(count)).collect();
        *self = self.difference(&taken);
        taken
    }
}

impl FromIterator<SlotRange> for SlotSet {
    fn from_iter<T: IntoIterator<Item = SlotRange>>(ranges: T) -> Self {
        let mut sorted: Vec<SlotRange> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut ranges: Vec<SlotRange> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match ranges.last_mut() {
                Some(last) if range.first <= last.last + 1 => last.last = last.last.max(range.last),
                _ => ranges.push(range),
            }
        }
        SlotSet { ranges }
    }
}

impl FromIterator<u16> for SlotSet {
    /// Numbers that are no slots are left out.
    fn from_iter<T: IntoIterator<Item = u16>>(slots: T) -> Self {
        let single = |slot| SlotRange::new(slot, slot);
        slots.into_iter().filter_map(single).collect()
    }
}

impl fmt::Display for SlotSet {
    /// AWS's form (NodeGroup and NodeGroupConfiguration, API reference): `0-100,200-300`. The empty set is empty.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{range}")?;
        }
        Ok(())
    }
}

impl FromStr for SlotSet {
    type Err = SlotParseError;

    /// Reads AWS's form, ranges in any order; the empty text is the empty set.
    fn from_str(text: &str) -> Result<Self, SlotParseError> {
        let mut set = SlotSet::EMPTY;
        if text.is_empty() {
            return Ok(set);
        }
        for part in text.split(',') {
            let range: SlotSet = [part.parse::<SlotRange>()?].into_iter().collect();
            if let Some(twice) = set.intersection(&range).iter().next() {
                return Err(SlotParseError::NamedTwice(twice));
            }
            set = set.union(&range);
        }
        Ok(set)
    }
}

/// How well shards together cover the slots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Slots of no shard.
    pub unowned: SlotSet,
    /// Slots of more than one shard.
    pub overlapping: SlotSet,
}

impl Coverage {
    /// Looks at what all shards own.
    pub fn of<'a>(shards: impl IntoIterator<Item = &'a SlotSet>) -> Self {
        let (mut owned, mut overlapping) = (SlotSet::EMPTY, SlotSet::EMPTY);
        for shard in shards {
            overlapping = overlapping.union(&owned.intersection(shard));
            owned = owned.union(shard);
        }
        Coverage {
            unowned: owned.complement(),
            overlapping,
        }
    }

    /// Whether every slot has exactly one shard.
    pub fn is_exact(&self) -> bool {
        self.unowned.is_empty() && self.overlapping.is_empty()
    }
}

/// What each of `node_groups` shards gets when the user does not say: a range in a row, the larger ones first (behaviour.md
/// section 10; recorded for three: 0-5461, 5462-10922, 10923-16383).
///
/// No shard gets none up to 16,384; there is nothing for zero shards.
pub fn even_split(node_groups: u16) -> Vec<SlotSet> {
    let mut next = 0;
    let split = |share: u16| {
        let range = SlotRange::new(next, (next + share).saturating_sub(1));
        next += share;
        range.filter(|_| share > 0).into_iter().collect()
    };
    even_shares(SLOT_COUNT, usize::from(node_groups))
        .map(split)
        .collect()
}

/// Numbers that sum up to `total` and differ by at most one, the larger first.
fn even_shares(total: u16, count: usize) -> impl Iterator<Item = u16> {
    let total = usize::from(total);
    let share = move |index: usize| {
        let extra = usize::from(index < total % count);
        u16::try_from(total / count + extra).unwrap_or(u16::MAX)
    };
    (0..count).map(share)
}

/// Slots that change their shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move<K> {
    /// The shard that has them.
    pub from: K,
    /// The shard that shall have them.
    pub to: K,
    /// Which.
    pub slots: SlotSet,
}

/// The fewest slots to move so that each of `targets` owns an even share of what all shards own, and no other owns anything.
///
/// `current` names each shard once, and no slot twice; a target that is not there owns nothing yet. With every slot owned the
/// share is the floor or ceiling of 16,384 by the number of targets, and those that own most keep the larger ones. The
/// same arguments give the same moves: slots are taken from the top of each shard in the order of `current`, and given in
/// the order of `targets`.
///
/// Without targets there is nowhere to move anything, so there are no moves.
pub fn rebalance<K: Clone + Eq>(current: &[(K, SlotSet)], targets: &[K]) -> Vec<Move<K>> {
    let owned = |key: &K| current.iter().find(|(shard, _)| shard == key);
    let owned_count = |key: &K| owned(key).map_or(0, |(_, slots)| slots.len());
    let total = current
        .iter()
        .fold(0u16, |sum, (_, slots)| sum.saturating_add(slots.len()));
    // The larger shares are for those that own most: each that has a slot to keep is one slot less to move.
    let mut by_wealth: Vec<&K> = targets.iter().collect();
    by_wealth.sort_by_key(|key| std::cmp::Reverse(owned_count(key)));
    let shares: Vec<(&K, u16)> = by_wealth
        .into_iter()
        .zip(even_shares(total, targets.len()))
        .collect();
    let share = |key: &K| {
        let found = shares.iter().find(|(target, _)| *target == key);
        found.map_or(0, |(_, share)| *share)
    };
    let mut lacking = targets
        .iter()
        .map(|key| (key, share(key).saturating_sub(owned_count(key))))
        .filter(|(_, lacks)| *lacks > 0);
    let mut taker = lacking.next();
    let mut moves = Vec::new();
    for (from, slots) in current {
        let mut given = slots
            .clone()
            .split_off_highest(slots.len().saturating_sub(share(from)));
        // Bounded by givers and takers together: each turn is done with one of them.
        while let (false, Some((to, lacks))) = (given.is_empty(), taker) {
            let slots = given.split_off_highest(lacks);
            let left = lacks - slots.len();
            taker = if left == 0 {
                lacking.next()
            } else {
                Some((to, left))
            };
            moves.push(Move {
                from: from.clone(),
                to: to.clone(),
                slots,
            });
        }
    }
    moves
}

/// The slot of a key: CRC16 (XMODEM) of its hash tag, or of all of it where there is none. The tag is what stands between the
/// first `{` and the first `}` after it, unless that is nothing (Redis cluster specification).
pub fn key_slot(key: &[u8]) -> u16 {
    let tag = || {
        let opened = key.iter().position(|&byte| byte == b'{')?;
        let inside = &key[opened + 1..];
        let length = inside.iter().position(|&byte| byte == b'}')?;
        (length > 0).then_some(&inside[..length])
    };
    crc16(tag().unwrap_or(key)) % SLOT_COUNT
}

/// CRC16/XMODEM: polynomial 0x1021, nothing reflected, begun with 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, &byte| {
        let index = (crc >> 8) ^ u16::from(byte);
        (crc << 8) ^ CRC16_TABLE[usize::from(index)]
    })
}

static CRC16_TABLE: [u16; 256] = crc16_table();

const fn crc16_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            let carry = crc & 0x8000 != 0;
            crc <<= 1;
            if carry {
                crc ^= 0x1021;
            }
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests;
