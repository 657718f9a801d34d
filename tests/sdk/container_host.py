"""What Docker shows, as its own program prints it: the tests' view of the world, independent of the control plane's."""

import ipaddress
import json
import subprocess
import warnings

import patience

OWNER = "io.cacheplane.owner"
KIND = "io.cacheplane.kind"
RESOURCE = "io.cacheplane.resource"
NODE = "io.cacheplane.node"


def docker(*arguments, timeout_s=120):
    """What `docker ARGUMENTS` prints; an error with what it says where it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout_s)
    if done.returncode != 0:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def answers():
    try:
        docker("version", "--format", "{{.Server.Version}}", timeout_s=30)
        return True
    except (RuntimeError, FileNotFoundError, subprocess.TimeoutExpired):
        return False


def subnets():
    """The subnets of all networks."""
    ids = docker("network", "ls", "--quiet").split()
    found = []
    # One by one: another process may remove one in between.
    for network in ids:
        try:
            pools = json.loads(docker("network", "inspect", network, "--format", "{{json .IPAM.Config}}"))
        except RuntimeError:
            continue
        found += [ipaddress.ip_network(pool["Subnet"]) for pool in pools or [] if "." in pool.get("Subnet", "")]
    return found


class Instance:
    """All that carries the label of one control plane."""

    def __init__(self, owner):
        self.owner = owner

    def containers(self, kind=None):
        """Its containers as `docker inspect` has them, by name."""
        filters = [f"label={OWNER}={self.owner}"] + ([f"label={KIND}={kind}"] if kind else [])
        ids = self._ids("ps", "--all", "--no-trunc", *[word for one in filters for word in ("--filter", one)])
        # One that goes in between makes inspect fail as a whole, so what is there is looked at one by one then.
        try:
            found = json.loads(docker("inspect", *ids)) if ids else []
        except RuntimeError:
            found = []
            for one in ids:
                try:
                    found += json.loads(docker("inspect", one))
                except RuntimeError:
                    pass
        return {one["Name"].lstrip("/"): one for one in found}

    def nodes(self, cache_cluster_id):
        """The containers of a cache cluster's nodes, by node id."""
        return {
            one["Config"]["Labels"][NODE]: one
            for one in self.containers(kind="cache-cluster").values()
            if one["Config"]["Labels"][RESOURCE] == cache_cluster_id
        }

    def volumes(self):
        return sorted(self._ids("volume", "ls", "--filter", f"label={OWNER}={self.owner}"))

    def networks(self):
        """Its networks' names."""
        names = docker("network", "ls", "--format", "{{.Name}}").split()
        return sorted(name for name in names if name.startswith(f"cacheplane.{self.owner[:8]}."))

    def runs(self):
        """Which process of which container is up: it changes with every restart."""
        return {name: (one["Id"], one["State"]["StartedAt"]) for name, one in self.containers().items()}

    def remove(self):
        """Removes whatever is left.

        A Docker at work counts a network's endpoints wrongly at times, and then removes it no more though nothing is attached to it
        (moby issue 42119). That is no fault of who used it: it is told, and left there.
        """
        if names := sorted(self.containers()):
            docker("rm", "--force", "--volumes", *names)
        if volumes := self.volumes():
            docker("volume", "rm", "--force", *volumes)
        for network in self.networks():
            try:
                patience.until(f"{network} is removed", lambda: _is_removed(network), deadline_s=30)
            except AssertionError:
                attached = json.loads(docker("network", "inspect", network, "--format", "{{json .Containers}}"))
                assert attached == {}, attached
                warnings.warn(f"Docker counts endpoints of {network} that are not there")

    @staticmethod
    def _ids(*arguments):
        return docker(*arguments, "--quiet").split()


def _is_removed(network):
    try:
        docker("network", "rm", network)
        return True
    except RuntimeError as refused:
        assert "has active endpoints" not in str(refused), refused
        raise
