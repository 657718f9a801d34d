"""The way of a Redis request: to a bare container's own address, to a replication group's endpoints, through a port that Docker publishes.

redis-benchmark asks, from the engine's image on the host's network: 50 connections, GET and SET, without pipelining and with 16 requests in flight on each.
The ways take turns within each round, and a ratio is the median over the rounds. The group has one node, so that its endpoints lead to an engine that
does no more than the bare one; both keep Redis's usual save points. A second comparison is of a group of three nodes with a bare container that two bare
ones follow: there each write is written to both replicas, too.

The primary endpoint is an address of the primary's own container. The reader endpoint is the router's. Client, engine and whatever lies between share the
cores: where the first two alone fill them, as on two cores, every microsecond in between shows, and a program that passes requests on (two more system
calls that send, two that receive) halves the throughput however little else it does. So its processor time per request is told, too, which another
machine's spare core hides.

Another way to compare: put its host and port into the dictionary that `compare` is given.
"""

import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import groups
from findings import Finding
from machine import need_docker, need_program
from provisioning import PING, await_answer
from resp import Way
from servers import OWNER_LABEL, Cacheplane, Client, docker

IMAGE = "redis:7.0"
ENGINE = ("redis-server", "--save", "3600 1 300 100 60 10000", "--appendonly", "no", "--protected-mode", "no")
CONNECTIONS = 50
# Requests in flight on each connection, and requests of a round.
DEPTHS = {1: 200_000, 16: 2_000_000}
QUICK_SHARE = 20
COMMANDS = ("GET", "SET")
BARE = "a bare container's address"
PRIMARY = "a group's primary endpoint"
READER = "a group's reader endpoint"
PUBLISHED = "a published port"
GOALS = {PRIMARY: 0.97, READER: 0.80}
NODES_REPLICATED = 3
SYNC_DEADLINE_S = 60
TICK_S = 0.01


@dataclass
class Measured:
    """One way at one depth: for each round, the sum of requests per second over the commands."""

    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker(IMAGE)
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    with Cacheplane(binary, work / "endpoints", "docker", router) as server:
        found = alone(server, quick)
        Client(server.port).delete_all()
        return found + replicated(server, quick)


def alone(server: Cacheplane, quick: bool) -> list[Finding]:
    """All ways, to engines that nobody follows."""
    with container("engine", *ENGINE) as bare, container("published", *ENGINE, options=("--publish", "127.0.0.1::6379")) as published:
        group = make_group(server, 1)
        host, port = docker("port", published, "6379").split()[0].rsplit(":", 1)
        ways = {
            BARE: (address(bare), 6379),
            PRIMARY: groups.endpoint(group, "PrimaryEndpoint"),
            READER: groups.endpoint(group, "ReaderEndpoint"),
            PUBLISHED: (host, int(port)),
        }
        return compare("", ways, quick, GOALS, {READER: router_process(server)})


def replicated(server: Cacheplane, quick: bool) -> list[Finding]:
    """Primaries with as many replicas on either side."""
    with contextlib.ExitStack() as stack:
        bare = address(stack.enter_context(container("engine", *ENGINE)))
        replicas = [
            address(stack.enter_context(container("replica", *ENGINE, "--replicaof", bare, "6379"))) for _ in range(NODES_REPLICATED - 1)
        ]
        told = {bare: ("primary", (bare, 6379))} | {replica: ("replica", (replica, 6379)) for replica in replicas}
        deadline = time.monotonic() + SYNC_DEADLINE_S
        while not groups.are_in_sync((bare, 6379), told):
            if time.monotonic() > deadline:
                raise RuntimeError("the bare replicas are not in sync")
            time.sleep(0.05)
        group = make_group(server, NODES_REPLICATED)
        ways = {BARE: (bare, 6379), PRIMARY: groups.endpoint(group, "PrimaryEndpoint")}
        return compare(f", with {len(replicas)} replicas each", ways, quick)


def make_group(server: Cacheplane, nodes: int) -> ElementTree.Element:
    client = Client(server.port)
    return groups.await_available(client, groups.create(client, f"endpoints-{nodes}", nodes), time.monotonic())


def compare(
    what: str, ways: dict[str, Way], quick: bool, goals: dict[str, float] | None = None, process: dict[str, int] | None = None
) -> list[Finding]:
    """Each way over the first of them. `what` follows the ways in the titles; `process` names the program that a way leads through."""
    for way in ways.values():
        await_answer(*way, PING)
    found = []
    for depth, requests in DEPTHS.items():
        requests //= QUICK_SHARE if quick else 1
        measured = {name: Measured() for name in ways}
        spent_s = dict.fromkeys(process or {}, 0.0)
        rounds = 1 if quick else 7
        for _ in range(rounds):
            for name, way in ways.items():
                before = processor_s(process[name]) if name in spent_s else 0.0
                benchmark(way, depth, requests, measured[name])
                if name in spent_s:
                    spent_s[name] += processor_s(process[name]) - before
        per_request_s = {name: spent / (rounds * requests * len(COMMANDS)) for name, spent in spent_s.items()}
        found += findings(what, depth, measured, goals or {}, per_request_s)
    return found


def benchmark(way: Way, depth: int, requests: int, into: Measured) -> None:
    host, port = way
    asked = ("-h", host, "-p", str(port), "-c", str(CONNECTIONS), "-P", str(depth), "-n", str(requests))
    told = docker("run", "--rm", "--network", "host", IMAGE, "redis-benchmark", *asked, "-t", ",".join(COMMANDS).lower(), "--csv")
    # "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",...
    rows = [line.strip('"').split('","') for line in told.splitlines()]
    rates = {row[0]: (float(row[1]), float(row[4])) for row in rows if row[0] in COMMANDS}
    if set(rates) != set(COMMANDS):
        raise RuntimeError(f"redis-benchmark said {told!r}")
    # As if both commands were asked in turn: the requests of both over the seconds of both.
    into.rates.append(statistics.harmonic_mean([rate for rate, _ in rates.values()]))
    into.latencies_ms.append(statistics.mean(latency for _, latency in rates.values()))


def findings(
    what: str, depth: int, measured: dict[str, Measured], goals: dict[str, float], per_request_s: dict[str, float]
) -> list[Finding]:
    (reference, direct), *others = measured.items()
    kind = "one request in flight" if depth == 1 else f"{depth} requests in flight"
    told = []
    for name, of in others:
        ratios = [ours / theirs for ours, theirs in zip(of.rates, direct.rates, strict=True)]
        lines = [
            f"{statistics.median(of.rates):,.0f} requests/s, {reference} {statistics.median(direct.rates):,.0f}; "
            f"median latency {statistics.median(of.latencies_ms):.2f} ms, {statistics.median(direct.latencies_ms):.2f} ms",
            f"ratios {min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} rounds",
        ]
        if name in per_request_s:
            lines.append(f"processor time of the program in between: {per_request_s[name] * 1e6:.2f} microseconds a request")
        title = f"redis-benchmark, {CONNECTIONS} connections, {kind}: throughput through {name}, over {reference}{what}"
        told.append(Finding(title, statistics.median(ratios), "times", goal=goals.get(name), at_most=False, lines=lines))
    return told


@contextlib.contextmanager
def container(name: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    started = docker("run", "--detach", *options, IMAGE, *command).strip()
    try:
        yield started
    except Exception as error:
        error.add_note(f"the {name}'s log:\n{docker('logs', '--tail', '20', started, check=False)}")
        raise
    finally:
        docker("rm", "--force", "--volumes", started)


def address(name: str) -> str:
    return docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", name).strip()


def router_process(server: Cacheplane) -> int:
    [router] = docker("ps", "--quiet", "--filter", f"label={OWNER_LABEL}={server.owner()}", "--filter", "name=router-shared").split()
    return int(docker("inspect", "--format", "{{.State.Pid}}", router))


def processor_s(process: int) -> float:
    """Seconds of user and system time so far."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * TICK_S
