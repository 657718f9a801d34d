"""Every paginator and every waiter of boto3, on a world with more of everything than a page holds."""

import boto3
import botocore.exceptions
import pytest

import caches
import control_plane
import groups
import patience

MANY = 23
# The least that the service accepts for a page.
PAGE = 20

PAGINATORS = sorted(
    name
    for name in dir(boto3.client("elasticache", region_name=control_plane.REGION))
    if name.startswith("describe_") and boto3.client("elasticache", region_name=control_plane.REGION).can_paginate(name)
)
# What must be said besides.
NEEDED = {
    "describe_cache_parameters": {"CacheParameterGroupName": "default.redis7"},
    "describe_engine_default_parameters": {"CacheParameterGroupFamily": "redis7"},
}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with control_plane.running(tmp_path_factory.mktemp("pages"), runtime="simulated") as plane:
        api = plane.client()
        fill(api)
        # What is still on its way changes from one page to the next.
        patience.until("all are there", lambda: statuses(api) == {"available"})
        yield api


def statuses(api):
    clusters = api.get_paginator("describe_cache_clusters").paginate()
    found = api.get_paginator("describe_replication_groups").paginate()
    return {one["CacheClusterStatus"] for page in clusters for one in page["CacheClusters"]} | {
        one["Status"] for page in found for one in page["ReplicationGroups"]
    }


def fill(api):
    for number in range(MANY):
        name = f"paged-{number:02}"
        caches.ask(api, name)
        groups.ask(api, f"group-{number:02}", members=1)
        api.create_cache_parameter_group(CacheParameterGroupName=name, CacheParameterGroupFamily="redis7", Description="paged")
        api.create_cache_subnet_group(CacheSubnetGroupName=name, CacheSubnetGroupDescription="paged", SubnetIds=["subnet-1"])
        api.create_user(UserId=name, UserName=name, Engine="redis", AccessString="on", NoPasswordRequired=True)
        api.create_user_group(UserGroupId=name, Engine="valkey")


@pytest.mark.parametrize("operation", PAGINATORS)
def test_pages_hold_all_in_order_and_once(api, operation):
    paginator = api.get_paginator(operation)
    [result_key] = [key.expression for key in paginator.result_keys]
    needed = NEEDED.get(operation, {})

    def entries(page):
        for part in result_key.split("."):
            page = page.get(part) or {}
        return list(page)

    try:
        pages = [entries(page) for page in paginator.paginate(**needed, PaginationConfig={"PageSize": PAGE})]
    except botocore.exceptions.ClientError as error:
        if "does not implement" in str(error):
            pytest.skip(f"{operation} is not served yet")
        raise
    whole = [one for page in paginator.paginate(**needed) for one in entries(page)]
    assert [one for page in pages for one in page] == whole
    texts = [repr(one) for one in whole]
    assert len(texts) == len(set(texts)) or operation == "describe_events"
    assert all(len(page) == PAGE for page in pages[:-1])
    # Paging goes on from a token, and a maximum of items ends it.
    some = paginator.paginate(**needed, PaginationConfig={"PageSize": PAGE, "MaxItems": 5}).build_full_result()
    taken = some
    for part in result_key.split("."):
        taken = taken[part] if taken else []
    assert list(taken) == whole[:5]


@pytest.mark.parametrize(
    "operation",
    [
        "describe_cache_clusters",
        "describe_cache_parameter_groups",
        "describe_cache_parameters",
        "describe_cache_subnet_groups",
        "describe_events",
        "describe_replication_groups",
        "describe_user_groups",
        "describe_users",
    ],
)
def test_there_is_more_than_a_page(api, operation):
    pages = list(api.get_paginator(operation).paginate(**NEEDED.get(operation, {}), PaginationConfig={"PageSize": PAGE}))
    assert len(pages) > 1


def test_every_waiter_waits_and_gives_up(api):
    one, group = caches.fresh("waited"), caches.fresh("waited")
    caches.make(api, one)
    groups.make(api, group, members=1)
    asked = {
        "cache_cluster_available": {"CacheClusterId": one},
        "cache_cluster_deleted": {"CacheClusterId": one},
        "replication_group_available": {"ReplicationGroupId": group},
        "replication_group_deleted": {"ReplicationGroupId": group},
    }
    assert set(asked) == set(api.waiter_names)
    # What is available is not on its way to be gone: these know at the first look.
    for name in ("cache_cluster_deleted", "replication_group_deleted"):
        with pytest.raises(botocore.exceptions.WaiterError, match="terminal failure"):
            api.get_waiter(name).wait(**asked[name])
    caches.delete(api, one)
    groups.delete(api, group)
    # And one that is gone does not come by waiting.
    with pytest.raises(botocore.exceptions.WaiterError, match="CacheClusterNotFound"):
        api.get_waiter("cache_cluster_available").wait(**asked["cache_cluster_available"])
    with pytest.raises(botocore.exceptions.WaiterError, match="ReplicationGroupNotFoundFault"):
        api.get_waiter("replication_group_available").wait(**asked["replication_group_available"])
