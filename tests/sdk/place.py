"""Places for control planes under test: a subnet and host ports that nobody else has.

Tests of several working copies may run on one machine at once, and a subnet is not Docker's before a first cache is made in it.
So a place is held by a lock for as long as its process lives.
"""

import fcntl
import ipaddress
import os
import pathlib
import random
import socket
import struct
import tempfile
from dataclasses import dataclass
from typing import TextIO

import container_host

# Apart from what the control plane chooses by itself, and from what the tests in Rust use.
SUBNETS = ipaddress.ip_network("10.212.0.0/16")
# Below the ports that Linux gives to clients.
FIRST_PORT = 12000
PORTS_EACH = 64


@dataclass
class Place:
    subnet: ipaddress.IPv4Network
    ports: range
    _lock: TextIO

    def port_range(self, count=None):
        """All of its ports, or the first of them, as the setting has it."""
        ports = self.ports[:count]
        return f"{ports[0]}-{ports[-1]}"

    def free_port(self):
        """The last of its ports on which nobody listens."""
        return next(port for port in reversed(self.ports) if _may_bind(port))


def take():
    """A free place. It is given back when the process ends."""
    locks = pathlib.Path(tempfile.gettempdir()) / f"cacheplane-test-places-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    taken = _routes() + container_host.subnets()
    numbers = list(range(256))
    random.shuffle(numbers)
    for number in numbers:
        subnet = ipaddress.ip_network(f"10.212.{number}.0/24")
        if any(subnet.overlaps(other) for other in taken):
            continue
        lock = open(locks / str(number), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        first = FIRST_PORT + number * PORTS_EACH
        return Place(subnet, range(first, first + PORTS_EACH), lock)
    raise AssertionError(f"no free place in {SUBNETS}")


def _routes():
    """Where this host sends packets, but for its default route."""
    routes = []
    for line in pathlib.Path("/proc/net/route").read_text().splitlines()[1:]:
        columns = line.split()
        address, mask = (socket.inet_ntoa(struct.pack("=I", int(columns[i], 16))) for i in (1, 7))
        network = ipaddress.ip_network(f"{address}/{mask}")
        if network.prefixlen >= 4:
            routes.append(network)
    return routes


def _may_bind(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False
