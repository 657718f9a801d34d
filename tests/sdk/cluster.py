"""Replication groups with cluster mode enabled: what a user's program does with them, and whether API and engines tell the same."""

import contextlib

import redis

import caches
import groups
import patience
import replication
from container_host import docker

SLOTS = 16384


def ask(api, replication_group_id, node_groups=3, replicas=1, **wanted):
    """Asks for so many node groups of so many replicas each, or for those that `wanted` configures, and does not wait."""
    if "NodeGroupConfiguration" not in wanted:
        wanted |= {"NumNodeGroups": node_groups, "ReplicasPerNodeGroup": replicas}
    wanted.setdefault("ReplicationGroupDescription", "asked for by a test")
    wanted.setdefault("CacheNodeType", caches.MICRO)
    wanted.setdefault("AutomaticFailoverEnabled", True)
    answer = api.create_replication_group(ReplicationGroupId=replication_group_id, **wanted)
    return answer["ReplicationGroup"]


def slots_of(text):
    """The slots that a text such as `0-99,5461` names."""
    slots = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        slots += range(int(first), int(last or first) + 1)
    return slots


def resharding(group):
    """How far its slots have moved, in percent; None where no resharding is under way."""
    pending = group["PendingModifiedValues"].get("Resharding")
    return pending and pending["SlotMigration"]["ProgressPercentage"]


def look_at(endpoint):
    """What the engine there says of the cluster and of itself: its own line of CLUSTER NODES with it. Nothing if it does not answer."""
    try:
        with replication.connection(endpoint) as client:
            said = client.info("replication") | client.cluster("INFO")
            [own] = [node for node in client.cluster("NODES").values() if "myself" in node["flags"]]
            return said | own
    except (redis.exceptions.RedisError, ValueError):
        return {}


class Cluster:
    """A replication group of a test's own, with cluster mode enabled."""

    def __init__(self, plane, node_groups=3, replicas=1, **wanted):
        self.plane = plane
        self.api = plane.client()
        self.id = caches.fresh("cluster")
        self.asked = ask(self.api, self.id, node_groups, replicas, **wanted)

    def describe(self):
        return groups.describe(self.api, self.id)

    def available(self):
        return groups.available(self.api, self.id)

    def endpoint(self):
        """Where the configuration endpoint is."""
        found = self.describe()["ConfigurationEndpoint"]
        return found["Address"], found["Port"]

    @contextlib.contextmanager
    def client(self):
        """redis-py as it comes, by the configuration endpoint: its own retries, its own timeouts."""
        host, port = self.endpoint()
        with contextlib.closing(redis.RedisCluster(host=host, port=port, decode_responses=True)) as client:
            yield client

    def slots(self):
        """The slots of each node group, as the API tells them."""
        return {one["NodeGroupId"]: one["Slots"] for one in self.describe()["NodeGroups"]}

    def members(self):
        """The members of each node group, as the API tells them."""
        return {
            one["NodeGroupId"]: [member["CacheClusterId"] for member in one["NodeGroupMembers"]]
            for one in self.describe()["NodeGroups"]
        }

    def node_endpoint(self, member):
        return caches.node_endpoint(caches.describe(self.api, member))

    def container_id(self, member):
        return self.plane.instance.nodes(member)["0001"]["Id"]

    def primaries(self):
        """The member of each node group that says that it is primary. Who is slow to answer is asked again."""

        def look():
            members = self.members()
            found = {
                node_group: member
                for node_group, some in members.items()
                for member in some
                if look_at(self.node_endpoint(member)).get("role") == "master"
            }
            assert found.keys() == members.keys(), found
            return found

        return patience.until("each node group has a primary", look)

    def key_count(self):
        """How many keys all primaries hold together; one that two of them hold counts twice."""
        count = 0
        for member in self.primaries().values():
            with replication.connection(self.node_endpoint(member)) as client:
                count += client.dbsize()
        return count

    def events(self, member=None):
        return caches.events(self.api, member) if member else groups.events(self.api, self.id)

    def failovers(self):
        """Each failover that the group's events tell of, as (from, to), oldest first."""
        return [found.groups() for told in self.events() if (found := replication.FAILOVER.fullmatch(told))]

    def recovered(self, member):
        """How often a member was lost and came back."""
        return self.events(member).count(replication.BACK)

    def reshard(self, count, **wanted):
        """Asks for so many node groups; the answer is the group with the move under way."""
        answer = self.api.modify_replication_group_shard_configuration(
            ReplicationGroupId=self.id, NodeGroupCount=count, ApplyImmediately=True, **wanted
        )
        return answer["ReplicationGroup"]

    def kill(self, *members):
        docker("kill", *[self.container_id(member) for member in members])

    def delete(self):
        groups.delete(self.api, self.id)

    def settled(self):
        """Waits until the API and the engines tell the same, and all is in order; answers with the group."""
        return patience.until(f"{self.id} has settled", self._is_settled)

    def _is_settled(self):
        group = self.describe()
        assert group["Status"] == "available" and resharding(group) is None, group
        told = {}
        for node_group in group["NodeGroups"]:
            assert node_group["Status"] == "available", group
            told[node_group["NodeGroupId"]] = [one["CacheClusterId"] for one in node_group["NodeGroupMembers"]]
        members = [member for one in told.values() for member in one]
        assert sorted(members) == sorted(group["MemberClusters"]), group
        assert all(caches.status(self.api, member) == "available" for member in members), group
        slots = [slot for one in group["NodeGroups"] for slot in slots_of(one["Slots"])]
        assert sorted(slots) == list(range(SLOTS)), group
        said = {member: look_at(self.node_endpoint(member)) for member in members}
        for node_group in group["NodeGroups"]:
            self._agree(node_group, {member: said[member] for member in told[node_group["NodeGroupId"]]})
        for member, one in said.items():
            assert (one["cluster_state"], int(one["cluster_known_nodes"])) == ("ok", len(members)), (member, one)
        for member in members:
            lost_and_back = [text for text in self.events(member) if text in (replication.LOST, replication.BACK)]
            assert lost_and_back == [replication.LOST, replication.BACK] * (len(lost_and_back) // 2), member
        return group

    @staticmethod
    def _agree(node_group, said):
        assert all(said.values()), said
        primaries = [one for one in said.values() if one["role"] == "master"]
        # They are asked one after the other: in the midst of a failover each may say what it was, or what it is.
        assert len(primaries) == 1, said
        [primary] = primaries
        served = [slot for first, *last in primary["slots"] for slot in range(int(first), int((last or [first])[0]) + 1)]
        assert sorted(served) == slots_of(node_group["Slots"]), (node_group, primary)
        assert not primary["migrations"], primary
        for one in said.values():
            if one is not primary:
                assert one["master_id"] == primary["node_id"], (node_group, said)
                assert one["master_link_status"] == "up" and not one["master_sync_in_progress"], one
