//! What may be asked of a cache cluster in which status: behaviour.md section 6, "State rules".

use crate::harness::{Harness, Layout, Reply};

const NODE: (&str, &str) = ("CacheNodeIdsToReboot.CacheNodeId.1", "0001");

/// Whether each operation is let in, asked in turn of a cluster that stays in its status meanwhile.
struct Admits {
    status: &'static str,
    modify: bool,
    reboot: bool,
    tag: bool,
    delete: bool,
}

const TABLE: [Admits; 9] = [
    Admits {
        status: "creating",
        modify: false,
        reboot: false,
        tag: false,
        delete: false,
    },
    Admits {
        status: "creating, held up",
        modify: false,
        reboot: false,
        tag: false,
        delete: true,
    },
    Admits {
        status: "available",
        modify: true,
        reboot: true,
        tag: true,
        delete: true,
    },
    Admits {
        status: "modifying",
        modify: false,
        reboot: false,
        tag: false,
        delete: false,
    },
    Admits {
        status: "modifying, held up",
        modify: false,
        reboot: false,
        tag: false,
        delete: true,
    },
    Admits {
        status: "rebooting cache cluster nodes",
        modify: false,
        reboot: false,
        tag: false,
        delete: false,
    },
    Admits {
        status: "incompatible-network",
        modify: false,
        reboot: false,
        tag: false,
        delete: true,
    },
    Admits {
        status: "failed",
        modify: false,
        reboot: false,
        tag: false,
        delete: true,
    },
    Admits {
        status: "deleting",
        modify: false,
        reboot: false,
        tag: false,
        delete: false,
    },
];

/// Brings a new cluster into that status.
async fn bring(harness: &Harness, status: &str) {
    match status {
        "creating" => {
            harness.create_redis("c", &[]).await.ok();
        }
        "creating, held up" => {
            harness.host.set_reachable(false);
            harness.create_redis("c", &[]).await.ok();
            harness.reconcile().await;
        }
        "incompatible-network" => {
            harness.create_memcached("c", "9", &[]).await.ok();
            harness.settle().await;
        }
        "failed" => {
            harness
                .create_redis("c", &[("EngineVersion", "5.0.6")])
                .await
                .ok();
            harness.settle().await;
        }
        _ => harness.redis("c").await,
    }
    match status {
        "modifying" => {
            harness
                .modify_now("c", &[("CacheNodeType", "cache.t3.small")])
                .await
                .ok();
        }
        "modifying, held up" => {
            harness
                .modify_now("c", &[("CacheNodeType", "cache.t3.small")])
                .await
                .ok();
            harness.host.set_reachable(false);
            harness.reconcile().await;
        }
        "rebooting cache cluster nodes" => {
            harness
                .call("RebootCacheCluster", &[("CacheClusterId", "c"), NODE])
                .await
                .ok();
        }
        "deleting" => {
            harness.delete("c").await.ok();
        }
        _ => {}
    }
}

#[track_caller]
fn check(reply: &Reply, admitted: bool, status: u16, code: &str, what: &str) -> String {
    if admitted {
        assert_eq!(reply.status, 200, "{what}: {}", reply.body);
        return String::new();
    }
    assert_eq!(reply.status, status, "{what}: {}", reply.body);
    reply.fault(status, code)
}

#[tokio::test]
async fn operations_are_let_in_by_status() {
    for row in TABLE {
        let layout = Layout {
            node_addresses: 8,
            ..Layout::default()
        };
        let harness = Harness::start_on(layout).await;
        bring(&harness, row.status).await;
        let word = row.status.split(',').next().unwrap_or_default();
        assert_eq!(harness.status("c").await, word, "{}", row.status);

        let arn = harness.describe("c").await.text("ARN");
        let resource = ("ResourceName", arn.as_str());
        let tag = [resource, ("Tags.Tag.1.Key", "k"), ("Tags.Tag.1.Value", "v")];
        for (operation, members) in [
            ("AddTagsToResource", &tag[..]),
            ("ListTagsForResource", &tag[..1]),
            (
                "RemoveTagsFromResource",
                &[resource, ("TagKeys.member.1", "k")][..],
            ),
        ] {
            let reply = harness.call(operation, members).await;
            let text = check(&reply, row.tag, 404, "CacheClusterNotFound", row.status);
            assert!(
                row.tag || text == "c is either not present or not available.",
                "{text}"
            );
        }
        let state = "InvalidCacheClusterState";
        let reply = harness
            .modify("c", &[("AutoMinorVersionUpgrade", "true")])
            .await;
        let text = check(&reply, row.modify, 400, state, row.status);
        assert!(row.modify || text.contains(word), "{text}");
        if !row.reboot {
            let reply = harness
                .call("RebootCacheCluster", &[("CacheClusterId", "c"), NODE])
                .await;
            assert!(check(&reply, false, 400, state, row.status).contains(word));
        }
        assert_eq!(
            harness.status("c").await,
            word,
            "{}: nothing has changed",
            row.status
        );
        let text = check(
            &harness.delete("c").await,
            row.delete,
            400,
            state,
            row.status,
        );
        if !row.delete {
            assert_eq!(
                text,
                format!(
                    "Can only delete cache clusters with state in: available, failed, incompatible-parameters, \
                     incompatible-network, restore-failed, recovering. Cluster c has state: {word}."
                )
            );
        }
        harness.host.set_reachable(true);
        harness.settle().await;
        harness.finish().await;
    }
}

/// Of requests that come at the same time, each is let in or refused; none is lost and none breaks another.
#[tokio::test]
async fn requests_at_the_same_time_come_one_after_the_other() {
    let harness = Harness::start().await;
    let creates = (0..8).map(|_| harness.create_redis("one", &[]));
    let created = futures_util::future::join_all(creates).await;
    let made = created.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(made, 1);
    for reply in created.iter().filter(|reply| reply.status != 200) {
        reply.fault(400, "CacheClusterAlreadyExists");
    }
    harness.settle().await;
    let retentions: Vec<String> = (1..=8).map(|days| days.to_string()).collect();
    let modified = futures_util::future::join_all(retentions.iter().map(|days| async {
        harness
            .modify("one", &[("SnapshotRetentionLimit", days)])
            .await
    }))
    .await;
    for reply in &modified {
        reply.clone().ok();
    }
    let deleted = futures_util::future::join_all((0..4).map(|_| harness.delete("one"))).await;
    assert_eq!(
        deleted.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    harness.settle().await;
    assert!(harness.is_gone("one").await);
    harness.finish().await;
}
