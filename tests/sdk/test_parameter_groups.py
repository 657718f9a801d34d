"""Parameter groups on real engines: a value that acts at once is on every node, one that a start must give is there after the reboot."""

import botocore.exceptions
import pytest

import caches
import groups
import parameters
import patience


@pytest.fixture
def plane(ours):
    """Both kinds of endpoints are set up alike, and the administrator is asked through either."""
    return ours


@pytest.fixture
def api(plane):
    return plane.client()


def test_a_value_is_on_the_running_engine(plane, api):
    """From the start, changed, reset; nobody's connection is disturbed by it."""
    group = parameters.make(api, "redis7", {"maxmemory-policy": "noeviction", "databases": "3"})
    one = caches.fresh("applied")
    cache = caches.make(api, one, EngineVersion="7.0", CacheParameterGroupName=group)
    assert cache["CacheParameterGroup"] == {
        "CacheParameterGroupName": group,
        "ParameterApplyStatus": "in-sync",
        "CacheNodeIdsToReboot": [],
    }
    engine, customer = parameters.administrator(plane, one), caches.redis_of(cache)
    parameters.has(engine, {"maxmemory-policy": "noeviction", "databases": "3", "timeout": "0"})
    run = customer.info("server")["run_id"]

    parameters.change(api, group, {"timeout": "60", "notify-keyspace-events": "KEA", "reserved-memory-percent": "50"})
    parameters.has(engine, {"timeout": "60", "maxmemory": str(256 << 20)})
    # They are set one after the other.
    patience.until(
        "the flags, in the engine's own order",
        lambda: sorted(engine.config_get("notify-keyspace-events")["notify-keyspace-events"]) == sorted("AKE"),
    )
    limits = {"client-output-buffer-limit-pubsub-hard-limit": "1048576", "client-output-buffer-limit-pubsub-soft-limit": "524288"}
    parameters.change(api, group, limits)
    patience.until(
        "a limit of one class",
        lambda: "pubsub 1048576 524288 60" in engine.config_get("client-output-buffer-limit")["client-output-buffer-limit"],
    )
    api.reset_cache_parameter_group(CacheParameterGroupName=group, ResetAllParameters=True)
    parameters.has(
        engine,
        {"timeout": "0", "maxmemory": str(384 << 20), "notify-keyspace-events": "", "maxmemory-policy": "volatile-lru"},
    )
    # Three databases until it is rebooted: what is reset is the group's.
    assert parameters.apply_status(api, one) == ("pending-reboot", ["0001"])
    assert customer.info("server")["run_id"] == run
    told = caches.events(api, group, "cache-parameter-group")
    assert "Updated parameter timeout to 60" in told and "Updated parameter timeout to 0" in told
    with pytest.raises(api.exceptions.InvalidCacheParameterGroupStateFault):
        parameters.delete(api, group)
    caches.delete(api, one)
    parameters.delete(api, group)


def test_a_reboot_gives_what_only_a_start_can(plane, api):
    """With its keys, at its address; then it is in sync."""
    group = parameters.make(api, "redis6.x", {"timeout": "60"})
    one = caches.fresh("rebooted")
    cache = caches.make(api, one, EngineVersion="6.2", CacheParameterGroupName=group)
    engine, customer = parameters.administrator(plane, one), caches.redis_of(cache)
    customer.set("key", "value")
    parameters.change(api, group, {"databases": "40", "activerehashing": "no", "timeout": "90"})
    parameters.has(engine, {"timeout": "90", "databases": "16", "activerehashing": "yes"})
    assert parameters.apply_status(api, one) == ("pending-reboot", ["0001"])
    [node] = caches.describe(api, one)["CacheNodes"]
    assert node["ParameterGroupStatus"] == "pending-reboot"

    after = parameters.reboot(api, one)
    assert parameters.apply_status(api, one) == ("in-sync", [])
    assert caches.node_endpoint(after) == caches.node_endpoint(cache)
    parameters.has(engine, {"timeout": "90", "databases": "40", "activerehashing": "no"})
    assert customer.get("key") == "value"
    assert customer.execute_command("SELECT", 39) is True
    assert caches.events(api, one)[-2:] == ["Cache node 0001 shutdown", "Cache node 0001 restarted"]
    caches.delete(api, one)
    parameters.delete(api, group)


def test_a_start_that_fails_is_cured_by_the_group(plane, api):
    """Redis does not read a file with more databases than it has. The data are there when the group is right again."""
    group = parameters.make(api, "redis7", {"databases": "40"})
    one = caches.fresh("cured")
    cache = caches.make(api, one, EngineVersion="7.0", CacheParameterGroupName=group)
    customer = caches.redis_of(cache)
    pipeline = customer.pipeline(transaction=False)
    pipeline.execute_command("SELECT", 39)
    pipeline.set("key", "value")
    pipeline.execute()
    api.reset_cache_parameter_group(CacheParameterGroupName=group, ParameterNameValues=[{"ParameterName": "databases"}])
    api.reboot_cache_cluster(CacheClusterId=one, CacheNodeIdsToReboot=["0001"])
    patience.until("the reboot is held up", lambda: caches.events(api, one)[-1].startswith("Waiting: "))
    assert caches.status(api, one) == "rebooting cache cluster nodes"
    parameters.change(api, group, {"databases": "40"})
    caches.available(api, one)
    parameters.in_sync(api, one)
    pipeline = customer.pipeline(transaction=False)
    pipeline.execute_command("SELECT", 39)
    pipeline.get("key")
    assert pipeline.execute()[1] == "value"
    caches.delete(api, one)
    parameters.delete(api, group)


def test_another_group_is_attached_to_a_running_cache(plane, api):
    one = caches.fresh("attached")
    cache = caches.make(api, one, EngineVersion="7.0")
    engine, customer = parameters.administrator(plane, one), caches.redis_of(cache)
    run = customer.info("server")["run_id"]
    group = parameters.make(api, "redis7", {"maxmemory-policy": "allkeys-lfu", "timeout": "120"})
    # The flag is about other things.
    answer = api.modify_cache_cluster(CacheClusterId=one, CacheParameterGroupName=group)
    assert answer["CacheCluster"]["CacheParameterGroup"]["CacheParameterGroupName"] == group
    parameters.has(engine, {"maxmemory-policy": "allkeys-lfu", "timeout": "120"})
    api.modify_cache_cluster(CacheClusterId=one, CacheParameterGroupName="default.redis7")
    parameters.has(engine, {"maxmemory-policy": "volatile-lru", "timeout": "0"})
    assert customer.info("server")["run_id"] == run
    assert caches.events(api, one)[-2:] == [
        f"Updated to use a CacheParameterGroup {group}",
        "Updated to use a CacheParameterGroup default.redis7",
    ]
    parameters.delete(api, group)
    caches.delete(api, one)


def test_a_node_that_starts_again_by_itself_has_its_values(plane, api):
    """Its container's command line is from before; so is the one of a container that somebody restarts by hand."""
    group = parameters.make(api, "redis7", {"timeout": "60"})
    one = caches.fresh("restarted")
    caches.make(api, one, EngineVersion="7.0", CacheParameterGroupName=group)
    engine = parameters.administrator(plane, one)
    parameters.change(api, group, {"timeout": "90", "maxmemory-policy": "allkeys-lru"})
    wanted = {"timeout": "90", "maxmemory-policy": "allkeys-lru"}
    parameters.has(engine, wanted)
    for _ in range(2):
        parameters.end_process(plane, one)
        parameters.has(engine, wanted)
    caches.available(api, one)
    parameters.in_sync(api, one)
    caches.delete(api, one)
    parameters.delete(api, group)


def test_both_members_of_a_replication_group(plane, api):
    """Changed on both, attached without a roll, rebooted one by one without a failover; a failover leaves them as they are."""
    family = "valkey8"
    first = parameters.make(api, family, {"timeout": "60"})
    second = parameters.make(api, family, {"timeout": "300", "databases": "40"})
    one = caches.fresh("members")
    groups.make(
        api, one, 2, Engine="valkey", EngineVersion="8.1", CacheParameterGroupName=first, AutomaticFailoverEnabled=True
    )
    members = [f"{one}-001", f"{one}-002"]
    engines = [parameters.administrator(plane, member) for member in members]
    runs = [engine.info("server")["run_id"] for engine in engines]

    def both(values):
        for engine in engines:
            parameters.has(engine, values)

    both({"timeout": "60"})
    parameters.change(api, first, {"timeout": "90"})
    both({"timeout": "90"})
    answer = api.modify_replication_group(ReplicationGroupId=one, CacheParameterGroupName=second)
    assert answer["ReplicationGroup"]["Status"] == "available"
    both({"timeout": "300", "databases": "16"})
    assert [engine.info("server")["run_id"] for engine in engines] == runs
    parameters.delete(api, first)

    engines[0].set("key", "value")
    for member in reversed(members):
        assert parameters.apply_status(api, member) == ("pending-reboot", ["0001"])
        parameters.reboot(api, member)
        parameters.in_sync(api, member)
        patience.until(
            "both do their part again",
            lambda: [engine.info("replication")["role"] for engine in engines] == ["master", "slave"]
            and engines[1].info("replication")["master_link_status"] == "up",
        )
    both({"timeout": "300", "databases": "40"})
    assert engines[0].get("key") == "value"
    assert groups.primary(groups.describe(api, one)) == members[0]

    api.test_failover(ReplicationGroupId=one, NodeGroupId="0001")
    patience.until("the other is primary", lambda: groups.primary(groups.describe(api, one)) == members[1])
    parameters.change(api, second, {"timeout": "600"})
    both({"timeout": "600", "databases": "40"})
    groups.available(api, one)
    groups.delete(api, one)
    parameters.delete(api, second)


def test_memcached_has_its_values_after_reboots(plane, api):
    group = parameters.make(api, "memcached1.6", {"idle_timeout": "300"})
    one = caches.fresh("memcached")
    cache = caches.make(api, one, "memcached", NumCacheNodes=2, CacheParameterGroupName=group)

    def settings(index):
        found = caches.memcached_at(caches.node_endpoint(cache, index)).stats("settings")
        return found[b"idle_timeout"], found[b"cas_enabled"]

    assert [settings(0), settings(1)] == [(300, b"yes")] * 2
    parameters.change(api, group, {"cas_disabled": "1", "idle_timeout": "600"})
    assert parameters.apply_status(api, one) == ("pending-reboot", ["0001", "0002"])
    parameters.reboot(api, one, "0002")
    assert parameters.apply_status(api, one) == ("pending-reboot", ["0001"])
    assert [settings(0), settings(1)] == [(300, b"yes"), (600, b"no")]
    parameters.reboot(api, one, "0001")
    assert parameters.apply_status(api, one) == ("in-sync", [])
    assert [settings(0), settings(1)] == [(600, b"no")] * 2
    caches.delete(api, one)
    parameters.delete(api, group)


def test_what_is_refused_is_the_sdks_own_exception(api):
    group = parameters.make(api, "redis7")
    refusals = [
        (api.exceptions.CacheParameterGroupAlreadyExistsFault, lambda: api.create_cache_parameter_group(
            CacheParameterGroupName=group, CacheParameterGroupFamily="redis7", Description="again")),
        (api.exceptions.CacheParameterGroupNotFoundFault, lambda: parameters.change(api, caches.fresh("nobody"), {"timeout": "0"})),
        (api.exceptions.InvalidParameterValueException, lambda: parameters.change(api, group, {"timeout": "7"})),
        (api.exceptions.InvalidParameterValueException, lambda: parameters.change(api, "default.redis7", {"timeout": "20"})),
        (api.exceptions.InvalidParameterCombinationException, lambda: api.reset_cache_parameter_group(
            CacheParameterGroupName=group, ResetAllParameters=True, ParameterNameValues=[{"ParameterName": "timeout"}])),
    ]
    for exception, call in refusals:
        with pytest.raises(exception):
            call()
    pages = api.get_paginator("describe_cache_parameters").paginate(
        CacheParameterGroupName=group, PaginationConfig={"PageSize": 20}
    )
    names = [parameter["ParameterName"] for page in pages for parameter in page["Parameters"]]
    assert len(names) == len(set(names)) > 50
    parameters.delete(api, group)
    with pytest.raises(botocore.exceptions.ClientError, match="CacheParameterGroupNotFound"):
        api.describe_cache_parameters(CacheParameterGroupName=group)
