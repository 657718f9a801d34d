"""What Terraform's provider does with `aws_elasticache_replication_group`, replayed: cluster mode disabled. test_terraform_cluster.py
has the other mode.

Only the pauses differ, as in test_terraform.py. An attribute that no configuration names and that the service chooses is part of the
state all the same: it must not change from plan to plan.
"""

import time

import pytest

import caches
import groups
import patience
from test_terraform import DELETED, NOT_FOUND_TOLERATED, wire_tags

# The provider's waiters (pending, target); any other state is an error at once.
AVAILABLE = ({"creating", "modifying", "snapshotting"}, "available")
GROUP_DELETED = ({"creating", "available", "deleting"}, None)
MEMBERS_AVAILABLE = ({"creating", "deleting", "modifying", "snapshotting"}, "available")

# Sent with every create, whether configured or not.
ALWAYS = {"automatic_failover_enabled": False, "engine": "redis", "transit_encryption_enabled": False}
# What the configuration may say, and the request member that it becomes.
MEMBERS = {
    "description": "ReplicationGroupDescription",
    "automatic_failover_enabled": "AutomaticFailoverEnabled",
    "multi_az_enabled": "MultiAZEnabled",
    "node_type": "CacheNodeType",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "parameter_group_name": "CacheParameterGroupName",
    "maintenance_window": "PreferredMaintenanceWindow",
    "snapshot_window": "SnapshotWindow",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "notification_topic_arn": "NotificationTopicArn",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "ip_discovery": "IpDiscovery",
    "cluster_mode": "ClusterMode",
    "log_delivery_configuration": "LogDeliveryConfigurations",
}
CREATE_ONLY = {
    "at_rest_encryption_enabled": "AtRestEncryptionEnabled",
    "transit_encryption_enabled": "TransitEncryptionEnabled",
    "num_cache_clusters": "NumCacheClusters",
    "num_node_groups": "NumNodeGroups",
    "replicas_per_node_group": "ReplicasPerNodeGroup",
    "preferred_cache_cluster_azs": "PreferredCacheClusterAZs",
    "network_type": "NetworkType",
    "port": "Port",
    "transit_encryption_mode": "TransitEncryptionMode",
    "auth_token": "AuthToken",
    "user_group_ids": "UserGroupIds",
    "snapshot_name": "SnapshotName",
}
# Not sent with a create as they are, or at all.
NOT_OF_CREATE = {"tags", "apply_immediately", "auth_token_update_strategy", "final_snapshot_identifier"}
# Never read back.
BLIND = {
    "preferred_cache_cluster_azs",
    "notification_topic_arn",
    "apply_immediately",
    "auth_token",
    "auth_token_update_strategy",
    "final_snapshot_identifier",
    "snapshot_name",
}


class Group:
    """One resource of the provider, with the configuration that was applied last and the state that was read last."""

    def __init__(self, api):
        self.api = api
        # The original spelling reaches the wire on create; the state has it in lower case.
        self.spelled = caches.fresh("Terraform")
        self.group_id = self.spelled.lower()

    def create(self, config):
        self.config = config
        request = {"ReplicationGroupId": self.spelled}
        for name, value in (ALWAYS | config).items():
            # False is not sent for Multi-AZ.
            if name not in NOT_OF_CREATE and not (name == "multi_az_enabled" and not value):
                request[(MEMBERS | CREATE_ONLY)[name]] = wire_logs(value) if name == "log_delivery_configuration" else value
        if config["tags"]:
            request["Tags"] = wire_tags(config["tags"])
        created = self.api.create_replication_group(**request)["ReplicationGroup"]
        assert created["ReplicationGroupId"] == self.group_id
        self.wait(*AVAILABLE)
        self.read()

    def update(self, config):
        before, self.config = self.config, config
        self.update_tags(before["tags"], config["tags"])
        old, new = (one.get("num_cache_clusters") for one in (before, config))
        if before.get("num_node_groups") != config.get("num_node_groups"):
            self.resize(config["num_node_groups"])
        if before.get("replicas_per_node_group") != config.get("replicas_per_node_group"):
            count = config["replicas_per_node_group"]
            more = count > before["replicas_per_node_group"]
            call = self.api.increase_replica_count if more else self.api.decrease_replica_count
            self.step(call, ApplyImmediately=True, NewReplicaCount=count)
        elif new is not None and new > old:
            self.step(self.api.increase_replica_count, self.wait_members, ApplyImmediately=True, NewReplicaCount=new - 1)
        self.modify(before)
        self.change_token(before)
        if new is not None and new < old:
            self.step(self.api.decrease_replica_count, self.wait_members, ApplyImmediately=True, NewReplicaCount=new - 1)
        self.read()

    def adopt(self):
        """The apply after an import by a provider of version 5: it takes its default strategy for a change, and sends an empty token with it. Only
        the refusal of a request that asks for nothing is no error to it.
        """
        request = {"ReplicationGroupId": self.group_id, "ApplyImmediately": True, "AuthToken": ""}
        with pytest.raises(self.api.exceptions.InvalidParameterCombinationException, match="No modifications were requested"):
            self.api.modify_replication_group(**request, AuthTokenUpdateStrategy="ROTATE")

    def resize(self, count):
        """More node groups, or fewer: then those with the highest ids go."""
        ids = sorted(one["NodeGroupId"] for one in self.find()["NodeGroups"])
        gone = {"NodeGroupsToRemove": ids[count:]} if count < len(ids) else {}
        shards = self.api.modify_replication_group_shard_configuration
        self.step(shards, ApplyImmediately=True, NodeGroupCount=count, **gone)

    def update_tags(self, before, after):
        arn = self.state["arn"]
        if gone := sorted(set(before) - set(after)):
            self.api.remove_tags_from_resource(ResourceName=arn, TagKeys=gone)
        if new := {key: value for key, value in after.items() if before.get(key) != value}:
            self.api.add_tags_to_resource(ResourceName=arn, Tags=wire_tags(new))

    def modify(self, before):
        changed = {name for name in MEMBERS if before.get(name) != self.config.get(name)}
        request = {MEMBERS[name]: self.config[name] for name in changed if name in self.config}
        if "notification_topic_arn" in changed and "notification_topic_arn" not in self.config:
            request["NotificationTopicArn"] = ""
        if "EngineVersion" in request:
            request["Engine"] = self.config.get("engine", "redis")
        if "SnapshotRetentionLimit" in request and not before.get("snapshot_retention_limit"):
            request["SnapshottingClusterId"] = f"{self.group_id}-001"
        if "log_delivery_configuration" in changed:
            old, new = (one.get("log_delivery_configuration", []) for one in (before, self.config))
            gone = {one["log_type"] for one in old} - {one["log_type"] for one in new}
            request["LogDeliveryConfigurations"] = wire_logs(new) + [{"LogType": one, "Enabled": False} for one in sorted(gone)]
        if not request:
            return
        request["ApplyImmediately"] = self.config.get("apply_immediately", False)
        self.step(self.api.modify_replication_group, **request)

    def change_token(self, before):
        """A request of its own."""
        token, strategy = (self.config.get(name) for name in ("auth_token", "auth_token_update_strategy"))
        if (token, strategy) != (before.get("auth_token"), before.get("auth_token_update_strategy")):
            request = {"AuthToken": token, "AuthTokenUpdateStrategy": strategy, "ApplyImmediately": True}
            self.step(self.api.modify_replication_group, **request)

    def step(self, call, wait_more=None, **request):
        """Every step waits before and after; at once, without a first pause."""
        self.wait(*AVAILABLE)
        call(ReplicationGroupId=self.group_id, **request)
        if wait_more is not None:
            wait_more()
        self.wait(*AVAILABLE)

    def destroy(self):
        end = time.monotonic() + patience.DEADLINE_S
        final = self.config.get("final_snapshot_identifier")
        kept = {"FinalSnapshotIdentifier": final} if final else {}
        while True:
            try:
                self.api.delete_replication_group(ReplicationGroupId=self.group_id, **kept)
                break
            except self.api.exceptions.InvalidReplicationGroupStateFault:
                assert time.monotonic() < end
                time.sleep(0.2)
        self.wait(*GROUP_DELETED)

    def wait(self, pending, target):
        self.wait_for(pending, target, self.status)

    def status(self):
        found = self.find()
        return found and found["Status"]

    def wait_members(self):
        self.wait_for(*MEMBERS_AVAILABLE, self.member_status)

    def member_status(self):
        """The first status of a member that is not available; all cache clusters are listed for it."""
        members = self.find()["MemberClusters"]
        listed = {
            one["CacheClusterId"]: one["CacheClusterStatus"]
            for page in self.api.get_paginator("describe_cache_clusters").paginate()
            for one in page["CacheClusters"]
        }
        busy = [listed[one] for one in members if listed.get(one, "available") != "available"]
        return busy[0] if busy else "available"

    def wait_for(self, pending, target, look):
        missing = 0
        end = time.monotonic() + patience.DEADLINE_S
        while time.monotonic() < end:
            status = look()
            if status == target:
                return
            if status is None:
                missing += 1
                assert missing <= NOT_FOUND_TOLERATED
            else:
                missing = 0
                assert status in pending, f"unexpected state {status!r}"
            time.sleep(0.2)
        raise AssertionError(f"{self.group_id} did not become {target}")

    def find(self):
        pages = self.api.get_paginator("describe_replication_groups").paginate(ReplicationGroupId=self.group_id)
        try:
            found = [one for page in pages for one in page["ReplicationGroups"]]
        except self.api.exceptions.ReplicationGroupNotFoundFault:
            return None
        assert len(found) == 1
        return found[0]

    def read(self):
        """The attributes as the provider makes them from replies. A KeyError here is a nil pointer there."""
        found = self.find()
        assert "GlobalReplicationGroupId" not in found["GlobalReplicationGroupInfo"]
        self.state = group_attributes(found)
        first = found["NodeGroups"][0]["NodeGroupMembers"][0]["CacheClusterId"]
        answer = self.api.describe_cache_clusters(CacheClusterId=first, ShowCacheNodeInfo=True)
        [member] = answer["CacheClusters"]
        self.state |= member_attributes(member)
        tags = self.api.list_tags_for_resource(ResourceName=found["ARN"])["TagList"]
        self.state["tags"] = {tag["Key"]: tag["Value"] for tag in tags}

    def plan(self):
        """Reads anew, and tells what differs from the configuration, or from what was read before."""
        before = self.state
        self.read()
        configured = set(self.config) - BLIND
        differs = {name for name in configured if self.config[name] != self.state[name]}
        if "port" not in self.config and self.state["port"] != 6379:
            differs.add("port")
        return differs | {name for name in self.state if self.state[name] != before[name]}


def group_attributes(found):
    node_group = found["NodeGroups"][0]
    members = node_group["NodeGroupMembers"]
    return {
        "automatic_failover_enabled": {"disabled": False, "disabling": False, "enabled": True, "enabling": True}[
            found["AutomaticFailover"]
        ],
        "multi_az_enabled": {"enabled": True, "disabled": False}[found["MultiAZ"]],
        "kms_key_id": found.get("KmsKeyId"),
        "description": found["Description"],
        "num_cache_clusters": len(found["MemberClusters"]),
        "member_clusters": sorted(found["MemberClusters"]),
        "num_node_groups": len(found["NodeGroups"]),
        "replicas_per_node_group": len(members) - 1,
        "node_group_configuration": [node_group_attributes(one) for one in found["NodeGroups"]],
        "cluster_enabled": found["ClusterEnabled"],
        "cluster_mode": found["ClusterMode"],
        "replication_group_id": found["ReplicationGroupId"],
        "arn": found["ARN"],
        "data_tiering_enabled": found["DataTiering"] == "enabled",
        "ip_discovery": found["IpDiscovery"],
        "network_type": found["NetworkType"],
        "snapshot_window": found["SnapshotWindow"],
        "snapshot_retention_limit": found["SnapshotRetentionLimit"],
        "log_delivery_configuration": sorted(map(log_attributes, found["LogDeliveryConfigurations"]), key=str),
        "user_group_ids": found.get("UserGroupIds", []),
    } | endpoint_attributes(found)


def wire_logs(configured):
    return [
        {
            "LogType": one["log_type"],
            "LogFormat": one["log_format"],
            "DestinationType": one["destination_type"],
            "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": one["destination"]}},
        }
        for one in configured
    ]


def log_attributes(told):
    """The details must be those of the type: a KeyError here is a nil pointer there."""
    return {
        "log_type": told["LogType"],
        "log_format": told["LogFormat"],
        "destination_type": told["DestinationType"],
        "destination": told["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"],
    }


def node_group_attributes(node_group):
    members = node_group["NodeGroupMembers"]
    return {
        "node_group_id": node_group["NodeGroupId"],
        "slots": node_group.get("Slots"),
        "primary_availability_zone": members[0]["PreferredAvailabilityZone"],
        "replica_availability_zones": [member["PreferredAvailabilityZone"] for member in members[1:]],
    }


def endpoint_attributes(found):
    """A configuration endpoint, or else those of the first node group."""
    if configuration := found.get("ConfigurationEndpoint"):
        return {"port": configuration["Port"], "configuration_endpoint_address": configuration["Address"]}
    first = found["NodeGroups"][0]
    return {
        "port": first["PrimaryEndpoint"]["Port"],
        "primary_endpoint_address": first["PrimaryEndpoint"]["Address"],
        "reader_endpoint_address": first["ReaderEndpoint"]["Address"],
    }


def member_attributes(member):
    version = member["EngineVersion"]
    numbers = version.split(".")
    assert len(numbers) == 3 and all(number.isdigit() for number in numbers)
    assert not member.get("CacheSecurityGroups")
    node = member["CacheNodes"][0]
    assert {"Address", "Port"} <= set(node["Endpoint"]) and node["CustomerAvailabilityZone"] and node["CacheNodeId"]
    return {
        "node_type": member["CacheNodeType"],
        "engine": member["Engine"],
        "engine_version": ".".join(numbers[:2]),
        "engine_version_actual": version,
        "auto_minor_version_upgrade": member["AutoMinorVersionUpgrade"],
        "subnet_group_name": member["CacheSubnetGroupName"],
        "security_group_ids": sorted(group["SecurityGroupId"] for group in member.get("SecurityGroups", [])),
        "parameter_group_name": member["CacheParameterGroup"]["CacheParameterGroupName"],
        "maintenance_window": member["PreferredMaintenanceWindow"],
        "at_rest_encryption_enabled": member.get("AtRestEncryptionEnabled", False),
        "transit_encryption_enabled": member["TransitEncryptionEnabled"],
        "transit_encryption_mode": member.get("TransitEncryptionMode"),
        "auth_token_enabled": member["AuthTokenEnabled"],
    }


@pytest.fixture
def group(network):
    return Group(network.client())


REDIS = {
    "description": "replayed",
    "engine": "redis",
    "engine_version": "6.2",
    "node_type": "cache.t3.micro",
    "num_cache_clusters": 2,
    "parameter_group_name": "default.redis6.x",
    "maintenance_window": "sun:05:00-sun:09:00",
    "snapshot_window": "10:00-11:00",
    "automatic_failover_enabled": False,
    "multi_az_enabled": False,
    "at_rest_encryption_enabled": False,
    "auto_minor_version_upgrade": True,
    "preferred_cache_cluster_azs": ["us-east-1a", "us-east-1b"],
    "apply_immediately": True,
    "tags": {"Name": "replayed", "empty": ""},
}
# What is changed one after the other, each on top of the last.
CHANGES = [
    {"description": "another", "tags": {"Name": "replayed", "stage": "test"}},
    {"num_cache_clusters": 4},
    {"automatic_failover_enabled": True, "multi_az_enabled": True},
    {"engine_version": "7.0", "parameter_group_name": "default.redis7", "num_cache_clusters": 3},
    {"node_type": "cache.t3.small", "snapshot_retention_limit": 2},
    {"maintenance_window": "mon:01:00-mon:02:00", "snapshot_window": "03:00-04:00", "snapshot_retention_limit": 0},
    {"notification_topic_arn": "arn:aws:sns:us-east-1:000000000000:topic", "tags": {}},
    {"notification_topic_arn": None, "auto_minor_version_upgrade": False, "multi_az_enabled": False},
    {"engine": "valkey", "engine_version": "8.1", "parameter_group_name": "default.valkey8"},
    {"automatic_failover_enabled": False, "num_cache_clusters": 1},
]


def test_apply_plan_change_destroy(group):
    """After every apply, the next plan is empty; an import from the id alone reads the same; the keys outlive every change."""
    group.create(REDIS)
    assert group.plan() == set()
    assert group.state["port"] == 6379 and group.state["kms_key_id"] is None
    assert (group.state["transit_encryption_mode"], group.state["cluster_mode"]) == (None, "disabled")
    assert (group.state["num_node_groups"], group.state["cluster_enabled"]) == (1, False)
    assert "configuration_endpoint_address" not in group.state
    keys = groups.write(groups.describe(group.api, group.group_id))
    endpoints = group.state["primary_endpoint_address"], group.state["reader_endpoint_address"]
    for change in CHANGES:
        wanted = group.config | change
        group.update({name: value for name, value in wanted.items() if value is not None})
        assert group.plan() == set(), change
        assert (group.state["primary_endpoint_address"], group.state["reader_endpoint_address"]) == endpoints
        at = groups.endpoint(groups.describe(group.api, group.group_id))
        assert groups.read(at, keys) == keys, change
    # Encryption at rest is on by default for Valkey, but an upgrade does not turn it on.
    assert group.state["at_rest_encryption_enabled"] is False

    imported = Group(group.api)
    imported.group_id = group.group_id
    imported.read()
    assert imported.state == group.state
    imported.adopt()
    imported.read()
    assert imported.state == group.state
    group.destroy()
    assert group.find() is None


def test_a_basic_group(group):
    """The provider's first acceptance test says only what must be said."""
    group.create({"description": "basic", "node_type": "cache.t3.micro", "tags": {}})
    assert group.plan() == set()
    state = group.state
    assert (state["engine"], state["num_cache_clusters"], state["replicas_per_node_group"]) == ("redis", 1, 0)
    assert state["engine_version"] == "7.1" and state["parameter_group_name"] == "default.redis7"
    assert state["auto_minor_version_upgrade"] is True and state["at_rest_encryption_enabled"] is False
    assert (state["automatic_failover_enabled"], state["multi_az_enabled"]) == (False, False)
    group.destroy()


def test_replicas_per_node_group_and_a_failover(group):
    """The other spelling of the size. A failover in between changes no attribute: zones and members keep their places."""
    config = {
        "description": "sized",
        "engine": "valkey",
        "node_type": "cache.t3.micro",
        "port": 7000,
        "num_node_groups": 1,
        "replicas_per_node_group": 1,
        "automatic_failover_enabled": True,
        "parameter_group_name": "default.valkey9",
        "tags": {},
    }
    group.create(config)
    assert group.plan() == set()
    assert group.state["port"] == 7000 and group.state["at_rest_encryption_enabled"] is True
    group.api.test_failover(ReplicationGroupId=group.group_id, NodeGroupId="0001")
    groups.failed_over(group.api, group.group_id, f"{group.group_id}-001")
    assert group.plan() == set()
    for count in (3, 1):
        group.update(group.config | {"replicas_per_node_group": count})
        assert group.plan() == set()
        # The server picks who goes, and never the primary.
        assert groups.primary(groups.describe(group.api, group.group_id)) == f"{group.group_id}-002"
    group.destroy()


def test_a_cluster_that_joins(network):
    """`aws_elasticache_cluster` with replication_group_id: it sends no settings, and reads the group's."""
    api = network.client()
    group = Group(api)
    group.create({"description": "joined", "node_type": "cache.t3.micro", "num_cache_clusters": 1, "tags": {}})
    replica = caches.fresh("replica")
    api.create_cache_cluster(CacheClusterId=replica, ReplicationGroupId=group.group_id, AutoMinorVersionUpgrade=True)
    found = caches.available(api, replica)
    assert (found["ReplicationGroupId"], found["NumCacheNodes"]) == (group.group_id, 1)
    group.wait(*AVAILABLE)
    groups.replicated(api, group.group_id)
    api.delete_cache_cluster(CacheClusterId=replica)
    group.wait_for(*DELETED, lambda: cluster_status(api, replica))
    group.wait(*AVAILABLE)
    assert group.plan() == set()
    group.destroy()


def cluster_status(api, cache_cluster_id):
    try:
        return caches.status(api, cache_cluster_id)
    except api.exceptions.CacheClusterNotFoundFault:
        return None
