"""What it costs to watch a hundred nodes every second.

Real nodes: fifty replication groups of a primary and a replica, at rest, so that the watch asks each member every second as well as the collector, which
reads all that it has counted, and every ten seconds what its container uses. Measured is the processor time of our own process, in whole and
with nodes read once a minute for comparison.
"""

import time
from pathlib import Path

from findings import Finding
from servers import Cacheplane, Client

GROUPS = 50
MEASURED_S = 60
# After the last node is there, everything else has to come to rest.
REST_S = 15
GOAL_CORE_PERCENT = 10


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    groups, measured_s = (3, 10) if quick else (GROUPS, MEASURED_S)
    directory = work / "watching"
    with Cacheplane(binary, directory, "docker", router, options=["--metrics-interval", "1s"]) as server:
        client = Client(server.port)
        for index in range(groups):
            client.call(
                "CreateReplicationGroup",
                ReplicationGroupId=f"watched-{index:02}",
                ReplicationGroupDescription="watched",
                CacheNodeType="cache.t3.micro",
                NumCacheClusters=2,
                Engine="valkey",
            )
            # One after the other, as an engine that forks a hundred processes at once is slow.
            client.await_all_available(2 * (index + 1))
        every_second = share(server, measured_s)
        resident = server.resident_bytes()
        # The same nodes, read each minute, by the same program started anew.
        server.stop()
        server.options[-1] = "60s"
        server.start()
        server.await_answer()
        every_minute = share(server, measured_s)
    nodes = 2 * groups
    return [
        Finding(
            f"Processor time with {nodes} nodes read and watched every second",
            every_second,
            "% of one core",
            GOAL_CORE_PERCENT,
            lines=[
                f"read every minute, and watched every second: {every_minute:.1f} % of one core",
                f"resident memory {resident / 1e6:.0f} MB",
            ],
        )
    ]


def share(server: Cacheplane, measured_s: int) -> float:
    """Per cent of one core over some time."""
    time.sleep(REST_S)
    began, used = time.monotonic(), server.cpu_seconds()
    time.sleep(measured_s)
    return (server.cpu_seconds() - used) / (time.monotonic() - began) * 100
