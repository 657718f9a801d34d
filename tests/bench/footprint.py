"""What 1,000 cache clusters cost while nothing happens, and how long a start on their database takes.

On simulated containers, which are kept in the process itself, so its memory holds more than it would with Docker. Memory is the highest of many
looks in twelve seconds, in which each reconciler wakes and pages of records are described. A start is measured from just before `exec` to the
first describe that is answered, on a fresh copy of the database each time.
"""

import shutil
import statistics
import time
from pathlib import Path

from findings import Finding, milliseconds
from servers import Cacheplane, Client

# An account has at most 300 nodes in a region.
PER_ACCOUNT = 250
WATCH_S = 12
GOAL_RESIDENT_MB = 60
GOAL_START_MS = 200


def measure(binary: Path, work: Path, quick: bool) -> list[Finding]:
    accounts = [f"{number:012}" for number in range(1, 2 if quick else 5)]
    starts = 3 if quick else 9
    clusters = PER_ACCOUNT * len(accounts)
    kept = work / "start-pristine"
    with Cacheplane(binary, work / "memory", "simulated") as server:
        fresh = server.resident_bytes()
        clients = [Client(server.port, account) for account in accounts]
        fill(clients)
        resident = watch(server, clients)
        server.stop()
        shutil.copytree(server.directory, kept)
    times = [start(binary, kept, work / "start") for _ in range(starts)]
    shutil.rmtree(kept)
    title = f"with {clusters:,} cache clusters"
    return [
        Finding(
            f"Resident memory {title}",
            max(resident) / 1e6,
            "MB",
            GOAL_RESIDENT_MB,
            lines=[
                f"just started {fresh / 1e6:.0f} MB, afterwards {min(resident) / 1e6:.0f} to {max(resident) / 1e6:.0f} MB",
            ],
        ),
        Finding(
            f"From exec to the first answer {title}",
            statistics.median(times) * 1e3,
            "ms",
            GOAL_START_MS,
            lines=[milliseconds(times)],
        ),
    ]


def fill(clients: list[Client]) -> None:
    for client in clients:
        for index in range(PER_ACCOUNT):
            client.call(
                "CreateCacheCluster",
                CacheClusterId=f"bench-{index:03}",
                Engine="redis",
                CacheNodeType="cache.t3.micro",
                NumCacheNodes=1,
            )
    for client in clients:
        client.await_all_available(PER_ACCOUNT)


def watch(server: Cacheplane, clients: list[Client]) -> list[int]:
    resident, end = [], time.monotonic() + WATCH_S
    while time.monotonic() < end:
        for client in clients:
            client.call("DescribeCacheClusters", ShowCacheNodeInfo="true", MaxRecords=100)
            resident.append(server.resident_bytes())
        time.sleep(0.1)
    return resident


def start(binary: Path, kept: Path, directory: Path) -> float:
    """On a copy: simulated containers are gone after a start, and what reconcilers write then is not to pile up."""
    shutil.copytree(kept, directory)
    server = Cacheplane(binary, directory, "simulated")
    began = time.monotonic()
    server.start()
    try:
        server.await_answer()
        return time.monotonic() - began
    finally:
        server.stop()
        shutil.rmtree(directory)
