//! Metrics: a database file of its own beside the main one, so that what is written every minute, or every second, never makes a wish or a
//! failover wait for the disk ([ADR 15](../../docs/adr/0015-metrics-in-a-file-of-their-own.md)).
//!
//! A row holds all points of one subject in one period. Rows of a minute are made of those of seconds, rows of five minutes of those of
//! minutes, rows of an hour of those; each kind is kept for as long as CloudWatch keeps it. Statements are not checked against a schema
//! at build time, as those of the main database are: there are few, and the tests run each.

mod stored;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log::LevelFilter;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row, Sqlite, SqliteConnection, Transaction};
use tokio::sync::OnceCell;

use super::{Datastore, Error, LOCK_WAIT, SLOW};
use crate::resources::metric::{About, GroupRole, Metric, Point, Subject, Values};
use crate::resources::scope::Scope;
use crate::resources::timestamp::Timestamp;

/// The file beside the main database.
const FILE: &str = "metrics.db";

/// How long points of a period are kept, in seconds: its length, its retention (CloudWatch user guide, "Metrics retention").
const RETENTION: [(i64, i64); 4] = [
    (1, 3 * 60 * 60),
    (MINUTE, 15 * DAY),
    (FIVE_MINUTES, 63 * DAY),
    (HOUR, 455 * DAY),
];

const MINUTE: i64 = 60;
const FIVE_MINUTES: i64 = 5 * MINUTE;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Most rows that one roll-up reads of a subject; what is left waits for the next.
const ROLL_ROWS_MAX: i64 = 20_000;

/// The metrics' database, opened when it is first needed.
#[derive(Debug, Clone)]
pub(super) struct MetricFile {
    path: PathBuf,
    pool: Arc<OnceCell<SqlitePool>>,
}

impl MetricFile {
    pub(super) fn beside(database: &Path) -> Self {
        Self {
            path: database.with_file_name(FILE),
            pool: Arc::default(),
        }
    }

    pub(super) async fn close(&self) {
        if let Some(pool) = self.pool.get() {
            pool.close().await;
        }
    }

    async fn pool(&self) -> Result<&SqlitePool, Error> {
        self.pool.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<SqlitePool, Error> {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A write need not reach the disk before the next; the file stays whole in any case.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(LOCK_WAIT)
            .log_slow_statements(LevelFilter::Warn, SLOW);
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .test_before_acquire(false)
            .acquire_slow_threshold(SLOW)
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations_metrics")
            .run(&pool)
            .await
            .map_err(|error| Error::Database(error.into()))?;
        Ok(pool)
    }
}

/// A subject as it is stored.
#[derive(Debug, Clone)]
pub struct MetricSubject {
    /// The record's key.
    pub key: i64,
    /// What it is.
    pub about: About,
    /// The metrics that it has ever had.
    pub metrics: Vec<&'static Metric>,
    /// When the latest period with points began.
    pub latest_at: Option<Timestamp>,
}

/// Points of one subject in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRow {
    /// The subject's key.
    pub subject_key: i64,
    /// When the period began.
    pub began_at: Timestamp,
    /// The points.
    pub values: Values,
}

impl Datastore {
    /// Stores points of the period of `period_seconds` that began at `began_at`; what was stored of it before gives way.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn metric_put(
        &self,
        began_at: Timestamp,
        period_seconds: u32,
        found: &[(Subject, Values)],
    ) -> Result<(), Error> {
        let pool = self.metrics.pool().await?;
        let mut write = pool.begin_with("BEGIN IMMEDIATE").await?;
        for (subject, values) in found {
            let key = subject_put(&mut write, subject, values).await?;
            row_put(
                &mut write,
                key,
                i64::from(period_seconds),
                began_at.as_millis() / 1000,
                values,
            )
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Makes points of longer periods where these are over, and forgets what need not be kept any longer. Safe to stop and to repeat.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn metric_roll_up(&self, now: Timestamp) -> Result<(), Error> {
        let pool = self.metrics.pool().await?;
        let now = now.as_millis() / 1000;
        let subjects: Vec<i64> = sqlx::query_scalar("SELECT subject_key FROM subjects")
            .fetch_all(pool)
            .await?;
        for subject in subjects {
            let mut write = pool.begin_with("BEGIN IMMEDIATE").await?;
            for (finest, coarse) in [
                (1..MINUTE, MINUTE),
                (MINUTE..FIVE_MINUTES, FIVE_MINUTES),
                (FIVE_MINUTES..HOUR, HOUR),
            ] {
                roll(&mut write, subject, finest, coarse, now).await?;
            }
            for (period, kept) in RETENTION {
                let periods = if period == 1 {
                    1..MINUTE
                } else {
                    period..period + 1
                };
                sqlx::query("DELETE FROM points WHERE subject_key = ? AND period_seconds >= ? AND period_seconds < ? AND began_at < ?")
                    .bind(subject)
                    .bind(periods.start)
                    .bind(periods.end)
                    .bind(now - kept)
                    .execute(&mut *write)
                    .await?;
            }
            sqlx::query("DELETE FROM subjects WHERE subject_key = ?1 AND NOT EXISTS (SELECT 1 FROM points WHERE subject_key = ?1)")
                .bind(subject)
                .execute(&mut *write)
                .await?;
            write.commit().await?;
        }
        Ok(())
    }

    /// The subjects of a scope; only those of that name if one is given. In the order of their names.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn metric_subjects(
        &self,
        scope: &Scope,
        name: Option<&str>,
    ) -> Result<Vec<MetricSubject>, Error> {
        let rows = sqlx::query(
            "SELECT subject_key, kind, name, part, metrics,
                    (SELECT MAX(began_at) FROM points WHERE points.subject_key = subjects.subject_key AND period_seconds = 60) AS minute,
                    (SELECT MAX(began_at) FROM points WHERE points.subject_key = subjects.subject_key AND period_seconds < 60) AS second
             FROM subjects WHERE account = ?1 AND region = ?2 AND (?3 IS NULL OR name = ?3)
             ORDER BY kind DESC, name, part",
        )
        .bind(&scope.account)
        .bind(&scope.region)
        .bind(name)
        .fetch_all(self.metrics.pool().await?)
        .await?;
        rows.iter()
            .map(|row| {
                let (kind, name, part): (String, String, String) = (
                    row.try_get("kind")?,
                    row.try_get("name")?,
                    row.try_get("part")?,
                );
                let metrics: Vec<u8> = row.try_get("metrics")?;
                let latest: Option<i64> = Ord::max(row.try_get("minute")?, row.try_get("second")?);
                Ok(MetricSubject {
                    key: row.try_get("subject_key")?,
                    about: about(&kind, name, &part)?,
                    metrics: metrics.into_iter().filter_map(Metric::numbered).collect(),
                    latest_at: latest.map(|at| Timestamp::from_millis(at * 1000)),
                })
            })
            .collect()
    }

    /// Points of subjects in the periods that begin from `from` on and before `to`, each moment once: of the longest periods that are kept
    /// for so long and are no longer than `period_seconds`, and of shorter ones for what these do not hold yet. In the order of time for
    /// each subject.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn metric_read(
        &self,
        subjects: &[i64],
        metrics: &[&'static Metric],
        range: (Timestamp, Timestamp),
        period_seconds: u32,
        now: Timestamp,
    ) -> Result<Vec<MetricRow>, Error> {
        let pool = self.metrics.pool().await?;
        let age = now.since(range.0).as_secs();
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for subject in subjects {
            let mut from = range.0.as_millis().div_euclid(1000);
            let to = (range.1.as_millis() + 999).div_euclid(1000);
            for (period, up_to) in kinds(age, i64::from(period_seconds)) {
                let rows = sqlx::query(
                    "SELECT period_seconds, began_at, points FROM points
                     WHERE subject_key = ? AND period_seconds >= ? AND period_seconds < ? AND began_at >= ? AND began_at < ?
                     ORDER BY began_at",
                )
                .bind(subject)
                .bind(period)
                .bind(up_to)
                .bind(from)
                .bind(to)
                .fetch_all(pool)
                .await?;
                for row in rows {
                    let (length, began_at): (i64, i64) =
                        (row.try_get("period_seconds")?, row.try_get("began_at")?);
                    from = from.max(began_at + length);
                    found.push(MetricRow {
                        subject_key: *subject,
                        began_at: Timestamp::from_millis(began_at * 1000),
                        values: stored::decode(row.try_get("points")?, Some(metrics))?,
                    });
                }
            }
        }
        Ok(found)
    }
}

/// Which rows are read for data of this age (in seconds), and in which order: longer periods first, and shorter ones for what is later.
fn kinds(age: i64, period: i64) -> Vec<(i64, i64)> {
    let all = [
        (HOUR, HOUR + 1, 63 * DAY),
        (FIVE_MINUTES, FIVE_MINUTES + 1, 15 * DAY),
        (MINUTE, MINUTE + 1, 0),
        (1, MINUTE, 0),
    ];
    all.into_iter()
        // Hours serve what is too old for five minutes, and so on; for what is younger the finer ones are exact.
        .filter(|(least, _, needed_from)| *least <= period.max(1) && age >= *needed_from)
        .map(|(least, up_to, _)| (least, up_to))
        .collect()
}

/// The key of a subject, stored now if it was not; notes metrics that it did not have before.
async fn subject_put(
    write: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    values: &Values,
) -> Result<i64, Error> {
    let (kind, name, part) = match &subject.about {
        About::Node {
            cache_cluster_id,
            cache_node_id,
        } => ("node", cache_cluster_id, cache_node_id.as_str()),
        About::Group {
            replication_group_id,
            role,
        } => (
            "group",
            replication_group_id,
            role.map_or("", GroupRole::word),
        ),
    };
    let found = sqlx::query(
        "SELECT subject_key, metrics FROM subjects WHERE account = ? AND region = ? AND kind = ? AND name = ? AND part = ?",
    )
    .bind(&subject.scope.account)
    .bind(&subject.scope.region)
    .bind(kind)
    .bind(name)
    .bind(part)
    .fetch_optional(&mut **write)
    .await?;
    let (key, mut numbers) = match &found {
        Some(row) => (
            Some(row.try_get::<i64, _>("subject_key")?),
            row.try_get::<Vec<u8>, _>("metrics")?,
        ),
        None => (None, Vec::new()),
    };
    let known = numbers.len();
    for (metric, _) in values {
        if !numbers.contains(&metric.number()) {
            numbers.push(metric.number());
        }
    }
    if let Some(key) = key {
        if numbers.len() > known {
            sqlx::query("UPDATE subjects SET metrics = ? WHERE subject_key = ?")
                .bind(numbers)
                .bind(key)
                .execute(&mut **write)
                .await?;
        }
        return Ok(key);
    }
    let inserted = sqlx::query(
        "INSERT INTO subjects (account, region, kind, name, part, metrics) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&subject.scope.account)
    .bind(&subject.scope.region)
    .bind(kind)
    .bind(name)
    .bind(part)
    .bind(numbers)
    .execute(&mut **write)
    .await?;
    Ok(inserted.last_insert_rowid())
}

async fn row_put(
    write: &mut SqliteConnection,
    subject: i64,
    period: i64,
    began_at: i64,
    values: &Values,
) -> Result<(), Error> {
    sqlx::query("INSERT OR REPLACE INTO points (subject_key, period_seconds, began_at, points) VALUES (?, ?, ?, ?)")
        .bind(subject)
        .bind(period)
        .bind(began_at)
        .bind(stored::encode(values))
        .execute(write)
        .await?;
    Ok(())
}

/// Makes rows of a longer period out of those of shorter ones, from where the last one ended up to the last that is over.
async fn roll(
    write: &mut SqliteConnection,
    subject: i64,
    finer: std::ops::Range<i64>,
    coarse: i64,
    now: i64,
) -> Result<(), Error> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(began_at) FROM points WHERE subject_key = ? AND period_seconds = ?",
    )
    .bind(subject)
    .bind(coarse)
    .fetch_one(&mut *write)
    .await?;
    let from = last.map_or(0, |last| last + coarse);
    let end = now.div_euclid(coarse) * coarse;
    let rows = sqlx::query(
        "SELECT began_at, points FROM points
         WHERE subject_key = ? AND period_seconds >= ? AND period_seconds < ? AND began_at >= ? AND began_at < ?
         ORDER BY began_at LIMIT ?",
    )
    .bind(subject)
    .bind(finer.start)
    .bind(finer.end)
    .bind(from)
    .bind(end)
    .bind(ROLL_ROWS_MAX)
    .fetch_all(&mut *write)
    .await?;
    let is_cut = i64::try_from(rows.len()).is_ok_and(|count| count == ROLL_ROWS_MAX);
    let mut windows: BTreeMap<i64, BTreeMap<&'static Metric, Vec<Point>>> = BTreeMap::new();
    for row in rows {
        let began_at: i64 = row.try_get("began_at")?;
        let window = windows
            .entry(began_at.div_euclid(coarse) * coarse)
            .or_default();
        for (metric, point) in stored::decode(row.try_get("points")?, None)? {
            window.entry(metric).or_default().push(point);
        }
    }
    if is_cut {
        // Its rows may go on behind the cut.
        windows.pop_last();
    }
    for (began_at, metrics) in windows {
        let values: Values = metrics
            .into_iter()
            .filter_map(|(metric, points)| Some((metric, Point::merged(&points)?)))
            .collect();
        row_put(write, subject, coarse, began_at, &values).await?;
    }
    Ok(())
}

fn about(kind: &str, name: String, part: &str) -> Result<About, Error> {
    match (kind, part) {
        ("node", node) => Ok(About::Node {
            cache_cluster_id: name,
            cache_node_id: node.to_owned(),
        }),
        ("group", role) => Ok(About::Group {
            replication_group_id: name,
            role: match role {
                "Primary" => Some(GroupRole::Primary),
                "Replica" => Some(GroupRole::Replica),
                "" => None,
                _ => return Err(Error::Corrupt(format!("the role {role}"))),
            },
        }),
        _ => Err(Error::Corrupt(format!("the kind of subject {kind}"))),
    }
}

#[cfg(test)]
mod tests;
