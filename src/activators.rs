//! One field for each reconciler; how anyone wakes one. A wake is a hint: what is to be done is found by looking, and a
//! wake that is lost costs a timer's period, nothing else.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// All reconcilers that can be woken.
#[derive(Debug, Default)]
pub struct Activators {
    /// Cache clusters and their nodes.
    pub cache_cluster: Activator,
    /// Replication groups: who is primary, who follows.
    pub replication_group: Activator,
    /// Who is let in to the nodes of replication groups.
    pub access: Activator,
    /// The look at every member of a replication group.
    pub watch: Activator,
    /// Routers and their tables.
    pub router: Activator,
    /// The look at all containers.
    pub health: Activator,
    /// What waits for maintenance windows.
    pub maintenance: Activator,
    /// The reading of all nodes.
    pub metric: Activator,
    /// Snapshots.
    pub snapshot: Activator,
    /// Certificates of nodes, before they end.
    pub certificates: Activator,
    /// What fronts check tokens of IAM with.
    pub tokens: Activator,
    /// Service updates.
    pub service_update: Activator,
    /// The telling of events.
    pub notification: Activator,
    /// The delivery of logs.
    pub log: Activator,
}

impl Activators {
    /// What wakes the reconciler of that name.
    pub fn named(&self, name: &str) -> Option<&Activator> {
        // Each field by its name, so that a new one is asked for here.
        let Self {
            cache_cluster,
            replication_group,
            access,
            watch,
            router,
            health,
            maintenance,
            metric,
            snapshot,
            certificates,
            tokens,
            service_update,
            notification,
            log,
        } = self;
        match name {
            "cache_cluster" => Some(cache_cluster),
            "replication_group" => Some(replication_group),
            "access" => Some(access),
            "watch" => Some(watch),
            "router" => Some(router),
            "health" => Some(health),
            "maintenance" => Some(maintenance),
            "metric" => Some(metric),
            "snapshot" => Some(snapshot),
            "certificates" => Some(certificates),
            "tokens" => Some(tokens),
            "service_update" => Some(service_update),
            "notification" => Some(notification),
            "log" => Some(log),
            _ => None,
        }
    }
}

/// Wakes one reconciler.
#[derive(Debug, Default)]
pub struct Activator {
    notify: Notify,
    afresh: AtomicBool,
}

impl Activator {
    /// Something may have changed: look.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Whatever failed may work now: look, and try at once what would else be tried later.
    pub fn wake_afresh(&self) {
        self.afresh.store(true, Ordering::Release);
        self.notify.notify_one();
    }

    /// Ends at the next wake, or at once if there was one since the last call.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Whether it was woken afresh since the last call.
    pub(crate) fn take_afresh(&self) -> bool {
        self.afresh.swap(false, Ordering::AcqRel)
    }
}
