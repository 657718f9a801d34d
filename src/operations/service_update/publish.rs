//! What an operator does about service updates: publish one, take one back. Not part of AWS's API.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::activators::Activators;
use crate::clock::Clock;
use crate::datastore::{Datastore, Error as StoreError};
use crate::resources::engine::{self, Engine};
use crate::resources::event::Event;
use crate::resources::service_update::{Effect, Resource, SEVERITIES, ServiceUpdate};
use crate::resources::timestamp::Timestamp;

/// How long an update can be applied when nothing is said of that.
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// How long a node is said to take when nothing is said of that.
const MINUTES_DEFAULT: u32 = 30;

/// Longest name, and longest image reference, in bytes.
const TEXT_MAX: usize = 255;

/// Longest description, in bytes.
const DESCRIPTION_MAX: usize = 1024;

const DESCRIPTION: &str = "Upgrades to improve the security, reliability, and operational performance of your ElastiCache nodes";

/// An update as it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Lower-case letters, digits, hyphens.
    pub name: String,
    /// Engine.
    pub engine: String,
    /// `critical`, `important`, `medium` or `low`.
    pub severity: String,
    /// What it is good for.
    pub description: Option<String>,
    /// The image of each engine version.
    pub images: BTreeMap<String, String>,
    /// The minor version that it brings, instead of images.
    pub engine_version: Option<String>,
    /// RFC 3339; now when absent.
    pub released_at: Option<String>,
    /// RFC 3339; as the severity advises when absent.
    pub recommended_apply_by: Option<String>,
    /// RFC 3339; a year after its release when absent.
    pub ends_at: Option<String>,
    /// Whether it is applied without being asked for when it is overdue.
    pub auto_update_after_recommended_apply_by: bool,
    /// How long a node may take.
    pub estimated_minutes_per_node: Option<u32>,
}

/// Why an update was not published, or not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request makes no sense; the text says why.
    Invalid(String),
    /// There is another of that name.
    Exists,
    /// There is none of that name.
    NotFound,
    /// The database failed; it is logged.
    Internal,
}

/// Publishes an update, and tells of it for every node that it is for. The same once more is no other.
///
/// # Errors
/// A [`Refusal`].
pub async fn publish_service_update(
    (datastore, clock, activators): (&Datastore, &Clock, &Activators),
    draft: Draft,
) -> Result<(), Refusal> {
    let now = clock.now();
    let update = update(draft, now).map_err(Refusal::Invalid)?;
    let clusters = datastore.cache_cluster_list().await.map_err(internal)?;
    let told = clusters
        .iter()
        .filter(|cluster| Resource::CacheCluster(cluster).is_there())
        .filter(|cluster| update.is_for(cluster.spec.engine_version));
    let events: Vec<_> = told
        .flat_map(|cluster| cluster.wished_nodes().map(move |node| (cluster, node)))
        .map(|(cluster, node)| {
            let id = &node.cache_node_id;
            let text = format!("Service update is available for cache node {id}.");
            let event = Event::of_cache_cluster(&cluster.spec.cache_cluster_id, text, now);
            (cluster.scope.clone(), event)
        })
        .collect();
    match datastore.service_update_publish(&update, &events).await {
        Ok(()) => {
            activators.service_update.wake();
            Ok(())
        }
        Err(StoreError::AlreadyExists) => Err(Refusal::Exists),
        Err(error) => Err(internal(error)),
    }
}

/// Takes an update back: nothing gets it any more, what has it keeps it.
///
/// # Errors
/// A [`Refusal`].
pub async fn cancel_service_update(datastore: &Datastore, name: &str) -> Result<(), Refusal> {
    match datastore.service_update_cancel(name).await {
        Ok(()) => Ok(()),
        Err(StoreError::NotFound) => Err(Refusal::NotFound),
        Err(error) => Err(internal(error)),
    }
}

fn internal(error: StoreError) -> Refusal {
    tracing::error!(
        error = format!("{:#}", anyhow::Error::from(error)),
        "A service update is not stored"
    );
    Refusal::Internal
}

fn update(draft: Draft, now: Timestamp) -> Result<ServiceUpdate, String> {
    let is_name = |text: &str| {
        let mut bytes = text.bytes();
        let fits =
            bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        !text.is_empty() && text.len() <= TEXT_MAX && fits
    };
    if !is_name(&draft.name) {
        return Err("name: lower-case letters, digits and hyphens, at most 255".to_owned());
    }
    let engine = Engine::parse(&draft.engine)
        .ok_or_else(|| format!("engine: {:?} is none", draft.engine))?;
    let severity = SEVERITIES.iter().find(|(word, _)| *word == draft.severity);
    let (severity, days) =
        severity.ok_or_else(|| "severity: critical, important, medium or low".to_owned())?;
    let description = draft
        .description
        .clone()
        .unwrap_or_else(|| DESCRIPTION.to_owned());
    if description.len() > DESCRIPTION_MAX {
        return Err(format!("description: at most {DESCRIPTION_MAX} bytes"));
    }
    let released_at = time("released_at", draft.released_at.as_deref())?.unwrap_or(now);
    let advised = released_at.plus(Duration::from_secs(days * DAY_SECONDS));
    let recommended_apply_by = time(
        "recommended_apply_by",
        draft.recommended_apply_by.as_deref(),
    )?
    .unwrap_or(advised);
    let ends_at = time("ends_at", draft.ends_at.as_deref())?
        .unwrap_or_else(|| recommended_apply_by.max(released_at.plus(LIFETIME)));
    if recommended_apply_by < released_at || ends_at < recommended_apply_by {
        return Err("released_at, recommended_apply_by and ends_at: not in this order".to_owned());
    }
    Ok(ServiceUpdate {
        key: 0,
        effect: effect(&draft, engine)?,
        name: draft.name,
        engine,
        severity: (*severity).to_owned(),
        description,
        released_at,
        recommended_apply_by,
        ends_at,
        auto_update: draft.auto_update_after_recommended_apply_by,
        estimated_minutes: draft.estimated_minutes_per_node.unwrap_or(MINUTES_DEFAULT),
        is_cancelled: false,
    })
}

fn effect(draft: &Draft, engine: Engine) -> Result<Effect, String> {
    let find = |version: &str| {
        engine::find(engine, version)
            .ok_or_else(|| format!("there is no version {version} of {engine}"))
    };
    match (&draft.engine_version, draft.images.is_empty()) {
        (Some(version), true) => {
            let version = find(version)?;
            // What is delivered as a minor version, and to whom (engine_versions.json, upgrade_rules).
            match engine.speaks_resp() && version.at_least(6, 0, 0) {
                true => Ok(Effect::EngineVersion(version)),
                false => Err(
                    "engine_version: minor versions of Redis 6.0 and later, and of Valkey"
                        .to_owned(),
                ),
            }
        }
        (None, false) => {
            let mut images = BTreeMap::new();
            for (version, image) in &draft.images {
                let is_reference = image.bytes().all(|byte| byte.is_ascii_graphic());
                if image.is_empty() || image.len() > TEXT_MAX || !is_reference {
                    return Err(format!("images: {image:?} is no reference of an image"));
                }
                images.insert(find(version)?.version.to_owned(), image.clone());
            }
            Ok(Effect::Images(images))
        }
        (None, true) | (Some(_), false) => {
            Err("either images or engine_version says what it brings".to_owned())
        }
    }
}

fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text else {
        return Ok(None);
    };
    let parsed = DateTime::from_str(text, Format::DateTimeWithOffset)
        .ok()
        .and_then(|time| time.to_millis().ok());
    match parsed {
        Some(millis) => Ok(Some(Timestamp::from_millis(millis))),
        None => Err(format!(
            "{name}: {text:?} is no time as in 2026-01-31T12:00:00Z"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let draft = || Draft {
            name: "redis-20260101-001".to_owned(),
            engine: "redis".to_owned(),
            severity: "critical".to_owned(),
            images: [("7.0".to_owned(), "redis:7.0.15".to_owned())].into(),
            ..Draft::default()
        };
        let now = Timestamp::from_millis(0);
        let check = |change: fn(&mut Draft), expected: Option<&str>| {
            let mut it = draft();
            change(&mut it);
            let refused = update(it, now).err();
            match (expected, refused) {
                (None, None) => {}
                (Some(expected), Some(text)) => assert!(text.contains(expected), "{text}"),
                (expected, refused) => panic!("{expected:?} {refused:?}"),
            }
        };
        check(|_| {}, None);
        check(|it| it.name = "No".to_owned(), Some("name"));
        check(|it| it.engine = "mysql".to_owned(), Some("engine"));
        check(|it| it.severity = "high".to_owned(), Some("severity"));
        check(|it| it.images.clear(), Some("either"));
        check(
            |it| it.engine_version = Some("7.1".to_owned()),
            Some("either"),
        );
        check(
            |it| it.ends_at = Some("yesterday".to_owned()),
            Some("ends_at"),
        );
        check(
            |it| it.ends_at = Some("1970-01-02T00:00:00Z".to_owned()),
            Some("order"),
        );
        check(
            |it| drop(it.images.insert("1.0".to_owned(), "redis:1".to_owned())),
            Some("no version"),
        );
        check(
            |it| drop(it.images.insert("7.1".to_owned(), "a b".to_owned())),
            Some("reference"),
        );
        let made = update(draft(), now).expect("be an update");
        assert_eq!(
            made.recommended_apply_by.as_millis(),
            14 * 24 * 60 * 60 * 1000
        );
    }
}
