use tempfile::TempDir;

use super::*;
use crate::resources::cache_cluster::tests::{ASKED, memcached, redis};
use crate::resources::cache_cluster::{
    CacheCluster, Failure, FailureKind, NodeObserved, NodeWish, Observation,
};
use crate::resources::cache_parameter_group::CacheParameterGroup;
use crate::resources::event::Event;
use crate::resources::scope::Scope;
use crate::resources::tag::Tag;

/// A database of its own, with this cache cluster in it as if it had just been asked for.
async fn stored_in(directory: &TempDir, cluster: CacheCluster) -> (Datastore, CacheCluster) {
    let store = Datastore::open(&directory.path().join("test.db"))
        .await
        .unwrap();
    let asked = asked(cluster);
    let cluster = store.cache_cluster_insert(&asked, &[], 300).await.unwrap();
    (store, cluster)
}

fn asked(mut cluster: CacheCluster) -> CacheCluster {
    cluster.available_at = None;
    cluster.observed_generation = 0;
    cluster.configuration_endpoint = Default::default();
    for node in &mut cluster.nodes {
        (node.key, node.address, node.listed, node.ready_at) = (0, None, false, None);
        (node.observation, node.start) = (Observation::Absent, None);
    }
    cluster
}

fn directory() -> TempDir {
    TempDir::new().unwrap()
}

fn pools() -> Pools {
    let pool = |third: u8| AddressPool {
        first: [10, 0, third, 2].into(),
        last: [10, 0, third, 9].into(),
    };
    Pools {
        node_addresses: pool(0),
        endpoint_addresses: pool(1),
        ports: None,
    }
}

fn keys(cluster: &CacheCluster) -> Vec<i64> {
    cluster.nodes.iter().map(|node| node.key).collect()
}

fn outcome(key: i64, run: &str, ends_recovery: bool) -> NodeOutcome {
    let observed = NodeObserved {
        generation: 1,
        started_at: run.to_owned(),
        seen_at: ASKED,
    };
    NodeOutcome {
        key,
        observation: Observation::Known(observed),
        ends_recovery,
    }
}

fn event(message: &str) -> Event {
    Event::of_cache_cluster("ant", message.to_owned(), ASKED)
}

async fn messages(store: &Datastore) -> Vec<String> {
    let filter = EventFilter {
        source_type: None,
        source_identifier: None,
        from: ASKED,
        to: ASKED,
        before_key: None,
    };
    let page = store
        .event_page(&Scope::of_anyone(), &filter, 100)
        .await
        .unwrap();
    page.items
        .into_iter()
        .rev()
        .map(|(_, event)| event.message)
        .collect()
}

/// Makes everything as wished.
async fn settle(store: &Datastore, cluster: &CacheCluster) -> CacheCluster {
    store
        .cache_cluster_allocate(cluster, &pools())
        .await
        .unwrap();
    let nodes = cluster.nodes.iter();
    let prepared: Vec<_> = nodes.map(|node| cluster.prepared(node)).collect();
    store.cache_node_prepare(cluster, &prepared).await.unwrap();
    let outcomes: Vec<NodeOutcome> = keys(cluster)
        .into_iter()
        .map(|key| outcome(key, "run 1", false))
        .collect();
    store
        .cache_node_record(cluster, &outcomes, &[])
        .await
        .unwrap();
    if cluster.spec.has_configuration_endpoint() {
        store
            .cache_node_list(cluster, &keys(cluster))
            .await
            .unwrap();
        store
            .cache_cluster_record_served(&[(cluster.key, 1)])
            .await
            .unwrap();
    }
    store
        .cache_cluster_converge(cluster, &[], ASKED)
        .await
        .unwrap();
    read(store, cluster).await
}

async fn read(store: &Datastore, cluster: &CacheCluster) -> CacheCluster {
    store.cache_cluster_get_by_key(cluster.key).await.unwrap()
}

async fn is_listed(store: &Datastore) -> bool {
    !store
        .cache_cluster_list_unconverged()
        .await
        .unwrap()
        .is_empty()
}

#[tokio::test]
async fn what_is_stored_is_read_back() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(2)).await;
    let mut expected = asked(memcached(2));
    expected.key = cluster.key;
    for (node, stored) in expected.nodes.iter_mut().zip(&cluster.nodes) {
        node.key = stored.key;
    }
    assert_eq!(cluster, expected);
    assert_eq!(read(&store, &cluster).await, expected);
    let again = store
        .cache_cluster_insert(&asked(memcached(1)), &[], 300)
        .await;
    assert!(matches!(again, Err(Error::AlreadyExists)));
    assert_eq!(store.cache_cluster_list().await.unwrap(), [expected]);
}

#[tokio::test]
async fn a_writer_that_comes_late_writes_nothing() {
    let directory = directory();
    let (store, first) = stored_in(&directory, memcached(1)).await;
    let mut second = first.clone();
    second.spec.snapshot_retention_days = 3;
    let stored = store
        .cache_cluster_request(&second, &[], 300)
        .await
        .unwrap();
    assert_eq!(
        (stored.revision, stored.spec.snapshot_retention_days),
        (2, 3)
    );
    let late = store
        .cache_cluster_request(&first, &[event("late")], 300)
        .await;
    assert!(matches!(late, Err(Error::Stale)));
    let late = store.cache_node_request_reboot(&first, &keys(&first)).await;
    assert!(matches!(late, Err(Error::Stale)));
    let mut deleted = stored;
    deleted.deletion_requested_at = Some(ASKED);
    let deleted = store
        .cache_cluster_request(&deleted, &[], 300)
        .await
        .unwrap();
    let after = store.cache_cluster_request(&deleted, &[], 300).await;
    assert!(
        matches!(after, Err(Error::Stale)),
        "a deletion is the last wish"
    );
    let converged = store.cache_cluster_converge(&deleted, &[], ASKED).await;
    assert!(matches!(converged, Err(Error::Stale)));
    assert_eq!(messages(&store).await, [""; 0]);
}

#[tokio::test]
async fn a_quota_leaves_nothing_behind() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(2)).await;
    let mut other = asked(memcached(2));
    other.spec.cache_cluster_id = "bee".to_owned();
    let refused = store.cache_cluster_insert(&other, &[], 3).await;
    assert!(matches!(refused, Err(Error::TooManyNodes(3))));
    let mut more = cluster.clone();
    more.add_nodes(&["us-east-1a".to_owned()]);
    assert!(matches!(
        store.cache_cluster_request(&more, &[], 2).await,
        Err(Error::TooManyNodes(2))
    ));
    assert_eq!(store.cache_cluster_list().await.unwrap(), [cluster]);
    other.scope.region = "eu-west-1".to_owned();
    assert!(
        store.cache_cluster_insert(&other, &[], 3).await.is_ok(),
        "another region counts for itself"
    );
}

#[tokio::test]
async fn the_list_of_nodes_counts_each_that_comes_or_goes() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(4)).await;
    let keys = keys(&cluster);
    for (listed, version) in [
        (&keys[..3], 1),
        (&keys[..3], 1),
        (&keys[..4], 2),
        (&keys[2..], 4),
        (&keys[1..3], 6),
    ] {
        store.cache_node_list(&cluster, listed).await.unwrap();
        let now = read(&store, &cluster).await;
        let found: Vec<i64> = now
            .nodes
            .iter()
            .filter(|node| node.listed)
            .map(|node| node.key)
            .collect();
        assert_eq!(
            (found.as_slice(), now.configuration_endpoint.config_version),
            (listed, version)
        );
    }
}

#[tokio::test]
async fn a_loss_is_told_of_once_until_its_end_is() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, redis()).await;
    let cluster = settle(&store, &cluster).await;
    let node = &cluster.nodes[0];
    let lose = async |run: &str| {
        store
            .cache_node_record_lost(&cluster, node, run, &event("lost"))
            .await
            .unwrap()
    };
    assert!(!lose("run 0").await, "it is in another run already");
    assert!(lose("run 1").await);
    assert!(!lose("run 1").await, "that is known");
    // It comes back while somebody works who has not heard of the loss.
    store
        .cache_node_record(&cluster, &[outcome(node.key, "run 2", false)], &[])
        .await
        .unwrap();
    assert!(read(&store, &cluster).await.nodes[0].recovering);
    assert!(is_listed(&store).await, "its end is still to be told");
    assert!(lose("run 2").await);
    assert_eq!(messages(&store).await, ["lost"]);
    store
        .cache_node_record(&cluster, &[outcome(node.key, "run 3", true)], &[])
        .await
        .unwrap();
    assert!(!is_listed(&store).await);
    assert!(lose("run 3").await);
    assert_eq!(messages(&store).await, ["lost", "lost"]);
}

#[tokio::test]
async fn what_shall_end_is_not_lost() {
    for end in ["reboot", "removal", "deletion"] {
        let directory = directory();
        let (store, cluster) = stored_in(&directory, memcached(2)).await;
        let mut cluster = settle(&store, &cluster).await;
        match end {
            "reboot" => store
                .cache_node_request_reboot(&cluster, &keys(&cluster))
                .await
                .unwrap(),
            "removal" => {
                cluster.remove_nodes(&["0001".to_owned()]);
                store
                    .cache_cluster_request(&cluster, &[], 300)
                    .await
                    .map(drop)
                    .unwrap();
            }
            _ => {
                cluster.deletion_requested_at = Some(ASKED);
                store
                    .cache_cluster_request(&cluster, &[], 300)
                    .await
                    .map(drop)
                    .unwrap();
            }
        }
        let lost = store
            .cache_node_record_lost(&cluster, &cluster.nodes[0], "run 1", &event("lost"))
            .await;
        assert!(!lost.unwrap(), "{end}");
        assert_eq!(messages(&store).await, [""; 0]);
    }
}

#[tokio::test]
async fn everything_that_is_not_as_wished_is_listed() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(2)).await;
    assert!(is_listed(&store).await, "a creation");
    let cluster = settle(&store, &cluster).await;
    assert!(!is_listed(&store).await);
    let key = cluster.nodes[0].key;
    let record = async |outcome| {
        store
            .cache_node_record(&cluster, &[outcome], &[])
            .await
            .unwrap()
    };

    store
        .cache_node_record_unknown(&cluster, &[key], &[])
        .await
        .unwrap();
    assert!(is_listed(&store).await, "an unknown node");
    record(outcome(key, "run 2", false)).await;
    assert!(!is_listed(&store).await);

    store
        .cache_cluster_block(&cluster, Some("why"), &[])
        .await
        .unwrap();
    assert!(
        is_listed(&store).await,
        "an obstacle that nobody has taken back"
    );
    store
        .cache_cluster_block(&cluster, None, &[])
        .await
        .unwrap();
    assert!(!is_listed(&store).await);

    store
        .cache_node_request_reboot(&cluster, &[key])
        .await
        .unwrap();
    assert!(is_listed(&store).await, "a reboot");
    store
        .cache_node_finish_reboot(&cluster, &[outcome(key, "run 3", false)], &[])
        .await
        .unwrap();
    assert!(!is_listed(&store).await);

    let mut wished = read(&store, &cluster).await;
    wished.replace_nodes();
    let wished = store
        .cache_cluster_request(&wished, &[], 300)
        .await
        .unwrap();
    assert!(is_listed(&store).await, "another generation");
    store
        .cache_cluster_converge(&wished, &[], ASKED)
        .await
        .unwrap();
    assert!(is_listed(&store).await, "nodes of the old generation");
}

#[tokio::test]
async fn an_obstacle_is_told_of_when_it_is_news() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, redis()).await;
    for reason in [Some("a"), Some("a"), Some("b"), None, None, Some("b")] {
        let events: Vec<Event> = reason.map(event).into_iter().collect();
        store
            .cache_cluster_block(&cluster, reason, &events)
            .await
            .unwrap();
    }
    assert_eq!(messages(&store).await, ["a", "b", "b"]);
}

#[tokio::test]
async fn a_record_goes_only_when_nothing_is_left_of_it() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, redis()).await;
    let mut cluster = settle(&store, &cluster).await;
    let forget =
        async |cluster: &CacheCluster| store.cache_cluster_forget(cluster, &[event("gone")]).await;
    assert!(
        matches!(forget(&cluster).await, Err(Error::Stale)),
        "nobody asked"
    );
    cluster.deletion_requested_at = Some(ASKED);
    let cluster = store
        .cache_cluster_request(&cluster, &[], 300)
        .await
        .unwrap();
    assert!(
        matches!(forget(&cluster).await, Err(Error::Stale)),
        "its node is there"
    );
    let absent = NodeOutcome {
        key: cluster.nodes[0].key,
        observation: Observation::Absent,
        ends_recovery: true,
    };
    store
        .cache_node_record(&cluster, &[absent], &[])
        .await
        .unwrap();
    forget(&cluster).await.unwrap();
    assert!(matches!(
        store.cache_cluster_get_by_key(cluster.key).await,
        Err(Error::NotFound)
    ));
    assert!(
        matches!(forget(&cluster).await, Err(Error::Stale)),
        "it is told once"
    );
    assert_eq!(messages(&store).await, ["gone"]);
}

#[tokio::test]
async fn a_node_goes_only_when_it_is_wished_away_and_absent() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(2)).await;
    let mut cluster = settle(&store, &cluster).await;
    let gone = [cluster.nodes[1].key];
    store.cache_node_forget(&cluster, &gone, &[]).await.unwrap();
    cluster.nodes[1].wish = NodeWish::Removed;
    let cluster = store
        .cache_cluster_request(&cluster, &[], 300)
        .await
        .unwrap();
    store.cache_node_forget(&cluster, &gone, &[]).await.unwrap();
    assert_eq!(read(&store, &cluster).await.nodes.len(), 2);
    let absent = NodeOutcome {
        key: gone[0],
        observation: Observation::Absent,
        ends_recovery: true,
    };
    store
        .cache_node_record(&cluster, &[absent], &[])
        .await
        .unwrap();
    store.cache_node_forget(&cluster, &gone, &[]).await.unwrap();
    assert_eq!(read(&store, &cluster).await.nodes.len(), 1);
}

#[tokio::test]
async fn a_failure_is_of_a_creation_only_and_gives_back_what_was_chosen() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(2)).await;
    let failure = Failure {
        kind: FailureKind::Network,
        reason: "why".to_owned(),
    };
    store
        .cache_cluster_allocate(&cluster, &pools())
        .await
        .unwrap();
    store
        .cache_cluster_fail(&cluster, &failure, &[event("failed")])
        .await
        .unwrap();
    assert!(is_listed(&store).await, "it still has addresses");
    store.cache_cluster_release(&cluster).await.unwrap();
    let failed = read(&store, &cluster).await;
    assert_eq!(
        (failed.failure, failed.configuration_endpoint.address),
        (Some(failure.clone()), None)
    );
    assert!(!is_listed(&store).await);

    let mut other = asked(redis());
    other.spec.cache_cluster_id = "bee".to_owned();
    let other = store.cache_cluster_insert(&other, &[], 300).await.unwrap();
    let other = settle(&store, &other).await;
    let late = store
        .cache_cluster_fail(&other, &failure, &[event("failed")])
        .await;
    assert!(matches!(late, Err(Error::Stale)), "it is there after all");
    assert_eq!(messages(&store).await, ["failed"]);
}

#[tokio::test]
async fn addresses_are_chosen_all_or_none() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, memcached(9)).await;
    let refused = store.cache_cluster_allocate(&cluster, &pools()).await;
    assert!(matches!(refused, Err(Error::Exhausted(_))));
    assert_eq!(read(&store, &cluster).await, cluster);
    store.router_insert("shared", &pools()).await.unwrap();
    let router = &store.router_list().await.unwrap()[0];
    assert_eq!(router.node_address, std::net::Ipv4Addr::new(10, 0, 0, 2));
}

#[tokio::test]
async fn a_table_gets_a_count_when_it_is_another() {
    let directory = directory();
    let (store, _) = stored_in(&directory, memcached(1)).await;
    store.router_insert("shared", &pools()).await.unwrap();
    let request = async |digest: &str| store.router_request_table("shared", digest).await.unwrap();
    assert_eq!(
        (request("a").await, request("a").await, request("b").await),
        (1, 1, 2)
    );
    store.router_skip_tables("shared", 7).await.unwrap();
    assert_eq!((request("b").await, request("a").await), (8, 9));
    store.router_skip_tables("shared", 3).await.unwrap();
    assert_eq!(request("a").await, 9);
    assert!(matches!(
        store.router_request_table("other", "a").await,
        Err(Error::NotFound)
    ));
}

#[tokio::test]
async fn a_parameter_group_counts_with_those_that_use_it() {
    let directory = directory();
    let (store, cluster) = stored_in(&directory, redis()).await;
    let cluster = settle(&store, &cluster).await;
    let family = crate::resources::parameter::family("redis6.x").unwrap();
    let scope = Scope::of_anyone();
    let group = CacheParameterGroup::wished(scope.clone(), "mine".into(), family, "ours".into());
    let get = async || store.cache_parameter_group_get(&scope, "mine").await;
    let mut user = cluster.clone();
    user.spec.parameter_group_name = "mine".to_owned();
    let early = store.cache_cluster_request(&user, &[], 300).await;
    assert!(matches!(early, Err(Error::NoParameterGroup(_))));

    let insert = async || store.cache_parameter_group_insert(&group, &[], &[]).await;
    insert().await.unwrap();
    assert!(matches!(insert().await, Err(Error::AlreadyExists)));
    let mut unused = get().await.unwrap();
    let user = store.cache_cluster_request(&user, &[], 300).await.unwrap();
    assert_eq!(user.parameters.generation, 2);
    assert!(is_listed(&store).await, "its node has other values");
    unused.set("timeout", "20").unwrap();
    let late = store.cache_parameter_group_request(&unused, &[]).await;
    assert!(matches!(late, Err(Error::Stale)), "it is in use meanwhile");
    let mut used = get().await.unwrap();
    assert!(used.in_use);
    used.set("timeout", "20").unwrap();
    store
        .cache_parameter_group_request(&used, &[])
        .await
        .unwrap();
    let user = read(&store, &user).await;
    assert_eq!(user.parameters.generation, 3);
    assert_eq!(user.parameters.values["timeout"], "20");
    let runs = [(user.nodes[0].key, "run 1".to_owned())];
    store
        .cache_node_record_parameters(&user, &runs, &[])
        .await
        .unwrap();
    assert!(!is_listed(&store).await);
    assert!(!user.lacks_parameters(&read(&store, &user).await.nodes[0]));
    let forget = store.cache_parameter_group_forget(&scope, "mine", &[]);
    assert!(matches!(forget.await, Err(Error::InUse)));
}

#[tokio::test]
async fn tags_go_with_what_carries_them() {
    let directory = directory();
    let store = Datastore::open(&directory.path().join("test.db"))
        .await
        .unwrap();
    let tag = Tag {
        key: "k".to_owned(),
        value: "v".to_owned(),
    };
    let asked = asked(redis());
    let mut cluster = store
        .cache_cluster_insert(&asked, std::slice::from_ref(&tag), 300)
        .await
        .unwrap();
    let name = "arn:aws:elasticache:us-east-1:000000000000:cluster:ant";
    assert_eq!(store.tag_list(name).await.unwrap(), [tag]);
    cluster.deletion_requested_at = Some(ASKED);
    let cluster = store
        .cache_cluster_request(&cluster, &[], 300)
        .await
        .unwrap();
    store.cache_cluster_forget(&cluster, &[]).await.unwrap();
    assert!(store.tag_list(name).await.unwrap().is_empty());
}
