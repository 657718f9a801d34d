"""Encryption in transit turned on and off under clients that write meanwhile, on real engines: who is let in how, and what is kept."""

import pytest
import redis

import caches
import groups
import patience
import replication
import traffic
from test_encryption import saved, tls, where

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
        except redis.RedisError:
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

    def plainly():
        return replication.connect(endpoint, traffic.TIMEOUT_S)

    def securely():
        return tls(endpoint, authority, socket_timeout=5)

    with pytest.raises(api.exceptions.InvalidParameterCombinationException):
        groups.changed(api, one, TransitEncryptionEnabled=True, TransitEncryptionMode="required")
    steps = [
        (plainly, {"TransitEncryptionEnabled": True, "TransitEncryptionMode": "preferred"}, (True, True)),
        (securely, {"TransitEncryptionMode": "required"}, (False, True)),
        (securely, {"TransitEncryptionMode": "preferred"}, (True, True)),
        (plainly, {"TransitEncryptionEnabled": False}, (True, False)),
    ]
    for connect, wanted, (plain, encrypted) in steps:
        with Writer(connect) as writer:
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
        with connect() as client:
            assert lost(writer, client) == [], wanted
            assert client.wait(1, 60_000) == 1
    groups.delete(api, one)


def test_preferred_from_the_beginning(plane, tmp_path):
    """Clients may do either, with addresses of nodes or ports of the host; what they write is the same, and nothing shows a secret."""
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
        host, port = groups.node_endpoints(group)[replica]
        told = encrypted.info("replication")["slave0"]
        assert told["port"] == port, told
    # An end of the engine is one of the container, which comes back with its front.
    [replica] = groups.replicas(group)
    with tls((host, port), authority) as client:
        assert client.get("big") == big
    groups.delete(api, one)


def test_cluster_mode_takes_both(network, tmp_path):
    """Slots, redirections and moves lead to ports that take both; the mode changes under a cluster, too."""
    api, one = network.client(), caches.fresh("both")
    authority = saved(network, tmp_path)
    from cluster import Cluster

    group = Cluster(network, 2, 1, EngineVersion="7.0", TransitEncryptionEnabled=True, TransitEncryptionMode="preferred")
    group.available()
    host, port = group.endpoint()

    def securely():
        return redis.RedisCluster(host=host, port=port, decode_responses=True, ssl=True, ssl_ca_certs=authority)

    def plainly():
        return redis.RedisCluster(host=host, port=port, decode_responses=True)

    def both(connect, other):
        with connect() as writer, other() as reader:
            for number in range(100):
                assert writer.set(f"key:{number}", number)
            assert all(reader.get(f"key:{number}") == str(number) for number in range(100))

    both(plainly, securely)
    both(securely, plainly)
    group.delete()
