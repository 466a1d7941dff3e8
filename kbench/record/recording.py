# SPDX-License-Identifier: MIT
"""What a run holds beside its pyperf values: histogram, percentiles, counters, marks."""

from array import array
from dataclasses import dataclass, field

from kbench.record.hdr import library_histogram
from kbench.suite.format import PERCENTILES, SCHEMA, fewest

Metadata = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Recording:
    """The events of one run, as a timed loop leaves them.

    `buckets` are the HDR counts; `minimum`, `maximum` and `total` are exact, in ns (in
    the lab: in instructions). `void` says why the run must not be judged, or is "".
    `stages` are the buckets of each stage of an event's path, by name. `value` is the
    benchmark's own figure, in ns, where that is not the mean of the events. `figures` are others,
    in ns, and `marks` the words that say what may be compared with it.
    """

    buckets: "array[int]" = field(repr=False)
    count: int
    minimum: float
    maximum: float
    total: float
    counters: dict[str, int | float]
    warnings: tuple[str, ...] = ()
    void: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    stages: "dict[str, array[int]]" = field(default_factory=dict, repr=False)
    value: float | None = None
    marks: dict[str, str] = field(default_factory=dict)


def metadata(recording: Recording, unit: str) -> Metadata:
    """The pyperf metadata of a run: `kbench_hdr` and its scalars in `unit`.

    `unit` is pyperf's: "second" (the histogram is in ns) or "integer" (instructions). A
    percentile of too few events is left out.
    """
    histogram = library_histogram(recording.buckets)

    def scaled(value: float) -> float:
        return value / 1e9 if unit == "second" else round(value)

    result: Metadata = {
        "kbench_schema": SCHEMA,
        "kbench_hdr": histogram.encode().decode(),
        "kbench_count": recording.count,
        "kbench_min": scaled(recording.minimum),
        "kbench_mean": scaled(recording.total / max(recording.count, 1)),
        "kbench_max": scaled(recording.maximum),
    }
    for name, percentile in PERCENTILES.items():
        if recording.count >= fewest(percentile):
            result[f"kbench_{name}"] = scaled(histogram.get_value_at_percentile(percentile))
    for name, figure in recording.figures.items():
        result[f"kbench_{name}"] = figure / 1e9 if unit == "second" else _count(figure)
    for name, mark in recording.marks.items():
        result[f"kbench_{name}"] = mark
    for stage, buckets in recording.stages.items():
        part = library_histogram(buckets)
        result[f"kbench_hdr_{stage}"] = part.encode().decode()
        for name, percentile in PERCENTILES.items():
            if part.get_total_count() >= fewest(percentile):
                value = part.get_value_at_percentile(percentile)
                result[f"kbench_{stage}_{name}"] = scaled(value)
    for name, count in recording.counters.items():
        result[f"kbench_counter_{name}"] = count
    # Steal and involuntary switches are provenance too: they say how disturbed the run was.
    for counter, key in (("steal_s", "kbench_steal"), ("nivcsw", "kbench_nivcsw")):
        if counter in recording.counters:
            result[key] = recording.counters[counter]
    if recording.warnings:
        result["kbench_warnings"] = "; ".join(recording.warnings)
    if recording.void:
        result["kbench_void"] = recording.void
    return result


def _count(figure: float) -> int | float:
    """A number of instructions, which need not be whole per subject of a batch."""
    return int(figure) if figure.is_integer() else round(figure, 3)
