//! Events: what happened to a resource, in AWS's words where AWS has them.

use super::timestamp::Timestamp;

/// What kind of resource an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceType {
    /// A cache cluster.
    CacheCluster,
    /// A replication group.
    ReplicationGroup,
    /// A cache parameter group.
    CacheParameterGroup,
    /// A cache security group.
    CacheSecurityGroup,
    /// A cache subnet group.
    CacheSubnetGroup,
    /// A serverless cache.
    ServerlessCache,
    /// A snapshot of a serverless cache.
    ServerlessCacheSnapshot,
    /// A user.
    User,
    /// A user group.
    UserGroup,
}

const WORDS: [(SourceType, &str); 9] = [
    (SourceType::CacheCluster, "cache-cluster"),
    (SourceType::ReplicationGroup, "replication-group"),
    (SourceType::CacheParameterGroup, "cache-parameter-group"),
    (SourceType::CacheSecurityGroup, "cache-security-group"),
    (SourceType::CacheSubnetGroup, "cache-subnet-group"),
    (SourceType::ServerlessCache, "serverless-cache"),
    (
        SourceType::ServerlessCacheSnapshot,
        "serverless-cache-snapshot",
    ),
    (SourceType::User, "user"),
    (SourceType::UserGroup, "user-group"),
];

impl SourceType {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// The source type that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| *kind)
    }
}

/// One line of DescribeEvents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What kind of resource.
    pub source_type: SourceType,
    /// Its id.
    pub source_identifier: String,
    /// The text.
    pub message: String,
    /// When.
    pub occurred_at: Timestamp,
}

impl Event {
    /// An event of a replication group.
    pub fn of_replication_group(
        replication_group_id: &str,
        message: impl Into<String>,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            source_type: SourceType::ReplicationGroup,
            source_identifier: replication_group_id.to_owned(),
            message: message.into(),
            occurred_at,
        }
    }

    /// An event of a cache parameter group.
    pub fn of_cache_parameter_group(
        name: &str,
        message: impl Into<String>,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            source_type: SourceType::CacheParameterGroup,
            source_identifier: name.to_owned(),
            message: message.into(),
            occurred_at,
        }
    }

    /// An event of a cache cluster.
    pub fn of_cache_cluster(
        cache_cluster_id: &str,
        message: impl Into<String>,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            source_type: SourceType::CacheCluster,
            source_identifier: cache_cluster_id.to_owned(),
            message: message.into(),
            occurred_at,
        }
    }
}
