//! Tags: keys unique per resource, AWS's limits.

use super::violation::Violation;

/// Most tags that a resource may carry, those with the prefix `aws:` not counted.
pub const TAGS_PER_RESOURCE_MAX: usize = 50;

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// 1 to 128 characters, unique per resource, case-sensitive.
    pub key: String,
    /// At most 256 characters; may be empty.
    pub value: String,
}

impl Tag {
    /// # Errors
    /// `InvalidParameterValue` where the key is absent, reserved (`aws:`) or too long, or the value too long.
    pub fn new(key: Option<&str>, value: Option<&str>) -> Result<Self, Violation> {
        let key = key.unwrap_or_default();
        let value = value.unwrap_or_default();
        let refuse = |text: String| Err(Violation::InvalidParameterValue(text));
        if key.is_empty() || key.chars().count() > 128 {
            return refuse("The tag key must be between 1 and 128 characters long.".to_owned());
        }
        if key
            .get(..4)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
        {
            return refuse(format!(
                "The tag key {key} begins with the reserved prefix aws:."
            ));
        }
        if value.chars().count() > 256 {
            return refuse("The tag value must be at most 256 characters long.".to_owned());
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// Tags in request order, the last value of a repeated key.
pub fn merge(tags: Vec<Tag>) -> Vec<Tag> {
    let mut merged: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags {
        match merged.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => known.value = tag.value,
            None => merged.push(tag),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_bounded_and_aws_is_reserved() {
        assert!(Tag::new(Some("k"), None).is_ok());
        assert!(Tag::new(Some(&"k".repeat(128)), Some(&"v".repeat(256))).is_ok());
        for (key, value) in [
            ("", ""),
            ("AWS:x", ""),
            (&*"k".repeat(129), ""),
            ("k", &*"v".repeat(257)),
        ] {
            assert!(Tag::new(Some(key), Some(value)).is_err(), "{key} {value}");
        }
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        let tag = |key: &str, value: &str| Tag::new(Some(key), Some(value)).unwrap();
        assert_eq!(
            merge(vec![tag("a", "1"), tag("b", "2"), tag("a", "3")]),
            vec![tag("a", "3"), tag("b", "2")]
        );
    }
}
