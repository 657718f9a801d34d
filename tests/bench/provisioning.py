"""A new cache, from the API call until it answers, next to bare `docker run`.

The two sides take turns, and turns at being first, on one engine and one image, each in a user-defined bridge network of the same make. The bare side is
given its address beforehand (`--ip`) and is asked from the moment that `docker run` returns; ours is asked from the moment that
DescribeCacheClusters, called every 10 ms on a connection that is kept, tells an endpoint. Both are asked by the same prober: connect, one
question, again after 2 ms. Asking earlier would be no gain: a host that looks for an address before it exists waits a second before it looks again.

A first cache of each kind, which makes networks and the router, is not counted. Beside both, and for its own sake only, the engine's own calls
are timed without the docker command: create a volume, create a container, start it.
"""

import contextlib
import http.client
import ipaddress
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from findings import Finding, milliseconds, paired_ratio
from machine import host_routes, need_docker, need_program
from servers import Cacheplane, Client, docker

GOAL_RATIO = 1.3
PROBE_PAUSE_S = 0.002
PROBE_DEADLINE_S = 60
DESCRIBE_PAUSE_S = 0.01
# Lets what one side left behind (events, removals) not be the other's weather.
CALM_S = 0.5
NODES = 20

Question = tuple[bytes, bytes]
PING: Question = (b"PING\r\n", b"+PONG")
VERSION: Question = (b"version\r\n", b"VERSION")


def measure(part: str, binary: Path, router: Path, work: Path, quick: bool) -> tuple[str, list[Finding]]:
    need_docker("redis:7.0", "memcached:1.6")
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    with bare_network() as network, Cacheplane(binary, work / part, "docker", router) as server:
        ours, theirs = Ours(Client(server.port)), Bare(network)
        if part == "create":
            return "One Redis node", [one_redis(ours, theirs, 3 if quick else 15)]
        return f"{NODES} Memcached nodes", [many_memcached(ours, theirs, 1 if quick else 5)]


def one_redis(ours: "Ours", theirs: "Bare", pairs: int) -> Finding:
    sides = {
        "ours": lambda: ours.create(PING, Engine="redis", NumCacheNodes=1),
        "bare": lambda: theirs.run(PING, 1, "redis:7.0", "redis-server"),
        "calls": lambda: theirs.call(PING, "redis:7.0", "redis-server"),
    }
    times = take_turns(sides, ours, theirs, pairs)
    return Finding(
        "create-cache-cluster until PONG, over docker run until PONG",
        paired_ratio(times["ours"], times["bare"]),
        "times",
        GOAL_RATIO,
        lines=[
            f"cacheplane: {milliseconds(times['ours'])}",
            f"docker run: {milliseconds(times['bare'])}",
            f"the engine's own calls, without the docker command: {milliseconds(times['calls'])}",
        ],
    )


def many_memcached(ours: "Ours", theirs: "Bare", pairs: int) -> Finding:
    sides = {
        "ours": lambda: ours.create(VERSION, Engine="memcached", NumCacheNodes=NODES),
        "bare": lambda: theirs.run(VERSION, NODES, "memcached:1.6", "memcached"),
    }
    times = take_turns(sides, ours, theirs, pairs)
    return Finding(
        f"create-cache-cluster of {NODES} nodes until available and all answer, over {NODES} docker runs at once until all answer",
        paired_ratio(times["ours"], times["bare"]),
        "times",
        GOAL_RATIO,
        lines=[f"cacheplane: {milliseconds(times['ours'])}", f"docker run: {milliseconds(times['bare'])}"],
    )


def take_turns(sides: dict[str, Callable[[], float]], ours: "Ours", theirs: "Bare", pairs: int) -> dict[str, list[float]]:
    """Seconds of each side, in `pairs` rounds after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(pairs + 1):
        order = list(sides) if turn % 2 else list(reversed(sides))
        for name in order:
            time.sleep(CALM_S)
            took = sides[name]()
            ours.client.delete_all()
            theirs.remove_all()
            if turn > 0:
                times[name].append(took)
    return times


class Ours:
    """Caches by the API."""

    def __init__(self, client: Client):
        self.client, self.made = client, 0

    def create(self, question: Question, **members: object) -> float:
        self.made += 1
        name = f"bench-{self.made}"
        began = time.monotonic()
        self.client.call("CreateCacheCluster", CacheClusterId=name, CacheNodeType="cache.t3.micro", **members)
        while True:
            body = self.client.call("DescribeCacheClusters", CacheClusterId=name, ShowCacheNodeInfo="true")
            if "<CacheClusterStatus>available<" in body:
                break
            if "<CacheClusterStatus>creating<" not in body or time.monotonic() - began > PROBE_DEADLINE_S:
                raise RuntimeError(f"the cache cluster does not come: {body}")
            time.sleep(DESCRIBE_PAUSE_S)
        nodes = re.search(r"<CacheNodes>.*</CacheNodes>", body, re.DOTALL)[0]
        endpoints = re.findall(r"<Address>([^<]+)</Address>\s*<Port>(\d+)</Port>", nodes)
        if len(endpoints) != members["NumCacheNodes"]:
            raise RuntimeError(f"{len(endpoints)} endpoints for {members['NumCacheNodes']} nodes")
        with ThreadPoolExecutor(len(endpoints)) as pool:
            list(pool.map(lambda endpoint: await_answer(endpoint[0], int(endpoint[1]), question), endpoints))
        return time.monotonic() - began


class Bare:
    """Containers by hand."""

    def __init__(self, network: tuple[str, ipaddress.IPv4Network]):
        self.name, self.subnet = network
        self.made: list[str] = []
        # The gateway has the first.
        self.addresses = iter(list(self.subnet.hosts())[1:])

    def run(self, question: Question, count: int, image: str, program: str) -> float:
        began = time.monotonic()
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda address: self.run_one(question, str(address), image, program), [next(self.addresses) for _ in range(count)]))
        return time.monotonic() - began

    def run_one(self, question: Question, address: str, image: str, program: str) -> None:
        name = self.container(address)
        command = ["docker", "run", "--detach", "--name", name, "--network", self.name, "--ip", address, image, program]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        await_answer(address, port_of(question), question)

    def call(self, question: Question, image: str, program: str) -> float:
        address = str(next(self.addresses))
        name = self.container(address)
        connection = EngineConnection("localhost")
        connection.ask("GET", "/_ping")
        began = time.monotonic()
        connection.ask("POST", "/volumes/create", {"Name": name})
        attachment = {self.name: {"IPAMConfig": {"IPv4Address": address}}}
        connection.ask(
            "POST",
            f"/containers/create?name={name}",
            {
                "Image": image,
                "Cmd": [program],
                "HostConfig": {"NetworkMode": self.name, "Binds": [f"{name}:/data"]},
                "NetworkingConfig": {"EndpointsConfig": attachment},
            },
        )
        connection.ask("POST", f"/containers/{name}/start")
        await_answer(address, port_of(question), question)
        return time.monotonic() - began

    def container(self, address: str) -> str:
        name = f"{self.name}-{address.replace('.', '-')}"
        self.made.append(name)
        return name

    def remove_all(self) -> None:
        if self.made:
            docker("rm", "--force", "--volumes", *self.made, check=False)
            docker("volume", "rm", "--force", *self.made, check=False)
        self.made.clear()


class EngineConnection(http.client.HTTPConnection):
    """The Docker Engine's own API on its usual socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")

    def ask(self, method: str, path: str, body: dict | None = None) -> None:
        self.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        response = self.getresponse()
        said = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} answered {response.status}: {said.decode()}")


@contextlib.contextmanager
def bare_network() -> Iterator[tuple[str, ipaddress.IPv4Network]]:
    """A network like ours: a user-defined bridge with a subnet of its own, in which addresses can be asked for."""
    name = f"cacheplane-bench-{time.time_ns() // 10**6 % 10**8}"
    routes = host_routes()
    for subnet in ipaddress.ip_network("10.80.0.0/13").subnets(new_prefix=22):
        if any(subnet.overlaps(route) for route in routes):
            continue
        # Docker refuses a subnet that it uses without a route.
        if docker("network", "create", "--subnet", str(subnet), name, check=False):
            break
    else:
        raise RuntimeError("no subnet is free for the bare containers")
    try:
        yield name, subnet
    finally:
        left = docker("ps", "--all", "--quiet", "--filter", f"network={name}", check=False).split()
        if left:
            docker("rm", "--force", "--volumes", *left, check=False)
        docker("network", "rm", name, check=False)


def port_of(question: Question) -> int:
    return {PING: 6379, VERSION: 11211}[question]


def await_answer(address: str, port: int, question: Question) -> None:
    """Connects and asks until the right answer comes."""
    deadline = time.monotonic() + PROBE_DEADLINE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1) as connection:
            connection.sendall(question[0])
            if connection.recv(64).startswith(question[1]):
                return
        time.sleep(PROBE_PAUSE_S)
    raise RuntimeError(f"{address}:{port} does not answer")
