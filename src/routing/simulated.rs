//! Routers in memory: one answers while its container runs in the simulated world, and keeps its table as long as the world
//! lasts, as a real one keeps it on its volume.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{InForce, RouterControl, RouterEndpoint, Routes, RoutingError};
use crate::runtime::simulated::SimulatedWorld;

/// The tables of simulated routers, by container name. Shared by the control planes that follow one another.
pub type SimulatedTables = Arc<Mutex<BTreeMap<String, (u64, Routes)>>>;

/// Talks to simulated routers.
#[derive(Debug, Clone)]
pub struct SimulatedRouterControl {
    world: Arc<SimulatedWorld>,
    tables: SimulatedTables,
}

impl SimulatedRouterControl {
    /// Routers of `world`, with the tables that they have had.
    pub fn new(world: Arc<SimulatedWorld>, tables: SimulatedTables) -> Self {
        Self { world, tables }
    }

    fn refuse_unless_running(&self, router: &RouterEndpoint) -> Result<(), RoutingError> {
        let runs = self
            .world
            .containers()
            .iter()
            .any(|container| container.name == router.name && container.is_running());
        if runs {
            return Ok(());
        }
        Err(RoutingError::Unreachable {
            name: router.name.clone(),
            source: None,
        })
    }
}

#[async_trait]
impl RouterControl for SimulatedRouterControl {
    async fn table_in_force(&self, router: &RouterEndpoint) -> Result<InForce, RoutingError> {
        self.refuse_unless_running(router)?;
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = tables
            .get(&router.name)
            .map_or(0, |(generation, _)| *generation);
        Ok(in_force(generation))
    }

    async fn put_table(
        &self,
        router: &RouterEndpoint,
        generation: u64,
        routes: &Routes,
    ) -> Result<InForce, RoutingError> {
        self.refuse_unless_running(router)?;
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        match tables.get(&router.name) {
            Some((in_force, _)) if *in_force > generation => Err(RoutingError::Outdated {
                name: router.name.clone(),
                in_force: *in_force,
            }),
            _ => {
                tables.insert(router.name.clone(), (generation, routes.clone()));
                Ok(in_force(generation))
            }
        }
    }
}

/// Simulated routers serve whatever they are told to.
fn in_force(generation: u64) -> InForce {
    InForce {
        generation,
        ..InForce::default()
    }
}
