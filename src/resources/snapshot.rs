//! Snapshots: what a cache held at one instant, a file for each of its node groups, and what the cache was then.

use super::cache_cluster::CacheCluster;
use super::engine::{Engine, EngineVersion};
use super::id;
use super::node_group::NodeGroupId;
use super::node_type::NodeType;
use super::replication_group::ReplicationGroup;
use super::scope::Scope;
use super::slots::SlotSet;
use super::timestamp::Timestamp;
use super::violation::Violation;
use super::window::{MaintenanceWindow, SnapshotWindow};

/// Most manual snapshots of a node within 24 hours (behaviour.md section 7).
pub const MANUAL_SNAPSHOTS_A_DAY: u32 = 20;

/// Who asked for a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotKind {
    /// A user.
    Manual,
    /// The snapshot window.
    Automated,
}

impl SnapshotKind {
    /// The word on the wire, and in storage.
    pub fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automated => "automated",
        }
    }

    /// The kind that a filter means: AWS's own words for it are others (behaviour.md section 6), and each is taken.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "manual" | "user" => Some(Self::Manual),
            "automated" | "system" => Some(Self::Automated),
            _ => None,
        }
    }
}

/// What a snapshot was taken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSource {
    /// The cache cluster's key, where it was one, be it a member of a group.
    pub cache_cluster_key: Option<i64>,
    /// The replication group's key, where it was one or a member of one.
    pub replication_group_key: Option<i64>,
    /// The id of the cache cluster.
    pub cache_cluster_id: Option<String>,
    /// The id of the replication group, where it was a whole one.
    pub replication_group_id: Option<String>,
}

/// What a cache was when its snapshot was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotDescription {
    /// Engine and version.
    pub engine_version: &'static EngineVersion,
    /// Node type.
    pub node_type: &'static NodeType,
    /// The port of its endpoints.
    pub port: u16,
    /// Its parameter group.
    pub parameter_group_name: String,
    /// Its subnet group.
    pub subnet_group_name: String,
    /// Where that lies.
    pub vpc_id: String,
    /// Its maintenance window.
    pub maintenance_window: MaintenanceWindow,
    /// Its snapshot window.
    pub snapshot_window: Option<SnapshotWindow>,
    /// How long it kept automatic snapshots, in days.
    pub retention_days: u32,
    /// Who was told of its events.
    pub topic_arn: Option<String>,
    /// Whether it took minor versions without asking.
    pub auto_minor_version_upgrade: bool,
    /// When the cache cluster was made; one cache cluster only.
    pub created_at: Option<Timestamp>,
    /// What the replication group was.
    pub group: Option<GroupDescription>,
}

/// What a replication group was besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDescription {
    /// What its user said of it.
    pub description: String,
    /// Whether a replica took over when the primary was lost.
    pub automatic_failover: bool,
}

/// The file of one node group.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotPart {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// The node group.
    pub node_group: NodeGroupId,
    /// The slots that it had, cluster mode enabled.
    pub slots: Option<SlotSet>,
    /// Where its members were, the primary's first.
    pub zones: Vec<String>,
    /// The member that it is taken from, once chosen.
    pub cache_cluster_id: Option<String>,
    /// When that member's node was made.
    pub node_created_at: Option<Timestamp>,
    /// The name of its object in the store, once chosen.
    pub object: Option<String>,
    /// How much of it has come, in bytes.
    pub received_bytes: u64,
    /// The object, once it is whole.
    pub taken: Option<TakenPart>,
}

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPart {
    /// Its length in bytes.
    pub size_bytes: u64,
    /// SHA-256 of it.
    pub sha256: String,
    /// The instant that it is of.
    pub taken_at: Timestamp,
}

/// Who reads a snapshot's files just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotUse {
    /// A cache is being made from it.
    pub restoring: bool,
    /// It is being copied.
    pub copying: bool,
    /// It is being copied to a bucket.
    pub exporting: bool,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Whose it is.
    pub scope: Scope,
    /// Lower case.
    pub name: String,
    /// Who asked for it.
    pub kind: SnapshotKind,
    /// What it is of.
    pub source: SnapshotSource,
    /// The snapshot that it is a copy of.
    pub copy_of: Option<i64>,
    /// Whether its source is deleted once it is there.
    pub is_final: bool,
    /// What the source was.
    pub description: SnapshotDescription,
    /// A file for each node group, in the order of their ids.
    pub parts: Vec<SnapshotPart>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was there.
    pub completed_at: Option<Timestamp>,
    /// When its deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
    /// Why there is none.
    pub failure: Option<String>,
    /// Who reads it.
    pub used: SnapshotUse,
}

/// What a snapshot says of itself (behaviour.md section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotStatus {
    /// It is being taken.
    Creating,
    /// It is there.
    Available,
    /// A cache is being made from it.
    Restoring,
    /// It is being copied.
    Copying,
    /// It is being copied to a bucket.
    Exporting,
    /// It is being deleted.
    Deleting,
    /// It could not be taken.
    Failed,
}

impl SnapshotStatus {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Restoring => "restoring",
            Self::Copying => "copying",
            Self::Exporting => "exporting",
            Self::Deleting => "deleting",
            Self::Failed => "failed",
        }
    }

    /// Whether its files may be read: by several at once.
    pub fn admits_reading(self) -> bool {
        match self {
            Self::Available | Self::Restoring | Self::Copying | Self::Exporting => true,
            Self::Creating | Self::Deleting | Self::Failed => false,
        }
    }

    /// Whether it may be deleted: nobody reads it, nobody writes it.
    pub fn admits_deletion(self) -> bool {
        matches!(self, Self::Available | Self::Failed)
    }
}

impl Snapshot {
    /// Its status.
    pub fn status(&self) -> SnapshotStatus {
        let SnapshotUse {
            restoring,
            copying,
            exporting,
        } = self.used;
        if self.deletion_requested_at.is_some() {
            SnapshotStatus::Deleting
        } else if self.failure.is_some() {
            SnapshotStatus::Failed
        } else if self.completed_at.is_none() {
            SnapshotStatus::Creating
        } else if restoring {
            SnapshotStatus::Restoring
        } else if copying {
            SnapshotStatus::Copying
        } else if exporting {
            SnapshotStatus::Exporting
        } else {
            SnapshotStatus::Available
        }
    }

    /// Whether it is of a cache with cluster mode enabled.
    pub fn is_sharded(&self) -> bool {
        self.parts.iter().any(|part| part.slots.is_some())
    }

    /// A snapshot that is asked for and not there yet, of one cache cluster, alone or a member.
    pub fn of_cache_cluster(
        cluster: &CacheCluster,
        name: String,
        kind: SnapshotKind,
        vpc_id: String,
        now: Timestamp,
    ) -> Self {
        let spec = &cluster.spec;
        let description = SnapshotDescription {
            engine_version: spec.engine_version,
            node_type: spec.node_type,
            port: spec.port,
            parameter_group_name: spec.parameter_group_name.clone(),
            subnet_group_name: spec.subnet_group_name.clone(),
            vpc_id,
            maintenance_window: spec.maintenance_window,
            snapshot_window: spec.snapshot_window,
            retention_days: spec.snapshot_retention_days,
            topic_arn: spec.notification.as_ref().map(|one| one.topic_arn.clone()),
            auto_minor_version_upgrade: spec.auto_minor_version_upgrade,
            created_at: cluster.available_at,
            group: None,
        };
        let zones = cluster.nodes.iter().map(|node| node.zone.clone()).collect();
        let part = SnapshotPart::wished(NodeGroupId::FIRST, None, zones);
        let source = SnapshotSource {
            cache_cluster_key: Some(cluster.key),
            replication_group_key: cluster.membership.as_ref().map(|group| group.group_key),
            cache_cluster_id: Some(spec.cache_cluster_id.clone()),
            replication_group_id: None,
        };
        Self::wished(
            cluster.scope.clone(),
            name,
            kind,
            (source, description),
            vec![part],
            now,
        )
    }

    /// A snapshot that is asked for and not there yet, of a whole replication group.
    pub fn of_replication_group(
        group: &ReplicationGroup,
        name: String,
        kind: SnapshotKind,
        vpc_id: String,
        now: Timestamp,
    ) -> Self {
        let spec = &group.spec;
        let description = SnapshotDescription {
            engine_version: spec.engine_version,
            node_type: spec.node_type,
            port: spec.port,
            parameter_group_name: spec.parameter_group_name.clone(),
            subnet_group_name: spec.subnet_group_name.clone(),
            vpc_id,
            maintenance_window: spec.maintenance_window,
            snapshot_window: Some(spec.snapshot_window),
            retention_days: spec.snapshot_retention_days,
            topic_arn: spec.notification.as_ref().map(|one| one.topic_arn.clone()),
            auto_minor_version_upgrade: spec.auto_minor_version_upgrade,
            created_at: None,
            group: Some(GroupDescription {
                description: spec.description.clone(),
                automatic_failover: spec.automatic_failover,
            }),
        };
        let zones = |members: &[&CacheCluster]| {
            let nodes = members.iter().flat_map(|member| &member.nodes);
            nodes.map(|node| node.zone.clone()).collect::<Vec<_>>()
        };
        let parts = match &group.sharding {
            None => {
                let members: Vec<_> = group.wished_members().collect();
                vec![SnapshotPart::wished(
                    NodeGroupId::FIRST,
                    None,
                    zones(&members),
                )]
            }
            Some(sharding) => sharding
                .node_groups
                .iter()
                .map(|one| {
                    let members: Vec<_> = group.shard_members(one.id).map(|(_, it)| it).collect();
                    SnapshotPart::wished(one.id, Some(one.slots.clone()), zones(&members))
                })
                .collect(),
        };
        let source = SnapshotSource {
            cache_cluster_key: None,
            replication_group_key: Some(group.key),
            cache_cluster_id: None,
            replication_group_id: Some(spec.replication_group_id.clone()),
        };
        Self::wished(
            group.scope.clone(),
            name,
            kind,
            (source, description),
            parts,
            now,
        )
    }

    /// A copy that is asked for and not there yet.
    pub fn copy(of: &Self, name: String, now: Timestamp) -> Self {
        let parts = of.parts.iter().map(|part| SnapshotPart {
            key: 0,
            object: None,
            received_bytes: 0,
            ..part.clone()
        });
        Self {
            key: 0,
            name,
            kind: SnapshotKind::Manual,
            copy_of: Some(of.key),
            is_final: false,
            parts: parts.collect(),
            requested_at: now,
            completed_at: None,
            used: SnapshotUse::default(),
            ..of.clone()
        }
    }

    fn wished(
        scope: Scope,
        name: String,
        kind: SnapshotKind,
        (source, description): (SnapshotSource, SnapshotDescription),
        parts: Vec<SnapshotPart>,
        now: Timestamp,
    ) -> Self {
        Self {
            key: 0,
            scope,
            name,
            kind,
            source,
            copy_of: None,
            is_final: false,
            description,
            parts,
            requested_at: now,
            completed_at: None,
            deletion_requested_at: None,
            failure: None,
            used: SnapshotUse::default(),
        }
    }
}

impl SnapshotPart {
    fn wished(node_group: NodeGroupId, slots: Option<SlotSet>, zones: Vec<String>) -> Self {
        Self {
            key: 0,
            node_group,
            slots,
            zones,
            cache_cluster_id: None,
            node_created_at: None,
            object: None,
            received_bytes: 0,
            taken: None,
        }
    }
}

/// A manual snapshot's name in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` as for a cache cluster id.
pub fn snapshot_name(text: &str) -> Result<String, Violation> {
    id::snapshot_name(text)
}

/// Whether a text is the name of a bucket that may be exported to (behaviour.md section 20): labels of lower-case letters, digits and
/// dashes, 3 to 63 characters, and no IP address.
pub fn is_bucket(text: &str) -> bool {
    let is_label = |label: &str| {
        let lawful = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !label.is_empty()
            && label.bytes().all(lawful)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (3..=63).contains(&text.len())
        && text.split('.').all(is_label)
        && text.parse::<std::net::Ipv4Addr>().is_err()
}

/// What a new cache begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// The snapshot's name, or the objects' ARNs, for whoever reads events.
    pub from: String,
    /// The snapshot.
    pub snapshot_key: Option<i64>,
    /// The files.
    pub files: Vec<RestoreFile>,
    /// The slots whose keys are wanted; none wants all.
    pub slots: Option<SlotSet>,
}

/// A file that a new cache begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreFile {
    /// An object of the store of snapshots.
    Stored(String),
    /// An object of a bucket: its name, and the object's.
    Bucket(String, String),
}

impl Restore {
    /// Whether the one file can be taken as it is.
    pub fn is_plain(&self) -> bool {
        self.files.len() == 1 && self.slots.is_none()
    }
}

/// Whether a data set of `from` can be given to an engine `to`: the same engine and not an older one, or Valkey where it was Redis.
///
/// # Errors
/// `InvalidParameterCombination` in the words that a downgrade is refused with (behaviour.md section 40).
pub fn check_engine(from: &EngineVersion, to: &EngineVersion) -> Result<(), Violation> {
    let fits = match (from.engine, to.engine) {
        (Engine::Redis, Engine::Valkey) => true,
        (from_engine, to_engine) => from_engine == to_engine && to.number >= from.number,
    };
    if fits {
        return Ok(());
    }
    let to_engine = match from.engine == to.engine {
        true => String::new(),
        false => format!("{} ", to.engine.name()),
    };
    Err(Violation::InvalidParameterCombination(format!(
        "Cannot restore {} from {} to {to_engine}{}",
        from.engine.name(),
        from.reported_version,
        to.reported_version
    )))
}
