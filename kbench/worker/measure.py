# SPDX-License-Identifier: MIT
"""One benchmark, set up and ready to be timed."""

from collections.abc import Iterator
from contextlib import contextmanager

from kbench.catalogue import Benchmark, IdleWindow
from kbench.record.measurement import Measurement

LIMIT = 5.0  # seconds a KVM_RUN may take: no exit of a guest that works takes a thousandth of it


@contextmanager
def prepare(benchmark: Benchmark, limit: float = LIMIT) -> Iterator[Measurement]:
    """Build the VM of `benchmark`, run it once, and yield its measurement.

    `limit` bounds each KVM_RUN of a round trip (seconds). Raises Unavailable or IoctlError
    where this KVM lacks what it takes, GuestError where the first round trip fails.
    Everything is closed at the end, on every path.
    """
    # A worker imports only the half that it needs.
    if isinstance(benchmark, IdleWindow):
        from kbench.worker import idle

        with idle.prepare(benchmark) as windowed:
            yield windowed
    else:
        from kbench.worker.roundtrip import measurement

        with measurement.prepare(benchmark, limit) as round_trip:
            yield round_trip
