//! The times that signatures carry: `20150830T123600Z`, in UTC.

const DAY_SECONDS: i64 = 86_400;

/// Seconds since the Unix epoch of a time that is written in ISO 8601's basic form; none for anything else.
pub fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let is_formed = bytes.len() == 16
        && bytes[8] == b'T'
        && bytes[15] == b'Z'
        && (0..15).all(|at| at == 8 || bytes[at].is_ascii_digit());
    if !is_formed {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let day_of_epoch = day_of(year, month, day);
    let is_real = (1..=12).contains(&month)
        && date_of(day_of_epoch) == (year, month, day)
        && hour < 24
        && minute < 60
        && second < 60;
    is_real.then_some(day_of_epoch * DAY_SECONDS + hour * 3600 + minute * 60 + second)
}

/// A time, given in seconds since the Unix epoch, as signatures carry it.
pub fn text(seconds: i64) -> String {
    let (year, month, day) = date_of(seconds.div_euclid(DAY_SECONDS));
    let second = seconds.rem_euclid(DAY_SECONDS);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The day of a date in the Gregorian calendar, counted from 1970-01-01. Years are counted from March, so that the leap day is the
/// last of a year.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + (153 * month_from_march + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
fn date_of(day: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let from_march = day + 719_468;
    let era = from_march.div_euclid(ERA_DAYS);
    let day_of_era = from_march.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (
        year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day_of_month,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (written, read) in [
            ("19700101T000000Z", 0),
            ("20150830T123600Z", 1_440_938_160),
            ("20000229T235959Z", 951_868_799),
            ("20261129T120000Z", 1_795_953_600),
        ] {
            assert_eq!(seconds(written), Some(read), "{written}");
            assert_eq!(text(read), written);
        }
        for day in (-800_000..800_000).step_by(97) {
            let (year, month, date) = date_of(day);
            assert_eq!(day_of(year, month, date), day);
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for written in [
            "",
            "20150830",
            "2015-08-30T12:36:00Z",
            "20150830T123600",
            "20150230T123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830 123600Z",
            "+0150830T123600Z",
            "20150830T12360éZ",
        ] {
            assert_eq!(seconds(written), None, "{written}");
        }
    }
}
