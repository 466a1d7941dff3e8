# SPDX-License-Identifier: MIT
"""Whether this machine can run a benchmark: found by running it once, never from a list."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from kbench.benches import Benchmark
from kbench.errors import KbenchError
from kbench.worker.measure import prepare

LIMIT = 0.2  # seconds an entry may take here; what hangs in KVM_RUN must not hold up a listing
THREADS = 8


def obstacles(benchmarks: Sequence[Benchmark]) -> dict[str, str]:
    """obstacle() of each, by name; in threads, because most of it is waiting for RCU."""
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(
            zip((row.name for row in benchmarks), pool.map(obstacle, benchmarks), strict=True)
        )


def obstacle(benchmark: Benchmark) -> str:
    """Why `benchmark` cannot run on this machine; "" when its first round trip worked."""
    try:
        with prepare(benchmark, LIMIT):
            return ""
    except KbenchError as error:
        return str(error)
