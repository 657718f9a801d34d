"""An application in a container: attached to the caches' networks it reaches nodes by address and by name."""

import caches
from container_host import docker

# Any image that has the programs of a client.
CLIENT = "redis:7.0"


def in_container(networks, *command):
    """What `command` prints in a container of the user's own on these networks."""
    container = docker("create", "--network", networks[0], "--entrypoint", command[0], CLIENT, *command[1:])
    try:
        for network in networks[1:]:
            docker("network", "connect", network, container)
        return docker("start", "--attach", container)
    finally:
        docker("rm", "--force", "--volumes", container)


def network_named(plane, role):
    [name] = [name for name in plane.instance.networks() if name.endswith(f".{role}")]
    return name


def test_it_reaches_nodes_by_address_and_by_name(ours):
    api = ours.client()
    one = caches.fresh("application")
    host, port = caches.node_endpoint(caches.make(api, one))
    nodes = [network_named(ours, "nodes")]
    for name in (host, f"{one}.0001"):
        assert in_container(nodes, "redis-cli", "-h", name, "-p", str(port), "set", "from", name) == "OK"
        assert in_container(nodes, "redis-cli", "-h", name, "-p", str(port), "get", "from") == name
    # Its own address came from the part that is not given to caches: the next cache gets the next free one.
    second = caches.fresh("second")
    other, _ = caches.node_endpoint(caches.make(api, second))
    assert other != host
    caches.delete(api, one, second)


def test_it_finds_memcached_nodes(ours):
    """On both networks, since the configuration endpoint is on the second."""
    api = ours.client()
    one = caches.fresh("application")
    cache = caches.make(api, one, "memcached", NumCacheNodes=2)
    host, port = caches.configuration_endpoint(cache)
    # Debian's redis images bring netcat or bash, never neither.
    ask = (
        f"if command -v nc >/dev/null; then printf 'config get cluster\\r\\nquit\\r\\n' | nc {host} {port}; "
        f"else exec bash -c 'exec 3<>/dev/tcp/{host}/{port}; printf \"config get cluster\\r\\nquit\\r\\n\" >&3; cat <&3'; fi"
    )
    told = in_container([network_named(ours, role) for role in ("nodes", "endpoints")], "sh", "-c", ask)
    for node_host, node_port in caches.node_endpoints(cache):
        assert f"{node_host}|{node_host}|{node_port}" in told
    caches.delete(api, one)
