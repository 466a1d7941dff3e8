# SPDX-License-Identifier: MIT
"""The report of `kbench gate --self-test`, for people and for programs."""

from dataclasses import asdict

from kbench.judge.selftest import Report
from kbench.present import data
from kbench.present.output import Makers
from kbench.present.table import Table, words
from kbench.present.text import table_lines, wrapped


def makers(report: Report, width: int) -> Makers:
    """The forms of the report; docs/json.md describes the JSON."""
    return {
        "table": lambda: to_text(report, width),
        "json": lambda: data.to_json({"version": 1, **asdict(report)}),
    }


def to_text(report: Report, width: int) -> str:
    """False alarms of gates where nothing changed, and how often each delay is found."""
    rate = (
        f"Nothing changed: {report.alarms} of {report.gates} A/A gates raised a false alarm (rate "
        f"below {report.bound:.0%} with 95 % confidence), {report.resampled:.1%} of random splits."
    )
    found = Table(
        words("delay", "measured", "found in gates"),
        tuple(
            (f"{row.wanted:.0%} of p50", f"{row.measured:+.1%}", f"{row.power:.0%}")
            for row in report.levels
        ),
        f"{report.benchmark}: {report.rounds} rounds in {report.seconds:.0f} s, "
        f"{report.pairs} pairs a gate",
    )
    smallest = "none of these" if report.smallest is None else f"{report.smallest:+.1%}"
    answer = f"Smallest change found with a power of 80 %: {smallest}"
    lines = [*table_lines(found, width), "", *wrapped(rate, width), *wrapped(answer, width)]
    return "\n".join(lines) + "\n"
