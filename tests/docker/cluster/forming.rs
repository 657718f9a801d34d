//! A cluster is made by our orders, and its nodes remember it.

use std::time::Instant;

use cacheplane::engine::cluster::{ClusterOrder, NodeHealth, ResetKind};
use cacheplane::engine::{Engine as _, EngineError, NetworkEngine, NodeUser, Role};
use cacheplane::resources::slots::{SlotSet, even_split};
use cacheplane::runtime::Runtime;

use super::client::Client;
use super::nodes::{Cluster, PORT};
use crate::fixture::{DEADLINE, GRACE, docker, say};
use crate::replication::with_images;

#[tokio::test]
async fn a_cluster_is_formed_and_remembered() {
    with_images(async |fixture, image| {
        let started = Instant::now();
        let cluster = Cluster::form(fixture, 3, image).await;
        say(&format!("3 x 2 formed in {:?}", started.elapsed()));

        let split = even_split(3);
        for (number, node) in cluster.nodes.iter().enumerate() {
            let view = node.view().await;
            assert_eq!((view.known_nodes, view.slots_ok), (6, 16_384));
            assert_eq!(view.open_slots, []);
            assert_eq!(view.myself.host, node.address.to_string());
            assert_eq!(
                (view.myself.port, view.myself.bus_port),
                (PORT, PORT + 10_000)
            );
            for (other, id) in cluster.ids.iter().enumerate() {
                let seen = view.node(id).unwrap();
                let found = view.node_at(&cluster.nodes[other].address.to_string(), PORT);
                assert_eq!(found, Some(seen));
                assert_eq!((seen.health, seen.is_connected), (NodeHealth::Well, true));
                match other < 3 {
                    true => {
                        assert_eq!((seen.role, &seen.slots), (Role::Primary, &split[other]));
                        assert_eq!(seen.config_epoch, other as u64 + 1);
                    }
                    false => {
                        let primary_id = Some(cluster.ids[other - 3].clone());
                        assert_eq!((seen.role, &seen.primary_id), (Role::Replica, &primary_id));
                        assert_eq!(seen.slots, SlotSet::EMPTY);
                    }
                }
            }
            let role = if number < 3 {
                Role::Primary
            } else {
                Role::Replica
            };
            assert_eq!((view.report.role, view.myself.role), (role, role));
        }
        let mut client = Client::new(&cluster);
        for number in 0..100 {
            let key = format!("key {number}");
            client.call::<()>(&["SET", &key, "value"]).await;
        }

        // A replica and a primary are killed, and another is stopped gracefully.
        for number in [0, 4] {
            docker(&["kill", &cluster.nodes[number].container]);
            docker(&["start", &cluster.nodes[number].container]);
        }
        let stopped = &cluster.nodes[1].container;
        fixture
            .runtime
            .restart_container(stopped, GRACE)
            .await
            .unwrap();
        for node in &cluster.nodes {
            node.wait_ready().await;
        }
        cluster.wait_whole().await;
        for (node, id) in cluster.nodes.iter().zip(&cluster.ids) {
            assert_eq!(node.id().await, *id);
        }
    })
    .await;
}

#[tokio::test]
async fn orders_that_cannot_be_carried_out_are_refused() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 1, image).await;
        let (primary, replica) = (&cluster.nodes[0], &cluster.nodes[1]);
        let unknown = "0".repeat(40);
        let refused = async |order: ClusterOrder| {
            let told = NetworkEngine.cluster_order(
                &primary.endpoint,
                std::slice::from_ref(&order),
                DEADLINE,
            );
            let error = told.await.unwrap_err();
            assert!(
                matches!(error, EngineError::Refused { .. }),
                "{order:?}: {error:?}"
            );
        };
        primary.tell::<()>(&["SET", "key", "value"]).await;
        refused(ClusterOrder::SetConfigEpoch(9)).await;
        refused(ClusterOrder::AddSlots("7".parse().unwrap())).await;
        refused(ClusterOrder::Replicate(unknown.clone())).await;
        refused(ClusterOrder::Replicate(cluster.ids[1].clone())).await;
        refused(ClusterOrder::Reset(ResetKind::Soft)).await;
        // To forget whom it does not know is nothing to do.
        primary.order(&[ClusterOrder::Forget(unknown)]).await;
        primary.order(&[ClusterOrder::BumpEpoch]).await;

        primary
            .order(&[ClusterOrder::DelSlots("5-9".parse().unwrap())])
            .await;
        refused(ClusterOrder::DelSlots("9-10".parse().unwrap())).await;
        refused(ClusterOrder::AddSlots("4-5".parse().unwrap())).await;
        assert_eq!(primary.view().await.slots_assigned, 16_379);
        primary
            .order(&[ClusterOrder::AddSlots("5-9".parse().unwrap())])
            .await;
        cluster.wait_whole().await;

        replica.order(&[ClusterOrder::Reset(ResetKind::Hard)]).await;
        primary
            .order(&[ClusterOrder::Forget(cluster.ids[1].clone())])
            .await;
        let alone = replica.view().await;
        assert_ne!(alone.myself.node_id, cluster.ids[1]);
        assert_eq!((alone.known_nodes, alone.current_epoch), (1, 0));
        assert_eq!(replica.tell::<u64>(&["DBSIZE"]).await, 0);
    })
    .await;
}

#[tokio::test]
async fn peers_are_let_in_whoever_else_is() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 1, image).await;
        let primary = &cluster.nodes[0];
        let users = ["default", "someone"].map(|name| NodeUser {
            name: name.to_owned(),
            rules: ["on", "nopass", "~*", "+@all"].map(String::from).to_vec(),
        });
        for users in [&users[..], &users[..1]] {
            let admitted = NetworkEngine.admit(&primary.endpoint, users, DEADLINE);
            admitted.await.unwrap();
            primary
                .tell::<u64>(&["CLIENT", "KILL", "TYPE", "replica"])
                .await;
            cluster.wait_whole().await;
        }
        let names: Vec<String> = primary.tell(&["ACL", "USERS"]).await;
        assert_eq!(names, ["cacheplane", "default", "peers"]);
    })
    .await;
}
