"""Whoever is primary is killed, again and again, under a writer: no acknowledged write is lost.

`CACHEPLANE_KILLS` says how often; `make bench` does it more often, and tells how long the gaps are, which decide nothing here.
"""

import os

import pytest

import patience
import replication
from replication import Group
from traffic import Prober, Writer

KILLS = int(os.environ.get("CACHEPLANE_KILLS", "15"))


@pytest.mark.timeout(120 + 15 * KILLS)
def test_killed_again_and_again(ours):
    group = Group(ours)
    served = [group.settled()]
    with Writer(group.endpoint("Primary")) as writer, Prober(group) as prober:
        for _ in range(KILLS):
            writer.go_on()
            patience.until("the prober has seen the primary", lambda: prober.primaries() == served)
            group.kill(served[-1])
            patience.until("the failover is told of", lambda: len(group.failovers()) == len(served))
            served.append(group.settled())
        writer.go_on()
        patience.until("the prober has seen the primary", lambda: prober.primaries() == served)
        writer.end()
        prober.end()
        assert prober.primaries() == served
        assert group.failovers() == list(zip(served, served[1:]))
        writer.assert_nothing_lost()
        assert sum(group.recovered(member) for member in group.node_endpoints()) == KILLS
        # Both replicas have it all, not only the primary.
        last = writer.acknowledged[-1]
        for member, endpoint in group.node_endpoints().items():
            with replication.connection(endpoint) as client:
                # One has acknowledged it; the other may have it a little later.
                patience.until(f"{member} has the last write", lambda: client.get(f"number:{last}") == str(last))
    group.delete()
