"""Snapshots of real engines: what is in them, what begins with them, and what they cost."""

import pytest
import redis

import caches
import groups
import snapshots


def test_a_cache_begins_with_a_snapshot(api):
    one, name = caches.fresh("source"), caches.fresh("shot")
    cache = caches.make(api, one)
    connection = caches.redis_of(cache)
    snapshots.fill(connection, 3000)
    before = snapshots.digest(connection)
    asked = api.create_snapshot(CacheClusterId=one, SnapshotName=name)["Snapshot"]
    assert (asked["SnapshotStatus"], asked["SnapshotSource"]) == ("creating", "manual")
    found = snapshots.available(api, name)
    assert found["NodeSnapshots"][0]["CacheSize"].endswith(" MB")
    connection.flushall()
    again, cache = snapshots.restored(api, name)
    assert snapshots.digest(caches.redis_of(cache)) == before
    # What is written from then on survives a reboot: the node does not begin with the snapshot again.
    caches.redis_of(cache).set("later", "value")
    api.reboot_cache_cluster(CacheClusterId=again, CacheNodeIdsToReboot=["0001"])
    cache = caches.available(api, again)
    assert caches.redis_of(cache).get("later") == "value"
    caches.delete(api, one, again)
    snapshots.delete(api, name)


# What it is taken of, and what is made from it.
UPWARD = [
    (("redis", "6.2"), ("redis", "7.0")),
    (("redis", "6.2"), ("valkey", "8.1")),
    (("redis", "7.0"), ("valkey", "8.1")),
    (("valkey", "8.1"), ("valkey", "9.1")),
]


@pytest.mark.parametrize(("old", "new"), UPWARD, ids=lambda version: " ".join(version))
def test_newer_engines_read_the_snapshots_of_older_ones(network, old, new):
    api = network.client()
    one, other, name = caches.fresh("old"), caches.fresh("new"), caches.fresh("shot")
    group = groups.make(api, one, members=2, Engine=old[0], EngineVersion=old[1])
    connection = groups.writer(group)
    snapshots.fill(connection, 1000)
    if old != ("redis", "6.2"):
        connection.function_load("#!lua name=mine\nredis.register_function('mine', function() return 7 end)")
    connection.wait(1, 30000)
    before = snapshots.digest(connection)
    found = snapshots.take(api, name, ReplicationGroupId=one)
    [part] = found["NodeSnapshots"]
    assert part["CacheClusterId"] == f"{one}-002"
    groups.delete(api, one)
    group = groups.make(api, other, members=2, Engine=new[0], EngineVersion=new[1], SnapshotName=name)
    connection = groups.writer(group)
    assert snapshots.digest(connection) == before
    assert snapshots.digest(groups.reader(group)) == before
    if old != ("redis", "6.2"):
        assert connection.fcall("mine", 0) == 7
    groups.delete(api, other)
    snapshots.delete(api, name)


def test_what_an_engine_cannot_read_is_refused(network):
    """Redis 8 writes what Valkey has not read since they parted."""
    api = network.client()
    one, other, name = caches.fresh("eight"), caches.fresh("valkey"), caches.fresh("shot")
    connection = caches.redis_of(caches.make(api, one, EngineVersion="7.0"))
    connection.set("key", "value")
    snapshots.take(api, name, CacheClusterId=one)
    with pytest.raises(api.exceptions.InvalidParameterCombinationException):
        api.create_cache_cluster(CacheClusterId=other, SnapshotName=name, EngineVersion="6.2")
    caches.delete(api, one)
    snapshots.delete(api, name)


def test_a_final_snapshot_and_a_group_of_node_groups(network):
    """Cluster mode: three node groups, then two, then five; each key is where its slot is."""
    api = network.client()
    one, final = caches.fresh("shards"), caches.fresh("final")
    sharded = {
        "AutomaticFailoverEnabled": True,
        "CacheParameterGroupName": "default.valkey8.cluster.on",
        "ReplicasPerNodeGroup": 1,
    }
    api.create_replication_group(
        ReplicationGroupId=one,
        ReplicationGroupDescription="three",
        Engine="valkey",
        EngineVersion="8.1",
        CacheNodeType=caches.MICRO,
        NumNodeGroups=3,
        **sharded,
    )
    connection = client_of(groups.available(api, one))
    keys = {f"key:{number}": f"value {number}" for number in range(3000)}
    for key, value in keys.items():
        connection.set(key, value)
    connection.hset("hash", mapping={f"field {field}": "v" * 50 for field in range(1000)})
    api.delete_replication_group(ReplicationGroupId=one, FinalSnapshotIdentifier=final)
    groups.gone(api, one)
    found = snapshots.describe(api, final, ShowNodeGroupConfig=True)
    assert [part["NodeGroupConfiguration"]["Slots"] for part in found["NodeSnapshots"]] == [
        "0-5461",
        "5462-10922",
        "10923-16383",
    ]
    for shards in (3, 2):
        other = caches.fresh("again")
        api.create_replication_group(
            ReplicationGroupId=other,
            ReplicationGroupDescription="again",
            SnapshotName=final,
            NumNodeGroups=shards,
            ReplicasPerNodeGroup=0,
        )
        group = groups.available(api, other)
        assert len(group["NodeGroups"]) == shards
        connection = client_of(group)
        assert {key: connection.get(key) for key in keys} == keys
        assert connection.hlen("hash") == 1000
        assert connection.dbsize(target_nodes=redis.RedisCluster.PRIMARIES) == len(keys) + 1
        groups.delete(api, other)
    snapshots.delete(api, final)


def client_of(group):
    endpoint = group["ConfigurationEndpoint"]
    return redis.RedisCluster(host=endpoint["Address"], port=endpoint["Port"], decode_responses=True)
