"""A new replication group of three nodes, from the API call until it does all that it is for, next to one new cache cluster of one node.

The group is there when its primary endpoint answers a SET, its primary counts two replicas that are online, and both replicas say that their link is up;
endpoints are told when the group is `available`, so DescribeReplicationGroups is called every 10 ms until then. The one node is there when it answers
PING, taken as in provisioning.py. Three containers cost the engine more than one: so the same of bare `docker run`, three at once over one, is told, too.
All take turns in one run.
"""

import re
import statistics
import time
from pathlib import Path
from xml.etree import ElementTree

import resp
from findings import Finding, milliseconds, paired_ratio
from machine import need_docker, need_program
from provisioning import DESCRIBE_PAUSE_S, PING, PROBE_DEADLINE_S, PROBE_PAUSE_S, Bare, Ours, Question, await_answer, bare_network, take_turns
from resp import Way
from servers import Cacheplane, Client

NODES = 3
GOAL_RATIO = 1.5
SET: Question = (b"SET bench 1\r\n", b"+OK")


def measure(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker("redis:7.0")
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    with bare_network() as network, Cacheplane(binary, work / "group", "docker", router) as server:
        ours, theirs = Ours(Client(server.port)), Bare(network)
        groups = Groups(ours.client)
        # The first is not counted.
        available_s: list[float] = []
        sides = {
            "group": lambda: groups.create(available_s),
            "node": lambda: ours.create(PING, Engine="redis", NumCacheNodes=1),
            "three": lambda: theirs.run(PING, NODES, "redis:7.0", "redis-server"),
            "one": lambda: theirs.run(PING, 1, "redis:7.0", "redis-server"),
        }
        times = take_turns(sides, ours, theirs, 2 if quick else 15)
    bare = paired_ratio(times["three"], times["one"])
    return [
        Finding(
            f"create-replication-group of {NODES} nodes until it takes writes and both replicas are in sync, over create-cache-cluster until PONG",
            paired_ratio(times["group"], times["node"]),
            "times",
            GOAL_RATIO,
            lines=[
                f"the replication group: {milliseconds(times['group'])}; it was told to be available after {statistics.median(available_s[1:]) * 1e3:,.0f} ms",
                f"the cache cluster: {milliseconds(times['node'])}",
                f"{NODES} docker runs at once until all answer: {milliseconds(times['three'])}",
                f"one docker run: {milliseconds(times['one'])}; {NODES} at once take {bare:.2f} times as long as one",
                f"the replication group over {NODES} docker runs at once: {paired_ratio(times['group'], times['three']):.2f} times",
            ],
        )
    ]


class Groups:
    """Replication groups by the API."""

    def __init__(self, client: Client):
        self.client, self.made = client, 0

    def create(self, available_s: list[float]) -> float:
        self.made += 1
        began = time.monotonic()
        name = create(self.client, f"group-{self.made}", NODES)
        group = await_available(self.client, name, began)
        available_s.append(time.monotonic() - began)
        primary = endpoint(group, "PrimaryEndpoint")
        await_answer(*primary, SET)
        deadline = began + PROBE_DEADLINE_S
        while not are_in_sync(primary, members(group)):
            if time.monotonic() > deadline:
                raise RuntimeError("the replicas are not in sync")
            time.sleep(PROBE_PAUSE_S)
        return time.monotonic() - began


def create(client: Client, name: str, nodes: int) -> str:
    """Asks for a replication group, and does not wait for it."""
    client.call(
        "CreateReplicationGroup",
        ReplicationGroupId=name,
        ReplicationGroupDescription="measured",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=nodes,
        AutomaticFailoverEnabled="true" if nodes > 1 else "false",
    )
    return name


def describe(client: Client, name: str) -> ElementTree.Element:
    body = client.call("DescribeReplicationGroups", ReplicationGroupId=name)
    answer = ElementTree.fromstring(re.sub(' xmlns="[^"]+"', "", body, count=1))
    return answer.find(".//ReplicationGroup")


def await_available(client: Client, name: str, began: float) -> ElementTree.Element:
    """The group once it is available; looks every 10 ms."""
    while (status := (group := describe(client, name)).findtext("Status")) != "available":
        if status != "creating" or time.monotonic() - began > PROBE_DEADLINE_S:
            raise RuntimeError(f"the replication group does not come: {ElementTree.tostring(group).decode()}")
        time.sleep(DESCRIBE_PAUSE_S)
    return group


def endpoint(group: ElementTree.Element, name: str) -> Way:
    """PrimaryEndpoint or ReaderEndpoint."""
    return way(group.find(f"NodeGroups/NodeGroup/{name}"))


def way(told: ElementTree.Element) -> Way:
    return told.findtext("Address"), int(told.findtext("Port"))


def members(group: ElementTree.Element) -> dict[str, tuple[str, Way]]:
    """Role and address of each member, by its id."""
    return {
        one.findtext("CacheClusterId"): (one.findtext("CurrentRole"), way(one.find("ReadEndpoint")))
        for one in group.iter("NodeGroupMember")
    }


def are_in_sync(primary: Way, told: dict[str, tuple[str, Way]]) -> bool:
    """Whether the engine at the primary endpoint counts all others as its replicas, and each of these says the same."""
    try:
        counted = resp.replication(primary)
        replicas = [resp.replication(way) for role, way in told.values() if role == "replica"]
    except (OSError, resp.Refused):
        return False
    online = [value for name, value in counted.items() if re.fullmatch(r"slave\d+", name) and "state=online" in value]
    return (
        counted["role"] == "master"
        and len(online) == len(replicas) == len(told) - 1
        and all(one["role"] == "slave" and one["master_link_status"] == "up" and one["master_sync_in_progress"] == "0" for one in replicas)
    )
