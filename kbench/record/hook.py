# SPDX-License-Identifier: MIT
"""The pyperf hook that puts a run's histogram into its metadata.

pyperf creates one hook for calibration, one for the warm-ups and one for the values, and does not
say which it is. Each drops what came before it, so that what stays is of the values.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from kbench.record.measurement import Measurement
from kbench.record.recording import Metadata, metadata


class HistogramHook:
    """`--hook kbench`. pyperf calls it without arguments, so the measurement is the class's."""

    measurement: ClassVar[Measurement]
    provenance: ClassVar[Callable[[], Metadata]]

    def __init__(self) -> None:
        self.measurement.reset()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        pass

    def teardown(self, run: dict[str, Any]) -> None:
        """Add the histogram of everything since __init__, and what identifies it."""
        run.update(metadata(self.measurement.recording(), "second"))
        run.update(type(self).provenance())
