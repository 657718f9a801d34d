//! Resource names, as tags and replies carry them.

use super::scope::Scope;

/// What an ARN names; the word is the sixth part of the ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// A cache cluster.
    Cluster,
    /// A replication group.
    ReplicationGroup,
    /// A cache parameter group.
    ParameterGroup,
    /// A cache subnet group.
    SubnetGroup,
    /// A cache security group.
    SecurityGroup,
    /// A snapshot.
    Snapshot,
    /// A user.
    User,
    /// A user group.
    UserGroup,
    /// A serverless cache.
    ServerlessCache,
    /// A snapshot of a serverless cache.
    ServerlessCacheSnapshot,
    /// A reserved cache node.
    ReservedInstance,
    /// A global replication group; its ARN has no region.
    GlobalReplicationGroup,
}

const WORDS: [(ResourceType, &str); 12] = [
    (ResourceType::Cluster, "cluster"),
    (ResourceType::ReplicationGroup, "replicationgroup"),
    (ResourceType::ParameterGroup, "parametergroup"),
    (ResourceType::SubnetGroup, "subnetgroup"),
    (ResourceType::SecurityGroup, "securitygroup"),
    (ResourceType::Snapshot, "snapshot"),
    (ResourceType::User, "user"),
    (ResourceType::UserGroup, "usergroup"),
    (ResourceType::ServerlessCache, "serverlesscache"),
    (
        ResourceType::ServerlessCacheSnapshot,
        "serverlesscachesnapshot",
    ),
    (ResourceType::ReservedInstance, "reserved-instance"),
    (
        ResourceType::GlobalReplicationGroup,
        "globalreplicationgroup",
    ),
];

impl ResourceType {
    /// The word for it in an ARN.
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }
}

/// An ARN of this service, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// Twelve digits.
    pub account: String,
    /// Empty for a global replication group.
    pub region: String,
    /// What it names.
    pub resource_type: ResourceType,
    /// The name, in lower case as it is stored.
    pub name: String,
}

impl Arn {
    /// Takes `arn:<partition>:elasticache:<region>:<account>:<type>:<name>` apart; `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(7, ':');
        let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        if arn != "arn" || !partition.starts_with("aws") || service != "elasticache" {
            return None;
        }
        let (region, account, word, name) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (resource_type, _) = WORDS.iter().find(|(_, known)| *known == word)?;
        if name.is_empty() {
            return None;
        }
        Some(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            resource_type: *resource_type,
            name: name.to_ascii_lowercase(),
        })
    }
}

/// The ARN of `name` in `scope`.
pub fn arn(scope: &Scope, resource_type: ResourceType, name: &str) -> String {
    let region = match resource_type {
        ResourceType::GlobalReplicationGroup => "",
        _ => scope.region.as_str(),
    };
    format!(
        "arn:{}:elasticache:{region}:{}:{}:{name}",
        scope.partition(),
        scope.account,
        resource_type.word()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_parses_back() {
        let scope = Scope::of_caller("123456789012", "eu-west-1").unwrap();
        for (resource_type, _) in WORDS {
            let parsed = Arn::parse(&arn(&scope, resource_type, "a-name")).unwrap();
            assert_eq!(parsed.resource_type, resource_type);
            assert_eq!(parsed.account, "123456789012");
            assert_eq!(parsed.name, "a-name");
        }
    }

    #[test]
    fn what_is_not_an_arn_is_refused() {
        for bad in [
            "",
            "arn:aws:elasticache:us-east-1:1:cluster:",
            "arn:aws:rds:us-east-1:000000000000:cluster:x",
            "arn:aws:elasticache:us-east-1:000000000000:thing:x",
            "cluster:x",
        ] {
            assert_eq!(Arn::parse(bad), None, "{bad}");
        }
    }
}
