"""Replication groups as the tests of them see one: what the API tells, what the engines say, and whether both are the same."""

import contextlib
import re

import redis

import caches
import groups
import patience
from container_host import docker

# A node that is there answers within this; one that is cut off or hangs is not waited for.
ANSWER_S = 2
FAILOVER = re.compile(r"Failover from primary node (\S+) to replica node (\S+) completed")
LOST = "Recovering cache nodes 0001"
BACK = "Finished recovery for cache nodes 0001"


def connect(endpoint, timeout_s=ANSWER_S):
    """A client on one connection, which it opens when it is used and does not mend by itself."""
    host, port = endpoint
    return redis.Redis(
        host=host,
        port=port,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        max_connections=1,
    )


@contextlib.contextmanager
def connection(endpoint, timeout_s=ANSWER_S):
    with contextlib.closing(connect(endpoint, timeout_s)) as client:
        yield client


def look_at(endpoint):
    """What the engine there says of itself: run, role, whom it follows, how many follow it. Nothing if it does not answer."""
    try:
        with connection(endpoint) as client:
            return client.info("server") | client.info("replication")
    except redis.exceptions.RedisError:
        return {}


class Group:
    """A replication group of a test's own; what is behind it is found through `plane`."""

    def __init__(self, plane, nodes=3, failover=True, **members):
        self.plane = plane
        self.api = plane.client()
        self.id = caches.fresh("group")
        self.size = nodes
        groups.ask(self.api, self.id, nodes, AutomaticFailoverEnabled=failover, **members)

    def again(self):
        """Goes on after a restart of the control plane."""
        self.api = self.plane.client()

    def describe(self):
        return groups.describe(self.api, self.id)

    def primary(self):
        """The member that the API calls primary."""
        return groups.primary(self.describe())

    def replicas(self):
        return groups.replicas(self.describe())

    def endpoint(self, kind):
        """Where the `Primary` or the `Reader` endpoint is."""
        return groups.endpoint(self.describe(), f"{kind}Endpoint")

    def node_endpoints(self):
        return groups.node_endpoints(self.describe())

    def container(self, member):
        """The container of a member as `docker inspect` has it."""
        return self.plane.instance.nodes(member)["0001"]

    def container_id(self, member):
        return self.container(member)["Id"]

    def events(self, member=None):
        """The messages about the group, or about a member of it, oldest first."""
        if member:
            return caches.events(self.api, member)
        return groups.events(self.api, self.id)

    def failovers(self):
        """Each failover that the group's events tell of, as (from, to), oldest first."""
        return [found.groups() for told in self.events() if (found := FAILOVER.fullmatch(told))]

    def settled(self):
        """Waits until the API and the engines tell the same, and all is in order; answers with the primary's id."""
        return patience.until(f"{self.id} has settled", self._is_settled)

    def _is_settled(self):
        group = self.describe()
        assert group["Status"] == "available", group
        [node_group] = group["NodeGroups"]
        assert node_group["Status"] == "available", group
        members = groups.roles(group)
        assert sorted(members) == sorted(group["MemberClusters"]) and len(members) == self.size, group
        for name in members:
            assert caches.status(self.api, name) == "available"
        primary = groups.primary(group)
        self._agree(primary, groups.node_endpoints(group))
        self._tell_of_recoveries(members)
        return primary

    def _agree(self, primary, nodes):
        said = {name: look_at(endpoint) for name, endpoint in nodes.items()}
        assert {name: one.get("role") for name, one in said.items()} == {
            name: "master" if name == primary else "slave" for name in nodes
        }
        history = said[primary]["master_replid"]
        for name, one in said.items():
            if name == primary:
                # The count has one that has just connected, and the list may not have it yet.
                followers = [one.get(f"slave{index}", {}) for index in range(one["connected_slaves"])]
                assert [follower.get("state") for follower in followers] == ["online"] * (self.size - 1), one
            else:
                assert one["master_link_status"] == "up" and not one["master_sync_in_progress"], one
            assert one["master_replid"] == history, said
        at_primary = look_at(self.endpoint("Primary")).get("run_id")
        assert at_primary == said[primary]["run_id"], "the primary endpoint is elsewhere"
        in_sync = {one["run_id"] for name, one in said.items() if name != primary} or {said[primary]["run_id"]}
        reader = self.endpoint("Reader")
        reached = {look_at(reader).get("run_id") for _ in range(4 * self.size)}
        assert reached == in_sync, "the reader endpoint leads elsewhere, or not to all replicas"

    def _tell_of_recoveries(self, members):
        """Whatever was lost is back."""
        for name in members:
            told = [text for text in self.events(name) if text in (LOST, BACK)]
            assert told == [LOST, BACK] * (len(told) // 2), told

    def recovered(self, member):
        """How often a member was lost and came back."""
        return self.events(member).count(BACK)

    def kill(self, *members):
        docker("kill", *[self.container_id(member) for member in members])

    def delete(self):
        groups.delete(self.api, self.id)
