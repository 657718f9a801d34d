//! What to do next about a snapshot, and which snapshots a window asks for.

use crate::resources::cache_cluster::CacheCluster;
use crate::resources::event::Event;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::snapshot::{Snapshot, SnapshotPart};
use crate::resources::timestamp::Timestamp;
use crate::resources::window::SnapshotWindow;

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a snapshot is of, as it is now.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// It is not there any more.
    Gone,
    /// A cache cluster.
    CacheCluster(&'a CacheCluster),
    /// A replication group.
    ReplicationGroup(&'a ReplicationGroup),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// It is as wished.
    Settled,
    /// Carry this out, then look again.
    Do(Stage),
}

/// One step. Lists of parts hold indices into the record's parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Remove the objects, and forget the snapshot.
    Remove,
    /// Remove what there is of the objects of a snapshot that was given up.
    Discard,
    /// Choose the member that each part is taken from, and the name of its object: part, member.
    Choose(Vec<(usize, String)>),
    /// Choose the names of the objects of a copy.
    ChooseObjects(Vec<usize>),
    /// Take parts, each of its own instant.
    Take(Vec<usize>),
    /// Copy parts.
    Copy(Vec<usize>),
    /// Note that all parts are there.
    Complete,
    /// Give it up.
    Fail(String),
    /// Wish the source away.
    DeleteSource,
}

/// The next stage for `snapshot`.
pub fn plan(snapshot: &Snapshot, source: Source<'_>) -> Plan {
    if snapshot.deletion_requested_at.is_some() {
        return Plan::Do(Stage::Remove);
    }
    let has_objects = snapshot.parts.iter().any(|part| part.object.is_some());
    if snapshot.failure.is_some() {
        return match has_objects {
            true => Plan::Do(Stage::Discard),
            false => Plan::Settled,
        };
    }
    if snapshot.completed_at.is_some() {
        return match snapshot.is_final && stays(source) {
            true => Plan::Do(Stage::DeleteSource),
            false => Plan::Settled,
        };
    }
    let nameless = select(snapshot, |part| part.object.is_none());
    let missing = select(snapshot, |part| part.taken.is_none());
    if missing.is_empty() {
        return Plan::Do(Stage::Complete);
    }
    if snapshot.copy_of.is_some() {
        return Plan::Do(match nameless.is_empty() {
            true => Stage::Copy(missing),
            false => Stage::ChooseObjects(nameless),
        });
    }
    if !stays(source) {
        return Plan::Do(Stage::Fail(
            "What it is of is not there any more.".to_owned(),
        ));
    }
    if nameless.is_empty() {
        return Plan::Do(Stage::Take(missing));
    }
    let mut choices = Vec::new();
    for index in nameless {
        match member(snapshot, &snapshot.parts[index], source) {
            Some(member) => choices.push((index, member.spec.cache_cluster_id.clone())),
            None => {
                return Plan::Do(Stage::Fail(format!(
                    "No node of node group {} is known to serve.",
                    snapshot.parts[index].node_group
                )));
            }
        }
    }
    Plan::Do(Stage::Choose(choices))
}

fn select(snapshot: &Snapshot, wanted: impl Fn(&SnapshotPart) -> bool) -> Vec<usize> {
    let parts = snapshot.parts.iter().enumerate();
    let found = parts.filter(|(_, part)| wanted(part));
    found.map(|(index, _)| index).collect()
}

fn stays(source: Source<'_>) -> bool {
    match source {
        Source::Gone => false,
        Source::CacheCluster(cluster) => {
            cluster.deletion_requested_at.is_none() && cluster.failure.is_none()
        }
        Source::ReplicationGroup(group) => {
            group.deletion_requested_at.is_none() && group.failure.is_none()
        }
    }
}

/// The member of a group that is the primary of a part's node group.
pub fn primary<'a>(part: &SnapshotPart, group: &'a ReplicationGroup) -> Option<&'a CacheCluster> {
    let id = match &group.sharding {
        None => Some(group.primary.cache_cluster_id.as_str()),
        Some(sharding) => sharding
            .find(part.node_group)
            .and_then(|one| one.primary.as_deref()),
    };
    group
        .wished_members()
        .find(|member| Some(&*member.spec.cache_cluster_id) == id)
}

/// The member that a part is taken from: a replica that has all of the primary's data, so that the primary has no part in it; the primary
/// where there is none, and for a final snapshot (behaviour.md section 20), which shall miss nothing.
fn member<'a>(
    snapshot: &Snapshot,
    part: &SnapshotPart,
    source: Source<'a>,
) -> Option<&'a CacheCluster> {
    let group = match source {
        Source::Gone => return None,
        Source::CacheCluster(cluster) => return Some(cluster),
        Source::ReplicationGroup(group) => group,
    };
    let primary = primary(part, group);
    let is_of_part = |member: &&CacheCluster| {
        let membership = member.membership.as_ref();
        let node_group = membership.and_then(|membership| membership.node_group);
        node_group.is_none_or(|id| id == part.node_group)
    };
    let is_primary = |member: &&CacheCluster| primary.is_some_and(|it| it.key == member.key);
    let mut members = group.wished_members().filter(is_of_part);
    match snapshot.is_final {
        true => primary,
        false => members
            .find(|member| !is_primary(member) && group.has_joined(member))
            .or(primary),
    }
}

/// The member that automatic snapshots of a group with cluster mode disabled are taken of: the one that was named, else the first replica
/// that has all data, else the primary (behaviour.md section 5).
pub fn snapshotting_member(group: &ReplicationGroup) -> Option<&CacheCluster> {
    let named = group.spec.snapshotting_cluster_id.as_deref();
    let named = named.and_then(|id| {
        group
            .wished_members()
            .find(|it| it.spec.cache_cluster_id == id)
    });
    let mut replicas = group
        .wished_members()
        .filter(|member| !group.is_primary(member) && group.has_joined(member));
    named
        .or_else(|| replicas.next())
        .or_else(|| group.member(&group.primary.cache_cluster_id))
}

/// When the window that is open now was opened; none while it is closed.
pub fn window_opened_at(window: &SnapshotWindow, now: Timestamp) -> Option<Timestamp> {
    let now = now.as_millis();
    let opened = window.next_start_ms(now) - DAY_MS;
    window.contains(now).then(|| Timestamp::from_millis(opened))
}

/// The name of an automatic snapshot of `id` (behaviour.md section 20).
pub fn automatic_name(id: &str, now: Timestamp) -> String {
    let (date, time) = now.date_and_time();
    format!("automatic.{id}-{date}-{time}")
}

/// Whether an automatic snapshot is older than its source keeps them.
pub fn is_expired(snapshot: &Snapshot, retention_days: u32, now: Timestamp) -> bool {
    let kept_ms = i64::from(retention_days) * DAY_MS;
    snapshot.requested_at.as_millis() + kept_ms <= now.as_millis()
}

/// What is told of a snapshot that is there (text: behaviour.md section 37).
pub fn success_event(snapshot: &Snapshot, now: Timestamp) -> Event {
    event(snapshot, "Snapshot succeeded for snapshot", "", now)
}

/// What is told of one that was given up; the text is AWS's up to the reason.
pub fn failure_event(snapshot: &Snapshot, reason: &str, now: Timestamp) -> Event {
    event(snapshot, "Snapshot failed for snapshot", reason, now)
}

/// An event about a snapshot, told of its source.
pub fn event(snapshot: &Snapshot, what: &str, reason: &str, now: Timestamp) -> Event {
    let name = &snapshot.name;
    let reason = match reason {
        "" => String::new(),
        reason => format!(". {reason}"),
    };
    match &snapshot.source.replication_group_id {
        Some(id) => Event::of_replication_group(
            id,
            format!("{what} with ID '{name}' of replication group with ID '{id}'{reason}"),
            now,
        ),
        None => {
            let id = snapshot.source.cache_cluster_id.as_deref().unwrap_or("");
            Event::of_cache_cluster(
                id,
                format!("{what} with ID '{name}' of cache cluster with ID '{id}'{reason}"),
                now,
            )
        }
    }
}
