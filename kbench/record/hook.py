# SPDX-License-Identifier: MIT
"""The pyperf hook that puts a run's histogram into its metadata.

pyperf makes a hook anew for calibration, for warm-ups and for the values, and cannot
tell it which: each forgets what came before it, and the last one, the values', stays.
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
