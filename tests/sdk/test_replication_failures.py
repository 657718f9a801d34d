"""What befalls the primary of a replication group while customers write to it: a replica takes over, or the primary is mended.

Whatever it was, no acknowledged write is lost, no two primaries take writes, and in the end everything is as the API tells it.
"""

import contextlib

import pytest

import patience
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
