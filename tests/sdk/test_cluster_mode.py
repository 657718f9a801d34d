"""Replication groups with cluster mode enabled, by the clients that people use: the SDK, redis-py's cluster client, redis-cli -c."""

import contextlib

import botocore.exceptions
import pytest
import redis

import caches
import groups
import patience
from cluster import SLOTS, Cluster, resharding, slots_of
from customers import FEW_KEYS, MANY_KEYS, Checker, CliCustomer, Overwriter, RustCustomer
from test_application_container import in_container, network_named


TWICE = """#!lua name=numbers
redis.register_function('twice', function(keys, args) return 2 * args[1] end)
"""


def pinned(id, slots, *zones):
    """A node group by id, slots, and the zone of each member, the primary's first."""
    return {
        "NodeGroupId": id,
        "Slots": slots,
        "ReplicaCount": len(zones) - 1,
        "PrimaryAvailabilityZone": zones[0],
        "ReplicaAvailabilityZones": list(zones[1:]),
    }


def test_the_shape_of_one(plane):
    """As AWS tells it: node groups with slots, members without a role or an endpoint, one endpoint for all."""
    group = Cluster(plane, EngineVersion="7.0")
    assert (group.asked["Status"], group.asked["ClusterEnabled"], group.asked["ClusterMode"]) == ("creating", True, "enabled")
    # A reader that takes the first node group falls over an empty list.
    assert "NodeGroups" not in group.asked and "ConfigurationEndpoint" not in group.asked
    found = group.available()
    assert found["Status"] == "available" and found["AutomaticFailover"] == "enabled" and found["MultiAZ"] == "disabled"
    assert (found["ClusterEnabled"], found["ClusterMode"]) == (True, "enabled")
    assert set(found["ConfigurationEndpoint"]) == {"Address", "Port"}
    assert found["PendingModifiedValues"] == {} and "SnapshottingClusterId" not in found
    assert group.slots() == {"0001": "0-5461", "0002": "5462-10922", "0003": "10923-16383"}
    assert group.members() == {one: [f"{group.id}-{one}-00{number}" for number in (1, 2)] for one in group.slots()}
    assert found["MemberClusters"] == [member for members in group.members().values() for member in members]
    for node_group in found["NodeGroups"]:
        assert set(node_group) == {"NodeGroupId", "Status", "Slots", "NodeGroupMembers"}
        for member in node_group["NodeGroupMembers"]:
            assert set(member) == {"CacheClusterId", "CacheNodeId", "PreferredAvailabilityZone"}
    member = caches.describe(group.api, found["MemberClusters"][0])
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7.cluster.on"
    assert member["ReplicationGroupId"] == group.id and member["CacheNodeType"] == caches.MICRO
    group.settled()
    group.delete()


@pytest.mark.parametrize(
    "engine, version, wanted",
    [
        ("redis", "7.1", {"ClusterMode": "enabled"}),
        ("redis", "6.2", {"CacheParameterGroupName": "default.redis6.x.cluster.on"}),
        ("valkey", "8.0", {"CacheParameterGroupName": "default.valkey8.cluster.on", "Port": 7777}),
    ],
)
def test_one_node_group(network, engine, version, wanted):
    """A single one, without a replica, is a cluster too where the parameter group or ClusterMode says so."""
    group = Cluster(network, 1, 0, Engine=engine, EngineVersion=version, **wanted)
    group.available()
    assert group.slots() == {"0001": "0-16383"}
    assert group.endpoint()[1] == wanted.get("Port", 6379)
    group.settled()
    with group.client() as client:
        assert client.set("key", "value") and client.get("key") == "value"
    group.delete()


def test_node_groups_as_they_are_asked_for(ours):
    """Ids, slots in several ranges, zones and numbers of replicas; a new node group takes the next id, and the smallest size."""
    configuration = [
        pinned("0010", "0-99,8192-16383", "us-east-1c"),
        pinned("0020", "100-8191", "us-east-1b", "us-east-1a", "us-east-1c"),
    ]
    group = Cluster(ours, NodeGroupConfiguration=configuration, EngineVersion="7.0")
    group.available()
    assert group.slots() == {one["NodeGroupId"]: one["Slots"] for one in configuration}
    found = group.settled()
    zones = [[one["PreferredAvailabilityZone"] for one in each["NodeGroupMembers"]] for each in found["NodeGroups"]]
    assert zones == [["us-east-1c"], ["us-east-1b", "us-east-1a", "us-east-1c"]]
    with group.client() as client:
        client.function_load(TWICE)
    group.reshard(3, ReshardingConfiguration=[{"NodeGroupId": "0021", "PreferredAvailabilityZones": ["us-east-1a"]}])
    found = group.settled()
    # Functions belong to no slot, and are there all the same.
    with groups.client(group.node_endpoint(f"{group.id}-0021-001")) as client:
        assert client.fcall("twice", 0, 21) == 42
    assert [one["NodeGroupId"] for one in found["NodeGroups"]] == ["0010", "0020", "0021"]
    [new] = found["NodeGroups"][2]["NodeGroupMembers"]
    assert (new["CacheClusterId"], new["PreferredAvailabilityZone"]) == (f"{group.id}-0021-001", "us-east-1a")
    assert sorted(len(slots_of(slots)) for slots in group.slots().values()) == [5461, 5461, 5462]
    group.delete()


@pytest.mark.parametrize("engine, version", [("redis", "7.0"), ("valkey", "8.1"), ("valkey", "9.0")])
def test_a_client_on_the_host_reaches_every_node(plane, engine, version):
    """By whatever address it was told; in published mode that is the host's own name with a port of each node."""
    group = Cluster(plane, Engine=engine, EngineVersion=version)
    group.settled()
    members = [member for members in group.members().values() for member in members]
    expected = {group.node_endpoint(member) for member in members}
    assert len(expected) == 6
    # The client writes localhost as an address.
    expected = {(host.replace("localhost", "127.0.0.1"), port) for host, port in expected}
    with group.client() as client:

        def knows_all():
            client.nodes_manager.initialize()
            return {(node.host, node.port) for node in client.get_nodes()} == expected

        # The nodes tell each other who follows whom; replicas may be the last to be heard of.
        patience.until("the client knows every node", knows_all)
        assert client.ping(target_nodes=redis.RedisCluster.ALL_NODES)
        keys = {f"key:{number}": f"value {number}" for number in range(1000)}
        client.mset_nonatomic(keys)
        assert client.mget_nonatomic(list(keys)) == list(keys.values())
    assert group.key_count() == len(keys)
    # A client that knows one replica only is sent on to where the keys are.
    for node_group, members in group.members().items():
        [replica] = set(members) - {group.primaries()[node_group]}
        host, port = group.node_endpoint(replica)
        with contextlib.closing(redis.RedisCluster(host=host, port=port, decode_responses=True)) as client:
            assert client.mget_nonatomic(list(keys)) == list(keys.values())
    group.delete()


def test_redis_cli_in_a_container(ours):
    """It is sent on from node to node, by addresses that lead there on the network of the nodes."""
    group = Cluster(ours, EngineVersion="7.0")
    group.settled()
    host, port = group.node_endpoint(group.members()["0001"][0])
    nodes = [network_named(ours, "nodes")]
    write = f"for i in $(seq 100); do redis-cli -c -h {host} -p {port} set key:$i $i; done"
    told = in_container(nodes, "sh", "-c", write).split()
    assert told == ["OK"] * 100
    with group.client() as client:
        assert client.mget_nonatomic([f"key:{number}" for number in range(1, 101)]) == [str(n) for n in range(1, 101)]
    # Some of them on every node group.
    for member in group.primaries().values():
        with groups.client(group.node_endpoint(member)) as client:
            assert client.dbsize() > 0
    read = f"for i in $(seq 100); do redis-cli -c -h {host} -p {port} get key:$i; done"
    assert in_container(nodes, "sh", "-c", read).split() == [str(number) for number in range(1, 101)]
    # By the configuration endpoint too, from the network that it is on.
    at, port = group.endpoint()
    both = [*nodes, network_named(ours, "endpoints")]
    assert in_container(both, "redis-cli", "-c", "-h", at, "-p", str(port), "get", "key:7") == "7"
    group.delete()


def test_what_is_refused(network):
    """Of a group that is there; what can be told without one is in the table of tests/integration."""
    group = Cluster(network, 2, 0, EngineVersion="7.0")
    shards = dict(ApplyImmediately=True, ReplicationGroupId=group.id)
    api = group.api
    # While it is being made.
    refused(api.modify_replication_group_shard_configuration, shards | {"NodeGroupCount": 3}, "InvalidReplicationGroupState")
    refused(api.test_failover, dict(ReplicationGroupId=group.id, NodeGroupId="0001"), "InvalidReplicationGroupState")
    refused(api.delete_replication_group, dict(ReplicationGroupId=group.id), "InvalidReplicationGroupState")
    before = group.settled(), group.events()
    combination, value, state = "InvalidParameterCombination", "InvalidParameterValue", "InvalidReplicationGroupState"
    for members, code, text in [
        (dict(NodeGroupCount=2), state, "Slots in the replication group are uniformly distributed. Nothing to do."),
        (dict(NodeGroupCount=0), value, "Invalid number of node groups: 0"),
        (dict(NodeGroupCount=-1), value, "Invalid number of node groups: -1"),
        (dict(NodeGroupCount=501), "NodeGroupsPerReplicationGroupQuotaExceeded", "at most 500"),
        (dict(NodeGroupCount=499), "NodeQuotaForCustomerExceeded", "Customer node quota exceeded."),
        (dict(NodeGroupCount=3, ApplyImmediately=False), value, "ApplyImmediately must be true"),
        (dict(NodeGroupCount=1), combination, "Exactly one of NodeGroupsToRemove and NodeGroupsToRetain"),
        (dict(NodeGroupCount=1, NodeGroupsToRemove=["0001"], NodeGroupsToRetain=["0002"]), combination, "Exactly one of"),
        (dict(NodeGroupCount=1, NodeGroupsToRemove=["0010"]), value, "The following node group ids are invalid: [0010]"),
        (dict(NodeGroupCount=1, NodeGroupsToRetain=["0010", "0002"]), value, "ids are invalid: [0010]"),
        (dict(NodeGroupCount=1, NodeGroupsToRemove=["0001", "0002"]), combination, "0 node groups would be left"),
        (dict(NodeGroupCount=1, NodeGroupsToRetain=["0001", "0002"]), combination, "2 node groups would be left"),
        (dict(NodeGroupCount=3, NodeGroupsToRemove=["0001"]), combination, "when the number of node groups decreases"),
        (dict(NodeGroupCount=2, NodeGroupsToRetain=["0001", "0002"]), combination, "number of node groups decreases"),
        (
            dict(NodeGroupCount=1, NodeGroupsToRemove=["0001"], ReshardingConfiguration=[zoned("us-east-1a")]),
            combination,
            "when the number of node groups increases",
        ),
        (dict(NodeGroupCount=5, ReshardingConfiguration=[zoned("us-east-1a")] * 2), combination, "an entry for each"),
        (dict(NodeGroupCount=3, ReshardingConfiguration=[zoned("eu-west-1a")]), value, "not a valid availability zone"),
        (
            dict(NodeGroupCount=3, ReshardingConfiguration=[zoned("us-east-1a", "us-east-1b")]),
            combination,
            "must name a zone for each of the 1 nodes",
        ),
    ]:
        refused(api.modify_replication_group_shard_configuration, shards | members, code, text)
    whole = dict(ReplicationGroupId=group.id, ApplyImmediately=True)
    for members, code, text in [
        (dict(ClusterMode="disabled"), value, "cannot be changed once it is enabled"),
        (dict(ClusterMode="compatible"), value, "cannot be changed once it is enabled"),
        (dict(AutomaticFailoverEnabled=False), value, "Turning off automatic failover for replication group with cluster"),
        (dict(MultiAZEnabled=True), None, "replica"),
        (dict(SnapshotRetentionLimit=1, SnapshottingClusterId=f"{group.id}-0001-001"), combination, "snapshotting cluster"),
        (dict(PrimaryClusterId=f"{group.id}-0001-001"), combination, "PrimaryClusterId"),
        (dict(CacheParameterGroupName="default.redis7"), combination, "cluster-enabled has a different value"),
        (dict(EngineVersion="6.2"), combination, "Cannot modify redis from 7.0 to 6.2"),
    ]:
        refused(api.modify_replication_group, whole | members, code, text)
    for operation in (api.increase_replica_count, api.decrease_replica_count):
        refused(operation, whole | {"NewReplicaCount": 0}, "NoOperationFault")
        refused(operation, whole | {"NewReplicaCount": 6}, value)
        unknown = [{"NodeGroupId": "0003", "NewReplicaCount": 1}]
        refused(operation, whole | {"ReplicaConfiguration": unknown}, value, "node group ids are invalid: [0003]")
    tested = dict(ReplicationGroupId=group.id)
    refused(api.test_failover, tested | {"NodeGroupId": "0003"}, "NodeGroupNotFoundFault", "0003")
    refused(api.test_failover, tested | {"NodeGroupId": "0001"}, state, "at least one read replica")
    refused(api.delete_replication_group, tested | {"RetainPrimaryCluster": True}, combination, "RetainPrimaryCluster")
    refused(api.delete_cache_cluster, dict(CacheClusterId=f"{group.id}-0001-001"), None, "")
    rebooted = dict(CacheClusterId=f"{group.id}-0001-001", CacheNodeIdsToReboot=["0001"])
    refused(api.reboot_cache_cluster, rebooted, "InvalidCacheClusterState", "cluster mode enabled")
    refused(api.create_cache_cluster, dict(CacheClusterId=caches.fresh("more"), ReplicationGroupId=group.id), None, "")
    assert (group.settled(), group.events()) == before
    group.delete()


def zoned(*zones):
    return {"NodeGroupId": "0003", "PreferredAvailabilityZones": list(zones)}


def refused(call, members, code, text=""):
    """Demands that the call is refused by this code, with this text in the message; without a code, that it is the caller's fault."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (400, 404), answer
    assert code in (None, answer["Error"]["Code"]) and text in answer["Error"]["Message"], (members, answer["Error"])


@contextlib.contextmanager
def at_work(group):
    """A writer and a checker at work on all keys with redis-py, the `redis` crate and redis-cli -c on keys of their own."""
    # One engine says for the others what the number of keys does.
    keys = MANY_KEYS if group.asked["Engine"] == "redis" else FEW_KEYS
    with Overwriter(group, keys) as writer, Checker(group, writer) as checker, RustCustomer(group) as rust, CliCustomer(group) as cli:
        customers = writer, checker, rust, cli
        for customer in customers:
            customer.go_on()
        yield customers


def have_been_served(group, customers, may_be_told_elsewhere=False):
    """Ends them, and demands that no write is lost, no key doubled, and no error came through."""
    writer, checker, rust, cli = customers
    for customer in customers:
        customer.end()
    print("done:", [customer.done for customer in customers])
    checker.assert_right()
    writer.assert_nothing_lost(group, others=rust.KEYS + cli.KEYS)
    print("sent on to a node that the client had not heard of:", writer.told_elsewhere + checker.told_elsewhere)
    for customer in (writer, checker):
        customer.assert_served(may_be_told_elsewhere)
    for customer in (rust, cli):
        customer.assert_served()


@pytest.mark.parametrize(
    "engine, version, may_be_told_elsewhere",
    [
        ("redis", "7.0", False),
        # Its slots cannot be handed over in a transaction, so clients are sent to the taker with ASK before any map tells of it.
        pytest.param("valkey", "8.1", True, marks=pytest.mark.thorough),
        pytest.param("valkey", "9.0", False, marks=pytest.mark.thorough),
    ],
)
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_resharding_under_load(ours, engine, version, may_be_told_elsewhere):
    """3 to 5 to 2 node groups: no write is lost, no key is doubled, and whoever reads and writes is served."""
    group = Cluster(ours, Engine=engine, EngineVersion=version)
    group.settled()
    with at_work(group) as customers:
        for count, names in [(5, {}), (2, {"NodeGroupsToRemove": ["0001", "0003", "0004"]})]:
            begun = group.reshard(count, **names)
            assert begun["Status"] == "modifying" and resharding(begun) == 0.0
            follow(group)
            for customer in customers:
                customer.go_on()
            found = group.settled()
            sizes = [len(slots_of(one["Slots"])) for one in found["NodeGroups"]]
            assert len(sizes) == count and max(sizes) - min(sizes) <= 1
        assert list(group.slots()) == ["0002", "0005"]
        have_been_served(group, customers, may_be_told_elsewhere)
    told = [text for text in group.events() if "number of node groups" in text]
    assert told == [f"Finished modifying number of node groups from {a} to {b}" for a, b in ((3, 5), (5, 2))]
    group.delete()


def follow(group):
    """Waits until it is available again; meanwhile it is modifying, and tells how far it is, which only grows."""
    seen = []

    def is_over():
        found = group.describe()
        percent = resharding(found)
        if found["Status"] == "available":
            assert percent is None, found
            return True
        if found["Status"] != "modifying" or {one["Status"] for one in found["NodeGroups"]} != {"modifying"}:
            raise RuntimeError(f"not modifying while slots move: {found}")
        if percent is not None:
            seen.append(percent)
        return False

    patience.until("the slots have moved", is_over, deadline_s=600)
    assert seen and seen == sorted(seen) and 0 <= seen[0] and seen[-1] <= 100, seen


@pytest.mark.timeout(900)
def test_a_key_that_is_too_large_to_move_is_in_nobodys_way(ours):
    """Its slot stays, and is told of; all others move. This one does when it is asked for again and the key is gone."""
    group = Cluster(ours, 2, 0, EngineVersion="7.0")
    group.settled()
    with group.client() as client:
        large = next(key for key in (f"large {number}" for number in range(100)) if client.keyslot(key) >= SLOTS // 2)
        slot = client.keyslot(large)
        beside = f"{{{large}}} beside"
        small = [beside] + [f"small {number}" for number in range(1000)]
        for key in small:
            client.set(key, "value")
        client.setrange(large, 280_000_000, "end")
        group.reshard(1, NodeGroupsToRemove=["0002"])

        # The operation ends with what it came to, as on AWS: the node group stays for the one slot.
        assert group.available()["Status"] == "available"
        without = f"0-{slot - 1},{slot + 1}-{SLOTS - 1}"
        assert group.slots() == {"0001": without, "0002": str(slot)}
        why = f"Slots {slot} hold keys of more than 256 MB, which do not move. They stay where they are."
        assert group.events().count(why) == 1
        assert {client.get(key) for key in small} == {"value"} and client.strlen(large) == 280_000_003
        client.delete(large)
        group.reshard(1, NodeGroupsToRemove=["0002"])
        assert group.available()["Status"] == "available"
        assert group.slots() == {"0001": f"0-{SLOTS - 1}"}
        assert {client.get(key) for key in small} == {"value"} and group.key_count() == len(small)
    group.delete()


@pytest.mark.parametrize(
    "engine, version",
    [
        ("redis", "7.0"),
        pytest.param("valkey", "8.1", marks=pytest.mark.thorough),
        pytest.param("valkey", "9.0", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.alone
def test_replicas_come_and_go_under_load(ours, engine, version):
    """One more in every node group, then one alone, then the same as before: nobody who reads and writes gets an error."""
    group = Cluster(ours, 2, 1, Engine=engine, EngineVersion=version)
    group.settled()
    with at_work(group) as customers:
        change = dict(ReplicationGroupId=group.id, ApplyImmediately=True)
        one = [{"NodeGroupId": "0002", "NewReplicaCount": 3}]
        for operation, wanted, sizes in [
            (group.api.increase_replica_count, {"NewReplicaCount": 2}, [3, 3]),
            (group.api.increase_replica_count, {"ReplicaConfiguration": one}, [3, 4]),
            (group.api.decrease_replica_count, {"NewReplicaCount": 1}, [2, 2]),
        ]:
            answer = operation(**change, **wanted)["ReplicationGroup"]
            assert answer["Status"] == "modifying"
            found = groups.available(group.api, group.id)
            assert [len(each["NodeGroupMembers"]) for each in found["NodeGroups"]] == sizes
            group.settled()
            for customer in customers:
                customer.go_on()
        have_been_served(group, customers)
    group.delete()


def test_a_failover_that_is_tested(plane):
    """Of one node group; the others are not touched, and the story is told as AWS tells it."""
    group = Cluster(plane, 2, 1, EngineVersion="7.0")
    group.settled()
    before = group.primaries()
    first, second = f"{group.id}-0002-001", f"{group.id}-0002-002"
    answer = group.api.test_failover(ReplicationGroupId=group.id, NodeGroupId="0002")["ReplicationGroup"]
    assert answer["Status"] == "available"
    patience.until("it has come back", lambda: group.recovered(first) == 1)
    group.settled()
    assert group.primaries() == before | {"0002": second}
    told = f"Failover from primary node {first} to replica node {second} completed"
    assert group.events()[-2:] == ["Test Failover API called for node group 0002", told]
    assert group.events(first)[-3:] == [told, "Recovering cache nodes 0001", "Finished recovery for cache nodes 0001"]
    assert group.members()["0002"] == [first, second]
    group.delete()


def test_deletion_leaves_nothing(plane):
    """After a move of slots and a failover, when names, volumes and addresses have been used."""
    left_before = left(plane)
    group = Cluster(plane, 2, 1, EngineVersion="7.0")
    group.settled()
    with group.client() as client:
        client.mset_nonatomic({f"key:{number}": number for number in range(500)})
    group.reshard(3)
    group.settled()
    group.kill(f"{group.id}-0001-001")
    patience.until("it has come back", lambda: group.recovered(f"{group.id}-0001-001") == 1)
    group.settled()
    members = group.describe()["MemberClusters"]
    assert len(members) == 6
    group.delete()
    for member in members:
        with pytest.raises(group.api.exceptions.CacheClusterNotFoundFault):
            caches.describe(group.api, member)
    patience.until("nothing of it is left in Docker", lambda: left(plane) == left_before)
    assert all(name.endswith((".nodes", ".endpoints")) for name in plane.instance.networks())


def left(plane):
    """The containers and volumes that are not a router's."""
    routers = plane.instance.containers(kind="router")
    containers = sorted(set(plane.instance.containers()) - set(routers))
    return containers, sorted(set(plane.instance.volumes()) - {f"{name}.state" for name in routers})
