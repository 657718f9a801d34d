//! `MaxRecords` and `Marker`.

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
    let wanted = max_records.unwrap_or(PAGE_MAX);
    if !(PAGE_MIN..=PAGE_MAX).contains(&wanted) {
        return Err(invalid_value(format!(
            "Invalid value {wanted} for MaxRecords. Must be between {PAGE_MIN} and {PAGE_MAX}"
        )));
    }
    Ok(usize::try_from(wanted).unwrap_or_default())
}

/// A marker for the page that follows `position`; opaque to clients.
pub(super) fn marker(position: &str) -> String {
    hex::encode(position)
}

/// The position that a marker stands for; none for the first page.
///
/// # Errors
/// `InvalidParameterValue` for a marker that we have not made.
pub(super) fn position(marker: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(marker) = marker.filter(|marker| !marker.is_empty()) else {
        return Ok(None);
    };
    hex::decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(Some)
        .ok_or_else(|| {
            invalid_value("The parameter Marker is not one that this service has given.")
        })
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
        assert_eq!(
            position(Some(&marker("my-cache"))).unwrap().as_deref(),
            Some("my-cache")
        );
        assert_eq!(position(None).unwrap(), None);
        assert!(position(Some("not ours")).is_err());
    }
}
