# SPDX-License-Identifier: MIT
"""kbench's own speed, as ratios that one run can measure: `make perf`.

usage: perf.py OUTPUT.json

loop_ratio             Cython's KVM_RUN loop over the C loop beside it (ticks of a round trip)
hdr_record_ns          one value recorded inside a nogil loop
hdr_speedup_vs_python  hdrhistogram.record_value over that
list_seconds           `kbench list`, probes included
worker_start_seconds   a worker from its spawn to the end of its first exit
"""

import array
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from hdrh.histogram import HdrHistogram

from kbench._native import reference
from kbench._native.hdr import Histogram
from kbench.catalogue import find
from kbench.worker.measure import prepare
from kbench.worker.roundtrip.measurement import RoundTripMeasurement

ROUNDS = 40
EXITS = 500  # a round: short, so that both sides of a pair meet the same machine
GOALS = {
    "loop_ratio": "<= 1.02",
    "hdr_record_ns": "<= 2",
    "hdr_speedup_vs_python": ">= 1000",
    "list_seconds": "< 0.3",
    "worker_start_seconds": "< 0.25",
}
START = "from kbench.worker.__main__ import find, prepare\nwith prepare(find('exit.pio_out')): pass"


def loop_ratio() -> float:
    """Median over ROUNDS of Cython over C, the two interleaved and their order alternating."""
    ratios = []
    with prepare(find("exit.pio_out")) as measurement:
        assert isinstance(measurement, RoundTripMeasurement)
        arguments = measurement.reference_arguments()

        def cython() -> float:
            before = measurement.histogram.total_ticks
            measurement.run(EXITS)
            return measurement.histogram.total_ticks - before

        def c() -> float:
            return reference.round_trips(*arguments, EXITS)

        for number in range(ROUNDS + 2):
            if number % 2:
                ours, theirs = cython(), c()
            else:
                theirs, ours = c(), cython()
            ratios.append(ours / theirs)
    return statistics.median(ratios[2:])


def hdr_record() -> tuple[float, float]:
    """ns a value: inside a nogil loop, and with hdrhistogram's record_value."""
    # Few enough to stay in the cache: a timed loop has its value in a register.
    values = [int(random.lognormvariate(9, 0.3)) + 1 for _ in range(10_000)]
    ticks = array.array("Q", values)
    histogram = Histogram(1_000_000)
    library = HdrHistogram(1, 60_000_000_000, 3)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        begin = time.perf_counter_ns()
        histogram.record_ticks(ticks)
        ours.append((time.perf_counter_ns() - begin) / len(values))
        begin = time.perf_counter_ns()
        for value in values:
            library.record_value(value)
        theirs.append((time.perf_counter_ns() - begin) / len(values))
    return statistics.median(ours), statistics.median(theirs)


def seconds(command: list[str]) -> float:
    """Median wall time of a command, after one run that fills the page cache."""
    times = []
    for _ in range(8):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def main() -> None:
    inline, library = hdr_record()
    python = [sys.executable, "-P"]
    figures = {
        "loop_ratio": loop_ratio(),
        "hdr_record_ns": inline,
        "hdr_speedup_vs_python": library / inline,
        "list_seconds": seconds([str(Path(sys.executable).with_name("kbench")), "list"]),
        "worker_start_seconds": seconds([*python, "-c", START]),
    }
    for name, figure in figures.items():
        print(f"{name:24}{figure:12.4g}   goal {GOALS[name]}")
    Path(sys.argv[1]).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
