# SPDX-License-Identifier: MIT
"""Parameters that several commands share: forms, files, and the project file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class TableForm(StrEnum):
    """Forms of a table."""

    TABLE = "table"
    MD = "md"
    JSON = "json"
    CSV = "csv"


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


class ReportForm(StrEnum):
    """Forms of a report that standard output can take."""

    MD = "md"
    TXT = "txt"


Table = Annotated[TableForm | None, typer.Option("--format", help="What to print.")]
Listing = Annotated[ListForm | None, typer.Option("--format", help="What to print.")]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("-o", "--output", help="FILE.txt, .md, .json or .csv; repeatable."),
]
ListOutputs = Annotated[
    list[Path] | None, typer.Option("-o", "--output", help="FILE.txt or .json; repeatable.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]
ForceAll = Annotated[
    bool, typer.Option("--force", help="Compare what is not comparable; replace files.")
]
Config = Annotated[Path | None, typer.Option(help="Project file instead of ./kbench.toml.")]
