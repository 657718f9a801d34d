"""Cache subnet groups through boto3, and what Terraform's provider does with `aws_elasticache_subnet_group`, replayed."""

import botocore.exceptions
import pytest

import caches
import control_plane
import groups


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    options = ("--subnet", "subnet-far=us-east-1f", "--subnet", "subnet-other=us-east-1a:vpc-other")
    with control_plane.running(tmp_path_factory.mktemp("subnets"), runtime="simulated", options=options) as plane:
        yield plane


@pytest.fixture
def api(simulated):
    return simulated.client()


def make(api, name, *subnets, **members):
    members.setdefault("CacheSubnetGroupDescription", "made by a test")
    answer = api.create_cache_subnet_group(CacheSubnetGroupName=name, SubnetIds=list(subnets), **members)
    return answer["CacheSubnetGroup"]


def describe(api, name):
    [found] = api.describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"]
    return found


def zones(group):
    return {one["SubnetIdentifier"]: one["SubnetAvailabilityZone"]["Name"] for one in group["Subnets"]}


def test_configured_subnets_lie_where_they_are_said_to(api):
    name = caches.fresh("subnets")
    made = make(api, name, "subnet-far", "subnet-2")
    assert zones(made) == {"subnet-far": "us-east-1f", "subnet-2": "us-east-1b"}
    assert describe(api, name.upper()) == made
    with pytest.raises(api.exceptions.InvalidSubnet):
        make(api, caches.fresh("subnets"), "subnet-1", "subnet-other")
    with pytest.raises(api.exceptions.CacheSubnetGroupAlreadyExistsFault):
        make(api, name, "subnet-1")
    one = caches.fresh("cluster")
    found = caches.make(api, one, "memcached", NumCacheNodes=2, AZMode="cross-az", CacheSubnetGroupName=name)
    assert found["CacheSubnetGroupName"] == name
    assert [node["CustomerAvailabilityZone"] for node in found["CacheNodes"]] == ["us-east-1b", "us-east-1f"]
    with pytest.raises(api.exceptions.CacheSubnetGroupInUse):
        api.delete_cache_subnet_group(CacheSubnetGroupName=name)
    with pytest.raises(api.exceptions.SubnetInUse):
        api.modify_cache_subnet_group(CacheSubnetGroupName=name, SubnetIds=["subnet-2"])
    caches.delete(api, one)
    api.delete_cache_subnet_group(CacheSubnetGroupName=name)
    with pytest.raises(api.exceptions.CacheSubnetGroupNotFoundFault):
        describe(api, name)


def test_an_account_without_ec2_classic_has_no_cache_security_groups(api):
    assert api.describe_cache_security_groups()["CacheSecurityGroups"] == []
    with pytest.raises(botocore.exceptions.ClientError, match="Use of cache security groups is not permitted") as refused:
        api.create_cache_security_group(CacheSecurityGroupName="mine", Description="d")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_a_group_in_it_spreads_over_its_zones(network):
    """On real engines: the members lie in the zones of the subnets, and replicate."""
    api = network.client()
    name, one = caches.fresh("subnets"), caches.fresh("placed")
    make(api, name, "subnet-2", "subnet-3")
    groups.make(api, one, 2, CacheSubnetGroupName=name, AutomaticFailoverEnabled=True, MultiAZEnabled=True)
    group = groups.replicated(api, one)
    [node_group] = group["NodeGroups"]
    assert [it["PreferredAvailabilityZone"] for it in node_group["NodeGroupMembers"]] == ["us-east-1b", "us-east-1c"]
    groups.read_everywhere(group, groups.write(group))
    groups.delete(api, one)
    api.delete_cache_subnet_group(CacheSubnetGroupName=name)


class Resource:
    """`aws_elasticache_subnet_group`, with the configuration that was applied last and the state that was read last."""

    def __init__(self, api):
        self.api = api
        self.name = caches.fresh("Terraform")

    def create(self, config):
        self.config = config
        request = {
            "CacheSubnetGroupName": self.name,
            "CacheSubnetGroupDescription": config["description"],
            "SubnetIds": config["subnet_ids"],
        }
        if config["tags"]:
            request["Tags"] = wire_tags(config["tags"])
        self.api.create_cache_subnet_group(**request)
        # No waiter: it is there.
        self.id = self.name.lower()
        self.read()

    def update(self, config):
        before, self.config = self.config, config
        gone = sorted(set(before["tags"]) - set(config["tags"]))
        new = {key: value for key, value in config["tags"].items() if before["tags"].get(key) != value}
        if gone:
            self.api.remove_tags_from_resource(ResourceName=self.state["arn"], TagKeys=gone)
        if new:
            self.api.add_tags_to_resource(ResourceName=self.state["arn"], Tags=wire_tags(new))
        if any(before[name] != config[name] for name in ("description", "subnet_ids")):
            self.api.modify_cache_subnet_group(
                CacheSubnetGroupName=self.id,
                CacheSubnetGroupDescription=config["description"],
                SubnetIds=config["subnet_ids"],
            )
        self.read()

    def read(self):
        found = describe(self.api, self.id)
        told = self.api.list_tags_for_resource(ResourceName=found["ARN"])["TagList"]
        self.state = {
            "arn": found["ARN"],
            "name": found["CacheSubnetGroupName"],
            "description": found["CacheSubnetGroupDescription"],
            "subnet_ids": sorted(one["SubnetIdentifier"] for one in found["Subnets"]),
            "vpc_id": found["VpcId"],
            "tags": {tag["Key"]: tag["Value"] for tag in told},
        }

    def plan(self):
        before = self.state
        self.read()
        wanted = self.config | {"subnet_ids": sorted(self.config["subnet_ids"]), "name": self.id}
        differs = {name for name in wanted if wanted[name] != self.state[name]}
        return differs | {name for name in self.state if self.state[name] != before[name]}

    def destroy(self):
        self.api.delete_cache_subnet_group(CacheSubnetGroupName=self.id)
        with pytest.raises(self.api.exceptions.CacheSubnetGroupNotFoundFault):
            self.read()


def wire_tags(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_terraform_applies_plans_changes_and_destroys(api):
    resource = Resource(api)
    config = {"description": "Managed by Terraform", "subnet_ids": ["subnet-0b2", "subnet-0b1"], "tags": {}}
    resource.create(config)
    assert resource.plan() == set()
    assert resource.state["vpc_id"]
    assert resource.state["arn"].endswith(f":subnetgroup:{resource.id}")
    for change in (
        {"subnet_ids": ["subnet-0b1", "subnet-0b3"]},
        {"description": "changed", "tags": {"Name": "replayed", "empty": ""}},
        {"tags": {"Name": "again"}},
    ):
        resource.update(resource.config | change)
        assert resource.plan() == set(), change
    imported = Resource(api)
    imported.id = resource.id
    imported.read()
    assert imported.state == resource.state
    resource.destroy()
