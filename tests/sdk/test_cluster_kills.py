"""Clusters whose nodes are killed, or whose control plane is, under programs that go on."""

import random
import time

import pytest

import patience
from cluster import Cluster, resharding
from container_host import docker
from customers import WaitingCliCustomer, WaitingRustCustomer, WaitingWriter
from replication import connection

# Within which each client writes again after a kill: an election takes seconds, and until it is over, or longer, clients ask the dead node.
SERVED_AGAIN_S = 60


def test_every_primary_is_killed(ours):
    """One after the other, while three clients have each write acknowledged by a replica: none is lost, and each node comes back as a replica.

    Clients as they come give up sooner than an election takes, so errors do come through: `Connection refused` of the `redis` crate, after
    16 tries at the address that its map has, and of redis-cli, which is begun anew for each write. redis-py's own are not looked at: this
    writer makes a client anew after each. What holds for all three is that nothing that was acknowledged is lost, and that they are served
    again within a bound; the crate's client is the same all the time.
    """
    group = Cluster(ours, EngineVersion="7.0")
    group.settled()
    with WaitingWriter(group) as writer, WaitingRustCustomer(group) as rust, WaitingCliCustomer(group) as cli:
        for customer in (writer, rust, cli):
            customer.go_on(20)
        for node_group, lost in group.primaries().items():
            group.kill(lost)
            killed_at = time.monotonic()
            for customer in (writer, rust, cli):
                customer.go_on(20)
            assert time.monotonic() - killed_at < SERVED_AGAIN_S
            patience.until("it has come back", lambda: group.recovered(lost) == 1)
            group.settled()
            assert group.primaries()[node_group] != lost
        for customer in (writer, rust, cli):
            customer.go_on(20)
            customer.end()
    print("acknowledged:", len(writer.acknowledged), rust.done, cli.done)
    for customer in (rust, cli):
        print(f"errors: {len(customer.errors)}", customer.errors[:3])
        customer.assert_right()
    writer.assert_nothing_lost()
    assert group.failovers() == [(f"{group.id}-{one}-001", f"{group.id}-{one}-002") for one in ("0001", "0002", "0003")]
    group.delete()


@pytest.mark.thorough
@pytest.mark.parametrize("engine, version", [("redis", "6.2"), ("valkey", "8.1"), ("valkey", "9.0")])
def test_a_primary_is_killed_on_other_engines(ours, engine, version):
    group = Cluster(ours, Engine=engine, EngineVersion=version)
    group.settled()
    lost = group.primaries()["0002"]
    with WaitingWriter(group) as writer:
        writer.go_on()
        group.kill(lost)
        patience.until("it has come back", lambda: group.recovered(lost) == 1)
        writer.go_on()
        group.settled()
        writer.end()
    writer.assert_nothing_lost()
    assert group.failovers() == [(lost, f"{group.id}-0002-002")]
    group.delete()


MORE, FEWER = (3, {}), (2, {"NodeGroupsToRemove": ["0001"]})


# Moments after the resharding was asked for: new node groups are made, slots move, node groups without slots are let go.
@pytest.mark.parametrize(
    "changes, kills, victims",
    [
        pytest.param([MORE], 1, 1, id="once"),
        pytest.param([MORE, FEWER], 2, 2, id="again and again", marks=[pytest.mark.thorough, pytest.mark.timeout(900)]),
    ],
)
def test_killed_while_slots_move(start_plane, changes, kills, victims):
    """The control plane `kills` times in each change, and a node with the first `victims` of them: all settles, no key is lost or doubled."""
    plane = start_plane()
    group = Cluster(plane, 2, 1, EngineVersion="7.0")
    group.settled()
    keys = {f"key:{number}": str(number) for number in range(3000)}
    with group.client() as client:
        client.mset_nonatomic(keys)
        # So that a node that is killed has them whatever its last file was.
        for node in client.get_primaries():
            assert client.wait(1, 4_000, target_nodes=node) >= 1
    dice = random.Random(3)
    for count, names in changes:
        group.reshard(count, **names)
        for number in range(kills):
            members = group.describe()["MemberClusters"]
            time.sleep(dice.uniform(0.2, 4))
            plane.kill()
            if number < victims:
                nodes = [node for member in members for node in plane.instance.nodes(member).values()]
                docker("kill", dice.choice([node["Id"] for node in nodes if node["State"]["Running"]]))
            plane.start()
        group.available()
        group.settled()
        assert group.key_count() == len(keys)
        with group.client() as client:
            assert client.mget_nonatomic(list(keys)) == list(keys.values())
        assert len(group.slots()) == count
    group.delete()


# A giver that waits for a taker answers nobody meanwhile; the taker is given up after a few seconds.
ANSWERED_S = 15


@pytest.mark.parametrize(
    "engine, version", [("valkey", "8.1"), pytest.param("redis", "7.0", marks=pytest.mark.thorough)]
)
def test_a_taker_hangs_while_slots_move(ours, engine, version):
    """Givers serve on. Its replica takes its place with all keys that had come, and nothing counts that it believes on its old file."""
    group = Cluster(ours, 2, 1, Engine=engine, EngineVersion=version)
    group.settled()
    keys = {f"key:{number}": f"{number}:" + "x" * 2000 for number in range(15_000)}
    items = list(keys.items())
    with group.client() as client:
        for start in range(0, len(items), 500):
            client.mset_nonatomic(dict(items[start : start + 500]))
    givers = [group.node_endpoint(member) for member in group.primaries().values()]
    group.reshard(3)
    patience.until("slots move", lambda: (resharding(group.describe()) or 0) > 5, pause_s=0.05)
    taker = group.primaries()["0003"]
    docker("pause", group.container_id(taker))

    def is_back():
        for giver in givers:
            with connection(giver, timeout_s=ANSWERED_S) as node:
                assert node.ping()
        return group.recovered(taker) == 1

    patience.until("it has come back", is_back)
    group.available()
    group.settled()
    assert group.key_count() == len(keys)
    with group.client() as client:
        for start in range(0, len(items), 500):
            some = dict(items[start : start + 500])
            assert client.mget_nonatomic(list(some)) == list(some.values())
    group.delete()
