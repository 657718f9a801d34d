//! Cache subnet groups: where nodes may lie.
//!
//! There is no EC2 here, so a subnet is no more than its id. Zone and VPC follow from it: those that the configuration says, else the
//! zone by the id's last character (so `subnet-1`, `subnet-2` and `subnet-3` lie in three zones) and the one VPC of the account
//! and region.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::scope::Scope;
use super::violation::Violation;
use super::zones::Zones;

/// The subnet group that every account has.
pub const DEFAULT_SUBNET_GROUP: &str = "default";

/// Most subnet groups of an account in a region (quota "Subnet groups per Region").
pub const SUBNET_GROUPS_MAX: u32 = 300;

/// Most subnets of a subnet group (quota "Subnets per subnet group").
pub const SUBNETS_MAX: usize = 20;

/// The longest name, in characters (CreateCacheSubnetGroup, API reference).
const NAME_MAX: usize = 255;

/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 255;

/// The longest subnet id that is believed, in bytes; EC2's have 24.
const SUBNET_ID_MAX: usize = 64;

/// Hexadecimal digits of EC2's ids.
const EC2_ID_DIGITS: usize = 17;

/// Where a subnet lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetPlace {
    /// Availability zone.
    pub zone: String,
    /// None means the VPC of the account and region.
    pub vpc_id: Option<String>,
}

/// Where the subnets lie that the configuration speaks of, by id.
pub type ConfiguredSubnets = BTreeMap<String, SubnetPlace>;

/// A subnet with its availability zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub subnet_id: String,
    /// Its availability zone.
    pub zone: String,
}

/// A cache subnet group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetGroup {
    /// Whose it is.
    pub scope: Scope,
    /// Lower case.
    pub name: String,
    /// What the user says of it.
    pub description: String,
    /// The VPC of all its subnets.
    pub vpc_id: String,
    /// In the order in which they were given.
    pub subnets: Vec<Subnet>,
    /// Counts the writes of the wish; a writer names the one that it read.
    pub revision: i64,
}

/// Why subnets do not make a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubnetFault {
    /// These are no subnets of the region.
    Invalid(Vec<String>),
    /// These two lie in different VPCs.
    OtherVpc(String, String),
    /// More than a group may have.
    TooMany,
}

impl SubnetGroup {
    /// The group that every account has, with a subnet in each of the zones that the service chooses from.
    pub fn default_of(scope: &Scope, configured: &ConfiguredSubnets) -> Self {
        let subnets = (1..=3).map(|number| {
            let digits = digits(scope, "default subnet", EC2_ID_DIGITS - 1);
            let subnet_id = format!("subnet-{digits}{number}");
            let zone = place(scope, configured, &subnet_id).zone;
            Subnet { subnet_id, zone }
        });
        Self {
            scope: scope.clone(),
            name: DEFAULT_SUBNET_GROUP.to_owned(),
            description: "Default CacheSubnetGroup".to_owned(),
            vpc_id: default_vpc(scope),
            subnets: subnets.collect(),
            revision: 0,
        }
    }

    /// A group of the subnets with these ids.
    ///
    /// # Errors
    /// [`SubnetFault`].
    pub fn new(
        scope: &Scope,
        configured: &ConfiguredSubnets,
        name: String,
        description: String,
        subnet_ids: &[String],
    ) -> Result<Self, SubnetFault> {
        let (vpc_id, subnets) = placed(scope, configured, subnet_ids)?;
        Ok(Self {
            scope: scope.clone(),
            name,
            description,
            vpc_id,
            subnets,
            revision: 0,
        })
    }

    /// Whether it is the one that every account has.
    pub fn is_default(&self) -> bool {
        self.name == DEFAULT_SUBNET_GROUP
    }

    /// The zones that nodes of this group may lie in. The default VPC has a subnet in every zone there is.
    pub fn zones(&self) -> Zones {
        if self.is_default() {
            return Zones::all(&self.scope);
        }
        let zones: BTreeSet<&str> = self.subnets.iter().map(|it| it.zone.as_str()).collect();
        let zones = zones.into_iter().map(str::to_owned).collect();
        Zones::of_subnet_group(&self.scope, &self.name, zones)
    }
}

/// The VPC and the zones of subnets, in the order in which they are given; one that is given twice counts once.
///
/// # Errors
/// [`SubnetFault`].
pub fn placed(
    scope: &Scope,
    configured: &ConfiguredSubnets,
    subnet_ids: &[String],
) -> Result<(String, Vec<Subnet>), SubnetFault> {
    let mut seen = BTreeSet::new();
    let ids: Vec<&String> = subnet_ids.iter().filter(|id| seen.insert(*id)).collect();
    let is_ours = |id: &str| is_subnet_id(id) && scope.has_zone(&place(scope, configured, id).zone);
    if ids.iter().any(|id| !is_ours(id)) {
        // AWS names them all.
        return Err(SubnetFault::Invalid(subnet_ids.to_vec()));
    }
    if ids.len() > SUBNETS_MAX {
        return Err(SubnetFault::TooMany);
    }
    let mut vpc: Option<(&String, String)> = None;
    let mut subnets = Vec::with_capacity(ids.len());
    for id in ids {
        let place = place(scope, configured, id);
        let vpc_id = place.vpc_id.unwrap_or_else(|| default_vpc(scope));
        let (first, first_vpc) = vpc.get_or_insert_with(|| (id, vpc_id.clone()));
        if *first_vpc != vpc_id {
            return Err(SubnetFault::OtherVpc((*first).clone(), id.clone()));
        }
        subnets.push(Subnet {
            subnet_id: id.clone(),
            zone: place.zone,
        });
    }
    match vpc {
        Some((_, vpc_id)) => Ok((vpc_id, subnets)),
        None => Err(SubnetFault::Invalid(Vec::new())),
    }
}

fn place(scope: &Scope, configured: &ConfiguredSubnets, subnet_id: &str) -> SubnetPlace {
    configured
        .get(subnet_id)
        .cloned()
        .unwrap_or_else(|| SubnetPlace {
            zone: scope.zone(zone_index(subnet_id)),
            vpc_id: None,
        })
}

/// Which of the three zones a subnet lies in: 1, 2 and 3, or a, b and c, and so on in turn.
fn zone_index(subnet_id: &str) -> usize {
    match subnet_id.bytes().last().map(|b| b.to_ascii_lowercase()) {
        Some(digit @ b'0'..=b'9') => usize::from(digit - b'0') + 2,
        Some(letter @ b'a'..=b'z') => usize::from(letter - b'a'),
        _ => 0,
    }
}

/// Whether this is formed like a subnet's id. EC2's have eight or seventeen hexadecimal digits; others are welcome here.
pub fn is_subnet_id(text: &str) -> bool {
    text.len() <= SUBNET_ID_MAX
        && text.strip_prefix("subnet-").is_some_and(|rest| {
            !rest.is_empty()
                && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !rest.ends_with('-')
        })
}

/// Whether this is formed like a VPC's id.
pub fn is_vpc_id(text: &str) -> bool {
    text.strip_prefix("vpc-")
        .is_some_and(|rest| is_subnet_id(&format!("subnet-{rest}")))
}

/// The VPC of an account in a region.
fn default_vpc(scope: &Scope) -> String {
    format!("vpc-{}", digits(scope, "default vpc", EC2_ID_DIGITS))
}

/// Hexadecimal digits that are always the same for the same thing of the same account and region.
fn digits(scope: &Scope, what: &str, count: usize) -> String {
    let text = format!("{}/{}/{what}", scope.account, scope.region);
    let mut digits = hex::encode(Sha256::digest(text.as_bytes()));
    digits.truncate(count);
    digits
}

/// The name of a subnet group in its stored form: lower case.
///
/// # Errors
/// `InvalidParameterValue` unless it has 1 to 255 letters, digits and hyphens.
pub fn name(text: &str) -> Result<String, Violation> {
    if text.len() > NAME_MAX {
        return Err(Violation::value(format!(
            "The parameter CacheSubnetGroupName must have at least 1 and no more than {NAME_MAX} characters."
        )));
    }
    let lawful = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if text.is_empty() || !text.bytes().all(lawful) {
        return Err(Violation::value(
            "The parameter CacheSubnetGroupName is not a valid identifier. Identifiers must contain only ASCII letters, \
             digits, and hyphens.",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

/// The name that a new subnet group may have.
///
/// # Errors
/// `InvalidParameterValue` as for any name, and for the one that is the service's own.
pub fn new_name(text: &str) -> Result<String, Violation> {
    let name = name(text)?;
    if name == DEFAULT_SUBNET_GROUP {
        return Err(Violation::value(
            "The cache subnet group name default is reserved by the service.",
        ));
    }
    Ok(name)
}

/// What the user says of a subnet group.
///
/// # Errors
/// `InvalidParameterValue` for more than 255 characters.
pub fn description(text: &str) -> Result<String, Violation> {
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(Violation::value(format!(
            "The parameter CacheSubnetGroupDescription must have no more than {DESCRIPTION_MAX} characters."
        )));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
