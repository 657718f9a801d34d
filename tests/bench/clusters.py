"""A cluster of three node groups of two nodes, and slots that move to a fourth, next to what one has without us.

Made: from the API call until the group is `available` and every one of its six nodes says `cluster_state:ok` and knows the other five, and each of
the three replicas is in sync; next to six bare `docker run`s at once until all six answer PING, which are no cluster yet. They take turns.

Moved: the same data (100,000 keys of 100 bytes) in two clusters of the same shape, ours and one of bare containers that `redis-cli --cluster create`
made. A fourth node group is there in both and gets a quarter of the slots: by ModifyReplicationGroupShardConfiguration here, by
`redis-cli --cluster reshard` there, in turn. Both are watched the same way: the fourth primary is asked every 10 ms how many keys it holds, and the
time runs from the look before the first key to the one that sees the last. What ours does before that (two containers), and what
redis-cli does (it looks at the whole cluster), is not counted; the whole of both is told beside. Then the slots go back.
"""

import binascii
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import groups
import resp
from findings import Finding, milliseconds, paired_ratio
from machine import need_docker, need_program
from provisioning import PING, PROBE_DEADLINE_S, PROBE_PAUSE_S, Bare, Ours, await_answer, bare_network, take_turns
from resp import Way
from servers import Cacheplane, Client, docker

IMAGE = "redis:7.0"
NODE_GROUPS = 3
NODES = 2 * NODE_GROUPS
SLOTS = 16384
KEYS = 100_000
KEYS_QUICK = 10_000
VALUE = "v" * 100
ROUNDS = 5
CHUNK = 500
WATCH_PAUSE_S = 0.01
MOVE_DEADLINE_S = 300
# A primary that has given its last slot away would become a replica by itself, and could not be given slots again in the next round.
ENGINE = ("redis-server", "--cluster-enabled", "yes", "--protected-mode", "no", "--cluster-allow-replica-migration", "no")


def made(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker(IMAGE)
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    with bare_network() as network, Cacheplane(binary, work / "cluster", "docker", router) as server:
        ours, theirs = Ours(Client(server.port)), Bare(network)
        maker = Maker(ours.client)
        sides = {"cluster": maker.create, "bare": lambda: theirs.run(PING, NODES, IMAGE, "redis-server")}
        times = take_turns(sides, ours, theirs, 1 if quick else 10)
    return [
        Finding(
            f"create-replication-group of {NODE_GROUPS} node groups with a replica each until every node says that the cluster is ok, "
            f"over {NODES} docker runs at once until all answer",
            paired_ratio(times["cluster"], times["bare"]),
            "times",
            lines=[
                f"the cluster: {milliseconds(times['cluster'])}",
                f"{NODES} docker runs at once: {milliseconds(times['bare'])}; they are no cluster yet",
            ],
        )
    ]


class Maker:
    """Clusters by the API."""

    def __init__(self, client: Client):
        self.client, self.made = client, 0

    def create(self) -> float:
        self.made += 1
        began = time.monotonic()
        name = create(self.client, f"cluster-{self.made}")
        groups.await_available(self.client, name, began)
        nodes = endpoints(self.client, name)
        while not all(is_well(way) for way in nodes.values()):
            if time.monotonic() - began > PROBE_DEADLINE_S:
                raise RuntimeError("the cluster is not ok")
            time.sleep(PROBE_PAUSE_S)
        return time.monotonic() - began


def create(client: Client, name: str) -> str:
    client.call(
        "CreateReplicationGroup",
        ReplicationGroupId=name,
        ReplicationGroupDescription="measured",
        Engine="redis",
        EngineVersion="7.0",
        CacheNodeType="cache.t3.micro",
        NumNodeGroups=NODE_GROUPS,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled="true",
    )
    return name


def endpoints(client: Client, name: str) -> dict[str, Way]:
    """Where each member listens, by its id."""
    found = {}
    body = client.call("DescribeCacheClusters", ShowCacheNodeInfo="true", MaxRecords=100)
    for one in ElementTree.fromstring(body.replace(' xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"', "", 1)).iter("CacheCluster"):
        if one.findtext("ReplicationGroupId") == name and (at := one.find(".//CacheNode/Endpoint")) is not None:
            found[one.findtext("CacheClusterId")] = groups.way(at)
    return found


def is_well(way: Way, nodes: int = NODES) -> bool:
    """Whether a node finds the cluster in order, and a replica is in sync."""
    try:
        with resp.Connection(way, 2) as connection:
            cluster, replication = connection.ask(("CLUSTER", "INFO"), ("INFO", "replication"))
    except (OSError, resp.Refused):
        return False
    told = dict(line.split(":", 1) for line in (cluster + replication).splitlines() if ":" in line)
    is_in_sync = told["role"] == "master" or (told["master_link_status"], told["master_sync_in_progress"]) == ("up", "0")
    return told["cluster_state"] == "ok" and told["cluster_known_nodes"] == str(nodes) and is_in_sync


def moved(binary: Path, router: Path, work: Path, quick: bool) -> list[Finding]:
    need_docker(IMAGE)
    need_program(router, "make router-binary, or CACHEPLANE_ROUTER_BINARY=FILE")
    keys = KEYS_QUICK if quick else KEYS
    with bare_network() as network, Cacheplane(binary, work / "resharding", "docker", router) as server:
        ours, theirs = OurCluster(Client(server.port)), BareCluster(Bare(network))
        ours.fill(keys)
        theirs.fill(keys)
        found: dict[str, list[tuple[int, float, float]]] = {"ours": [], "theirs": []}
        for turn in range(1 if quick else ROUNDS):
            sides = {"ours": ours, "theirs": theirs}
            for name in list(sides) if turn % 2 else list(reversed(sides)):
                found[name].append(sides[name].move())
    speeds = {name: [count / took for count, took, _ in all] for name, all in found.items()}
    whole = {name: [whole for *_, whole in all] for name, all in found.items()}
    ratio = statistics.median(mine / other for mine, other in zip(speeds["ours"], speeds["theirs"], strict=True))
    line = "{}: median {:,.0f} keys per second ({:,.0f} to {:,.0f}, {} runs); the whole call, median {:,.1f} s"
    told = {
        name: line.format(title, statistics.median(all), min(all), max(all), len(all), statistics.median(whole[name]))
        for (name, all), title in zip(speeds.items(), ("cacheplane, which makes two nodes first", "redis-cli --cluster reshard"))
    }
    return [
        Finding(
            f"keys per second that move while a quarter of the slots go to a fourth node group ({keys:,} keys of {len(VALUE)} bytes), "
            "over redis-cli --cluster reshard",
            ratio,
            "times",
            1.0,
            at_most=False,
            lines=[told["ours"], told["theirs"], f"{found['ours'][-1][0]:,} keys moved each time"],
        )
    ]


class Filled:
    """A cluster with keys."""

    def primaries(self) -> list[tuple[Way, list[int]]]:
        raise NotImplementedError

    def fill(self, count: int) -> None:
        """So many keys, on whose slots they are."""
        owners = {}
        for way, slots in self.primaries():
            owners |= dict.fromkeys(slots, way)
        mine: dict[Way, list[str]] = {}
        for number in range(count):
            # CRC16 of the XMODEM kind, which is the cluster's.
            key = f"key:{number}"
            mine.setdefault(owners[binascii.crc_hqx(key.encode(), 0) % SLOTS], []).append(key)
        for way, keys in mine.items():
            with resp.Connection(way, 60) as connection:
                for start in range(0, len(keys), CHUNK):
                    connection.ask(*(("SET", key, VALUE) for key in keys[start : start + CHUNK]))

    def watch(self, way: Way, is_over) -> tuple[int, float]:
        """How many keys came to a node while something went on, and in what time."""
        deadline = time.monotonic() + MOVE_DEADLINE_S
        looks: list[tuple[float, int]] = [(time.monotonic(), 0)]
        with resp.Connection(way, 60) as connection:
            while True:
                over = is_over()
                [size] = connection.ask(("DBSIZE",))
                looks.append((time.monotonic(), size))
                if over:
                    break
                if time.monotonic() > deadline:
                    raise RuntimeError("the slots do not move")
                time.sleep(WATCH_PAUSE_S)
        last = looks[-1][1]
        began = max(at for at, size in looks if size == 0)
        ended = min(at for at, size in looks if size == last)
        return last, ended - began


def slots_of(way: Way) -> list[int]:
    """The slots that a node serves, as it says itself."""
    with resp.Connection(way, 5) as connection:
        [told] = connection.ask(("CLUSTER", "NODES"))
    [mine] = [line.split() for line in told.splitlines() if "myself" in line]
    slots = []
    for word in mine[8:]:
        first, _, last = word.partition("-")
        slots += range(int(first), int(last or first) + 1)
    return slots


class OurCluster(Filled):
    """By the API."""

    def __init__(self, client: Client):
        self.client = client
        self.name = create(client, "resharded")
        groups.await_available(client, self.name, time.monotonic())

    def primaries(self) -> list[tuple[Way, list[int]]]:
        found = [(way, slots_of(way)) for way in endpoints(self.client, self.name).values()]
        return [(way, slots) for way, slots in found if slots]

    def shards(self, count: int, **members: object) -> None:
        self.client.call(
            "ModifyReplicationGroupShardConfiguration",
            ReplicationGroupId=self.name,
            NodeGroupCount=count,
            ApplyImmediately="true",
            **members,
        )

    def is_available(self) -> bool:
        return groups.describe(self.client, self.name).findtext("Status") == "available"

    def move(self) -> tuple[int, float, float]:
        before = {one.findtext("NodeGroupId") for one in groups.describe(self.client, self.name).iter("NodeGroup")}
        members = set(endpoints(self.client, self.name))
        began = time.monotonic()
        self.shards(NODE_GROUPS + 1)
        while not (new := {name: way for name, way in endpoints(self.client, self.name).items() if name not in members and name.endswith("-001")}):
            time.sleep(WATCH_PAUSE_S)
        [way] = new.values()
        await_answer(*way, PING)
        count, took = self.watch(way, self.is_available)
        whole = time.monotonic() - began
        [added] = {one.findtext("NodeGroupId") for one in groups.describe(self.client, self.name).iter("NodeGroup")} - before
        self.shards(NODE_GROUPS, **{"NodeGroupsToRemove.NodeGroupToRemove.1": added})
        while not self.is_available():
            time.sleep(0.1)
        return count, took, whole


class BareCluster(Filled):
    """By docker run and redis-cli."""

    def __init__(self, bare: Bare):
        addresses = [str(next(bare.addresses)) for _ in range(NODES + 2)]

        def run(address: str) -> None:
            docker("run", "--detach", "--name", bare.container(address), "--network", bare.name, "--ip", address, IMAGE, *ENGINE)
            await_answer(address, 6379, PING)

        with ThreadPoolExecutor(len(addresses)) as pool:
            list(pool.map(run, addresses))
        ways = [f"{address}:6379" for address in addresses]
        self.first, self.new = ways[0], ways[NODES]
        self.cli("create", *ways[:NODES], "--cluster-replicas", "1", "--cluster-yes")
        self.await_nodes(addresses[:NODES], NODES)
        self.cli("add-node", self.new, self.first)
        self.await_nodes(addresses[: NODES + 1], NODES + 1)
        self.cli("add-node", ways[-1], self.first, "--cluster-slave", "--cluster-master-id", self.id_of(addresses[NODES]))
        self.await_nodes(addresses, NODES + 2)
        self.addresses = addresses

    def await_nodes(self, addresses: list[str], count: int) -> None:
        deadline = time.monotonic() + PROBE_DEADLINE_S
        while not all(is_well((address, 6379), count) for address in addresses):
            if time.monotonic() > deadline:
                raise RuntimeError("the bare cluster does not come")
            time.sleep(0.1)

    def cli(self, *words: str) -> None:
        docker("run", "--rm", "--network", "host", IMAGE, "redis-cli", "--cluster", *words)

    def id_of(self, address: str) -> str:
        with resp.Connection((address, 6379), 5) as connection:
            [told] = connection.ask(("CLUSTER", "MYID"))
        return told

    def primaries(self) -> list[tuple[Way, list[int]]]:
        found = [((address, 6379), slots_of((address, 6379))) for address in self.addresses]
        return [(way, slots) for way, slots in found if slots]

    def reshard(self, source: str, target: str, slots: int) -> None:
        self.cli(
            "reshard",
            self.first,
            *("--cluster-from", source, "--cluster-to", target, "--cluster-slots", str(slots), "--cluster-yes"),
        )

    def move(self) -> tuple[int, float, float]:
        others = [(self.id_of(way[0]), len(slots)) for way, slots in self.primaries()]
        address = self.new.split(":")[0]
        new = self.id_of(address)
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            going = pool.submit(self.reshard, "all", new, SLOTS // (NODE_GROUPS + 1))
            count, took = self.watch((address, 6379), going.done)
            going.result()
        whole = time.monotonic() - began
        left = {self.id_of(way[0]): len(slots) for way, slots in self.primaries()}
        for one, had in others:
            self.reshard(new, one, had - left[one])
        return count, took, whole
