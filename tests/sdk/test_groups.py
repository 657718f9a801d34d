"""Replication groups as programs use them, with boto3 and redis-py: what is made replicates, and what is changed keeps the keys."""

import datetime

import pytest

import caches
import groups
import patience
from test_redis import maxmemory_bytes


def test_the_life_of_a_group(plane, api):
    """What is told while it is made, what is there when it is made, and that nothing is left when it is deleted."""
    one = caches.fresh("life")
    # A port of this host is given only where it is free.
    port = 7777 if plane.mode == "network" else plane.place.free_port()
    created = groups.ask(api, one.upper(), Port=port, Tags=[{"Key": "a", "Value": "b"}])
    assert (created["ReplicationGroupId"], created["Status"]) == (one, "creating")
    assert created["MemberClusters"] == [f"{one}-00{number}" for number in (1, 2, 3)]
    assert "NodeGroups" not in created
    # While it is being made nothing else can be done to it; SDKs do not retry that.
    for refused in (
        lambda: api.modify_replication_group(ReplicationGroupId=one, CacheNodeType="cache.t3.small", ApplyImmediately=True),
        lambda: api.increase_replica_count(ReplicationGroupId=one, NewReplicaCount=3, ApplyImmediately=True),
        lambda: api.create_cache_cluster(CacheClusterId=caches.fresh("join"), ReplicationGroupId=one),
        lambda: api.delete_replication_group(ReplicationGroupId=one),
    ):
        with pytest.raises(api.exceptions.InvalidReplicationGroupStateFault):
            refused()
    groups.available(api, one)
    group = groups.replicated(api, one)
    assert groups.roles(group) == {f"{one}-001": "primary", f"{one}-002": "replica", f"{one}-003": "replica"}
    assert group["ARN"] == f"arn:aws:elasticache:us-east-1:000000000000:replicationgroup:{one}"
    assert (group["Engine"], group["ClusterEnabled"], group["AutomaticFailover"]) == ("redis", False, "disabled")
    check_endpoints(plane, group, port)
    keys = groups.write(group)
    groups.read_everywhere(group, keys)
    check_reader(group)
    check_members(api, group)

    answer = api.delete_replication_group(ReplicationGroupId=one)["ReplicationGroup"]
    assert answer["Status"] == "deleting" and "NodeGroups" not in answer
    groups.gone(api, one)
    for member in created["MemberClusters"]:
        with pytest.raises(api.exceptions.CacheClusterNotFoundFault):
            caches.describe(api, member)
    for at in (groups.endpoint(group), groups.endpoint(group, "ReaderEndpoint")):
        # In published mode it is a router's, which goes when the group has gone.
        patience.until("nobody listens at its endpoints", lambda at=at: not caches.accepts(at))


def check_endpoints(plane, group, port):
    """All apart. The port is the one asked for; where all share one host, it is the primary endpoint's."""
    found = [groups.endpoint(group), groups.endpoint(group, "ReaderEndpoint"), *groups.node_endpoints(group).values()]
    assert len(set(found)) == 5
    if plane.mode == "network":
        assert {each for _, each in found} == {port}
    else:
        assert {host for host, _ in found} == {"localhost"}
        assert groups.endpoint(group)[1] == port


def check_reader(group):
    """It spreads connections over the replicas, and over nobody else."""
    own = {}
    for member, at in groups.node_endpoints(group).items():
        with groups.client(at) as connection:
            own[connection.info("server")["run_id"]] = member
    seen = set()
    for _ in range(20):
        with groups.reader(group) as connection:
            seen.add(own[connection.info("server")["run_id"]])
    assert sorted(seen) == groups.replicas(group)


def check_members(api, group):
    """They are cache clusters too, with the settings and the tags of the group."""
    one = group["ReplicationGroupId"]
    for member in group["MemberClusters"]:
        found = caches.describe(api, member)
        assert (found["ReplicationGroupId"], found["CacheClusterStatus"]) == (one, "available")
        assert caches.node_endpoint(found) == groups.node_endpoints(group)[member]
        assert found["SnapshotWindow"] == group["SnapshotWindow"]
        tags = api.list_tags_for_resource(ResourceName=found["ARN"])["TagList"]
        assert tags == [{"Key": "a", "Value": "b"}]
    pages = api.get_paginator("describe_cache_clusters").paginate(ShowCacheClustersNotInReplicationGroups=True)
    others = {found["CacheClusterId"] for page in pages for found in page["CacheClusters"]}
    assert not others & set(group["MemberClusters"])


def test_versions_and_upgrades(network):
    """Every version that has an image replicates; an upgrade, to Valkey too, keeps keys and endpoints."""
    api = network.client()
    # What is asked for at first, what it is upgraded to, and what really runs then.
    paths = {
        ("redis", "6.2"): ("redis", "7.0", "7.0."),
        ("redis", "7.0"): ("valkey", "8.1", "8.1."),
        ("valkey", "8.1"): ("valkey", "9.1", "9.1."),
        ("valkey", "9.1"): None,
    }
    names = {path: caches.fresh("version") for path in paths}
    for (engine, version), one in names.items():
        groups.ask(api, one, 2, Engine=engine, EngineVersion=version)
    keys = {}
    before = {}
    for (engine, version), one in names.items():
        groups.available(api, one)
        before[one] = group = groups.replicated(api, one)
        assert group["Engine"] == engine
        check_version(api, group, engine, version)
        keys[one] = groups.write(group)
    upgraded = {one: paths[path] for path, one in names.items() if paths[path]}
    for one, (engine, version, _) in upgraded.items():
        answer = api.modify_replication_group(
            ReplicationGroupId=one, Engine=engine, EngineVersion=version, ApplyImmediately=True
        )
        assert answer["ReplicationGroup"]["Status"] == "modifying"
    for one, (engine, version, _) in upgraded.items():
        groups.available(api, one)
        group = groups.replicated(api, one)
        assert group["Engine"] == engine
        check_version(api, group, engine, version)
        for name in ("PrimaryEndpoint", "ReaderEndpoint"):
            assert groups.endpoint(group, name) == groups.endpoint(before[one], name)
        groups.read_everywhere(group, keys[one])
    with pytest.raises(api.exceptions.InvalidParameterCombinationException):
        api.modify_replication_group(
            ReplicationGroupId=next(iter(upgraded)), Engine="redis", EngineVersion="6.2", ApplyImmediately=True
        )
    groups.delete(api, *names.values())


def check_version(api, group, engine, version):
    family = {"6.2": "redis6.x", "7.0": "redis7", "8.1": "valkey8", "9.1": "valkey9"}[version]
    for member in group["MemberClusters"]:
        found = caches.describe(api, member)
        assert found["Engine"] == engine and found["EngineVersion"].startswith(f"{version}.")
        assert found["CacheParameterGroup"]["CacheParameterGroupName"] == f"default.{family}"
        with caches.redis_of(found) as connection:
            server = connection.info("server")
        assert server.get("valkey_version" if engine == "valkey" else "redis_version").startswith(f"{version}.")


def test_redis_8_in_the_place_of_7(start_plane):
    """A newer image than AWS has, where the operator says so."""
    plane = start_plane(options=["--image", "redis:7.1=redis:8.0"])
    api = plane.client()
    one = caches.fresh("eight")
    groups.make(api, one, 2, EngineVersion="7.1")
    group = groups.replicated(api, one)
    with groups.writer(group) as connection:
        assert connection.info("server")["redis_version"].startswith("8.0.")
    groups.read_everywhere(group, groups.write(group))
    groups.delete(api, one)


def test_changes_wait_for_their_window_unless_they_are_to_be_at_once(network):
    """While they wait, the members tell of them."""
    api = network.client()
    names = [caches.fresh("window") for _ in range(2)]
    at_once, in_window = names
    for one in names:
        groups.ask(api, one, 2, EngineVersion="6.2", PreferredMaintenanceWindow=window(hours=48))
    wanted = {"EngineVersion": "7.0", "CacheNodeType": "cache.t3.small"}
    keys = {}
    for one in names:
        groups.available(api, one)
        keys[one] = groups.write(groups.replicated(api, one))
        answer = api.modify_replication_group(ReplicationGroupId=one, **wanted)["ReplicationGroup"]
        assert (answer["Status"], answer["CacheNodeType"]) == ("available", caches.MICRO)
        for member in answer["MemberClusters"]:
            assert caches.describe(api, member)["PendingModifiedValues"] == wanted
    groups.changed(api, at_once, **wanted)
    # The other one's window is now.
    api.modify_replication_group(ReplicationGroupId=in_window, PreferredMaintenanceWindow=window())
    for one in names:

        def is_changed(one=one):
            group = groups.available(api, one)
            assert group["CacheNodeType"] == "cache.t3.small"
            return group

        patience.until("the changes are made", is_changed)
        group = groups.replicated(api, one)
        for member in group["MemberClusters"]:
            found = caches.describe(api, member)
            assert (found["CacheNodeType"], found["PendingModifiedValues"]) == ("cache.t3.small", {})
            with caches.redis_of(found) as connection:
                assert connection.info("memory")["maxmemory"] == maxmemory_bytes("cache.t3.small")
        check_version(api, group, "redis", "7.0")
        groups.read_everywhere(group, keys[one])
        assert "Succeeded applying modification to cache node type to cache.t3.small." in groups.events(api, one)
    groups.delete(api, *names)


def window(hours=0):
    """Two hours around the moment that is so many hours from now."""
    middle = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
    start, end = (middle + datetime.timedelta(hours=offset) for offset in (-1, 1))
    return f"{start:%a:%H:%M}-{end:%a:%H:%M}".lower()


def test_a_promotion(network):
    """Of whom the user names; the endpoints stay, the former primary follows. It may wait, as other changes do."""
    api = network.client()
    one = caches.fresh("promote")
    first, second, third = members = [f"{one}-00{number}" for number in (1, 2, 3)]
    groups.make(api, one, PreferredMaintenanceWindow=window(hours=48))
    before = groups.replicated(api, one)
    keys = groups.write(before)
    promoted = groups.changed(api, one, PrimaryClusterId=second)
    assert groups.roles(promoted) == {first: "replica", second: "primary", third: "replica"}
    assert list(groups.roles(promoted)) == promoted["MemberClusters"] == members
    for name in ("PrimaryEndpoint", "ReaderEndpoint"):
        assert groups.endpoint(promoted, name) == groups.endpoint(before, name)
    groups.read_everywhere(groups.replicated(api, one), keys)

    waiting = api.modify_replication_group(ReplicationGroupId=one, PrimaryClusterId=third)["ReplicationGroup"]
    assert waiting["PendingModifiedValues"]["PrimaryClusterId"] == third
    assert groups.primary(groups.describe(api, one)) == second
    api.modify_replication_group(ReplicationGroupId=one, PreferredMaintenanceWindow=window())

    def is_promoted():
        group = groups.describe(api, one)
        assert groups.primary(group) == third and not group["PendingModifiedValues"]
        return group

    patience.until("the third is primary", is_promoted)
    groups.available(api, one)
    groups.read_everywhere(groups.replicated(api, one), keys)

    with pytest.raises(api.exceptions.CacheClusterNotFoundFault):
        api.modify_replication_group(ReplicationGroupId=one, PrimaryClusterId=caches.fresh("nobody"))
    groups.changed(api, one, AutomaticFailoverEnabled=True)
    with pytest.raises(api.exceptions.InvalidReplicationGroupStateFault):
        api.modify_replication_group(ReplicationGroupId=one, PrimaryClusterId=first)
    groups.delete(api, one)


def test_a_cache_cluster_becomes_a_group_and_a_cache_cluster_again(network):
    """The keys are there all the time, at the same node endpoint."""
    api = network.client()
    cluster, one = caches.fresh("cluster"), caches.fresh("around")
    cache = caches.make(api, cluster, EngineVersion="7.0", Port=7000, Tags=[{"Key": "team", "Value": "search"}])
    connection = caches.redis_of(cache)
    keys = {f"key:{number}": f"value {number}" for number in range(100)}
    connection.mset(keys)

    groups.ask(api, one, PrimaryClusterId=cluster)
    group = groups.available(api, one)
    assert (group["MemberClusters"], groups.primary(group)) == ([cluster], cluster)
    assert caches.describe(api, cluster)["ReplicationGroupId"] == one
    assert groups.read(groups.endpoint(group), keys) == keys
    assert groups.endpoint(group)[1] == 7000

    api.increase_replica_count(ReplicationGroupId=one, NewReplicaCount=2, ApplyImmediately=True)
    group = groups.available(api, one)
    assert group["MemberClusters"] == [cluster, f"{one}-001", f"{one}-002"]
    group = groups.replicated(api, one)
    groups.read_everywhere(group, keys)
    assert groups.node_endpoints(group)[cluster] == caches.node_endpoint(cache)

    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault):
        api.create_replication_group(
            ReplicationGroupId=caches.fresh("second"), ReplicationGroupDescription="-", PrimaryClusterId=cluster
        )
    groups.delete(api, one, RetainPrimaryCluster=True)
    kept = caches.available(api, cluster)
    assert "ReplicationGroupId" not in kept and caches.node_endpoint(kept) == caches.node_endpoint(cache)
    with groups.client(caches.node_endpoint(kept)) as alone:
        assert dict(zip(keys, alone.mget(list(keys)))) == keys
        # Nobody's replica, and nobody follows.
        replication = alone.info("replication")
        assert (replication["role"], replication["connected_slaves"]) == ("master", 0)
        alone.set("key", "value")
    # It is on its own from now on: nobody need tell it to take writes when it starts.
    api.reboot_cache_cluster(CacheClusterId=cluster, CacheNodeIdsToReboot=["0001"])
    caches.available(api, cluster)
    assert connection.set("key", "another") and connection.mget(list(keys)) == list(keys.values())
    for member in (f"{one}-001", f"{one}-002"):
        with pytest.raises(api.exceptions.CacheClusterNotFoundFault):
            caches.describe(api, member)
    caches.delete(api, cluster)


def test_replicas_come_and_go(network):
    """By number, by name, and as cache clusters that join and are deleted."""
    api = network.client()
    one, joined = caches.fresh("count"), caches.fresh("joined")
    groups.make(api, one, 1)
    keys = groups.write(groups.describe(api, one))
    more = api.increase_replica_count(ReplicationGroupId=one, NewReplicaCount=4, ApplyImmediately=True)["ReplicationGroup"]
    assert more["MemberClusters"] == [f"{one}-00{number}" for number in (1, 2, 3, 4, 5)]
    assert list(groups.roles(more)) == [f"{one}-001"]
    groups.available(api, one)
    groups.read_everywhere(groups.replicated(api, one), keys)

    asked = api.create_cache_cluster(CacheClusterId=joined, ReplicationGroupId=one)["CacheCluster"]
    assert (asked["CacheClusterStatus"], asked["ReplicationGroupId"]) == ("creating", one)
    caches.available(api, joined)
    group = groups.available(api, one)
    assert group["MemberClusters"][-1] == joined
    groups.read_everywhere(groups.replicated(api, one), keys)
    with pytest.raises(api.exceptions.NodeQuotaForClusterExceededFault):
        api.create_cache_cluster(CacheClusterId=caches.fresh("seventh"), ReplicationGroupId=one)
    with pytest.raises(api.exceptions.NoOperationFault):
        api.increase_replica_count(ReplicationGroupId=one, NewReplicaCount=5, ApplyImmediately=True)

    leaving = [f"{one}-002", f"{one}-004"]
    api.decrease_replica_count(ReplicationGroupId=one, ReplicasToRemove=leaving, ApplyImmediately=True)
    groups.available(api, one)
    api.delete_cache_cluster(CacheClusterId=joined)
    caches.gone(api, joined)
    group = groups.available(api, one)
    assert group["MemberClusters"] == [f"{one}-001", f"{one}-003", f"{one}-005"]
    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault, match="serving as primary"):
        api.delete_cache_cluster(CacheClusterId=f"{one}-001")
    groups.replicated(api, one)

    # Without any the reader endpoint is the primary's.
    api.decrease_replica_count(ReplicationGroupId=one, NewReplicaCount=0, ApplyImmediately=True)
    group = groups.available(api, one)
    assert group["MemberClusters"] == [f"{one}-001"]
    patience.until("the reader endpoint serves", lambda: groups.read(groups.endpoint(group, "ReaderEndpoint"), keys) == keys)
    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault, match="only member"):
        api.delete_cache_cluster(CacheClusterId=f"{one}-001")
    groups.delete(api, one)


def test_zones_and_switches(network):
    """Multi-AZ wants zones apart and automatic failover; both can be turned on and off."""
    api = network.client()
    one = caches.fresh("zones")
    groups.make(api, one, 2, PreferredCacheClusterAZs=["us-east-1b", "us-east-1c"])
    off = groups.describe(api, one)
    assert (off["AutomaticFailover"], off["MultiAZ"]) == ("disabled", "disabled")
    zones = {
        member["CacheClusterId"]: member["PreferredAvailabilityZone"] for member in off["NodeGroups"][0]["NodeGroupMembers"]
    }
    assert zones == {f"{one}-001": "us-east-1b", f"{one}-002": "us-east-1c"}
    with pytest.raises(api.exceptions.ClientError):
        api.modify_replication_group(ReplicationGroupId=one, MultiAZEnabled=True, ApplyImmediately=True)
    on = groups.changed(api, one, AutomaticFailoverEnabled=True, MultiAZEnabled=True)
    assert (on["AutomaticFailover"], on["MultiAZ"]) == ("enabled", "enabled")
    assert f"Automatic failover has been turned on for replication group {one}" in groups.events(api, one)
    with pytest.raises(api.exceptions.InvalidParameterValueException, match="at least 1 replica"):
        api.decrease_replica_count(ReplicationGroupId=one, NewReplicaCount=0, ApplyImmediately=True)
    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault, match="only read replica"):
        api.delete_cache_cluster(CacheClusterId=f"{one}-002")
    with pytest.raises(api.exceptions.ClientError):
        api.modify_replication_group(ReplicationGroupId=one, AutomaticFailoverEnabled=False, ApplyImmediately=True)
    off = groups.changed(api, one, AutomaticFailoverEnabled=False, MultiAZEnabled=False)
    assert (off["AutomaticFailover"], off["MultiAZ"]) == ("disabled", "disabled")
    groups.delete(api, one)
