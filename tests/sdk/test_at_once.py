"""How soon a changed parameter is on the running nodes that use the group."""

import statistics
import time

import pytest

import caches
import groups
import parameters

WITHIN_S = 1


@pytest.mark.alone
def test_a_parameter_is_on_every_running_node_within_a_second(ours):
    """Of a cluster and of both members of a group, five times; one slow time is the machine's."""
    api = ours.client()
    values = parameters.make(api, "redis7")
    one, pair = caches.fresh("soon"), caches.fresh("soon")
    caches.ask(api, one, EngineVersion="7.0", CacheParameterGroupName=values)
    groups.ask(api, pair, members=2, EngineVersion="7.0", CacheParameterGroupName=values)
    caches.available(api, one)
    groups.available(api, pair)
    engines = [parameters.administrator(ours, name) for name in (one, f"{pair}-001", f"{pair}-002")]
    times_s = []
    for number in range(5):
        wanted = {"timeout": str(100 + number)}
        start = time.monotonic()
        parameters.change(api, values, wanted)
        for engine in engines:
            parameters.has(engine, wanted)
        times_s.append(time.monotonic() - start)
    assert statistics.median(times_s) < WITHIN_S, times_s
    caches.delete(api, one)
    groups.delete(api, pair)
    parameters.delete(api, values)
