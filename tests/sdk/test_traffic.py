"""The tests' own instruments: what would be wrong, they see."""

import pytest

import caches
import patience
import replication
from traffic import Prober, Writer


class TwoPrimaries:
    """What a group must never be: two nodes that take writes, and neither knows of the other."""

    def __init__(self, api):
        self._caches = {name: caches.make(api, caches.fresh(name)) for name in ("one", "other")}

    def node_endpoints(self):
        return {name: caches.node_endpoint(cache) for name, cache in self._caches.items()}

    def endpoint(self, _):
        return self.node_endpoints()["one"]


@pytest.fixture(scope="module")
def apart(network):
    return TwoPrimaries(network.client())


def test_two_primaries_are_seen(apart):
    with Prober(apart) as prober:
        patience.until("both take writes again and again", lambda: len(prober.primaries()) >= 4)
        prober.end()
    assert prober.primaries()[:4] in (["one", "other"] * 2, ["other", "one"] * 2)


def test_a_lost_write_is_seen(apart):
    with Writer(apart.endpoint("Primary"), replicas=0) as writer:
        writer.go_on()
        writer.end()
    writer.assert_nothing_lost()
    gone, other = writer.acknowledged[3:5]
    with replication.connection(apart.endpoint("Primary")) as client:
        client.delete(f"number:{gone}")
        client.set(f"number:{other}", "something else")
    assert writer.lost() == [gone, other]


def test_a_write_that_no_replica_has_is_not_acknowledged(apart):
    with replication.connection(apart.endpoint("Primary")) as client:
        client.flushall()
        with Writer(apart.endpoint("Primary"), replicas=1) as writer:
            patience.until("it has gone on writing", lambda: client.exists("number:2"))
            writer.end()
    assert writer.acknowledged == []
