"""The session of the README, with the AWS CLI: what a person types, against a real server, with a real cache at the end."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import caches
import control_plane

AWS = pathlib.Path(sys.executable).with_name("aws")


@pytest.fixture
def aws(network, tmp_path):
    """Runs `aws elasticache ...` as a user's shell would, and reads what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ENDPOINT_URL": network.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": control_plane.REGION,
        # Nothing of this machine's user.
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    # What a failed test leaves is looked for where clients were.
    network.client()

    def aws(*arguments, fails_with=None):
        done = subprocess.run(
            [sys.executable, AWS, "elasticache", *arguments, "--output", "json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        if fails_with is not None:
            assert done.returncode != 0 and f"({fails_with})" in done.stderr, done
            return None
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return aws


def test_a_session(aws):
    one = caches.fresh("my-cache")
    named = ("--cache-cluster-id", one)
    created = aws(
        *("create-cache-cluster", *named),
        *("--engine", "redis", "--engine-version", "6.2", "--cache-node-type", "cache.t3.micro", "--num-cache-nodes", "1"),
        *("--tags", "Key=team,Value=search", "Key=empty,Value="),
    )["CacheCluster"]
    assert created["CacheClusterStatus"] == "creating"
    aws("wait", "cache-cluster-available", *named)

    described = aws("describe-cache-clusters", *named, "--show-cache-node-info")["CacheClusters"]
    assert [one["CacheClusterStatus"] for one in described] == ["available"]
    connection = caches.redis_of(described[0])
    assert connection.ping()
    connection.set("greeting", "hello")
    assert described[0]["CacheNodes"][0]["Endpoint"]["Port"] == 6379

    tags(aws, described[0]["ARN"])

    # What waits is told of; what is at once is done.
    windows = ("--preferred-maintenance-window", "tue:03:00-tue:04:00", "--snapshot-window", "06:00-07:00")
    changed = aws("modify-cache-cluster", *named, *windows, "--engine-version", "7.0")["CacheCluster"]
    assert changed["CacheClusterStatus"] == "available"
    assert changed["PreferredMaintenanceWindow"] == "tue:03:00-tue:04:00"
    assert changed["SnapshotWindow"] == "06:00-07:00"
    assert changed["PendingModifiedValues"] == {"EngineVersion": "7.0"}
    aws(
        *("modify-cache-cluster", *named, "--apply-immediately"),
        *("--engine-version", "7.0", "--cache-node-type", "cache.t3.small"),
    )
    aws("wait", "cache-cluster-available", *named)
    assert connection.info("server")["redis_version"].startswith("7.0")

    rebooted = aws("reboot-cache-cluster", *named, "--cache-node-ids-to-reboot", "0001")["CacheCluster"]
    assert rebooted["CacheClusterStatus"] == "rebooting cache cluster nodes"
    aws("wait", "cache-cluster-available", *named)
    assert connection.get("greeting") == "hello"

    told = aws("describe-events", "--source-type", "cache-cluster", "--source-identifier", one)["Events"]
    messages = [event["Message"] for event in reversed(told)]
    assert messages[0] == "Cache cluster created"
    assert messages[-4:] == [
        "Finished upgrading the engine from version 6.2 to version 7.0",
        "Succeeded applying modification to cache node type to cache.t3.small.",
        "Cache node 0001 shutdown",
        "Cache node 0001 restarted",
    ]

    again = ("create-cache-cluster", *named, "--engine", "redis", "--cache-node-type", "cache.t3.micro")
    aws(*again, fails_with="CacheClusterAlreadyExists")
    deleted = aws("delete-cache-cluster", *named)["CacheCluster"]
    assert deleted["CacheClusterStatus"] == "deleting"
    aws("wait", "cache-cluster-deleted", *named)
    aws("describe-cache-clusters", *named, fails_with="CacheClusterNotFound")
    assert not caches.accepts(caches.node_endpoint(described[0]))


def tags(aws, arn):
    resource = ("--resource-name", arn)

    def tags_of(answer):
        return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}

    assert tags_of(aws("list-tags-for-resource", *resource)) == {"team": "search", "empty": ""}
    added = aws("add-tags-to-resource", *resource, "--tags", "Key=team,Value=mail", "Key=stage,Value=test")
    assert tags_of(added) == {"team": "mail", "empty": "", "stage": "test"}
    left = aws("remove-tags-from-resource", *resource, "--tag-keys", "team", "empty")
    assert tags_of(left) == {"stage": "test"}


def test_engine_versions(aws):
    found = aws("describe-cache-engine-versions", "--engine", "redis")["CacheEngineVersions"]
    versions = {one["EngineVersion"]: one["CacheParameterGroupFamily"] for one in found}
    assert versions["6.2"] == "redis6.x"
    assert versions["7.0"] == versions["7.1"] == "redis7"
    [default] = aws("describe-cache-engine-versions", "--engine", "memcached", "--default-only")["CacheEngineVersions"]
    assert default["CacheParameterGroupFamily"] == "memcached1.6"


def test_what_is_not_written_says_so_at_once(aws):
    aws("describe-serverless-caches", fails_with="NotImplemented")
