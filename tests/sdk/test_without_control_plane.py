"""Static stability: while the control plane is dead, caches go on; when it is back, it finds everything and touches nothing."""

import threading

import pytest

import caches
import patience
from container_host import docker


class Client(threading.Thread):
    """A program of a customer's: writes and reads one key as fast as it is answered, on one connection, and never looks away."""

    def __init__(self, name, write, read):
        super().__init__(name=name, daemon=True)
        self._write = write
        self._read = read
        self._ended = threading.Event()
        self.count = 0
        self.trouble = None

    def run(self):
        try:
            while not self._ended.is_set():
                self._write(str(self.count))
                assert self._read() == str(self.count)
                self.count += 1
        except Exception as error:
            self.trouble = error

    def end(self):
        self._ended.set()
        self.join(timeout=patience.DEADLINE_S)
        assert self.trouble is None and not self.is_alive()


def redis_client(cache):
    connection = caches.redis_of(cache)
    return Client("redis", lambda value: connection.set("key", value), lambda: connection.get("key"))


def memcached_client(name, endpoint):
    connection = caches.memcached_at(endpoint)
    write = lambda value: connection.set(name, value, noreply=False)  # noqa: E731
    return Client(name, write, lambda: connection.get(name).decode())


def discovery_client(endpoint, expected):
    """Asks for the list again and again, each time on a new connection."""
    last = []

    def read():
        assert caches.discover(endpoint) == expected
        return last.pop()

    return Client("discovery", last.append, read)


def go_on(clients, rounds=20):
    """Waits until each has done some more rounds."""
    counts = [client.count for client in clients]

    def progressed():
        assert [client.trouble for client in clients] == [None] * len(clients)
        return all(client.count >= count + rounds for client, count in zip(clients, counts))

    patience.until("the clients go on", progressed)


@pytest.mark.parametrize("mode", ["network", "published"])
def test_clients_notice_nothing(start_plane, mode):
    plane = start_plane(mode)
    api = plane.client()
    single, several = caches.fresh("single"), caches.fresh("several")
    caches.ask(api, single)
    caches.ask(api, several, "memcached", NumCacheNodes=3)
    redis_cache, memcached = caches.available(api, single), caches.available(api, several)
    endpoint = caches.configuration_endpoint(memcached)
    clients = [
        redis_client(redis_cache),
        memcached_client("node", caches.node_endpoint(memcached, 1)),
        memcached_client("router", endpoint),
        discovery_client(endpoint, (1, sorted(caches.node_endpoints(memcached)))),
    ]
    for client in clients:
        client.start()
    go_on(clients)
    plane.look()
    before = plane.instance.runs()
    told = {one: caches.events(api, one) for one in (single, several)}

    plane.kill()
    go_on(clients, rounds=100)
    assert plane.instance.runs() == before

    plane.start()
    api = plane.client()
    plane.look()
    go_on(clients)
    assert plane.instance.runs() == before
    for one in (single, several):
        assert caches.status(api, one) == "available"
        assert caches.events(api, one) == told[one]
    # It does not only find them, it still rules them. Who expects the list as it was ends before that.
    clients.pop().end()
    api.modify_cache_cluster(CacheClusterId=several, NumCacheNodes=4, ApplyImmediately=True)
    assert len(caches.available(api, several)["CacheNodes"]) == 4
    assert caches.discover(endpoint)[0] == 2
    go_on(clients)
    for client in clients:
        client.end()


def test_the_router_serves_from_its_own_memory(start_plane):
    """Restarted while the control plane is dead, it answers from the table on its volume."""
    plane = start_plane()
    api = plane.client()
    one = caches.fresh("memory")
    cache = caches.make(api, one, "memcached", NumCacheNodes=2)
    expected = (1, sorted(caches.node_endpoints(cache)))
    endpoint = caches.configuration_endpoint(cache)
    plane.look()
    plane.kill()
    [router] = plane.instance.containers(kind="router").values()
    docker("restart", "--time", "5", router["Id"])
    patience.until("the router answers", lambda: caches.accepts(endpoint))
    assert caches.discover(endpoint) == expected
    plane.start()
    plane.look()
    assert caches.discover(endpoint) == expected


def test_a_node_that_dies_meanwhile(start_plane):
    """What was killed, and what was removed, while nobody looked: both are back after a start."""
    plane = start_plane()
    api = plane.client()
    killed, removed = caches.fresh("killed"), caches.fresh("removed")
    caches.ask(api, killed)
    caches.ask(api, removed, "memcached", NumCacheNodes=2)
    connection = caches.redis_of(caches.available(api, killed))
    cache = caches.available(api, removed)
    plane.kill()
    docker("kill", *(node["Id"] for node in plane.instance.nodes(killed).values()))
    docker("rm", "--force", plane.instance.nodes(removed)["0001"]["Id"])
    plane.start()
    api = plane.client()

    def recovered(one):
        return caches.events(api, one)[-1] == "Finished recovery for cache nodes 0001"

    patience.until("both have recovered", lambda: recovered(killed) and recovered(removed))
    assert connection.ping()
    assert caches.node_endpoints(caches.describe(api, removed)) == caches.node_endpoints(cache)
    assert all(caches.accepts(endpoint) for endpoint in caches.node_endpoints(cache))
