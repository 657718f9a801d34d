"""What was measured, and how it reads."""

import datetime
import statistics
from dataclasses import dataclass, field


@dataclass
class Finding:
    """One measured thing. `goal` bounds `value`; none means that the number is told for its own sake."""

    title: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = True
    lines: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def goal_text(self) -> str:
        if self.goal is None:
            return "-"
        return f"at {'most' if self.at_most else 'least'} {self.goal:g} {self.unit}".strip()

    @property
    def value_text(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()

    @property
    def verdict(self) -> str:
        return {None: "-", True: "met", False: "NOT MET"}[self.met]


def number(value: float) -> str:
    """Three digits say as much as a shared machine can tell."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def milliseconds(times_s: list[float]) -> str:
    """Median and extremes."""
    low, middle, high = min(times_s), statistics.median(times_s), max(times_s)
    return f"median {middle * 1e3:,.0f} ms ({low * 1e3:,.0f} to {high * 1e3:,.0f}, {len(times_s)} runs)"


def paired_ratio(ours_s: list[float], theirs_s: list[float]) -> float:
    """Each pair was measured within seconds, so the median of their ratios forgives a machine that is busy for a while."""
    return statistics.median(ours / theirs for ours, theirs in zip(ours_s, theirs_s, strict=True))


def show(section: str, findings: list[Finding]) -> None:
    print(f"\n{section}")
    for finding in findings:
        print(f"  {finding.title}: {finding.value_text}", end="")
        print(f"   (goal: {finding.goal_text}: {finding.verdict})" if finding.goal is not None else "")
        for line in finding.lines:
            print(f"    {line}")
    print(flush=True)


GOALS = "Goals"

INTRODUCTION = """\
# Benchmarks

Written by `make bench`; each run replaces it, a run of single parts (`ARGS="--only failover"`) their sections, with their own date. Every ratio comes
from one run on one machine, the two sides in turn, because absolute times of another machine, or of the same one an hour later, say little. What each number means, and how it is taken, stands at the top of the files in
`tests/bench`.
"""


def document(machine: list[tuple[str, str]], sections: dict[str, list[Finding]]) -> str:
    """All of it as Markdown."""
    lines = [INTRODUCTION, f"Measured on {datetime.date.today().isoformat()}.", "", "| machine | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in machine]
    lines += ["", f"## {GOALS}", "", "| what | measured | goal | |", "|---|---|---|---|"]
    for findings in sections.values():
        lines += goals(findings)
    for section, findings in sections.items():
        lines += ["", f"## {section}", "", *told(findings)]
    return "\n".join(lines) + "\n"


def revised(before: str, machine: list[tuple[str, str]], sections: dict[str, list[Finding]]) -> str:
    """The document with these sections in place of what it said of them, or after the others."""
    head, *parts = before.rstrip("\n").split("\n## ")
    old = dict(part.split("\n", 1) for part in parts)
    load = dict(machine).get("load at the start (1, 5, 15 minutes)", "unknown")
    when = f"Measured on {datetime.date.today().isoformat()}, load at the start {load}."
    for section, findings in sections.items():
        gone = {line[2:].split(": **")[0] for line in old.get(section, "").splitlines() if line.startswith("- ")}
        rows = [row for row in old[GOALS].splitlines() if row.split(" | ")[0].removeprefix("| ") not in gone]
        old[GOALS] = "\n".join(rows + goals(findings))
        old[section] = "\n".join(["", when, "", *told(findings)])
    return "\n## ".join([head, *(f"{title}\n{text.rstrip()}\n" for title, text in old.items())])


def goals(findings: list[Finding]) -> list[str]:
    return [
        f"| {finding.title} | {finding.value_text} | {finding.goal_text} | {finding.verdict} |"
        for finding in findings
        if finding.goal is not None
    ]


def told(findings: list[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        lines.append(f"- {finding.title}: **{finding.value_text}**")
        lines += [f"  - {line}" for line in finding.lines]
    return lines
