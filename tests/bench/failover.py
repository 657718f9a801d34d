"""How long writes stop when the primary of a replication group is killed.

One client sends numbered writes through the primary endpoint, each with `WAIT 1`: acknowledged is what a replica has, too. Whoever is primary is
killed by `docker kill`, again and again. A gap is the longest time between two acknowledged writes around a kill. The next kill comes when the API
has told that the lost node is back and both replicas are in sync, since a replica that still reads its data acknowledges nothing. The client waits
at most 100 ms for a connection or an answer, then connects anew: whatever is longer is the service's.

`docker kill` returns when the Docker Engine has taken the container apart; before that it neither tells what has become of the container nor lets
go of its addresses. Its `die` event comes somewhat earlier. Both are told beside the gap: what comes after the call's return is ours (and what is left
of the client's 100 ms), and where it is below zero, writes went on before the call returned.

Every acknowledged write must be there in the end; one that is not fails the run. `CACHEPLANE_KILLS` says how many kills there are in each mode.
"""

import contextlib
import math
import os
import re
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import groups
import resp
from findings import Finding
from machine import need_docker, need_program
from resp import Way
from servers import OWNER_LABEL, Cacheplane, Client, docker

IMAGE = "redis:7.0"
NODES = 3
MEMBER_LABEL = "io.cacheplane.resource"
GOAL_MEDIAN_MS = 500
GOAL_P99_MS = 1000
# Kills in each endpoint mode.
KILLS = {"network": 50, "published": 15}
KILLS_QUICK = {"network": 4, "published": 2}
CLIENT_TIMEOUT_S = 0.1
WAIT_MS = 50
# Between two writes, and between two tries where nobody answers.
PAUSE_S = 0.001
RETRY_PAUSE_S = 0.003
# Writes that are acknowledged before the next kill.
WRITES = 100
SETTLE_DEADLINE_S = 60
SETTLE_PAUSE_S = 0.05
CHUNK = 1000


@dataclass
class Kill:
    """What one kill came to, in seconds."""

    gap_s: float
    # How long the call took.
    call_s: float
    # From the last acknowledged write to the engine's event.
    to_event_s: float
    # From the call's return to the first acknowledged write.
    from_return_s: float


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker(IMAGE)
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    found = []
    for mode, usual in (KILLS_QUICK if quick else KILLS).items():
        kills = int(os.environ.get("CACHEPLANE_KILLS", usual))
        with Cacheplane(binary, work / f"failover-{mode}", "docker", router, mode) as server:
            victim = Victim(server)
            with Writer(victim.primary_endpoint) as writer:
                measured = [victim.kill_primary(writer) for _ in range(kills)]
            count = writer.count_after_check()
        found += findings(mode, measured, count)
    return found


class Victim:
    """A replication group that loses its primary again and again."""

    def __init__(self, server: Cacheplane):
        self.client, self.owner = Client(server.port), server.owner()
        self.name = groups.create(self.client, "failover", NODES)
        group = groups.await_available(self.client, self.name, time.monotonic())
        self.primary_endpoint = groups.endpoint(group, "PrimaryEndpoint")
        self.losses: dict[str, int] = dict.fromkeys(groups.members(group), 0)

    def kill_primary(self, writer: "Writer") -> Kill:
        former = self.await_order()
        writer.await_more(WRITES)
        labels = (f"label={OWNER_LABEL}={self.owner}", f"label={MEMBER_LABEL}={former}")
        [container] = docker("ps", "--quiet", "--no-trunc", *(word for label in labels for word in ("--filter", label))).split()
        before = len(writer.acknowledged_at)
        began, began_clock = time.monotonic(), time.time()
        docker("kill", container)
        returned = time.monotonic()
        self.losses[former] += 1
        if self.await_order() == former:
            raise RuntimeError(f"{former} is primary again, and nobody took over")
        writer.await_more(WRITES)
        # From the last write before the kill on; so every gap that the kill can have made is among these.
        times = writer.acknowledged_at[max(before - 1, 0) :]
        last, first = max(zip(times, times[1:]), key=lambda pair: pair[1] - pair[0])
        died = began + died_at(container, began_clock) - began_clock
        return Kill(gap_s=first - last, call_s=returned - began, to_event_s=died - last, from_return_s=first - returned)

    def await_order(self) -> str:
        """Until the API has told of every return, and the engines say that all replicas are in sync; answers with who is primary."""
        deadline = time.monotonic() + SETTLE_DEADLINE_S
        while True:
            group = groups.describe(self.client, self.name)
            told = groups.members(group)
            primaries = [name for name, (role, _) in told.items() if role == "primary"]
            is_in_order = (
                group.findtext("Status") == "available"
                and len(told) == NODES
                and len(primaries) == 1
                and all(self.returns(name) == count for name, count in self.losses.items())
                and groups.are_in_sync(self.primary_endpoint, told)
            )
            if is_in_order:
                return primaries[0]
            if time.monotonic() > deadline:
                raise RuntimeError(f"the replication group does not come back into order: {told}")
            time.sleep(SETTLE_PAUSE_S)

    def returns(self, member: str) -> int:
        """How often the API has told that a member is back."""
        marker, found = {}, 0
        while True:
            body = self.client.call("DescribeEvents", SourceType="cache-cluster", SourceIdentifier=member, MaxRecords=100, **marker)
            found += body.count("Finished recovery for cache nodes")
            more = re.search(r"<Marker>([^<]+)</Marker>", body)
            if not more:
                return found
            marker = {"Marker": more[1]}


class Writer:
    """As a context, writes all the while."""

    def __init__(self, way: Way):
        self.way = way
        self.acknowledged: list[int] = []
        self.acknowledged_at: list[float] = []
        self.sent = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.write)

    def write(self) -> None:
        while not self.ended.is_set():
            # One that is refused is a primary no more, or not yet: the next connection may lead to another.
            with contextlib.suppress(OSError, resp.Refused), resp.Connection(self.way, CLIENT_TIMEOUT_S) as connection:
                while not self.ended.is_set():
                    self.write_one(connection)
                    time.sleep(PAUSE_S)
            time.sleep(RETRY_PAUSE_S)

    def write_one(self, connection: resp.Connection) -> None:
        self.sent += 1
        _, replicas = connection.ask(("SET", f"number:{self.sent}", self.sent), ("WAIT", 1, WAIT_MS))
        if replicas >= 1:
            # In this order: whoever counts the times has their numbers, too.
            self.acknowledged.append(self.sent)
            self.acknowledged_at.append(time.monotonic())

    def await_more(self, count: int) -> None:
        goal = len(self.acknowledged_at) + count
        deadline = time.monotonic() + SETTLE_DEADLINE_S
        while len(self.acknowledged_at) < goal:
            if time.monotonic() > deadline or not self.thread.is_alive():
                raise RuntimeError("writes are not acknowledged")
            time.sleep(0.01)

    def count_after_check(self) -> int:
        """How many writes were acknowledged, all of which must be there."""
        lost = []
        with resp.Connection(self.way, timeout_s=10) as connection:
            for start in range(0, len(self.acknowledged), CHUNK):
                numbers = self.acknowledged[start : start + CHUNK]
                [values] = connection.ask(("MGET", *(f"number:{number}" for number in numbers)))
                lost += [number for number, value in zip(numbers, values, strict=True) if value != str(number)]
        if lost:
            raise RuntimeError(f"{len(lost)} of {len(self.acknowledged)} acknowledged writes are lost, the first of them number {lost[0]}")
        return len(self.acknowledged)

    def __enter__(self) -> "Writer":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def died_at(container: str, since: float) -> float:
    """When the container engine told that the container died: the first time since then, by the engine's clock, which is this machine's."""
    window = ("--since", f"{since:.6f}", "--until", f"{time.time():.6f}")
    asked = ("docker", "events", *window, "--filter", f"container={container}", "--filter", "event=die", "--format", "{{.TimeNano}}")
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    if not told:
        raise RuntimeError("the container engine did not tell of the death")
    return int(told[0]) / 1e9


def findings(mode: str, kills: list[Kill], writes: int) -> list[Finding]:
    gaps = sorted(kill.gap_s for kill in kills)
    median = statistics.median(gaps)
    call, to_event, from_return = (
        statistics.median(getattr(kill, part) for kill in kills) for part in ("call_s", "to_event_s", "from_return_s")
    )
    title = f"{len(kills)} kills of the primary, {mode} mode: the longest time without an acknowledged write"
    lines = [
        f"median {median * 1e3:,.0f} ms, 90 of 100 within {percentile(gaps, 90) * 1e3:,.0f} ms, "
        f"99 of 100 within {percentile(gaps, 99) * 1e3:,.0f} ms, longest {gaps[-1] * 1e3:,.0f} ms, shortest {gaps[0] * 1e3:,.0f} ms",
        f"all: {', '.join(f'{gap * 1e3:.0f}' for gap in gaps)} ms",
        f"the median is {median / call:.2f} times that of the `docker kill` calls themselves, {call * 1e3:,.0f} ms",
        f"from the last write until the engine told of the death, median {to_event * 1e3:,.0f} ms; "
        f"from the return of the call until the next write, median {from_return * 1e3:,.0f} ms",
        f"{writes:,} acknowledged writes, none lost",
    ]
    return [
        Finding(f"{title}, median", median * 1e3, "ms", GOAL_MEDIAN_MS, lines=lines),
        Finding(f"{title}, 99th percentile", percentile(gaps, 99) * 1e3, "ms", GOAL_P99_MS),
    ]


def percentile(ordered: list[float], percent: int) -> float:
    """The smallest of them that so many of a hundred do not exceed."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
