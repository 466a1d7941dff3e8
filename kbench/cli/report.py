# SPDX-License-Identifier: MIT
"""kbench report"""

from pathlib import Path
from typing import Annotated

import typer


def command(
    suites: Annotated[
        list[Path],
        typer.Argument(
            metavar="SUITE...", help="Suites, or histories (directories); with --extract, a page."
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            help="FILE.html, .md or .txt, may be repeated; the folder to extract to.",
        ),
    ] = None,
    md: Annotated[bool, typer.Option("--md", help="Markdown, for a repository.")] = False,
    txt: Annotated[bool, typer.Option("--txt", help="72 columns of ASCII, for a mail.")] = False,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the pictures as SVG, in their first scale."),
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="DIR", help="The same as PNG.")] = None,
    template: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fill in this Jinja2 text with figures instead."),
    ] = None,
    extract: Annotated[
        bool, typer.Option("--extract", help="Get the suites back out of a page.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Make a report of suites: the answer first, then pictures and tables.

    The HTML page is one file, needs no network and no script, and holds the suites. The
    form follows the name of the output; --md and --txt without -o go to standard output.
    The first suite is the base that the others are compared with.

    Example: kbench report stock.json mypatch.json -o report.html
    """
    from kbench.errors import KbenchError
    from kbench.report import write

    outputs = output or []
    if extract:
        if len(suites) != 1 or len(outputs) > 1 or md or txt or svg or png or template:
            raise KbenchError("--extract takes one page, and one -o for the folder")
        write.extract_to(suites[0], outputs[0] if outputs else Path(), force=force)
        return
    if md and txt:
        raise KbenchError("--md and --txt exclude each other: choose one")
    named = "md" if md else "txt" if txt else None
    forms: list[tuple[str, Path | None]]
    forms = [(named or write.form_of(path), path) for path in outputs]
    if named and not outputs:
        forms = [(named, None)]
    if template is None:
        write.report(suites, forms, svg, png, force=force)
        return
    if len(forms) != 1 or svg or png:
        raise KbenchError("--template takes one output: -o FILE.md, -o FILE.txt, --md or --txt")
    write.fill(suites, template, *forms[0], force=force)
