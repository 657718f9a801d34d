use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn set(text: &str) -> SlotSet {
    text.parse().expect(text)
}

#[test]
fn sets_are_read_and_printed_in_awss_form() {
    let check = |text: &str, printed: &str, len: u16| {
        let set = set(text);
        assert_eq!((set.to_string().as_str(), set.len()), (printed, len));
        assert_eq!(printed.parse(), Ok(set), "{text}");
    };
    check("", "", 0);
    check("0-5460", "0-5460", 5461);
    check("0-16383", "0-16383", 16_384);
    check("7", "7", 1);
    check("7-7", "7", 1);
    check("200-300,0-100", "0-100,200-300", 202);
    check("0-100,101-300", "0-300", 301);
    check("00-0007", "0-7", 8);
    let recorded = "894-1767,3134-4443,5149-5461,6827-7332,12570-13662";
    check(recorded, recorded, 874 + 1310 + 313 + 506 + 1093);
}

#[test]
fn other_texts_are_refused() {
    let malformed = [
        "-", "0-", "-5", "5-4", "0-16384", "16384", "70000", "+1-5", "a-b", "0-1-2", " 0-5",
        "0 - 5", "1.5", "٣",
    ];
    for text in malformed {
        let expected = Err(SlotParseError::Malformed(text.to_owned()));
        assert_eq!(text.parse::<SlotSet>(), expected);
    }
    let check = |text: &str, part: &str| {
        let expected = Err(SlotParseError::Malformed(part.to_owned()));
        assert_eq!(text.parse::<SlotSet>(), expected, "{text}");
    };
    check("0-5,", "");
    check(",", "");
    check("0-5,7-6", "7-6");
    let twice = "0-5,3-9".parse::<SlotSet>();
    assert_eq!(twice, Err(SlotParseError::NamedTwice(3)));
}

#[test]
fn shards_are_checked_for_gaps_and_overlaps() {
    let check = |shards: &[&str], unowned: &str, overlapping: &str| {
        let shards: Vec<SlotSet> = shards.iter().map(|text| set(text)).collect();
        let coverage = Coverage::of(&shards);
        let found = (
            coverage.unowned.to_string(),
            coverage.overlapping.to_string(),
        );
        assert_eq!(found, (unowned.to_owned(), overlapping.to_owned()));
        assert_eq!(
            coverage.is_exact(),
            unowned.is_empty() && overlapping.is_empty()
        );
    };
    check(&[], "0-16383", "");
    check(&["0-16383"], "", "");
    check(&["0-8191", "8192-16383"], "", "");
    check(&["0-8191", "8193-16383"], "8192", "");
    check(&["0-8192", "8190-16383", "8191"], "", "8190-8192");
}

#[test]
fn the_default_split_is_awss() {
    let check = |shards: u16, expected: &[&str]| {
        let split: Vec<String> = even_split(shards).iter().map(SlotSet::to_string).collect();
        assert_eq!(split, expected);
    };
    check(0, &[]);
    check(1, &["0-16383"]);
    check(2, &["0-8191", "8192-16383"]);
    // Recorded (behaviour.md section 10).
    check(3, &["0-5461", "5462-10922", "10923-16383"]);
    check(
        5,
        &[
            "0-3276",
            "3277-6553",
            "6554-9830",
            "9831-13107",
            "13108-16383",
        ],
    );
    assert_eq!(even_split(SLOT_COUNT + 1).last(), Some(&SlotSet::EMPTY));
}

#[test]
fn keys_have_the_slots_that_engines_say() {
    // What `CLUSTER KEYSLOT` answers.
    let check = |key: &[u8], slot: u16| assert_eq!(key_slot(key), slot, "{key:?}");
    check(b"", 0);
    check(b"123456789", 0x31c3);
    check(b"foo", 12_182);
    check(b"{foo}bar", 12_182);
    check(b"a{foo}{bar}", 12_182);
    assert_eq!(key_slot(b"a{foo"), crc16(b"a{foo") % SLOT_COUNT);
    assert_eq!(key_slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOT_COUNT);
    assert_eq!(key_slot(b"foo{{bar}}zap"), key_slot(b"{bar"));
    assert_eq!(key_slot(b"}{foo}"), key_slot(b"foo"));
    assert_eq!(key_slot(&[0xff, 0x00]), crc16(&[0xff, 0x00]) % SLOT_COUNT);
}

#[test]
fn scaling_moves_as_little_as_it_can() {
    let moves = |current: &[(u8, &str)], targets: &[u8]| {
        let current: Vec<_> = current
            .iter()
            .map(|(key, text)| (*key, set(text)))
            .collect();
        let moves = rebalance(&current, targets);
        let print = |step: &Move<u8>| format!("{}->{} {}", step.from, step.to, step.slots);
        moves.iter().map(print).collect::<Vec<_>>()
    };
    let two = [(1, "0-8191"), (2, "8192-16383")];
    assert_eq!(moves(&two, &[1, 2]), [""; 0]);
    assert_eq!(moves(&two, &[]), [""; 0]);
    assert_eq!(
        moves(&two, &[1, 2, 3]),
        ["1->3 5462-8191", "2->3 13653-16383"]
    );
    assert_eq!(
        moves(&two, &[1, 2, 3, 4]),
        ["1->3 4096-8191", "2->4 12288-16383"]
    );
    assert_eq!(moves(&two, &[2]), ["1->2 0-8191"]);
    assert_eq!(moves(&two, &[3]), ["1->3 0-8191", "2->3 8192-16383"]);
    // What is even but for one slot stays, whoever has the larger share.
    let three = [(1, "0-5460"), (2, "5461-10921"), (3, "10922-16383")];
    assert_eq!(moves(&three, &[1, 2, 3]), [""; 0]);
    // Slots of nobody stay nobody's; what is there is shared.
    assert_eq!(moves(&[(1, "0-9")], &[1, 2]), ["1->2 5-9"]);
}

fn any_set() -> impl Strategy<Value = SlotSet> {
    let range = (0..SLOT_COUNT, 0..400u16)
        .prop_map(|(first, more)| SlotRange::new(first, (first + more).min(SLOT_COUNT - 1)));
    vec(range, 0..12).prop_map(|ranges| ranges.into_iter().flatten().collect())
}

/// Every slot owned by one of up to nine shards, in pieces.
fn any_ownership() -> impl Strategy<Value = Vec<(usize, SlotSet)>> {
    let cuts = vec((1..SLOT_COUNT, 0..9usize), 0..40);
    (1..10usize, cuts).prop_map(|(shards, mut cuts)| {
        cuts.sort_unstable();
        let mut owned = vec![SlotSet::EMPTY; shards];
        let mut first = 0;
        for (cut, owner) in cuts.into_iter().chain([(SLOT_COUNT, 0)]) {
            let piece: SlotSet = (first..cut).collect();
            let owner = owner % shards;
            owned[owner] = owned[owner].union(&piece);
            first = cut;
        }
        owned.into_iter().enumerate().collect()
    })
}

fn members(set: &SlotSet) -> std::collections::BTreeSet<u16> {
    set.iter().collect()
}

proptest! {
    // Each looks at every slot.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sets_are_sets(a in any_set(), b in any_set()) {
        let (left, right) = (members(&a), members(&b));
        prop_assert_eq!(usize::from(a.len()), left.len());
        prop_assert_eq!(members(&a.union(&b)), left.union(&right).copied().collect());
        prop_assert_eq!(members(&a.intersection(&b)), left.intersection(&right).copied().collect());
        prop_assert_eq!(members(&a.difference(&b)), left.difference(&right).copied().collect());
        prop_assert!((0..SLOT_COUNT).all(|slot| a.contains(slot) == left.contains(&slot)));
        prop_assert!(!a.contains(SLOT_COUNT) && !a.contains(u16::MAX));
        prop_assert_eq!(a.to_string().parse(), Ok(a.clone()));
        prop_assert_eq!(left.into_iter().collect::<SlotSet>(), a);
    }

    #[test]
    fn no_text_is_a_panic(text in "[0-9,-]{0,12}|.{0,20}") {
        if let Ok(set) = text.parse::<SlotSet>() {
            prop_assert_eq!(set.to_string().parse(), Ok(set));
        }
    }

    #[test]
    fn a_split_is_total_and_even(shards in 1..600u16) {
        let split = even_split(shards);
        prop_assert!(Coverage::of(&split).is_exact());
        let floor = SLOT_COUNT / shards;
        prop_assert!(split.iter().all(|set| set.len() == floor || set.len() == floor + 1));
        prop_assert!(split.iter().all(|set| set.ranges().len() == 1));
    }

    #[test]
    fn a_rebalance_is_total_even_minimal_and_final(
        current in any_ownership(),
        chosen in vec(any::<bool>(), 12),
    ) {
        // Some of those that are there, and some that are not yet.
        let targets: Vec<usize> = (0..12).filter(|&key| chosen[key]).collect();
        prop_assume!(!targets.is_empty());
        let moves = rebalance(&current, &targets);
        prop_assert_eq!(&moves, &rebalance(&current, &targets));

        let before = |key: usize| current.get(key).map_or(SlotSet::EMPTY, |(_, set)| set.clone());
        let mut after: Vec<(usize, SlotSet)> = (0..12).map(|key| (key, before(key))).collect();
        for step in &moves {
            prop_assert!(!step.slots.is_empty() && step.from != step.to);
            // What it gives it has had from the beginning: nothing moves twice.
            prop_assert!(step.slots.difference(&before(step.from)).is_empty());
            after[step.from].1 = after[step.from].1.difference(&step.slots);
            prop_assert!(after[step.to].1.intersection(&step.slots).is_empty());
            after[step.to].1 = after[step.to].1.union(&step.slots);
        }
        prop_assert!(Coverage::of(after.iter().map(|(_, set)| set)).is_exact());

        let count = u16::try_from(targets.len()).unwrap();
        let (floor, larger) = (SLOT_COUNT / count, SLOT_COUNT % count);
        for (key, set) in &after {
            match targets.contains(key) {
                true => prop_assert!([floor, floor + 1].contains(&set.len())),
                false => prop_assert!(set.is_empty()),
            }
        }
        // No target can keep more than the larger share, no more than `larger` of them that much, and others nothing.
        let mut could_keep_one_more = 0;
        let mut kept = 0;
        for &key in &targets {
            let had = before(key).len();
            kept += had.min(floor);
            could_keep_one_more += u16::from(had > floor);
        }
        let moved: u16 = moves.iter().map(|step| step.slots.len()).sum();
        prop_assert_eq!(moved, SLOT_COUNT - kept - could_keep_one_more.min(larger));
        prop_assert!(moves.len() < current.len() + targets.len());

        let settled: Vec<(usize, SlotSet)> = after.into_iter().filter(|(key, _)| targets.contains(key)).collect();
        prop_assert_eq!(rebalance(&settled, &targets), vec![]);
    }
}
