# SPDX-License-Identifier: MIT
"""A pyperf worker process for one benchmark: `python -P -m kbench.worker --benchmark NAME`.

kbench.targets.host starts it; it takes pyperf's worker options besides its own.
"""

import sys
from dataclasses import replace

import pyperf

from kbench._native.watchdog import die_with_parent
from kbench.catalogue import RoundTrip, find
from kbench.errors import KbenchError, Unavailable
from kbench.record import provenance
from kbench.record.hook import HistogramHook
from kbench.record.recording import Metadata
from kbench.worker.measure import LIMIT, prepare


def main() -> int:
    """Measure one benchmark; errors become one line on stderr."""
    die_with_parent()
    runner = pyperf.Runner(program_args=("-P", "-m", "kbench.worker"))
    runner.argparser.set_defaults(hook=["kbench"])
    runner.argparser.add_argument("--benchmark", required=True)
    runner.argparser.add_argument("--limit", type=float, default=LIMIT)
    runner.argparser.add_argument("--delay-ns", type=float, default=0.0)
    args = runner.parse_args()
    benchmark = find(args.benchmark)
    if isinstance(benchmark, RoundTrip):
        benchmark = replace(benchmark, delay_ns=args.delay_ns)
    try:
        with prepare(benchmark, args.limit) as measurement:
            image_sha256 = measurement.image_sha256

            def identity() -> Metadata:
                return {
                    "kbench_target": "host",
                    "kbench_guest_sha256": image_sha256,
                    **({"kbench_delay_ns": args.delay_ns} if args.delay_ns else {}),
                    **provenance.machine(),
                    **provenance.process(),
                }

            HistogramHook.measurement = measurement
            HistogramHook.provenance = staticmethod(identity)
            runner.bench_time_func(
                benchmark.name,
                lambda loops: measurement.run(loops) / 1e9,
                metadata={"kbench_title": benchmark.title},
            )
    except Unavailable as error:
        print(error, file=sys.stderr)
        return Unavailable.WORKER_STATUS
    except KbenchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
