# SPDX-License-Identifier: MIT
"""`kbench compare`: suites side by side."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Sort(StrEnum):
    """Order of the table."""

    CHANGE = "change"
    NAME = "name"


def command(
    base: Annotated[Path, typer.Argument(help="The suite to compare with.")],
    head: Annotated[list[Path], typer.Argument(help="One suite or more, each against BASE.")],
    sort: Annotated[
        Sort | None, typer.Option(help="Largest change or name first; default: file order.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="List this metric (of metrics.toml) too; repeatable.")
    ] = None,
    md: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Project file instead of ./kbench.toml.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compare what is not comparable, and say so.")
    ] = False,
) -> None:
    """Compare suites: base, head, change with its interval, and a verdict for each metric.

    Host figures are judged by statistics over runs (20 a side), lab counts exactly. What differs
    between the two sides is listed first; another backend, CPU model or unit is refused.

    Example: kbench compare stock.json mypatch.json --sort change
    """
    from kbench.errors import KbenchError
    from kbench.judge.compare import compare
    from kbench.judge.options import options
    from kbench.judge.verdict import Change
    from kbench.present.data import to_csv, to_json
    from kbench.present.markdown import comparison_markdown
    from kbench.present.text import comparison_text
    from kbench.suite.load import load

    if md + json + csv > 1:
        raise KbenchError("--md, --json and --csv exclude each other: choose one")
    chosen = options((), config, force, metric or ())
    suite = load(base)
    comparisons = [compare(suite, load(path), chosen) for path in head]

    def ordered(changes: tuple[Change, ...]) -> list[Change]:
        match sort:
            case Sort.CHANGE:
                return sorted(changes, key=lambda change: -abs(change.mid))
            case Sort.NAME:
                return sorted(changes, key=lambda change: change.benchmark)
        return list(changes)

    if json:
        print(to_json(comparisons))
    elif csv:
        print(to_csv(comparisons), end="")
    else:
        show = comparison_markdown if md else comparison_text
        print("\n\n".join(show(item, ordered(item.changes)) for item in comparisons))
