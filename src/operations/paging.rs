//! `MaxRecords` and `Marker`.

use std::fmt::Display;
use std::str::FromStr;

use cacheplane_api::Fault;

use super::faults::invalid_value;

/// Fewest and most records that a page may be asked to have, and how many it has by default.
pub(super) const PAGE_MIN: i32 = 20;
const PAGE_MAX: i32 = 100;

/// How many records a page shall have.
///
/// # Errors
/// `InvalidParameterValue` outside 20 to 100.
pub(super) fn page_size(max_records: Option<i32>) -> Result<usize, Fault> {
    page_size_up_to(max_records, PAGE_MAX)
}

/// As [`page_size`], for a list whose pages have another upper bound.
pub(super) fn page_size_up_to(max_records: Option<i32>, most: i32) -> Result<usize, Fault> {
    let wanted = max_records.unwrap_or(most);
    if !(PAGE_MIN..=most).contains(&wanted) {
        return Err(invalid_value(format!(
            "Invalid value {wanted} for MaxRecords. Must be between {PAGE_MIN} and {most}"
        )));
    }
    Ok(usize::try_from(wanted).unwrap_or_default())
}

/// A list that is told in pages. A marker says which it was made for: in another it would stand for some place, and the
/// client would never learn that records were left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    CacheClusters,
    CacheEngineVersions,
    CacheSecurityGroups,
    CacheSubnetGroups,
    CacheParameterGroups,
    CacheParameters,
    EngineDefaultParameters,
    Events,
    ReplicationGroups,
    Snapshots,
    /// DescribeServiceUpdates.
    ServiceUpdates,
    /// DescribeUpdateActions.
    UpdateActions,
    UserGroups,
    Users,
}

impl List {
    fn word(self) -> &'static str {
        match self {
            Self::CacheClusters => "clusters",
            Self::CacheEngineVersions => "versions",
            Self::CacheSecurityGroups => "security",
            Self::CacheSubnetGroups => "subnets",
            Self::CacheParameterGroups => "parameter-groups",
            Self::CacheParameters => "parameters",
            Self::EngineDefaultParameters => "default-parameters",
            Self::Events => "events",
            Self::ReplicationGroups => "groups",
            Self::Snapshots => "snapshots",
            Self::ServiceUpdates => "service-updates",
            Self::UpdateActions => "update-actions",
            Self::UserGroups => "user-groups",
            Self::Users => "users",
        }
    }
}

/// A marker for the page of `list` that follows `position`; opaque to clients.
pub(super) fn marker(list: List, position: impl Display) -> String {
    hex::encode(format!("{}/{position}", list.word()))
}

/// The position in `list` that a marker stands for; none for the first page.
///
/// # Errors
/// `InvalidParameterValue` for a marker that was not made for this list.
pub(super) fn position<T: FromStr>(list: List, marker: Option<&str>) -> Result<Option<T>, Fault> {
    let Some(marker) = marker.filter(|marker| !marker.is_empty()) else {
        return Ok(None);
    };
    let text = hex::decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.split_once('/'))
        .filter(|(word, position)| *word == list.word() && !position.is_empty())
        .and_then(|(_, position)| position.parse().ok())
        .map(Some)
        .ok_or_else(|| invalid_value("The parameter Marker is not one that this list has given."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded_as_on_aws() {
        assert_eq!(page_size(None).unwrap(), 100);
        assert_eq!(page_size(Some(20)).unwrap(), 20);
        for bad in [-1, 0, 19, 101, i32::MAX] {
            assert!(page_size(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn markers_read_back_and_strangers_are_refused() {
        let read = |list, marker: &str| position::<String>(list, Some(marker));
        let ours = marker(List::CacheClusters, "my-cache");
        assert_eq!(
            read(List::CacheClusters, &ours).unwrap().as_deref(),
            Some("my-cache")
        );
        assert!(read(List::Events, &ours).is_err());
        assert_eq!(read(List::CacheClusters, "").unwrap(), None);
        assert_eq!(position::<i64>(List::Events, None).unwrap(), None);
        assert!(read(List::CacheClusters, "not ours").is_err());
        let no_number = marker(List::Events, "seven");
        assert!(position::<i64>(List::Events, Some(&no_number)).is_err());
    }
}
