# SPDX-License-Identifier: MIT
"""`kbench gate`: an exit code that a build can fail on."""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Cluster, Config, ForceAll, GateForm, HostName, printed, written


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="BASE HEAD | [SELECTOR]...",
            help="Two suites; with --ab or --self-test, what to measure.",
        ),
    ] = None,
    ab: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Measure both: kbench builds (venvs), @VARIANTs, KVM variants, kernels.",
        ),
    ] = None,
    tree: Annotated[
        str,
        typer.Option(metavar="DIR[,tiny]", help="--ab: A and B are commits of this kernel tree."),
    ] = "",
    kernel: Annotated[
        str, typer.Option(metavar="KERNEL", help="--ab: what the KVM variants were built for.")
    ] = "6.1",
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Measure this gate: A/A, A against A + x %.")
    ] = False,
    max_time: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Then stop starting new runs.")
    ] = 600.0,
    rounds: Annotated[int, typer.Option(metavar="N", help="--self-test: runs of each arm.")] = 20,
    keep: Annotated[
        Path | None, typer.Option(metavar="NAME", help="--ab: keep NAME-a.json, NAME-b.json.")
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(metavar="[METRIC=]M", help="3%, or 10 (lab: instructions); repeatable."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help='Exit 3 if any verdict is "cannot tell".')
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Measure again, here, what is worse on the host.")
    ] = False,
    no_explain: Annotated[
        bool, typer.Option("--no-explain", help="--ab: do not name the functions of a count.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="List what is the same, too.")] = False,
    form: Annotated[GateForm | None, printed(GateForm)] = None,
    output: Annotated[list[Path] | None, written("FILE.xml (JUnit), .md, .json ...")] = None,
    config: Config = None,
    force: ForceAll = False,
    cluster: Cluster = None,
    host: HostName = None,
) -> None:
    """Fail when HEAD is worse than BASE, by exit code.

    0 pass, 1 worse, 2 unusable input, 3 "cannot tell" with --strict. Margins come from
    metrics.toml (host), or are 0.5 % or 10 instructions (lab); kbench.toml changes them, and
    acknowledges a known regression with a reason and an expiry date.

    --ab measures pairs of runs in random order until there is a verdict. It uses alpha
    spending: interim analyses at 20, 40, 80 ... pairs get alpha/2, alpha/4 ...

    Example: kbench gate baseline.json head.json --strict -o gate.xml
    """
    from kbench.errors import KbenchError
    from kbench.judge.gate import outcome
    from kbench.judge.options import options
    from kbench.present.output import emit, hint, terminal_width

    words, width = words or [], terminal_width()
    if cluster and not ab:
        raise KbenchError("--cluster is for gate --ab, which measures")
    if confirm and (ab or self_test):
        raise KbenchError(
            "--confirm is for gate BASE HEAD: --ab and --self-test measure themselves"
        )
    if self_test:
        from kbench.present.selftest import makers as reports
        from kbench.session.selftest import self_test as measure

        if ab:
            raise KbenchError("--ab and --self-test exclude each other: choose one")
        report = measure(words, rounds, max_time)
        emit(reports(report, width), form, output or (), force=force, printed=True)
        raise typer.Exit(1 if report.alarms else 0)
    chosen = options(margin or (), config, force)
    if ab:
        from kbench.session.ab.measure import measured
        from kbench.session.places import places
        from kbench.session.progress import say

        with places(cluster, host, say) as where:
            comparison = measured(
                *(ab, words, chosen, max_time, keep, tree, kernel),
                explain=not no_explain,
                places=where,
            )
    else:
        from kbench.judge.compare import compare
        from kbench.suite.load import load

        if len(words) != 2:
            raise KbenchError(f"got {len(words)} suites, expected two: kbench gate BASE HEAD")
        base, head = load(words[0]), load(words[1])
        comparison = compare(base, head, chosen)
        if confirm:
            from kbench.session.confirm import confirmed

            comparison = confirmed(comparison, base, head, chosen)
    from kbench.present.gate import makers

    result = outcome(comparison, strict)
    forms = makers(comparison, result, width, everything=all_)
    emit(forms, form, output or (), force=force, printed=True)
    if result.worse and not ab:
        hint(
            f"kbench compare {' '.join(words)}: every metric of it",
            "[[acknowledged]] in kbench.toml lets a known regression pass: docs/gate.md",
        )
    raise typer.Exit(result.exit_code)
