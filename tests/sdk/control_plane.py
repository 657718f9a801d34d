"""A control plane under test: a real process on a data directory of its own, with Docker behind it.

[ControlPlane.finish] is the end of every one of them, and the audit that comes with it: all caches can be deleted, nothing is
left of them in Docker, the process ends when it is told to, and it has logged nothing that a person should look at.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.request

import pytest

import caches
import container_host
import patience
import place

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUTER = "router"
REGION = "us-east-1"
RECONCILERS = [
    *("maintenance", "service_update", "health", "watch", "replication_group"),
    *("cache_cluster", "access", "router", "snapshot", "certificates", "tokens"),
]
# An endpoint that is there already; then the tests run against that.
GIVEN = os.environ.get("CACHEPLANE_ENDPOINT_URL")


def binary():
    return pathlib.Path(os.environ.get("CACHEPLANE_BINARY", ROOT / "target/debug/cacheplane"))


def router_binary():
    return pathlib.Path(os.environ.get("CACHEPLANE_ROUTER_BINARY", ROOT / "target/release/cacheplane-router"))


def environment():
    """This process's environment without settings of ours: a test says what it wants."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CACHEPLANE_")}


class ControlPlane:
    """`mode` is network or published, with so many `ports`; `options` are more flags for `cacheplane serve`; a line of its log
    that matches one of `expected_log` is no surprise.
    """

    def __init__(self, directory, mode="network", options=(), runtime="docker", ports=None, expected_log=()):
        self.mode = mode
        self.expected_log = list(expected_log)
        self.data_dir = directory / "data"
        self.log_file = directory / "log.json"
        self.place = place.take()
        self.options = [
            *("--data-dir", str(self.data_dir)),
            *("--node-subnet", str(self.place.subnet)),
            *("--endpoints", mode),
            *("--runtime", runtime),
            *("--log-format", "json"),
        ]
        if runtime == "docker":
            self.options += ["--router-binary", str(router_binary())]
        if mode == "published":
            self.options += ["--port-range", self.place.port_range(ports)]
        self.options += options
        self.process = None
        self.endpoint_url = None
        self.instance = None
        self._scopes = set()
        self._log_start = 0

    def start(self):
        """Starts it, again at the same address, and waits until it serves."""
        assert self.process is None, "it is running"
        listen = self.endpoint_url.removeprefix("http://") if self.endpoint_url else "127.0.0.1:0"
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--listen", listen, *self.options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment(),
            )
        serving = patience.until("the control plane serves", self._serving, pause_s=0.02)
        self.endpoint_url = f"http://{serving['address']}"
        ground = next(line for line in self.log(self._log_start) if "instance" in line)
        self.instance = container_host.Instance(ground["instance"])
        return self

    def _serving(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the control plane ended with {self.process.returncode}: {self.log_file.read_text()}")
        return next((line for line in self.log(self._log_start) if line.get("message") == "Serving"), None)

    def kill(self):
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        """Tells it to end, and demands that it does so in order."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=patience.DEADLINE_S)
        self.process = None
        assert code == 0, self.log_file.read_text()

    def client(self, account="test", region=REGION):
        self._scopes.add((account, region))
        return caches.client(self.endpoint_url, account, region)

    def log(self, offset=0):
        """What it has logged, line by line; the last line may be on its way."""
        with open(self.log_file, "rb") as file:
            file.seek(offset)
            lines = file.read().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def reconcilers(self):
        """What its reconcilers last did, by name."""
        with urllib.request.urlopen(f"{self.endpoint_url}/debug/v1/reconcilers", timeout=60) as answer:
            return {one["name"]: one for one in json.load(answer)}

    def look(self):
        """Lets every reconciler look at the world once more, and waits until nothing is left to do."""
        # One that has not looked yet since the start is not there yet.
        before = {name: one["activations"] for name, one in self.reconcilers().items()}
        for name in RECONCILERS:
            request = urllib.request.Request(
                f"{self.endpoint_url}/debug/v1/reconcilers/{name}/wake", method="POST", data=b""
            )
            urllib.request.urlopen(request, timeout=60).close()

        def rested():
            now = self.reconcilers()
            return all(
                name in now
                and now[name]["activations"] > before.get(name, 0)
                and not now[name]["in_work"]
                and not now[name]["waiting"]
                for name in RECONCILERS
            )

        patience.until("the reconcilers have looked", rested, pause_s=0.05)

    def delete_all(self):
        """Deletes every cache of every account and region that was used, and waits until nothing is left of them."""
        left = []
        for scope in sorted(self._scopes):
            api = caches.client(self.endpoint_url, *scope)
            self._delete_groups(api)
            for page in api.get_paginator("describe_cache_clusters").paginate():
                for one in page["CacheClusters"]:
                    if one["CacheClusterStatus"] != "deleting":
                        api.delete_cache_cluster(CacheClusterId=one["CacheClusterId"])
                    left.append((api, one["CacheClusterId"]))
        for api, cache_cluster_id in left:
            caches.gone(api, cache_cluster_id)
        patience.until("nothing is left in Docker", self._is_empty)

    @staticmethod
    def _delete_groups(api):
        """Their members go with them."""
        for page in api.get_paginator("describe_replication_groups").paginate():
            for one in page["ReplicationGroups"]:
                if one["Status"] != "deleting":
                    api.delete_replication_group(ReplicationGroupId=one["ReplicationGroupId"])

    def _is_empty(self):
        """In network mode one router stays for the next endpoint; in published mode none."""
        routers = self.instance.containers(kind=ROUTER)
        assert sorted(self.instance.containers()) == sorted(routers)
        states = [f"{name}.state" for name in routers]
        assert self.instance.volumes() == sorted(states)
        assert len(routers) <= (1 if self.mode == "network" else 0)
        return True

    def finish(self):
        """Ends the test of it: the audit, and nothing of it left."""
        try:
            self.delete_all()
            self.stop()
            self.audit_log()
        finally:
            self.discard()

    def discard(self):
        """Removes it and all that is left of it, whatever state it is in."""
        if self.process is not None:
            self.kill()
        if self.instance is not None:
            self.instance.remove()
            assert (self.instance.containers(), self.instance.volumes()) == ({}, [])

    def audit_log(self):
        """Demands that nothing was logged that a person should look at."""
        loud = [
            line
            for line in self.log()
            if line["level"] in ("WARN", "ERROR")
            and not any(re.search(pattern, json.dumps(line)) for pattern in self.expected_log)
        ]
        assert not loud, "logged above INFO:\n" + "\n".join(json.dumps(line) for line in loud)


class Given:
    """Somebody else's endpoint: nothing is known of what is behind it."""

    mode = "given"
    instance = None

    def __init__(self, endpoint_url):
        self.endpoint_url = endpoint_url

    def client(self, account="test", region=REGION):
        return caches.client(self.endpoint_url, account, region)


@contextlib.contextmanager
def running(directory, *arguments, **options):
    """A control plane, from its start to its audit."""
    if GIVEN:
        pytest.skip("it needs a control plane of its own, and CACHEPLANE_ENDPOINT_URL is set")
    plane = ControlPlane(directory, *arguments, **options)
    try:
        yield plane.start()
        plane.finish()
    finally:
        plane.discard()
