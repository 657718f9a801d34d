"""What Terraform's provider does with `aws_elasticache_cluster`, replayed: the calls it makes, the states that its waiters know,
the attributes that it reads, and what it would plan next.

Only the pauses differ: the provider sleeps 30 seconds before it looks for the first time and 10 between two looks.
"""

import re
import time

import pytest

import caches
import patience

# The provider's waiters (pending, target); any other state is an error at once.
AVAILABLE = ({"creating", "modifying", "snapshotting", "rebooting cluster nodes"}, "available")
DELETED = (
    {"creating", "available", "modifying", "deleting", "incompatible-network", "restore-failed", "snapshotting"},
    None,
)
NOT_FOUND_TOLERATED = 20

# What the configuration may say, and the request member that it becomes.
MEMBERS = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "node_type": "CacheNodeType",
    "num_cache_nodes": "NumCacheNodes",
    "port": "Port",
    "parameter_group_name": "CacheParameterGroupName",
    "maintenance_window": "PreferredMaintenanceWindow",
    "snapshot_window": "SnapshotWindow",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "notification_topic_arn": "NotificationTopicArn",
    "az_mode": "AZMode",
    "availability_zone": "PreferredAvailabilityZone",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "network_type": "NetworkType",
    "ip_discovery": "IpDiscovery",
}
FORCE_NEW = {"availability_zone", "engine", "network_type", "port", "cluster_id"}

REDIS = {
    "engine": "redis",
    "engine_version": "6.2",
    "node_type": "cache.t3.micro",
    "num_cache_nodes": 1,
    "port": 6379,
    "parameter_group_name": "default.redis6.x",
    "maintenance_window": "sun:05:00-sun:09:00",
    "snapshot_window": "10:00-11:00",
    "snapshot_retention_limit": 3,
    "auto_minor_version_upgrade": True,
    "tags": {"Name": "replayed", "empty": ""},
}
MEMCACHED = {
    "engine": "memcached",
    "node_type": "cache.t3.micro",
    "num_cache_nodes": 2,
    "az_mode": "cross-az",
    "auto_minor_version_upgrade": True,
    "tags": {},
}


class Resource:
    """One resource of the provider, with the configuration that was applied last and the state that was read last."""

    def __init__(self, api):
        self.api = api
        self.cluster_id = caches.fresh("terraform")

    def create(self, config):
        self.config = config
        # Neither a group nor security groups are configured: the provider sends an empty list then.
        request = {"CacheClusterId": self.cluster_id, "SecurityGroupIds": []}
        request |= {MEMBERS[name]: value for name, value in config.items() if name in MEMBERS}
        if config["tags"]:
            request["Tags"] = wire_tags(config["tags"])
        created = self.api.create_cache_cluster(**request)["CacheCluster"]
        assert created["CacheClusterId"] == self.cluster_id
        self.wait(*AVAILABLE)
        self.read()

    def update(self, config):
        before, self.config = self.config, config
        gone = sorted(set(before["tags"]) - set(config["tags"]))
        new = {key: value for key, value in config["tags"].items() if before["tags"].get(key) != value}
        if gone:
            self.api.remove_tags_from_resource(ResourceName=self.state["arn"], TagKeys=gone)
        if new:
            self.api.add_tags_to_resource(ResourceName=self.state["arn"], Tags=wire_tags(new))
        changed = {name for name in MEMBERS if before.get(name) != config.get(name)}
        assert not changed & FORCE_NEW
        if changed:
            request = {"CacheClusterId": self.cluster_id, "ApplyImmediately": True}
            request |= {MEMBERS[name]: config[name] for name in changed if name in config}
            if before.get("notification_topic_arn") and "notification_topic_arn" not in config:
                request |= {"NotificationTopicArn": "", "NotificationTopicStatus": "inactive"}
            fewer = range(before["num_cache_nodes"], config["num_cache_nodes"], -1)
            if fewer:
                request["CacheNodeIdsToRemove"] = [f"{number:04}" for number in fewer]
            self.api.modify_cache_cluster(**request)
            self.wait(*AVAILABLE)
        self.read()

    def destroy(self):
        end = time.monotonic() + patience.DEADLINE_S
        while True:
            try:
                self.api.delete_cache_cluster(CacheClusterId=self.cluster_id)
                break
            except self.api.exceptions.InvalidCacheClusterStateFault:
                assert time.monotonic() < end
                time.sleep(0.2)
        self.wait(*DELETED)

    def wait(self, pending, target):
        missing = 0
        end = time.monotonic() + patience.DEADLINE_S
        while time.monotonic() < end:
            found = self.find()
            status = found and found["CacheClusterStatus"]
            if status == target:
                return
            if found is None:
                missing += 1
                assert missing <= NOT_FOUND_TOLERATED
            else:
                missing = 0
                assert status in pending, f"unexpected state {status!r}"
            time.sleep(0.2)
        raise AssertionError(f"{self.cluster_id} did not become {target}")

    def find(self, **members):
        pages = self.api.get_paginator("describe_cache_clusters").paginate(CacheClusterId=self.cluster_id, **members)
        try:
            found = [one for page in pages for one in page["CacheClusters"]]
        except self.api.exceptions.CacheClusterNotFoundFault:
            return None
        assert len(found) == 1
        return found[0]

    def read(self):
        """The attributes as the provider makes them from replies. A KeyError here is a nil pointer there."""
        found = self.find(ShowCacheNodeInfo=True)
        nodes = sorted(found["CacheNodes"], key=lambda node: node["CacheNodeId"])
        topic = found.get("NotificationConfiguration", {})
        version = found["EngineVersion"]
        self.state = {
            "engine": found["Engine"],
            "engine_version": ".".join(version.split(".")[:2]) if found["Engine"] == "redis" else version,
            "engine_version_actual": version,
            "auto_minor_version_upgrade": found["AutoMinorVersionUpgrade"],
            "node_type": found["CacheNodeType"],
            "num_cache_nodes": found["NumCacheNodes"],
            "subnet_group_name": found["CacheSubnetGroupName"],
            "security_group_ids": sorted(group["SecurityGroupId"] for group in found.get("SecurityGroups", [])),
            "parameter_group_name": found["CacheParameterGroup"]["CacheParameterGroupName"],
            "maintenance_window": found["PreferredMaintenanceWindow"],
            "snapshot_window": found.get("SnapshotWindow"),
            "snapshot_retention_limit": found.get("SnapshotRetentionLimit", 0),
            "replication_group_id": found.get("ReplicationGroupId"),
            "notification_topic_arn": topic.get("TopicArn") if topic.get("TopicStatus") == "active" else None,
            "availability_zone": found["PreferredAvailabilityZone"],
            "az_mode": "cross-az" if found["PreferredAvailabilityZone"] == "Multiple" else "single-az",
            "ip_discovery": found["IpDiscovery"],
            "network_type": found["NetworkType"],
            "transit_encryption_enabled": found["TransitEncryptionEnabled"],
            "preferred_outpost_arn": found.get("PreferredOutpostArn"),
            "cache_nodes": [
                {
                    "id": node["CacheNodeId"],
                    "address": node["Endpoint"]["Address"],
                    "port": node["Endpoint"]["Port"],
                    "availability_zone": node["CustomerAvailabilityZone"],
                }
                for node in nodes
            ],
            "arn": found["ARN"],
        }
        if "ConfigurationEndpoint" in found:
            assert found["Engine"] == "memcached"
            endpoint = found["ConfigurationEndpoint"]
            self.state |= {
                "configuration_endpoint": f"{endpoint['Address']}:{endpoint['Port']}",
                "cluster_address": endpoint["Address"],
                "port": endpoint["Port"],
            }
        else:
            assert found["Engine"] == "redis"
            self.state["port"] = nodes[0]["Endpoint"]["Port"]
        self.state["tags"] = {
            tag["Key"]: tag["Value"]
            for tag in self.api.list_tags_for_resource(ResourceName=found["ARN"])["TagList"]
        }

    def plan(self):
        """Reads anew, and tells what differs from the configuration, or from what was read before."""
        before = self.state
        self.read()
        differs = {name for name in self.config if self.config[name] != self.state[name]}
        return differs | {name for name in self.state if self.state[name] != before[name]}


def wire_tags(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.fixture
def resource(network):
    return Resource(network.client())


# What is changed one after the other, each on top of the last.
REDIS_CHANGES = [
    {"tags": {"Name": "replayed", "stage": "test"}},
    {"node_type": "cache.t3.small"},
    {"engine_version": "7.0", "parameter_group_name": "default.redis7"},
    {"maintenance_window": "mon:01:00-mon:02:00", "snapshot_window": "03:00-04:00", "snapshot_retention_limit": 0},
    {"notification_topic_arn": "arn:aws:sns:us-east-1:000000000000:topic", "tags": {}},
    {"notification_topic_arn": None, "auto_minor_version_upgrade": False},
]
MEMCACHED_CHANGES = [
    {"num_cache_nodes": 4, "tags": {"Name": "grown"}},
    {"num_cache_nodes": 2},
    {"maintenance_window": "mon:01:00-mon:02:00", "tags": {}},
]


@pytest.mark.parametrize(
    ("config", "changes"),
    [pytest.param(REDIS, REDIS_CHANGES, id="redis"), pytest.param(MEMCACHED, MEMCACHED_CHANGES, id="memcached")],
)
def test_apply_plan_change_destroy(resource, config, changes):
    """After every apply, the next plan is empty; an import from the id alone reads the same."""
    resource.create(config)
    assert resource.plan() == set()
    # The default group of the network, as the service chooses it.
    assert len(resource.state["security_group_ids"]) == 1
    assert resource.state["subnet_group_name"] == "default"
    assert (resource.state["network_type"], resource.state["ip_discovery"]) == ("ipv4", "ipv4")
    assert resource.state["preferred_outpost_arn"] is None and resource.state["replication_group_id"] is None
    assert resource.state["port"] == (6379 if config["engine"] == "redis" else 11211)
    for change in changes:
        wanted = resource.config | change
        resource.update({name: value for name, value in wanted.items() if value is not None})
        assert resource.plan() == set(), change
    nodes = [node["id"] for node in resource.state["cache_nodes"]]
    assert nodes == [f"{number:04}" for number in range(1, resource.config["num_cache_nodes"] + 1)]

    imported = Resource(resource.api)
    imported.cluster_id = resource.cluster_id
    imported.read()
    assert imported.state == resource.state
    resource.destroy()
    assert resource.find() is None


def test_a_basic_memcached_cluster(resource):
    """The provider's first acceptance test: nothing said but what must be, and a list of security groups that is empty."""
    resource.create({"engine": "memcached", "node_type": "cache.t3.micro", "num_cache_nodes": 1, "tags": {}})
    assert resource.plan() == set()
    assert re.fullmatch(r"1\.6\.\d+", resource.state["engine_version"])
    assert resource.state["parameter_group_name"] == "default.memcached1.6"
    assert resource.state["az_mode"] == "single-az"
    assert resource.state["auto_minor_version_upgrade"] is True
    resource.destroy()


def test_tags_do_not_wait_for_a_window(resource):
    """Tag calls come before Modify, and only those that are needed; with tags alone there is no Modify at all."""
    resource.create({"engine": "redis", "node_type": "cache.t3.micro", "num_cache_nodes": 1, "tags": {"a": "1", "b": "2"}})
    nodes = resource.state["cache_nodes"]
    resource.update(resource.config | {"tags": {"b": "3", "c": ""}})
    assert resource.state["tags"] == {"b": "3", "c": ""}
    assert resource.plan() == set()
    assert resource.state["cache_nodes"] == nodes
    resource.destroy()
