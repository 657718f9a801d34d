"""What clients notice of a failover that is tested as the user guide has it: redis-py as it comes, and whoever watches the events."""

import contextlib
import os
import signal
import threading

import pytest
import redis

import caches
import groups
import patience

ENGINES = ["redis", "valkey"]


class Client(threading.Thread):
    """Says the same to one endpoint over and over, and remembers what it was answered."""

    def __init__(self, at, speak):
        super().__init__(daemon=True)
        self._connection = groups.client(at)
        self._speak = speak
        self._end = threading.Event()
        self.answers = 0
        self.error = None

    def run(self):
        try:
            while not self._end.is_set():
                self._speak(self._connection, self.answers)
                self.answers += 1
        except Exception as error:
            self.error = error

    def more(self, count=50):
        """Waits until it was answered so many times more."""
        goal = self.answers + count

        def answered():
            if self.error is not None:
                raise RuntimeError("the client was told of an error") from self.error
            return self.answers >= goal

        patience.until("the client is answered", answered)

    def end(self):
        self._end.set()
        self.join(patience.DEADLINE_S)
        self._connection.close()


@contextlib.contextmanager
def at_work(*clients):
    """Lets them work meanwhile, and demands that they are answered from the first to the last."""
    for one in clients:
        one.start()
    try:
        for one in clients:
            one.more()
        yield
        for one in clients:
            one.more()
    finally:
        for one in clients:
            one.end()
    assert [(one.error, one.is_alive()) for one in clients] == [(None, False)] * len(clients)


def write_number(connection, number):
    connection.set("number", number)


def read_number(connection, _):
    assert connection.get("number") is not None


def clients_of(group):
    """One that writes a number to the primary endpoint, and one that reads it at the reader endpoint."""
    with groups.writer(group) as connection:
        connection.set("number", -1)
        assert connection.wait(2, 60_000) == 2
    return [
        Client(groups.endpoint(group), write_number),
        Client(groups.endpoint(group, "ReaderEndpoint"), read_number),
    ]


def test_redis_py_goes_on_through_a_failover(plane, api):
    """With its own retries and timeouts, at the primary endpoint and at the reader endpoint, of either engine."""
    names = {engine: caches.fresh(engine) for engine in ENGINES}
    for engine, one in names.items():
        groups.ask(api, one, Engine=engine, AutomaticFailoverEnabled=True)
    clients = []
    for one in names.values():
        groups.available(api, one)
        clients += clients_of(groups.replicated(api, one))
    with at_work(*clients):
        for one in names.values():
            api.test_failover(ReplicationGroupId=one, NodeGroupId="0001")
        for one in names.values():
            after = groups.failed_over(api, one, f"{one}-001")
            # The names of the endpoints do not change, nor does the order of the members.
            assert after["MemberClusters"] == [f"{one}-00{number}" for number in (1, 2, 3)]
            assert after["Status"] == "available"
    for one in names.values():
        group = groups.describe(api, one)
        with groups.writer(group) as connection:
            last = connection.get("number")
        patience.until(
            "the reader endpoint has the last write",
            lambda group=group, last=last: groups.read(groups.endpoint(group, "ReaderEndpoint"), ["number"])["number"] == last,
        )
    groups.delete(api, *names.values())


def test_redis_py_goes_on_through_a_promotion_and_upgrades(network):
    """Planned changes go by way of a handover: the same client says the same, and is told of no error."""
    api = network.client()
    one = caches.fresh("roll")
    groups.make(api, one, EngineVersion="6.2")
    clients = clients_of(groups.replicated(api, one))
    with at_work(*clients):
        for change in (
            {"PrimaryClusterId": f"{one}-002"},
            {"EngineVersion": "7.0"},
            {"Engine": "valkey", "EngineVersion": "8.1", "CacheNodeType": "cache.t3.small"},
        ):
            groups.changed(api, one, **change)
            for client in clients:
                client.more()
    groups.replicated(api, one)
    groups.delete(api, one)


def test_the_events_of_a_failover(network):
    """In the order in which the user guide says that they are seen, and nothing else."""
    api = network.client("222233334444")
    one = caches.fresh("events")
    groups.make(api, one, 2, AutomaticFailoverEnabled=True)
    groups.replicated(api, one)
    members = [f"{one}-001", f"{one}-002"]
    before = all_events(api)
    assert ("replication-group", one, f"Replication group {one} created") in before
    answer = api.test_failover(ReplicationGroupId=one, NodeGroupId="0001")["ReplicationGroup"]
    # Nothing is to be seen of it in the answer.
    assert (answer["Status"], answer["NodeGroups"][0]["Status"]) == ("available", "available")
    assert groups.primary(answer) == members[0]
    groups.failed_over(api, one, members[0])

    def told():
        new = all_events(api)[len(before) :]
        assert any("Finished recovery" in message for _, _, message in new)
        return new

    failover = f"Failover from primary node {members[0]} to replica node {members[1]} completed"
    events = patience.until("the recovery is told of", told)
    assert [(kind, message) for kind, _, message in events] == [
        ("replication-group", "Test Failover API called for node group 0001"),
        ("cache-cluster", failover),
        ("replication-group", failover),
        ("cache-cluster", "Recovering cache nodes 0001"),
        ("cache-cluster", "Finished recovery for cache nodes 0001"),
    ]
    sources = [source for _, source, _ in events]
    assert (sources[0], sources[2]) == (one, one)
    assert sources[1] in members and sources[3:] == [members[0], members[0]]
    groups.delete(api, one)


def all_events(api):
    """What, who, and the message, oldest first."""
    pages = api.get_paginator("describe_events").paginate()
    newest_first = [
        (event["SourceType"], event["SourceIdentifier"], event["Message"]) for page in pages for event in page["Events"]
    ]
    return newest_first[::-1]


def test_who_may_not_be_tested(network):
    """Without automatic failover nobody takes over; while one test goes on there is no second."""
    api = network.client()
    single, pair = caches.fresh("single"), caches.fresh("pair")
    groups.ask(api, single, 1)
    groups.ask(api, pair, 2, AutomaticFailoverEnabled=True)
    for one in (single, pair):
        groups.available(api, one)
    with pytest.raises(api.exceptions.InvalidReplicationGroupStateFault):
        api.test_failover(ReplicationGroupId=single, NodeGroupId="0001")
    with pytest.raises(api.exceptions.NodeGroupNotFoundFault):
        api.test_failover(ReplicationGroupId=pair, NodeGroupId="0002")
    api.test_failover(ReplicationGroupId=pair, NodeGroupId="0001")
    with pytest.raises(api.exceptions.InvalidReplicationGroupStateFault):
        api.test_failover(ReplicationGroupId=pair, NodeGroupId="0001")
    groups.failed_over(api, pair, f"{pair}-001")
    groups.delete(api, single, pair)


def test_a_primary_that_restarts_while_the_control_plane_is_away(start_plane):
    """Everything goes on without the control plane; but a node that starts takes no writes before it is told that it is the primary."""
    plane = start_plane()
    api = plane.client()
    one = caches.fresh("away")
    groups.make(api, one, 2, AutomaticFailoverEnabled=True)
    group = groups.replicated(api, one)
    plane.kill()
    keys = groups.write(group)
    groups.read_everywhere(group, keys)

    # Docker starts again what ends by itself.
    [node] = plane.instance.nodes(f"{one}-001").values()
    os.kill(node["State"]["Pid"], signal.SIGKILL)
    connection = groups.client(groups.node_endpoints(group)[f"{one}-001"])
    patience.until("it has started again as nobody's replica", lambda: is_fenced(connection))
    with groups.writer(group) as writer, pytest.raises(redis.ReadOnlyError):
        writer.set("key", "value")
    assert groups.read(groups.node_endpoints(group)[f"{one}-002"], keys) == keys

    plane.start()
    patience.until("somebody takes writes again", lambda: takes_writes(group))
    groups.read_everywhere(groups.replicated(api, one), keys)
    connection.close()
    groups.delete(api, one)


def is_fenced(connection):
    try:
        replication = connection.info("replication")
    except groups.AWAY as error:
        raise AssertionError("it does not answer") from error
    return replication["role"] == "slave" and replication["master_link_status"] == "down"


def takes_writes(group):
    try:
        with groups.writer(group) as writer:
            return writer.set("key", "value")
    except redis.RedisError as error:
        raise AssertionError("it takes no writes") from error
