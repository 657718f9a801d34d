"""Upgrades while customers are at work: what they notice of them, and what the engines are afterwards."""

import contextlib
import json
import os
import re
import subprocess
import time
import urllib.request

import pytest
import redis

import caches
import groups
import patience
import replication
from cluster import Cluster
from container_host import docker
from control_plane import binary
from customers import ERRORS, WaitingWriter
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
        except ERRORS as error:
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


@pytest.mark.alone
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


@pytest.mark.alone
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


@pytest.fixture
def image():
    """Names for images of a test's own, gone afterwards."""
    names = []

    def name(tag):
        names.append(f"cacheplane-test-{os.getpid()}:{tag}")
        return names[-1]

    yield name
    docker("image", "rm", "--force", *names)


def broken(name):
    """An image whose engine ends as soon as it is started."""
    container = docker("create", "redis:7.0").strip()
    docker("commit", "--change", 'ENTRYPOINT ["false"]', container, name)
    docker("rm", container)


def stopped_at(group):
    """Waits until an event of the group tells at which member its modification stops."""
    told = re.compile(r"Waiting: The modification stops at cache cluster (\S+)\. ")

    def look():
        return next((found[1] for text in group.events() if (found := told.match(text))), None)

    return patience.until("the modification has stopped", look)


@pytest.mark.parametrize("sharded", [False, True])
def test_an_upgrade_that_does_not_come_up_is_given_up_or_tried_again(start_plane, image, sharded):
    """A broken image stops the roll at its first member; writes go on; going back and, with a good image, trying again both end well."""
    name = image("8.1")
    broken(name)
    plane = start_plane(options=["--image", f"valkey:8.1={name}"])
    group = Cluster(plane, 2, 1, EngineVersion="7.0") if sharded else replication.Group(plane, EngineVersion="7.0")
    group.settled()
    wish = {"ReplicationGroupId": group.id, "ApplyImmediately": True}
    with WaitingWriter(group) if sharded else Writer(group.endpoint("Primary")) as writer:
        writer.go_on()
        group.api.modify_replication_group(Engine="valkey", EngineVersion="8.1", **wish)
        stopped = stopped_at(group)
        assert group.describe()["Status"] == "modifying"
        writer.go_on()
        told = subprocess.run([binary(), "status", "--url", plane.endpoint_url], capture_output=True, text=True)
        print(told.stdout)
        assert told.returncode == 1 and f"held up: {stopped}: " in told.stdout
        group.api.modify_replication_group(Engine="redis", EngineVersion="7.0", **wish)
        found = groups.available(group.api, group.id)
        group.settled()
        assert {caches.describe(group.api, one)["Engine"] for one in found["MemberClusters"]} == {"redis"}
        assert any(text.startswith("Failed to upgrade the engine to version valkey 8.1. ") for text in group.events())

        stops = sum("modification stops" in text for text in group.events())
        group.api.modify_replication_group(Engine="valkey", EngineVersion="8.1", **wish)
        patience.until("it has stopped again", lambda: sum("modification stops" in text for text in group.events()) > stops)
        docker("tag", "valkey/valkey:8.1", name)
        # Its next try may have come before ours; then it is on its way, and takes no other wish.
        with contextlib.suppress(group.api.exceptions.InvalidReplicationGroupStateFault):
            group.api.modify_replication_group(Engine="valkey", EngineVersion="8.1", **wish)
        found = groups.available(group.api, group.id)
        writer.go_on()
        writer.end()
    group.settled()
    writer.assert_nothing_lost()
    assert {caches.describe(group.api, one)["Engine"] for one in found["MemberClusters"]} == {"valkey"}
    told = subprocess.run([binary(), "status", "--url", plane.endpoint_url], capture_output=True, text=True, check=True)
    assert "held up" not in told.stdout and group.id in told.stdout


def test_a_service_update_is_rolled(ours, image):
    """Published by an operator, applied by a customer: every node runs the new image, and no acknowledged write is lost."""
    name = image("7.0-patched")
    docker("tag", "redis:7.0", name)
    group = replication.Group(ours, EngineVersion="7.0")
    group.settled()
    update = caches.fresh("update")
    body = {"name": update, "engine": "redis", "severity": "critical", "images": {"7.0": name}}
    request = urllib.request.Request(
        f"{ours.endpoint_url}/admin/v1/service-updates",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 201
    named = {"ServiceUpdateName": update}
    with Writer(group.endpoint("Primary")) as writer:
        writer.go_on()
        applied = group.api.batch_apply_update_action(ReplicationGroupIds=[group.id], **named)
        [processed] = applied["ProcessedUpdateActions"]
        assert processed["UpdateActionStatus"] == "waiting-to-start" and not applied["UnprocessedUpdateActions"]
        seen = []

        def is_complete():
            actions = group.api.describe_update_actions(
                ReplicationGroupIds=[group.id], ShowNodeLevelUpdateStatus=True, **named
            )["UpdateActions"]
            [action] = actions
            seen.append(action["NodesUpdated"])
            return action if action["UpdateActionStatus"] == "complete" else None

        done = patience.until("the update is complete", is_complete)
        writer.go_on()
        writer.end()
    group.settled()
    writer.assert_nothing_lost()
    assert seen == sorted(seen) and seen[-1] == "3/3", seen
    [node_group] = done["NodeGroupUpdateStatus"]
    assert {one["NodeUpdateStatus"] for one in node_group["NodeGroupMemberUpdateStatus"]} == {"complete"}
    assert {group.container(member)["Config"]["Image"] for member in group.node_endpoints()} == {name}
    # How far it is follows from the nodes; what is told of it comes with the next look.
    applied = f"Service update {update} has been applied"
    patience.until("it is told of", lambda: applied in group.events())
    group.delete()
