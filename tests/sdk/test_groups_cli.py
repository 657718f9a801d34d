"""The examples of the AWS CLI, run as they stand.

They are read from the installed package, so that none is copied and none is missed: an example that comes with another version of
the package must find its place here, among those that run or among those that cannot yet.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import awscli
import pytest

import caches
import groups

AWS = pathlib.Path(sys.executable).with_name("aws")
EXAMPLES = pathlib.Path(awscli.__file__).parent / "examples" / "elasticache"
# The account of an ARN in the examples.
ACCOUNT = "123456789012"

RUN = {
    "create-cache-cluster",
    "create-replication-group",
    "decrease-replica-count",
    "delete-cache-cluster",
    "delete-replication-group",
    "describe-cache-clusters",
    "describe-cache-engine-versions",
    "describe-events",
    "describe-replication-groups",
    "increase-replica-count",
    "list-tags-for-resource",
    "modify-cache-cluster",
    "modify-replication-group",
    "reboot-cache-cluster",
    "test-failover",
}
# Why the others do not run.
NO_EXAMPLE = "not a call: a map for a list of tags, an account of ten digits; aws-cli refuses it itself"
SHARDS = "cluster mode enabled"
ACCESS = "parameter, subnet and security groups, users: configuration and access"
DAY_TWO = "snapshots, service updates, node types one may change to: backup, monitoring, patching"
ELSEWHERE = "global datastores, migration, reserved nodes"
LEFT_OUT = {
    NO_EXAMPLE: {"add-tags-to-resource"},
    SHARDS: {"modify-replication-group-shard-configuration"},
    ACCESS: {
        "authorize-cache-security-group-ingress",
        "create-cache-parameter-group",
        "create-cache-subnet-group",
        "create-user",
        "create-user-group",
        "delete-cache-parameter-group",
        "delete-cache-subnet-group",
        "delete-user",
        "delete-user-group",
        "describe-cache-parameter-groups",
        "describe-cache-parameters",
        "describe-cache-subnet-groups",
        "describe-engine-default-parameters",
        "describe-user-groups",
        "describe-users",
        "modify-cache-parameter-group",
        "modify-cache-subnet-group",
        "modify-user",
        "modify-user-group",
        "reset-cache-parameter-group",
    },
    DAY_TWO: {
        "batch-apply-update-action",
        "batch-stop-update-action",
        "copy-snapshot",
        "create-snapshot",
        "delete-snapshot",
        "describe-service-updates",
        "describe-snapshots",
        "describe-update-actions",
        "list-allowed-node-type-modifications",
    },
    ELSEWHERE: {
        "create-global-replication-group",
        "decrease-node-groups-in-global-replication-group",
        "delete-global-replication-group",
        "describe-global-replication-groups",
        "describe-reserved-cache-nodes",
        "describe-reserved-cache-nodes-offerings",
        "disassociate-global-replication-group",
        "increase-node-groups-in-global-replication-group",
        "modify-global-replication-group",
        "purchase-reserved-cache-nodes-offering",
        "start-migration",
    },
}


def test_every_example_has_its_place():
    left_out = [name for names in LEFT_OUT.values() for name in names]
    assert sorted([*RUN, *left_out]) == sorted(path.stem for path in EXAMPLES.glob("*.rst"))


def words(name):
    """The words of the one command line in an example."""
    text = (EXAMPLES / f"{name}.rst").read_text()
    # The lines go on with a backslash; those of test-failover with a slash, which is a slip of the pen.
    joined = re.sub(r"\s*[\\/]\s*\n\s*", " ", text)
    [line] = re.findall(r"^ +(aws elasticache .*)$", joined, re.MULTILINE)
    return shlex.split(line)[1:]


@pytest.fixture
def example(network, tmp_path):
    """Runs an example as a user's shell would, and reads what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ENDPOINT_URL": network.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(name):
        done = subprocess.run(
            [sys.executable, AWS, *words(name), "--output", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, (words(name), done.stderr)
        return json.loads(done.stdout)

    return run


def test_the_examples_as_they_stand(network, example):
    api = network.client(ACCOUNT)
    # What is there from the first, and what they presuppose.
    cluster = example("create-cache-cluster")["CacheCluster"]
    assert (cluster["CacheClusterId"], cluster["CacheClusterStatus"]) == ("cluster-test", "creating")
    group = example("create-replication-group")["ReplicationGroup"]
    assert (group["ReplicationGroupId"], group["Status"]) == ("mygroup", "creating")
    assert (group["MemberClusters"], group["CacheNodeType"]) == (["mygroup-001"], "cache.m5.large")
    caches.ask(api, "my-cluster", Tags=[{"Key": "team", "Value": "search"}])
    groups.ask(api, "my-cluster")
    zones = {"AutomaticFailoverEnabled": True, "MultiAZEnabled": True}
    groups.ask(api, "test-cluster", 2, **zones)
    groups.ask(api, "mycluster", 2, AutomaticFailoverEnabled=True)
    for one in ("my-cluster", "test-cluster", "mycluster", "mygroup"):
        groups.available(api, one)
    for one in ("my-cluster", "cluster-test"):
        caches.available(api, one)

    with ThreadPoolExecutor() as pool:
        for chapter in [pool.submit(one, api, example) for one in (replicas, availability, failover, clusters)]:
            chapter.result()

    described = example("describe-replication-groups")["ReplicationGroups"]
    assert [one["ReplicationGroupId"] for one in described] == ["my-cluster", "mycluster", "mygroup", "test-cluster"]
    described = example("describe-cache-clusters")["CacheClusters"]
    members = [member for one in groups_of(api) for member in one["MemberClusters"]]
    assert sorted(one["CacheClusterId"] for one in described) == sorted(["cluster-test", "my-cluster", *members])

    deleted = example("delete-replication-group")["ReplicationGroup"]
    assert (deleted["Status"], "NodeGroups" in deleted, "MemberClusters" in deleted) == ("deleting", False, False)
    caches.delete(api, "my-cluster", "cluster-test")
    groups.delete(api, "my-cluster", "test-cluster", "mycluster")
    groups.gone(api, "mygroup")


def groups_of(api):
    return api.describe_replication_groups()["ReplicationGroups"]


def replicas(api, example):
    """More replicas, a reboot of the primary, fewer replicas, one fewer by its name."""
    one = "my-cluster"
    more = example("increase-replica-count")["ReplicationGroup"]
    assert more["Status"] == more["NodeGroups"][0]["Status"] == "modifying"
    assert more["MemberClusters"] == [f"{one}-00{number}" for number in (1, 2, 3, 4)]
    assert len(more["NodeGroups"][0]["NodeGroupMembers"]) == 3
    groups.available(api, one)
    rebooted = example("reboot-cache-cluster")["CacheCluster"]
    assert rebooted["CacheClusterStatus"] == "rebooting cache cluster nodes"
    caches.available(api, f"{one}-001")
    groups.available(api, one)
    fewer = example("decrease-replica-count")["ReplicationGroup"]
    assert fewer["Status"] == "modifying"
    assert len(fewer["MemberClusters"]) == 4
    left = groups.available(api, one)
    assert len(groups.replicas(left)) == 2 and groups.primary(left) == f"{one}-001"
    # The server chose who went; the next example names the second.
    if f"{one}-002" not in left["MemberClusters"]:
        api.create_cache_cluster(CacheClusterId=f"{one}-002", ReplicationGroupId=one)
        left = groups.available(api, one)
    deleted = example("delete-cache-cluster")["CacheCluster"]
    assert (deleted["CacheClusterStatus"], deleted["ReplicationGroupId"]) == ("deleting", one)
    caches.gone(api, f"{one}-002")
    after = groups.available(api, one)
    assert after["MemberClusters"] == [member for member in left["MemberClusters"] if member != f"{one}-002"]
    groups.replicated(api, one)


def availability(api, example):
    group = example("modify-replication-group")["ReplicationGroup"]
    assert (group["ReplicationGroupId"], group["MultiAZ"]) == ("test-cluster", "disabled")
    assert groups.available(api, "test-cluster")["AutomaticFailover"] == "enabled"
    told = example("describe-events")["Events"]
    assert {(one["SourceType"], one["SourceIdentifier"]) for one in told} == {("replication-group", "test-cluster")}
    assert "Automatic failover has been turned on for replication group test-cluster" in [one["Message"] for one in told]


def failover(api, example):
    group = example("test-failover")["ReplicationGroup"]
    assert (group["Status"], group["NodeGroups"][0]["Status"]) == ("available", "available")
    after = groups.failed_over(api, "mycluster", "mycluster-001")
    assert groups.primary(after) == "mycluster-002"


def clusters(api, example):
    """What the examples do with cache clusters outside groups."""
    listed = example("list-tags-for-resource")["TagList"]
    assert listed == [{"Key": "team", "Value": "search"}]
    same = example("modify-cache-cluster")["CacheCluster"]
    assert (same["CacheClusterId"], same["NumCacheNodes"]) == ("my-cluster", 1)
    versions = example("describe-cache-engine-versions")["CacheEngineVersions"]
    assert {one["Engine"] for one in versions} == {"redis"}
