"""What befalls the primary of a replication group while customers write to it: a replica takes over, or the primary is mended.

Whatever it was, no acknowledged write is lost, no two primaries take writes, and in the end everything is as the API tells it.
"""

import contextlib
import os
import signal
import time

import pytest
import redis

import groups
import patience
import replication
from container_host import docker
from replication import Group, look_at
from traffic import Prober, Writer


class Scene:
    """A settled group with customers at work."""

    def __init__(self, group, writer, prober):
        self.group = group
        self.writer = writer
        self.prober = prober
        self.first = group.primary()
        self.others = group.replicas()

    def await_failover(self):
        """Waits until somebody else serves and all is in order, and demands that nobody was hurt; tells who serves now."""
        patience.until("the failover is told of", lambda: self.group.failovers())
        self.writer.go_on()
        now = self.group.settled()
        [(former, successor)] = self.group.failovers()
        assert (former, successor) == (self.first, now) and now in self.others
        self.end([self.first, now])
        return now

    def end(self, primaries):
        """Ends the customers' work. Exactly these have taken writes, in this order, and none that was acknowledged is lost."""
        self.writer.go_on()
        self.writer.end()
        self.prober.end()
        assert self.prober.primaries() == primaries
        self.writer.assert_nothing_lost()


@contextlib.contextmanager
def at_work(plane, replicas=1, **options):
    group = Group(plane, **options)
    group.settled()
    with Writer(group.endpoint("Primary"), replicas) as writer, Prober(group) as prober:
        writer.go_on()
        patience.until("the prober has seen the primary", prober.primaries)
        yield Scene(group, writer, prober)
    group.delete()


@pytest.mark.parametrize("mode", ["network", "published"])
def test_killed(request, mode):
    with at_work(request.getfixturevalue(mode)) as scene:
        scene.group.kill(scene.first)
        now = scene.await_failover()
        assert scene.group.recovered(scene.first) == 1
        told = f"Failover from primary node {scene.first} to replica node {now} completed"
        # The group's story and the lost node's, as AWS tells it.
        assert scene.group.events(scene.first)[-3:] == [
            told,
            "Recovering cache nodes 0001",
            "Finished recovery for cache nodes 0001",
        ]
        assert scene.group.events()[-1] == told


def test_stopped(ours):
    """In order: the engine ends by itself, after its last word to the replicas."""
    with at_work(ours) as scene:
        docker("stop", "--time", "60", scene.group.container_id(scene.first))
        scene.await_failover()


@pytest.mark.parametrize("mode", ["network", "published"])
@pytest.mark.parametrize("woken_by", ["us", "itself"])
def test_hangs(request, mode, woken_by):
    """A frozen engine takes its last writes with it; whoever wakes it, it takes no more before it is a replica."""
    with at_work(request.getfixturevalue(mode)) as scene:
        frozen = scene.group.container_id(scene.first)
        docker("pause", frozen)
        if woken_by == "us":
            patience.until("the failover is told of", lambda: scene.group.failovers())
            with contextlib.suppress(RuntimeError):
                # It may have been killed by then.
                docker("unpause", frozen)
        scene.await_failover()


def test_hangs_and_wakes_up(ours):
    """Frozen for a moment: either it goes on, or somebody else does. Never both."""
    with at_work(ours) as scene:
        frozen = scene.group.container_id(scene.first)
        docker("pause", frozen)
        patience.until("it is noticed", lambda: look_at(scene.group.endpoint("Primary")) == {})
        with contextlib.suppress(RuntimeError):
            docker("unpause", frozen)
        scene.writer.go_on()
        now = scene.group.settled()
        scene.end([scene.first] if now == scene.first else [scene.first, now])
        assert scene.group.failovers() == ([] if now == scene.first else [(scene.first, now)])


def node_network(plane):
    [found] = [name for name in plane.instance.networks() if name.endswith(".nodes")]
    return found


@pytest.mark.parametrize("mode", ["network", "published"])
@pytest.mark.parametrize("comes_back", ["by itself", "by hand"])
def test_cut_off(request, mode, comes_back):
    """From the network of the nodes: its replicas do not hear it any more, though clients may."""
    plane = request.getfixturevalue(mode)
    with at_work(plane) as scene:
        network, container = node_network(plane), scene.group.container(scene.first)
        host, _ = scene.group.node_endpoints()[scene.first]
        docker("network", "disconnect", network, container["Id"])
        if comes_back == "by hand":
            at_home = container["NetworkSettings"]["Networks"][network]["IPAddress"]
            patience.until("the failover is told of", lambda: scene.group.failovers())
            with contextlib.suppress(RuntimeError):
                # The control plane may have been first.
                docker("network", "connect", "--ip", at_home, network, container["Id"])
        scene.await_failover()
        after = scene.group.container(scene.first)["NetworkSettings"]["Networks"][network]["IPAddress"]
        assert after == container["NetworkSettings"]["Networks"][network]["IPAddress"]


def test_its_endpoint_is_taken_away(ours):
    """The address of the primary endpoint, and nothing else: it is given back, and nobody takes over."""
    with at_work(ours) as scene:
        [network] = [name for name in ours.instance.networks() if name.endswith(".endpoints")]
        docker("network", "disconnect", network, scene.group.container_id(scene.first))
        scene.writer.go_on()
        assert scene.group.settled() == scene.first
        scene.end([scene.first])
        assert scene.group.failovers() == []
        assert scene.group.recovered(scene.first) == 0


@pytest.mark.parametrize("mode", ["network", "published"])
def test_its_process_dies(request, mode):
    """Docker starts it again at once, as its restart policy has it: it must come back as a primary of nothing."""
    with at_work(request.getfixturevalue(mode)) as scene:
        os.kill(scene.group.container(scene.first)["State"]["Pid"], signal.SIGKILL)
        scene.await_failover()


def test_its_process_stops(ours):
    """It hangs, and Docker knows nothing of that: for it the container runs."""
    with at_work(ours) as scene:
        os.kill(scene.group.container(scene.first)["State"]["Pid"], signal.SIGSTOP)
        scene.await_failover()


@pytest.mark.thorough
@pytest.mark.parametrize("engine, version", [("redis", "6.2"), ("valkey", "8.1"), ("valkey", "9.0")])
def test_other_engines(ours, engine, version):
    """Killed, then frozen: what the faults above do to one version, they do to the others."""
    with at_work(ours, Engine=engine, EngineVersion=version) as scene:
        scene.group.kill(scene.first)
        patience.until("the failover is told of", lambda: scene.group.failovers())
        second = scene.group.settled()
        patience.until("the prober has seen the primary", lambda: scene.prober.primaries() == [scene.first, second])
        docker("pause", scene.group.container_id(second))
        patience.until("the failover is told of", lambda: len(scene.group.failovers()) == 2)
        scene.end([scene.first, second, scene.group.settled()])


def test_a_promotion_that_was_asked_for(ours):
    """Even who writes to a node's own endpoint, and waits for no replica, loses nothing: the former primary gives all it took."""
    group = Group(ours, failover=False)
    served = [group.settled()]
    writers = [Writer(endpoint, replicas=0) for endpoint in group.node_endpoints().values()]
    with contextlib.ExitStack() as programs:
        for writer in writers:
            programs.enter_context(writer)
        for successor in [*group.replicas(), served[0]]:
            before = sum(len(writer.acknowledged) for writer in writers)
            groups.changed(group.api, group.id, PrimaryClusterId=successor)
            assert group.settled() == successor
            patience.until("writes go on", lambda: sum(len(writer.acknowledged) for writer in writers) > before + 20)
            served.append(successor)
        for writer in writers:
            writer.end()
    for writer in writers:
        writer.assert_nothing_lost()
    group.delete()


def test_out_of_memory(ours):
    """The kernel ends it, and again as often as Docker starts it, until it has room."""
    with at_work(ours) as scene:
        container = scene.group.container_id(scene.first)
        limit = 32 << 20
        began = int(time.time())
        docker("update", "--memory", str(limit), "--memory-swap", str(limit), container)
        with replication.connection(scene.group.endpoint("Primary")) as client, contextlib.suppress(redis.RedisError):
            for number in range(64):
                client.set(f"large:{number}", os.urandom(1 << 20))
        patience.until("the failover is told of", lambda: scene.group.failovers())
        killed = ["--filter", f"container={container}", "--filter", "event=oom"]
        assert docker("events", "--since", str(began), "--until", str(int(time.time()) + 1), *killed), "not by the kernel"
        scene.writer.go_on()
        # Somebody has looked after it. Docker takes 0 for what there was before, not for no limit.
        patience.until("it has room", lambda: has_room(container))
        scene.await_failover()


def has_room(container):
    """Gives it room, which Docker refuses at the moment at which the container ends or starts."""
    try:
        docker("update", "--memory", "1g", "--memory-swap", "1g", container)
        return True
    except RuntimeError as refused:
        raise AssertionError("Docker does not update it") from refused


def test_a_replica_is_killed(ours):
    """Nobody who writes notices; it comes back as what it was."""
    with at_work(ours) as scene:
        lost = scene.others[0]
        scene.group.kill(lost)
        patience.until("it has come back", lambda: scene.group.recovered(lost) == 1)
        assert scene.group.settled() == scene.first
        scene.end([scene.first])
        assert scene.group.failovers() == []


def test_two_at_once(ours):
    """The primary and a replica: the other replica takes over. What both replicas have acknowledged is not lost."""
    with at_work(ours, replicas=2) as scene:
        scene.group.kill(scene.first, scene.others[0])
        now = scene.await_failover()
        assert now == scene.others[1]
        assert [scene.group.recovered(one) for one in (scene.first, scene.others[0])] == [1, 1]


def test_all_at_once(ours):
    """What was written since the last snapshot may be gone, and what was there before is not; everybody is back, under one primary."""
    group = Group(ours)
    members = sorted([group.settled(), *group.replicas()])
    with replication.connection(group.endpoint("Primary")) as client:
        client.set("key", "value")
    # In order, so that all is on their volumes.
    docker("stop", "--time", "60", *[group.container_id(member) for member in members])
    patience.until("all have come back", lambda: [group.recovered(member) for member in members] == [1, 1, 1])
    group.settled()
    group.kill(*members)
    patience.until("all have come back", lambda: [group.recovered(member) for member in members] == [2, 2, 2])
    group.settled()
    with replication.connection(group.endpoint("Primary")) as client:
        assert client.get("key") == "value"
    group.delete()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_failover_is_off(ours, how):
    """The primary comes back where it was. What it has not kept itself, a replica gives back to it, which serves meanwhile."""
    with at_work(ours, failover=False) as scene:
        docker(how, scene.group.container_id(scene.first))
        patience.until("it has come back", lambda: scene.group.recovered(scene.first) == 1)
        patience.until("it serves again", lambda: scene.group.settled() == scene.first)
        patience.until("the prober has seen it", lambda: scene.prober.primaries()[-1] == scene.first)
        # No failover is told of where none was asked for.
        assert scene.group.failovers() == []
        [first, *lent] = scene.prober.primaries()
        assert first == scene.first and lent in ([], [lent[0] if lent else None, first])
        scene.end([first, *lent])


def test_one_node(ours):
    """There is nobody to take over: it comes back with what its volume holds."""
    group = Group(ours, nodes=1, failover=False)
    [only] = [group.settled()]
    with Writer(group.endpoint("Primary"), replicas=0) as writer:
        writer.go_on()
        docker("stop", "--time", "60", group.container_id(only))
        patience.until("it has come back", lambda: group.recovered(only) == 1)
        writer.go_on()
        group.kill(only)
        patience.until("it has come back", lambda: group.recovered(only) == 2)
        writer.go_on()
        assert group.settled() == only
        writer.end()
    assert group.failovers() == []
    group.delete()


def test_while_a_replica_is_added(ours):
    """Who takes over has all the data, which the new one may not have yet; in the end there are as many as were wished for."""
    with at_work(ours) as scene:
        group = scene.group
        group.api.increase_replica_count(ReplicationGroupId=group.id, NewReplicaCount=4, ApplyImmediately=True)
        group.size = 5
        group.kill(scene.first)
        now = scene.await_failover()
        assert len(group.replicas()) == 4 and now in scene.others
        assert "Finished modifying number of replicas from 2 to 4" in group.events()


def test_while_a_replica_is_taken_away(ours):
    """The one that goes is not the one that takes over."""
    with at_work(ours) as scene:
        group = scene.group
        group.api.decrease_replica_count(
            ReplicationGroupId=group.id, ReplicasToRemove=[scene.others[0]], ApplyImmediately=True
        )
        group.size = 2
        group.kill(scene.first)
        assert scene.await_failover() == scene.others[1]
        assert group.replicas() == [scene.first]


def test_a_failover_that_is_tested(ours):
    """Twice in a row; each is a kill like any other to whoever writes."""
    with at_work(ours) as scene:
        served = [scene.first]
        for _ in range(2):
            scene.group.api.test_failover(ReplicationGroupId=scene.group.id, NodeGroupId="0001")
            patience.until("the failover is told of", lambda: len(scene.group.failovers()) == len(served))
            served.append(scene.group.settled())
            patience.until("the prober has seen the primary", lambda: scene.prober.primaries() == served)
        scene.end(served)
        assert scene.group.failovers() == list(zip(served, served[1:]))
