# SPDX-License-Identifier: MIT
"""Parameters that several commands share: forms, files, and the project file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class TableForm(StrEnum):
    """Forms of a table."""

    TABLE = "table"
    MD = "md"
    JSON = "json"
    CSV = "csv"


class ShowForm(StrEnum):
    """Forms of a suite; the last three are for tools that keep figures over time."""

    TABLE = "table"
    MD = "md"
    JSON = "json"
    CSV = "csv"
    OPENMETRICS = "openmetrics"
    BENCHER = "bencher"
    BENCHMARK_ACTION = "benchmark-action"


class ListForm(StrEnum):
    """Forms of what is made for reading or for programs."""

    TABLE = "table"
    JSON = "json"


class GateForm(StrEnum):
    """Forms of a gate."""

    TABLE = "table"
    MD = "md"
    JSON = "json"
    CSV = "csv"
    JUNIT = "junit"
    GITHUB = "github"


class ExplainForm(StrEnum):
    """Forms of an explained event."""

    TABLE = "table"
    JSON = "json"
    FOLDED = "folded"
    SPEEDSCOPE = "speedscope"
    HTML = "html"


class ReportForm(StrEnum):
    """Forms of a report that standard output can take."""

    MD = "md"
    TXT = "txt"


def printed(forms: type[StrEnum]) -> Any:
    """The option --format with one of `forms`."""
    return typer.Option("--format", metavar="FORM", help=f"What to print: {', '.join(forms)}.")


def written(names: str) -> Any:
    """The option -o for files with one of the `names`, which say their form."""
    return typer.Option("-o", "--output", metavar="FILE", help=f"{names}; repeatable.")


def selectors(incomplete: str) -> list[str]:
    """What a shell offers for a selector: families and selections, then a family's names."""
    from kbench.catalogue import catalogue
    from kbench.catalogue.families import FAMILIES
    from kbench.catalogue.selections import SELECTIONS

    if "." in incomplete:
        return [row.name for row in catalogue() if row.name.startswith(incomplete)]
    return [name for name in (*FAMILIES, *SELECTIONS) if name.startswith(incomplete)]


Table = Annotated[TableForm | None, printed(TableForm)]
Listing = Annotated[ListForm | None, printed(ListForm)]
Outputs = Annotated[list[Path] | None, written("FILE.txt, .md, .json or .csv")]
ListOutputs = Annotated[list[Path] | None, written("FILE.txt or .json")]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="METRIC", help="One of metrics.toml; repeatable."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]
ForceAll = Annotated[
    bool, typer.Option("--force", help="Compare what is not comparable; replace files.")
]
Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Project file instead of ./kbench.toml.")
]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A fleet's scheduler: docs/fleet.md.")
]
HostName = Annotated[
    str | None, typer.Option(metavar="NAME", help="--cluster: only this host's times.")
]
