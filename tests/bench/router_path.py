"""The way of a Memcached request: to the node itself, through the router (the configuration endpoint), through a port that Docker publishes.

Small gets and sets without pipelining, from one process: one connection for the latency, eight in a loop for requests per second. The client is slower
than memcached, so the figures compare ways and are nobody's limit. For their own sake; no goal.
"""

import re
import select
import socket
import statistics
import time
from pathlib import Path

from findings import Finding
from machine import need_docker, need_program
from provisioning import VERSION, await_answer
from servers import Cacheplane, Client, docker

CONNECTIONS = 8
SET = b"set bench 0 0 32\r\n" + b"x" * 32 + b"\r\n"
GET = b"get bench\r\n"
STORED = b"STORED\r\n"
VALUE = b"VALUE bench 0 32\r\n" + b"x" * 32 + b"\r\nEND\r\n"

Way = tuple[str, int]


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker("memcached:1.6")
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    rounds, seconds, asked = (1, 1, 1000) if quick else (5, 2, 5000)
    published = docker("run", "--detach", "--publish", "127.0.0.1::11211", "memcached:1.6", "memcached").strip()
    try:
        with Cacheplane(binary, work / "router", "docker", router) as server:
            ways = our_ways(Client(server.port))
            host, port = docker("port", published, "11211").split()[0].rsplit(":", 1)
            ways["a published port"] = (host, int(port))
            for way in ways.values():
                await_answer(*way, VERSION)
            rates: dict[str, list[float]] = {name: [] for name in ways}
            medians: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds):
                for name, way in ways.items():
                    medians[name].append(latency(way, asked))
                    rates[name].append(throughput(way, seconds))
    finally:
        docker("rm", "--force", "--volumes", published)
    return findings(rates, medians)


def our_ways(client: Client) -> dict[str, Way]:
    client.call("CreateCacheCluster", CacheClusterId="bench", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=1)
    client.await_all_available(1)
    body = client.call("DescribeCacheClusters", CacheClusterId="bench", ShowCacheNodeInfo="true")
    endpoint = r".*?<Address>([^<]+)</Address>\s*<Port>(\d+)</Port>"
    found = {
        "the node itself": re.search("<CacheNodes>" + endpoint, body, re.DOTALL),
        "the router": re.search("<ConfigurationEndpoint>" + endpoint, body, re.DOTALL),
    }
    return {name: (match[1], int(match[2])) for name, match in found.items()}


def findings(rates: dict[str, list[float]], medians: dict[str, list[float]]) -> list[Finding]:
    direct = rates["the node itself"]
    told = []
    for name, measured in rates.items():
        line = f"median latency {statistics.median(medians[name]) * 1e6:,.0f} microseconds on one connection"
        if name != "the node itself":
            share = statistics.median(one / other for one, other in zip(measured, direct, strict=True))
            line += f"; {share:.2f} of the node's own requests per second"
        told.append(Finding(f"Memcached through {name}", statistics.median(measured), "requests/s", lines=[line]))
    return told


def connect(way: Way) -> socket.socket:
    connection = socket.create_connection(way, timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection: socket.socket, question: bytes, expected: bytes) -> None:
    connection.sendall(question)
    take(connection, expected)


def take(connection: socket.socket, expected: bytes) -> None:
    answer = connection.recv(4096)
    while len(answer) < len(expected) and (more := connection.recv(4096)):
        answer += more
    if answer != expected:
        raise RuntimeError(f"memcached answered {answer!r}")


def latency(way: Way, count: int) -> float:
    """Median seconds of one request, gets and sets in turn."""
    times = []
    with connect(way) as connection:
        ask(connection, SET, STORED)
        for index in range(count):
            question, expected = (GET, VALUE) if index % 2 else (SET, STORED)
            began = time.perf_counter()
            ask(connection, question, expected)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def throughput(way: Way, seconds: float) -> float:
    """Requests per second on several connections, each asking again as soon as it is answered."""
    connections = {}
    poll = select.epoll()
    for _ in range(CONNECTIONS):
        connection = connect(way)
        ask(connection, SET, STORED)
        connections[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
        connection.sendall(GET)
    expected = {number: VALUE for number in connections}
    answered, began = 0, time.perf_counter()
    end = began + seconds
    while time.perf_counter() < end:
        for number, _ in poll.poll(1):
            connection = connections[number]
            take(connection, expected[number])
            answered += 1
            is_get = expected[number] is VALUE
            expected[number] = STORED if is_get else VALUE
            connection.sendall(SET if is_get else GET)
    took = time.perf_counter() - began
    for connection in connections.values():
        connection.close()
    poll.close()
    return answered / took
