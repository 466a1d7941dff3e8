# SPDX-License-Identifier: MIT
"""`kbench gate`: an exit code that a build can fail on."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    base: Annotated[Path, typer.Argument(help="The suite that must not get worse.")],
    head: Annotated[Path, typer.Argument(help="The suite to judge.")],
    margin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[METRIC=]MARGIN",
            help="3% (a share), 10 (instructions, lab) or 0; for all metrics or one; repeatable.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 when a benchmark cannot be told.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="List what is the same, too.")] = False,
    md: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file.")] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Add GitHub Actions annotations.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Project file instead of ./kbench.toml.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compare what is not comparable, and say so.")
    ] = False,
) -> None:
    """Fail when HEAD is worse than BASE: exit code 0 pass, 1 worse, 2 unusable, 3 cannot tell.

    Margins come from metrics.toml (host) or are 0.5 % or 10 instructions (lab); kbench.toml can
    change them and acknowledge a known regression with a reason and an expiry date. 3 is used
    with --strict alone.

    Example: kbench gate baseline.json head.json --strict --junit gate.xml
    """
    from kbench.judge.compare import compare
    from kbench.judge.export.emit import Formats, emit
    from kbench.judge.gate import outcome
    from kbench.judge.options import options
    from kbench.record.suite import load

    formats = Formats(everything=all_, md=md, json=json, junit=junit, github=github)
    chosen = options(margin or (), config, force)
    comparison = compare(load(base), load(head), chosen)
    result = outcome(comparison, strict)
    emit(comparison, result, formats)
    raise typer.Exit(result.exit_code)
