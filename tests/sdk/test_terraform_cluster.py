"""What Terraform's provider does with `aws_elasticache_replication_group`, replayed: cluster mode enabled."""

import contextlib

import pytest
import redis

import caches
import patience
import replication
from test_terraform_group import Group

BASE = {
    "description": "replayed",
    "engine": "redis",
    "engine_version": "7.0",
    "node_type": "cache.t3.micro",
    "parameter_group_name": "default.redis7.cluster.on",
    "num_node_groups": 2,
    "replicas_per_node_group": 1,
    "automatic_failover_enabled": True,
    "maintenance_window": "sun:05:00-sun:09:00",
    "snapshot_window": "10:00-11:00",
    "apply_immediately": True,
    "tags": {"Name": "replayed"},
}
# What is changed one after the other, each on top of the last; the number of node groups beside another change too.
CHANGES = [
    {"description": "another", "tags": {"Name": "replayed", "stage": "test"}},
    {"num_node_groups": 3},
    {"multi_az_enabled": True},
    {"num_node_groups": 4, "maintenance_window": "mon:01:00-mon:02:00", "tags": {}},
    {"num_node_groups": 1, "auto_minor_version_upgrade": False},
]


@pytest.fixture
def group(network):
    return Group(network.client())


def client(group):
    return redis.RedisCluster(
        host=group.state["configuration_endpoint_address"], port=group.state["port"], decode_responses=True
    )


def test_apply_plan_change_destroy(group):
    """After every apply, the next plan is empty; an import reads the same; the keys outlive every change."""
    group.create(BASE)
    assert group.plan() == set()
    assert (group.state["cluster_enabled"], group.state["cluster_mode"]) == (True, "enabled")
    assert (group.state["port"], group.state["num_cache_clusters"], group.state["kms_key_id"]) == (6379, 4, None)
    assert "primary_endpoint_address" not in group.state
    assert group.state["member_clusters"][0] == f"{group.group_id}-0001-001"
    at = group.state["configuration_endpoint_address"]
    keys = {f"key:{number}": f"value {number}" for number in range(500)}
    with contextlib.closing(client(group)) as connection:
        connection.mset_nonatomic(keys)
    for change in CHANGES:
        group.update(group.config | change)
        assert group.plan() == set(), change
        assert group.state["configuration_endpoint_address"] == at
        with contextlib.closing(client(group)) as connection:
            assert connection.mget_nonatomic(list(keys)) == list(keys.values()), change
    assert [one["node_group_id"] for one in group.state["node_group_configuration"]] == ["0001"]

    imported = Group(group.api)
    imported.group_id = group.group_id
    imported.read()
    assert imported.state == group.state
    group.destroy()
    assert group.find() is None


def test_one_node_group_and_a_failover(group):
    """The parameter group makes it a cluster. A failover in between changes no attribute: members keep their places."""
    config = {
        "description": "basic",
        "engine": "valkey",
        "node_type": "cache.t3.micro",
        "port": 7000,
        "parameter_group_name": "default.valkey8.cluster.on",
        "engine_version": "8.0",
        "num_node_groups": 1,
        "replicas_per_node_group": 1,
        "automatic_failover_enabled": True,
        "tags": {},
    }
    group.create(config)
    assert group.plan() == set()
    assert group.state["port"] == 7000 and group.state["at_rest_encryption_enabled"] is True
    group.api.test_failover(ReplicationGroupId=group.group_id, NodeGroupId="0001")
    first = f"{group.group_id}-0001-001"
    patience.until("it has come back", lambda: replication.BACK in caches.events(group.api, first))
    assert group.plan() == set()
    group.destroy()
