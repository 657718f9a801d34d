//! Parameter groups and parameters as they are told; the same for a family, a built-in group and a customer's.

use cacheplane_api::shapes::{
    CacheNodeTypeSpecificParameter, CacheNodeTypeSpecificValue,
    CacheParameterGroup as CacheParameterGroupShape, Parameter as ParameterShape,
};

use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_parameter_group::{CacheParameterGroup, ParameterValues};
use crate::resources::parameter::{DefaultGroup, Family, NodeTypeParameter, Parameter};
use crate::resources::scope::Scope;

/// The wire form of a customer's group.
pub(super) fn group(group: &CacheParameterGroup) -> CacheParameterGroupShape {
    CacheParameterGroupShape {
        cache_parameter_group_name: Some(group.name.clone()),
        cache_parameter_group_family: Some(group.family.name.to_owned()),
        description: Some(group.description.clone()),
        is_global: Some(false),
        arn: Some(arn(&group.scope, ResourceType::ParameterGroup, &group.name)),
    }
}

/// The wire form of a built-in group, as the caller's.
pub(super) fn default_group(
    scope: &Scope,
    family: &Family,
    group: &DefaultGroup,
) -> CacheParameterGroupShape {
    CacheParameterGroupShape {
        cache_parameter_group_name: Some(group.name.to_owned()),
        cache_parameter_group_family: Some(family.name.to_owned()),
        description: Some(group.description.to_owned()),
        is_global: Some(false),
        arn: Some(arn(scope, ResourceType::ParameterGroup, group.name)),
    }
}

/// Whose a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The customer set it.
    User,
    /// The service's, which all are that no customer set.
    System,
    /// A word of the filter that no value has.
    EngineDefault,
}

impl Source {
    /// The source that `word` names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "user" => Some(Self::User),
            "system" => Some(Self::System),
            "engine-default" => Some(Self::EngineDefault),
            _ => None,
        }
    }
}

/// Parameters with the values that something gives them.
pub(super) struct Described {
    parameters: Vec<(Source, ParameterShape)>,
    node_type_parameters: &'static [NodeTypeParameter],
}

/// A part of them.
pub(super) struct ParameterPage {
    /// With one value for all node types.
    pub(super) parameters: Vec<ParameterShape>,
    /// With a value for each.
    pub(super) node_type_parameters: Vec<CacheNodeTypeSpecificParameter>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<usize>,
}

impl Described {
    /// A family's own.
    pub(super) fn family(family: &'static Family) -> Self {
        let shape = |parameter| {
            let shape = shape(parameter, parameter.default, parameter.source);
            (Source::System, shape)
        };
        Self {
            parameters: family.parameters.iter().map(shape).collect(),
            node_type_parameters: family.node_type_parameters,
        }
    }

    /// A built-in group's.
    pub(super) fn default_group(family: &'static Family, group: &DefaultGroup) -> Self {
        let shape = |parameter: &'static Parameter| {
            let mut overrides = group.overrides.iter();
            let own = overrides.find(|(name, _)| *name == parameter.name);
            let value = own.map(|(_, value)| *value).or(parameter.default);
            (Source::System, shape(parameter, value, parameter.source))
        };
        Self {
            parameters: family.parameters.iter().map(shape).collect(),
            node_type_parameters: family.node_type_parameters,
        }
    }

    /// A customer's group's. What the customer may change is told of him alone: in other groups it is nobody's to change.
    pub(super) fn group(group: &CacheParameterGroup) -> Self {
        let values: &ParameterValues = &group.values;
        let shape = |parameter: &'static Parameter| {
            let own = values.get(parameter.name).map(String::as_str);
            let (source, word) = match own {
                Some(_) => (Source::User, "user"),
                None => (Source::System, parameter.source),
            };
            let mut shape = shape(parameter, own.or(parameter.default), word);
            shape.is_modifiable = Some(group.is_modifiable(parameter));
            (source, shape)
        };
        Self {
            parameters: group.family.parameters.iter().map(shape).collect(),
            node_type_parameters: group.family.node_type_parameters,
        }
    }

    /// At most `limit` of both kinds from the one at `start` on, of one source or of all.
    pub(super) fn page(self, source: Option<Source>, start: usize, limit: usize) -> ParameterPage {
        let is_wanted = |of: Source| source.is_none_or(|source| source == of);
        let parameters: Vec<ParameterShape> = self
            .parameters
            .into_iter()
            .filter(|(source, _)| is_wanted(*source))
            .map(|(_, shape)| shape)
            .collect();
        let by_node_type = match is_wanted(Source::System) {
            true => self.node_type_parameters,
            false => &[],
        };
        let (count, total) = (parameters.len(), parameters.len() + by_node_type.len());
        let end = start.saturating_add(limit).min(total);
        ParameterPage {
            node_type_parameters: by_node_type
                .iter()
                .skip(start.saturating_sub(count))
                .take(end.saturating_sub(start.max(count)))
                .map(node_type_shape)
                .collect(),
            parameters: parameters.into_iter().skip(start).take(limit).collect(),
            next: (end < total).then_some(end),
        }
    }
}

fn shape(parameter: &Parameter, value: Option<&str>, source: &str) -> ParameterShape {
    ParameterShape {
        parameter_name: Some(parameter.name.to_owned()),
        parameter_value: value.map(str::to_owned),
        description: Some(parameter.description.to_owned()),
        source: Some(source.to_owned()),
        data_type: Some(parameter.data_type.to_owned()),
        allowed_values: parameter.allowed_values.map(str::to_owned),
        // As recorded: what can be changed in a customer's group under a condition cannot be changed here.
        is_modifiable: Some(parameter.is_modifiable && parameter.modifiable_when.is_none()),
        minimum_engine_version: Some(parameter.minimum_engine_version.to_owned()),
        change_type: Some(parameter.change_type.name().to_owned()),
    }
}

fn node_type_shape(parameter: &NodeTypeParameter) -> CacheNodeTypeSpecificParameter {
    let values = parameter.values.iter().map(|(node_type, value)| {
        let (cache_node_type, value) = (Some((*node_type).to_owned()), Some(value.to_string()));
        CacheNodeTypeSpecificValue {
            cache_node_type,
            value,
        }
    });
    CacheNodeTypeSpecificParameter {
        parameter_name: Some(parameter.name.to_owned()),
        description: Some(parameter.description.to_owned()),
        source: Some(parameter.source.to_owned()),
        data_type: Some(parameter.data_type.to_owned()),
        allowed_values: parameter.allowed_values.map(str::to_owned),
        is_modifiable: Some(parameter.is_modifiable),
        minimum_engine_version: Some(parameter.minimum_engine_version.to_owned()),
        cache_node_type_specific_values: Some(values.collect()),
        change_type: Some(parameter.change_type.name().to_owned()),
    }
}
