"""What a user's program does with parameter groups, in few words; and what the engines say of it."""

import hashlib
import hmac
import os
import signal

import redis

import caches
import groups
import patience

ADMINISTRATOR = "cacheplane-administrator"


def make(api, family, values=None):
    """A group of a fresh name, with these values."""
    name = caches.fresh("parameters")
    api.create_cache_parameter_group(
        CacheParameterGroupName=name, CacheParameterGroupFamily=family, Description="made by a test"
    )
    if values:
        change(api, name, values)
    return name


def change(api, name, values):
    entries = [{"ParameterName": parameter, "ParameterValue": value} for parameter, value in values.items()]
    answer = api.modify_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=entries)
    assert answer["CacheParameterGroupName"] == name


def delete(api, *names):
    for name in names:
        api.delete_cache_parameter_group(CacheParameterGroupName=name)


def apply_status(api, cache_cluster_id):
    group = caches.describe(api, cache_cluster_id)["CacheParameterGroup"]
    return group["ParameterApplyStatus"], group["CacheNodeIdsToReboot"]


def in_sync(api, cache_cluster_id):
    """Waits until it has what its group says."""
    return patience.until("it is in sync", lambda: apply_status(api, cache_cluster_id) == ("in-sync", []))


def reboot(api, cache_cluster_id, *nodes):
    api.reboot_cache_cluster(CacheClusterId=cache_cluster_id, CacheNodeIdsToReboot=nodes or ["0001"])
    return caches.available(api, cache_cluster_id)


def administrator(plane, cache_cluster_id):
    """The engine of the only node, asked as the control plane asks it: customers have no CONFIG."""
    container = plane.instance.nodes(cache_cluster_id)["0001"]
    name = container["Name"].lstrip("/")
    secret = (plane.data_dir / "secret.key").read_bytes()
    password = hmac.new(secret, f"administrator of {name}".encode(), hashlib.sha256).hexdigest()
    host, port = caches.node_endpoint(caches.describe(plane.client(), cache_cluster_id))
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 2)
    return redis.Redis(
        host=host, port=port, username=ADMINISTRATOR, password=password, decode_responses=True, socket_timeout=30, retry=retry
    )


def has(connection, values):
    """Waits until `CONFIG GET` shows these values."""

    def look():
        found = {}
        try:
            for name in values:
                found |= connection.config_get(name)
        except groups.AWAY as error:
            raise AssertionError("the engine does not answer") from error
        assert found == values
        return True

    return patience.until(f"the engine has {values}", look, pause_s=0.02)


def end_process(plane, cache_cluster_id):
    """Ends the process of the only node behind the control plane's back. Its container's policy starts it again."""
    container = plane.instance.nodes(cache_cluster_id)["0001"]
    started_at = container["State"]["StartedAt"]
    os.kill(container["State"]["Pid"], signal.SIGKILL)

    def runs_anew():
        state = plane.instance.nodes(cache_cluster_id)["0001"]["State"]
        return state["Running"] and state["StartedAt"] != started_at

    patience.until("Docker has started it again", runs_anew)
