"""The servers that are measured, each a process of its own in a directory of its own, and how to talk to them."""

import contextlib
import http.client
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

from machine import free_port

START_DEADLINE_S = 30
STOP_DEADLINE_S = 20
# What a deletion of many containers may take on a busy machine.
SETTLE_DEADLINE_S = 180
OWNER_LABEL = "io.cacheplane.owner"
# The simulated runtime reaches no network, so any private subnet does.
SIMULATED_SUBNET = "10.64.0.0/16"


def authorization(account: str = "000000000000") -> str:
    """Says account and region, and routes moto to ElastiCache; neither server checks the signature."""
    credential = f"{account}/20260101/us-east-1/elasticache/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"


def form(action: str, **members: object) -> str:
    return urllib.parse.urlencode({"Action": action, "Version": "2015-02-02", **members})


class Client:
    """One connection that is kept."""

    def __init__(self, port: int, account: str = "000000000000"):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": authorization(account),
        }

    def try_call(self, action: str, **members: object) -> tuple[int, str]:
        """Status and body, whatever they are."""
        self.connection.request("POST", "/", form(action, **members), self.headers)
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def call(self, action: str, **members: object) -> str:
        status, body = self.try_call(action, **members)
        if status != 200:
            raise RuntimeError(f"{action} answered {status}: {body}")
        return body

    def await_all_available(self, count: int) -> None:
        """Until this account has `count` cache clusters and all are available."""
        deadline = time.monotonic() + SETTLE_DEADLINE_S
        while (available := self.count_available()) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{available} of {count} cache clusters are available")
            time.sleep(0.1)

    def count_available(self) -> int:
        marker, available = {}, 0
        while True:
            body = self.call("DescribeCacheClusters", MaxRecords=100, **marker)
            available += body.count("<CacheClusterStatus>available</CacheClusterStatus>")
            found = re.search(r"<Marker>([^<]+)</Marker>", body)
            if not found:
                return available
            marker = {"Marker": found[1]}

    def delete_all(self) -> None:
        """Until no replication group is left, and then no cache cluster."""
        for noun in ("ReplicationGroup", "CacheCluster"):
            deadline = time.monotonic() + SETTLE_DEADLINE_S
            while ids := re.findall(f"<{noun}Id>([^<]+)<", self.call(f"Describe{noun}s")):
                for one in ids:
                    # One that is being deleted refuses; the next look tells.
                    self.try_call(f"Delete{noun}", **{f"{noun}Id": one})
                if time.monotonic() > deadline:
                    raise RuntimeError(f"these do not go: {ids}")
                time.sleep(0.05)


class Cacheplane:
    """`cacheplane serve`. As a context it leaves nothing in Docker and no process behind."""

    def __init__(self, binary: Path, directory: Path, runtime: str, router: Path | None = None, endpoints: str = "network", options=()):
        self.binary, self.directory, self.runtime, self.router, self.endpoints = binary, directory, runtime, router, endpoints
        self.options = list(options)
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Returns at once; `await_answer` tells when it serves."""
        command = [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.directory]
        command += ["--runtime", self.runtime, "--endpoints", self.endpoints, *self.options]
        if self.runtime == "simulated":
            command += ["--node-subnet", SIMULATED_SUBNET]
        if self.router:
            command += ["--router-binary", self.router]
        # What a person at this machine has set is not what is measured.
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("CACHEPLANE_", "RUST_LOG"))}
        with open(f"{self.directory}.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=ours)

    def await_answer(self) -> None:
        """Until the first describe is answered; looks every millisecond."""
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError):
                Client(self.port).call("DescribeCacheClusters")
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.001)
        raise RuntimeError(f"cacheplane does not answer; its log:\n{Path(f'{self.directory}.log').read_text()[-2000:]}")

    def stop(self) -> None:
        stop(self.process)

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def cpu_seconds(self) -> float:
        """Processor time that it has used since its start."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> "Cacheplane":
        self.directory.mkdir(parents=True)
        self.start()
        try:
            self.await_answer()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.runtime == "docker":
                with contextlib.suppress(OSError, RuntimeError, http.client.HTTPException):
                    Client(self.port).delete_all()
        finally:
            self.stop()
            if self.runtime == "docker":
                remove_owned(self.owner())
            shutil.rmtree(self.directory, ignore_errors=True)

    def owner(self) -> str:
        """The instance id, which labels everything that it made."""
        for file in self.directory.glob("cacheplane.db"):
            with contextlib.closing(sqlite3.connect(file)) as database:
                return database.execute("SELECT value FROM settings WHERE name = 'instance_id'").fetchone()[0]
        raise RuntimeError("the data directory holds no database")


class Moto:
    """moto's server, which keeps its records in memory."""

    def __init__(self, log: Path):
        self.port, self.log, self.process = free_port(), log, None

    def __enter__(self) -> "Moto":
        program = Path(sys.executable).parent / "moto_server"
        with open(self.log, "ab") as log:
            command = [program, "-H", "127.0.0.1", "-p", str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError):
                Client(self.port).call("DescribeCacheClusters")
                return self
            time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f"moto does not answer; its log:\n{self.log.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        stop(self.process)


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise RuntimeError(f"docker {arguments[0]}: {said}")
    return done.stdout


def remove_owned(owner: str) -> None:
    """Containers first: they hold the volumes and networks."""
    owned = ("--filter", f"label={OWNER_LABEL}={owner}")
    if containers := docker("ps", "--all", "--quiet", *owned).split():
        docker("rm", "--force", "--volumes", *containers)
    for kind in ("volume", "network"):
        if names := docker(kind, "ls", "--quiet", *owned).split():
            docker(kind, "rm", *names)
