# SPDX-License-Identifier: MIT
"""Colours of pages and pictures by role, for light and dark.

A chart is drawn once, in the light colours. In a page each of them becomes the CSS
variable of its role, so that one picture follows light, dark and print, and a series is
hidden by making its variable transparent; that is why every role has a colour of its own.

The series stay apart under protanopia, deuteranopia and tritanopia (they differ in
lightness, too, and have shapes and dashes of their own) and have a contrast of 3:1 or
more against the background (WCAG 2.1, 1.4.11).
"""

from typing import Any

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#59636e",
    "grid": "#e3e6ea",
    "rule": "#7a2fb5",
    "band": "#d9e4ee",
    "s0": "#0067a5",
    "s1": "#c8500a",
    "s2": "#00805e",
    "s3": "#b0408c",
    "s4": "#8f6a00",
    "s5": "#5a6472",
    "s6": "#3a8fd6",
    "s7": "#8c2d19",
    "worse": "#c8400b",
    "better": "#00689f",
    "same": "#767e88",
    "tell": "#93700a",
}
DARK = {
    "paper": "#14181d",
    "ink": "#e8ebef",
    "muted": "#a3adb8",
    "grid": "#2c333b",
    "rule": "#c79bf2",
    "band": "#243442",
    "s0": "#5fb4e6",
    "s1": "#ff9a57",
    "s2": "#3ccfa0",
    "s3": "#e79acb",
    "s4": "#e3bf4d",
    "s5": "#aab4c0",
    "s6": "#8fd0ff",
    "s7": "#e98a76",
    "worse": "#ff9352",
    "better": "#66b8ea",
    "same": "#98a2ad",
    "tell": "#dcb845",
}
SERIES = 8
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
# Base dashed, head solid; further suites have dashes of their own.
DASHES = ((5, 3), (1, 0), (2, 2), (8, 2, 2, 2))


def series_role(index: int) -> str:
    """The role of series `index`; the colours repeat after eight."""
    return f"s{index % SERIES}"


def dash(index: int, count: int) -> list[int]:
    """The dash of series `index` of `count`: a single one is solid."""
    return list(DASHES[index % len(DASHES)] if count > 1 else DASHES[1])


def vega_config() -> dict[str, Any]:
    """The Vega-Lite config of every chart."""
    ink, muted, grid = LIGHT["ink"], LIGHT["muted"], LIGHT["grid"]
    return {
        "background": LIGHT["paper"],
        "font": "sans-serif",
        "padding": 6,
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink, "titleColor": ink, "labelFontSize": 11, "titleFontSize": 12,
            "titleFontWeight": "normal", "gridColor": grid, "domainColor": muted,
            "tickColor": muted, "labelLimit": 320,
        },
        "legend": {
            "labelColor": ink, "titleColor": ink, "labelFontSize": 12, "labelLimit": 360,
            "orient": "bottom", "columns": 2, "title": None, "symbolStrokeWidth": 2,
            "symbolOpacity": 1,
        },
        "header": {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "labelLimit": 300},
        "title": {"color": ink, "fontSize": 13, "anchor": "start", "fontWeight": "normal"},
        "text": {"color": ink, "fontSize": 11},
    }  # fmt: skip
