# SPDX-License-Identifier: MIT
"""An explained event, or two side by side, as one page: no network, no server, no script."""

from typing import Any

import kbench
from kbench.explain.difference import functions, own
from kbench.explain.explanation import Explanation
from kbench.explain.symbols import Function
from kbench.present import difference, explanation
from kbench.present.table import Table, figures, words
from kbench.report.icicle import SAME, Icicle, icicle, roles_of
from kbench.report.render.html import environment, markup
from kbench.report.theme import DARK, LIGHT
from kbench.units import LAB_NOTE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
UNNAMED = "threads"


def page(e: Explanation) -> str:
    """The icicle of one event, its functions, and its tree as text."""
    roles = roles_of(e.roots)
    legend = [(role, module or UNNAMED) for module, role in roles.items()]
    by_function = Table(
        (*figures("self", "share"), *words("function")),
        tuple(
            (number, f"{number / e.count:.1%}", difference.label(function))
            for function, number in own(e).most_common()
        ),
        "by function",
    )
    return _render(
        title=explanation.title(e),
        icicles=[icicle("", e.roots, e.count)],
        legend=legend,
        tables=[by_function],
        text=explanation.text(e, 120, 0, None),
        notes=list(explanation.notes(e)),
    )


def two_sided(base: Explanation, head: Explanation) -> str:
    """The icicles of both sides on one scale: what has more or fewer instructions is coloured."""
    roles = {}
    for change in functions(own(base), own(head)):
        role = "worse" if change.delta > 0 else "better"
        roles[Function(change.function, change.module)] = role
    whole = max(base.count, head.count)
    delta = head.count - base.count
    return _render(
        title=f"{base.title}: {delta:+,} instructions",
        icicles=[
            icicle(f"base: {difference.side(base)}", base.roots, whole, roles),
            icicle(f"head: {difference.side(head)}", head.roots, whole, roles),
        ],
        legend=[("worse", "more in head"), ("better", "fewer in head"), (SAME, "the same")],
        tables=difference.tables(base, head),
        text="",
        notes=list(difference.moved(base, head)),
    )


def _render(
    *,
    title: str,
    icicles: list[Icicle],
    legend: list[tuple[str, str]],
    tables: list[Table],
    text: str,
    notes: list[str],
) -> str:
    made = environment()
    style = made.get_template("page.css.j2").render(light=LIGHT, dark=DARK, groups=0, options=())
    page: Any = made.get_template("explanation.html.j2").render(
        title=title, icicles=icicles, legend=legend, tables=tables, text=text,
        notes=[*notes, LAB_NOTE], style=markup(style), policy=POLICY, version=kbench.__version__,
    )  # fmt: skip
    return str(page)
