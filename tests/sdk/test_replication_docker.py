"""The whole Docker daemon goes and comes back: nobody is left who knew, and yet one is primary and everything is there."""

import pytest

import own_docker
import patience
import replication
from replication import Group
from traffic import Prober, Writer

# Docker that is not there is no mistake of ours, and is logged.
DOCKER_GONE = ["the container engine does not answer"]


@pytest.fixture
def docker(docker_answers):
    own_docker.need()
    with own_docker.Docker() as docker:
        yield docker


@pytest.mark.parametrize("how", ["end", "crash"])
def test_docker_restarts(docker, start_plane, how):
    plane = start_plane(options=["--docker-host", docker.url], expected_log=DOCKER_GONE)
    group = Group(plane)
    first = group.settled()
    with replication.connection(group.endpoint("Primary")) as client:
        client.set("key", "value")
    with Writer(group.endpoint("Primary")) as writer, Prober(group) as prober:
        writer.go_on()
        patience.until("the prober has seen the primary", prober.primaries)
        if how == "end":
            docker.end()
        else:
            docker.crash()
        docker.start()
        writer.go_on()
        now = group.settled()
        writer.go_on()
        writer.end()
        prober.end()
        assert prober.primaries() == ([first] if now == first else [first, now])
        assert group.failovers() == ([] if now == first else [(first, now)])
        if how == "end":
            # All nodes were stopped in order, so all is on their volumes.
            writer.assert_nothing_lost()
    group.delete()
