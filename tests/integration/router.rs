//! Routers that die, hang or vanish while they are told their routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use cacheplane::control_plane::ControlPlane;
use cacheplane::reconcile::World;
use cacheplane::reconcile::driver::{Outcome, Reconciler};
use cacheplane::reconcile::router::Routers;
use cacheplane::routing::{InForce, RouterControl, RouterEndpoint, Routes, RoutingError};

use crate::harness::{Harness, Layout};

/// What happens when a router is asked which table it has, after this many that were asked.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// Its container is removed just before.
    Destroyed,
    /// Its container is killed just before.
    Killed,
    /// It does not answer.
    Silent,
    /// It does not answer, nor end.
    Hanging,
}

/// Routers that are struck the first so many times that they are asked, if their name says so.
#[derive(Debug)]
struct Struck {
    inner: Arc<dyn RouterControl>,
    host: Arc<cacheplane::runtime::simulated::SimulatedWorld>,
    blow: Blow,
    name: &'static str,
    times: usize,
    asked: AtomicUsize,
}

impl Struck {
    fn world(
        harness: &Harness,
        blow: Blow,
        name: &'static str,
        times: usize,
    ) -> (World, Arc<Self>) {
        let struck = Arc::new(Self {
            inner: Arc::clone(&harness.world.routing),
            host: Arc::clone(&harness.host),
            blow,
            name,
            times,
            asked: AtomicUsize::new(0),
        });
        let world = World {
            routing: Arc::clone(&struck) as Arc<dyn RouterControl>,
            ..harness.world.clone()
        };
        (world, struck)
    }
}

#[async_trait]
impl RouterControl for Struck {
    async fn table_in_force(&self, router: &RouterEndpoint) -> Result<InForce, RoutingError> {
        let is_struck = router.name.ends_with(self.name)
            && self.asked.fetch_add(1, Ordering::SeqCst) < self.times;
        if is_struck {
            match self.blow {
                Blow::Destroyed => self.host.destroy(&router.name),
                Blow::Killed => self.host.kill(&router.name),
                Blow::Hanging => std::future::pending().await,
                Blow::Silent => {
                    return Err(RoutingError::Unreachable {
                        name: router.name.clone(),
                        source: None,
                    });
                }
            }
        }
        self.inner.table_in_force(router).await
    }

    async fn put_table(
        &self,
        router: &RouterEndpoint,
        generation: u64,
        routes: &Routes,
    ) -> Result<InForce, RoutingError> {
        self.inner.put_table(router, generation, routes).await
    }
}

/// Runs the reconciler of routers on all that it lists.
async fn run(world: World) -> anyhow::Result<Vec<Outcome>> {
    let routers = Routers::new(world);
    let mut outcomes = Vec::new();
    for (key, _) in routers.list().await? {
        outcomes.push(routers.reconcile(key).await?);
    }
    Ok(outcomes)
}

/// Whoever removes a router may do so just after it was looked at. That is no failure: it is there again in the same run.
#[tokio::test]
async fn a_router_that_is_lost_while_it_is_told_its_routes_is_made_again_at_once() {
    for blow in [Blow::Destroyed, Blow::Killed, Blow::Silent] {
        for times in [1, 3] {
            let harness = Harness::start().await;
            harness.memcached("mc", "2").await;
            let routes = harness.routes();
            let (world, struck) = Struck::world(&harness, blow, "router-shared", times);
            let outcomes = run(world).await.expect("be served");
            assert_eq!(outcomes, [Outcome::Settled], "{blow:?}");
            assert_eq!(struck.asked.load(Ordering::SeqCst), times + 1, "{blow:?}");
            assert_eq!(harness.routes(), routes);
            harness.finish().await;
        }
    }
}

/// One that is there and never answers is told of, after a bounded number of looks.
#[tokio::test]
async fn a_router_that_never_answers_is_an_error() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    let (world, struck) = Struck::world(&harness, Blow::Silent, "router-shared", usize::MAX);
    let error = run(world).await.expect_err("be silent");
    assert!(
        format!("{error:#}").contains("does not answer"),
        "{error:#}"
    );
    assert_eq!(struck.asked.load(Ordering::SeqCst), 10);

    // So is one that dies whenever it is talked to.
    let (world, struck) = Struck::world(&harness, Blow::Killed, "router-shared", usize::MAX);
    run(world).await.expect_err("be silent");
    assert_eq!(struck.asked.load(Ordering::SeqCst), 30);
    harness.settle().await;
    harness.finish().await;
}

/// In published mode each endpoint has a router; one that hangs delays no other's.
#[tokio::test]
async fn a_router_that_hangs_delays_no_other() {
    let harness = Harness::start_on(Layout {
        ports: Some(7000..=7100),
        real_time: true,
        ..Layout::default()
    })
    .await;
    // The first takes the port that it asks for.
    harness.memcached("first", "1").await;
    let (world, struck) = Struck::world(&harness, Blow::Hanging, "router-port-11211", usize::MAX);
    let control_plane = ControlPlane::start(&world);
    for id in ["second", "third"] {
        harness.create_memcached(id, "1", &[]).await.ok();
        harness.wait_for_status(id, "available").await;
    }
    assert_eq!(
        struck.asked.load(Ordering::SeqCst),
        1,
        "it is in work all the while"
    );
    drop(control_plane);
    harness.settle().await;
    harness.finish().await;
}

/// A push to a healthy router may be what ends an outage: nothing is asked of the host but whether it is there.
#[tokio::test]
async fn a_healthy_router_costs_two_looks_and_no_write() {
    let harness = Harness::start().await;
    harness.memcached("mc", "2").await;
    let routers = Routers::new(harness.world.clone());
    let [(key, _)] = routers.list().await.expect("list")[..] else {
        panic!("one router")
    };
    let before = harness.host.call_count();
    routers.reconcile(key).await.expect("be served");
    assert_eq!(harness.host.call_count() - before, 2);
    harness.finish().await;
}
