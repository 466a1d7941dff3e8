# SPDX-License-Identifier: MIT
"""Axes and series that all charts share: every axis names its unit, lab counts included."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import altair as alt

from kbench.report.content import Key
from kbench.report.model import Entry, Place, SuiteFile
from kbench.report.theme import LIGHT, SHAPES, dash, series_role

SCALES = ("log", "linear")
"""Options of the choice "scale" of pictures that have both."""


def chart(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    """A chart of inline data. Field names are this package's, never a suite's."""
    return alt.Chart(data(rows))


def data(rows: Sequence[dict[str, Any]]) -> Any:
    """Inline data."""
    return alt.Data(values=_Rows(rows))  # type: ignore[no-untyped-call]  # altair's schema has none


class _Rows:
    """Rows that altair passes on unchanged; it would inspect each of their values.

    With these two attributes it takes them for a ready part of a schema.
    """

    _schema: ClassVar[dict[str, str]] = {"type": "array"}

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self._rows = list(rows)

    def to_dict(self) -> list[dict[str, Any]]:
        return self._rows


def value_title(what: str, place: Place, times: str = "") -> str:
    """The title of an axis: `what` and its unit in the lab, elsewhere `times` before `what`."""
    return f"{what}, instructions (emulated lab)" if place.lab else times + what


def value_axis(place: Place, domain: alt.Scale, ticks: int, **options: Any) -> alt.Axis:
    """An axis with about `ticks` labels: 5 us, 20 ms; in the lab whole instructions."""
    return unit_axis(place.unit, **spaced(domain, ticks), **options)


def unit_axis(unit: str, **options: Any) -> alt.Axis:
    """An axis whose labels name pyperf's `unit`: 5 us, 3,031."""
    label = "format(datum.value, ',')"
    if unit == "second":  # "5µ" becomes "5 us"
        prefixed = "replace(format(datum.value, '~s'), 'µ', 'u')"
        label = f"replace({prefixed}, /([a-z]?)$/, ' $1') + 's'"
    return alt.Axis(labelExpr=label, labelOverlap=True, labelSeparation=8, **options)


def spaced(domain: alt.Scale, most: int) -> dict[str, Any]:
    """The options of an axis with about `most` round ticks.

    Vega puts a tick at each digit of a logarithmic axis and hides those that overlap, which
    leaves 30, 70, 200, 600. A narrow domain without round numbers gets Vega's ticks.
    """
    described = domain.to_dict()
    if described.get("type") == "log" and len(values := log_ticks(described["domain"], most)) > 2:
        return {"values": values}
    return {"tickCount": most}


def log_ticks(domain: Sequence[float], most: int) -> list[float]:
    """Round numbers within `domain`: the densest of these series with at most `most` of them."""
    low, high = domain
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for digits in ((1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{digit}e{decade}") for decade in decades for digit in digits]
        found = [tick for tick in ticks if low <= tick <= high]
        if len(found) <= most:
            break
    return found[:: max(1, math.ceil(len(found) / most))]


def scale(kind: str, values: Iterable[float], *, zero: bool = True) -> alt.Scale:
    """A scale of `kind` ("log" or "linear") that holds all `values` with a small margin."""
    found = [value for value in values if math.isfinite(value)]
    low, high = min(found), max(found)
    if kind == "log":
        room = max((high / low) ** 0.04, 1.02)
        return alt.Scale(type="log", domain=[low / room, high * room], nice=False)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return alt.Scale(domain=[0 if zero else low - room, high + room], nice=False, zero=zero)


def sources_of(entries: Iterable[Entry]) -> list[SuiteFile]:
    """The sources of `entries`, each once, in the order of the report."""
    found = {entry.source.index: entry.source for entry in entries}
    return [found[index] for index in sorted(found)]


def source_color(sources: Sequence[SuiteFile], **options: Any) -> alt.Color:
    """Colour by the field `source`."""
    colors = [LIGHT[series_role(source.index)] for source in sources]
    domain = [source.label for source in sources]
    return alt.Color("source:N", scale=alt.Scale(domain=domain, range=colors), **options)


def source_shape(sources: Sequence[SuiteFile], **options: Any) -> alt.Shape:
    """Shape by the field `source`: no series is told by colour alone."""
    shapes = [SHAPES[source.index % len(SHAPES)] for source in sources]
    domain = [source.label for source in sources]
    return alt.Shape("source:N", scale=alt.Scale(domain=domain, range=shapes), **options)


def source_dash(sources: Sequence[SuiteFile], **options: Any) -> alt.StrokeDash:
    """Dash by the field `source`: base dashed, head solid."""
    dashes = [dash(number, len(sources)) for number, _ in enumerate(sources)]
    domain = [source.label for source in sources]
    return alt.StrokeDash("source:N", scale=alt.Scale(domain=domain, range=dashes), **options)


def source_keys(sources: Sequence[SuiteFile]) -> tuple[Key, ...]:
    """The legend of a picture whose series are sources."""
    return tuple(Key(source.label, series_role(source.index)) for source in sources)
