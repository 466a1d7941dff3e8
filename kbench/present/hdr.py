# SPDX-License-Identifier: MIT
"""Histograms as HdrHistogram's own file formats.

The log is the library's. The percentile text is written here: hdrhistogram 0.10.8 does not scale
the standard deviation, counts in another footer, and has other levels than Java's HdrHistogram
(AbstractHistogram.outputPercentileDistribution() and PercentileIterator), so that 50 % and 75 %
are not among them.
"""

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hdrh.log import HistogramLogWriter

from kbench.errors import KbenchError
from kbench.files import write_atomically
from kbench.suite.load import load
from kbench.suite.suite import Benchmark

LOG, DISTRIBUTION = ".hlog", ".hgrm"
TICKS = 5  # as HdrHistogram's own tools have it


def export(file: Path, name: str, output: Path, *, force: bool) -> None:
    """Write the histograms of benchmark `name` of the suite `file` to `output`.

    Raises KbenchError where the name of `output` says no form, and for an unknown benchmark.
    """
    if output.suffix not in (LOG, DISTRIBUTION):
        raise KbenchError(
            f"{output}: the form follows the name of the file, {LOG} or {DISTRIBUTION}"
        )
    suite = load(file)
    if name not in suite.benchmarks:
        raise KbenchError(f"{file} has no benchmark {name!r}: {', '.join(suite.benchmarks)}")
    benchmark = suite.benchmarks[name]
    text = _log(benchmark) if output.suffix == LOG else _distribution(benchmark)
    write_atomically(output, text, force=force)


def _distribution(benchmark: Benchmark) -> bytes:
    """The percentile text (.hgrm) of all good runs, in us (in the lab: in instructions)."""
    histogram = benchmark.histogram()
    scale = 1000 if benchmark.unit == "second" else 1
    lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
    for value, level, total in _steps(histogram):
        line = f"{value / scale:12.3f} {level / 100:2.12f} {total:10d}"
        lines.append(line if level == 100 else f"{line} {1 / (1 - level / 100):14.2f}")
    mean, deviation = histogram.get_mean_value() / scale, histogram.get_stddev() / scale
    most, count = histogram.get_max_value() / scale, histogram.get_total_count()
    buckets, parts = histogram.bucket_count, histogram.sub_bucket_count
    lines += [
        f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]",
        f"#[Max     = {most:12.3f}, Total count    = {count:12d}]",
        f"#[Buckets = {buckets:12d}, SubBuckets     = {parts:12d}]",
    ]
    return ("\n".join(lines) + "\n").encode()


def _steps(histogram: Any) -> Iterator[tuple[int, float, int]]:
    """(value, percentile level, events up to it), TICKS levels for each half of the distance to
    100 %: at each value the levels that it reaches, and 100 at last.
    """
    level, value, total = 0.0, 0, 0
    count = histogram.get_total_count()
    for step in histogram.get_recorded_iterator():
        value = histogram.get_highest_equivalent_value(step.value_iterated_to)
        total = step.total_count_to_this_value
        while 100 * total / count >= level:
            yield value, level, total
            if total == count:
                break
            level += 100 / (TICKS * 2 ** (int(math.log2(100 / (100 - level))) + 1))
    yield value, 100.0, total


def _log(benchmark: Benchmark) -> bytes:
    """A histogram log with one interval per good run; intervals are numbered, not timed."""
    buffer = io.StringIO()
    writer = HistogramLogWriter(buffer)
    writer.output_log_format_version()
    writer.output_comment(f"[kbench {benchmark.name}, {benchmark.provenance('kbench_backend')}]")
    # Not writer.output_start_time(): hdrhistogram 0.10.8 calls datetime.iso_format there.
    buffer.write("#[StartTime: 0.0 (seconds since epoch), intervals are numbered]\n")
    writer.output_legend()
    for number, histogram in enumerate(benchmark.histograms()):
        writer.output_interval_histogram(histogram, number, number + 1, 1)
    return buffer.getvalue().encode()
