"""The machine that measures: what it is, what it must have, and nothing that says whose it is."""

import ipaddress
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path


class Missing(Exception):
    """Something that a measurement needs is not there; the text is the cure."""


def description() -> list[tuple[str, str]]:
    """Taken before anything is measured."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        ("cores", f"{os.cpu_count()} ({processor()})"),
        ("memory", f"{memory_bytes() / 2**30:.0f} GiB"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Docker Engine", docker_version()),
        ("load at the start (1, 5, 15 minutes)", load),
    ]


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def docker_version() -> str:
    asked = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "does not answer"


def need_wrk() -> None:
    """wrk, from Debian where that is possible."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("bench: installing wrk", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "wrk"]):
            subprocess.run(["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, check=False)
    if not shutil.which("wrk"):
        raise Missing("wrk is missing. Cure: sudo apt-get install wrk")


def need_docker(*images: str) -> None:
    """An engine that answers and holds these images."""
    if not shutil.which("docker"):
        raise Missing("docker is missing. Cure: make docker")
    for image in images:
        look = subprocess.run(["docker", "image", "inspect", image], capture_output=True, text=True, check=False)
        if look.returncode != 0:
            raise Missing(f"{image}: {look.stderr.strip()}. Cure: make docker images")


def need_program(path: Path, cure: str) -> Path:
    if not os.access(path, os.X_OK):
        raise Missing(f"there is no program {path}. Cure: {cure}")
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def host_routes() -> list[ipaddress.IPv4Network]:
    """Where the host already sends packets."""
    networks = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, destination, _, _, _, _, _, mask, *_ = line.split()
        address, bits = (socket.inet_ntoa(struct.pack("<I", int(field, 16))) for field in (destination, mask))
        if bits != "0.0.0.0":
            networks.append(ipaddress.ip_network(f"{address}/{bits}"))
    return networks


def complain(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
