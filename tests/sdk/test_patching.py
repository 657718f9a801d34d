"""Upgrades while customers are at work: what they notice of them, and what the engines are afterwards."""

import time

import redis

import caches
import groups
import patience
import replication
from cluster import Cluster
from traffic import PAUSE_S, WAIT_MS, Program, Writer

# The whole way, and two node types up.
STEPS = [
    {"EngineVersion": "7.0"},
    {"Engine": "valkey", "EngineVersion": "8.1", "CacheNodeType": "cache.t3.small"},
    {"EngineVersion": "9.1", "CacheNodeType": "cache.t3.medium"},
]
# What nobody waits longer than on a machine that does much else. What it is on a quiet one is printed.
GAP_MAX_S = 5.0


class Customer(Program):
    """Does one thing after the other with a client as it comes, and notes when it was answered."""

    def __init__(self, connect):
        super().__init__()
        self._connect = connect
        self._client = None
        self.times_s = []
        self.errors = []

    def work(self):
        try:
            self._client = self._client or self._connect()
            self.act(self._client)
        except redis.exceptions.RedisError as error:
            self.errors.append(f"{type(error).__name__}: {error}")
            if self._client is not None:
                self._client.close()
            self._client = None
            time.sleep(PAUSE_S)
            return
        self.times_s.append(time.monotonic())

    def act(self, client):
        raise NotImplementedError

    def longest_gap_s(self, since_s):
        times_s = list(self.times_s)
        return max(after - before for before, after in zip(times_s, times_s[1:]) if after > since_s)


class Reader(Customer):
    def act(self, client):
        client.get(f"number:{len(self.times_s) % 100}")


class ClusterWriter(Customer):
    """Numbered writes all over the slots, each followed by WAIT on the node that took it."""

    def __init__(self, connect):
        super().__init__(connect)
        self.answered = []
        self.acknowledged = []
        self._number = 0

    def act(self, client):
        self._number += 1
        key = f"number:{self._number}"
        client.set(key, self._number)
        self.answered.append(self._number)
        if client.execute_command("WAIT", 1, WAIT_MS, target_nodes=client.get_node_from_key(key)) >= 1:
            self.acknowledged.append(self._number)

    def lost(self):
        """Those of the answered writes that are not there; none may be, whether a replica has acknowledged them or not."""
        client = self._connect()
        lost = []
        for start in range(0, len(self.answered), 1000):
            numbers = self.answered[start : start + 1000]
            found = client.mget_nonatomic([f"number:{number}" for number in numbers])
            lost += [number for number, value in zip(numbers, found) if value != str(number)]
        return lost


def climb(group, customers):
    """Takes the group up all steps; answers with the longest gap of each customer in each of them."""
    gaps = []
    for step in STEPS:
        since_s = time.monotonic()
        for customer in customers:
            patience.until("customers are served", lambda: customer.times_s and customer.times_s[-1] > since_s)
        groups.changed(group.api, group.id, **step)
        took_s = time.monotonic() - since_s
        gaps.append([customer.longest_gap_s(since_s) for customer in customers])
        print(f"{step}: {took_s:.1f} s; longest gaps of writer and reader: {gaps[-1][0]:.3f} s, {gaps[-1][1]:.3f} s")
        for member in group.describe()["MemberClusters"]:
            found = caches.describe(group.api, member)
            assert found["EngineVersion"].startswith(step["EngineVersion"] + "."), found
            assert found["CacheNodeType"] == step.get("CacheNodeType", caches.MICRO), found
    return gaps


def test_a_cluster_from_redis_6_2_to_valkey_9_1(network):
    """3 node groups of 2: no write is lost, and nobody waits long."""
    group = Cluster(network, EngineVersion="6.2")
    group.settled()
    slots = group.slots()
    host, port = group.endpoint()

    def connect():
        return redis.RedisCluster(host=host, port=port, decode_responses=True)

    with ClusterWriter(connect) as writer, Reader(connect) as reader:
        gaps = climb(group, [writer, reader])
        writer.end()
        reader.end()
    found = group.settled()
    assert writer.acknowledged and writer.lost() == []
    print(f"{len(writer.answered)} writes, {len(writer.acknowledged)} of them acknowledged; errors: {writer.errors + reader.errors}")
    assert group.slots() == slots
    member = caches.describe(group.api, found["MemberClusters"][0])
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.valkey9.cluster.on"
    assert len(group.failovers()) == len(STEPS) * 3, group.events()
    assert not [text for text in group.events() if text.startswith("Waiting")], group.events()
    assert max(max(one) for one in gaps) < GAP_MAX_S
    group.delete()


def test_a_group_from_redis_6_2_to_valkey_9_1(network):
    """A primary and two replicas: no acknowledged write is lost, and nobody waits long."""
    group = replication.Group(network, EngineVersion="6.2")
    group.settled()
    with Writer(group.endpoint("Primary")) as writer, Reader(lambda: groups.client(group.endpoint("Reader"))) as reader:
        gaps = climb(group, [writer, reader])
        writer.end()
        reader.end()
    group.settled()
    writer.assert_nothing_lost()
    print(f"{len(writer.acknowledged)} writes acknowledged; errors of the reader: {reader.errors}")
    member = caches.describe(group.api, group.primary())
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.valkey9"
    assert max(max(one) for one in gaps) < GAP_MAX_S
    group.delete()
