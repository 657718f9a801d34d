"""A replica that never gets all the data: the group serves without it, and fails over without it."""

import contextlib
import os
import pathlib
import signal

import pytest

import patience
import replication
from container_host import docker
from replication import Group, look_at
from traffic import Prober, Writer

# So much takes an engine a while to write down, and a test a moment to fill in.
DATA_BYTES = 64 << 20
VALUE_BYTES = 1 << 20


def fill(endpoint):
    with replication.connection(endpoint, timeout_s=60) as client:
        for number in range(DATA_BYTES // VALUE_BYTES):
            client.set(f"large:{number}", os.urandom(VALUE_BYTES))


class Stalled:
    """While it lasts, the engine in a container hands nobody its data: the process that would write them down is frozen at birth."""

    def __init__(self, container):
        self._engine = container["State"]["Pid"]
        self._frozen = set()

    def hold(self):
        """Freezes those there are; true once there has been one."""
        children = pathlib.Path(f"/proc/{self._engine}/task/{self._engine}/children")
        for child in children.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGSTOP)
                self._frozen.add(int(child))
        return bool(self._frozen)



@pytest.mark.skipif(os.geteuid() != 0, reason="it freezes processes of containers")
@pytest.mark.parametrize("mode", ["network", "published"])
def test_a_full_sync_that_never_ends(start_plane, mode):
    plane = start_plane(mode)
    group = Group(plane)
    first = group.settled()
    joins, heir = group.replicas()
    fill(group.endpoint("Primary"))
    group.settled()
    with Writer(group.endpoint("Primary")) as writer, Prober(group) as prober:
        writer.go_on()
        patience.until("the prober has seen the primary", prober.primaries)
        container = group.container(joins)
        [volume] = [mount["Name"] for mount in container["Mounts"]]
        # While nobody looks: else it would be made again before its volume is gone.
        plane.kill()
        docker("rm", "--force", container["Id"])
        docker("volume", "rm", volume)
        plane.start()
        group.again()
        stalled = Stalled(group.container(first))
        patience.until("the full sync has begun", stalled.hold, pause_s=0.001)

        def is_syncing():
            said = look_at(group.node_endpoints()[joins])
            return said.get("role") == "slave" and said["master_link_status"] == "down"

        patience.until("it waits for its data", is_syncing)
        # As long as it takes, everybody else is served, and only by those who have all the data.
        writer.go_on(200)
        in_sync = {patience.until("it answers", lambda: look_at(group.node_endpoints()[heir]).get("run_id"))}
        reader = group.endpoint("Reader")
        patience.until(
            "readers are led to who has it all",
            lambda: {look_at(reader).get("run_id") for _ in range(8)} == in_sync,
        )
        # It may be slow to answer; but once it had its data, it would not wait for them again.
        patience.until("it still waits for its data", is_syncing)
        assert group.failovers() == []

        group.kill(first)
        patience.until("the failover is told of", lambda: group.failovers() == [(first, heir)])
        writer.go_on()
        assert group.settled() == heir
        writer.go_on()
        writer.end()
        prober.end()
        assert prober.primaries() == [first, heir]
        writer.assert_nothing_lost()
        assert group.recovered(joins) == 1
    group.delete()
