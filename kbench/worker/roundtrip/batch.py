# SPDX-License-Identifier: MIT
"""The control of a batch, and the TSC ticks that the guest counted of both."""

from typing import Any

from kbench._abi import ffi
from kbench._native.hdr import Histogram

# TSC ticks. A slower RDTSC exits or is emulated: the guest cannot use it as a clock.
CHEAP_PAIR = 100


class BatchHistograms:
    """What kbench._native.batches records besides the batches.

    `control` has the control's round trips; `guest` and `guest_control` the TSC ticks that the
    guest counted of batch and control. `params` is the guest's live struct kb_params.
    """

    def __init__(self, params: Any, tsc_khz: int) -> None:
        self._params = params
        self.params_address = int(ffi.cast("uintptr_t", params))
        self.control = Histogram(tsc_khz)
        self.guest = Histogram(tsc_khz)
        self.guest_control = Histogram(tsc_khz)

    @property
    def histograms(self) -> tuple[Histogram, Histogram, Histogram]:
        return self.control, self.guest, self.guest_control

    def reset(self) -> None:
        for histogram in self.histograms:
            histogram.reset()

    def figures(self, batch: Histogram) -> dict[str, float]:
        """The control in ns, and the difference for each subject; by metadata name.

        The guest's count is included only where a pair of RDTSC takes less than CHEAP_PAIR
        ticks. A negative difference is noise and becomes 0.
        """
        size = int(self._params.batch)
        figures = {
            "control_min": self.control.minimum,
            "control_p50": self.control.percentile(50),
            **_each("", batch, self.control, size),
        }
        if self._params.tsc_pair < CHEAP_PAIR:
            figures |= _each("guest_", self.guest, self.guest_control, size)
        return figures

    def counters(self) -> dict[str, int | float]:
        return {"batch": int(self._params.batch), "tsc_pair_ticks": int(self._params.tsc_pair)}


def _each(prefix: str, batch: Histogram, control: Histogram, size: int) -> dict[str, float]:
    """The difference for each of `size` subjects: of the medians, and of the minima."""
    median = batch.percentile(50) - control.percentile(50)
    least = batch.minimum - control.minimum
    return {
        f"{prefix}per_instruction": max(median, 0.0) / size,
        f"{prefix}per_instruction_min": max(least, 0.0) / size,
    }
