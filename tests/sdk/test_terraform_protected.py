"""What Terraform's provider does with an encrypted `aws_elasticache_replication_group`, replayed: tokens, users, snapshots and log delivery.

The pauses differ, as in test_terraform.py; the configurations are those of examples/terraform/protected.
"""

import pytest
import redis

import caches
import groups
import patience
from test_encryption import is_let_in, saved, tls
from test_terraform_group import Group, group_attributes

TOKEN, NEXT_TOKEN = "first-token-of-the-orders", "second-token-of-the-orders"


def log(log_type, log_format, destination):
    return {
        "log_type": log_type,
        "log_format": log_format,
        "destination_type": "cloudwatch-logs",
        "destination": destination,
    }


SLOW, ENGINE = log("slow-log", "json", "orders/slow"), log("engine-log", "text", "orders/engine")

ORDERS = {
    "description": "Orders",
    "engine": "valkey",
    "engine_version": "8.1",
    "node_type": "cache.t3.micro",
    "num_cache_clusters": 2,
    "automatic_failover_enabled": True,
    "at_rest_encryption_enabled": True,
    "transit_encryption_enabled": True,
    "transit_encryption_mode": "required",
    "auth_token": TOKEN,
    "auth_token_update_strategy": "ROTATE",
    "snapshot_retention_limit": 1,
    "snapshot_window": "03:00-04:00",
    "log_delivery_configuration": [ENGINE, SLOW],
    "apply_immediately": True,
    "tags": {"stage": "test"},
}
# What is changed one after the other, each on top of the last.
CHANGES = [
    {"auth_token": NEXT_TOKEN},
    {"auth_token_update_strategy": "SET"},
    {"log_delivery_configuration": [ENGINE, SLOW | {"log_format": "text"}], "snapshot_retention_limit": 2},
    {"log_delivery_configuration": [ENGINE | {"destination": "elsewhere"}]},
    {"log_delivery_configuration": [], "snapshot_retention_limit": 0},
]


@pytest.fixture
def group(network):
    return Group(network.client())


@pytest.fixture
def authority(network, tmp_path):
    return saved(network, tmp_path)


def at(group):
    return groups.endpoint(groups.describe(group.api, group.group_id))


def test_a_token_snapshots_and_logs(group, authority):
    """After every apply the next plan is empty, and who has the token is let in; what is kept at the end makes the next one."""
    final = caches.fresh("final")
    group.create(ORDERS | {"final_snapshot_identifier": final})
    assert group.plan() == set()
    assert group.state["auth_token_enabled"] is True
    tls(at(group), authority, password=TOKEN).set("order", "1")
    for change in CHANGES:
        group.update(group.config | change)
        assert group.plan() == set(), change
        if change == {"auth_token": NEXT_TOKEN}:
            assert is_let_in(at(group), authority, password=TOKEN), "both are good meanwhile"
        assert is_let_in(at(group), authority, password=group.config["auth_token"]), change
    assert not is_let_in(at(group), authority, password=TOKEN)
    adopted(group)
    group.destroy()
    assert group.find() is None

    [kept] = group.api.describe_snapshots(SnapshotName=final)["Snapshots"]
    assert kept["SnapshotStatus"] == "available"
    restored = Group(group.api)
    restored.create({name: value for name, value in ORDERS.items() if "log" not in name} | {"snapshot_name": final})
    assert restored.plan() == set()
    assert tls(at(restored), authority, password=TOKEN).get("order") == "1"
    restored.destroy()
    group.api.delete_snapshot(SnapshotName=final)


def adopted(group):
    """An import knows no token, so the apply after it sends the configured one as if it were another."""
    before = group.state
    request = {"AuthToken": group.config["auth_token"], "AuthTokenUpdateStrategy": "ROTATE"}
    group.step(group.api.modify_replication_group, ApplyImmediately=True, **request)
    group.read()
    assert group.state == before


def test_users_in_place_of_a_token(group, authority):
    api = group.api
    nobody, shop, users = caches.fresh("nobody"), caches.fresh("shop"), caches.fresh("shops")
    password = "password-of-the-shop"
    api.create_user(UserId=nobody, UserName="default", Engine="redis", AccessString="off -@all", Passwords=["password-that-nobody-knows"])
    api.create_user(UserId=shop, UserName="shop", Engine="redis", AccessString="on ~cart:* +@read +@write", Passwords=[password])
    api.create_user_group(UserGroupId=users, Engine="redis", UserIds=[nobody, shop])
    config = {
        "description": "Carts",
        "engine": "redis",
        "engine_version": "7.0",
        "node_type": "cache.t3.micro",
        "transit_encryption_enabled": True,
        "user_group_ids": [users],
        "tags": {},
    }
    group.create(config)
    assert group.plan() == set()
    assert group.state["transit_encryption_mode"] == "required" and group.state["auth_token_enabled"] is False
    mine = tls(at(group), authority, username="shop", password=password)
    mine.set("cart:1", "full")
    with pytest.raises(redis.exceptions.NoPermissionError):
        mine.set("order:1", "none")
    assert group_attributes(group.find())["user_group_ids"] == [users]
    group.destroy()
    patience.until("nobody uses the users", lambda: not api.describe_user_groups(UserGroupId=users)["UserGroups"][0]["ReplicationGroups"])
    api.delete_user_group(UserGroupId=users)
    for one in nobody, shop:
        api.delete_user(UserId=one)
