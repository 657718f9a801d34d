//! Whose resource it is: names are unique per account and region, as on AWS.

/// The account that a caller without a twelve-digit access key belongs to.
pub const DEFAULT_ACCOUNT: &str = "000000000000";

/// The region of a request that names none.
pub const DEFAULT_REGION: &str = "us-east-1";

/// An account in a region. Nothing of one scope is ever visible in another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    /// A region name such as `us-east-1`.
    pub region: String,
}

impl Scope {
    /// The scope of a caller: twelve digits as access key mean themselves, any other key the default account;
    /// a region that is not formed like one means the default region.
    pub fn of_caller(access_key_id: Option<&str>, region: Option<&str>) -> Self {
        let account = access_key_id
            .filter(|key| key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit()))
            .unwrap_or(DEFAULT_ACCOUNT);
        let region = region
            .filter(|region| is_region(region))
            .unwrap_or(DEFAULT_REGION);
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
        }
    }

    /// The partition that ARNs of this region begin with.
    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// Whether `zone` is formed like an availability zone of this region (`us-east-1a`).
    pub fn has_zone(&self, zone: &str) -> bool {
        zone.strip_prefix(self.region.as_str())
            .is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_lowercase())
    }

    /// The zone that the service picks for the `index`-th node when it may choose: three zones, in turn.
    pub fn zone(&self, index: usize) -> String {
        let letter = [b'a', b'b', b'c'][index % 3] as char;
        format!("{}{letter}", self.region)
    }
}

/// Letters, digits and hyphens, at most 32: enough for every region name, and safe in container names.
fn is_region(region: &str) -> bool {
    !region.is_empty()
        && region.len() <= 32
        && region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && region.starts_with(|c: char| c.is_ascii_lowercase())
        && !region.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_are_an_account_and_other_keys_are_not() {
        let account = |key| Scope::of_caller(key, None).account;
        assert_eq!(account(Some("123456789012")), "123456789012");
        assert_eq!(account(Some("AKIAIOSFODNN7EXAMPLE")), DEFAULT_ACCOUNT);
        assert_eq!(account(Some("12345678901２")), DEFAULT_ACCOUNT);
        assert_eq!(account(None), DEFAULT_ACCOUNT);
    }

    #[test]
    fn a_region_that_is_not_one_is_the_default() {
        let region = |region| Scope::of_caller(None, region).region;
        assert_eq!(region(Some("eu-west-3")), "eu-west-3");
        assert_eq!(region(Some("../etc")), DEFAULT_REGION);
        assert_eq!(region(Some("")), DEFAULT_REGION);
    }

    #[test]
    fn zones_belong_to_their_region() {
        let scope = Scope::of_caller(None, Some("eu-west-1"));
        assert!(scope.has_zone("eu-west-1c"));
        assert!(!scope.has_zone("eu-west-2c"));
        assert!(!scope.has_zone("eu-west-1"));
        assert_eq!(scope.zone(4), "eu-west-1b");
    }
}
