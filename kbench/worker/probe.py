# SPDX-License-Identifier: MIT
"""Whether this machine can run a benchmark: found by running it once, not from a list.

Eighty VMs take half a second, so the results are cached (worker/probe_cache.py).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from kbench.catalogue import Benchmark, IdleWindow, find
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError
from kbench.kvm.errors import DEVICE
from kbench.worker import probe_cache
from kbench.worker.errors import doubtful
from kbench.worker.measure import prepare

LIMIT = 0.2  # seconds that an entry may take: a hang in KVM_RUN must not delay a listing
THREADS = 8


def obstacles(benchmarks: Sequence[Benchmark]) -> dict[str, str]:
    """obstacle() of each, by name. In threads: creating VMs mostly waits for RCU."""
    found = probe_cache.load()
    tried = {row.name: representative(row) for row in benchmarks}
    unknown = {repr(row): row for row in tried.values() if repr(row) not in found}
    if unknown:
        with ThreadPoolExecutor(THREADS) as pool:
            found |= dict(zip(unknown, pool.map(obstacle, unknown.values()), strict=True))
        # On a busy machine, which eight probes make it, a guest that works may look like one that
        # hangs: it is tried again alone, and what then is still in doubt is not cached.
        for text, row in unknown.items():
            if doubtful(found[text]):
                found[text] = obstacle(row)
        probe_cache.save({row: reason for row, reason in found.items() if not doubtful(reason)})
    return {name: found[repr(row)] for name, row in tried.items()}


def lacking(benchmarks: Sequence[Benchmark]) -> dict[str, str]:
    """By name, what this KVM lacks of policies: reasons to skip their rows without trying each.

    A /dev/kvm that cannot be opened is no such reason, nor is one that a busy machine may cause.
    """
    rows = [row for row in benchmarks if isinstance(row, IdleWindow) and row.policy]
    return {
        name: reason
        for name, reason in obstacles(rows).items()
        if reason and not doubtful(reason) and not reason.startswith(str(DEVICE))
    }


def representative(row: Benchmark) -> Benchmark:
    """A row with the same obstacle as `row`.

    Whether an idle guest can run depends on its policy, not on what wakes it.
    """
    if not isinstance(row, IdleWindow) or not row.policy or row.own_pcpu:
        return row
    if row.family == "hunt" and row.method != "kick":
        return row
    wake_source = "irqfd" if policy(row.policy).irqchip else "eventfd"
    return find(f"wake.{wake_source}@{row.policy}")


def obstacle(benchmark: Benchmark) -> str:
    """Why `benchmark` cannot run on this machine; "" when its first round trip worked."""
    try:
        with prepare(benchmark, LIMIT):
            return ""
    except KbenchError as error:
        return str(error)
