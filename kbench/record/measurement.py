# SPDX-License-Identifier: MIT
"""What a target measures with: one type for round trips and for windows of idle guests."""

from typing import Protocol

from kbench._native.hdr import Histogram
from kbench.record.recording import Recording


class Measurement(Protocol):
    """A benchmark that is set up.

    `histogram` holds the single events since the last reset(), in ns (in the lab: in
    instructions). `image_sha256` identifies the guest image.
    """

    histogram: Histogram
    image_sha256: str

    def run(self, loops: int) -> float:
        """Measure `loops` more units of the benchmark; their sum in ns.

        Raises GuestError where the guest hangs, dies or does something else than its subject.
        """

    def reset(self) -> None:
        """Forget what was recorded."""

    def recording(self) -> Recording:
        """Everything since the last reset()."""
