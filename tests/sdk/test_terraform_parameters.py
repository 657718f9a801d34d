"""What Terraform's provider does with `aws_elasticache_parameter_group`, replayed: its calls, what it reads, and what it would plan next."""

import time

import pytest

import caches
from test_terraform import wire_tags

# Calls of the provider have at most so many parameters.
CHUNK = 20
DELETE_RETRIED_S = 180


class Resource:
    """One resource of the provider, with the configuration that was applied last and the state that was read last."""

    def __init__(self, api):
        self.api = api
        self.name = caches.fresh("terraform")

    def create(self, config):
        self.config = {"description": "Managed by Terraform", "parameters": {}, "tags": {}} | config
        request = {
            "CacheParameterGroupName": self.name,
            "CacheParameterGroupFamily": self.config["family"],
            "Description": self.config["description"],
        }
        if self.config["tags"]:
            request["Tags"] = wire_tags(self.config["tags"])
        created = self.api.create_cache_parameter_group(**request)["CacheParameterGroup"]
        self.arn = created["ARN"]
        assert created["CacheParameterGroupName"] == self.name
        self.apply_parameters({}, self.config["parameters"])
        self.read()

    def update(self, config):
        before, self.config = self.config, self.config | config
        self.apply_parameters(before["parameters"], self.config["parameters"])
        gone = sorted(set(before["tags"]) - set(self.config["tags"]))
        new = {key: value for key, value in self.config["tags"].items() if before["tags"].get(key) != value}
        if gone:
            self.api.remove_tags_from_resource(ResourceName=self.arn, TagKeys=gone)
        if new:
            self.api.add_tags_to_resource(ResourceName=self.arn, Tags=wire_tags(new))
        self.read()

    def apply_parameters(self, old, new):
        """Removed ones are reset, with their old values; then those that are new or changed are set."""
        removed = [(name, value) for name, value in old.items() if name not in new]
        if any(name == "reserved-memory" for name, _ in removed):
            removed = self.without_reserved_memory(removed)
        for chunk in chunks(removed):
            self.api.reset_cache_parameter_group(CacheParameterGroupName=self.name, ParameterNameValues=wire(chunk))
        changed = [(name, value) for name, value in new.items() if old.get(name) != value]
        for chunk in chunks(changed):
            self.api.modify_cache_parameter_group(CacheParameterGroupName=self.name, ParameterNameValues=wire(chunk))

    def without_reserved_memory(self, removed):
        """The service knows this one in older families only; the provider goes on where it says so."""
        try:
            self.api.reset_cache_parameter_group(CacheParameterGroupName=self.name, ParameterNameValues=wire(removed[:CHUNK]))
            return removed[CHUNK:]
        except self.api.exceptions.InvalidParameterValueException as error:
            assert error.response["Error"]["Message"] == "Parameter reserved-memory doesn't exist"
            return [(name, value) for name, value in removed if name != "reserved-memory"]

    def read(self):
        """The attributes as the provider makes them from replies. A KeyError here is a nil pointer there."""
        groups = self.api.describe_cache_parameter_groups(CacheParameterGroupName=self.name)["CacheParameterGroups"]
        assert len(groups) == 1
        # One page only, whatever the marker says.
        described = self.api.describe_cache_parameters(CacheParameterGroupName=self.name, Source="user")
        tags = self.api.list_tags_for_resource(ResourceName=groups[0]["ARN"])["TagList"]
        self.state = {
            "name": groups[0]["CacheParameterGroupName"],
            "family": groups[0]["CacheParameterGroupFamily"],
            "description": groups[0]["Description"],
            "arn": groups[0]["ARN"],
            "parameters": {
                one["ParameterName"].lower(): one["ParameterValue"]
                for one in described["Parameters"]
                if one.get("ParameterValue") is not None
            },
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }

    def plan(self):
        """Reads anew, and tells what differs from the configuration, or from what was read before."""
        before = self.state
        self.read()
        differs = {name for name in self.config if self.config[name] != self.state[name]}
        return differs | {name for name in self.state if self.state[name] != before[name]}

    def destroy(self):
        end = time.monotonic() + DELETE_RETRIED_S
        while True:
            try:
                self.api.delete_cache_parameter_group(CacheParameterGroupName=self.name)
                return
            except self.api.exceptions.CacheParameterGroupNotFoundFault:
                return
            except self.api.exceptions.InvalidCacheParameterGroupStateFault:
                assert time.monotonic() < end
                time.sleep(0.2)


def chunks(pairs):
    return [pairs[start : start + CHUNK] for start in range(0, len(pairs), CHUNK)]


def wire(pairs):
    return [{"ParameterName": name, "ParameterValue": value} for name, value in pairs]


@pytest.fixture
def resource(network):
    return Resource(network.client())


MANY = {
    **{name: "100" for name in ("acllog-max-len", "active-defrag-threshold-upper", "hash-max-listpack-entries")},
    **{name: "200" for name in ("hash-max-listpack-value", "lfu-decay-time", "lfu-log-factor", "maxmemory-samples")},
    **{name: "300" for name in ("min-replicas-max-lag", "repl-backlog-ttl", "set-max-intset-entries", "tcp-keepalive")},
    **{name: "400" for name in ("slowlog-max-len", "stream-node-max-bytes", "stream-node-max-entries", "timeout")},
    **{name: "500" for name in ("zset-max-listpack-entries", "zset-max-listpack-value", "tracking-table-max-keys")},
    **{name: "yes" for name in ("activedefrag", "lazyfree-lazy-eviction", "lazyfree-lazy-expire", "latency-tracking")},
    "notify-keyspace-events": "KEA",
}


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        pytest.param(
            {"family": "redis7", "parameters": {"maxmemory-policy": "allkeys-lru"}, "tags": {"Name": "replayed"}},
            [
                {"parameters": {"maxmemory-policy": "allkeys-lru", "timeout": "60"}},
                # A default that is written down is no less configured.
                {"parameters": {"maxmemory-policy": "volatile-lru", "timeout": "0"}},
                {"parameters": MANY},
                {"parameters": {"cluster-enabled": "yes"}, "tags": {"stage": "test", "empty": ""}},
                {"parameters": {}, "tags": {}},
            ],
            id="redis",
        ),
        pytest.param(
            {"family": "memcached1.6", "description": "ours"},
            [{"parameters": {"idle_timeout": "25", "cas_disabled": "1"}}, {"parameters": {"idle_timeout": "0"}}],
            id="memcached",
        ),
        pytest.param(
            {"family": "redis3.2", "parameters": {"reserved-memory": "0"}},
            [{"parameters": {"reserved-memory": "1024", "timeout": "20"}}, {"parameters": {"timeout": "20"}}],
            id="reserved-memory",
        ),
    ],
)
def test_apply_plan_change_destroy(resource, config, changes):
    """After every apply, the next plan is empty; an import from the name alone reads the same."""
    resource.create(config)
    assert resource.plan() == set()
    for change in changes:
        resource.update(change)
        assert resource.plan() == set(), change
    imported = Resource(resource.api)
    imported.name = resource.name
    imported.read()
    assert imported.state == resource.state
    resource.destroy()
    with pytest.raises(resource.api.exceptions.CacheParameterGroupNotFoundFault):
        resource.read()


def test_a_group_goes_when_its_cache_has_gone(resource):
    """Terraform destroys what uses it first, and tries the group again for three minutes."""
    resource.create({"family": "redis7"})
    one = caches.fresh("user")
    caches.make(resource.api, one, CacheParameterGroupName=resource.name)
    resource.api.delete_cache_cluster(CacheClusterId=one)
    resource.destroy()
    caches.gone(resource.api, one)
