"""The way of a Redis request: to a bare container's own address, through the router's `forward` route, through a port that Docker publishes.

redis-benchmark asks, from the engine's image on the host's network: 50 connections, GET and SET, without pipelining and with 16 requests in flight on each.
The ways take turns within each round, and a ratio is the median over the rounds. Client, engine and whatever lies between share the cores: where the
first two alone fill them, as on two cores, every microsecond in between shows, and a program that passes requests on (two more system calls that send,
two that receive) halves the throughput however little else it does. So its processor time per request is told, too, which another machine's spare core hides.

Another way to compare: put its host and port into the dictionary that `compare` is given.
"""

import contextlib
import json
import statistics
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from findings import Finding
from machine import need_docker, need_program
from provisioning import PING, await_answer
from servers import docker

IMAGE = "redis:7.0"
ENGINE = ("redis-server", "--save", "", "--appendonly", "no", "--protected-mode", "no")
CONNECTIONS = 50
# Requests in flight on each connection, and requests of a round.
DEPTHS = {1: 200_000, 16: 2_000_000}
QUICK_SHARE = 20
COMMANDS = ("GET", "SET")
ROUTER_GOAL = 0.80
TOKEN = "bench"
CONTROL_PORT = 1149
PUSH_DEADLINE_S = 20
TICK_S = 0.01

Way = tuple[str, int]


@dataclass
class Measured:
    """One way at one depth: for each round, the sum of requests per second over the commands."""

    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)


def measure(router: Path, quick: bool) -> list[Finding]:
    need_docker(IMAGE)
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(container("engine", IMAGE, *ENGINE))
        published = stack.enter_context(container("published", IMAGE, *ENGINE, options=("--publish", "127.0.0.1::6379")))
        between = stack.enter_context(forwarding(router, (address(bare), 6379)))
        host, port = docker("port", published, "6379").split()[0].rsplit(":", 1)
        ways = {
            "a bare container's address": (address(bare), 6379),
            "the router": (address(between), 6379),
            "a published port": (host, int(port)),
        }
        return compare(ways, quick, goals={"the router": ROUTER_GOAL}, process={"the router": process_id(between)})


def compare(
    ways: dict[str, Way], quick: bool, goals: dict[str, float] | None = None, process: dict[str, int] | None = None
) -> list[Finding]:
    """Each way over the first of them. `process` names the program that a way leads through."""
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
        found += findings(depth, measured, goals or {}, per_request_s)
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


def findings(depth: int, measured: dict[str, Measured], goals: dict[str, float], per_request_s: dict[str, float]) -> list[Finding]:
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
        title = f"redis-benchmark, {CONNECTIONS} connections, {kind}: throughput through {name}, over {reference}"
        told.append(Finding(title, statistics.median(ratios), "times", goal=goals.get(name), at_most=False, lines=lines))
    return told


@contextlib.contextmanager
def container(name: str, image: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    started = docker("run", "--detach", *options, image, *command).strip()
    try:
        yield started
    except Exception:
        raise RuntimeError(f"the {name}'s log:\n{docker('logs', '--tail', '20', started, check=False)}") from None
    finally:
        docker("rm", "--force", "--volumes", started)


@contextlib.contextmanager
def forwarding(router: Path, target: Way) -> Iterator[str]:
    """The router alone in a container, with one route to `target`."""
    image = import_program(router)
    settings = {
        "CACHEPLANE_ROUTER_CONTROL": f"0.0.0.0:{CONTROL_PORT}",
        "CACHEPLANE_ROUTER_TOKEN": TOKEN,
        "CACHEPLANE_ROUTER_STATE": "/state",
    }
    options = tuple(word for name, value in settings.items() for word in ("--env", f"{name}={value}"))
    try:
        with container("router", image, options=options) as started:
            push(f"http://{address(started)}:{CONTROL_PORT}/routes", target)
            yield started
    finally:
        docker("rmi", "--force", image)


def import_program(router: Path) -> str:
    with tempfile.NamedTemporaryFile(suffix=".tar") as packed:
        with tarfile.open(packed.name, "w") as archive:
            archive.add(router, arcname="cacheplane-router")
        return docker("import", "--change", 'ENTRYPOINT ["/cacheplane-router"]', packed.name).strip()


def push(url: str, target: Way) -> None:
    host, port = target
    forward = {"targets": [{"address": host, "port": port}]}
    table = {"generation": 1, "routes": [{"id": "bench", "listen": {"port": 6379}, "kind": {"forward": forward}}]}
    request = urllib.request.Request(url, json.dumps(table).encode(), {"Authorization": f"Bearer {TOKEN}"}, method="PUT")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PUSH_DEADLINE_S
    while True:
        try:
            direct.open(request, timeout=5).close()
            return
        except (ConnectionError, TimeoutError, urllib.error.URLError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError("the router does not take its route") from error
            time.sleep(0.05)


def address(name: str) -> str:
    return docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", name).strip()


def process_id(name: str) -> int:
    return int(docker("inspect", "--format", "{{.State.Pid}}", name))


def processor_s(process: int) -> float:
    """Seconds of user and system time so far."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * TICK_S
