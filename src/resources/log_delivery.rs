//! Where the logs of a cache go (behaviour.md section 34).

use super::engine::{Engine, EngineVersion};
use super::timestamp::Timestamp;
use super::violation::Violation;

/// Longest name of a log group, in characters (CreateLogGroup, CloudWatch Logs API reference).
const LOG_GROUP_MAX: usize = 512;

/// A log that a node writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogType {
    /// Commands that took long.
    Slow,
    /// What the engine itself tells.
    Engine,
}

impl LogType {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Slow => "slow-log",
            Self::Engine => "engine-log",
        }
    }

    /// The log of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Slow, Self::Engine]
            .into_iter()
            .find(|known| known.word() == word)
    }

    /// # Errors
    /// Where a version does not deliver this log: Memcached, and Redis before 6.0 (slow log) or 6.2 (engine log).
    pub fn demand(self, version: &EngineVersion) -> Result<(), Violation> {
        let (major, minor) = match self {
            Self::Slow => (6, 0),
            Self::Engine => (6, 2),
        };
        match version.engine {
            Engine::Memcached => Err(Violation::combination(
                "Log delivery is not supported for engine memcached.",
            )),
            Engine::Redis if !version.at_least(major, minor, 0) => {
                Err(Violation::combination(format!(
                    "Log delivery of {} is not supported for engine version {}. Please use engine version {major}.{minor} or later.",
                    self.word(),
                    version.version
                )))
            }
            Engine::Redis | Engine::Valkey => Ok(()),
        }
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// As the engine writes it.
    Text,
    /// An object.
    Json,
}

impl LogFormat {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The format of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Text, Self::Json]
            .into_iter()
            .find(|known| known.word() == word)
    }
}

/// Where a log goes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A log group of CloudWatch Logs.
    pub log_group: String,
    /// How a line is written.
    pub format: LogFormat,
}

impl LogSettings {
    /// # Errors
    /// Where CloudWatch Logs has no such names.
    pub fn new(log_group: &str, format: LogFormat) -> Result<Self, Violation> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/#-".contains(c);
        let length = log_group.chars().count();
        if !(1..=LOG_GROUP_MAX).contains(&length) || !log_group.chars().all(is_plain) {
            return Err(Violation::value(format!(
                "Invalid log group name: {log_group}. It has 1 to {LOG_GROUP_MAX} letters, digits and characters of . _ / # -"
            )));
        }
        Ok(Self {
            log_group: log_group.to_owned(),
            format,
        })
    }
}

/// How far the delivery of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogDeliveryStatus {
    /// The destination was not asked yet.
    Enabling,
    /// Lines arrive.
    Active,
    /// Another destination or format was not taken up yet.
    Modifying,
    /// It is about to end.
    Disabling,
    /// The destination does not take it.
    Error,
}

impl LogDeliveryStatus {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabling => "enabling",
            Self::Active => "active",
            Self::Modifying => "modifying",
            Self::Disabling => "disabling",
            Self::Error => "error",
        }
    }
}

/// The delivery of one log: what is wished, and what the destination was last seen to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDelivery {
    /// Which log.
    pub log_type: LogType,
    /// None where it shall end.
    pub wished: Option<LogSettings>,
    /// None before the destination took anything.
    pub in_effect: Option<LogSettings>,
    /// Why the destination does not take what is wished.
    pub problem: Option<String>,
    /// Since when it is wished: what was logged before is not delivered.
    pub requested_at: Timestamp,
}

impl LogDelivery {
    /// How far it is.
    pub fn status(&self) -> LogDeliveryStatus {
        match (&self.wished, &self.in_effect) {
            (None, _) => LogDeliveryStatus::Disabling,
            (Some(_), _) if self.problem.is_some() => LogDeliveryStatus::Error,
            (Some(_), None) => LogDeliveryStatus::Enabling,
            (Some(wished), Some(now)) if wished == now => LogDeliveryStatus::Active,
            (Some(_), Some(_)) => LogDeliveryStatus::Modifying,
        }
    }

    /// What is told of it: what is in effect until something else is, or has failed.
    pub fn told(&self) -> Option<&LogSettings> {
        match self.status() {
            LogDeliveryStatus::Disabling | LogDeliveryStatus::Modifying => {
                self.in_effect.as_ref().or(self.wished.as_ref())
            }
            _ => self.wished.as_ref(),
        }
    }

    /// What waits to be taken up.
    pub fn pending(&self) -> Option<&LogSettings> {
        match self.status() {
            LogDeliveryStatus::Enabling | LogDeliveryStatus::Modifying => self.wished.as_ref(),
            _ => None,
        }
    }

    /// Whether what is in effect is about to give way: describes would else show it as settled.
    pub fn is_changing(&self) -> bool {
        matches!(
            self.status(),
            LogDeliveryStatus::Modifying | LogDeliveryStatus::Disabling
        )
    }
}

/// What is wished of a log: settings, or that it ends.
pub type LogWish = (LogType, Option<LogSettings>);

/// Takes wishes into `deliveries`. That an end is wished of what is not there means nothing.
pub fn wish(deliveries: &mut Vec<LogDelivery>, wishes: Vec<LogWish>, now: Timestamp) {
    for (log_type, wished) in wishes {
        let found = deliveries
            .iter_mut()
            .find(|delivery| delivery.log_type == log_type);
        match (found, wished) {
            (Some(delivery), wished) if delivery.wished == wished => {}
            (Some(delivery), wished) => {
                if delivery.wished.is_none() {
                    delivery.requested_at = now;
                    delivery.in_effect = None;
                }
                delivery.wished = wished;
                delivery.problem = None;
            }
            (None, Some(settings)) => deliveries.push(LogDelivery {
                log_type,
                wished: Some(settings),
                in_effect: None,
                problem: None,
                requested_at: now,
            }),
            (None, None) => {}
        }
    }
    deliveries.sort_by_key(|delivery| delivery.log_type);
}

/// The stream of a node in its log group.
pub fn stream(
    engine: Engine,
    cache_cluster_id: &str,
    cache_node_id: &str,
    log_type: LogType,
) -> String {
    format!(
        "elasticache/{}/{cache_cluster_id}/{cache_node_id}/{}",
        engine.name(),
        log_type.word()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(group: &str) -> LogSettings {
        LogSettings::new(group, LogFormat::Json).unwrap()
    }

    #[test]
    fn a_status_follows_from_wish_and_effect() {
        use LogDeliveryStatus as Status;
        let check = |wished: Option<&str>,
                     now: Option<&str>,
                     problem: bool,
                     status: Status,
                     told: Option<&str>,
                     pending: Option<&str>| {
            let delivery = LogDelivery {
                log_type: LogType::Slow,
                wished: wished.map(settings),
                in_effect: now.map(settings),
                problem: problem.then(|| "no".to_owned()),
                requested_at: Timestamp::default(),
            };
            let name = |found: Option<&LogSettings>| found.map(|it| it.log_group.clone());
            assert_eq!(delivery.status(), status);
            assert_eq!(name(delivery.told()).as_deref(), told, "{status:?}");
            assert_eq!(name(delivery.pending()).as_deref(), pending, "{status:?}");
        };
        check(
            Some("a"),
            None,
            false,
            Status::Enabling,
            Some("a"),
            Some("a"),
        );
        check(Some("a"), Some("a"), false, Status::Active, Some("a"), None);
        check(
            Some("b"),
            Some("a"),
            false,
            Status::Modifying,
            Some("a"),
            Some("b"),
        );
        check(None, Some("a"), false, Status::Disabling, Some("a"), None);
        check(Some("b"), Some("a"), true, Status::Error, Some("b"), None);
        check(Some("a"), None, true, Status::Error, Some("a"), None);
        check(None, None, false, Status::Disabling, None, None);
    }

    #[test]
    fn one_that_begins_again_begins_anew() {
        let at = Timestamp::from_millis;
        let mut deliveries = Vec::new();
        wish(&mut deliveries, vec![(LogType::Slow, None)], at(1));
        assert_eq!(deliveries, []);
        wish(
            &mut deliveries,
            vec![(LogType::Engine, Some(settings("e")))],
            at(2),
        );
        wish(
            &mut deliveries,
            vec![(LogType::Slow, Some(settings("a")))],
            at(3),
        );
        assert_eq!(deliveries[0].log_type, LogType::Slow);
        deliveries[0].in_effect = Some(settings("a"));
        // Another destination goes on where the first was.
        wish(
            &mut deliveries,
            vec![(LogType::Slow, Some(settings("b")))],
            at(4),
        );
        assert_eq!(deliveries[0].requested_at, at(3));
        wish(&mut deliveries, vec![(LogType::Slow, None)], at(5));
        assert_eq!(deliveries[0].status(), LogDeliveryStatus::Disabling);
        wish(
            &mut deliveries,
            vec![(LogType::Slow, Some(settings("b")))],
            at(6),
        );
        assert_eq!(deliveries[0].status(), LogDeliveryStatus::Enabling);
        assert_eq!(deliveries[0].requested_at, at(6));
    }

    #[test]
    fn log_groups_have_cloudwatchs_names() {
        for good in ["a", "/aws/elasticache/x_1", "a.b#c-d"] {
            assert!(LogSettings::new(good, LogFormat::Text).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a:b", "gr\u{fc}n", &"a".repeat(513)] {
            assert!(LogSettings::new(bad, LogFormat::Text).is_err(), "{bad}");
        }
    }
}
