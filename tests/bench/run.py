"""How fast, next to what people have without us: `make bench`.

Every ratio is measured side by side in this one run. The numbers decide nothing: whatever they are, the program ends with 0, and fails only where
something could not be measured or an acknowledged write was lost. A whole run writes docs/BENCHMARKS.md, one with `--only` its sections there; `--quick` prints only.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import findings
import machine
from findings import Finding
from machine import Missing, complain

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "BENCHMARKS.md"
PARTS = ("create", "create20", "group", "cluster", "resharding", "describe", "footprint", "router", "endpoints", "failover", "watching", "snapshots")


def main() -> int:
    arguments = parse()
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    binary = machine.need_program(arguments.binary or target / "release" / "cacheplane", "cargo build --release")
    router = Path(os.environ.get("CACHEPLANE_ROUTER_BINARY") or target / "release" / "cacheplane-router").absolute()
    about = machine.description()
    for name, value in about:
        print(f"{name}: {value}")
    # On the disk that builds are on: a directory in memory would make every commit free.
    work = Path(tempfile.mkdtemp(prefix="bench-", dir=target))
    sections: dict[str, list[Finding]] = {}
    failed = 0
    try:
        for part in arguments.only or PARTS:
            try:
                for section, found in measure(part, binary.absolute(), router, work, arguments.quick):
                    sections[section] = found
                    findings.show(section, found)
            except Missing as missing:
                complain(f"{part}: {missing}")
                failed += 1
            except Exception:
                complain(f"{part} could not be measured:\n{traceback.format_exc()}")
                failed += 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not failed and not arguments.quick:
        document = findings.document(about, sections)
        if arguments.only:
            document = findings.revised(DOCUMENT.read_text(), about, sections)
        DOCUMENT.write_text(document)
        print(f"written: {DOCUMENT.relative_to(ROOT)}")
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few and short rounds, to see that it works")
    parser.add_argument("--only", action="append", choices=PARTS, help="one part; may be repeated")
    parser.add_argument("--binary", type=Path, help="the cacheplane to measure [default: the release build]")
    return parser.parse_args()


def measure(part: str, binary: Path, router: Path, work: Path, quick: bool) -> Iterator[tuple[str, list[Finding]]]:
    # Read here, so that a part works where another's client libraries are missing.
    if part in ("create", "create20"):
        import provisioning

        yield provisioning.measure(part, binary, router, work, quick)
    elif part == "group":
        import groups

        yield "A replication group of three nodes", groups.measure(binary, router, work, quick)
    elif part == "cluster":
        import clusters

        yield "A cluster of three node groups", clusters.made(binary, router, work, quick)
    elif part == "resharding":
        import clusters

        yield "Slots that move", clusters.moved(binary, router, work, quick)
    elif part == "describe":
        import describe

        yield "Describing", describe.measure(binary, work, quick)
    elif part == "footprint":
        import footprint

        yield "A thousand caches at rest", footprint.measure(binary, work, quick)
    elif part == "router":
        import router_path

        yield "The way of a request", router_path.measure(binary, router, work, quick)
    elif part == "endpoints":
        import endpoints

        yield "The way of a Redis request", endpoints.measure(binary, router, work, quick)
    elif part == "failover":
        import failover

        yield "The loss of a primary", failover.measure(binary, router, work, quick)
    elif part == "watching":
        import watching

        yield "A hundred nodes that are watched", watching.measure(binary, router, work, quick)
    elif part == "snapshots":
        import snapshots

        yield "Snapshots", snapshots.measure(binary, router, work, quick)


def end(*_: object) -> None:
    # As an exception, so that whatever was made is removed on the way out.
    sys.exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    sys.exit(main())
