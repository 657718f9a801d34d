"""Memcached caches: many nodes, nothing kept, and a configuration endpoint that real discovery clients understand."""

import contextlib
import json
import socket
import ssl

import pymemcache
import pytest

import caches
import control_plane
from discovery import CLIENTS
from test_encryption import saved


def empty(endpoint):
    return caches.memcached_at(endpoint).stats()[b"curr_items"] == 0


def check_list(cache, version):
    """The configuration endpoint tells of exactly the nodes that the API tells of."""
    found, nodes = caches.discover(caches.configuration_endpoint(cache))
    assert (found, nodes) == (version, sorted(caches.node_endpoints(cache)))


def test_discovery_sees_nodes_come_and_go(plane, api):
    """Every public discovery client finds every node, and follows when one is added and one taken away."""
    one = caches.fresh("discovery")
    cache = caches.make(api, one, "memcached", NumCacheNodes=3)
    check_list(cache, 1)
    endpoint = caches.configuration_endpoint(cache)
    clients = [client(endpoint) for client in CLIENTS]
    try:
        follow(api, one, cache, clients)
    finally:
        for client in clients:
            client.close()
    caches.delete(api, one)


def follow(api, one, cache, clients):
    sees(clients, cache)
    keeper = caches.memcached_at(caches.node_endpoint(cache))
    keeper.set("kept", "yes")

    answer = api.modify_cache_cluster(CacheClusterId=one, NumCacheNodes=4, ApplyImmediately=True)
    assert answer["CacheCluster"]["CacheClusterStatus"] == "modifying"
    grown = caches.available(api, one)
    assert [node["CacheNodeId"] for node in grown["CacheNodes"]] == ["0001", "0002", "0003", "0004"]
    check_list(grown, 2)
    sees(clients, grown)

    api.modify_cache_cluster(
        CacheClusterId=one, NumCacheNodes=3, CacheNodeIdsToRemove=["0002"], ApplyImmediately=True
    )
    shrunk = caches.available(api, one)
    assert [node["CacheNodeId"] for node in shrunk["CacheNodes"]] == ["0001", "0003", "0004"]
    check_list(shrunk, 3)
    sees(clients, shrunk)

    assert caches.configuration_endpoint(shrunk) == caches.configuration_endpoint(cache)
    # Nodes that stay are not touched; the one that went does not answer.
    assert keeper.get("kept") == b"yes"
    assert not caches.accepts(caches.node_endpoint(cache, 1))


def sees(clients, cache):
    for client in clients:
        client.refresh()
        assert sorted(client.nodes()) == sorted(caches.node_endpoints(cache)), client
        keys = {f"{type(client).__name__}-{number}": f"value-{number}" for number in range(60)}
        for key, value in keys.items():
            client.set(key, value)
        assert {key: client.get(key) for key in keys} == keys
    # They spread what they store: every node holds some of it.
    for endpoint in caches.node_endpoints(cache):
        assert not empty(endpoint), endpoint


def test_two_nodes_more_are_two_versions_more(network):
    api = network.client()
    one = caches.fresh("versions")
    check_list(caches.make(api, one, "memcached", NumCacheNodes=1), 1)
    api.modify_cache_cluster(CacheClusterId=one, NumCacheNodes=3, ApplyImmediately=True)
    check_list(caches.available(api, one), 3)
    api.modify_cache_cluster(
        CacheClusterId=one, NumCacheNodes=1, CacheNodeIdsToRemove=["0001", "0003"], ApplyImmediately=True
    )
    cache = caches.available(api, one)
    assert [node["CacheNodeId"] for node in cache["CacheNodes"]] == ["0002"]
    check_list(cache, 5)
    caches.delete(api, one)


def test_a_reboot_empties_the_nodes_it_names(plane, api):
    one = caches.fresh("reboot")
    cache = caches.make(api, one, "memcached", NumCacheNodes=3)
    endpoints = caches.node_endpoints(cache)
    for endpoint in endpoints:
        caches.memcached_at(endpoint).set("key", "value")
    api.reboot_cache_cluster(CacheClusterId=one, CacheNodeIdsToReboot=["0001", "0003"])
    after = caches.available(api, one)
    assert caches.node_endpoints(after) == endpoints
    assert [empty(endpoint) for endpoint in endpoints] == [True, False, True]
    check_list(after, 1)
    told = caches.events(api, one)[-4:]
    assert told[:2] == ["Cache node 0001 shutdown", "Cache node 0003 shutdown"]
    assert sorted(told[2:]) == ["Cache node 0001 restarted", "Cache node 0003 restarted"]
    caches.delete(api, one)


def test_twenty_nodes(network):
    """They are made at once, all answer, and all are found."""
    api = network.client()
    one = caches.fresh("twenty")
    cache = caches.make(api, one, "memcached", NumCacheNodes=20, AZMode="cross-az")
    endpoints = caches.node_endpoints(cache)
    assert len(set(endpoints)) == 20
    assert cache["PreferredAvailabilityZone"] == "Multiple"
    for endpoint in endpoints:
        caches.memcached_at(endpoint).set("who", f"{endpoint}")
    assert [caches.memcached_at(endpoint).get("who").decode() for endpoint in endpoints] == list(map(str, endpoints))
    check_list(cache, 1)
    if network.instance:
        assert len(network.instance.nodes(one)) == 20
    caches.delete(api, one)


def test_a_cluster_has_1_to_40_nodes(network):
    api = network.client()
    with pytest.raises(api.exceptions.InvalidParameterValueException):
        caches.ask(api, caches.fresh("count"), "memcached", NumCacheNodes=0)
    with pytest.raises(api.exceptions.NodeQuotaForClusterExceededFault):
        caches.ask(api, caches.fresh("count"), "memcached", NumCacheNodes=41)


def test_the_configuration_endpoint_is_a_memcached_too(plane, api):
    """AWS's is an alias of a node, so a client without discovery may use it."""
    one = caches.fresh("plain")
    cache = caches.make(api, one, "memcached", NumCacheNodes=2)
    connection = caches.memcached_at(caches.configuration_endpoint(cache))
    assert connection.set("key", "value", noreply=False)
    assert connection.get("key") == b"value"
    assert connection.version().startswith(b"1.6.")
    version, _ = caches.discover(caches.configuration_endpoint(cache))
    assert version == 1
    caches.delete(api, one)


def test_settings_of_the_family_are_in_force(network):
    api = network.client()
    one = caches.fresh("settings")
    cache = caches.make(api, one, "memcached")
    settings = caches.memcached_at(caches.node_endpoint(cache)).stats("settings")
    expected = {
        b"chunk_size": 48,
        b"growth_factor": 1.25,
        b"item_size_max": 1 << 20,
        b"idle_timeout": 0,
        b"evictions": b"on",
        b"cas_enabled": b"yes",
        b"binding_protocol": b"auto-negotiate",
        b"num_threads": 2,
        b"udpport": 0,
    }
    assert {name: settings[name] for name in expected} == expected
    assert settings[b"maxconns"] > 1000
    # The node type's memory, less the 100 MB that the family keeps for connections (memcached_connections_overhead).
    facts = json.loads((control_plane.ROOT / "facts/node_types.json").read_text())
    megabytes = facts["types"][caches.MICRO]["max_cache_memory_mb"] - 100
    assert settings[b"maxbytes"] == megabytes << 20
    caches.delete(api, one)


def test_a_larger_node_type(network):
    """A larger node type is real; addresses stay."""
    api = network.client()
    one = caches.fresh("change")
    cache = caches.make(api, one, "memcached", NumCacheNodes=2)
    endpoints = caches.node_endpoints(cache)
    before = limit_megabytes(endpoints[0])
    caches.memcached_at(endpoints[0]).set("key", "value")
    api.modify_cache_cluster(CacheClusterId=one, CacheNodeType="cache.t3.medium", ApplyImmediately=True)
    after = caches.available(api, one)
    assert caches.node_endpoints(after) == endpoints
    assert limit_megabytes(endpoints[0]) > 3 * before
    # All nodes are other containers, so all are empty; the list of them is as it was.
    assert all(empty(endpoint) for endpoint in endpoints)
    check_list(after, 1)
    caches.delete(api, one)


def limit_megabytes(endpoint):
    return caches.memcached_at(endpoint).stats()[b"limit_maxbytes"] >> 20


def context_of(plane, directory):
    context = ssl.create_default_context(cafile=saved(plane, directory))
    assert context.check_hostname
    return context


@pytest.mark.parametrize("version", ["1.6.12", pytest.param("1.6.22", marks=pytest.mark.thorough)])
def test_encryption_in_transit(plane, api, tmp_path, version):
    """Nodes and the configuration endpoint speak TLS, with certificates for themselves, and tell whoever does not nothing."""
    one = caches.fresh("encrypted")
    wanted = {"NumCacheNodes": 2, "EngineVersion": version, "TransitEncryptionEnabled": True}
    cache = caches.make(api, one, "memcached", **wanted)
    assert (cache["TransitEncryptionEnabled"], cache["TransitEncryptionMode"]) == (True, "required")
    context = context_of(plane, tmp_path)
    configuration = caches.configuration_endpoint(cache)
    nodes = caches.node_endpoints(cache)
    for number, at in enumerate([*nodes, configuration]):
        with contextlib.closing(pymemcache.Client(at, tls_context=context, connect_timeout=30, timeout=30)) as client:
            value = b"x" * 900_000
            assert client.set(f"key-{number}", value, noreply=False)
            assert client.get(f"key-{number}") == value
        with contextlib.closing(pymemcache.Client(at, connect_timeout=30, timeout=30)) as plain:
            with pytest.raises((OSError, pymemcache.MemcacheError)):
                plain.get("key-0")
        stranger = ssl.create_default_context()
        with contextlib.closing(pymemcache.Client(at, tls_context=stranger, connect_timeout=30, timeout=30)) as other:
            with pytest.raises(ssl.SSLError):
                other.get("key-0")
    with socket.create_connection(configuration, timeout=30) as raw:
        with context.wrap_socket(raw, server_hostname=configuration[0]) as asked:
            asked.sendall(b"config get cluster\r\n")
            heard = b""
            while not heard.endswith(b"END\r\n"):
                heard += asked.recv(4096)
    # The name is vouched for; the address is left out, or of no use outside.
    listed = [entry.split(b"|") for entry in heard.split(b"\n")[2].split()]
    assert sorted((name.decode(), int(port)) for name, address, port in listed if address == b"") == sorted(nodes)
    caches.delete(api, one)
