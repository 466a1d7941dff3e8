# SPDX-License-Identifier: MIT
"""The options of a comparison, from a command line and the project file."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kbench.judge.compare import Options
from kbench.judge.project import known, load_project, parse_margin
from kbench.judge.rules import HostRule


def options(
    margins: Sequence[str] = (),
    config: Path | None = None,
    force: bool = False,
    shown: Sequence[str] = (),
) -> Options:
    """Options from `[METRIC=]MARGIN` words, a project file, --force and metrics to list."""
    project = load_project(config)
    for metric in shown:
        known(metric)
    every, single = None, {}
    for text in margins:
        metric, equals, value = text.rpartition("=")
        if equals:
            known(metric)
            single[metric] = parse_margin(value)
        else:
            every = parse_margin(value)
    return Options(
        today=date.today(),
        project=project,
        margin=every,
        margins=single,
        shown=tuple(shown),
        force=force,
        rule=HostRule(runs=project.runs),
    )
