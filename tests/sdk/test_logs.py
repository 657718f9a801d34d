"""Where the logs of real nodes go: moto's CloudWatch Logs, and files."""

import json
import pathlib
import time

import boto3
import pytest
import redis

import caches
import control_plane
import groups
import patience


@pytest.fixture(scope="module")
def logs(aws):
    return boto3.client("logs", endpoint_url=aws, region_name=control_plane.REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="module")
def delivering(docker_answers, tmp_path_factory, aws):
    with control_plane.running(tmp_path_factory.mktemp("logs"), "network", options=["--logs-endpoint", aws]) as plane:
        yield plane


def to_group(log_type, group, log_format="json"):
    return {
        "LogType": log_type,
        "DestinationType": "cloudwatch-logs",
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": group}},
        "LogFormat": log_format,
    }


def lines(logs, group, stream):
    try:
        found = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in found["events"]]


def statuses(told):
    return [one["Status"] for one in told["LogDeliveryConfigurations"]]


def test_slow_commands_and_what_engines_write_arrive_at_cloudwatch_logs(delivering, logs):
    api = delivering.client()
    group, replication_group = caches.fresh("/caches/group"), caches.fresh("logged")
    logs.create_log_group(logGroupName=group)
    made = api.create_replication_group(
        ReplicationGroupId=replication_group,
        ReplicationGroupDescription="d",
        Engine="valkey",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=2,
        LogDeliveryConfigurations=[to_group("slow-log", group), to_group("engine-log", group)],
    )["ReplicationGroup"]
    assert {status for status in statuses(made)} <= {"enabling", "active"}
    groups.available(api, replication_group)

    def told():
        return api.describe_replication_groups(ReplicationGroupId=replication_group)["ReplicationGroups"][0]

    patience.until("both are active", lambda: statuses(told()) == ["active", "active"])
    assert told()["PendingModifiedValues"].get("LogDeliveryConfigurations", []) == []
    [member] = api.describe_cache_clusters(CacheClusterId=f"{replication_group}-001")["CacheClusters"]
    assert member["ReplicationGroupLogDeliveryEnabled"] is True

    def stream(number, log):
        return f"elasticache/valkey/{replication_group}-{number:03}/0001/{log}"

    endpoint = told()["NodeGroups"][0]["PrimaryEndpoint"]
    client = redis.Redis(endpoint["Address"], endpoint["Port"], client_name="slow-one")
    client.eval("local x = 0; for i = 1, 5000000 do x = x + i end; return x", 1, "secret-key")

    def slow():
        entries = [json.loads(line) for line in lines(logs, group, stream(1, "slow-log"))]
        return [entry for entry in entries if entry["ClientName"] == "slow-one"]

    patience.until("the slow command is told", slow)
    [entry] = slow()
    assert set(entry) == {
        "CacheClusterId", "CacheNodeId", "Id", "Timestamp", "Duration (us)", "Command", "ClientAddress", "ClientName",
    }
    assert entry["CacheClusterId"] == f"{replication_group}-001" and entry["CacheNodeId"] == "0001"
    assert entry["Command"] == "EVAL ... (3 more arguments)"
    assert entry["Duration (us)"] > 10_000 and abs(entry["Timestamp"] - time.time()) < 120

    def engine(number):
        return [json.loads(line) for line in lines(logs, group, stream(number, "engine-log"))]

    for number in (1, 2):
        patience.until("the engine is heard", lambda number=number: any("Ready to accept" in one["Message"] for one in engine(number)))
        for one in engine(number):
            assert set(one) == {"CacheClusterId", "CacheNodeId", "LogLevel", "Role", "Time", "Message"}
            assert one["LogLevel"] in ("DEBUG", "VERBOSE", "NOTICE", "WARNING") and one["Role"] in "MSCX"
            assert one["Time"].endswith(" UTC")

    # Killed and started again, it neither forgets what it did not deliver nor tells again what it did.
    delivering.kill()
    client.eval("local x = 0; for i = 1, 5000000 do x = x + i end; return x", 0)
    delivering.start()
    patience.until("what happened meanwhile is told", lambda: len(slow()) == 2)
    api = delivering.client()
    assert [entry["Command"] for entry in slow()] == ["EVAL ... (3 more arguments)", "EVAL ... (2 more arguments)"]
    everything = lines(logs, group, stream(1, "engine-log"))
    assert len(everything) == len(set(everything))

    # To a group that is not there, in another form, and to nowhere.
    other = group + "-other"
    changed = api.modify_replication_group(
        ReplicationGroupId=replication_group,
        ApplyImmediately=True,
        LogDeliveryConfigurations=[to_group("slow-log", other, "text"), {"LogType": "engine-log", "Enabled": False}],
    )["ReplicationGroup"]
    assert changed["Status"] == "modifying"
    patience.until("the error is told", lambda: statuses(told()) == ["error"])
    [configuration] = told()["LogDeliveryConfigurations"]
    assert "ResourceNotFoundException" in configuration["Message"] and told()["Status"] == "available"
    logs.create_log_group(logGroupName=other)
    patience.until("it is mended", lambda: statuses(told()) == ["active"])
    client.eval("local x = 0; for i = 1, 5000000 do x = x + i end; return x", 0)

    def text():
        return [line for line in lines(logs, other, stream(1, "slow-log")) if line.endswith(",slow-one")]

    patience.until("it is told as text", text)
    assert text()[0].startswith(f"{replication_group}-001,0001,")
    api.modify_replication_group(
        ReplicationGroupId=replication_group, ApplyImmediately=True, LogDeliveryConfigurations=[{"LogType": "slow-log", "Enabled": False}]
    )
    patience.until("none is left", lambda: told()["LogDeliveryConfigurations"] == [] and told()["Status"] == "available")
    api.delete_replication_group(ReplicationGroupId=replication_group)
    groups.gone(api, replication_group)


def test_without_an_endpoint_logs_are_files(start_plane):
    plane = start_plane("network")
    api = plane.client()
    one = caches.fresh("filed")
    caches.make(api, one, LogDeliveryConfigurations=[to_group("slow-log", "mine", "text"), to_group("engine-log", "mine", "text")])
    [told] = api.describe_cache_clusters(CacheClusterId=one, ShowCacheNodeInfo=True)["CacheClusters"]
    endpoint = told["CacheNodes"][0]["Endpoint"]
    client = redis.Redis(endpoint["Address"], endpoint["Port"], client_name="slow-one")
    client.eval("local x = 0; for i = 1, 5000000 do x = x + i end; return x", 0)
    below = pathlib.Path(plane.data_dir) / "logs" / "000000000000" / control_plane.REGION / "mine" / "elasticache" / "redis" / one / "0001"

    def read(log):
        file = below / f"{log}.log"
        return file.read_text().splitlines() if file.exists() else []

    patience.until("the slow command is there", lambda: any(line.endswith(",slow-one") for line in read("slow-log")))
    patience.until("the engine is heard", lambda: any(line.startswith(f"{one}/0001:M ") and "* Ready to accept" in line for line in read("engine-log")))
    caches.delete(api, one)
