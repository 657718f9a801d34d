"""Encryption in transit turned on and off under clients that write meanwhile, on real engines: who is let in how, and what is kept."""

import pytest
import redis

import caches
import container_host
import groups
import patience
import replication
import traffic
from cluster import Cluster
from customers import ERRORS
from test_encryption import TOKEN, is_let_in, saved, tls, where

ENGINES = [
    pytest.param("valkey", "8.1", id="valkey-8.1"),
    pytest.param("redis", "7.0", id="redis-7.0", marks=pytest.mark.thorough),
]


class Writer(traffic.Program):
    """Sends numbered writes, each to whoever is primary then, and remembers those that were acknowledged. `connect` makes a client."""

    def __init__(self, connect):
        super().__init__()
        self.connect = connect
        self.acknowledged = []
        self._number = 0
        self._client = None

    def work(self):
        self._number += 1
        try:
            if self._client is None:
                self._client = self.connect()
            if self._client.set(f"number:{self._number}", self._number):
                self.acknowledged.append(self._number)
        except ERRORS:
            self._client = None
        # Quick enough to be in the midst of everything.
        self._ended.wait(traffic.PAUSE_S)


def speaks_plain(at):
    try:
        with replication.connect(at, traffic.TIMEOUT_S) as client:
            return client.ping()
    except redis.RedisError:
        return False


def speaks_tls(at, authority):
    try:
        with tls(at, authority, socket_timeout=5) as client:
            return client.ping()
    except redis.RedisError:
        return False


def everywhere(group, authority, *, plain, encrypted):
    """Each endpoint and each node takes just these."""

    def look():
        found = {at: (speaks_plain(at), speaks_tls(at, authority)) for at in where(group)}
        assert set(found.values()) == {(plain, encrypted)}, found
        return True

    patience.until("all endpoints speak as they shall", look)


def lost(writer, client):
    """The numbers of acknowledged writes that are not there."""
    kept = client.mget([f"number:{number}" for number in writer.acknowledged])
    return [number for number, value in zip(writer.acknowledged, kept, strict=True) if value != str(number)]


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_every_step_of_the_way(network, tmp_path, engine, version):
    """Off, preferred, required, and back, with a client that writes through each step and loses nothing."""
    api, one = network.client(), caches.fresh("steps")
    authority = saved(network, tmp_path)
    group = groups.make(api, one, 2, Engine=engine, EngineVersion=version, AutomaticFailoverEnabled=True)
    everywhere(group, authority, plain=True, encrypted=False)
    endpoint = groups.endpoint(group)

    def plainly(timeout_s):
        return replication.connect(endpoint, timeout_s)

    def securely(timeout_s):
        return tls(endpoint, authority, socket_timeout=timeout_s)

    with pytest.raises(api.exceptions.InvalidParameterCombinationException):
        groups.changed(api, one, TransitEncryptionEnabled=True, TransitEncryptionMode="required")
    # How each writes, and how long it waits for an answer before it connects anew.
    in_clear, in_tls = (plainly, traffic.TIMEOUT_S), (securely, 5)
    steps = [
        (in_clear, {"TransitEncryptionEnabled": True, "TransitEncryptionMode": "preferred"}, (True, True)),
        (in_tls, {"TransitEncryptionMode": "required"}, (False, True)),
        (in_tls, {"TransitEncryptionMode": "preferred"}, (True, True)),
        (in_clear, {"TransitEncryptionEnabled": False}, (True, False)),
    ]
    for (connect, timeout_s), wanted, (plain, encrypted) in steps:
        with Writer(lambda: connect(timeout_s)) as writer:
            patience.until("the writer writes", lambda: len(writer.acknowledged) > 20)
            answer = api.modify_replication_group(ReplicationGroupId=one, ApplyImmediately=True, **wanted)
            answered = answer["ReplicationGroup"]
            assert answered["Status"] == "modifying"
            assert answered["PendingModifiedValues"]["TransitEncryptionEnabled"] is encrypted
            if encrypted:
                pending = answered["PendingModifiedValues"]["TransitEncryptionMode"]
                assert pending == wanted["TransitEncryptionMode"]
            group = groups.available(api, one)
            before = len(writer.acknowledged)
            patience.until("the writer goes on", lambda: len(writer.acknowledged) > before + 20)
            writer.end()
        assert group["PendingModifiedValues"] == {}
        assert group["TransitEncryptionEnabled"] is encrypted
        assert group.get("TransitEncryptionMode") == (wanted["TransitEncryptionMode"] if encrypted else None)
        everywhere(group, authority, plain=plain, encrypted=encrypted)
        with connect(patience.DEADLINE_S) as client:
            assert lost(writer, client) == [], wanted
            assert client.wait(1, 60_000) == 1
    groups.delete(api, one)


def test_preferred_from_the_beginning(plane, tmp_path):
    """Clients may do either, with addresses of nodes or ports of the host, and what they write is the same."""
    api, one = plane.client(), caches.fresh("preferred")
    authority = saved(plane, tmp_path)
    group = groups.make(
        *(api, one, 2), Engine="valkey", EngineVersion="8.1", TransitEncryptionEnabled=True, TransitEncryptionMode="preferred"
    )
    assert (group["TransitEncryptionEnabled"], group["TransitEncryptionMode"]) == (True, "preferred")
    everywhere(group, authority, plain=True, encrypted=True)
    with groups.writer(group) as plain, tls(groups.endpoint(group), authority) as encrypted:
        big = "x" * 3_000_000
        assert plain.set("big", big) and encrypted.get("big") == big
        assert encrypted.set("other", big) and plain.get("other") == big
        assert encrypted.wait(1, 60_000) == 1
        [replica] = groups.replicas(group)
        at = groups.node_endpoints(group)[replica]
        # The primary knows its replica by the port that clients know, which is the front's.
        assert encrypted.info("replication")["slave0"]["port"] == at[1]
    with tls(at, authority) as client:
        assert client.get("big") == big
    groups.delete(api, one)


def test_a_front_ends_with_its_engine_and_comes_back_with_it(ours, tmp_path):
    """Told to stop, the engine saves what it holds; killed, its container starts again; and the next mode finds the data."""
    api, one = ours.client(), caches.fresh("front")
    authority = saved(ours, tmp_path)
    group = groups.make(
        *(api, one, 1), Engine="valkey", EngineVersion="8.1", TransitEncryptionEnabled=True, TransitEncryptionMode="preferred"
    )
    [member] = group["MemberClusters"]
    [container] = ours.instance.nodes(member).values()
    name = container["Id"]
    with groups.writer(group) as client:
        assert client.set("kept", "yes")

    def started_at():
        return container_host.docker("inspect", "--format", "{{.State.StartedAt}}", name)

    def is_back(former):
        assert started_at() != former
        everywhere(groups.available(api, one), authority, plain=True, encrypted=True)
        return True

    before = started_at()
    container_host.docker("restart", name)
    patience.until("the node is back after its stop", lambda: is_back(before))
    with groups.writer(group) as client:
        assert client.get("kept") == "yes"
    before = started_at()
    # The first process is the front; the engine is its child. Whoever kills it ends with the container.
    container_host.docker("exec", "--detach", name, "sh", "-c", "kill -9 $(pidof valkey-server)")
    patience.until("the node is back after its end", lambda: is_back(before))
    with groups.writer(group) as client:
        assert client.get("kept") == "yes"
    shown = container_host.docker("inspect", name)
    key = container_host.docker("exec", name, "cat", "/etc/cacheplane/node.pem")
    assert "PRIVATE KEY" in key and key.splitlines()[1] not in shown
    group = groups.changed(api, one, TransitEncryptionMode="required")
    everywhere(group, authority, plain=False, encrypted=True)
    with tls(groups.endpoint(group), authority) as client:
        assert client.get("kept") == "yes"
    groups.delete(api, one)


def test_cluster_mode_takes_both(network, tmp_path):
    """Slots and redirections lead to ports that take both; a mode changes under a cluster that is written to; and so comes a token."""
    authority = saved(network, tmp_path)
    group = Cluster(network, 2, 1, EngineVersion="7.0", TransitEncryptionEnabled=True, TransitEncryptionMode="preferred")
    api, one = group.api, group.id
    group.available()
    host, port = group.endpoint()

    def securely(**more):
        return redis.RedisCluster(host=host, port=port, decode_responses=True, ssl=True, ssl_ca_certs=authority, **more)

    def plainly():
        return redis.RedisCluster(host=host, port=port, decode_responses=True)

    def both(connect, other):
        with connect() as writer, other() as reader:
            for number in range(100):
                assert writer.set(f"key:{number}", number)
            assert all(reader.get(f"key:{number}") == str(number) for number in range(100))

    both(plainly, securely)
    both(securely, plainly)
    with pytest.raises(api.exceptions.InvalidParameterValueException, match="TransitEncryptionEnabled"):
        groups.changed(api, one, TransitEncryptionEnabled=False)
    with Writer(securely) as writer:
        patience.until("the writer writes", lambda: len(writer.acknowledged) > 20)
        found = groups.changed(api, one, TransitEncryptionMode="required")
        assert (found["TransitEncryptionEnabled"], found["TransitEncryptionMode"]) == (True, "required")
        before = len(writer.acknowledged)
        patience.until("the writer goes on", lambda: len(writer.acknowledged) > before + 20)
        writer.end()
    with securely() as client:
        kept = [client.get(f"number:{number}") == str(number) for number in writer.acknowledged]
        assert all(kept), kept.count(False)
        nodes = [(node.host, node.port) for node in client.get_nodes()]
    assert nodes and not any(speaks_plain(at) for at in nodes)
    for strategy in ("ROTATE", "SET"):
        groups.changed(api, one, AuthToken=TOKEN, AuthTokenUpdateStrategy=strategy)
    with securely(password=TOKEN) as client:
        assert client.get("key:1") == "1"
    assert not any(is_let_in(at, authority) for at in nodes)
    assert all(is_let_in(at, authority, password=TOKEN) for at in nodes)
    group.delete()
