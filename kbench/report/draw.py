# SPDX-License-Identifier: MIT
"""From a chart to SVG for files, SVG for the page, and PNG, all by vl-convert: offline.

Why the page has no Vega: its bundle is 0.9 MB of script that needs eval or an
interpreter, and takes seconds for a hundred percentile plots. The SVG that vl-convert
makes of the same declaration shows at once, without script, and on paper.
"""

import multiprocessing
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from kbench._native.watchdog import die_with_parent
from kbench.errors import KbenchError
from kbench.report.theme import LIGHT, vega_config

FEWEST_FOR_TWO = 8
"""Fewer charts are drawn before a second process has started."""

CANCELED = "oneshot canceled"
"""How vl-convert says that its own thread has ended, as without sched_getaffinity(2)."""

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = {"svg", "g", "path", "rect", "line", "text"}
_ATTRIBUTES = {
    *("viewBox", "width", "height", "transform", "d", "x", "y", "x1", "y1", "x2", "y2"),
    *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity"),
    *("opacity", "text-anchor", "font-size", "font-weight"),
}
_DEFAULTS = {("opacity", "1"), ("stroke-width", "1"), ("transform", "translate(0,0)")}
_ROLES = {color: role for role, color in LIGHT.items()}


def to_svgs(charts: Sequence[Any]) -> list[str]:
    """Each chart as a standalone SVG file, in the light colours.

    vl-convert draws on one thread; two processes halve the time of a large report.
    """
    specs = [spec(chart) for chart in charts]
    if len(specs) < FEWEST_FOR_TWO:
        return [_svg(row) for row in specs]
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(2, context, _end_with_parent) as pool:
            return list(pool.map(_svg, specs, chunksize=2))
    except BrokenProcessPool:  # somebody killed one, or a limit kept it from starting
        return [_svg(row) for row in specs]


def _end_with_parent() -> None:
    """A parent that is killed leaves nobody to end its pool."""
    with suppress(OSError):  # where prctl(2) is denied, only a killed parent leaves them
        die_with_parent()
    parent = multiprocessing.parent_process()
    if parent and not parent.is_alive():
        sys.exit(1)  # it was killed before that took effect


def _svg(specification: dict[str, Any]) -> str:
    import vl_convert

    try:
        svg: str = vl_convert.vegalite_to_svg(specification)
    except ValueError as error:
        if CANCELED not in str(error):
            raise
        raise KbenchError("vl-convert could not start what it draws with: a limit?") from None
    return svg + "\n"


def to_png(svg: str) -> bytes:
    """A standalone SVG as PNG, two pixels a unit."""
    import vl_convert

    png: bytes = vl_convert.svg_to_png(svg, scale=2)
    return png


def spec(chart: Any) -> dict[str, Any]:
    """The Vega-Lite specification of an altair chart."""
    return {**chart.to_dict(validate=False), "config": vega_config()}


def inline(svg: str, label: str) -> str:
    """A standalone SVG made part of a page.

    Its colours become CSS variables of the theme. Its legend is dropped, because the page has
    one that toggles. A mark's text stays as aria-label. Only elements and attributes that
    draw are kept, which keeps a page of many plots small.
    """
    root = ET.fromstring(svg)
    width, height = root.get("width", "0"), _above_legend(root)
    _prune(root)
    for name, value in (("role", "group"), ("aria-label", label), ("tabindex", "0")):
        root.set(name, value)
    for name in ("width", "height"):
        del root.attrib[name]
    root.set("viewBox", f"0 0 {width} {height:g}")
    root.set("style", f"width:{width}px;aspect-ratio:{width}/{height:g}")
    text = ET.tostring(root, encoding="unicode")
    return text.replace("ns0:", "").replace(":ns0", "")


def _above_legend(root: ET.Element) -> float:
    """The height of the picture without its legend, which stands below everything else."""
    (start,) = (child for child in root if child.tag == f"{{{_SVG}}}g")
    legends = (g for g in root.iter() if "role-legend" in g.get("class", "").split())
    tops = [_down(start) + _down(legend[0]) for legend in legends]
    return min([float(root.get("height", "0")), *tops])


def _down(group: ET.Element) -> float:
    """How far `group` moves its content down."""
    return float(group.get("transform", "0,0").rstrip(")").rpartition(",")[2])


def _prune(element: ET.Element) -> None:
    for child in list(element):
        if not _draws(child):
            element.remove(child)
            continue
        _prune(child)
        if child.tag == f"{{{_SVG}}}g" and not len(child):
            element.remove(child)
    # Marks with a text of their own are symbols; other labels repeat text.
    mark = element.get("role") == "graphics-symbol" and element.tag != f"{{{_SVG}}}g"
    label = element.get("aria-label") if mark else None
    kept = {
        name: _value(name, value)
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and (name, value) not in _DEFAULTS
    }
    element.attrib.clear()
    element.attrib.update(kept)
    if label:
        element.set("aria-label", label)


def _draws(element: ET.Element) -> bool:
    """Not a legend, an invisible path, or anything that is not for drawing."""
    name = element.tag.rpartition("}")[2]
    style = element.get("class", "")
    return not (
        name not in _ELEMENTS
        or "role-legend" in style
        or element.get("display") == "none"
        or (name == "path" and element.get("d") in ("", "M0,0h0v0h0Z"))
        or (style == "background" and not {"fill", "stroke"} & element.attrib.keys())
    )


def _value(name: str, value: str) -> str:
    if name in ("fill", "stroke"):
        return f"var(--{_ROLES[value]})" if value in _ROLES else value
    if name in ("d", "transform", "x2", "y2"):
        return re.sub(r"(\.\d)\d+", r"\1", value)
    return value
