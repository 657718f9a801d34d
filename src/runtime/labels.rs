//! Names and labels of what we make, as pure functions.
//!
//! A name is our prefix and its parts, joined by dots, which no part contains: two different lists of parts never give
//! one name. Labels carry the same facts, unabridged; observation reads labels, people read names.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Which control plane made it: the instance id.
pub const OWNER: &str = "io.cacheplane.owner";
/// The account it belongs to, twelve digits.
pub const ACCOUNT: &str = "io.cacheplane.account";
/// The region it belongs to.
pub const REGION: &str = "io.cacheplane.region";
/// What kind of resource it serves, such as `cache-cluster` or `router`.
pub const KIND: &str = "io.cacheplane.kind";
/// The identifier of that resource.
pub const RESOURCE: &str = "io.cacheplane.resource";
/// The node of that resource, such as `0001`.
pub const NODE: &str = "io.cacheplane.node";
/// Which wish about it this is.
pub const GENERATION: &str = "io.cacheplane.generation";

/// [`KIND`] of a cache cluster's node.
pub const KIND_CACHE_CLUSTER: &str = "cache-cluster";
/// [`KIND`] of the router.
pub const KIND_ROUTER: &str = "router";

/// Longest name we make, in bytes. The engine itself sets no limit for containers, but a volume is a directory (255)
/// and people read these names in tables.
const NAME_LENGTH_MAX: usize = 128;
/// Hexadecimal digits of the digest that stands for what a name leaves out.
const DIGEST_LENGTH: usize = 16;
/// Characters of the instance id in a name; the owner label has all of it.
const OWNER_SHORT_LENGTH: usize = 8;

/// A cache node's identity on the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeIdentity {
    /// Twelve digits.
    pub account: String,
    /// Region, such as `us-east-1`.
    pub region: String,
    /// Kind of the resource, such as [`KIND_CACHE_CLUSTER`].
    pub kind: String,
    /// Identifier of the resource, such as `my-cache`.
    pub resource: String,
    /// Node within it, such as `0001`.
    pub node: String,
}

impl NodeIdentity {
    /// The labels that say who this is; the runtime adds owner and generation.
    pub fn labels(&self) -> BTreeMap<String, String> {
        [
            (ACCOUNT, &self.account),
            (REGION, &self.region),
            (KIND, &self.kind),
            (RESOURCE, &self.resource),
            (NODE, &self.node),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
    }

    /// Reads the identity back from labels; none when one is missing.
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Option<Self> {
        let label = |key: &str| labels.get(key).cloned();
        Some(NodeIdentity {
            account: label(ACCOUNT)?,
            region: label(REGION)?,
            kind: label(KIND)?,
            resource: label(RESOURCE)?,
            node: label(NODE)?,
        })
    }

    /// Name of the node's container: `cacheplane.<instance>.<account>.<region>.<resource>.<node>`.
    ///
    /// The kind is left out for cache clusters, whose identifiers are what users know; any other kind stands before
    /// the account.
    pub fn container_name(&self, owner: &str) -> String {
        let mut parts = Vec::with_capacity(5);
        if self.kind != KIND_CACHE_CLUSTER {
            parts.push(self.kind.as_str());
        }
        parts.extend([
            self.account.as_str(),
            &self.region,
            &self.resource,
            &self.node,
        ]);
        name(owner, &parts)
    }

    /// Name of the node's volume: the container's, and `data`.
    pub fn volume_name(&self, owner: &str) -> String {
        name(
            owner,
            &[
                &self.kind,
                &self.account,
                &self.region,
                &self.resource,
                &self.node,
                "data",
            ],
        )
    }
}

/// Name of a network of ours, such as `cacheplane.1a2b3c4d.nodes`.
pub fn network_name(owner: &str, role: &str) -> String {
    name(owner, &[role])
}

/// Name of the one container of its kind on a host, such as `cacheplane.1a2b3c4d.router`.
pub fn singleton_name(owner: &str, kind: &str) -> String {
    name(owner, &[kind])
}

/// What every name of this owner begins with.
pub fn name_prefix(owner: &str) -> String {
    format!("cacheplane.{}.", owner_short(owner))
}

/// The generation that labels carry; none when it is missing or no number.
pub fn generation(labels: &BTreeMap<String, String>) -> Option<u64> {
    labels.get(GENERATION)?.parse().ok()
}

/// Joins prefix and parts. Parts that hold anything but lower-case letters, digits and hyphens, and names that are too
/// long, end in a digest of the true parts instead of being cut silently.
fn name(owner: &str, parts: &[&str]) -> String {
    let plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| is_plain(byte as char));
    let prefix = name_prefix(owner);
    let joined = parts.join(".");
    if parts.iter().all(plain) && prefix.len() + joined.len() <= NAME_LENGTH_MAX {
        return prefix + &joined;
    }
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest = &hex::encode(digest.finalize())[..DIGEST_LENGTH];
    let readable: String = joined
        .chars()
        .map(|character| {
            if is_plain(character) || character == '.' {
                character
            } else {
                '-'
            }
        })
        .take(NAME_LENGTH_MAX - prefix.len() - DIGEST_LENGTH - 1)
        .collect();
    // An underscore is in no plain name, so an abridged name is never another list's plain one.
    format!("{prefix}{readable}_{digest}")
}

fn is_plain(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
}

fn owner_short(owner: &str) -> String {
    owner
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(OWNER_SHORT_LENGTH)
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER_ID: &str = "1A2B3C4D-aaaa-bbbb-cccc-0123456789ab";

    fn node(region: &str, resource: &str, node: &str) -> NodeIdentity {
        NodeIdentity {
            account: "000000000000".into(),
            region: region.into(),
            kind: KIND_CACHE_CLUSTER.into(),
            resource: resource.into(),
            node: node.into(),
        }
    }

    #[test]
    fn names_are_readable() {
        let identity = node("us-east-1", "my-cache", "0001");
        assert_eq!(
            identity.container_name(OWNER_ID),
            "cacheplane.1a2b3c4d.000000000000.us-east-1.my-cache.0001"
        );
        assert_eq!(
            identity.volume_name(OWNER_ID),
            "cacheplane.1a2b3c4d.cache-cluster.000000000000.us-east-1.my-cache.0001.data"
        );
        assert_eq!(network_name(OWNER_ID, "nodes"), "cacheplane.1a2b3c4d.nodes");
        assert_eq!(
            singleton_name(OWNER_ID, KIND_ROUTER),
            "cacheplane.1a2b3c4d.router"
        );
    }

    #[test]
    fn a_full_length_identifier_needs_no_digest() {
        let name = node("ap-southeast-2", &"a".repeat(50), "0040").container_name(OWNER_ID);
        assert!(!name.contains('_'), "{name}");
    }

    #[test]
    fn different_parts_never_share_a_name() {
        let identities = [
            node("us-east-1", "a-b", "0001"),
            node("us-east-1-a", "b", "0001"),
            node("us-east-1", "a", "b-0001"),
            node("us-east-1.a", "b", "0001"),
            node("us-east-1", "a.b", "0001"),
            node("us-east-1", "a/b", "0001"),
            node("us-east-1", "A-b", "0001"),
            node("us-east-1", "", "0001"),
            node("us-east-1", &"x".repeat(200), "0001"),
            node("us-east-1", &"x".repeat(200), "0002"),
            node("us-east-1", &"x".repeat(201), "0001"),
        ];
        let mut names: Vec<_> = identities
            .iter()
            .map(|identity| identity.container_name(OWNER_ID))
            .collect();
        names.extend(
            identities
                .iter()
                .map(|identity| identity.volume_name(OWNER_ID)),
        );
        for name in &names {
            assert!(name.len() <= NAME_LENGTH_MAX, "{name}");
            assert!(name.starts_with(&name_prefix(OWNER_ID)));
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
                "{name}"
            );
        }
        let total = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), total);
    }

    #[test]
    fn labels_say_the_identity_and_read_back() {
        let identity = node("us-east-1", "my-cache", "0001");
        let labels = identity.labels();
        assert_eq!(NodeIdentity::from_labels(&labels), Some(identity));
        let mut partial = labels;
        partial.remove(NODE);
        assert_eq!(NodeIdentity::from_labels(&partial), None);
    }

    #[test]
    fn generation_reads_only_numbers() {
        let labels = |value: &str| BTreeMap::from([(GENERATION.to_owned(), value.to_owned())]);
        assert_eq!(generation(&labels("7")), Some(7));
        assert_eq!(generation(&labels("seven")), None);
        assert_eq!(generation(&BTreeMap::new()), None);
    }
}
