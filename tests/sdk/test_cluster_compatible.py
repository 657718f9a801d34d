"""Cluster mode between disabled and enabled: clients of either kind at one group, while it fails over and while it is enabled."""

import botocore.exceptions
import pytest
import redis

import groups
import patience
import replication
from customers import WaitingWriter
from traffic import Writer


class PlainWriter(Writer):
    """A client that knows nothing of slots, at the primary endpoint."""

    def lost(self):
        with replication.connection(self.endpoint) as client:
            pipeline = client.pipeline(transaction=False)
            for number in self.acknowledged:
                pipeline.get(f"number:{number}")
            return [number for number, value in zip(self.acknowledged, pipeline.execute()) if value != str(number)]


class Compatible(replication.Group):
    """A group in compatible mode."""

    def __init__(self, plane, **wanted):
        super().__init__(plane, 2, ClusterMode="compatible", **wanted)

    def configuration(self):
        found = self.describe()["ConfigurationEndpoint"]
        return found["Address"], found["Port"]

    def cluster_client(self):
        host, port = self.configuration()
        return redis.RedisCluster(host=host, port=port, decode_responses=True)


class ClusterWriter(WaitingWriter):
    """A cluster client, at the configuration endpoint; its keys are apart from the other's."""

    def __init__(self, group):
        Writer.__init__(self, None, replicas=1)
        self._host_and_port = group.configuration()
        self._number = 1_000_000
        self._group = group

    def work(self):
        try:
            super().work()
        except AttributeError as error:
            # Told of no node for a slot while nobody serves it, redis-py falls over its own missing entry.
            if "'NoneType' object" not in str(error):
                raise
            if self._client is not None:
                self._client.close()
            self._client = None

    def lost(self):
        with self._group.cluster_client() as client:
            return [number for number in self.acknowledged if client.get(f"number:{number}") != str(number)]


def refused(code, call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        call(**members)
    assert refusal.value.response["Error"]["Code"] == code, refusal.value


@pytest.mark.parametrize(
    "kind, engine, version",
    [("network", "redis", "7.0"), ("published", "valkey", "8.1"), ("network", "valkey", "9.0")],
)
def test_clients_of_either_kind(request, kind, engine, version):
    """At work by the primary and by the configuration endpoint through a failover and the change to enabled; nothing is lost."""
    group = Compatible(request.getfixturevalue(kind), Engine=engine, EngineVersion=version)
    found = groups.available(group.api, group.id)
    assert (found["ClusterMode"], found["ClusterEnabled"], found["AutomaticFailover"]) == ("compatible", False, "enabled")
    [node_group] = found["NodeGroups"]
    assert set(node_group) == {"NodeGroupId", "Status", "PrimaryEndpoint", "ReaderEndpoint", "NodeGroupMembers"}
    assert found["MemberClusters"] == [f"{group.id}-001", f"{group.id}-002"]
    former = group.settled()
    primary, reader, configuration = group.endpoint("Primary"), group.endpoint("Reader"), group.configuration()

    with replication.connection(reader) as client:
        # A replica of a cluster sends a client on that does not say that it only reads.
        with pytest.raises(redis.exceptions.MovedError):
            client.get("key")
        client.execute_command("READONLY")
        assert client.get("key") is None

    refused(
        "InvalidReplicationGroupState",
        group.api.increase_replica_count,
        ReplicationGroupId=group.id,
        NewReplicaCount=2,
        ApplyImmediately=True,
    )
    refused(
        "InvalidReplicationGroupState",
        group.api.modify_replication_group,
        ReplicationGroupId=group.id,
        ReplicationGroupDescription="another",
    )

    with PlainWriter(primary) as plain, ClusterWriter(group) as clustered:
        both = (plain, clustered)
        for writer in both:
            writer.go_on()
        group.api.test_failover(ReplicationGroupId=group.id, NodeGroupId="0001")
        patience.until("another is primary", lambda: group.primary() != former)
        for writer in both:
            writer.go_on()
        assert group.settled() != former
        assert (group.endpoint("Primary"), group.endpoint("Reader"), group.configuration()) == (primary, reader, configuration)
        plain.end()
        plain.assert_nothing_lost()

        enabling = group.api.modify_replication_group(
            ReplicationGroupId=group.id, ClusterMode="enabled", ApplyImmediately=True
        )["ReplicationGroup"]
        assert enabling["PendingModifiedValues"]["ClusterMode"] == "enabled" and enabling["Status"] == "modifying"
        found = groups.available(group.api, group.id)
        clustered.go_on()
        clustered.end()
        clustered.assert_nothing_lost()

    assert (found["ClusterMode"], found["ClusterEnabled"], found["PendingModifiedValues"]) == ("enabled", True, {})
    assert group.configuration() == configuration
    [node_group] = found["NodeGroups"]
    assert set(node_group) == {"NodeGroupId", "Status", "Slots", "NodeGroupMembers"} and node_group["Slots"] == "0-16383"
    assert replication.look_at(primary) == {} and replication.look_at(reader) == {}
    refused(
        "InvalidParameterValue", group.api.modify_replication_group, ReplicationGroupId=group.id, ClusterMode="compatible"
    )
    groups.delete(group.api, group.id)
