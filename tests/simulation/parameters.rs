//! Parameter groups, as clients of the simulation use them: two for each family of the versions that they ask for.

use cacheplane::operations::{Context, cache_parameter_group};
use cacheplane::resources::cache_cluster::{CacheCluster, CacheNode, Membership};
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::parameter;
use cacheplane::runtime::simulated::SimulatedWorld;
use cacheplane_api::shapes::{
    CreateCacheParameterGroupMessage, ModifyCacheParameterGroupMessage, ParameterNameValue,
};
use cacheplane_api::{Fault, FaultCode};

use crate::client::Command;
use crate::dice::Dice;

/// A value of a parameter of a group, which is made if it is not there.
#[derive(Debug, Clone)]
pub struct SetParameter {
    /// The group.
    pub group: String,
    /// The parameter.
    pub parameter: &'static str,
    /// Its value.
    pub value: String,
}

/// The name of a group of ours for this family.
pub fn group_name(family: &str, number: usize) -> String {
    format!("own{number}-{}", family.replace('.', "-"))
}

/// Sets a value of a group of ours for a version's family.
pub fn set(
    engine: Engine,
    version: &str,
    number: usize,
    parameter: &'static str,
    value: &str,
) -> Command {
    let version = engine::find(engine, version).expect(version);
    Command::Parameters(SetParameter {
        group: group_name(version.family, number),
        parameter,
        value: value.to_owned(),
    })
}

/// Sets some value of a group that `cluster` may use.
pub fn any_set(dice: &mut Dice, cluster: &CacheCluster) -> Command {
    let spec = &cluster.spec;
    let number = 1 + dice.below(2);
    let (parameter, values): (&'static str, [&str; 3]) = match spec.engine() {
        Engine::Memcached => ("cas_disabled", ["0", "1", "1"]),
        Engine::Redis | Engine::Valkey => match dice.chance(600) {
            true => ("timeout", ["0", "20", "40"]),
            false => ("databases", ["16", "20", "40"]),
        },
    };
    let value = *dice.pick(&values);
    set(
        spec.engine(),
        spec.engine_version.version,
        number,
        parameter,
        value,
    )
}

/// A group for this family: one of ours, which may not be there, or the built-in one.
pub fn any_group(dice: &mut Dice, family: &str) -> String {
    match dice.below(3) {
        0 => format!("default.{family}"),
        number => group_name(family, number),
    }
}

impl SetParameter {
    /// Asks for the group, and for the value.
    pub async fn ask(self, cx: Context) -> Result<(), Fault> {
        let families = parameter::families().iter();
        let mut of_ours = families
            .filter(|family| (1..=2).any(|number| group_name(family.name, number) == self.group));
        let family = of_ours.next().map_or("", |family| family.name);
        let create = CreateCacheParameterGroupMessage {
            cache_parameter_group_name: self.group.clone(),
            cache_parameter_group_family: family.to_owned(),
            description: "simulated".to_owned(),
            tags: None,
        };
        match cache_parameter_group::create_cache_parameter_group(&cx, create).await {
            Ok(_) => {}
            Err(fault) if fault.code() == FaultCode::CacheParameterGroupAlreadyExists => {}
            Err(fault) => return Err(fault),
        }
        let modify = ModifyCacheParameterGroupMessage {
            cache_parameter_group_name: self.group,
            parameter_name_values: vec![ParameterNameValue {
                parameter_name: Some(self.parameter.to_owned()),
                parameter_value: Some(self.value),
            }],
        };
        cache_parameter_group::modify_cache_parameter_group(&cx, modify).await?;
        Ok(())
    }
}

/// When all has settled, a node has what its group says, but for what it is told to be rebooted for.
pub fn check(
    host: &SimulatedWorld,
    container: &str,
    cluster: &CacheCluster,
    node: &CacheNode,
) -> Result<(), String> {
    let family = cluster.family().ok_or("its family is unknown")?;
    let wanted = |parameter: &str| -> Option<String> {
        let own = cluster.parameters.values.get(parameter).cloned();
        let default = || family.parameter(parameter)?.default.map(str::to_owned);
        own.or_else(default)
    };
    if cluster.spec.engine() == Engine::Memcached {
        let command = host.container_spec(container).map(|spec| spec.command);
        let has_flag = command.is_some_and(|command| command.contains(&"-C".to_owned()));
        let agrees = has_flag == (wanted("cas_disabled").as_deref() == Some("1"));
        return match agrees != cluster.needs_reboot(node) {
            true => Ok(()),
            false => Err("what it runs with is not what is told of it".to_owned()),
        };
    }
    // A node of a cluster has one database.
    let is_sharded = |membership: &Membership| membership.node_group.is_some();
    let checked = match cluster.membership.as_ref().is_some_and(is_sharded) {
        true => &["timeout"][..],
        false => &["timeout", "databases"],
    };
    for &parameter in checked {
        let (has, wanted) = (host.config_get(container, parameter), wanted(parameter));
        let lacks = parameter == "databases" && cluster.needs_reboot(node);
        if (has == wanted) == lacks {
            return Err(format!("it has {has:?} for {parameter}, not {wanted:?}"));
        }
    }
    Ok(())
}
