# SPDX-License-Identifier: MIT
"""What a stored benchmark measures, in the words of the catalogue that reads the suite."""

from kbench.catalogue import find
from kbench.errors import KbenchError
from kbench.suite.suite import Benchmark


def title(benchmark: Benchmark) -> str:
    """The title of `benchmark` in this catalogue.

    A suite keeps the title that was true of its release, which may be stale by now. A
    benchmark that the catalogue does not know has its suite's title, and says so.
    """
    try:
        row = find(benchmark.name)
    except KbenchError:
        row = None
    if row and row.name == benchmark.name:
        return row.title
    return f"{benchmark.provenance('kbench_title')} (title of another release)"
