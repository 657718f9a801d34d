"""What stands in the way: no image, no address, no port, no Docker. Each is told of, frees what it took, and can be deleted."""

import contextlib
import socket

import pytest

import caches
import patience
from container_host import docker

# Docker that is not there is no mistake of ours, and is logged.
DOCKER_GONE = ["the container engine does not answer"]
# The engine's images, as if this host had none of that line and no registry were reached.
NO_IMAGE = {
    rb"GET \S*/images/redis(:|%3A)7\.[^ ]*/json": (404, "No such image"),
    rb"POST \S*/images/create\?\S*fromImage=": (500, "no registry is reached"),
}


def test_no_image(start_plane, docker_socket):
    """A create ends, a change is undone; both say which image is missing."""
    with_images = docker_socket(NO_IMAGE)
    with_images.appear()
    plane = start_plane(options=["--docker-host", with_images.url])
    api = plane.client()

    missing = caches.fresh("image")
    caches.ask(api, missing, EngineVersion="7.1")
    patience.until("the create has failed", lambda: caches.status(api, missing) == "failed")
    [told] = caches.events(api, missing)
    assert told.startswith("Failed to create the cache cluster. There is no image for redis 7.1")
    assert "redis:7.0" in told and "--image redis:7.1=" in told
    assert plane.instance.containers() == {} and plane.instance.volumes() == []
    with pytest.raises(api.exceptions.InvalidCacheClusterStateFault):
        api.modify_cache_cluster(CacheClusterId=missing, CacheNodeType="cache.t3.small", ApplyImmediately=True)
    caches.delete(api, missing)

    # Its name and its address are free again.
    cache = caches.make(api, missing, EngineVersion="6.2")
    connection = caches.redis_of(cache)
    connection.set("key", "value")
    run = connection.info("server")["run_id"]
    api.modify_cache_cluster(CacheClusterId=missing, EngineVersion="7.0", ApplyImmediately=True)
    after = caches.available(api, missing)
    assert after["EngineVersion"] == cache["EngineVersion"]
    assert after["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis6.x"
    assert not after["PendingModifiedValues"]
    # The node was not touched.
    assert connection.info("server")["run_id"] == run
    assert caches.events(api, missing)[-1].startswith("Failed to upgrade the engine to version 7.0. There is no image")


def test_no_address(start_plane, docker_socket):
    """A /24 has 94 addresses for nodes. Nothing of it needs Docker: addresses are chosen before they are used."""
    gone = docker_socket()
    plane = start_plane(options=["--docker-host", gone.url], expected_log=DOCKER_GONE)
    api = plane.client()
    large = [caches.fresh("large") for _ in range(2)]
    for one in large:
        caches.ask(api, one, "memcached", NumCacheNodes=40)
        patience.until("its addresses are chosen", lambda one=one: any("Waiting" in told for told in caches.events(api, one)))
    third = caches.fresh("third")
    caches.ask(api, third, "memcached", NumCacheNodes=40)
    patience.until("the third has failed", lambda: caches.status(api, third) == "incompatible-network")
    [told] = caches.events(api, third)
    assert told.startswith("Failed to create the cache cluster due to incompatible network state. There is no free node address")
    assert "--node-subnet" in told
    # Nothing of it is left, so smaller ones still fit; and what was held up can be deleted, though Docker is gone.
    caches.delete(api, third, large[0])
    small = caches.fresh("small")
    caches.ask(api, small, "memcached", NumCacheNodes=3)
    caches.delete(api, large[1])
    gone.appear()
    cache = caches.available(api, small)
    version, nodes = caches.discover(caches.configuration_endpoint(cache))
    assert (version, len(nodes)) == (1, 3)


def test_a_port_that_somebody_has(published):
    """The port asked for is given when it is free, else another; each works."""
    api = published.client()
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        taken = caches.fresh("taken")
        cache = caches.make(api, taken, Port=port)
    assert caches.node_endpoint(cache)[1] in published.place.ports
    assert caches.redis_of(cache).ping()
    free = caches.fresh("free")
    wanted = published.place.free_port()
    assert caches.node_endpoint(caches.make(api, free, Port=wanted)) == ("localhost", wanted)
    # A second one that asks for the same gets another.
    second = caches.fresh("second")
    other = caches.make(api, second, Port=wanted)
    assert caches.node_endpoint(other)[1] not in (wanted, port)
    assert caches.redis_of(other).ping()
    caches.delete(api, taken, free, second)


def test_a_port_that_somebody_takes_after_it_was_chosen(start_plane, docker_socket):
    """It is told of, once; the cache is there as soon as the port is free, and can be deleted before."""
    gone = docker_socket()
    plane = start_plane("published", options=["--docker-host", gone.url], expected_log=DOCKER_GONE)
    api = plane.client()
    waits, never = caches.fresh("waits"), caches.fresh("never")
    ports = plane.place.ports[-2:]
    for one, port in zip((waits, never), ports):
        caches.ask(api, one, Port=port)
        patience.until("its port is chosen", lambda one=one: waiting(api, one))
    told = [f"Waiting: port {port} of the host is already in use. End what listens there." for port in ports]
    with contextlib.ExitStack() as stack:
        for port in ports:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        gone.appear()
        for one, sentence in zip((waits, never), told):
            patience.until("it is told of", lambda one=one, sentence=sentence: sentence in caches.events(api, one))
        caches.delete(api, never)
    assert caches.node_endpoint(caches.available(api, waits)) == ("localhost", ports[0])
    assert caches.events(api, waits).count(told[0]) == 1


def test_no_port(start_plane):
    """Where too few ports are left, the create ends, and gives back those that it took."""
    plane = start_plane("published", ports=3)
    api = plane.client()
    four = caches.fresh("four")
    caches.ask(api, four, "memcached", NumCacheNodes=4, Port=plane.place.ports[0])
    patience.until("it has failed", lambda: caches.status(api, four) == "incompatible-network")
    [told] = caches.events(api, four)
    assert "There is no free host port" in told and "--port-range" in told
    three = [caches.fresh("three") for _ in range(3)]
    for one in three:
        caches.ask(api, one, Port=plane.place.ports[0])
    found = [caches.available(api, one) for one in three]
    assert {caches.node_endpoint(cache)[1] for cache in found} == set(plane.place.ports[:3])
    caches.delete(api, four, *three)


def test_docker_goes_and_comes_back(start_plane, docker_socket):
    """Whatever is asked for meanwhile is done when Docker is back, by itself; what is there goes on and is not touched."""
    there = docker_socket()
    there.appear()
    plane = start_plane(options=["--docker-host", there.url], expected_log=DOCKER_GONE)
    api = plane.client()
    stays, changes, goes, comes, never = (caches.fresh(word) for word in ("stays", "changes", "goes", "comes", "never"))
    caches.ask(api, stays, "memcached", NumCacheNodes=2)
    caches.ask(api, changes)
    caches.ask(api, goes)
    cache = caches.available(api, stays)
    endpoint = caches.configuration_endpoint(cache)
    connection = caches.redis_of(caches.available(api, changes))
    connection.set("key", "value")
    caches.available(api, goes)
    plane.look()
    before = plane.instance.runs()

    there.vanish()
    # Served from the record, and by the caches themselves.
    assert caches.status(api, stays) == "available"
    assert caches.discover(endpoint)[0] == 1
    assert connection.get("key") == "value"
    for one in (comes, never):
        caches.ask(api, one)
    api.delete_cache_cluster(CacheClusterId=goes)
    api.modify_cache_cluster(CacheClusterId=changes, CacheNodeType="cache.t3.small", ApplyImmediately=True)
    held_up = [comes, never, goes, changes]
    patience.until("all are held up", lambda: all(waiting(api, one) for one in held_up))
    tries = plane.reconcilers()["cache_cluster"]["failed"]
    patience.until(
        "it has tried again and again", lambda: plane.reconcilers()["cache_cluster"]["failed"] >= tries + 8
    )
    # Told once, however often it is tried.
    assert [len(waiting(api, one)) for one in held_up] == [1, 1, 1, 1]
    assert caches.status(api, comes) == "creating"
    assert caches.status(api, goes) == "deleting"
    assert caches.status(api, changes) == "modifying"
    # What was never made needs no Docker to be deleted.
    caches.delete(api, never)
    assert plane.instance.runs() == before

    there.appear()
    assert caches.redis_of(caches.available(api, comes)).ping()
    caches.gone(api, goes)
    caches.available(api, changes)
    assert connection.get("key") == "value"
    plane.look()
    after = plane.instance.runs()
    unchanged = [name for name in before if changes not in name and goes not in name]
    assert len(unchanged) == 3
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert not any(goes in name for name in after)
    assert not any("Recover" in told for told in caches.events(api, stays))


def waiting(api, one):
    return [told for told in caches.events(api, one) if told.startswith("Waiting: The container engine does not answer.")]


@pytest.mark.parametrize("call", ["create", "start"])
def test_docker_goes_while_nodes_are_made(start_plane, docker_socket, call):
    """In the middle of twelve creations at once; when it is back, all twelve are there and none twice."""
    there = docker_socket()
    plane = start_plane(options=["--docker-host", there.url], expected_log=DOCKER_GONE)
    api = plane.client()
    # The router's is one of them.
    there.vanish_at({"create": rb"POST \S*/containers/create", "start": rb"POST \S*/start"}[call], 7)
    there.appear()
    one = caches.fresh("middle")
    caches.ask(api, one, "memcached", NumCacheNodes=12)
    patience.until("Docker is gone", lambda: not there.is_there)
    patience.until("it is held up", lambda: any(told.startswith("Waiting") for told in caches.events(api, one)))
    there.appear()
    cache = caches.available(api, one)
    assert sorted(plane.instance.nodes(one)) == [f"{number:04}" for number in range(1, 13)]
    assert len(set(caches.node_endpoints(cache))) == 12
    assert len(caches.discover(caches.configuration_endpoint(cache))[1]) == 12


def test_a_node_that_dies_comes_back(ours):
    """Killed, or removed by somebody: it is made again at the same address, and so is the router."""
    api = ours.client()
    killed, removed = caches.fresh("killed"), caches.fresh("removed")
    caches.ask(api, killed)
    caches.ask(api, removed, "memcached", NumCacheNodes=2)
    connection = caches.redis_of(caches.available(api, killed))
    cache = caches.available(api, removed)
    router = next(iter(ours.instance.containers(kind="router").values()))
    [node] = ours.instance.nodes(killed).values()
    docker("kill", node["Id"])
    docker("rm", "--force", ours.instance.nodes(removed)["0002"]["Id"], router["Id"])

    def recovered(one, node):
        expected = [f"Recovering cache nodes {node}", f"Finished recovery for cache nodes {node}"]
        return caches.events(api, one)[-2:] == expected

    patience.until("both have recovered", lambda: recovered(killed, "0001") and recovered(removed, "0002"))
    assert caches.status(api, killed) == caches.status(api, removed) == "available"
    assert connection.ping()
    assert [caches.memcached_at(endpoint).version()[:4] for endpoint in caches.node_endpoints(cache)] == [b"1.6."] * 2
    # The list is on the router's volume, and the router takes its address again.
    patience.until("the router answers", lambda: caches.accepts(caches.configuration_endpoint(cache)))
    assert caches.discover(caches.configuration_endpoint(cache)) == (1, sorted(caches.node_endpoints(cache)))
    caches.delete(api, killed, removed)
