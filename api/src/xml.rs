//! Replies as XML: the only encoder.
//!
//! Everything is written straight into one buffer. An absent member is left out, because SDKs take an empty element
//! for a present, empty value; an empty list or structure that is present is written as an empty element.
//!
//! XML 1.0 has no way to carry most control characters, nor U+FFFE and U+FFFF: a parser rejects the whole document
//! that holds one, even as a character reference. They are written as U+FFFD. A carriage return is written as a
//! reference, since a parser would read a bare one as a line feed.

use std::fmt::Write as _;

use aws_smithy_types::DateTime;

use crate::{Fault, Operation, Output, Service};

/// Room for a typical reply, so that the buffer rarely grows.
const REPLY_BYTES: usize = 4096;

/// The body of a successful reply.
pub fn response(operation: Operation, output: &impl Output, request_id: &str) -> String {
    let wrapper = operation.result_wrapper();
    response_of(
        Service::ElastiCache,
        operation.name(),
        wrapper,
        output,
        request_id,
    )
}

/// The body of a successful reply of any service: of the action `name`, with the output inside of `wrapper`.
pub(crate) fn response_of(
    service: Service,
    name: &str,
    wrapper: Option<&str>,
    output: &impl Output,
    request_id: &str,
) -> String {
    let mut w = Writer {
        out: String::with_capacity(REPLY_BYTES),
    };
    let namespace = service.xml_namespace();
    w.raw(&["<", name, "Response xmlns=\"", namespace, "\">"]);
    if let Some(wrapper) = wrapper {
        w.wrapped(wrapper, |w| output.encode(w));
    }
    w.wrapped("ResponseMetadata", |w| w.element("RequestId", request_id));
    w.raw(&["</", name, "Response>"]);
    w.out
}

/// The body of a reply that carries a fault; its HTTP status is `fault.code().status()`.
pub fn error_response(service: Service, fault: &Fault, request_id: &str) -> String {
    let code = (fault.code().wire_code(), fault.code().is_sender());
    refusal_of(service, code, fault.message(), request_id)
}

/// The body of a reply that refuses, with a code of which it is said whether the sender is to blame.
pub(crate) fn refusal_of(
    service: Service,
    (code, is_sender): (&str, bool),
    message: &str,
    request_id: &str,
) -> String {
    let mut w = Writer {
        out: String::with_capacity(512),
    };
    w.raw(&["<ErrorResponse xmlns=\"", service.xml_namespace(), "\">"]);
    w.wrapped("Error", |w| {
        w.element("Type", if is_sender { "Sender" } else { "Receiver" });
        w.element("Code", code);
        w.element("Message", message);
    });
    w.element("RequestId", request_id);
    w.raw(&["</ErrorResponse>"]);
    w.out
}

/// A reply under construction. Element names come from the model and are written as they are.
#[derive(Debug)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// An element that is there whatever it holds.
    pub fn element<C: Content + ?Sized>(&mut self, name: &str, content: &C) {
        self.wrapped(name, |w| content.write(w));
    }

    /// An element that is there if the member is.
    pub fn optional<C: Content>(&mut self, name: &str, content: Option<&C>) {
        if let Some(content) = content {
            self.element(name, content);
        }
    }

    /// A list: one element around one `item` element per entry.
    pub fn list<C: Content>(&mut self, name: &str, item: &str, entries: &[C]) {
        self.wrapped(name, |w| {
            for entry in entries {
                w.element(item, entry);
            }
        });
    }

    /// A list that is there if the member is.
    pub fn optional_list<C: Content>(&mut self, name: &str, item: &str, entries: Option<&[C]>) {
        if let Some(entries) = entries {
            self.list(name, item, entries);
        }
    }

    fn wrapped(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.raw(&["<", name, ">"]);
        let start = self.out.len();
        content(self);
        if self.out.len() == start {
            self.out.truncate(start - 1);
            self.raw(&["/>"]);
        } else {
            self.raw(&["</", name, ">"]);
        }
    }

    fn raw(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.push_str(part);
        }
    }

    /// Writes character data, copying the stretches that need no care in one piece each.
    fn text(&mut self, text: &str) {
        let mut copied = 0;
        for (index, byte) in text.bytes().enumerate() {
            let (replacement, length) = match byte {
                b'<' => ("&lt;", 1),
                b'>' => ("&gt;", 1),
                b'&' => ("&amp;", 1),
                b'\r' => ("&#xD;", 1),
                b'\t' | b'\n' => continue,
                0x00..=0x1f => ("\u{fffd}", 1),
                // U+FFFE and U+FFFF are the three bytes EF BF BE and EF BF BF.
                0xef if matches!(
                    text.as_bytes().get(index + 1..index + 3),
                    Some([0xbf, 0xbe | 0xbf])
                ) =>
                {
                    ("\u{fffd}", 3)
                }
                _ => continue,
            };
            self.out.push_str(&text[copied..index]);
            self.out.push_str(replacement);
            copied = index + length;
        }
        self.out.push_str(&text[copied..]);
    }
}

/// What can stand between two tags.
pub trait Content {
    /// Writes it.
    fn write(&self, w: &mut Writer);
}

impl Content for str {
    fn write(&self, w: &mut Writer) {
        w.text(self);
    }
}

impl Content for String {
    fn write(&self, w: &mut Writer) {
        w.text(self);
    }
}

impl Content for bool {
    fn write(&self, w: &mut Writer) {
        w.out.push_str(if *self { "true" } else { "false" });
    }
}

impl Content for i32 {
    fn write(&self, w: &mut Writer) {
        i64::from(*self).write(w);
    }
}

impl Content for i64 {
    fn write(&self, w: &mut Writer) {
        // Writing to a String cannot fail.
        let _ = write!(w.out, "{self}");
    }
}

impl Content for f64 {
    /// Prices and the like: always with a decimal point or an exponent, as AWS writes them (`0.0`).
    fn write(&self, w: &mut Writer) {
        if self.is_infinite() {
            w.out
                .push_str(if *self > 0.0 { "Infinity" } else { "-Infinity" });
        } else {
            let _ = write!(w.out, "{self:?}");
        }
    }
}

impl Content for DateTime {
    /// ISO 8601 in UTC, with milliseconds when there are any; finer parts are cut off, as AWS has none.
    ///
    /// Four digits of year are all that SDKs read: what lies outside of years 0 to 9999 is written as the nearest
    /// second inside.
    fn write(&self, w: &mut Writer) {
        let (seconds, millis) = match self.secs() {
            seconds if seconds < YEAR_0_SECONDS => (YEAR_0_SECONDS, 0),
            seconds if seconds > YEAR_9999_SECONDS => (YEAR_9999_SECONDS, 0),
            seconds => (seconds, self.subsec_nanos() / 1_000_000),
        };
        let (year, month, day) = civil_date(seconds.div_euclid(DAY_SECONDS));
        let second = seconds.rem_euclid(DAY_SECONDS);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let _ = write!(
            w.out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        );
        if millis != 0 {
            let _ = write!(w.out, ".{millis:03}");
        }
        w.out.push('Z');
    }
}

const DAY_SECONDS: i64 = 86_400;
/// 0000-01-01T00:00:00Z.
const YEAR_0_SECONDS: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const YEAR_9999_SECONDS: i64 = 253_402_300_799;

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of a year and needs no case of its own.
fn civil_date(day: i64) -> (i64, i64, i64) {
    /// Days in 400 years, after which the calendar repeats.
    const ERA_DAYS: i64 = 146_097;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let from_march = day + 719_468;
    let era = from_march.div_euclid(ERA_DAYS);
    let day_of_era = from_march.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 153 days in every five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_month)
}
