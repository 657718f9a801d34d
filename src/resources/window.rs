//! Maintenance windows (once a week) and snapshot windows (once a day), in UTC.
//!
//! Times are milliseconds since the Unix epoch. Windows contain their start and not their end, so two that touch do
//! not overlap.

use std::fmt;

use super::violation::Violation;

const MINUTES_PER_DAY: u32 = 24 * 60;
const MINUTES_PER_WEEK: u32 = 7 * MINUTES_PER_DAY;
const MINUTE_MS: i64 = 60_000;
const SHORTEST_MINUTES: u32 = 60;
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A weekly window in which pending changes are made: `mon:17:30-mon:18:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaintenanceWindow {
    /// Minute of the week, which begins on Sunday.
    start_minute: u32,
    length_minutes: u32,
}

/// A daily window in which automatic snapshots are taken: `06:30-07:30`. It may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SnapshotWindow {
    /// Minute of the day.
    start_minute: u32,
    length_minutes: u32,
}

impl MaintenanceWindow {
    /// The window written as `ddd:hh24:mi-ddd:hh24:mi`, days in any case.
    ///
    /// # Errors
    /// The service's answers for another form and for less than 60 minutes; more than 24 hours are refused in
    /// words of ours.
    pub fn parse(text: &str) -> Result<MaintenanceWindow, Violation> {
        let Some((start_minute, end)) = parse_range(text, parse_day_and_time) else {
            return Err(Violation::value(
                "Invalid maintenance window format. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC)",
            ));
        };
        let length_minutes = (end + MINUTES_PER_WEEK - start_minute) % MINUTES_PER_WEEK;
        if length_minutes < SHORTEST_MINUTES {
            return Err(Violation::value(
                "Maintenance window must be at least 60 minutes.",
            ));
        }
        if length_minutes > MINUTES_PER_DAY {
            return Err(Violation::value(
                "Maintenance window must be at most 24 hours.",
            ));
        }
        Ok(MaintenanceWindow {
            start_minute,
            length_minutes,
        })
    }

    /// Whether the time is inside the window.
    pub fn contains(&self, now_ms: i64) -> bool {
        since_start(
            now_ms,
            EPOCH_MINUTE_OF_WEEK,
            self.start_minute,
            MINUTES_PER_WEEK,
        ) < i64::from(self.length_minutes) * MINUTE_MS
    }

    /// When the window opens next, at `now_ms` or after it.
    pub fn next_start_ms(&self, now_ms: i64) -> i64 {
        next_start_ms(
            now_ms,
            EPOCH_MINUTE_OF_WEEK,
            self.start_minute,
            MINUTES_PER_WEEK,
        )
    }

    /// Whether the two are ever open at the same time.
    pub fn overlaps(&self, snapshot: &SnapshotWindow) -> bool {
        // A window that begins on Saturday may reach into the next week, and a snapshot that began the day before the
        // first may reach into this one.
        (-1..=8).any(|day| {
            let maintenance_start = i64::from(self.start_minute);
            let snapshot_start =
                i64::from(snapshot.start_minute) + day * i64::from(MINUTES_PER_DAY);
            maintenance_start < snapshot_start + i64::from(snapshot.length_minutes)
                && snapshot_start < maintenance_start + i64::from(self.length_minutes)
        })
    }
}

impl SnapshotWindow {
    /// The window written as `hh24:mi-hh24:mi`.
    ///
    /// # Errors
    /// The service's answer for another form; less than 60 minutes are refused in words of ours.
    pub fn parse(text: &str) -> Result<SnapshotWindow, Violation> {
        let Some((start_minute, end)) = parse_range(text, parse_time) else {
            return Err(Violation::value(
                "Invalid backup window format. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC)",
            ));
        };
        let length_minutes = (end + MINUTES_PER_DAY - start_minute) % MINUTES_PER_DAY;
        if length_minutes < SHORTEST_MINUTES {
            return Err(Violation::value(
                "Backup window must be at least 60 minutes.",
            ));
        }
        Ok(SnapshotWindow {
            start_minute,
            length_minutes,
        })
    }

    /// Whether the time is inside the window.
    pub fn contains(&self, now_ms: i64) -> bool {
        since_start(
            now_ms,
            EPOCH_MINUTE_OF_DAY,
            self.start_minute,
            MINUTES_PER_DAY,
        ) < i64::from(self.length_minutes) * MINUTE_MS
    }

    /// When the window opens next, at `now_ms` or after it.
    pub fn next_start_ms(&self, now_ms: i64) -> i64 {
        next_start_ms(
            now_ms,
            EPOCH_MINUTE_OF_DAY,
            self.start_minute,
            MINUTES_PER_DAY,
        )
    }
}

/// Refuses two windows that overlap.
///
/// # Errors
/// The service's answer.
pub fn check_apart(
    maintenance: &MaintenanceWindow,
    snapshot: &SnapshotWindow,
) -> Result<(), Violation> {
    match maintenance.overlaps(snapshot) {
        true => Err(Violation::value(
            "The snapshot window and maintenance window must not overlap.",
        )),
        false => Ok(()),
    }
}

/// The maintenance window that the service chooses: an hour of any day in the Region's block. The same seed
/// gives the same window.
pub fn default_maintenance(region: &str, seed: u64) -> MaintenanceWindow {
    let day = u32::try_from(mix(seed) % 7).expect("below 7");
    maintenance_on(day, pick(&hours_of(region), mix(seed ^ 1)))
}

/// As `default_maintenance`, clear of a snapshot window that the customer chose.
pub fn default_maintenance_beside(
    region: &str,
    seed: u64,
    snapshot: &SnapshotWindow,
) -> MaintenanceWindow {
    let day = u32::try_from(mix(seed) % 7).expect("below 7");
    let is_free = |start: &u32| !maintenance_on(day, *start).overlaps(snapshot);
    maintenance_on(day, pick_free(&hours_of(region), is_free, mix(seed ^ 1)))
}

/// The snapshot window that the service chooses: an hour in the Region's block, clear of the maintenance window (outside
/// the block if that fills it). The same seed gives the same window. A maintenance window of more than 22 hours leaves no
/// hour free on its days; then they do overlap, as they must.
pub fn default_snapshot(
    region: &str,
    seed: u64,
    maintenance: &MaintenanceWindow,
) -> SnapshotWindow {
    let is_free = |start: &u32| !maintenance.overlaps(&snapshot_at(*start));
    snapshot_at(pick_free(&hours_of(region), is_free, mix(seed ^ 2)))
}

fn maintenance_on(day: u32, start_of_day: u32) -> MaintenanceWindow {
    MaintenanceWindow {
        start_minute: day * MINUTES_PER_DAY + start_of_day,
        length_minutes: 60,
    }
}

fn snapshot_at(start_minute: u32) -> SnapshotWindow {
    SnapshotWindow {
        start_minute,
        length_minutes: 60,
    }
}

/// One of the starts that is free; else of the whole day's; else of all.
fn pick_free(starts: &[u32], is_free: impl Fn(&u32) -> bool, random: u64) -> u32 {
    let whole_day: Vec<u32> = (0..MINUTES_PER_DAY).step_by(30).collect();
    for starts in [starts, &whole_day] {
        let free: Vec<u32> = starts
            .iter()
            .copied()
            .filter(|start| is_free(start))
            .collect();
        if !free.is_empty() {
            return pick(&free, random);
        }
    }
    pick(starts, random)
}

fn pick(starts: &[u32], random: u64) -> u32 {
    let count = u64::try_from(starts.len()).expect("a few starts");
    starts[usize::try_from(random % count).expect("below the count")]
}

/// The starts, on half hours, of the hours that lie inside the Region's block.
fn hours_of(region: &str) -> Vec<u32> {
    let (start, end) = block(region);
    let end = if end < start {
        end + MINUTES_PER_DAY
    } else {
        end
    };
    let first = start.div_ceil(30) * 30;
    (first..=end - 60)
        .step_by(30)
        .map(|start| start % MINUTES_PER_DAY)
        .collect()
}

/// The eight hours (in minutes of the day) from which the service chooses windows for a Region. A Region that it
/// does not have gets those of us-east-1.
fn block(region: &str) -> (u32, u32) {
    let at = |region: &str| BLOCKS.iter().find(|(name, _, _)| *name == region).copied();
    let (_, start, end) = at(region)
        .or_else(|| at("us-east-1"))
        .expect("us-east-1 has a block");
    (start / 100 * 60 + start % 100, end / 100 * 60 + end % 100)
}

/// Region, start and end; `2359` is 23:59.
static BLOCKS: &[(&str, u32, u32)] = &[
    ("af-south-1", 1300, 2100),
    ("ap-east-1", 1300, 2100),
    ("ap-east-2", 900, 1700),
    ("ap-northeast-1", 1300, 2100),
    ("ap-northeast-2", 1200, 2000),
    ("ap-northeast-3", 1200, 2000),
    ("ap-south-1", 1730, 130),
    ("ap-south-2", 630, 1430),
    ("ap-southeast-1", 1400, 2200),
    ("ap-southeast-2", 1200, 2000),
    ("ap-southeast-3", 1400, 2200),
    ("ap-southeast-4", 1100, 1900),
    ("ap-southeast-5", 900, 1700),
    ("ap-southeast-7", 800, 1600),
    ("ca-central-1", 300, 1100),
    ("ca-west-1", 1800, 200),
    ("cn-north-1", 1400, 2200),
    ("cn-northwest-1", 1400, 2200),
    ("eu-central-1", 2300, 700),
    ("eu-central-2", 200, 1000),
    ("eu-north-1", 2300, 700),
    ("eu-south-1", 2100, 500),
    ("eu-south-2", 200, 1000),
    ("eu-west-1", 2200, 600),
    ("eu-west-2", 2300, 700),
    ("eu-west-3", 2359, 729),
    ("il-central-1", 300, 1100),
    ("me-central-1", 1300, 2100),
    ("me-south-1", 1300, 2100),
    ("mx-central-1", 1900, 300),
    ("sa-east-1", 100, 900),
    ("us-east-1", 300, 1100),
    ("us-east-2", 400, 1200),
    ("us-gov-east-1", 1700, 100),
    ("us-gov-west-1", 600, 1400),
    ("us-west-1", 600, 1400),
    ("us-west-2", 600, 1400),
];

/// Spreads neighbouring seeds (the finalizer of SplitMix64).
fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn parse_range(text: &str, parse: fn(&str) -> Option<u32>) -> Option<(u32, u32)> {
    let (start, end) = text.split_once('-')?;
    Some((parse(start)?, parse(end)?))
}

fn parse_day_and_time(text: &str) -> Option<u32> {
    let (day, time) = text.split_once(':')?;
    let day = DAYS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(day))?;
    Some(u32::try_from(day).ok()? * MINUTES_PER_DAY + parse_time(time)?)
}

fn parse_time(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |digits: &str| {
        let are_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        are_digits.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// The epoch was a Thursday.
const EPOCH_MINUTE_OF_WEEK: u32 = 4 * MINUTES_PER_DAY;
const EPOCH_MINUTE_OF_DAY: u32 = 0;

/// How long ago, in milliseconds, a window of that period opened last.
fn since_start(now_ms: i64, epoch_minute: u32, start_minute: u32, period_minutes: u32) -> i64 {
    let start_ms = (i64::from(start_minute) - i64::from(epoch_minute)) * MINUTE_MS;
    (now_ms - start_ms).rem_euclid(i64::from(period_minutes) * MINUTE_MS)
}

fn next_start_ms(now_ms: i64, epoch_minute: u32, start_minute: u32, period_minutes: u32) -> i64 {
    match since_start(now_ms, epoch_minute, start_minute, period_minutes) {
        0 => now_ms,
        elapsed_ms => now_ms - elapsed_ms + i64::from(period_minutes) * MINUTE_MS,
    }
}

impl fmt::Display for MaintenanceWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = (self.start_minute + self.length_minutes) % MINUTES_PER_WEEK;
        let day = |minute: u32| {
            DAYS[usize::try_from(minute / MINUTES_PER_DAY).expect("a day of the week")]
        };
        write!(
            f,
            "{}:{}-{}:{}",
            day(self.start_minute),
            Time(self.start_minute),
            day(end),
            Time(end)
        )
    }
}

impl fmt::Display for SnapshotWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}",
            Time(self.start_minute),
            Time(self.start_minute + self.length_minutes)
        )
    }
}

struct Time(u32);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute_of_day = self.0 % MINUTES_PER_DAY;
        write!(f, "{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 60 * MINUTE_MS;
    const DAY_MS: i64 = 24 * HOUR_MS;
    /// Sunday 2026-01-04 00:00 UTC.
    const SUNDAY_MS: i64 = 1_767_484_800_000;

    fn maintenance(text: &str) -> MaintenanceWindow {
        MaintenanceWindow::parse(text).expect(text)
    }

    fn snapshot(text: &str) -> SnapshotWindow {
        SnapshotWindow::parse(text).expect(text)
    }

    #[test]
    fn windows_are_read_and_written() {
        for text in [
            "mon:17:30-mon:18:30",
            "sat:23:30-sun:00:30",
            "sun:00:00-mon:00:00",
        ] {
            assert_eq!(maintenance(text).to_string(), text);
        }
        assert_eq!(
            maintenance("Mon:04:05-MON:05:05").to_string(),
            "mon:04:05-mon:05:05"
        );
        for text in ["06:30-07:30", "23:30-00:30", "00:00-23:59"] {
            assert_eq!(snapshot(text).to_string(), text);
        }
    }

    #[test]
    fn bad_windows_are_refused_in_the_words_of_the_service() {
        let check = |text: &str, expected: &str| {
            let violation = Violation::InvalidParameterValue(expected.into());
            assert_eq!(MaintenanceWindow::parse(text), Err(violation), "{text}");
        };
        let format = "Invalid maintenance window format. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC)";
        for text in [
            "",
            "mon",
            "mon:17:30",
            "17:30-18:30",
            "mon:24:00-tue:01:00",
            "mon:5:00-mon:06:00",
            "mon:05:60-mon:07:00",
            "mon:05:00-mon:06:00-mon:07:00",
            "montag:05:00-montag:06:00",
            "mon:+5:00-mon:06:00",
            " mon:05:00-mon:06:00",
        ] {
            check(text, format);
        }
        check(
            "mon:17:30-mon:18:29",
            "Maintenance window must be at least 60 minutes.",
        );
        check(
            "mon:17:30-mon:17:30",
            "Maintenance window must be at least 60 minutes.",
        );
        check(
            "mon:17:30-tue:17:31",
            "Maintenance window must be at most 24 hours.",
        );
        check(
            "mon:18:30-mon:17:30",
            "Maintenance window must be at most 24 hours.",
        );

        let check = |text: &str, expected: &str| {
            let violation = Violation::InvalidParameterValue(expected.into());
            assert_eq!(SnapshotWindow::parse(text), Err(violation), "{text}");
        };
        let format = "Invalid backup window format. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC)";
        for text in [
            "",
            "05:00",
            "5:00-6:00",
            "05:00-24:00",
            "mon:05:00-mon:06:00",
            "05:00-06:00 ",
        ] {
            check(text, format);
        }
        check("05:00-05:59", "Backup window must be at least 60 minutes.");
        check("05:00-05:00", "Backup window must be at least 60 minutes.");
        check("23:30-00:29", "Backup window must be at least 60 minutes.");
    }

    #[test]
    fn windows_overlap_when_they_are_open_together() {
        let check = |one: &str, other: &str, expected: bool| {
            let (one, other) = (maintenance(one), snapshot(other));
            assert_eq!(one.overlaps(&other), expected, "{one} {other}");
            let text = "The snapshot window and maintenance window must not overlap.";
            let outcome = check_apart(&one, &other);
            assert_eq!(
                outcome.err(),
                expected.then(|| Violation::InvalidParameterValue(text.into()))
            );
        };
        check("mon:05:00-mon:06:00", "05:00-06:00", true);
        check("mon:05:00-mon:06:00", "05:30-06:30", true);
        check("mon:05:00-mon:06:00", "06:00-07:00", false);
        check("mon:05:00-mon:06:00", "04:00-05:00", false);
        check("mon:05:00-mon:06:00", "23:00-05:01", true);
        check("mon:05:00-mon:06:00", "23:00-05:00", false);
        check("sat:23:30-sun:00:30", "00:00-01:00", true);
        check("sun:00:00-sun:01:00", "23:30-00:30", true);
        check("sat:22:00-sun:22:00", "22:00-23:00", true);
        check("sat:22:00-sun:21:00", "21:00-22:00", false);
    }

    #[test]
    fn a_window_is_open_from_its_start_to_its_end() {
        let weekly = maintenance("sat:23:30-sun:00:30");
        assert!(weekly.contains(SUNDAY_MS));
        assert!(weekly.contains(SUNDAY_MS - 30 * MINUTE_MS));
        assert!(!weekly.contains(SUNDAY_MS - 30 * MINUTE_MS - 1));
        assert!(!weekly.contains(SUNDAY_MS + 30 * MINUTE_MS));
        assert!(weekly.contains(SUNDAY_MS + 30 * MINUTE_MS - 1));
        assert!(!weekly.contains(SUNDAY_MS + DAY_MS));
        let daily = snapshot("23:30-00:30");
        assert!(daily.contains(SUNDAY_MS) && daily.contains(SUNDAY_MS + 3 * DAY_MS));
        assert!(!daily.contains(SUNDAY_MS + 30 * MINUTE_MS));
    }

    #[test]
    fn the_next_start_is_now_or_later() {
        let weekly = maintenance("mon:05:00-mon:06:00");
        let start = SUNDAY_MS + DAY_MS + 5 * HOUR_MS;
        assert_eq!(weekly.next_start_ms(SUNDAY_MS), start);
        assert_eq!(weekly.next_start_ms(start), start);
        assert_eq!(weekly.next_start_ms(start + 1), start + 7 * DAY_MS);
        assert_eq!(weekly.next_start_ms(start - 1), start);
        let daily = snapshot("05:00-06:00");
        assert_eq!(daily.next_start_ms(SUNDAY_MS), SUNDAY_MS + 5 * HOUR_MS);
        assert_eq!(
            daily.next_start_ms(SUNDAY_MS + 6 * HOUR_MS),
            SUNDAY_MS + DAY_MS + 5 * HOUR_MS
        );
    }

    #[test]
    fn chosen_windows_lie_in_the_block_on_half_hours_and_apart() {
        for &(region, _, _) in BLOCKS {
            let (start, end) = block(region);
            let block_minutes = (end + MINUTES_PER_DAY - start) % MINUTES_PER_DAY;
            let is_inside = |minute: u32| {
                let since = (minute % MINUTES_PER_DAY + MINUTES_PER_DAY - start) % MINUTES_PER_DAY;
                minute.is_multiple_of(30) && since + 60 <= block_minutes
            };
            for seed in 0..200 {
                let maintenance = default_maintenance(region, seed);
                assert!(
                    is_inside(maintenance.start_minute),
                    "{region} {maintenance}"
                );
                let snapshot = default_snapshot(region, seed, &maintenance);
                assert!(is_inside(snapshot.start_minute), "{region} {snapshot}");
                assert_eq!(
                    check_apart(&maintenance, &snapshot),
                    Ok(()),
                    "{region} {maintenance} {snapshot}"
                );
                assert_eq!(
                    default_maintenance(region, seed),
                    maintenance,
                    "a seed is a choice"
                );
                let beside = default_maintenance_beside(region, seed, &snapshot);
                assert!(is_inside(beside.start_minute) && !beside.overlaps(&snapshot));
                assert_eq!(
                    MaintenanceWindow::parse(&maintenance.to_string()),
                    Ok(maintenance)
                );
                assert_eq!(SnapshotWindow::parse(&snapshot.to_string()), Ok(snapshot));
            }
        }
    }

    #[test]
    fn chosen_windows_use_the_whole_week() {
        let days: std::collections::BTreeSet<_> = (0..200)
            .map(|seed| default_maintenance("us-east-1", seed).start_minute / MINUTES_PER_DAY)
            .collect();
        assert_eq!(days.len(), 7);
        let starts: std::collections::BTreeSet<_> = (0..400)
            .map(|seed| default_maintenance("us-east-1", seed).start_minute % MINUTES_PER_DAY)
            .collect();
        assert_eq!(starts.len(), 15);
    }

    #[test]
    fn a_snapshot_leaves_the_block_when_maintenance_fills_it() {
        let long = maintenance("mon:02:00-mon:12:00");
        let chosen = default_snapshot("us-east-1", 7, &long);
        assert!(!long.overlaps(&chosen));
        let whole_day = maintenance("mon:00:00-tue:00:00");
        assert!(default_snapshot("us-east-1", 7, &whole_day).start_minute < MINUTES_PER_DAY);
    }

    #[test]
    fn an_unknown_region_has_a_block() {
        assert_eq!(
            default_maintenance("mars-1", 3),
            default_maintenance("us-east-1", 3)
        );
    }
}
