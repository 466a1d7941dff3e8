# SPDX-License-Identifier: MIT
"""`kbench gate`: an exit code that a build can fail on."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="BASE HEAD | [SELECTOR]...",
            help="Two suites; with --ab or --self-test, the benchmarks to measure.",
        ),
    ] = None,
    ab: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B", help="Measure both sides: kbench builds (venv paths) or @VARIANTs."
        ),
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Show what this gate finds on this machine.")
    ] = False,
    max_time: Annotated[
        float, typer.Option(min=1, help="--ab, --self-test: begin nothing after these seconds.")
    ] = 600.0,
    rounds: Annotated[int, typer.Option(help="--self-test: rounds of all arms.")] = 20,
    output: Annotated[
        Path | None, typer.Option("-o", help="--ab: keep the suites as OUTPUT-a/-b.json.")
    ] = None,
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
    with --strict alone. --ab measures pairs of runs in random order until there is a verdict.

    Example: kbench gate baseline.json head.json --strict --junit gate.xml
    """
    from kbench.errors import KbenchError
    from kbench.judge.gate import outcome
    from kbench.judge.options import options
    from kbench.present.emit import Formats, emit

    words = words or []
    formats = Formats(everything=all_, md=md, json=json, junit=junit, github=github)
    if self_test:
        from kbench.present import selftest
        from kbench.session.selftest import self_test as measure

        if ab:
            raise KbenchError("--ab and --self-test exclude each other: choose one")
        report = measure(words, rounds, max_time)
        print(selftest.to_json(report) if json else selftest.to_text(report))
        raise typer.Exit(1 if report.alarms else 0)
    chosen = options(margin or (), config, force)
    if ab:
        from kbench.session.ab.measure import measured

        comparison = measured(ab, words, chosen, max_time, output)
    else:
        from kbench.judge.compare import compare
        from kbench.suite.load import load

        if len(words) != 2:
            raise KbenchError(f"got {len(words)} suites, expected two: kbench gate BASE HEAD")
        comparison = compare(load(words[0]), load(words[1]), chosen)
    result = outcome(comparison, strict)
    emit(comparison, result, formats)
    raise typer.Exit(result.exit_code)
