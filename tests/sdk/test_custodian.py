"""Cloud Custodian's ElastiCache resources: policies that find caches and their kin by what they are, and do something about them.

Tags it asks of another service, the Resource Groups Tagging API; tagging.py stands in for that.
"""

import json
import subprocess

import pytest

import caches
import groups
import patience
import tagging
import tools


@pytest.fixture
def api(network):
    return network.client()


@pytest.fixture
def run(network, api, tmp_path):
    """Runs one policy to its end, and tells which resources its filters have found, as Custodian wrote them down."""
    with tagging.serving(api) as tagging_url:

        def run(resource, filters, actions=()):
            policy = {"name": "tried", "resource": resource, "filters": filters, "actions": list(actions)}
            # JSON is YAML.
            (tmp_path / "policies.yml").write_text(json.dumps({"policies": [policy]}))
            done = subprocess.run(
                [tools.program("custodian"), "run", "--cache-period=0", "-s", tmp_path, tmp_path / "policies.yml"],
                env=tools.environment(network.endpoint_url)
                | {"AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API": tagging_url, "HOME": str(tmp_path)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            said = done.stdout + done.stderr
            assert done.returncode == 0 and "ERROR" not in said, said
            return json.loads((tmp_path / "tried" / "resources.json").read_text())

        yield run


def ids(found, key):
    return sorted(one[key] for one in found)


def is_one(key, value):
    return {"type": "value", "key": key, "value": value}


def tags(api, arn):
    return {tag["Key"]: tag["Value"] for tag in api.list_tags_for_resource(ResourceName=arn)["TagList"]}


def test_clusters_are_found_tagged_and_deleted(api, run):
    owned, stray = caches.fresh("owned"), caches.fresh("stray")
    prefix = {"type": "value", "key": "CacheClusterId", "op": "regex", "value": f"({owned}|{stray})$"}
    caches.ask(api, owned, "memcached", Tags=[{"Key": "owner", "Value": "somebody"}])
    caches.ask(api, stray)
    arns = {one: caches.available(api, one)["ARN"] for one in (owned, stray)}

    assert ids(run("cache-cluster", [prefix]), "CacheClusterId") == sorted([owned, stray])
    assert ids(run("cache-cluster", [prefix, is_one("Engine", "memcached")]), "CacheClusterId") == [owned]
    untagged = [prefix, {"tag:owner": "absent"}]
    marked = run("cache-cluster", untagged, [{"type": "mark-for-op", "op": "delete", "days": 0}, {"type": "tag", "key": "seen", "value": "yes"}])
    assert ids(marked, "CacheClusterId") == [stray]
    assert set(tags(api, arns[stray])) == {"maid_status", "seen"} and tags(api, arns[owned]) == {"owner": "somebody"}
    run("cache-cluster", [prefix, {"tag:seen": "yes"}], [{"type": "remove-tag", "tags": ["seen"]}])
    assert set(tags(api, arns[stray])) == {"maid_status"}

    due = [prefix, {"type": "marked-for-op", "op": "delete"}]
    assert ids(run("cache-cluster", due, [{"type": "delete", "skip-snapshot": True}]), "CacheClusterId") == [stray]
    caches.gone(api, stray)
    assert caches.status(api, owned) == "available"
    caches.delete(api, owned)


def test_groups_are_found_tagged_and_deleted(api, run):
    one = caches.fresh("custodian")
    group = groups.make(api, one, members=2, Engine="valkey")
    mine = is_one("ReplicationGroupId", one)
    assert run("elasticache-group", [mine, is_one("AutomaticFailover", "enabled")]) == []
    assert ids(run("elasticache-group", [mine, {"tag:owner": "absent"}], [{"type": "tag", "tag": "owner", "value": "me"}]), "ReplicationGroupId") == [one]
    assert tags(api, group["ARN"]) == {"owner": "me"}
    # Its members have its tags, and are found by the group that they are of.
    members = run("cache-cluster", [is_one("ReplicationGroupId", one), {"tag:owner": "me"}])
    assert ids(members, "CacheClusterId") == group["MemberClusters"]
    assert ids(run("elasticache-group", [mine], ["delete"]), "ReplicationGroupId") == [one]
    groups.gone(api, one)


def test_subnet_groups_are_found(api, run):
    name = caches.fresh("custodian")
    api.create_cache_subnet_group(CacheSubnetGroupName=name, CacheSubnetGroupDescription="for Custodian", SubnetIds=["subnet-12345678"])
    described = {"type": "value", "key": "CacheSubnetGroupDescription", "value": "for Custodian"}
    assert ids(run("cache-subnet-group", [described]), "CacheSubnetGroupName") == [name]
    assert "default" in ids(run("cache-subnet-group", []), "CacheSubnetGroupName")
    api.delete_cache_subnet_group(CacheSubnetGroupName=name)


def test_users_without_password_get_one(api, run):
    user = caches.fresh("custodian")
    api.create_user(UserId=user, UserName="open", Engine="redis", AccessString="on ~* +@read", NoPasswordRequired=True)
    # An account has a user without password from the start; it is not this policy's.
    mine = is_one("UserId", user)
    open_to_all = [mine, is_one("Authentication.Type", "no-password")]
    mode = {"AuthenticationMode": {"Type": "password", "Passwords": ["a-password-of-a-policy"]}}
    assert ids(run("elasticache-user", open_to_all, [{"type": "modify", "attributes": mode}]), "UserId") == [user]
    [found] = api.describe_users(UserId=user)["Users"]
    assert found["Authentication"] == {"Type": "password", "PasswordCount": 1}
    assert run("elasticache-user", open_to_all) == []
    run("elasticache-user", [mine, is_one("Authentication.Type", "password")], ["delete"])
    assert run("elasticache-user", [mine]) == []


def test_snapshots_are_taken_found_tagged_and_deleted(api, run):
    one = caches.fresh("custodian")
    caches.make(api, one, Tags=[{"Key": "owner", "Value": "me"}, {"Key": "secret", "Value": "no"}])
    run("cache-cluster", [is_one("CacheClusterId", one)], ["snapshot"])
    mine = is_one("CacheClusterId", one)
    patience.until("the snapshot is there", lambda: run("cache-snapshot", [mine, is_one("SnapshotStatus", "available")]), pause_s=1)
    young = [mine, {"type": "age", "days": 1, "op": "lt"}]
    [found] = run("cache-snapshot", young, [{"type": "copy-cluster-tags", "tags": ["owner"]}])
    assert tags(api, found["ARN"])["owner"] == "me"
    assert run("cache-snapshot", [mine, {"type": "age", "days": 1, "op": "ge"}]) == []
    run("cache-snapshot", [mine], ["delete"])
    patience.until("the snapshot is gone", lambda: not api.describe_snapshots(CacheClusterId=one)["Snapshots"])
    caches.delete(api, one)
