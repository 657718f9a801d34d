"""What a user's program does with replication groups, in few words; and what tells whether the engines replicate."""

import redis

import caches
import patience

# What a client is told where a node is on its way back, after all the client's own tries.
AWAY = (redis.ConnectionError, redis.TimeoutError)


def ask(api, replication_group_id, members=3, **wanted):
    """Asks for a replication group of so many members, and does not wait for it."""
    wanted.setdefault("ReplicationGroupDescription", "asked for by a test")
    if "PrimaryClusterId" not in wanted:
        wanted.setdefault("CacheNodeType", caches.MICRO)
        wanted.setdefault("NumCacheClusters", members)
    answer = api.create_replication_group(ReplicationGroupId=replication_group_id, **wanted)
    return answer["ReplicationGroup"]


def available(api, replication_group_id):
    """Waits with the SDK's waiter until it is available, and describes it."""
    waiter = api.get_waiter("replication_group_available")
    waiter.wait(ReplicationGroupId=replication_group_id, WaiterConfig=caches.WAITER)
    return describe(api, replication_group_id)


def make(api, replication_group_id, members=3, **wanted):
    ask(api, replication_group_id, members, **wanted)
    return available(api, replication_group_id)


def describe(api, replication_group_id):
    [found] = api.describe_replication_groups(ReplicationGroupId=replication_group_id)["ReplicationGroups"]
    return found


def changed(api, replication_group_id, **members):
    """Modifies it at once, waits, and describes it. The answer to the request says what is under way."""
    answer = api.modify_replication_group(ReplicationGroupId=replication_group_id, ApplyImmediately=True, **members)
    assert answer["ReplicationGroup"]["Status"] == "modifying"
    return available(api, replication_group_id)


def delete(api, *replication_group_ids, **members):
    """Deletes, all at once, and waits until they are gone."""
    for one in replication_group_ids:
        api.delete_replication_group(ReplicationGroupId=one, **members)
    for one in replication_group_ids:
        gone(api, one)


def gone(api, replication_group_id):
    waiter = api.get_waiter("replication_group_deleted")
    waiter.wait(ReplicationGroupId=replication_group_id, WaiterConfig=caches.WAITER)


def events(api, replication_group_id):
    """The messages about a replication group, oldest first."""
    pages = api.get_paginator("describe_events").paginate(
        SourceType="replication-group", SourceIdentifier=replication_group_id
    )
    newest_first = [event["Message"] for page in pages for event in page["Events"]]
    return newest_first[::-1]


def roles(group):
    """Who is what, by the ids of the members, as the API says."""
    [node_group] = group["NodeGroups"]
    return {member["CacheClusterId"]: member["CurrentRole"] for member in node_group["NodeGroupMembers"]}


def primary(group):
    [found] = [member for member, role in roles(group).items() if role == "primary"]
    return found


def replicas(group):
    return sorted(member for member, role in roles(group).items() if role == "replica")


def endpoint(group, name="PrimaryEndpoint"):
    """Host and port of its PrimaryEndpoint or ReaderEndpoint."""
    found = group["NodeGroups"][0][name]
    return found["Address"], found["Port"]


def node_endpoints(group):
    """Where each member listens."""
    [node_group] = group["NodeGroups"]
    members = {member["CacheClusterId"]: member["ReadEndpoint"] for member in node_group["NodeGroupMembers"]}
    return {member: (at["Address"], at["Port"]) for member, at in members.items()}


def client(at):
    """redis-py as it comes: its own retries, its own timeouts."""
    host, port = at
    return redis.Redis(host=host, port=port, decode_responses=True)


def writer(group):
    return client(endpoint(group))


def reader(group):
    return client(endpoint(group, "ReaderEndpoint"))


def replicated(api, replication_group_id):
    """Waits until the engines are what the API says: one primary, every other member its replica and in sync."""

    def look():
        group = describe(api, replication_group_id)
        told = roles(group)
        assert sorted(told) == sorted(group["MemberClusters"])
        engines = {}
        for member, at in node_endpoints(group).items():
            try:
                with client(at) as connection:
                    engines[member] = connection.info("replication")
            except AWAY as error:
                raise AssertionError(f"{member} does not answer") from error
        for member, role in told.items():
            assert engines[member]["role"] == ("master" if role == "primary" else "slave"), (member, engines)
            if role == "replica":
                assert engines[member]["master_link_status"] == "up", (member, engines)
        assert engines[primary(group)]["connected_slaves"] == len(told) - 1, engines
        return group

    return patience.until("every replica follows the primary", look)


def write(group, count=100):
    """Keys, each of them on every replica when this returns."""
    keys = {f"key:{number}": f"value {number}" for number in range(count)}
    with writer(group) as connection:
        connection.mset(keys)
        others = len(replicas(group))
        assert connection.wait(others, 60_000) == others
    return keys


def read(at, keys):
    """What is there of these keys."""
    with client(at) as connection:
        return dict(zip(keys, connection.mget(list(keys))))


def read_everywhere(group, keys):
    """Demands that the primary, the reader endpoint, and every member have the keys."""
    for at in [endpoint(group), endpoint(group, "ReaderEndpoint"), *node_endpoints(group).values()]:
        assert read(at, keys) == keys, at


def taken_over(api, replication_group_id, former):
    """Waits until another than `former` is primary."""

    def look():
        group = describe(api, replication_group_id)
        assert primary(group) != former
        return group

    return patience.until(f"another than {former} is primary", look)


def failed_over(api, replication_group_id, former):
    """Waits until another than `former` is primary, and `former` and the others follow that one."""
    taken_over(api, replication_group_id, former)
    group = replicated(api, replication_group_id)
    assert roles(group)[former] == "replica"
    return group
