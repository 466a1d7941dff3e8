# SPDX-License-Identifier: MIT
"""The pyperf hook that puts a run's histogram into its metadata.

pyperf makes a hook anew for calibration, for warm-ups and for the values, and cannot
tell it which: each forgets what came before it, and the last one, the values', stays.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from kbench.record.recording import Metadata, Recording, metadata


class Source(Protocol):
    """What is being measured in this process (a kbench.worker.Measurement)."""

    def reset(self) -> None: ...

    def recording(self) -> Recording: ...


class HistogramHook:
    """`--hook kbench`. pyperf calls it without arguments, so the source is the class's."""

    source: ClassVar[Source]
    provenance: ClassVar[Callable[[], Metadata]]

    def __init__(self) -> None:
        self.source.reset()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        pass

    def teardown(self, run: dict[str, Any]) -> None:
        """Add the histogram of everything since __init__, and what identifies it."""
        run.update(metadata(self.source.recording(), "second"))
        run.update(type(self).provenance())
