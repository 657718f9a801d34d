"""Redis caches: what is kept, what is in force, what is withheld, and what a change does to a real engine."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

import caches
import control_plane



def maxmemory_bytes(node_type):
    """The node type's memory, less the quarter that the families reserve (reserved-memory-percent)."""
    facts = json.loads((control_plane.ROOT / "facts/node_types.json").read_text())
    total = facts["types"][node_type]["maxmemory"]
    return total - total // 4


def written(connection, count=200):
    keys = {f"key:{number}": f"value {number}" for number in range(count)}
    connection.mset(keys)
    return keys


def read(connection, keys):
    return dict(zip(keys, connection.mget(list(keys))))


def test_keys_survive_a_reboot(api):
    one = caches.fresh("reboot")
    cache = caches.make(api, one)
    connection = caches.redis_of(cache)
    keys = written(connection)
    run = connection.info("server")["run_id"]

    answer = api.reboot_cache_cluster(CacheClusterId=one, CacheNodeIdsToReboot=["0001"])
    assert answer["CacheCluster"]["CacheClusterStatus"] == "rebooting cache cluster nodes"
    after = caches.available(api, one)

    assert caches.node_endpoint(after) == caches.node_endpoint(cache)
    assert connection.info("server")["run_id"] != run
    assert read(connection, keys) == keys
    assert caches.events(api, one)[-2:] == ["Cache node 0001 shutdown", "Cache node 0001 restarted"]
    caches.delete(api, one)
    assert not caches.accepts(caches.node_endpoint(cache))


def test_versions_and_their_settings(network):
    """Every version that has an image runs with its family's defaults and its node type's memory, and withholds what AWS does."""
    api = network.client()
    # What was asked for; what the service calls it; the line that really runs.
    versions = {"6.2": ("6.2.6", "6.2"), "7.0": ("7.0.7", "7.0"), "7.1": ("7.1.0", "7.")}
    names = {asked: caches.fresh("version") for asked in versions}
    for asked, one in names.items():
        caches.ask(api, one, EngineVersion=asked)
    for asked, (reported, line) in versions.items():
        cache = caches.available(api, names[asked])
        assert cache["EngineVersion"] == reported
        family = "redis6.x" if asked == "6.2" else "redis7"
        assert cache["CacheParameterGroup"]["CacheParameterGroupName"] == f"default.{family}"
        connection = caches.redis_of(cache)
        assert connection.info("server")["redis_version"].startswith(line)
        memory = connection.info("memory")
        assert memory["maxmemory"] == maxmemory_bytes("cache.t3.micro")
        assert memory["maxmemory_policy"] == "volatile-lru"
        assert connection.info("clients")["maxclients"] > 1000
        # 16 databases, no more.
        connection.execute_command("SELECT", 15)
        with pytest.raises(redis.ResponseError, match="out of range"):
            connection.execute_command("SELECT", 16)
        withhold(connection)
    caches.delete(api, *names.values())


WITHHELD = [
    "CONFIG GET maxmemory",
    "CONFIG SET maxmemory 0",
    "ACL SETUSER mallory on",
    "ACL SAVE",
    "BGREWRITEAOF",
    "BGSAVE",
    "CLUSTER MEET 127.0.0.1 6379",
    "DEBUG SLEEP 0",
    "MIGRATE 127.0.0.1 6379 key 0 1000",
    "MODULE LIST",
    "REPLICAOF NO ONE",
    "SLAVEOF NO ONE",
    "SAVE",
    "SHUTDOWN NOSAVE",
    "SYNC",
]
AVAILABLE = ["ACL WHOAMI", "CLIENT LIST", "INFO", "MEMORY DOCTOR", "SLOWLOG GET", "LATENCY LATEST", "DBSIZE"]


def withhold(connection):
    for command in WITHHELD:
        # From 7.0 on, Redis refuses DEBUG to everybody before it looks at users.
        with pytest.raises(redis.ResponseError, match="no permissions|not allowed"):
            connection.execute_command(*command.split())
    for command in AVAILABLE:
        connection.execute_command(*command.split())
    assert connection.execute_command("ACL WHOAMI") == "default"


def test_a_change_of_version_and_node_type_keeps_the_keys(api):
    one = caches.fresh("change")
    cache = caches.make(api, one, EngineVersion="6.2")
    connection = caches.redis_of(cache)
    assert connection.info("server")["redis_version"].startswith("6.2")
    keys = written(connection)

    # It waits for the window first, and is told of.
    waiting = api.modify_cache_cluster(CacheClusterId=one, EngineVersion="7.0", CacheNodeType="cache.t3.small")
    assert waiting["CacheCluster"]["CacheClusterStatus"] == "available"
    pending = caches.describe(api, one)["PendingModifiedValues"]
    assert (pending["EngineVersion"], pending["CacheNodeType"]) == ("7.0", "cache.t3.small")
    assert connection.info("server")["redis_version"].startswith("6.2")

    # Then it shall be at once.
    changed = api.modify_cache_cluster(
        CacheClusterId=one, EngineVersion="7.0", CacheNodeType="cache.t3.small", ApplyImmediately=True
    )
    assert changed["CacheCluster"]["CacheClusterStatus"] == "modifying"
    after = caches.available(api, one)
    assert after["EngineVersion"].startswith("7.0.")
    assert after["CacheNodeType"] == "cache.t3.small"
    assert not after["PendingModifiedValues"]
    assert after["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7"
    assert caches.node_endpoint(after) == caches.node_endpoint(cache)
    assert connection.info("server")["redis_version"].startswith("7.0")
    assert connection.info("memory")["maxmemory"] == maxmemory_bytes("cache.t3.small")
    assert read(connection, keys) == keys
    withhold(connection)
    assert caches.events(api, one)[-2:] == [
        "Finished upgrading the engine from version 6.2 to version 7.0",
        "Succeeded applying modification to cache node type to cache.t3.small.",
    ]

    # And back to the smaller one.
    api.modify_cache_cluster(CacheClusterId=one, CacheNodeType=caches.MICRO, ApplyImmediately=True)
    caches.available(api, one)
    assert connection.info("memory")["maxmemory"] == maxmemory_bytes("cache.t3.micro")
    assert read(connection, keys) == keys
    caches.delete(api, one)


def test_a_cache_has_the_port_asked_for(network):
    api = network.client()
    one = caches.fresh("port")
    cache = caches.make(api, one, Port=7777)
    assert caches.node_endpoint(cache)[1] == 7777
    assert caches.redis_of(cache).ping()
    caches.delete(api, one)


def test_ten_at_once(network):
    """Asked for at once, made at once, and no two with one address."""
    api = network.client()
    names = [caches.fresh("ten") for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda one: caches.make(api, one), names))
    assert len({caches.node_endpoint(cache) for cache in found}) == 10
    for number, cache in enumerate(found):
        caches.redis_of(cache).set("whose", number)
    assert [caches.redis_of(cache).get("whose") for cache in found] == [str(number) for number in range(10)]
    caches.delete(api, *names)
