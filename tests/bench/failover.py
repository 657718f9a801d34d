"""How long nobody can write when a primary is killed: `docker kill` of whoever is primary of a group of three, again and again.

A writer sends numbered SETs through the primary endpoint, each with WAIT 1, on one connection that it opens anew as soon as it fails. What counts is
the longest time between two acknowledged writes around each kill, the kill itself included: `docker kill` returns when the engine's process has
ended, and how long that takes on this machine is told beside it. The next kill comes when both replicas are in sync again. In the end all
acknowledged writes are read back.

`CACHEPLANE_KILLS` says how many kills there are.
"""

import contextlib
import math
import os
import re
import socket
import statistics
import threading
import time
from pathlib import Path

from findings import Finding
from machine import need_docker, need_program
from servers import Cacheplane, Client, docker

GOAL_MEDIAN_MS = 500
GOAL_P99_MS = 1000
NODES = 3
GROUP = "bench"
# The client's patience: a connection or an answer that takes longer is given up.
TIMEOUT_S = 0.25
WAIT_MS = 100
# Between two writes, and between two tries.
PAUSE_S = 0.002
LOOK_PAUSE_S = 0.05
SETTLE_DEADLINE_S = 120
# What is read back at once.
BATCH = 500


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker("redis:7.0")
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    kills = int(os.environ.get("CACHEPLANE_KILLS") or (5 if quick else 50))
    with Cacheplane(binary, work / "failover", "docker", router) as server:
        group = Group(Client(server.port), server.owner())
        writer = Writer(group.primary_endpoint())
        rounds = []
        with writer:
            for number in range(kills):
                group.await_recoveries(number)
                rounds.append(kill(group, writer))
            group.await_recoveries(kills)
        lost = writer.lost()
        group.delete()
    return findings(rounds, len(writer.acknowledged), len(lost))


def kill(group: "Group", writer: "Writer") -> tuple[float, float, float]:
    """Seconds without an acknowledged write, seconds of the kill, and seconds from its end to the next write."""
    writer.await_more(50)
    container = group.primary_container()
    began = time.monotonic()
    docker("kill", container)
    ended = time.monotonic()
    # What is acknowledged from here on was sent to the successor.
    writer.await_more(50)
    times_s = [at for at in list(writer.times_s) if at > began - 1]
    gap_s, until_s = max((after - before, after) for before, after in zip(times_s, times_s[1:]))
    return gap_s, ended - began, max(0.0, until_s - ended)


def findings(rounds: list[tuple[float, float, float]], acknowledged: int, lost: int) -> list[Finding]:
    gaps_s, kills_s, rests_s = (list(column) for column in zip(*rounds))
    return [
        Finding(
            "longest gap between acknowledged writes when a primary is killed, median",
            statistics.median(gaps_s) * 1e3,
            "ms",
            GOAL_MEDIAN_MS,
            lines=[
                f"the gap: {distribution(gaps_s)}",
                f"docker kill itself: {distribution(kills_s)}",
                f"from its end to the next acknowledged write: {distribution(rests_s)}",
            ],
        ),
        Finding("the same, 99th percentile", percentile(gaps_s, 99) * 1e3, "ms", GOAL_P99_MS),
        Finding("acknowledged writes that were lost", lost, "", 0, lines=[f"of {acknowledged:,} acknowledged ones"]),
    ]


def percentile(times_s: list[float], share: int) -> float:
    """The smallest that so many of a hundred do not exceed."""
    return sorted(times_s)[math.ceil(len(times_s) * share / 100) - 1]


def distribution(times_s: list[float]) -> str:
    shares = ", ".join(f"p{share} {percentile(times_s, share) * 1e3:,.0f}" for share in (90, 99))
    low, middle, high = min(times_s), statistics.median(times_s), max(times_s)
    return f"median {middle * 1e3:,.0f} ms, {shares}, {low * 1e3:,.0f} to {high * 1e3:,.0f} ({len(times_s)} kills)"


class Group:
    """A replication group by the API."""

    def __init__(self, client: Client, owner: str):
        self.client, self.owner = client, owner
        client.call(
            "CreateReplicationGroup",
            ReplicationGroupId=GROUP,
            ReplicationGroupDescription="measured",
            Engine="redis",
            CacheNodeType="cache.t3.micro",
            NumCacheClusters=NODES,
            AutomaticFailoverEnabled="true",
        )
        until("the group is available", lambda: "<Status>available</Status>" in self.describe())

    def describe(self) -> str:
        return self.client.call("DescribeReplicationGroups", ReplicationGroupId=GROUP)

    def primary_endpoint(self) -> tuple[str, int]:
        found = re.search(
            r"<PrimaryEndpoint>.*?<Address>([^<]+)</Address>\s*<Port>(\d+)</Port>.*?</PrimaryEndpoint>", self.describe(), re.DOTALL
        )
        return found[1], int(found[2])

    def primary_container(self) -> str:
        members = re.findall(r"<NodeGroupMember>.*?</NodeGroupMember>", self.describe(), re.DOTALL)
        [primary] = [member for member in members if "<CurrentRole>primary<" in member]
        name = re.search("<CacheClusterId>([^<]+)<", primary)[1]
        filters = [f"label=io.cacheplane.owner={self.owner}", f"label=io.cacheplane.resource={name}"]
        [container] = docker("ps", "--quiet", *[word for one in filters for word in ("--filter", one)]).split()
        return container

    def await_recoveries(self, count: int) -> None:
        """Until so many lost nodes are back: only those that are in sync again count as that."""
        until(f"{count} nodes are back", lambda: self.recoveries() >= count)

    def recoveries(self) -> int:
        marker, found = {}, 0
        while True:
            body = self.client.call("DescribeEvents", SourceType="cache-cluster", MaxRecords=100, **marker)
            found += body.count("Finished recovery for cache nodes")
            more = re.search(r"<Marker>([^<]+)</Marker>", body)
            if not more:
                return found
            marker = {"Marker": more[1]}

    def delete(self) -> None:
        self.client.call("DeleteReplicationGroup", ReplicationGroupId=GROUP)
        gone = "DescribeReplicationGroups"
        until("the group is gone", lambda: self.client.try_call(gone, ReplicationGroupId=GROUP)[0] == 404)


def until(what: str, look) -> None:
    deadline = time.monotonic() + SETTLE_DEADLINE_S
    while not look():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {SETTLE_DEADLINE_S} s: {what}")
        time.sleep(LOOK_PAUSE_S)


class Writer(threading.Thread):
    """Writes until it is left."""

    def __init__(self, endpoint: tuple[str, int]):
        super().__init__(daemon=True)
        self.endpoint = endpoint
        self.acknowledged: list[int] = []
        self.times_s: list[float] = []
        self._ended = threading.Event()

    def __enter__(self) -> "Writer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        number, connection = 0, None
        while not self._ended.is_set():
            number += 1
            try:
                connection = connection or Connection(self.endpoint)
                stored, reached = connection.ask(f"SET number:{number} {number}", f"WAIT 1 {WAIT_MS}")
                if stored == "+OK" and int(reached.removeprefix(":")) >= 1:
                    self.times_s.append(time.monotonic())
                    self.acknowledged.append(number)
            except (OSError, ValueError):
                if connection:
                    connection.close()
                connection = None
            time.sleep(PAUSE_S)

    def await_more(self, count: int) -> None:
        goal = len(self.acknowledged) + count
        until("writes are acknowledged", lambda: len(self.acknowledged) >= goal)

    def lost(self) -> list[int]:
        lost = []
        with contextlib.closing(Connection(self.endpoint, timeout_s=30)) as connection:
            for start in range(0, len(self.acknowledged), BATCH):
                numbers = self.acknowledged[start : start + BATCH]
                # Tells the number in one line; one that is not there counts as 0.
                answers = connection.ask(*[f"INCRBY number:{number} 0" for number in numbers])
                lost += [number for number, answer in zip(numbers, answers) if answer != f":{number}"]
        return lost


class Connection:
    """Commands in line, answers of one line each."""

    def __init__(self, endpoint: tuple[str, int], timeout_s: float = TIMEOUT_S):
        self._socket = socket.create_connection(endpoint, timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, *commands: str) -> list[str]:
        self._socket.sendall("".join(f"{command}\r\n" for command in commands).encode())
        while self._rest.count(b"\r\n") < len(commands):
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionResetError("the server has closed the connection")
            self._rest += more
        *lines, self._rest = self._rest.split(b"\r\n", len(commands))
        return [line.decode() for line in lines]

    def close(self) -> None:
        self._socket.close()
