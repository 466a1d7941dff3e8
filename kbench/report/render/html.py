# SPDX-License-Identifier: MIT
"""A report as one page that needs no network, no server and no script.

Everything a suite says is escaped by jinja2; pictures come from kbench.report.draw, which
lets through what draws and nothing else. The Content-Security-Policy allows the page's
own script by its hash, and no connection of any kind.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import kbench
from kbench.report.content import Content, Picture
from kbench.report.draw import inline
from kbench.report.embed import Embedded
from kbench.report.theme import DARK, LIGHT

Drawings = Mapping[tuple[str, tuple[str, ...], int], str]
"""Standalone SVG texts by picture name, view options and number of the panel."""


def to_html(content: Content, drawings: Drawings, suites: Sequence[Embedded]) -> str:
    """The page; `drawings` holds every panel of every picture."""
    made = environment()
    script = made.get_template("page.js.j2").render()
    style = made.get_template("page.css.j2").render(
        light=LIGHT, dark=DARK, groups=3, options=range(1, 33)
    )
    page: str = made.get_template("page.html.j2").render(
        content=content,
        links=_links(content),
        suites=suites,
        script=markup(script),
        style=markup(style),
        policy=_policy(script),
        svg=lambda picture, view, panel: markup(
            inline(drawings[picture.name, view.options, panel], picture.title)
        ),
        marks=_marks,
        version=kbench.__version__,
    )
    return page


def _links(content: Content) -> dict[str, str]:
    """By benchmark, the title of the first table that is all of it."""
    tables = [table for section in content.sections for table in section.tables]
    return {table.subject: table.title for table in reversed(tables) if table.subject}


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _marks(picture: Picture, options: Sequence[str]) -> str:
    """CSS classes that tie a view to the radio buttons that show it: `c0-1 c1-3`."""
    groups = enumerate(zip(picture.choices.values(), options, strict=True))
    return " ".join(f"c{number}-{names.index(option) + 1}" for number, (names, option) in groups)


def markup(text: str) -> Any:
    """`text` as HTML that is ready: it is not escaped."""
    from markupsafe import Markup

    return Markup(text)


@cache
def environment() -> Any:
    """Jinja2 with the templates of kbench.report, which escapes what it is given."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("kbench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
