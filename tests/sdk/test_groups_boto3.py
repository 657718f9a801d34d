"""Replication groups through boto3: waiters as they come, pages, and every fault as the exception that it is.

Nothing of it depends on what runs behind the API, so no containers are made.
"""

import pytest

import caches
import control_plane
import groups

OTHER_ACCOUNT = "333344445555"
TESTS_A_DAY = 15


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    with control_plane.running(tmp_path_factory.mktemp("simulated"), runtime="simulated") as plane:
        yield plane


@pytest.fixture
def api(simulated):
    return simulated.client()


def test_pages(tmp_path):
    """Every page is full but the last, nothing comes twice, nothing is left out; members are pages of cache clusters. Of a control plane
    of its own, as they take nearly all addresses that there are.
    """
    with control_plane.running(tmp_path, runtime="simulated") as plane:
        read_pages(plane.client())


def read_pages(api):
    names = sorted(caches.fresh("page") for _ in range(45))
    for one in names:
        groups.ask(api, one, 1)
    for one in names:
        groups.available(api, one)

    def pages(operation, result):
        found = api.get_paginator(operation).paginate(PaginationConfig={"PageSize": 20})
        return [page[result] for page in found]

    found = pages("describe_replication_groups", "ReplicationGroups")
    assert [len(page) for page in found] == [20, 20, 5]
    assert [group["ReplicationGroupId"] for page in found for group in page] == names
    members = [one["CacheClusterId"] for page in pages("describe_cache_clusters", "CacheClusters") for one in page]
    assert members == [f"{one}-001" for one in names]
    groups.delete(api, *names)
    assert pages("describe_replication_groups", "ReplicationGroups") == [[]]


def test_accounts_and_regions_are_apart(simulated):
    one = caches.fresh("apart")
    apis = [simulated.client(*scope) for scope in (("test", "us-east-1"), ("test", "eu-west-1"), (OTHER_ACCOUNT, "us-east-1"))]
    for api in apis:
        groups.ask(api, one, 2)
    found = [groups.available(api, one) for api in apis]
    assert [group["ARN"].split(":")[3:5] for group in found] == [
        ["us-east-1", "000000000000"],
        ["eu-west-1", "000000000000"],
        ["us-east-1", OTHER_ACCOUNT],
    ]
    groups.delete(apis[0], one)
    for api in apis[1:]:
        assert groups.describe(api, one)["Status"] == "available"
        groups.delete(api, one)


def test_tags_are_on_the_group_and_on_its_members(api):
    one = caches.fresh("tags")
    groups.make(api, one, 2, Tags=[{"Key": "team", "Value": "search"}])
    group = groups.describe(api, one)

    def tags(arn):
        return {tag["Key"]: tag["Value"] for tag in api.list_tags_for_resource(ResourceName=arn)["TagList"]}

    def everywhere():
        members = [caches.describe(api, member)["ARN"] for member in groups.describe(api, one)["MemberClusters"]]
        return [tags(arn) for arn in (group["ARN"], *members)]

    assert everywhere() == [{"team": "search"}] * 3
    api.add_tags_to_resource(ResourceName=group["ARN"], Tags=[{"Key": "team", "Value": "mail"}, {"Key": "stage", "Value": ""}])
    assert everywhere() == [{"team": "mail", "stage": ""}] * 3
    api.increase_replica_count(ReplicationGroupId=one, NewReplicaCount=2, ApplyImmediately=True)
    groups.available(api, one)
    assert everywhere() == [{"team": "mail", "stage": ""}] * 4
    api.remove_tags_from_resource(ResourceName=group["ARN"], TagKeys=["team"])
    assert everywhere() == [{"stage": ""}] * 4
    groups.delete(api, one)


@pytest.fixture(scope="module")
def three(simulated):
    """A group that is on its own, one of two without automatic failover, and one of two with it and Multi-AZ."""
    api = simulated.client()
    names = {word: caches.fresh(word) for word in ("alone", "plain", "zones")}
    groups.ask(api, names["alone"], 1)
    groups.ask(api, names["plain"], 2)
    groups.ask(api, names["zones"], 2, AutomaticFailoverEnabled=True, MultiAZEnabled=True)
    for one in names.values():
        groups.available(api, one)
    yield names
    groups.delete(api, *names.values())


ABSENT = "absent"
# By operation and members of the request, where `{alone}` and the like are names: the exception, and what its message says.
REFUSED = [
    # What is not there.
    ("describe_replication_groups", {"ReplicationGroupId": ABSENT}, "ReplicationGroupNotFoundFault", ABSENT),
    ("modify_replication_group", {"ReplicationGroupId": ABSENT}, "ReplicationGroupNotFoundFault", ABSENT),
    ("delete_replication_group", {"ReplicationGroupId": ABSENT}, "ReplicationGroupNotFoundFault", ABSENT),
    (
        "increase_replica_count",
        {"ReplicationGroupId": ABSENT, "NewReplicaCount": 1, "ApplyImmediately": True},
        "ReplicationGroupNotFoundFault",
        ABSENT,
    ),
    (
        "decrease_replica_count",
        {"ReplicationGroupId": ABSENT, "NewReplicaCount": 1, "ApplyImmediately": True},
        "ReplicationGroupNotFoundFault",
        ABSENT,
    ),
    ("test_failover", {"ReplicationGroupId": ABSENT, "NodeGroupId": "0001"}, "ReplicationGroupNotFoundFault", ABSENT),
    ("create_cache_cluster", {"CacheClusterId": "new", "ReplicationGroupId": ABSENT}, "ReplicationGroupNotFoundFault", ABSENT),
    ("create_replication_group", {"PrimaryClusterId": ABSENT}, "CacheClusterNotFoundFault", ABSENT),
    ("modify_replication_group", {"ReplicationGroupId": "{plain}", "PrimaryClusterId": ABSENT}, "CacheClusterNotFoundFault", ""),
    (
        "modify_replication_group",
        {"ReplicationGroupId": "{plain}", "SnapshottingClusterId": ABSENT, "SnapshotRetentionLimit": 1},
        "CacheClusterNotFoundFault",
        "Specified snapshotting cluster does not exist",
    ),
    (
        "decrease_replica_count",
        {"ReplicationGroupId": "{plain}", "ReplicasToRemove": [ABSENT], "ApplyImmediately": True},
        "CacheClusterNotFoundFault",
        ABSENT,
    ),
    ("test_failover", {"ReplicationGroupId": "{zones}", "NodeGroupId": "0009"}, "NodeGroupNotFoundFault", "0009"),
    ("create_replication_group", {"CacheParameterGroupName": "mine"}, "CacheParameterGroupNotFoundFault", "mine"),
    (
        "modify_replication_group",
        {"ReplicationGroupId": "{plain}", "CacheParameterGroupName": "mine"},
        "CacheParameterGroupNotFoundFault",
        "mine",
    ),
    ("create_replication_group", {"CacheSubnetGroupName": "mine"}, "CacheSubnetGroupNotFoundFault", "mine"),
    # What is there already.
    ("create_replication_group", {"ReplicationGroupId": "{plain}"}, "ReplicationGroupAlreadyExistsFault", "already exists"),
    ("create_cache_cluster", {"CacheClusterId": "{plain}-002", "Engine": "redis", "CacheNodeType": caches.MICRO}, "CacheClusterAlreadyExistsFault", ""),
    (
        "create_cache_cluster",
        {"CacheClusterId": "{plain}-002", "ReplicationGroupId": "{alone}"},
        "CacheClusterAlreadyExistsFault",
        "already",
    ),
    (
        "increase_replica_count",
        {"ReplicationGroupId": "{plain}", "NewReplicaCount": 1, "ApplyImmediately": True},
        "NoOperationFault",
        "already matches",
    ),
    # What its state forbids.
    (
        "modify_replication_group",
        {"ReplicationGroupId": "{zones}", "PrimaryClusterId": "{zones}-002", "ApplyImmediately": True},
        "InvalidReplicationGroupStateFault",
        "autofailover",
    ),
    ("test_failover", {"ReplicationGroupId": "{plain}", "NodeGroupId": "0001"}, "InvalidReplicationGroupStateFault", ""),
    ("create_replication_group", {"PrimaryClusterId": "{plain}-002"}, "InvalidCacheClusterStateFault", "already a member"),
    ("delete_cache_cluster", {"CacheClusterId": "{plain}-001"}, "InvalidCacheClusterStateFault", "serving as primary"),
    ("delete_cache_cluster", {"CacheClusterId": "{alone}-001"}, "InvalidCacheClusterStateFault", "only member"),
    ("delete_cache_cluster", {"CacheClusterId": "{zones}-002"}, "InvalidCacheClusterStateFault", "only read replica"),
    # What cannot be.
    ("create_replication_group", {"ReplicationGroupId": "-bad"}, "InvalidParameterValueException", "valid identifier"),
    ("create_replication_group", {"CacheNodeType": "cache.none"}, "InvalidParameterValueException", ""),
    ("create_replication_group", {"Engine": "memcached"}, "InvalidParameterValueException", "does not support replication"),
    ("create_replication_group", {"NumCacheClusters": 7}, "InvalidParameterValueException", "within 0 and 5"),
    (
        "create_replication_group",
        {"NumCacheClusters": 1, "AutomaticFailoverEnabled": True},
        "InvalidParameterValueException",
        "2 or more cache clusters",
    ),
    (
        "create_replication_group",
        {"NumCacheClusters": 2, "PreferredCacheClusterAZs": ["us-east-1a"]},
        "InvalidParameterValueException",
        "preferred availability zones",
    ),
    ("create_replication_group", {"ReplicationGroupDescription": "x" * 256}, "InvalidParameterValueException", ""),
    (
        "create_replication_group",
        {"NumCacheClusters": 2, "NumNodeGroups": 2},
        "InvalidParameterCombinationException",
        "one node group",
    ),
    ("create_replication_group", {"EngineVersion": "1.0"}, "InvalidParameterCombinationException", "Cannot find version"),
    (
        "create_replication_group",
        {"CacheParameterGroupName": "default.valkey8"},
        "InvalidParameterCombinationException",
        "",
    ),
    (
        "modify_replication_group",
        {"ReplicationGroupId": "{alone}", "AutomaticFailoverEnabled": True},
        "InvalidParameterValueException",
        "at least one read replica",
    ),
    (
        "modify_replication_group",
        {"ReplicationGroupId": "{plain}", "SnapshotRetentionLimit": 1},
        "InvalidParameterCombinationException",
        "SnapshottingClusterId",
    ),
    (
        "increase_replica_count",
        {"ReplicationGroupId": "{plain}", "NewReplicaCount": 2, "ApplyImmediately": False},
        "InvalidParameterValueException",
        "ApplyImmediately",
    ),
    (
        "increase_replica_count",
        {"ReplicationGroupId": "{plain}", "NewReplicaCount": 6, "ApplyImmediately": True},
        "InvalidParameterValueException",
        "within 0 and 5",
    ),
    ("increase_replica_count", {"ReplicationGroupId": "{plain}", "ApplyImmediately": True}, "InvalidParameterCombinationException", ""),
    (
        "increase_replica_count",
        {
            "ReplicationGroupId": "{plain}",
            "ReplicaConfiguration": [{"NodeGroupId": "0010", "NewReplicaCount": 2}],
            "ApplyImmediately": True,
        },
        "InvalidParameterValueException",
        "[0010]",
    ),
    (
        "decrease_replica_count",
        {"ReplicationGroupId": "{zones}", "NewReplicaCount": 0, "ApplyImmediately": True},
        "InvalidParameterValueException",
        "at least 1 replica",
    ),
    (
        "decrease_replica_count",
        {"ReplicationGroupId": "{plain}", "ReplicasToRemove": ["{plain}-001"], "ApplyImmediately": True},
        "InvalidParameterValueException",
        "primary",
    ),
    (
        "create_cache_cluster",
        {"CacheClusterId": "new", "ReplicationGroupId": "{plain}", "CacheNodeType": "cache.m5.large"},
        "InvalidParameterCombinationException",
        "additional cache cluster parameters",
    ),
    (
        "delete_replication_group",
        {"ReplicationGroupId": "{plain}", "RetainPrimaryCluster": True, "FinalSnapshotIdentifier": "last"},
        "InvalidParameterCombinationException",
        "",
    ),
]


@pytest.mark.parametrize(
    ("operation", "members", "fault", "says"), REFUSED, ids=[f"{one[0]}-{one[2]}-{number}" for number, one in enumerate(REFUSED)]
)
def test_a_fault_is_an_exception_of_its_own(api, three, operation, members, fault, says):
    members = named(members, three)
    if operation == "create_replication_group":
        needed = {"ReplicationGroupId": caches.fresh("bad"), "ReplicationGroupDescription": "refused"}
        if "PrimaryClusterId" not in members:
            needed["CacheNodeType"] = caches.MICRO
        members = needed | members
    before = [groups.describe(api, one) for one in three.values()]
    with pytest.raises(getattr(api.exceptions, fault)) as caught:
        getattr(api, operation)(**members)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == (404 if "NotFound" in fault and "Subnet" not in fault else 400)
    assert says in answer["Error"]["Message"]
    # A request that is refused changes nothing.
    assert [groups.describe(api, one) for one in three.values()] == before


def named(members, names):
    if isinstance(members, dict):
        return {key: named(value, names) for key, value in members.items()}
    if isinstance(members, list):
        return [named(value, names) for value in members]
    return members.format(**names) if isinstance(members, str) else members


def test_quotas(api):
    """Six members, fifty tags, and fifteen tests of a failover a day."""
    one = caches.fresh("full")
    groups.make(api, one, 6)
    with pytest.raises(api.exceptions.NodeQuotaForClusterExceededFault):
        api.create_cache_cluster(CacheClusterId=caches.fresh("seventh"), ReplicationGroupId=one)
    groups.delete(api, one)
    tags = [{"Key": f"key{number}", "Value": "value"} for number in range(51)]
    with pytest.raises(api.exceptions.TagQuotaPerResourceExceeded):
        groups.ask(api, caches.fresh("tags"), 1, Tags=tags)


def test_a_day_has_fifteen_tests_of_a_failover(simulated):
    """Of an account in a region, over all its groups."""
    api = simulated.client("444455556666")
    names = [caches.fresh("day") for _ in range(TESTS_A_DAY + 1)]
    for one in names:
        groups.ask(api, one, 2, AutomaticFailoverEnabled=True)
    for one in names:
        groups.available(api, one)
    for one in names[:-1]:
        api.test_failover(ReplicationGroupId=one, NodeGroupId="0001")
    with pytest.raises(api.exceptions.APICallRateForCustomerExceededFault):
        api.test_failover(ReplicationGroupId=names[-1], NodeGroupId="0001")
    for one in names[:-1]:
        groups.taken_over(api, one, f"{one}-001")
    elsewhere = simulated.client("444455556666", "eu-west-1")
    groups.make(elsewhere, names[-1], 2, AutomaticFailoverEnabled=True)
    elsewhere.test_failover(ReplicationGroupId=names[-1], NodeGroupId="0001")
    groups.taken_over(elsewhere, names[-1], f"{names[-1]}-001")
    groups.delete(elsewhere, names[-1])
    groups.delete(api, *names)
