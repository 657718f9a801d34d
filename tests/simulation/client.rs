//! What clients ask for.

use std::collections::BTreeMap;

use cacheplane::operations::{Context, cache_cluster, tag};
use cacheplane::resources::arn::{ResourceType, arn};
use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::scope::Scope;
use cacheplane::resources::status::{self, Operation};
use cacheplane_api::shapes::{
    AddTagsToResourceMessage, CreateCacheClusterMessage, DeleteCacheClusterMessage,
    DescribeCacheClustersMessage, ModifyCacheClusterMessage, RebootCacheClusterMessage,
    RemoveTagsFromResourceMessage, Tag,
};
use cacheplane_api::{Fault, FaultCode};

use crate::access_client::AccessCommand;
use crate::dice::Dice;
use crate::group_client::GroupCommand;
use crate::parameters::{self, SetParameter};

const NODE_TYPES: [&str; 3] = ["cache.t3.micro", "cache.t3.small", "cache.t3.medium"];
const REDIS: [&str; 3] = ["6.2", "7.0", "7.1"];
const MEMCACHED: [&str; 3] = ["1.6.12", "1.6.17", "1.6.22"];
const IDS: [&str; 4] = ["ant", "bee", "cat", "dog"];

/// A request.
#[derive(Debug, Clone)]
pub enum Command {
    /// CreateCacheCluster.
    Create(CreateCacheClusterMessage),
    /// ModifyCacheCluster.
    Modify(ModifyCacheClusterMessage),
    /// RebootCacheCluster.
    Reboot(RebootCacheClusterMessage),
    /// DeleteCacheCluster.
    Delete(DeleteCacheClusterMessage),
    /// DescribeCacheClusters of one.
    Describe(String),
    /// AddTagsToResource, or RemoveTagsFromResource.
    Tag(String, bool),
    /// Something about a replication group.
    Group(GroupCommand),
    /// Something about users.
    Access(AccessCommand),
    /// Something about a parameter group.
    Parameters(SetParameter),
}

/// A create request.
pub fn create(id: &str, engine: Engine, version: &str, nodes: usize) -> Command {
    Command::Create(CreateCacheClusterMessage {
        cache_cluster_id: id.to_owned(),
        engine: Some(engine.name().to_owned()),
        engine_version: Some(version.to_owned()),
        cache_node_type: Some(NODE_TYPES[0].to_owned()),
        num_cache_nodes: i32::try_from(nodes).ok(),
        preferred_maintenance_window: Some("sun:05:00-sun:06:00".to_owned()),
        snapshot_window: (engine == Engine::Redis).then(|| "08:00-09:00".to_owned()),
        ..Default::default()
    })
}

/// A modify request.
pub fn modify(id: &str, change: impl FnOnce(&mut ModifyCacheClusterMessage)) -> Command {
    let mut input = ModifyCacheClusterMessage {
        cache_cluster_id: id.to_owned(),
        apply_immediately: Some(true),
        ..Default::default()
    };
    change(&mut input);
    Command::Modify(input)
}

/// A reboot request.
pub fn reboot(id: &str, nodes: &[&str]) -> Command {
    Command::Reboot(RebootCacheClusterMessage {
        cache_cluster_id: id.to_owned(),
        cache_node_ids_to_reboot: nodes.iter().map(ToString::to_string).collect(),
    })
}

/// A delete request.
pub fn delete(id: &str) -> Command {
    Command::Delete(DeleteCacheClusterMessage {
        cache_cluster_id: id.to_owned(),
        ..Default::default()
    })
}

/// Something that a client might ask for, seeing these records.
pub fn any(dice: &mut Dice, clusters: &BTreeMap<i64, CacheCluster>, scope: &Scope) -> Command {
    let mine: Vec<&CacheCluster> = clusters
        .values()
        .filter(|cluster| cluster.scope == *scope)
        .collect();
    let kind = dice.below(100);
    let creates = if mine.len() < 2 { 40 } else { 15 };
    if mine.is_empty() || kind < creates {
        let (engine, versions) = match dice.chance(400) {
            true => (Engine::Redis, REDIS),
            false => (Engine::Memcached, MEMCACHED),
        };
        let nodes = if engine == Engine::Redis {
            1
        } else {
            1 + dice.below(5)
        };
        let (id, version) = (*dice.pick(&IDS), *dice.pick(&versions));
        return create(id, engine, version, nodes);
    }
    // Mostly one that admits what is asked.
    let admitting: Vec<&CacheCluster> = mine
        .iter()
        .copied()
        .filter(|cluster| status::admits(cluster, Operation::Modify))
        .collect();
    let cluster = match admitting.is_empty() || dice.chance(200) {
        true => *dice.pick(&mine),
        false => *dice.pick(&admitting),
    };
    let id = cluster.spec.cache_cluster_id.as_str();
    let nodes: Vec<&str> = cluster
        .wished_nodes()
        .map(|node| node.cache_node_id.as_str())
        .collect();
    match kind {
        0..62 => any_modify(dice, cluster, &nodes),
        62..78 => {
            let mut some: Vec<&str> = nodes.clone();
            dice.shuffle(&mut some);
            some.truncate(1 + dice.below(nodes.len()));
            reboot(id, &some)
        }
        78..82 => parameters::any_set(dice, cluster),
        82..90 => delete(id),
        90..95 => Command::Tag(id.to_owned(), dice.chance(700)),
        _ => Command::Describe(id.to_owned()),
    }
}

fn any_modify(dice: &mut Dice, cluster: &CacheCluster, nodes: &[&str]) -> Command {
    let memcached = cluster.spec.engine() == Engine::Memcached;
    let mut input = ModifyCacheClusterMessage {
        cache_cluster_id: cluster.spec.cache_cluster_id.clone(),
        apply_immediately: Some(dice.chance(700)),
        ..Default::default()
    };
    if memcached && dice.chance(600) {
        let wanted = 1 + dice.below(5);
        input.num_cache_nodes = i32::try_from(wanted).ok();
        if wanted < nodes.len() {
            let mut some: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            dice.shuffle(&mut some);
            some.truncate(nodes.len() - wanted);
            input.cache_node_ids_to_remove = Some(some);
        }
    }
    if dice.chance(250) {
        input.cache_node_type = Some((*dice.pick(&NODE_TYPES)).to_owned());
    }
    if dice.chance(300) {
        let versions = if memcached { MEMCACHED } else { REDIS };
        input.engine_version = Some((*dice.pick(&versions)).to_owned());
    }
    if dice.chance(250) {
        let family = wanted_family(cluster, input.engine_version.as_deref());
        input.cache_parameter_group_name = Some(parameters::any_group(dice, family));
    }
    if dice.chance(150) {
        let window = [
            "sat:10:00-sat:11:00",
            "wed:11:30-wed:13:00",
            "sun:05:00-sun:06:00",
        ];
        input.preferred_maintenance_window = Some((*dice.pick(&window)).to_owned());
    }
    if dice.chance(100) {
        input.security_group_ids = Some(vec![format!("sg-{}", dice.below(3))]);
    }
    Command::Modify(input)
}

/// The family of the version that is asked for, or of the present one.
pub fn wanted_family(cluster: &CacheCluster, version: Option<&str>) -> &'static str {
    let engine = cluster.spec.engine();
    let wanted = version.and_then(|version| engine::find(engine, version));
    wanted.unwrap_or(cluster.spec.engine_version).family
}

impl Command {
    /// The cache cluster or replication group that it is about.
    pub fn id(&self) -> &str {
        match self {
            Self::Create(input) => &input.cache_cluster_id,
            Self::Modify(input) => &input.cache_cluster_id,
            Self::Reboot(input) => &input.cache_cluster_id,
            Self::Delete(input) => &input.cache_cluster_id,
            Self::Describe(id) | Self::Tag(id, _) => id,
            Self::Group(command) => command.id(),
            Self::Access(command) => command.id(),
            Self::Parameters(command) => &command.group,
        }
    }

    /// In a line, for the trace.
    pub fn text(&self) -> String {
        let text = match self {
            Self::Create(input) => format!(
                "create {} {:?} {:?} nodes {:?}",
                input.cache_cluster_id, input.engine, input.engine_version, input.num_cache_nodes
            ),
            Self::Modify(input) => format!(
                "modify {} nodes {:?} remove {:?} type {:?} version {:?} parameters {:?} window {:?} immediately {:?}",
                input.cache_cluster_id,
                input.num_cache_nodes,
                input.cache_node_ids_to_remove,
                input.cache_node_type,
                input.engine_version,
                input.cache_parameter_group_name,
                input.preferred_maintenance_window,
                input.apply_immediately
            ),
            Self::Reboot(input) => format!(
                "reboot {} {:?}",
                input.cache_cluster_id, input.cache_node_ids_to_reboot
            ),
            Self::Group(command) => command.text(),
            other => format!("{other:?}"),
        };
        text.replace("Some(", "").replace(')', "")
    }

    /// Asks; the status that was answered with, where there was one.
    pub async fn ask(self, cx: Context) -> Result<Option<String>, Fault> {
        let status = |cluster: Option<cacheplane_api::shapes::CacheCluster>| {
            cluster.and_then(|cluster| cluster.cache_cluster_status)
        };
        match self {
            Self::Group(command) => command.ask(cx).await,
            Self::Access(command) => command.ask(cx).await,
            Self::Parameters(command) => command.ask(cx).await.map(|()| None),
            Self::Create(input) => Ok(status(
                cache_cluster::create_cache_cluster(&cx, input)
                    .await?
                    .cache_cluster,
            )),
            Self::Modify(input) => Ok(status(
                cache_cluster::modify_cache_cluster(&cx, input)
                    .await?
                    .cache_cluster,
            )),
            Self::Reboot(input) => Ok(status(
                cache_cluster::reboot_cache_cluster(&cx, input)
                    .await?
                    .cache_cluster,
            )),
            Self::Delete(input) => Ok(status(
                cache_cluster::delete_cache_cluster(&cx, input)
                    .await?
                    .cache_cluster,
            )),
            Self::Describe(id) => {
                let input = DescribeCacheClustersMessage {
                    cache_cluster_id: Some(id),
                    show_cache_node_info: Some(true),
                    ..Default::default()
                };
                let reply = cache_cluster::describe_cache_clusters(&cx, input).await?;
                Ok(status(reply.cache_clusters.unwrap_or_default().pop()))
            }
            Self::Tag(id, adds) => {
                let resource_name = arn(&cx.scope, ResourceType::Cluster, &id);
                if adds {
                    let tags = vec![Tag {
                        key: Some("k".to_owned()),
                        value: Some("v".to_owned()),
                    }];
                    tag::add_tags_to_resource(
                        &cx,
                        AddTagsToResourceMessage {
                            resource_name,
                            tags,
                        },
                    )
                    .await?;
                } else {
                    let tag_keys = vec!["k".to_owned()];
                    tag::remove_tags_from_resource(
                        &cx,
                        RemoveTagsFromResourceMessage {
                            resource_name,
                            tag_keys,
                        },
                    )
                    .await?;
                }
                Ok(None)
            }
        }
    }
}

/// Whether a refusal is one that a client can understand.
pub fn is_lawful(fault: &Fault) -> bool {
    fault.code() != FaultCode::InternalFailure
}
