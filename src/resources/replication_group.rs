//! The replication group: one primary and up to five replicas, each a cache cluster of one node; or, with cluster mode enabled, many such
//! node groups ([`sharding`]).
//!
//! The group says what is wished of all members and which of them is the primary. Choosing a primary is counted: the *epoch* is the
//! number of the choice. A choice is *confirmed* once that member was seen to serve as primary, at the primary endpoint; a member has
//! *joined* the epoch once it was seen to do its part in it.

use super::auth_token::{AuthTokenStrategy, AuthTokens};
use super::cache_cluster::{
    AppliedAccess, AzMode, CacheCluster, CacheClusterSpec, Membership, Notification, Snapshotting,
};
use super::cluster_mode::ClusterMode;
use super::engine::{Engine, EngineVersion};
use super::log_delivery::LogDelivery;
use super::node_type::NodeType;
use super::scope::Scope;
use super::timestamp::Timestamp;
use super::transit_encryption::TransitEncryptionMode;
use super::window::{MaintenanceWindow, SnapshotWindow};
pub use endpoints::{GroupEndpoint, MovingEndpoint};
use sharding::Sharding;

mod access;
mod endpoints;
pub mod pending;
pub mod replicas;
pub mod sharding;

/// Most replicas of a node group (CreateReplicationGroup, API reference).
pub const REPLICAS_MAX: u32 = 5;

/// The id of the one node group of a replication group whose cluster mode is disabled.
pub const NODE_GROUP_ID: &str = "0001";

/// A replication group as it was wished for. Built by `operations::replication_group::spec`; valid once it exists.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicationGroupSpec {
    /// Lower case.
    pub replication_group_id: String,
    /// What the user says of it.
    pub description: String,
    /// Engine and version of all members.
    pub engine_version: &'static EngineVersion,
    /// Node type of all members.
    pub node_type: &'static NodeType,
    /// The port of every endpoint.
    pub port: u16,
    /// How the data is spread, and how clients find it.
    pub cluster_mode: ClusterMode,
    /// Cache parameter group.
    pub parameter_group_name: String,
    /// Cache subnet group.
    pub subnet_group_name: String,
    /// Kept and described.
    pub security_group_ids: Vec<String>,
    /// When changes that wait are made.
    pub maintenance_window: MaintenanceWindow,
    /// When snapshots are taken.
    pub snapshot_window: SnapshotWindow,
    /// How long automatic snapshots are kept, in days; 0 takes none.
    pub snapshot_retention_days: u32,
    /// The member that snapshots are taken from, where the user named one.
    pub snapshotting_cluster_id: Option<String>,
    /// Who is told of events.
    pub notification: Option<Notification>,
    /// Whether minor versions are taken without asking.
    pub auto_minor_version_upgrade: bool,
    /// Whether a replica takes over when the primary is lost.
    pub automatic_failover: bool,
    /// Whether members shall lie in several zones.
    pub multi_az: bool,
    /// Kept and described.
    pub at_rest_encryption: bool,
    /// The key that it is encrypted with at rest, where one was named; kept and described.
    pub kms_key_id: Option<String>,
    /// Encryption in transit, where it is on.
    pub transit_encryption: Option<TransitEncryptionMode>,
    /// Whether members' nodes start with nobody let in but us; from the first user group on.
    pub guarded: bool,
    /// Whether one of its users logs in with tokens of IAM, for which members' nodes need a front.
    pub iam: bool,
    /// The image that members run, from a service update; none leaves it to the engine version.
    pub image: Option<String>,
    /// Whether members that have another image are left alone for now.
    pub is_update_stopped: bool,
}

impl ReplicationGroupSpec {
    /// The engine.
    pub fn engine(&self) -> Engine {
        self.engine_version.engine
    }

    /// What is wished of the member called `cache_cluster_id`.
    pub fn member(&self, cache_cluster_id: &str) -> CacheClusterSpec {
        CacheClusterSpec {
            cache_cluster_id: cache_cluster_id.to_owned(),
            engine_version: self.engine_version,
            node_type: self.node_type,
            port: self.port,
            az_mode: AzMode::SingleAz,
            parameter_group_name: self.parameter_group_name.clone(),
            subnet_group_name: self.subnet_group_name.clone(),
            security_group_ids: self.security_group_ids.clone(),
            maintenance_window: self.maintenance_window,
            snapshot_window: Some(self.snapshot_window),
            snapshot_retention_days: self.snapshot_retention_days,
            notification: self.notification.clone(),
            auto_minor_version_upgrade: self.auto_minor_version_upgrade,
            guarded: self.guarded,
            iam: self.iam,
            transit_encryption: self.transit_encryption,
        }
    }
}

/// Wishes that wait for the maintenance window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupPending {
    /// Another engine version, of the same engine or of Valkey.
    pub engine_version: Option<&'static EngineVersion>,
    /// The parameter group that comes with it; where it is of another family and none is named, the built-in one.
    pub parameter_group_name: Option<String>,
    /// Another node type.
    pub node_type: Option<&'static NodeType>,
    /// The member that shall be promoted.
    pub primary_cluster_id: Option<String>,
}

impl GroupPending {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A change under way; told of when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// Another engine version: from, to; each with its engine.
    EngineVersion(String, String),
    /// Another node type: from, to.
    NodeType(String, String),
    /// Another number of replicas: from, to.
    ReplicaCount(u32, u32),
    /// Another number of node groups: from, to. The same where slots are only shared out anew.
    NodeGroupCount(u32, u32),
    /// Automatic failover turned on or off.
    AutomaticFailover(bool),
    /// Another primary was asked for: the member to be promoted.
    Promotion(String),
    /// Another user group, or one more or less: from, to.
    UserGroup(Option<String>, Option<String>),
    /// Other AUTH tokens.
    AuthToken(AuthTokenStrategy),
    /// A service update: its name.
    ServiceUpdate(String),
    /// Encryption in transit turned on or off, or to another mode: from, to.
    TransitEncryption(Option<TransitEncryptionMode>, Option<TransitEncryptionMode>),
    /// Another cluster mode: from, to.
    ClusterMode(ClusterMode, ClusterMode),
}

/// The user group of a replication group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedUserGroup {
    /// Its key.
    pub key: i64,
    /// Its id.
    pub user_group_id: String,
    /// Its engine.
    pub engine: Engine,
    /// Whether one of its users logs in with tokens of IAM.
    pub has_iam: bool,
}

/// Who shall be let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupAccess {
    /// Counts what was wished of users; 0 until the first user group, and then everyone is let in by how nodes are started.
    pub generation: u64,
    /// The users; without a user group, everyone.
    pub user_group: Option<AttachedUserGroup>,
    /// What clients must have instead; never with a user group.
    pub auth_tokens: Option<AuthTokens>,
}

/// Which member is the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryChoice {
    /// The member chosen.
    pub cache_cluster_id: String,
    /// Counts the choices, from 1.
    pub epoch: u64,
    /// The primary before this choice.
    pub former: Option<String>,
    /// Whether the choice was made while the former primary served: then nothing that it has may be left behind.
    pub handover: bool,
    /// Whether the choice is to be taken back as soon as the former primary has all that this one has: it is recovered in place, and
    /// another holds what it had lost.
    pub handback: bool,
    /// The last choice that was seen to serve; 0 before the first.
    pub confirmed_epoch: u64,
    /// The engine's id of the history that the primary of the last confirmed choice wrote.
    pub history: Option<String>,
}

impl PrimaryChoice {
    /// The first choice of a group.
    pub fn first(cache_cluster_id: String) -> Self {
        Self {
            cache_cluster_id,
            epoch: 1,
            former: None,
            handover: false,
            handback: false,
            confirmed_epoch: 0,
            history: None,
        }
    }

    /// Whether the chosen primary was seen to serve.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_epoch == self.epoch
    }
}

/// A TestFailover under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFailover {
    /// The run of the primary that shall end, once chosen.
    pub from_started_at: Option<String>,
}

/// A replication group: the wish, its count, the choice of a primary, and its members.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicationGroup {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Whose it is.
    pub scope: Scope,
    /// The wish.
    pub spec: ReplicationGroupSpec,
    /// Wishes that wait for the maintenance window.
    pub pending: GroupPending,
    /// Counts the writes of the wish; a writer names the one that it read.
    pub revision: i64,
    /// Counts the wishes that the world must follow.
    pub generation: u64,
    /// The wish that the world was last seen to fulfil.
    pub observed_generation: u64,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was first fulfilled.
    pub available_at: Option<Timestamp>,
    /// When its deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
    /// Whether the deletion leaves the primary as a cache cluster of its own.
    pub retain_primary: bool,
    /// Set when its creation was given up: why.
    pub failure: Option<String>,
    /// What keeps the reconciler from going on, if anything does.
    pub blocked_by: Option<String>,
    /// Changes under way.
    pub changes: Vec<GroupChange>,
    /// Which member is the primary.
    pub primary: PrimaryChoice,
    /// A TestFailover that has not led to another primary yet.
    pub test_failover: Option<TestFailover>,
    /// Where writes go.
    pub primary_endpoint: MovingEndpoint,
    /// Where reads go.
    pub reader_endpoint: MovingEndpoint,
    /// Where clients learn of all nodes; with cluster mode enabled the only endpoint.
    pub configuration_endpoint: MovingEndpoint,
    /// The node groups; none with cluster mode disabled, one with all slots in compatible mode.
    pub sharding: Option<Sharding>,
    /// Who shall be let in.
    pub access: GroupAccess,
    /// A snapshot of it, or of a member, under way.
    pub snapshotting: Option<Snapshotting>,
    /// Where the logs of its members go.
    pub log_deliveries: Vec<LogDelivery>,
    /// In the order of their making, those that are being deleted included.
    pub members: Vec<CacheCluster>,
}

impl ReplicationGroup {
    /// A replication group that is wished for and not there yet, with a member in each of `zones`; the first is the primary.
    pub fn wished(
        scope: Scope,
        spec: ReplicationGroupSpec,
        zones: &[String],
        now: Timestamp,
    ) -> Self {
        let first = member_id(&spec.replication_group_id, 1);
        let mut group = Self::without_members(scope, spec, first, now);
        for (number, zone) in (1..).zip(zones) {
            let id = member_id(&group.spec.replication_group_id, number);
            let member = group.new_member(&id, zone, now);
            group.members.push(member);
        }
        group
    }

    /// A replication group that is wished for around a cache cluster that is there. It becomes the primary, under its own id; its node
    /// needs another container, one that does not take writes before it is told to, on the same volume.
    pub fn around(mut cluster: CacheCluster, spec: ReplicationGroupSpec, now: Timestamp) -> Self {
        let id = cluster.spec.cache_cluster_id.clone();
        let mut group = Self::without_members(cluster.scope.clone(), spec, id.clone(), now);
        group.spec.image = cluster.nodes.first().and_then(|node| node.image.clone());
        cluster.spec = group.spec.member(&id);
        cluster.membership = Some(group.membership());
        group.log_deliveries.clone_from(&cluster.log_deliveries);
        cluster.replace_nodes();
        group.members.push(cluster);
        group
    }

    fn without_members(
        scope: Scope,
        spec: ReplicationGroupSpec,
        primary: String,
        now: Timestamp,
    ) -> Self {
        Self {
            key: 0,
            scope,
            spec,
            pending: GroupPending::default(),
            revision: 0,
            generation: 1,
            observed_generation: 0,
            requested_at: now,
            available_at: None,
            deletion_requested_at: None,
            retain_primary: false,
            failure: None,
            blocked_by: None,
            changes: Vec::new(),
            primary: PrimaryChoice::first(primary),
            test_failover: None,
            primary_endpoint: MovingEndpoint::default(),
            reader_endpoint: MovingEndpoint::default(),
            configuration_endpoint: MovingEndpoint::default(),
            sharding: None,
            access: GroupAccess::default(),
            snapshotting: None,
            log_deliveries: Vec::new(),
            members: Vec::new(),
        }
    }

    fn membership(&self) -> Membership {
        Membership {
            group_key: self.key,
            replication_group_id: self.spec.replication_group_id.clone(),
            at_rest_encryption: self.spec.at_rest_encryption,
            auth_token_changed_at: self.access.auth_tokens.as_ref().map(|it| it.changed_at),
            endpoint_addresses: Vec::new(),
            pending_engine_version: self.pending.engine_version,
            pending_node_type: self.pending.node_type,
            joined: None,
            node_group: None,
            lacks_primary: false,
            is_dismissed: false,
            access: None,
        }
    }

    /// The members that shall stay, in the order of their making.
    pub fn wished_members(&self) -> impl Iterator<Item = &CacheCluster> {
        self.members
            .iter()
            .filter(|member| member.deletion_requested_at.is_none())
    }

    /// How many replicas are wanted.
    pub fn wished_replica_count(&self) -> u32 {
        u32::try_from(self.wished_members().count())
            .unwrap_or(u32::MAX)
            .saturating_sub(1)
    }

    /// The member with this id.
    pub fn member(&self, cache_cluster_id: &str) -> Option<&CacheCluster> {
        self.members
            .iter()
            .find(|member| member.spec.cache_cluster_id == cache_cluster_id)
    }

    /// Whether `member` is the one chosen as primary.
    pub fn is_primary(&self, member: &CacheCluster) -> bool {
        member.spec.cache_cluster_id == self.primary.cache_cluster_id
    }

    /// The next wish: raises the generation.
    pub fn raise_generation(&mut self) {
        self.generation += 1;
    }

    /// Wishes the group away, with its members; where `retain_primary`, without its primary.
    pub fn request_deletion(&mut self, retain_primary: bool, now: Timestamp) {
        self.deletion_requested_at = Some(now);
        self.retain_primary = retain_primary;
        let primary = self.primary.cache_cluster_id.clone();
        for member in self.members.iter_mut().filter(|member| {
            let stays = retain_primary && member.spec.cache_cluster_id == primary;
            !stays && member.deletion_requested_at.is_none()
        }) {
            member.deletion_requested_at = Some(now);
        }
        // Nobody need be spared any more, those included whose turn had not come.
        for membership in self
            .members
            .iter_mut()
            .filter_map(|one| one.membership.as_mut())
        {
            membership.is_dismissed = true;
        }
    }

    /// Ids for `count` more members: the numbers after the highest in use, so that the id of a member just removed rests. Where that
    /// ends past three digits, the lowest free ones.
    pub fn next_member_ids(&self, count: usize) -> Vec<String> {
        let id = |number: u32| member_id(&self.spec.replication_group_id, number);
        let is_free = |id: &String| self.member(id).is_none();
        let numbers = (1..=999).rev().find(|number| !is_free(&id(*number)));
        let highest = numbers.unwrap_or(0);
        (highest + 1..=999)
            .chain(1..=highest)
            .map(id)
            .filter(is_free)
            .take(count)
            .collect()
    }

    /// A member to be, called `cache_cluster_id`, in `zone`.
    pub fn new_member(&self, cache_cluster_id: &str, zone: &str, now: Timestamp) -> CacheCluster {
        let mut member = CacheCluster::wished(
            self.scope.clone(),
            self.spec.member(cache_cluster_id),
            &[zone.to_owned()],
            now,
        );
        member.membership = Some(self.membership());
        for node in &mut member.nodes {
            node.image.clone_from(&self.spec.image);
        }
        member
    }

    /// Whether `member` was seen to do its part under the present primary, in the very run that is known of its node.
    pub fn has_joined(&self, member: &CacheCluster) -> bool {
        let joined = member
            .membership
            .as_ref()
            .and_then(|membership| membership.joined.as_ref());
        joined.is_some_and(|joined| {
            joined.epoch == self.primary.epoch && member.is_in_run(&joined.started_at)
        })
    }

    /// Whether `member` has, in the run that is known of its node, all that the present primary has or the one before it had. When
    /// another primary is chosen its replicas go on serving reads while they turn to it.
    fn keeps_up(&self, member: &CacheCluster) -> bool {
        let joined = member
            .membership
            .as_ref()
            .and_then(|membership| membership.joined.as_ref());
        joined.is_some_and(|joined| {
            joined.epoch + 1 >= self.primary.epoch && member.is_in_run(&joined.started_at)
        })
    }

    /// Whether the users that `member`'s node was last given are those that are wished now, and are there in the run that is known of it.
    pub fn has_access(&self, member: &CacheCluster) -> bool {
        let given = applied_access(member);
        self.access.generation == 0
            || given.is_some_and(|given| given.generation == self.access.generation)
    }

    /// Whether `member`'s node was given users in the run that is known of it, those of now or of a moment ago.
    fn lets_users_in(&self, member: &CacheCluster) -> bool {
        self.access.generation == 0 || applied_access(member).is_some()
    }
}

/// What users `member`'s node was given, in the run that is known of it.
fn applied_access(member: &CacheCluster) -> Option<&AppliedAccess> {
    let applied = member.membership.as_ref()?.access.as_ref();
    applied.filter(|applied| member.is_in_run(&applied.started_at))
}

/// The id of the member with this number (names: behaviour.md section 3).
pub fn member_id(replication_group_id: &str, number: u32) -> String {
    format!("{replication_group_id}-{number:03}")
}

#[cfg(test)]
pub(crate) mod tests;
