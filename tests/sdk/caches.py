"""What a user's program does with caches, in few words: make, wait, look, take away."""

import secrets
import socket

import boto3
import botocore.config
import pymemcache
import redis

import patience

MICRO = "cache.t3.micro"
# The SDK's own waiters, asked more often than the SDK does: real clients wait 15 seconds between two looks.
WAITER = {"Delay": 0.2, "MaxAttempts": int(patience.DEADLINE_S / 0.2)}


def client(endpoint_url, account="test", region="us-east-1"):
    """A client as its account; twelve digits are one, any other key stands for the default account."""
    # No retries of its own: a first answer that is wrong is to be seen.
    config = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=30, read_timeout=60)
    return boto3.session.Session().client(
        "elasticache",
        endpoint_url=endpoint_url,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        region_name=region,
        config=config,
    )


def fresh(word):
    """A name that nobody has."""
    return f"{word}-{secrets.token_hex(4)}"


def ask(api, cache_cluster_id, engine="redis", **members):
    """Asks for a cache cluster, and does not wait for it."""
    if engine == "memcached":
        members.setdefault("NumCacheNodes", 1)
    members.setdefault("CacheNodeType", MICRO)
    return api.create_cache_cluster(CacheClusterId=cache_cluster_id, Engine=engine, **members)["CacheCluster"]


def available(api, cache_cluster_id):
    """Waits until it is available, and describes it with its nodes."""
    api.get_waiter("cache_cluster_available").wait(CacheClusterId=cache_cluster_id, WaiterConfig=WAITER)
    return describe(api, cache_cluster_id)


def make(api, cache_cluster_id, engine="redis", **members):
    ask(api, cache_cluster_id, engine, **members)
    return available(api, cache_cluster_id)


def describe(api, cache_cluster_id):
    answer = api.describe_cache_clusters(CacheClusterId=cache_cluster_id, ShowCacheNodeInfo=True)
    [found] = answer["CacheClusters"]
    return found


def status(api, cache_cluster_id):
    return describe(api, cache_cluster_id)["CacheClusterStatus"]


def delete(api, *cache_cluster_ids):
    """Deletes, all at once, and waits until they are gone."""
    for one in cache_cluster_ids:
        api.delete_cache_cluster(CacheClusterId=one)
    for one in cache_cluster_ids:
        gone(api, one)


def gone(api, cache_cluster_id):
    api.get_waiter("cache_cluster_deleted").wait(CacheClusterId=cache_cluster_id, WaiterConfig=WAITER)


def events(api, identifier, source_type="cache-cluster"):
    """The messages about a cache cluster, or about something else, oldest first."""
    pages = api.get_paginator("describe_events").paginate(SourceType=source_type, SourceIdentifier=identifier)
    newest_first = [event["Message"] for page in pages for event in page["Events"]]
    return newest_first[::-1]


def node_endpoint(cache_cluster, index=0):
    """Host and port of a node."""
    endpoint = cache_cluster["CacheNodes"][index]["Endpoint"]
    return endpoint["Address"], endpoint["Port"]


def node_endpoints(cache_cluster):
    return [node_endpoint(cache_cluster, index) for index in range(len(cache_cluster["CacheNodes"]))]


def configuration_endpoint(cache_cluster):
    endpoint = cache_cluster["ConfigurationEndpoint"]
    return endpoint["Address"], endpoint["Port"]


def redis_of(cache_cluster):
    """A client of the only node. It connects when it is used, and again when it has lost its connection."""
    host, port = node_endpoint(cache_cluster)
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 2)
    return redis.Redis(
        host=host, port=port, decode_responses=True, socket_timeout=30, socket_connect_timeout=30, retry=retry
    )


def accepts(endpoint):
    """Whether anybody listens there."""
    try:
        # An address that nobody has any more is silent for a while; somebody who listens answers at once.
        socket.create_connection(endpoint, timeout=3).close()
        return True
    except OSError:
        return False


def memcached_at(endpoint):
    """A client of one Memcached server. Its writes are acknowledged: one that is not may be read too early by another client."""
    return pymemcache.Client(endpoint, connect_timeout=30, timeout=30, no_delay=True, default_noreply=False)


def discover(endpoint):
    """Asks a configuration endpoint as the protocol has it: the version, and the nodes as (host, port)."""
    connection = memcached_at(endpoint)
    try:
        answer = connection.raw_command(b"config get cluster", b"\r\nEND\r\n")
    finally:
        connection.close()
    head, payload = answer.split(b"\r\n", 1)
    words = head.split()
    assert words[:3] == [b"CONFIG", b"cluster", b"0"], answer
    # The length counts all but the line end that follows.
    assert int(words[3]) == len(payload), answer
    version, nodes, rest = payload.decode().split("\n", 2)
    assert rest == "", answer
    entries = [entry.split("|") for entry in nodes.split(" ")]
    return int(version), [(host, int(port)) for host, _address, port in entries]
