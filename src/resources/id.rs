//! Identifiers, as AWS forms them.

use super::violation::Violation;

/// The longest cache cluster id (CreateCacheCluster, API reference).
pub const CACHE_CLUSTER_ID_MAX: usize = 50;

/// A cache cluster id in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` unless it begins with a letter, holds only ASCII letters, digits and hyphens, and neither
/// ends with a hyphen nor has two in a row.
pub fn cache_cluster_id(text: &str) -> Result<String, Violation> {
    identifier("CacheClusterIdentifier", text, CACHE_CLUSTER_ID_MAX)
}

/// The longest replication group id (CreateReplicationGroup, API reference).
pub const REPLICATION_GROUP_ID_MAX: usize = 40;

/// A replication group id in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` as for a cache cluster id; the text is a recorded one (behaviour.md section 40).
pub fn replication_group_id(text: &str) -> Result<String, Violation> {
    identifier("ReplicationGroupId", text, REPLICATION_GROUP_ID_MAX).map_err(|violation| {
        match violation {
            Violation::InvalidParameterValue(message) => {
                Violation::InvalidParameterValue(message.replace(
                    "The parameter ReplicationGroupId is not a valid identifier.",
                    "Replication Group ID specified is not a valid identifier.",
                ))
            }
            violation => violation,
        }
    })
}

/// The longest name of a snapshot that is believed; the console takes 40 characters, the API does not say (behaviour.md section 2).
pub const SNAPSHOT_NAME_MAX: usize = 255;

/// The name of a manual snapshot in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` as for a cache cluster id.
pub fn snapshot_name(text: &str) -> Result<String, Violation> {
    identifier("SnapshotName", text, SNAPSHOT_NAME_MAX)
}

/// The longest name of a parameter group (CreateCacheParameterGroup, API reference).
pub const CACHE_PARAMETER_GROUP_NAME_MAX: usize = 255;

/// The name of a customer's parameter group in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` as for a cache cluster id, and for none at all (texts: behaviour.md section 40).
pub fn cache_parameter_group_name(text: &str) -> Result<String, Violation> {
    if text.trim().is_empty() {
        return Err(Violation::value(
            "The parameter CacheParameterGroupName must be provided and must not be blank.",
        ));
    }
    identifier(
        "CacheParameterGroupName",
        text,
        CACHE_PARAMETER_GROUP_NAME_MAX,
    )
}

/// A cache node id: the four digits that number a node within its cache cluster.
pub fn cache_node_id(number: u32) -> String {
    format!("{number:04}")
}

/// The longest id of a user or a user group that is believed.
const ACCESS_ID_MAX: usize = 255;

/// The id of a user or a user group in its stored form: lower case. Unlike others it may end with a hyphen.
pub(crate) fn access_id(parameter: &str, text: &str) -> Result<String, Violation> {
    let lawful_characters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let begins_with_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if !lawful_characters || !begins_with_letter || text.len() > ACCESS_ID_MAX {
        return Err(Violation::InvalidParameterValue(format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter and must contain only \
             ASCII letters, digits, and hyphens."
        )));
    }
    Ok(text.to_ascii_lowercase())
}

fn identifier(parameter: &str, text: &str, longest: usize) -> Result<String, Violation> {
    let lawful_characters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let begins_with_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if !lawful_characters || !begins_with_letter || text.ends_with('-') || text.contains("--") {
        return Err(Violation::InvalidParameterValue(format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only \
             ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )));
    }
    if text.len() > longest {
        return Err(Violation::InvalidParameterValue(format!(
            "The parameter {parameter} must have at least 1 and no more than {longest} characters."
        )));
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_lower_cased_and_bounded() {
        assert_eq!(cache_cluster_id("My-Cache1").unwrap(), "my-cache1");
        assert!(cache_cluster_id(&"a".repeat(50)).is_ok());
        for bad in ["", "1a", "a-", "a--b", "a_b", "ä", "a b", &"a".repeat(51)] {
            assert!(cache_cluster_id(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn parameter_group_names_have_no_dots() {
        assert_eq!(cache_parameter_group_name("Mine-1").unwrap(), "mine-1");
        let blank = cache_parameter_group_name(" ").unwrap_err();
        assert!(
            blank.message().ends_with("must not be blank."),
            "{}",
            blank.message()
        );
        for bad in ["default.redis7", "1a", "a--b", &"a".repeat(256)] {
            assert!(cache_parameter_group_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn node_ids_have_four_digits() {
        assert_eq!(cache_node_id(7), "0007");
    }
}
