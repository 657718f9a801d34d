"""A snapshot of a Redis node, next to what a person does by hand: `BGSAVE`, a wait until it is done, and `docker cp` of the file.

Both nodes hold the same data: strings of a megabyte of random hexadecimal digits. The snapshot is measured from CreateSnapshot until it is
`available`, which is when the file is checked, brought to the disk and in its place; DescribeSnapshots is called every 10 ms. The copy by hand
is measured until `docker cp` has ended, and brought to the disk as well (`sync` of the file): what is in the page cache alone is no backup. Both take turns in one run.
"""

import os
import re
import secrets
import statistics
import subprocess
import time
from pathlib import Path

import resp
from findings import Finding, paired_ratio
from machine import need_docker, need_program
from provisioning import DESCRIBE_PAUSE_S, PING, Bare, Ours, bare_network
from servers import Cacheplane, Client

KEY_BYTES = 1 << 20
KEYS = 512
SAVE_PAUSE_S = 0.01


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker("redis:7.0")
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    keys, rounds = (32, 1) if quick else (KEYS, 5)
    with bare_network() as network, Cacheplane(binary, work / "snapshots", "docker", router) as server:
        ours, theirs = Ours(Client(server.port)), Bare(network)
        try:
            ours.create(PING, Engine="redis", NumCacheNodes=1, EngineVersion="7.0")
            theirs.run(PING, 1, "redis:7.0", "redis-server")
            body = ours.client.call("DescribeCacheClusters", CacheClusterId="bench-1", ShowCacheNodeInfo="true")
            nodes = re.search(r"<CacheNodes>.*</CacheNodes>", body, re.DOTALL)[0]
            host, port = re.search(r"<Address>([^<]+)</Address>\s*<Port>(\d+)</Port>", nodes).groups()
            [container] = theirs.made
            bare = inspect(container), 6379
            ours.client.call("ModifyCacheCluster", CacheClusterId="bench-1", ApplyImmediately="true", CacheNodeType="cache.m5.large")
            await_available(ours.client)
            for way in ((host, int(port)), bare):
                fill(way, keys)
            before, high = server.resident_bytes(), 0
            times: dict[str, list[float]] = {"snapshot": [], "by hand": []}
            sizes = []
            for number in range(rounds + 1):
                snapshot_s, seen = snapshot(ours.client, server, f"shot-{number}")
                hand_s, size = by_hand(container, bare, work / "dump.rdb")
                high = max(high, seen)
                # The first is not counted.
                if number:
                    times["snapshot"].append(snapshot_s)
                    times["by hand"].append(hand_s)
                    sizes.append(size)
        finally:
            theirs.remove_all()
    megabytes = statistics.median(sizes) / 1e6
    rate = {name: megabytes / statistics.median(values) for name, values in times.items()}
    return [
        Finding(
            f"MB/s of a snapshot of {megabytes:,.0f} MB, over BGSAVE and docker cp",
            1 / paired_ratio(times["snapshot"], times["by hand"]),
            "times",
            lines=[
                f"cacheplane: {rate['snapshot']:,.0f} MB/s, median of {rounds} runs; checked twice (CRC-64, SHA-256) and on the disk",
                f"by hand: {rate['by hand']:,.0f} MB/s",
                f"resident memory at most {(high - before) / 1e6:,.0f} MB above what it was before the first",
            ],
        )
    ]


def inspect(container: str) -> str:
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return subprocess.run(["docker", "inspect", "--format", form, container], capture_output=True, text=True, check=True).stdout.strip()


def await_available(client: Client) -> None:
    while "<CacheClusterStatus>available<" not in client.call("DescribeCacheClusters", CacheClusterId="bench-1"):
        time.sleep(DESCRIBE_PAUSE_S)


def fill(way: resp.Way, keys: int) -> None:
    with resp.Connection(way, 60) as connection:
        for number in range(keys):
            connection.ask(("SET", f"key:{number}", secrets.token_hex(KEY_BYTES // 2)))


def snapshot(client: Client, server: Cacheplane, name: str) -> tuple[float, int]:
    """How long it takes, and how much memory the program has at the highest meanwhile."""
    began, high = time.monotonic(), 0
    client.call("CreateSnapshot", CacheClusterId="bench-1", SnapshotName=name)
    while True:
        body = client.call("DescribeSnapshots", SnapshotName=name)
        high = max(high, server.resident_bytes())
        if "<SnapshotStatus>available<" in body:
            took = time.monotonic() - began
            break
        if "<SnapshotStatus>creating<" not in body:
            raise RuntimeError(f"the snapshot does not come: {body}")
        time.sleep(DESCRIBE_PAUSE_S)
    client.call("DeleteSnapshot", SnapshotName=name)
    return took, high


def by_hand(container: str, way: resp.Way, target: Path) -> tuple[float, int]:
    """How long it takes, and how large the file is."""
    with resp.Connection(way, 60) as connection:
        [before] = connection.ask(("LASTSAVE",))
        while int(time.time()) <= before:
            time.sleep(SAVE_PAUSE_S)
        began = time.monotonic()
        connection.ask(("BGSAVE",))
        while connection.ask(("LASTSAVE",)) == [before]:
            time.sleep(SAVE_PAUSE_S)
    subprocess.run(["docker", "cp", f"{container}:/data/dump.rdb", target], check=True, stdout=subprocess.DEVNULL)
    with open(target, "rb") as file:
        os.fsync(file.fileno())
    took = time.monotonic() - began
    size = target.stat().st_size
    target.unlink()
    return took, size
