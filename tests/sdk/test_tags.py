"""Tags on everything that carries them: given with the request that makes it and after, with the same limits for all; gone with what carried them."""

import dataclasses
from typing import Callable

import botocore.exceptions
import pytest

import caches
import control_plane
import groups
import patience


@dataclasses.dataclass
class Noun:
    """A kind of thing, and how one called so is made with tags, found, and taken away."""

    word: str
    create: Callable
    find: Callable
    delete: Callable

    def __str__(self):
        return self.word


NOUNS = [
    Noun(
        "cluster",
        lambda api, name, tags: api.create_cache_cluster(CacheClusterId=name, Engine="redis", CacheNodeType=caches.MICRO, Tags=tags),
        lambda api, name: api.describe_cache_clusters(CacheClusterId=name)["CacheClusters"][0]["CacheClusterStatus"],
        lambda api, name: caches.delete(api, name),
    ),
    Noun(
        "replicationgroup",
        lambda api, name, tags: groups.ask(api, name, members=2, Tags=tags),
        lambda api, name: groups.describe(api, name)["Status"],
        lambda api, name: groups.delete(api, name),
    ),
    Noun(
        "parametergroup",
        lambda api, name, tags: api.create_cache_parameter_group(
            CacheParameterGroupName=name, CacheParameterGroupFamily="redis7", Description="tagged", Tags=tags
        ),
        lambda api, name: api.describe_cache_parameter_groups(CacheParameterGroupName=name) and "available",
        lambda api, name: api.delete_cache_parameter_group(CacheParameterGroupName=name),
    ),
    Noun(
        "subnetgroup",
        lambda api, name, tags: api.create_cache_subnet_group(
            CacheSubnetGroupName=name, CacheSubnetGroupDescription="tagged", SubnetIds=["subnet-1"], Tags=tags
        ),
        lambda api, name: api.describe_cache_subnet_groups(CacheSubnetGroupName=name) and "available",
        lambda api, name: api.delete_cache_subnet_group(CacheSubnetGroupName=name),
    ),
    Noun(
        "user",
        lambda api, name, tags: api.create_user(
            UserId=name, UserName="tagged", Engine="redis", AccessString="on", NoPasswordRequired=True, Tags=tags
        ),
        lambda api, name: api.describe_users(UserId=name) and "available",
        lambda api, name: api.delete_user(UserId=name),
    ),
    Noun(
        "usergroup",
        lambda api, name, tags: api.create_user_group(UserGroupId=name, Engine="valkey", Tags=tags),
        lambda api, name: api.describe_user_groups(UserGroupId=name) and "available",
        lambda api, name: api.delete_user_group(UserGroupId=name),
    ),
]

MANY = {f"k{number:02}": "v" for number in range(50)}
# Tags that nothing takes, and the service's word for each.
REFUSED = [
    (MANY | {"one-more": ""}, "TagQuotaPerResourceExceeded"),
    ({"aws:x": ""}, "InvalidParameterValue"),
    ({"AWS:x": ""}, "InvalidParameterValue"),
    ({"": "v"}, "InvalidParameterValue"),
    ({"k" * 129: ""}, "InvalidParameterValue"),
    ({"k": "v" * 257}, "InvalidParameterValue"),
]
# And the longest that everything takes.
LONGEST = {"k" * 128: "ä" * 256, " +-=._:/@": ""}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with control_plane.running(tmp_path_factory.mktemp("tags"), runtime="simulated") as plane:
        yield plane.client()


def wire(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def listed(answer):
    return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


def refused(code, call, *arguments, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **members)
    assert caught.value.response["Error"]["Code"] == code, caught.value


def made(api, noun, name, tags):
    """One that can be tagged, and its ARN."""
    noun.create(api, name, wire(tags))
    patience.until(f"{name} can be tagged", lambda: noun.find(api, name) == "available")
    return f"arn:aws:elasticache:{control_plane.REGION}:000000000000:{noun.word}:{name}"


@pytest.mark.parametrize("noun", NOUNS, ids=str)
def test_with_the_request_that_makes_it_and_after(api, noun):
    name = caches.fresh("tagged")
    for tags, code in REFUSED:
        refused(code, noun.create, api, name, wire(tags))
        # What may not be tagged so is not made.
        with pytest.raises(botocore.exceptions.ClientError, match="NotFound"):
            noun.find(api, name)

    arn = made(api, noun, name, MANY)
    assert listed(api.list_tags_for_resource(ResourceName=arn)) == MANY
    for tags, code in REFUSED:
        new = {key: value for key, value in tags.items() if key not in MANY}
        refused(code, api.add_tags_to_resource, ResourceName=arn, Tags=wire(new))
    assert listed(api.add_tags_to_resource(ResourceName=arn, Tags=wire({"k00": "changed"}))) == MANY | {"k00": "changed"}
    assert listed(api.remove_tags_from_resource(ResourceName=arn, TagKeys=list(MANY)[2:])) == {"k00": "changed", "k01": "v"}
    refused("TagNotFound", api.remove_tags_from_resource, ResourceName=arn, TagKeys=["k01", "k02"])
    added = api.add_tags_to_resource(ResourceName=arn, Tags=wire(LONGEST))
    assert listed(added) == listed(api.list_tags_for_resource(ResourceName=arn)) == {"k00": "changed", "k01": "v"} | LONGEST

    noun.delete(api, name)
    patience.until("its tags are gone", lambda: gone(api, arn))
    assert made(api, noun, name, {}) == arn
    assert listed(api.list_tags_for_resource(ResourceName=arn)) == {}
    noun.delete(api, name)


def gone(api, arn):
    try:
        api.list_tags_for_resource(ResourceName=arn)
    except botocore.exceptions.ClientError as error:
        return "NotFound" in error.response["Error"]["Code"]
    return False


def test_members_have_the_tags_of_their_group(api):
    group = caches.fresh("tagged")
    found = groups.make(api, group, members=2, Tags=wire({"a": "1", "b": "2"}))

    def of_members():
        arns = [caches.describe(api, member)["ARN"] for member in groups.describe(api, group)["MemberClusters"]]
        return [listed(api.list_tags_for_resource(ResourceName=arn)) for arn in arns]

    assert of_members() == [{"a": "1", "b": "2"}] * 2
    api.add_tags_to_resource(ResourceName=found["ARN"], Tags=wire({"b": "3", "c": ""}))
    api.remove_tags_from_resource(ResourceName=found["ARN"], TagKeys=["a"])
    assert of_members() == [{"b": "3", "c": ""}] * 2
    api.increase_replica_count(ReplicationGroupId=group, NewReplicaCount=2, ApplyImmediately=True)
    groups.available(api, group)
    assert of_members() == [{"b": "3", "c": ""}] * 3
    groups.delete(api, group)
