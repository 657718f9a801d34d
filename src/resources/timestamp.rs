//! The one time type of the rooms: milliseconds since the Unix epoch, UTC.

use std::time::Duration;

/// An instant, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant that lies `milliseconds` after the Unix epoch.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This instant moved back by `duration`.
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This instant moved on by `duration`.
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The date and the time of day as names carry them: `2019-12-05` and `06-38`.
    pub fn date_and_time(self) -> (String, String) {
        let minutes = self.0.div_euclid(60_000);
        let (days, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
        // Years that begin in March, so that the leap day is their last; four hundred of them have 146,097 days.
        let from_march_0000 = days + 719_468;
        let (era, day_of_era) = (
            from_march_0000.div_euclid(146_097),
            from_march_0000.rem_euclid(146_097),
        );
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (
            format!("{year:04}-{month:02}-{day:02}"),
            format!("{:02}-{:02}", minute / 60, minute % 60),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |millis, date: &str, time: &str| {
            let found = Timestamp::from_millis(millis).date_and_time();
            assert_eq!(found, (date.to_owned(), time.to_owned()));
        };
        check(0, "1970-01-01", "00-00");
        check(951_782_399_999, "2000-02-28", "23-59");
        check(951_782_400_000, "2000-02-29", "00-00");
        check(1_575_527_903_000, "2019-12-05", "06-38");
        check(1_772_625_600_000, "2026-03-04", "12-00");
        check(4_107_542_400_000, "2100-03-01", "00-00");
    }
}
