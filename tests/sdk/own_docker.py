"""A Docker daemon of a test's own, which may be stopped and started: the machine's, which others use too, may not.

It lives in a network namespace of its own, as its bridges and its firewall rules would be in the other's way. Whoever enters
[Docker] is in that namespace, too, and so is every process and thread that starts from there.
"""

import contextlib
import ctypes
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import warnings

import pytest

import container_host
import patience

CLONE_NEWNET = 0x40000000
IMAGES = ["redis:7.0"]


def need():
    """Skips the test where there can be no second daemon."""
    missing = [program for program in ("dockerd", "containerd", "ip") if shutil.which(program) is None]
    if os.geteuid() != 0:
        missing.append("being root")
    if missing:
        told = f"NOT TESTED: a restart of the Docker daemon, which takes {', '.join(missing)}"
        warnings.warn(told)
        pytest.skip(told)


class Docker:
    def __init__(self):
        self._name = f"cacheplane-test-{secrets.token_hex(4)}"
        # The path of a Unix socket is short by law, and its data on the disk that Docker's are on.
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="cacheplane-", dir="/var/lib"))
        self._process = None
        self._outside = None
        self.url = f"unix://{self._directory}/docker.sock"

    def __enter__(self):
        # What the machine's daemon is set to is none of this one's.
        (self._directory / "daemon.json").write_text("{}")
        images = self._directory / "images.tar"
        container_host.docker("save", "--output", str(images), *IMAGES)
        run("ip", "netns", "add", self._name)
        self._outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            inside = os.open(f"/run/netns/{self._name}", os.O_RDONLY)
            enter(inside)
            os.close(inside)
            run("ip", "link", "set", "lo", "up")
            os.environ["DOCKER_HOST"] = self.url
            self.start()
            container_host.docker("load", "--input", str(images))
            images.unlink()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        os.environ.pop("DOCKER_HOST", None)
        enter(self._outside)
        os.close(self._outside)
        try:
            if self._process is not None:
                self.end()
        finally:
            self._end_what_is_left()
            run("ip", "netns", "delete", self._name)
            shutil.rmtree(self._directory)

    def start(self):
        with open(self._directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    *("dockerd", "--host", self.url, "--group", "root"),
                    *("--data-root", str(self._directory / "data"), "--exec-root", str(self._directory / "run")),
                    *("--pidfile", str(self._directory / "pid"), "--config-file", str(self._directory / "daemon.json")),
                    *("--bridge", "none"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        patience.until("the daemon answers", self._answers)

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"dockerd ended: {(self._directory / 'log').read_text()[-2000:]}")
        return container_host.answers()

    def end(self):
        """In order: it stops all containers before."""
        process, self._process = self._process, None
        process.terminate()
        assert process.wait(timeout=patience.DEADLINE_S) == 0

    def crash(self):
        """Its containers run on without it."""
        process, self._process = self._process, None
        # The daemon's own containerd ends with it, if a little later; a new daemon would take it for alive until then.
        pid_file = self._directory / "run/containerd/containerd.pid"
        containerd = int(pid_file.read_text())
        process.kill()
        process.wait()
        patience.until("its containerd has ended", lambda: not runs(containerd))
        pid_file.unlink(missing_ok=True)

    def _end_what_is_left(self):
        """Where a test failed in the middle, containers may run without a daemon, each under a process that names our directory."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(self._directory).encode() in (process / "cmdline").read_bytes():
                    children = (process / f"task/{process.name}/children").read_text().split()
                    for pid in [*children, process.name]:
                        os.kill(int(pid), signal.SIGKILL)
        for line in reversed(pathlib.Path("/proc/mounts").read_text().splitlines()):
            mounted_at = line.split()[1]
            if mounted_at.startswith(str(self._directory)):
                run("umount", "--lazy", mounted_at)


def runs(pid):
    """Whether there is such a process that has not ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def enter(namespace):
    """Moves this thread to another network namespace."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def run(*command):
    subprocess.run(command, check=True, capture_output=True)
