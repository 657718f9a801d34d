"""The control plane ends while it is needed most: in the middle of a failover, or before one."""

import os
import signal
import time

import patience
from container_host import docker
from replication import Group, look_at
from traffic import Prober, Writer

# From before it is noticed to after all is done. Where exactly each one hits does not matter: any instruction must do.
DELAYS_S = [0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5]


def test_killed_in_the_middle_of_a_failover(start_plane):
    plane = start_plane()
    group = Group(plane)
    served = [group.settled()]
    with Writer(group.endpoint("Primary")) as writer, Prober(group) as prober:
        for delay_s in DELAYS_S:
            writer.go_on()
            patience.until("the prober has seen the primary", lambda: prober.primaries() == served)
            group.kill(served[-1])
            time.sleep(delay_s)
            plane.kill()
            plane.start()
            group.again()
            patience.until("the failover is told of", lambda: len(group.failovers()) == len(served))
            writer.go_on()
            served.append(group.settled())
            assert group.failovers() == list(zip(served, served[1:]))
        patience.until("the prober has seen the primary", lambda: prober.primaries() == served)
        writer.end()
        prober.end()
        assert prober.primaries() == served
        writer.assert_nothing_lost()
    assert len(plane.instance.containers(kind="cache-cluster")) == 3
    group.delete()


def test_the_primary_dies_meanwhile(start_plane):
    """Docker starts it again, and nobody tells it what it is: it takes no writes, and what it has lost is not lost to all."""
    plane = start_plane()
    group = Group(plane)
    first = group.settled()
    nodes = group.node_endpoints()
    with Writer(group.endpoint("Primary")) as writer, Prober(group) as prober:
        writer.go_on()
        patience.until("the prober has seen the primary", prober.primaries)
        container = group.container(first)
        plane.kill()
        writer.go_on()
        os.kill(container["State"]["Pid"], signal.SIGKILL)
        patience.until("it has come back by itself", lambda: look_at(nodes[first]).get("role") == "slave")
        acknowledged = len(writer.acknowledged)
        plane.start()
        group.again()
        writer.go_on()
        assert len(writer.acknowledged) > acknowledged
        now = group.settled()
        writer.go_on()
        writer.end()
        prober.end()
        assert now != first and group.failovers() == [(first, now)]
        assert prober.primaries() == [first, now]
        writer.assert_nothing_lost()
    group.delete()


def test_the_primary_is_gone_meanwhile(start_plane):
    """Removed, and its volume too: a replica takes over as soon as anybody looks."""
    plane = start_plane("published")
    group = Group(plane)
    first = group.settled()
    with Writer(group.endpoint("Primary")) as writer, Prober(group) as prober:
        writer.go_on()
        patience.until("the prober has seen the primary", prober.primaries)
        container = group.container(first)
        [volume] = [mount["Name"] for mount in container["Mounts"]]
        plane.kill()
        docker("rm", "--force", container["Id"])
        docker("volume", "rm", volume)
        plane.start()
        group.again()
        writer.go_on()
        now = group.settled()
        writer.end()
        prober.end()
        assert prober.primaries() == [first, now]
        assert group.failovers() == [(first, now)]
        writer.assert_nothing_lost()
    group.delete()
