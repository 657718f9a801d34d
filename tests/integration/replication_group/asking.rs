//! What tests of replication groups ask of a control plane.

use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::replication_group::ReplicationGroup;

use crate::harness::{Harness, Reply, with};

impl Harness {
    /// Asks for a Redis replication group of this many members, with these members of the request besides those that it needs.
    pub async fn create_group(&self, id: &str, members: &str, more: &[(&str, &str)]) -> Reply {
        let needed = [
            ("ReplicationGroupId", id),
            ("ReplicationGroupDescription", "ants"),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumCacheClusters", members),
        ];
        self.call("CreateReplicationGroup", &with(&needed, more))
            .await
    }

    /// A Redis replication group that is there.
    pub async fn group(&self, id: &str, members: &str, more: &[(&str, &str)]) {
        self.create_group(id, members, more).await.ok();
        self.settle().await;
    }

    /// Asks for a Redis replication group with cluster mode enabled, of this many node groups with this many replicas each.
    pub async fn create_cluster(
        &self,
        id: &str,
        node_groups: &str,
        replicas: &str,
        more: &[(&str, &str)],
    ) -> Reply {
        let needed = [
            ("ReplicationGroupId", id),
            ("ReplicationGroupDescription", "ants"),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumNodeGroups", node_groups),
            ("ReplicasPerNodeGroup", replicas),
            ("AutomaticFailoverEnabled", "true"),
        ];
        self.call("CreateReplicationGroup", &with(&needed, more))
            .await
    }

    /// One that is there.
    pub async fn cluster(
        &self,
        id: &str,
        node_groups: &str,
        replicas: &str,
        more: &[(&str, &str)],
    ) {
        self.create_cluster(id, node_groups, replicas, more)
            .await
            .ok();
        self.settle().await;
    }

    /// Calls an action on a replication group.
    pub async fn on_group(&self, action: &str, id: &str, more: &[(&str, &str)]) -> Reply {
        let all = with(&[("ReplicationGroupId", id)], more);
        self.call(action, &all).await
    }

    /// Modifies a replication group at once.
    pub async fn modify_group_now(&self, id: &str, more: &[(&str, &str)]) -> Reply {
        let all = with(&[("ApplyImmediately", "true")], more);
        self.on_group("ModifyReplicationGroup", id, &all).await
    }

    /// A replication group as it is told.
    pub async fn describe_group(&self, id: &str) -> Reply {
        self.on_group("DescribeReplicationGroups", id, &[]).await
    }

    /// A replication group as it is recorded.
    pub async fn recorded_group(&self, id: &str) -> ReplicationGroup {
        let groups = self.world.datastore.replication_group_list().await;
        groups
            .expect("list the groups")
            .into_iter()
            .find(|group| group.spec.replication_group_id == id)
            .unwrap_or_else(|| panic!("there is no replication group {id}"))
    }

    /// A cache cluster as it is recorded.
    pub async fn recorded_cluster(&self, id: &str) -> CacheCluster {
        let clusters = self.world.datastore.cache_cluster_list().await;
        clusters
            .expect("list the cache clusters")
            .into_iter()
            .find(|cluster| cluster.spec.cache_cluster_id == id)
            .unwrap_or_else(|| panic!("there is no cache cluster {id}"))
    }

    /// The tags of a resource of the default account in us-east-1, as `key=value`.
    pub async fn tags(&self, name: &str) -> Vec<String> {
        let arn = format!("arn:aws:elasticache:us-east-1:000000000000:{name}");
        let listed = self
            .call("ListTagsForResource", &[("ResourceName", &arn)])
            .await
            .ok();
        let values = listed.texts("Value");
        listed
            .texts("Key")
            .into_iter()
            .zip(values)
            .map(|(key, value)| format!("{key}={value}"))
            .collect()
    }

    /// The members that are told of, each with its role.
    pub async fn roles(&self, id: &str) -> Vec<(String, String)> {
        let told = self.describe_group(id).await.ok();
        told.texts("CacheClusterId")
            .into_iter()
            .zip(told.texts("CurrentRole"))
            .collect()
    }

    /// The messages of a replication group's events of the last hour, oldest first.
    pub async fn group_history(&self, id: &str) -> Vec<String> {
        let members = [
            ("SourceType", "replication-group"),
            ("SourceIdentifier", id),
        ];
        let mut events = self
            .call("DescribeEvents", &members)
            .await
            .ok()
            .texts("Message");
        events.reverse();
        events
    }
}
