# SPDX-License-Identifier: MIT
"""Whether this machine can run a benchmark: found by running it once, never from a list.

Eighty VMs take half a second, so the answers are kept (worker/answers.py).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from kbench.benches import Benchmark
from kbench.errors import KbenchError
from kbench.worker import answers
from kbench.worker.errors import HUNG
from kbench.worker.measure import prepare

LIMIT = 0.2  # seconds an entry may take here; what hangs in KVM_RUN must not hold up a listing
THREADS = 8


def obstacles(benchmarks: Sequence[Benchmark]) -> dict[str, str]:
    """obstacle() of each, by name; in threads, because most of it is waiting for RCU."""
    found = answers.load()
    unknown = [row for row in benchmarks if repr(row) not in found]
    if unknown:
        with ThreadPoolExecutor(THREADS) as pool:
            reasons = dict(zip(map(repr, unknown), pool.map(obstacle, unknown), strict=True))
        found |= reasons
        # On a busy machine a guest that works may look like one that hangs: ask again.
        answers.save({row: reason for row, reason in found.items() if HUNG not in reason})
    return {row.name: found[repr(row)] for row in benchmarks}


def obstacle(benchmark: Benchmark) -> str:
    """Why `benchmark` cannot run on this machine; "" when its first round trip worked."""
    try:
        with prepare(benchmark, LIMIT):
            return ""
    except KbenchError as error:
        return str(error)
