"""Metrics of real engines, read as customers read them: boto3 (CBOR), the command line, and the older protocols."""

import datetime
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import boto3
import pytest
import redis
from botocore.exceptions import ClientError

import caches
import control_plane
import groups
import patience

NAMESPACE = "AWS/ElastiCache"


@pytest.fixture(scope="module")
def measured(docker_answers, tmp_path_factory):
    """A control plane that reads every second."""
    directory = tmp_path_factory.mktemp("measured")
    with control_plane.running(directory, "network", options=["--metrics-interval", "1s"]) as plane:
        yield plane


@pytest.fixture(scope="module")
def cache(measured):
    """A cache that nobody but the tests talks to."""
    api = measured.client()
    one = caches.fresh("measured")
    caches.ask(api, one)
    return caches.available(api, one)


def cloudwatch(plane, account="test"):
    return boto3.client(
        "cloudwatch",
        endpoint_url=plane.endpoint_url,
        region_name=control_plane.REGION,
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )


def of_node(cache, node="0001"):
    return [
        {"Name": "CacheClusterId", "Value": cache["CacheClusterId"]},
        {"Name": "CacheNodeId", "Value": node},
    ]


def lately(minutes=5):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"StartTime": now - datetime.timedelta(minutes=minutes), "EndTime": now + datetime.timedelta(minutes=1)}


def statistic(metrics, dimensions, name, statistic, period=60):
    answer = metrics.get_metric_statistics(
        Namespace=NAMESPACE, MetricName=name, Dimensions=dimensions, Period=period, Statistics=[statistic], **lately()
    )
    assert answer["Label"] == name
    return [point[statistic] for point in sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])]


def counting(metrics, dimensions, name):
    """Waits until such a count is told of: what came before the first reading is no part of it."""
    patience.until("it was read twice", lambda: statistic(metrics, dimensions, name, "Sum"))


def test_connections_and_commands_are_counted(measured):
    """Of a cache of its own: every command counts."""
    metrics, api = cloudwatch(measured), measured.client()
    cache = caches.make(api, caches.fresh("counted"))
    connection = caches.redis_of(cache)
    counting(metrics, of_node(cache), "GetTypeCmds")
    held = [redis.Redis(host=connection.connection_pool.connection_kwargs["host"], port=6379) for _ in range(20)]
    for one in held:
        one.ping()

    def risen():
        # The first readings may have seen more of the control plane's own than there are later.
        least, most = (statistic(metrics, of_node(cache), "CurrConnections", which) for which in ("Minimum", "Maximum"))
        return max(most) >= min(least) + 20

    patience.until("20 more connections are seen", risen)
    for number in range(100):
        connection.set(f"key:{number}", "x")
    for number in range(300):
        connection.get(f"key:{number % 150}")

    def counted():
        sums = {name: sum(statistic(metrics, of_node(cache), name, "Sum")) for name in ("SetTypeCmds", "GetTypeCmds", "CacheHits", "CacheMisses")}
        return sums if sums["SetTypeCmds"] >= 100 and sums["GetTypeCmds"] >= 300 else None

    sums = patience.until("the commands are counted", counted)
    assert sums == {"SetTypeCmds": 100, "GetTypeCmds": 300, "CacheHits": 200, "CacheMisses": 100}
    assert statistic(metrics, of_node(cache), "CurrItems", "Maximum")[-1] == 100
    # The cluster's own series is that of all its nodes.
    assert max(statistic(metrics, of_node(cache)[:1], "CurrItems", "Maximum")) == 100
    # The engine is the judge of its own memory.
    share = connection.info("memory")["used_memory"] / connection.info("memory")["maxmemory"] * 100
    assert statistic(metrics, of_node(cache), "DatabaseMemoryUsagePercentage", "Maximum")[-1] == pytest.approx(share, rel=0.2)
    for name in ("CPUUtilization", "EngineCPUUtilization"):
        shares = patience.until(name, lambda: statistic(metrics, of_node(cache), name, "Average"))
        assert all(0 <= one <= 100 for one in shares), shares
    memory = patience.until("memory", lambda: statistic(metrics, of_node(cache), "FreeableMemory", "Minimum"))
    assert 0 < memory[-1] < 1 << 30, memory
    # What containers use is read seldom, and the first time may have been before the commands.
    patience.until("traffic", lambda: sum(statistic(metrics, of_node(cache), "NetworkBytesIn", "Sum")) > 1000)
    caches.delete(api, cache["CacheClusterId"])


def test_every_second_is_kept_apart(measured, cache):
    metrics = cloudwatch(measured)
    query = {
        "Id": "connections",
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": "CurrConnections", "Dimensions": of_node(cache)},
            "Period": 1,
            "Stat": "Average",
        },
    }

    # Both times of the same minutes: else the first points are too old by the second time.
    minutes = lately()

    def seconds():
        answer = metrics.get_metric_data(MetricDataQueries=[query], ScanBy="TimestampAscending", **minutes)
        found = answer["MetricDataResults"][0]
        assert (found["Id"], found["Label"], found["StatusCode"]) == ("connections", "CurrConnections", "Complete")
        return found["Timestamps"] if len(found["Timestamps"]) > 10 else None

    times = patience.until("ten seconds", seconds)
    assert times == sorted(times)
    pages = metrics.get_paginator("get_metric_data").paginate(MetricDataQueries=[query], MaxDatapoints=3, ScanBy="TimestampAscending", **minutes)
    paged = [time for page in pages for result in page["MetricDataResults"] for time in result["Timestamps"]]
    assert paged[: len(times)] == times
    assert len(paged) == len(set(paged))


def test_expressions(measured):
    """The hit rate as the ElastiCache guide's dashboards have it, from metrics that are not returned. In an account that has nothing else."""
    account = "333344445555"
    metrics, api = cloudwatch(measured, account), measured.client(account)
    cache = caches.make(api, caches.fresh("expressed"))

    def metric(identifier, name, stat="Sum"):
        metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": of_node(cache)}
        return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}, "ReturnData": False}

    queries = [
        metric("hits", "CacheHits"),
        metric("misses", "CacheMisses"),
        {"Id": "rate", "Expression": "100 * hits / (hits + misses)", "Label": "hit rate"},
        {"Id": "both", "Expression": "SUM(METRICS())"},
        {"Id": "found", "Expression": "SEARCH('{AWS/ElastiCache,CacheClusterId,CacheNodeId} MetricName=\"CurrItems\"', 'Maximum', 300)"},
    ]
    counting(metrics, of_node(cache), "CacheMisses")
    caches.redis_of(cache).get("nothing of that name")

    def evaluated():
        answer = metrics.get_metric_data(MetricDataQueries=queries, **lately(30))
        results = {}
        for one in answer["MetricDataResults"]:
            results.setdefault(one["Id"], []).append(one)
        return results if sum(results["both"][0]["Values"]) > 0 else None

    results = patience.until("there are lookups", evaluated)
    assert results["rate"][0]["Label"] == "hit rate"
    assert all(0 <= value <= 100 for value in results["rate"][0]["Values"])
    assert [f"{cache['CacheClusterId']} 0001 CurrItems"] == [one["Label"] for one in results["found"]]
    for expression, words in [("hits +", "ends too early"), ("METRICS", "no id"), ("SUM(hits)", "time series"), ("loop + 1", "need itself")]:
        with pytest.raises(ClientError, match=words) as refused:
            metrics.get_metric_data(MetricDataQueries=[*queries[:2], {"Id": "loop", "Expression": expression}], **lately())
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    caches.delete(api, cache["CacheClusterId"])


def test_metrics_are_listed(measured, cache):
    metrics = cloudwatch(measured)

    def listed():
        pages = metrics.get_paginator("list_metrics").paginate(Namespace=NAMESPACE, Dimensions=of_node(cache))
        found = [one for page in pages for one in page["Metrics"]]
        names = {one["MetricName"] for one in found}
        return names if {"CPUUtilization", "CurrConnections", "GetTypeCmds"} <= names else None

    names = patience.until("all are listed", listed)
    assert {"IsMaster", "ReplicationBytes", "BytesUsedForCache", "EngineCPUUtilization", "NewConnections"} <= names
    assert "UnusedMemory" not in names and "ReplicationLag" not in names
    assert metrics.list_metrics(Namespace="AWS/EC2")["Metrics"] == []
    assert len(metrics.list_metrics(Namespace=NAMESPACE, MetricName="CurrItems")["Metrics"]) >= 2


def test_the_command_line_reads_them(measured, cache):
    patience.until("there are points", lambda: statistic(cloudwatch(measured), of_node(cache), "CurrItems", "Maximum"))

    def aws(*arguments):
        aws = os.path.join(os.path.dirname(sys.executable), "aws")
        environment = {
            **control_plane.environment(),
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": control_plane.REGION,
        }
        done = subprocess.run(
            [aws, "cloudwatch", "--endpoint-url", measured.endpoint_url, "--output", "json", *arguments],
            env=environment, capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    times = [f"--{name}={time.strftime('%Y-%m-%dT%H:%M:%SZ')}" for name, time in zip(("start-time", "end-time"), lately().values())]
    dimensions = [f"Name={one['Name']},Value={one['Value']}" for one in of_node(cache)]
    answer = aws(
        "get-metric-statistics", "--namespace", NAMESPACE, "--metric-name", "CurrConnections", "--dimensions", *dimensions,
        "--statistics", "Average", "SampleCount", "--period", "60", *times,
    )
    assert answer["Label"] == "CurrConnections"
    assert {*answer["Datapoints"][0]} == {"Timestamp", "SampleCount", "Average", "Unit"}
    assert aws("list-metrics", "--namespace", NAMESPACE, "--metric-name", "CurrItems")["Metrics"]


def test_percentiles(measured, cache):
    metrics = cloudwatch(measured)
    answer = patience.until(
        "percentiles",
        lambda: metrics.get_metric_statistics(
            Namespace=NAMESPACE, MetricName="CurrConnections", Dimensions=of_node(cache), Period=300,
            ExtendedStatistics=["p0", "p50", "p99.9"], **lately(),
        )["Datapoints"],
    )
    for point in answer:
        found = point["ExtendedStatistics"]
        assert found["p0"] <= found["p50"] <= found["p99.9"]


def test_memcached_counts_its_own(measured):
    """Two nodes: each has its own series, and the cluster's is of both."""
    metrics, api = cloudwatch(measured), measured.client()
    one = caches.fresh("items")
    cluster = caches.make(api, one, engine="memcached", NumCacheNodes=2)
    clients = [caches.memcached_at(endpoint) for endpoint in caches.node_endpoints(cluster)]
    for node in ("0001", "0002"):
        counting(metrics, of_node(cluster, node), "CmdGet")
    for number in range(30):
        clients[0].set(f"key:{number}", "x")
        clients[0].get(f"key:{number}" if number % 2 else f"missing:{number}")
    for number in range(7):
        clients[1].set(f"key:{number}", "x")
    clients[1].delete("key:0")

    def counted(node, name):
        return sum(statistic(metrics, of_node(cluster, node), name, "Sum"))

    expected = {
        "0001": {"CmdSet": 30, "CmdGet": 30, "GetHits": 15, "GetMisses": 15, "NewItems": 30, "DeleteHits": 0},
        "0002": {"CmdSet": 7, "CmdGet": 0, "GetHits": 0, "GetMisses": 0, "NewItems": 7, "DeleteHits": 1},
    }
    for node, wanted in expected.items():
        patience.until("all is counted", lambda: all(counted(node, name) >= least for name, least in wanted.items()))
        assert {name: counted(node, name) for name in wanted} == wanted
    for node, items in (("0001", 30), ("0002", 6)):
        latest = patience.until("items", lambda: statistic(metrics, of_node(cluster, node), "CurrItems", "Minimum", 1)[-1:] == [items])
        assert latest
    assert sum(statistic(metrics, of_node(cluster)[:1], "CmdSet", "Sum")) == 37
    memory = statistic(metrics, of_node(cluster), "UnusedMemory", "Minimum")
    assert memory and min(memory) > 0
    listed = metrics.list_metrics(Namespace=NAMESPACE, Dimensions=of_node(cluster, "0002"))["Metrics"]
    names = {one["MetricName"] for one in listed}
    assert {"CmdGet", "CurrItems", "UnusedMemory", "BytesUsedForCacheItems"} <= names
    assert not names & {"GetTypeCmds", "IsMaster", "EngineCPUUtilization"}
    for client in clients:
        client.close()
    caches.delete(api, one)


def test_a_replica_lags_and_a_group_has_its_own_series(measured):
    metrics, api = cloudwatch(measured), measured.client()
    one = caches.fresh("lagging")
    group = groups.make(api, one, members=2, Engine="valkey", EngineVersion="8.1", AutomaticFailoverEnabled=True)
    primary, [replica] = groups.primary(group), groups.replicas(group)

    def of_member(member):
        return of_node({"CacheClusterId": member})

    counting(metrics, of_member(primary), "ReplicationBytes")
    groups.writer(group).set("key", "x" * 100_000)
    lags = patience.until("the replica's lag is known", lambda: statistic(metrics, of_member(replica), "ReplicationLag", "Maximum"))
    # In seconds: one that follows is not far behind.
    assert all(0 <= lag < 30 for lag in lags), lags
    assert statistic(metrics, of_member(primary), "ReplicationLag", "Maximum") == []
    for member, is_master in ((primary, 1), (replica, 0)):
        patience.until("its role", lambda: statistic(metrics, of_member(member), "IsMaster", "Maximum", 1)[-1:] == [is_master])
    patience.until("bytes were sent", lambda: sum(statistic(metrics, of_member(primary), "ReplicationBytes", "Sum")) >= 100_000)
    name = "DatabaseMemoryUsageCountedForEvictPercentage"
    whole = [{"Name": "ReplicationGroupId", "Value": one}]
    for role in ([], [{"Name": "Role", "Value": "Primary"}], [{"Name": "Role", "Value": "Replica"}]):
        shares = patience.until("a group's share", lambda: statistic(metrics, whole + role, name, "Average"))
        assert all(0 < share < 100 for share in shares), shares
    # One sample of each member in each reading.
    second = statistic(metrics, whole, name, "SampleCount", 1)
    assert max(second) == 2, second
    assert max(statistic(metrics, [*whole, {"Name": "Role", "Value": "Primary"}], name, "SampleCount", 1)) == 1
    listed = {one["MetricName"] for one in metrics.list_metrics(Namespace=NAMESPACE, Dimensions=whole)["Metrics"]}
    assert name in listed and "ReplicationLag" not in listed, listed
    groups.delete(api, one)


REFUSED = [
    ("get_metric_statistics", {"Period": 7}, "InvalidParameterValue", "multiple of 60"),
    ("get_metric_statistics", {"Statistics": ["Median"]}, "InvalidParameterValue", "Median"),
    ("get_metric_statistics", {"ExtendedStatistics": ["p50"]}, "InvalidParameterCombination", "not both"),
    ("get_metric_statistics", {"Period": 60, "minutes": 60 * 24 * 2}, "InvalidParameterCombination", "exceeds the limit of 1440"),
]


@pytest.mark.parametrize("operation, change, code, words", REFUSED)
def test_what_cloudwatch_refuses(measured, operation, change, code, words):
    asked = {
        "Namespace": NAMESPACE, "MetricName": "CurrItems", "Period": 60, "Statistics": ["Sum"],
        **lately(change.pop("minutes", 5)), **change,
    }
    with pytest.raises(ClientError) as refused:
        getattr(cloudwatch(measured), operation)(**asked)
    assert refused.value.response["Error"]["Code"] == code
    assert words in refused.value.response["Error"]["Message"]


def test_other_operations_are_refused_by_name(measured):
    with pytest.raises(ClientError, match="DescribeAlarms is not supported here"):
        cloudwatch(measured).describe_alarms()


def test_the_older_protocols(measured, cache):
    """Query, as boto had it, and AWS JSON 1.0, as other SDKs have it."""
    patience.until("there are points", lambda: statistic(cloudwatch(measured), of_node(cache), "CurrItems", "Maximum"))
    credential = f"AWS4-HMAC-SHA256 Credential=test/20260304/{control_plane.REGION}/monitoring/aws4_request, SignedHeaders=host, Signature=00"
    form = {
        "Action": "GetMetricStatistics", "Version": "2010-08-01", "Namespace": NAMESPACE, "MetricName": "CurrItems", "Period": "60",
        "Statistics.member.1": "Maximum", "StartTime": lately()["StartTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "EndTime": lately()["EndTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Dimensions.member.1.Name": "CacheClusterId", "Dimensions.member.1.Value": cache["CacheClusterId"],
    }

    def post(body, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{measured.endpoint_url}/", data=body, headers={"Authorization": credential, **headers})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    status, body = post(urllib.parse.urlencode(form).encode())
    assert status == 200 and "<Datapoints><member><Timestamp>" in body, body
    status, body = post(urllib.parse.urlencode({**form, "Period": "7"}).encode())
    assert status == 400 and "<Code>InvalidParameterValue</Code>" in body, body
    target = {"X_Amz_Target": "GraniteServiceVersion20100801.ListMetrics", "Content_Type": "application/x-amz-json-1.0"}
    status, body = post(json.dumps({"Namespace": NAMESPACE}).encode(), **target)
    assert status == 200 and json.loads(body)["Metrics"], body
    status, body = post(json.dumps({"RecentlyActive": "P1D"}).encode(), **target)
    assert status == 400 and json.loads(body)["__type"].endswith("#InvalidParameterValueException"), body
