//! The cache parameter group: values that a customer has set, by AWS's rules (behaviour.md section 19).
//!
//! Built-in groups (`default.*`) are no records: they are in the tables of [`super::parameter`], belong to everyone, and cannot be changed.

use std::collections::BTreeMap;

use super::parameter::{self, Family, Parameter, allowed};
use super::scope::Scope;
use super::violation::Violation;

/// Most parameters of one ModifyCacheParameterGroup or ResetCacheParameterGroup.
pub const PARAMETERS_PER_CALL_MAX: usize = 20;

/// Most groups of an account in a region, the built-in ones not counted (quota "Parameter groups per Region").
pub const GROUPS_MAX: u32 = 300;

/// What the names of built-in groups begin with; no customer's name can have a dot.
pub const DEFAULT_PREFIX: &str = "default.";

/// Values by the names of parameters.
pub type ParameterValues = BTreeMap<String, String>;

/// A customer's cache parameter group.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheParameterGroup {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Whose it is.
    pub scope: Scope,
    /// Lower case.
    pub name: String,
    /// Which parameters there are.
    pub family: &'static Family,
    /// As given.
    pub description: String,
    /// What has been set, also where it is the family's default.
    pub values: ParameterValues,
    /// Counts the writes; a writer names the one that it read.
    pub revision: i64,
    /// Whether a cache uses it, or will when its maintenance window comes.
    pub in_use: bool,
}

impl CacheParameterGroup {
    /// A group to be, with the values of its family.
    pub fn wished(
        scope: Scope,
        name: String,
        family: &'static Family,
        description: String,
    ) -> Self {
        Self {
            key: 0,
            scope,
            name,
            family,
            description,
            values: ParameterValues::new(),
            revision: 0,
            in_use: false,
        }
    }

    /// Whether caches that use it have cluster mode enabled.
    pub fn is_cluster_enabled(&self) -> bool {
        self.values
            .get("cluster-enabled")
            .is_some_and(|value| value == "yes")
    }

    /// Whether a customer may change `parameter` now.
    pub fn is_modifiable(&self, parameter: &Parameter) -> bool {
        parameter.is_modifiable && !(self.in_use && parameter.is_fixed_in_use())
    }

    /// Sets a value, as it was given.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a name that the family does not have, a parameter that cannot be modified, and a value that it may
    /// not have.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Violation> {
        let parameter = self.modifiable(name)?;
        if let Some(reason) = allowed::refusal(parameter, value) {
            return Err(Violation::value(format!(
                "The value of the parameter {name} is not valid: {reason}."
            )));
        }
        self.values
            .insert(parameter.name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Gives a parameter the family's value again.
    ///
    /// # Errors
    /// `InvalidParameterValue` as for [`CacheParameterGroup::set`].
    pub fn reset(&mut self, name: &str) -> Result<(), Violation> {
        let parameter = self.modifiable(name)?;
        self.values.remove(parameter.name);
        Ok(())
    }

    /// Gives all parameters the family's values again.
    ///
    /// # Errors
    /// `InvalidParameterValue` where one of them cannot be modified while the group is in use.
    pub fn reset_all(&mut self) -> Result<(), Violation> {
        let names: Vec<String> = self.values.keys().cloned().collect();
        names.iter().try_for_each(|name| self.reset(name))
    }

    fn modifiable(&self, name: &str) -> Result<&'static Parameter, Violation> {
        let of_node_type = |name: &str| {
            let those = self.family.node_type_parameters;
            those.iter().any(|parameter| parameter.name == name)
        };
        match self.family.parameter(name) {
            Some(parameter) if self.is_modifiable(parameter) => Ok(parameter),
            None if !of_node_type(name) => {
                Err(Violation::value(format!("Parameter {name} doesn't exist")))
            }
            Some(_) | None => Err(Violation::value(format!(
                "The parameter {name} cannot be modified."
            ))),
        }
    }
}

/// What the group of that name says differently from its family, of built-in groups; none for another's name.
pub fn default_values(name: &str) -> Option<ParameterValues> {
    let (_, group) = parameter::find_default_group(name)?;
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Some(group.overrides.iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(family: &str) -> CacheParameterGroup {
        let scope = Scope {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let family = parameter::family(family).expect(family);
        CacheParameterGroup::wished(scope, "mine".to_owned(), family, "ours".to_owned())
    }

    #[test]
    fn values_are_kept_as_given_until_they_are_reset() {
        let mut group = group("redis7");
        group.set("maxmemory-policy", "volatile-lru").unwrap();
        group.set("timeout", "20").unwrap();
        assert_eq!(group.values.len(), 2, "a default that is set is set");
        group.reset("timeout").unwrap();
        assert_eq!(group.values["maxmemory-policy"], "volatile-lru");
        assert_eq!(group.values.get("timeout"), None);
        group.reset_all().unwrap();
        assert!(group.values.is_empty());
    }

    #[test]
    fn what_cannot_be_modified_is_refused_in_awss_words() {
        let check = |name: &str, value: &str, text: &str| {
            let violation = group("redis7").set(name, value).unwrap_err();
            assert_eq!(violation.message(), text);
        };
        check("no-such", "1", "Parameter no-such doesn't exist");
        check(
            "reserved-memory",
            "0",
            "Parameter reserved-memory doesn't exist",
        );
        check(
            "appendonly",
            "yes",
            "The parameter appendonly cannot be modified.",
        );
        check(
            "maxmemory",
            "1",
            "The parameter maxmemory cannot be modified.",
        );
        check(
            "timeout",
            "7",
            "The value of the parameter timeout is not valid: allowed values are 0,20-.",
        );
    }

    #[test]
    fn cluster_mode_is_decided_before_the_group_is_used() {
        let mut group = group("valkey8");
        group.set("cluster-enabled", "yes").unwrap();
        assert!(group.is_cluster_enabled());
        group.in_use = true;
        let text = "The parameter cluster-enabled cannot be modified.";
        assert_eq!(
            group.set("cluster-enabled", "no").unwrap_err().message(),
            text
        );
        assert_eq!(group.reset_all().unwrap_err().message(), text);
        group.set("databases", "32").unwrap();
    }

    #[test]
    fn built_in_groups_have_values_too() {
        assert_eq!(
            default_values("default.redis7.cluster.on").unwrap()["cluster-enabled"],
            "yes"
        );
        assert!(default_values("default.redis7").unwrap().is_empty());
        assert_eq!(default_values("mine"), None);
    }
}
