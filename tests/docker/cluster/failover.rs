//! A replica takes over: with its primary's help, with the others' votes, without anyone.

use std::time::{Duration, Instant};

use cacheplane::engine::cluster::{ClusterOrder, FailoverKind};
use cacheplane::engine::{Engine as _, NetworkEngine, Role};

use super::client::Client;
use super::nodes::{Cluster, Node};
use crate::fixture::{DEADLINE, docker, eventually, say};
use crate::replication::with_images;

impl Node {
    pub(super) async fn take_over(&self, kind: FailoverKind) {
        self.order(&[ClusterOrder::Failover(kind)]).await;
    }

    /// Waits until it is a primary and says that all is well.
    async fn wait_serving(&self) {
        eventually("the replica has taken over", async || {
            let view = NetworkEngine.cluster_view(&self.endpoint, DEADLINE).await;
            let view = view.ok()?;
            (view.is_ok && view.myself.role == Role::Primary && !view.myself.slots.is_empty())
                .then_some(())
        })
        .await;
    }

    /// Waits until it is a replica that is in sync.
    async fn wait_following(&self, primary_id: &str) {
        eventually("the former primary follows", async || {
            let view = NetworkEngine.cluster_view(&self.endpoint, DEADLINE).await;
            let view = view.ok()?;
            let is_in_sync = view.report.replication.is_some_and(|found| found.link_up);
            (is_in_sync && view.myself.primary_id.as_deref() == Some(primary_id)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_replica_takes_over_in_each_way() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 3, image).await;
        let nodes = &cluster.nodes;
        let mut client = Client::new(&cluster);
        for number in 0..300 {
            client
                .call::<()>(&["SET", &format!("key {number}"), "value"])
                .await;
        }

        // With the primary's help.
        let slots = cluster.slots(0).await;
        let started = Instant::now();
        nodes[3].take_over(FailoverKind::Coordinated).await;
        nodes[3].wait_serving().await;
        say(&format!("coordinated: {:?}", started.elapsed()));
        nodes[0].wait_following(&cluster.ids[3]).await;
        assert_eq!(cluster.slots(3).await, slots);
        assert!(cluster.slots(0).await.is_empty());
        cluster.wait_whole().await;

        // With the votes of the others, as soon as the primary is dead.
        docker(&["kill", &nodes[1].container]);
        eventually("the link is down", async || {
            let replication = nodes[4].view().await.report.replication?;
            (!replication.link_up).then_some(())
        })
        .await;
        let started = Instant::now();
        nodes[4].take_over(FailoverKind::Force).await;
        nodes[4].wait_serving().await;
        say(&format!("forced: {:?}", started.elapsed()));
        docker(&["start", &nodes[1].container]);
        nodes[1].wait_following(&cluster.ids[4]).await;
        cluster.wait_whole().await;

        // Without most primaries there are no votes.
        for primary in [2, 3] {
            docker(&["pause", &nodes[primary].container]);
        }
        nodes[5].take_over(FailoverKind::Force).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(nodes[5].view().await.myself.role, Role::Replica);
        let started = Instant::now();
        nodes[5].take_over(FailoverKind::Takeover).await;
        eventually("the replica has taken over", async || {
            let view = nodes[5].view().await;
            (view.myself.role == Role::Primary).then_some(())
        })
        .await;
        say(&format!("taken over: {:?}", started.elapsed()));
        for primary in [2, 3] {
            docker(&["unpause", &nodes[primary].container]);
        }
        nodes[2].wait_following(&cluster.ids[5]).await;
        cluster.wait_whole().await;

        let mut client = Client::new(&cluster);
        for number in 0..300 {
            let value: String = client.call(&["GET", &format!("key {number}")]).await;
            assert_eq!(value, "value");
        }
    })
    .await;
}
