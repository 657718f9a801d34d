//! Keeps the routers: their containers, and the routes that they serve.
//!
//! In network mode one router serves every endpoint that moves or speaks, each at an address of its own. In published mode a
//! container's ports are fixed when it is made, so each endpoint has a router of its own and a new endpoint disturbs no other.
//! Each router is looked at by itself: one that hangs delays no other.

mod container;
mod served;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use crate::activators::{Activator, Activators};
use crate::datastore::RouterRecord;
use crate::routing::{InForce, Route, Routes, RoutingError};
use crate::runtime::RuntimeError;
use container::Program;
use served::Served;

/// How often the routers are looked at when nobody asks.
const PERIOD: Duration = Duration::from_secs(10);

/// How many routers may be in work at once.
const CONCURRENCY: usize = 16;

/// The one router of network mode.
pub(super) const SHARED: &str = "shared";

/// Most tries to agree with a router on the count of its table.
const AGREE_TRIES: usize = 3;

/// How often one run of a container is looked at that does not answer; each time, its start is waited for about a second.
const SILENT_LOOKS_MAX: usize = 10;

/// How often a router that does not answer is looked at in all, whatever became of its container meanwhile.
const LOOKS_MAX: usize = 30;

/// The reconciler of routers.
#[derive(Debug)]
pub struct Routers {
    world: World,
    program: Program,
}

#[async_trait]
impl Reconciler for Routers {
    fn name(&self) -> &'static str {
        "router"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.router
    }

    /// Every router, with a stamp that changes with every wish that it has to do with: a wish does not wait because an earlier
    /// one could not be fulfilled.
    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let routers = self.routers().await?;
        let items = routers.iter().map(|(name, served)| {
            let mut stamp = DefaultHasher::new();
            served.iter().for_each(|one| one.hash_wish(&mut stamp));
            (
                key_of(name),
                i64::from_ne_bytes(stamp.finish().to_ne_bytes()),
            )
        });
        Ok(items.collect())
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let routers = self.routers().await?;
        // Two names with one key share it.
        for (name, served) in routers.iter().filter(|(name, _)| key_of(name) == key) {
            if self.is_idle(name, served) {
                self.remove(name)
                    .await
                    .with_context(|| format!("remove the router {name}"))?;
            } else if let Err(error) = self.serve(name, served).await {
                for one in served {
                    one.tell(&self.world, &error).await?;
                }
                if is_engine_away(&error) {
                    tracing::info!(
                        router = name,
                        reason = format!("{error:#}"),
                        "A router is held up"
                    );
                    return Ok(Outcome::Blocked);
                }
                return Err(error.context(format!("serve by the router {name}")));
            }
        }
        Ok(Outcome::Settled)
    }
}

impl Routers {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        let program = Program::default();
        Arc::new(Self { world, program })
    }

    /// All routers that there are or shall be, with what each shall serve.
    async fn routers(&self) -> anyhow::Result<BTreeMap<String, Vec<Served>>> {
        let records = self.world.datastore.router_list().await?;
        let mut routers: BTreeMap<String, Vec<Served>> = records
            .into_iter()
            .map(|record| (record.name, Vec::new()))
            .collect();
        for one in served::all(&self.world).await? {
            routers.entry(one.router.clone()).or_default().push(one);
        }
        Ok(routers)
    }

    /// A router of published mode whose endpoint is gone. The shared one stays, in its mode: the next endpoint need not wait
    /// for it.
    fn is_idle(&self, name: &str, served: &[Served]) -> bool {
        let stays = name == SHARED && self.world.ground.published.is_none();
        !stays && served.is_empty()
    }

    /// Makes the router be there and serve exactly this.
    async fn serve(&self, name: &str, served: &[Served]) -> anyhow::Result<()> {
        let record = self.ensure_record(name).await?;
        let in_force = self.ensure_served(&record, served).await?;
        // A table in force is not a route that is served: an address may not be taken yet, or a port is.
        let silent = |one: &Served| {
            let id = one.route.as_ref().map(|route| &route.id);
            id.and_then(|id| in_force.silent.get(id))
        };
        let waiting = served.iter().filter(|one| one.awaits_router());
        let (silent_ones, heard): (Vec<_>, Vec<_>) = waiting.partition(|one| silent(one).is_some());
        served::record(&self.world, &heard).await?;
        for one in silent_ones {
            let reason = silent(one).cloned().unwrap_or_default();
            let error = anyhow::anyhow!("it does not listen there: {reason}");
            one.tell(&self.world, &error).await?;
        }
        Ok(())
    }

    async fn ensure_record(&self, name: &str) -> anyhow::Result<RouterRecord> {
        let store = &self.world.datastore;
        let find =
            |records: Vec<RouterRecord>| records.into_iter().find(|found| found.name == name);
        if let Some(record) = find(store.router_list().await?) {
            return Ok(record);
        }
        store
            .router_insert(name, &self.world.ground.pools())
            .await?;
        find(store.router_list().await?).context("find the router that was just chosen")
    }

    /// Makes the router's container be there and puts the routes in force. One that does not answer may have died, or may have
    /// been removed, since it was looked at; so it is looked at again. Only one that is there in the same run, and silent all
    /// the while, is an error, or one that is another at each look.
    async fn ensure_served(
        &self,
        record: &RouterRecord,
        served: &[Served],
    ) -> anyhow::Result<InForce> {
        let mut routes: Vec<Route> = served.iter().filter_map(|one| one.route.clone()).collect();
        routes.sort_by(|a, b| a.id.cmp(&b.id));
        let routes = Routes { routes };
        let (mut silent_run, mut silent_looks) = (None, 0);
        for look in 1.. {
            let container = self.ensure_container(record, served).await?;
            let error = match self.agree(record, served, &routes).await {
                Err(error) if is_unreachable(&error) => error,
                result => return result,
            };
            let run = Some((container.id, container.started_at));
            silent_looks = if run == silent_run {
                silent_looks + 1
            } else {
                1
            };
            silent_run = run;
            if silent_looks >= SILENT_LOOKS_MAX || look >= LOOKS_MAX {
                return Err(error);
            }
            tracing::debug!(
                router = record.name,
                error = format!("{error:#}"),
                "Look at a silent router again"
            );
        }
        unreachable!("the looks are bounded")
    }

    /// Puts `routes` in force unless they are. The count of a table is chosen before the router hears of it, so that a late
    /// push of an older one is refused.
    async fn agree(
        &self,
        record: &RouterRecord,
        served: &[Served],
        routes: &Routes,
    ) -> anyhow::Result<InForce> {
        let (store, routing) = (&self.world.datastore, &self.world.routing);
        let endpoint = &self.endpoint(record);
        let digest = routes.digest();
        let mut generation = match record.table_digest == digest {
            true => record.table_generation,
            false => store.router_request_table(&record.name, &digest).await?,
        };
        for _ in 0..AGREE_TRIES {
            let in_force = routing.table_in_force(endpoint).await?;
            if in_force.generation == generation {
                return Ok(in_force);
            }
            let files = self.files(served)?;
            if !files.is_empty() {
                // Before the table that names them.
                let container = self.world.ground.router_container(&record.name);
                self.world.runtime.put_files(&container, &files).await?;
            }
            match routing.put_table(endpoint, generation, routes).await {
                Err(RoutingError::Outdated { in_force, .. }) => {
                    store.router_skip_tables(&record.name, in_force).await?;
                    generation = store.router_request_table(&record.name, &digest).await?;
                }
                result => return Ok(result?),
            }
        }
        anyhow::bail!(
            "the router keeps having newer tables; does another control plane push to it?"
        )
    }
}

/// The name of the router that serves the endpoint with this port, in published mode.
pub(super) fn router_of_port(port: u16) -> String {
    format!("port-{port}")
}

/// The key of the router with this name.
fn key_of(name: &str) -> i64 {
    let mut key = DefaultHasher::new();
    name.hash(&mut key);
    i64::from_ne_bytes(key.finish().to_ne_bytes())
}

/// Whether the container engine does not answer, which is nothing that a person should look at here: it is told of elsewhere.
fn is_engine_away(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| {
        let cause = cause.downcast_ref::<RuntimeError>();
        cause.is_some_and(|cause| matches!(cause, RuntimeError::Unreachable { .. }))
    })
}

fn is_unreachable(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<RoutingError>();
    cause.is_some_and(|cause| matches!(cause, RoutingError::Unreachable { .. }))
}
