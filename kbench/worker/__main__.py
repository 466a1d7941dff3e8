# SPDX-License-Identifier: MIT
"""A pyperf worker process for one benchmark: `python -P -m kbench.worker --benchmark NAME`.

kbench.targets.spawn starts it; it takes pyperf's worker options besides its own.
"""

import os
import sys
import traceback

from kbench.errors import BUG, KbenchError, Unavailable, explained

WARM_UP = 1000
"""Round trips before --stop-above watches: the first ones of a process are slower."""
NOTHING_NS = 1.0
"""pyperf takes no value of 0: that of a run without an event, whose mark says that it is void."""


def main() -> int:
    """Measure one benchmark; errors become one line on stderr."""
    try:
        _measure()
    except Unavailable as error:
        return _told(Unavailable.WORKER_STATUS, str(error))
    except Exception as error:
        if (line := explained(error)) is None:
            traceback.print_exc()
            return BUG
        return _told(KbenchError.exit_code, line)
    return 0


def _told(status: int, line: str) -> int:
    print(line, file=sys.stderr)
    return status


def _measure() -> None:
    # Imported here: what a limit keeps from being loaded is told as any other refusal.
    from dataclasses import replace
    from pathlib import Path

    import pyperf

    from kbench._native.watchdog import die_with_parent
    from kbench.catalogue import RoundTrip, find
    from kbench.record import provenance
    from kbench.record.hook import HistogramHook
    from kbench.record.recording import Metadata
    from kbench.worker.measure import LIMIT, prepare
    from kbench.worker.roundtrip.measurement import RoundTripMeasurement

    die_with_parent()
    runner = pyperf.Runner(program_args=("-P", "-m", "kbench.worker"))
    runner.argparser.set_defaults(hook=["kbench"])
    runner.argparser.add_argument("--benchmark", required=True)
    runner.argparser.add_argument("--limit", type=float, default=LIMIT)
    runner.argparser.add_argument("--delay-ns", type=float, default=0.0)
    runner.argparser.add_argument("--stop-above-ns", type=float, default=0.0)
    runner.argparser.add_argument("--trace", type=Path)
    runner.argparser.add_argument("--parent", type=int, default=os.getppid())
    args = runner.parse_args()
    if os.getppid() != args.parent:
        raise KbenchError("the kbench that started this worker has ended")
    benchmark = find(args.benchmark)
    if isinstance(benchmark, RoundTrip):
        benchmark = replace(benchmark, delay_ns=args.delay_ns)
    with prepare(benchmark, args.limit) as measurement:
        image_sha256 = measurement.image_sha256
        if args.stop_above_ns:
            assert isinstance(measurement, RoundTripMeasurement)
            measurement.run(WARM_UP)
            measurement.stop_above(args.stop_above_ns, args.trace)

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
            lambda loops: (measurement.run(loops) or NOTHING_NS) / 1e9,
            metadata={"kbench_title": benchmark.title},
        )


if __name__ == "__main__":
    sys.exit(main())
