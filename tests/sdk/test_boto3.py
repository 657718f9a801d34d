"""boto3 as programs use it: waiters, paginators, exceptions by class, accounts and regions."""

import itertools

import pytest

import caches
import control_plane

OTHER_ACCOUNT = "111122223333"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A control plane that makes no containers, for what is the same with and without."""
    with control_plane.running(tmp_path_factory.mktemp("simulated"), runtime="simulated") as plane:
        yield plane


def test_the_life_of_a_cache(plane, api):
    one = caches.fresh("life")
    created = caches.ask(api, one.upper(), Tags=[{"Key": "a", "Value": "b"}])
    assert (created["CacheClusterId"], created["CacheClusterStatus"]) == (one, "creating")
    assert "CacheNodes" not in created
    cache = caches.available(api, one)
    assert caches.redis_of(cache).ping()
    assert "CacheNodes" not in api.describe_cache_clusters(CacheClusterId=one)["CacheClusters"][0]
    assert cache["ARN"] == f"arn:aws:elasticache:us-east-1:000000000000:cluster:{one}"
    assert cache["CacheNodes"][0]["CacheNodeStatus"] == "available"
    deleted = api.delete_cache_cluster(CacheClusterId=one)["CacheCluster"]
    assert deleted["CacheClusterStatus"] == "deleting"
    caches.gone(api, one)
    assert caches.events(api, one)[-1] == "Cache cluster deleted"


def test_pages(simulated):
    """Every page is full but the last, nothing comes twice, nothing is left out; in an account that has nothing else."""
    api = simulated.client("222233334444")
    names = sorted(caches.fresh("page") for _ in range(45))
    for one in names:
        caches.ask(api, one)
    for one in names:
        caches.available(api, one)

    def pages(operation, result, size=20, **members):
        pages = api.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **members)
        return [page[result] for page in pages]

    clusters = pages("describe_cache_clusters", "CacheClusters")
    assert [len(page) for page in clusters] == [20, 20, 5]
    assert [one["CacheClusterId"] for page in clusters for one in page] == names

    told = pages("describe_events", "Events", size=50, SourceType="cache-cluster")
    assert [len(page) for page in told[:-1]] == [50] * (len(told) - 1)
    events = [(event["SourceIdentifier"], event["Message"]) for page in told for event in page]
    assert len(set(events)) == len(events) == 45 * 3
    dates = [event["Date"] for page in told for event in page]
    assert dates == sorted(dates, reverse=True)

    versions = pages("describe_cache_engine_versions", "CacheEngineVersions")
    assert len(versions) > 1
    found = [(one["Engine"], one["EngineVersion"]) for page in versions for one in page]
    assert found == sorted(set(found))
    assert {engine for engine, _ in found} == {"memcached", "redis", "valkey"}
    only = pages("describe_cache_engine_versions", "CacheEngineVersions", Engine="memcached")
    assert [one for page in only for one in page] == [
        one for page in versions for one in page if one["Engine"] == "memcached"
    ]


def test_faults_are_exceptions_of_their_own(simulated):
    api = simulated.client()
    faults = api.exceptions
    one = caches.fresh("fault")
    absent = caches.fresh("absent")
    missing = [
        lambda: api.describe_cache_clusters(CacheClusterId=absent),
        lambda: api.modify_cache_cluster(CacheClusterId=absent),
        lambda: api.reboot_cache_cluster(CacheClusterId=absent, CacheNodeIdsToReboot=["0001"]),
        lambda: api.delete_cache_cluster(CacheClusterId=absent),
        lambda: api.list_tags_for_resource(ResourceName=f"arn:aws:elasticache:us-east-1:000000000000:cluster:{absent}"),
    ]
    for call in missing:
        with pytest.raises(faults.CacheClusterNotFoundFault) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
        assert absent in caught.value.response["Error"]["Message"]
    caches.make(api, one, "memcached", NumCacheNodes=2)
    refused = [
        (faults.CacheClusterAlreadyExistsFault, lambda: caches.ask(api, one)),
        (faults.InvalidParameterValueException, lambda: caches.ask(api, caches.fresh("bad"), CacheNodeType="cache.none")),
        (faults.InvalidParameterValueException, lambda: caches.ask(api, "-bad")),
        (
            faults.InvalidParameterCombinationException,
            lambda: caches.ask(api, caches.fresh("bad"), "memcached", NumCacheNodes=1, AZMode="cross-az"),
        ),
        (faults.NodeQuotaForClusterExceededFault, lambda: caches.ask(api, caches.fresh("bad"), "memcached", NumCacheNodes=41)),
        (
            faults.InvalidParameterCombinationException,
            lambda: api.modify_cache_cluster(CacheClusterId=one, NumCacheNodes=1, ApplyImmediately=True),
        ),
        (faults.CacheParameterGroupNotFoundFault, lambda: caches.ask(api, caches.fresh("bad"), CacheParameterGroupName="mine")),
        (faults.CacheSubnetGroupNotFoundFault, lambda: caches.ask(api, caches.fresh("bad"), CacheSubnetGroupName="mine")),
        (faults.ReplicationGroupNotFoundFault, lambda: caches.ask(api, caches.fresh("bad"), ReplicationGroupId="mine")),
        (
            faults.SnapshotFeatureNotSupportedFault,
            lambda: api.delete_cache_cluster(CacheClusterId=one, FinalSnapshotIdentifier="last"),
        ),
        (
            faults.TagNotFoundFault,
            lambda: api.remove_tags_from_resource(ResourceName=caches.describe(api, one)["ARN"], TagKeys=["none"]),
        ),
        (faults.InvalidARNFault, lambda: api.list_tags_for_resource(ResourceName="arn:nothing")),
    ]
    for fault, call in refused:
        with pytest.raises(fault) as caught:
            call()
        assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    with pytest.raises(faults.ClientError, match="NotImplemented"):
        api.create_serverless_cache(ServerlessCacheName="s", Engine="valkey")
    assert caches.status(api, one) == "available"


def test_a_busy_cache_refuses_changes(network):
    """While it is being made or deleted; AWS's answer is a fault, and SDKs do not retry it."""
    api = network.client()
    one = caches.fresh("busy")
    caches.ask(api, one)
    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault):
        api.modify_cache_cluster(CacheClusterId=one, CacheNodeType="cache.t3.small", ApplyImmediately=True)
    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault):
        api.delete_cache_cluster(CacheClusterId=one)
    caches.available(api, one)
    caches.delete(api, one)


def test_accounts_and_regions_are_apart(plane):
    """One name, three caches: each has its keys, its events, its tags; deleting one leaves the others."""
    scopes = [("test", "us-east-1"), ("test", "eu-central-1"), (OTHER_ACCOUNT, "us-east-1")]
    apis = [plane.client(*scope) for scope in scopes]
    one = caches.fresh("apart")
    for number, api in enumerate(apis):
        caches.ask(api, one, Tags=[{"Key": "number", "Value": str(number)}])
    found = [caches.available(api, one) for api in apis]
    connections = [caches.redis_of(cache) for cache in found]
    for number, connection in enumerate(connections):
        connection.set("number", number)
    assert [connection.get("number") for connection in connections] == ["0", "1", "2"]
    assert len({caches.node_endpoint(cache) for cache in found}) == 3
    assert [cache["ARN"].split(":")[3:5] for cache in found] == [
        ["us-east-1", "000000000000"],
        ["eu-central-1", "000000000000"],
        ["us-east-1", OTHER_ACCOUNT],
    ]
    assert [cache["CacheNodes"][0]["CustomerAvailabilityZone"][:-1] for cache in found] == [
        "us-east-1",
        "eu-central-1",
        "us-east-1",
    ]
    for number, (api, cache) in enumerate(zip(apis, found)):
        assert api.list_tags_for_resource(ResourceName=cache["ARN"])["TagList"] == [
            {"Key": "number", "Value": str(number)}
        ]
    # Another's ARN is nobody's.
    for api, other in itertools.permutations(range(3), 2):
        with pytest.raises((apis[api].exceptions.CacheClusterNotFoundFault, apis[api].exceptions.InvalidARNFault)):
            apis[api].list_tags_for_resource(ResourceName=found[other]["ARN"])

    caches.delete(apis[1], one)
    assert [caches.status(api, one) for api in (apis[0], apis[2])] == ["available"] * 2
    assert [connections[number].get("number") for number in (0, 2)] == ["0", "2"]
    assert "Cache cluster deleted" not in caches.events(apis[0], one)
    for api in (apis[0], apis[2]):
        caches.delete(api, one)
    nobody = plane.client("444455556666").describe_cache_clusters()
    assert nobody["CacheClusters"] == []
