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
    /// The scope of a caller without a signature: the default account and region.
    pub fn of_anyone() -> Self {
        Self {
            account: DEFAULT_ACCOUNT.to_owned(),
            region: DEFAULT_REGION.to_owned(),
        }
    }

    /// The scope of a caller: twelve digits as access key mean themselves, any other key the default account. `None` for a region
    /// that is not formed like one: what is asked for there must not be done elsewhere.
    pub fn of_caller(access_key_id: &str, region: &str) -> Option<Self> {
        let is_account =
            access_key_id.len() == 12 && access_key_id.bytes().all(|b| b.is_ascii_digit());
        let account = if is_account {
            access_key_id
        } else {
            DEFAULT_ACCOUNT
        };
        Self::of_account(account, region)
    }

    /// The scope of an account in a region. `None` for a region that is not formed like one.
    pub fn of_account(account: &str, region: &str) -> Option<Self> {
        is_region(region).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
        })
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

/// Whether this is formed like an availability zone of some region.
pub fn is_zone(text: &str) -> bool {
    let mut region = text.to_owned();
    let letter = region.pop();
    letter.is_some_and(|letter| letter.is_ascii_lowercase())
        && region.ends_with(|last: char| last.is_ascii_digit())
        && is_region(&region)
}

/// Letters, digits and hyphens, at most 32: enough for every region name, and safe in container names.
pub fn is_region(region: &str) -> bool {
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
        let account = |key| Scope::of_caller(key, "us-east-1").unwrap().account;
        assert_eq!(account("123456789012"), "123456789012");
        assert_eq!(account("AKIAIOSFODNN7EXAMPLE"), DEFAULT_ACCOUNT);
        assert_eq!(account("12345678901２"), DEFAULT_ACCOUNT);
    }

    #[test]
    fn a_region_that_is_not_one_is_no_other() {
        let region = |region| Scope::of_caller("test", region).map(|scope| scope.region);
        assert_eq!(region("eu-west-3").as_deref(), Some("eu-west-3"));
        for bad in ["", "../etc", "1us-east", "us-east-", &"a".repeat(33)] {
            assert_eq!(region(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn zones_belong_to_their_region() {
        let scope = Scope::of_caller("test", "eu-west-1").unwrap();
        assert!(scope.has_zone("eu-west-1c"));
        assert!(!scope.has_zone("eu-west-2c"));
        assert!(!scope.has_zone("eu-west-1"));
        assert_eq!(scope.zone(4), "eu-west-1b");
    }
}
