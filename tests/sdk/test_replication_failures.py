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
