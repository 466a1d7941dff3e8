# SPDX-License-Identifier: MIT
"""Histograms as HdrHistogram's own file formats, written by its library."""

import io
from pathlib import Path

from hdrh.log import HistogramLogWriter

from kbench.errors import KbenchError
from kbench.files import write_atomically
from kbench.suite.load import load
from kbench.suite.suite import Benchmark

LOG, DISTRIBUTION = ".hlog", ".hgrm"


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
    buffer = io.BytesIO()
    scale = 1000 if benchmark.unit == "second" else 1
    benchmark.histogram().output_percentile_distribution(buffer, scale)
    return buffer.getvalue()


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
