"""DescribeCacheClusters of 30 cache clusters with their nodes, next to moto's server.

wrk keeps 8 connections busy, first against one server, then against the other, several times. Both hold the same 30 records, made through boto3;
both must answer 200 with all 30 before and after. Ours runs on simulated containers: a describe reads the database and touches no container, so the
answer's path is the same as with Docker.
"""

import os
import re
import statistics
import subprocess
from pathlib import Path

import boto3

from findings import Finding
from machine import need_wrk
from servers import Cacheplane, Client, Moto, authorization, form

CLUSTERS = 30
CONNECTIONS = 8
GOAL_RATIO = 100


def measure(binary: Path, work: Path, quick: bool) -> list[Finding]:
    need_wrk()
    rounds, seconds = (1, 2) if quick else (3, 5)
    ours, moto = [], []
    with Cacheplane(binary, work / "describe", "simulated") as cacheplane, Moto(work / "moto.log") as peer:
        for server in (cacheplane, peer):
            fill(server.port)
            check(server.port)
        Client(cacheplane.port).await_all_available(CLUSTERS)
        for _ in range(rounds):
            ours.append(load(cacheplane.port, seconds))
            moto.append(load(peer.port, seconds))
        for server in (cacheplane, peer):
            check(server.port)
    ratio = statistics.median(one["requests_per_s"] / other["requests_per_s"] for one, other in zip(ours, moto, strict=True))
    return [
        Finding(
            f"DescribeCacheClusters of {CLUSTERS}, requests per second over moto's",
            ratio,
            "times",
            GOAL_RATIO,
            at_most=False,
            lines=[f"cacheplane: {told(ours)}", f"moto: {told(moto)}", f"{rounds} x {seconds} s each, {CONNECTIONS} connections, in turn"],
        )
    ]


def fill(port: int) -> None:
    client = boto3.client(
        "elasticache",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="unused",
    )
    for index in range(CLUSTERS):
        client.create_cache_cluster(
            CacheClusterId=f"bench-{index:02}", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1
        )


def check(port: int) -> None:
    body = Client(port).call("DescribeCacheClusters", ShowCacheNodeInfo="true")
    found = body.count("<CacheClusterId>")
    if found != CLUSTERS:
        raise RuntimeError(f"the server on port {port} answers with {found} cache clusters, not {CLUSTERS}")


def load(port: int, seconds: int) -> dict[str, float]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    command += ["-s", str(Path(__file__).with_name("describe.lua")), f"http://127.0.0.1:{port}/"]
    environment = os.environ | {
        "BENCH_BODY": form("DescribeCacheClusters", ShowCacheNodeInfo="true"),
        "BENCH_AUTHORIZATION": authorization(),
    }
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"not every request was answered:\n{said}")
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", said).groups()
    return {
        "requests_per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        "latency_ms": float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit],
    }


def told(rounds: list[dict[str, float]]) -> str:
    rate = statistics.median(one["requests_per_s"] for one in rounds)
    latency = statistics.median(one["latency_ms"] for one in rounds)
    return f"{rate:,.0f} requests per second, median latency {latency:,.1f} ms"
