# SPDX-License-Identifier: MIT
"""kbench list"""

from json import dumps
from typing import Annotated

import typer


def command(
    selectors: Annotated[
        list[str] | None, typer.Argument(help="Families, names or globs; all without one.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Machine-readable, schema version 1.")
    ] = False,
) -> None:
    """List the benchmarks, and where each can run.

    A benchmark is probed by running it once, so the reason for a "no" is this machine's.

    Example: kbench list 'exit.*'
    """
    from kbench.catalogue import select
    from kbench.lab.target import LabTarget
    from kbench.targets.host import Host

    chosen = select(selectors or [])
    obstacles = {target.name: target.obstacles(chosen) for target in (Host(), LabTarget())}
    rows = [(row, {name: found[row.name] for name, found in obstacles.items()}) for row in chosen]
    if json:
        document = {
            "version": 1,
            "benchmarks": [
                {
                    "name": row.name,
                    "title": row.title,
                    "unit": "second",
                    "targets": {
                        target: {"available": not reason, "reason": reason}
                        for target, reason in targets.items()
                    },
                }
                for row, targets in rows
            ],
        }
        typer.echo(dumps(document, indent=2))
        return
    name_width = max(len(row.name) for row, _ in rows)
    title_width = max(len(row.title) for row, _ in rows)
    for row, targets in rows:
        where = " ".join(target for target, reason in targets.items() if not reason) or "nowhere"
        typer.echo(f"{row.name:{name_width}}  {row.title:{title_width}}  {where}")
        for target, reason in targets.items():
            if reason:
                typer.echo(f"{'':{name_width}}    not on {target}: {reason}")
