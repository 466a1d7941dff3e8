# SPDX-License-Identifier: MIT
"""The host target on every host of a fleet at once: a suite each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kbench.catalogue import Benchmark
from kbench.catalogue.derive import require_pcpus
from kbench.record.writer import SuiteWriter
from kbench.targets.host import Host
from kbench.targets.options import RunOptions
from kbench.targets.target import RunOutcome, Step

if TYPE_CHECKING:
    from kbench.fleet.host import FleetHost


def measure(
    hosts: "Sequence[FleetHost]",
    rows: Sequence[Benchmark],
    options: RunOptions,
    writers: Sequence[SuiteWriter],
    show: Callable[[Step], None],
) -> list[RunOutcome]:
    """Measure `rows` on each host into its writer, side by side; the outcomes in that order.

    Raises KbenchError where one of them cannot begin, when all have ended.
    """
    for host in hosts:
        require_pcpus(rows, host.pcpus)
    with ThreadPoolExecutor(len(hosts), thread_name_prefix="host") as pool:
        futures = [
            pool.submit(Host(host).measure, rows, options, writer, progress=show)
            for host, writer in zip(hosts, writers, strict=True)
        ]
        try:
            return [future.result() for future in futures]
        except (KeyboardInterrupt, SystemExit):
            for host in hosts:
                host.stop()
            raise
