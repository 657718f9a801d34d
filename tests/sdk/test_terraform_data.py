"""What Terraform's provider does with its data sources, replayed: what each asks, what it makes of the reply, and what it does where there is nothing.

A KeyError here is a nil pointer there.
"""

import pytest

import caches
import control_plane
import groups
from test_terraform import wire_tags


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with control_plane.running(tmp_path_factory.mktemp("data"), runtime="simulated") as plane:
        yield plane.client()


def tags(api, arn):
    return {tag["Key"]: tag["Value"] for tag in api.list_tags_for_resource(ResourceName=arn)["TagList"]}


def cluster(api, cluster_id):
    """`data aws_elasticache_cluster`"""
    [found] = api.describe_cache_clusters(CacheClusterId=cluster_id, ShowCacheNodeInfo=True)["CacheClusters"]
    endpoint = found.get("ConfigurationEndpoint")
    return {
        "arn": found["ARN"],
        "engine": found["Engine"],
        "engine_version": found["EngineVersion"],
        "node_type": found["CacheNodeType"],
        "num_cache_nodes": found["NumCacheNodes"],
        "availability_zone": found["PreferredAvailabilityZone"],
        "parameter_group_name": found["CacheParameterGroup"]["CacheParameterGroupName"],
        "replication_group_id": found.get("ReplicationGroupId"),
        "port": endpoint and endpoint["Port"],
        "configuration_endpoint": endpoint and f"{endpoint['Address']}:{endpoint['Port']}",
        "cache_nodes": [
            (node["CacheNodeId"], node["Endpoint"]["Address"], node["Endpoint"]["Port"], node["CustomerAvailabilityZone"])
            for node in found.get("CacheNodes", [])
        ],
    }


def replication_group(api, replication_group_id):
    """`data aws_elasticache_replication_group`: of the group alone, its members are not asked for."""
    [found] = api.describe_replication_groups(ReplicationGroupId=replication_group_id)["ReplicationGroups"]
    first = found["NodeGroups"][0]
    state = {
        "arn": found["ARN"],
        "description": found["Description"],
        "auth_token_enabled": found["AuthTokenEnabled"],
        "node_type": found["CacheNodeType"],
        "cluster_mode": found["ClusterMode"],
        "automatic_failover_enabled": found["AutomaticFailover"] in ("enabled", "enabling"),
        "multi_az_enabled": found["MultiAZ"] == "enabled",
        "member_clusters": found["MemberClusters"],
        "num_node_groups": len(found["NodeGroups"]),
        "replicas_per_node_group": len(first["NodeGroupMembers"]) - 1,
        "log_delivery_configuration": found["LogDeliveryConfigurations"],
        "snapshot_window": found["SnapshotWindow"],
        "snapshot_retention_limit": found["SnapshotRetentionLimit"],
    }
    if configuration := found.get("ConfigurationEndpoint"):
        return state | {"port": configuration["Port"], "configuration_endpoint_address": configuration["Address"]}
    return state | {
        "port": first["PrimaryEndpoint"]["Port"],
        "primary_endpoint_address": first["PrimaryEndpoint"]["Address"],
        "reader_endpoint_address": first["ReaderEndpoint"]["Address"],
    }


def test_a_cluster(api):
    one = caches.fresh("read")
    caches.make(api, one, "memcached", NumCacheNodes=2, AZMode="cross-az", Port=11300, Tags=wire_tags({"a": "", "b": "2"}))
    state = cluster(api, one)
    assert (state["port"], state["num_cache_nodes"], state["availability_zone"]) == (11300, 2, "Multiple")
    assert state["configuration_endpoint"].endswith(":11300")
    assert tags(api, state["arn"]) == {"a": "", "b": "2"}
    assert [node[0] for node in state["cache_nodes"]] == ["0001", "0002"]
    redis = caches.fresh("read")
    caches.make(api, redis)
    state = cluster(api, redis)
    assert (state["port"], state["replication_group_id"]) == (None, None)
    assert tags(api, state["arn"]) == {}
    with pytest.raises(api.exceptions.CacheClusterNotFoundFault):
        cluster(api, caches.fresh("nobody"))


def test_clusters_and_groups_that_are_being_made(api):
    """A data source may come at any time. Node groups that are left out are an error that the provider tells; one without its endpoints, or an
    empty list, would end it.
    """
    one, group = caches.fresh("young"), caches.fresh("young")
    caches.ask(api, one, "memcached", NumCacheNodes=3)
    groups.ask(api, group, members=2)
    for _ in range(20):
        cluster(api, one)
        if "NodeGroups" in groups.describe(api, group):
            replication_group(api, group)
    caches.available(api, one)
    groups.available(api, group)
    assert cluster(api, f"{group}-001")["replication_group_id"] == group


def test_a_replication_group(api):
    one, sharded = caches.fresh("read"), caches.fresh("sharded")
    groups.make(api, one, members=3, AutomaticFailoverEnabled=True, MultiAZEnabled=True, Port=7000)
    state = replication_group(api, one)
    assert (state["port"], state["replicas_per_node_group"], state["num_node_groups"]) == (7000, 2, 1)
    assert (state["automatic_failover_enabled"], state["multi_az_enabled"], state["auth_token_enabled"]) == (True, True, False)
    assert (state["cluster_mode"], state["node_type"]) == ("disabled", caches.MICRO)
    assert state["primary_endpoint_address"] != state["reader_endpoint_address"]
    api.create_replication_group(
        ReplicationGroupId=sharded,
        ReplicationGroupDescription="sharded",
        CacheNodeType=caches.MICRO,
        NumNodeGroups=2,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
        CacheParameterGroupName="default.redis7.cluster.on",
    )
    groups.available(api, sharded)
    state = replication_group(api, sharded)
    assert (state["cluster_mode"], state["num_node_groups"], state["replicas_per_node_group"]) == ("enabled", 2, 1)
    assert state["configuration_endpoint_address"] and "primary_endpoint_address" not in state
    with pytest.raises(api.exceptions.ReplicationGroupNotFoundFault):
        replication_group(api, caches.fresh("nobody"))


def test_a_subnet_group_by_its_name_as_typed(api):
    name = caches.fresh("Read")
    subnets = ["subnet-11111111", "subnet-22222222"]
    api.create_cache_subnet_group(CacheSubnetGroupName=name, CacheSubnetGroupDescription="read", SubnetIds=subnets, Tags=wire_tags({"a": "1"}))
    [found] = api.describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"]
    assert (found["CacheSubnetGroupName"], found["CacheSubnetGroupDescription"]) == (name.lower(), "read")
    assert {one["SubnetIdentifier"] for one in found["Subnets"]} == set(subnets)
    assert found["VpcId"] and tags(api, found["ARN"]) == {"a": "1"}
    with pytest.raises(api.exceptions.CacheSubnetGroupNotFoundFault):
        api.describe_cache_subnet_groups(CacheSubnetGroupName=caches.fresh("nobody"))


def test_a_user(api):
    user, access = caches.fresh("read"), "on  ~app:*   +@read"
    api.create_user(UserId=user, UserName="Reader", Engine="REDIS", AccessString=access, Passwords=["sixteen-letters-or-more"])
    [found] = api.describe_users(UserId=user)["Users"]
    assert (found["AccessString"], found["Engine"], found["UserName"]) == (access, "redis", "Reader")
    assert found["Authentication"] == {"Type": "password", "PasswordCount": 1}
    with pytest.raises(api.exceptions.UserNotFoundFault):
        api.describe_users(UserId=caches.fresh("nobody"))
