"""Users and parameter groups of replication groups with cluster mode enabled: what they say is on every node of every node group."""

import contextlib

import pytest
import redis

import caches
import container_host
import groups
import parameters
import patience
from cluster import Cluster
from test_users import ENGINES, PASSWORD, TLS, Access, connect, is_let_in, lets_in


def nodes(group):
    return [group.node_endpoint(member) for members in group.members().values() for member in members]


def settled(group):
    """Who may ask a node for its cluster is a matter of its users; the API and the administrator are enough here."""
    return group.available()


def cluster_client(group, user=None):
    host, port = group.endpoint()
    credentials = {"username": user, "password": PASSWORD} if user else {}
    return contextlib.closing(redis.RedisCluster(host=host, port=port, decode_responses=True, **credentials, **TLS))


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_users_are_on_every_node(plane, engine, version):
    """From the first moment, after slots have moved to a new node group, and after a primary was lost."""
    api = plane.client()
    access = Access(api, engine)
    # A cluster's client asks who serves what; that must be granted, as on AWS.
    access.modify("reader", AccessString="on ~* +@read +@connection +cluster|slots")
    wanted = {"Engine": engine, "EngineVersion": version, "TransitEncryptionEnabled": True}
    group = Cluster(plane, 2, 1, UserGroupIds=[access.group], **wanted)
    found = settled(group)
    assert found["UserGroupIds"] == [access.group]
    for at in [*nodes(group), group.endpoint()]:
        assert not is_let_in(at) and is_let_in(at, "app") and is_let_in(at, "reader"), at
    keys = {f"key:{number}": str(number) for number in range(300)}
    with cluster_client(group, "app") as app, cluster_client(group, "reader") as reader:
        app.mset_nonatomic(keys)
        assert reader.mget_nonatomic(list(keys)) == list(keys.values())
        with pytest.raises(redis.exceptions.NoPermissionError):
            reader.set("key:1", "other")
        group.reshard(3)
        settled(group)
        assert reader.mget_nonatomic(list(keys)) == list(keys.values())
        for at in nodes(group):
            assert not is_let_in(at) and is_let_in(at, "app"), at
        lost = f"{group.id}-0003-001"
        group.kill(lost)
        patience.until("it has come back", lambda: group.recovered(lost) == 1)
        settled(group)
        patience.until("it has its users again", lambda: lets_in(group.node_endpoint(lost)))
        assert not is_let_in(group.node_endpoint(lost))
        assert reader.mget_nonatomic(list(keys)) == list(keys.values())
        access.modify("reader", AccessString="on ~* -@all +@connection +cluster +set")
        for at in nodes(group):
            with connect(at, "reader") as client, pytest.raises(redis.exceptions.NoPermissionError):
                client.get("key:1")
    access.remove(group.id)


@pytest.mark.parametrize(("engine", "version"), ENGINES)
def test_an_open_cluster_is_closed_without_losing_anything(ours, engine, version):
    """Its nodes are closed at once, and made anew one by one, each primary after a replica has taken over from it."""
    api = ours.client()
    access = Access(api, engine)
    group = Cluster(ours, 2, 1, Engine=engine, EngineVersion=version, TransitEncryptionEnabled=True)
    settled(group)
    keys = {f"key:{number}": str(number) for number in range(300)}
    with cluster_client(group) as client:
        client.mset_nonatomic(keys)
    answer = api.modify_replication_group(
        ReplicationGroupId=group.id, UserGroupIdsToAdd=[access.group], ApplyImmediately=True
    )["ReplicationGroup"]
    assert answer["Status"] == "modifying"

    def is_closed(at):
        try:
            return not is_let_in(at)
        except groups.AWAY:
            # It is being made anew.
            return True

    patience.until("nobody is let in without a name", lambda: all(is_closed(at) for at in nodes(group)))
    settled(group)
    for at in nodes(group):
        assert not is_let_in(at) and is_let_in(at, "app"), at
    with cluster_client(group, "app") as app:
        assert app.mget_nonatomic(list(keys)) == list(keys.values())
    made = [
        " ".join(container["Args"])
        for container in ours.instance.containers(kind="cache-cluster").values()
        if container["Config"]["Labels"][container_host.RESOURCE].startswith(group.id)
    ]
    assert len(made) == 4 and all("--user default off" in one for one in made)
    api.modify_replication_group(ReplicationGroupId=group.id, RemoveUserGroups=True, ApplyImmediately=True)
    settled(group)
    assert all(is_let_in(at) and not is_let_in(at, "app") for at in nodes(group))
    access.remove(group.id)


@pytest.mark.parametrize(
    ("engine", "version", "family"), [("redis", "7.0", "redis7"), ("redis", "6.2", "redis6.x"), ("valkey", "8.1", "valkey8")]
)
def test_a_customers_parameter_group(ours, engine, version, family):
    """At create, exchanged, and changed while it is in use; no node is started anew for it."""
    api = ours.client()
    first = parameters.make(api, family, {"cluster-enabled": "yes", "maxmemory-policy": "noeviction", "timeout": "60"})
    second = parameters.make(api, family, {"cluster-enabled": "yes", "timeout": "90"})
    group = Cluster(ours, 2, 1, Engine=engine, EngineVersion=version, CacheParameterGroupName=first)
    group.settled()
    members = [member for one in group.members().values() for member in one]
    engines = [parameters.administrator(ours, member) for member in members]
    runs = [one.info("server")["run_id"] for one in engines]
    for one in engines:
        parameters.has(one, {"maxmemory-policy": "noeviction", "timeout": "60", "cluster-enabled": "yes"})
    api.modify_replication_group(ReplicationGroupId=group.id, CacheParameterGroupName=second, ApplyImmediately=True)
    for member, one in zip(members, engines):
        parameters.has(one, {"maxmemory-policy": "volatile-lru", "timeout": "90"})
        assert caches.describe(api, member)["CacheParameterGroup"]["CacheParameterGroupName"] == second
    parameters.change(api, second, {"timeout": "120"})
    for one in engines:
        parameters.has(one, {"timeout": "120"})
    group.settled()
    assert [one.info("server")["run_id"] for one in engines] == runs
    group.delete()
    parameters.delete(api, first, second)
