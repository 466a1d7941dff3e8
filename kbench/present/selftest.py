# SPDX-License-Identifier: MIT
"""The report of `kbench gate --self-test`, for people and for programs."""

from dataclasses import asdict

from kbench.judge.selftest import Report


def to_json(report: Report) -> str:
    """The report for programs; docs/json.md describes it."""
    import msgspec

    return msgspec.json.encode({"version": 1, **asdict(report)}).decode()


def to_text(report: Report) -> str:
    """The report for people."""
    lines = [
        f"{report.benchmark}: {report.rounds} rounds in {report.seconds:.0f} s, "
        f"{report.pairs} pairs a gate",
        f"nothing changed: {report.alarms} of {report.gates} gates raised an alarm "
        f"(rate below {report.bound:.0%} with 95 % confidence); "
        f"{report.resampled:.1%} of random re-splits",
    ]
    lines += [
        f"delayed by {row.wanted:.0%} of p50: measured {row.measured:+.1%}, "
        f"found in {row.power:.0%} of gates"
        for row in report.levels
    ]
    smallest = "none of these" if report.smallest is None else f"{report.smallest:+.1%}"
    return "\n".join([*lines, f"smallest change seen with 80 % power: {smallest}"])
