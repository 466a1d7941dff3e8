# SPDX-License-Identifier: MIT
"""kbench report"""

from pathlib import Path
from typing import Annotated

import typer

from kbench.cli._forms import Force, ReportForm


def command(
    suites: Annotated[
        list[Path],
        typer.Argument(
            metavar="SUITE...", help="Suites or histories (directories); --extract: a page."
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="FILE.html, .md or .txt, repeatable; --extract: a folder.",
        ),
    ] = None,
    form: Annotated[
        ReportForm | None,
        typer.Option("--format", metavar="FORM", help="Print md, or txt: 72 columns for a mail."),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the pictures as SVG."),
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="DIR", help="The same as PNG.")] = None,
    template: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fill in this Jinja2 text instead."),
    ] = None,
    extract: Annotated[
        bool, typer.Option("--extract", help="Write the suites that a page holds.")
    ] = False,
    force: Force = False,
) -> None:
    """Make a report of suites: the answer, pictures and tables.

    The HTML page is one file that needs no network and no script, and holds the suites. The
    form of each output follows its name. The first suite is the base of all comparisons.

    Example: kbench report stock.json mypatch.json -o report.html
    """
    from kbench.errors import KbenchError
    from kbench.present.output import hint
    from kbench.report import write

    outputs = output or []
    if extract:
        if len(suites) != 1 or len(outputs) > 1 or form or svg or png or template:
            raise KbenchError("--extract takes one page, and one -o for the folder")
        write.extract_to(suites[0], outputs[0] if outputs else Path(), force=force)
        return
    forms: list[tuple[str, Path | None]] = [(write.form_of(path), path) for path in outputs]
    forms += [(form, None)] if form else []
    if template is None:
        write.report(suites, forms, svg, png, force=force)
        for page in (path for path in outputs if path.suffix == ".html"):
            hint(f"xdg-open {page}", f"kbench report {page} --extract: the suites that it holds")
        return
    if len(forms) != 1 or svg or png:
        raise KbenchError("--template takes one output: -o FILE.md, -o FILE.txt or --format")
    write.fill(suites, template, *forms[0], force=force)
