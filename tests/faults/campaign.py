# SPDX-License-Identifier: MIT
"""The campaign: `python tests/faults/campaign.py --count 1000 --seconds 1800 --seed 1`.

Prints a line for each case in which something is wrong, then the counts; exits 1 where one of
them but the first is not 0. A case is its seed and its number: `--first N --count 1` repeats it.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import case, kinds
from faults.subjects import SUBJECTS, Place, Subject
from support.cli import command

from kbench.kernels import cache
from kbench.suite.load import load

WRONG = ("lost", "hung", "leaked", "traceback", "code")


class Campaign:
    """Cases of a seed, in a directory beside the cache, on whose file system links work."""

    def __init__(
        self,
        top: Path,
        seed: int,
        subjects: Sequence[Subject],
        names: Sequence[str],
        *,
        verbose: bool,
    ) -> None:
        self.top, self.seed, self.subjects, self.verbose = top, seed, subjects, verbose
        self.names = names
        self.base = top / "base.json"
        self.usual: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self._host, self._lock = threading.Lock(), threading.Lock()

    def prepare(self) -> None:
        """Run each command once without a fault: how long it takes, and that it works."""
        for words in ("lab build", "kvm build"):
            if any(subject.cached for subject in self.subjects):
                subprocess.run(command(*words.split()), check=True, capture_output=True)
        if any(subject.measures for subject in self.subjects):
            self._clean(SUBJECTS[0])
        for subject in self.subjects:
            self.usual[subject.name] = self._clean(subject)

    def _clean(self, subject: Subject) -> float:
        place = Place(self.top / f"clean-{subject.name}", subject)
        place.set_up(self.base)
        start = time.monotonic()
        ended = case.run(place, kinds.Fault("none"), 0)
        took = time.monotonic() - start
        if ended.status not in subject.verdicts:
            raise SystemExit(f"{subject.name} does not work: {ended.err[-400:]}")
        if subject.name == "host" and not self.base.exists():
            (place.cwd / "out.json").rename(self.base)
        place.remove()
        return took

    def case(self, number: int) -> None:
        """Inject one fault, and note what is wrong."""
        rng = random.Random(f"{self.seed} {number}")
        weights = [subject.weight for subject in self.subjects]
        (subject,) = rng.choices(self.subjects, weights)
        place = Place(self.top / str(number), subject)
        place.set_up(self.base)
        before = 0
        if subject.name == "append":
            before = sum(len(benchmark.runs) for benchmark in load(place.cwd / "base.json"))
        fault = kinds.choose(rng, place, self.names)
        with self._host if subject.name in ("host", "append") else threading.Lock():
            start = time.monotonic()
            ended = case.run(place, fault, self.usual[subject.name])
            took = time.monotonic() - start
        # What a fault has damaged itself is not lost by kbench.
        damaged = fault.name.split()[0] in ("flip", "cut", "garbage", "fifo", "nested", "gone")
        damaged = damaged or fault.name.startswith("directory")
        found = case.wrong(place, fault, ended, 0 if damaged else before)
        with self._lock:
            self.counts["injected"] += 1
            self.counts.update(found.keys())
            if found or self.verbose:
                line = f"{number} {subject.name} [{fault.name}] {took:.1f} s -> {ended.status}"
                print(line, found or "", "" if not found else ended.err[-300:], flush=True)
        place.remove()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="names of subjects, with commas between")
    parser.add_argument("--kinds", default="", help="names of functions in kinds.py")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    names = args.only.split(",") if args.only else [subject.name for subject in SUBJECTS]
    subjects = [subject for subject in SUBJECTS if subject.name in names]
    parent = cache.root().parent
    parent.mkdir(parents=True, exist_ok=True)  # a new user has none
    with tempfile.TemporaryDirectory(prefix="kbench-faults-", dir=parent) as top:
        kind = args.kinds.split(",") if args.kinds else ()
        campaign = Campaign(Path(top), args.seed, subjects, kind, verbose=args.verbose)
        campaign.prepare()
        end = time.monotonic() + args.seconds

        def one(number: int) -> None:
            if time.monotonic() < end:
                campaign.case(number)

        with ThreadPoolExecutor(args.jobs) as pool:
            list(pool.map(one, range(args.first, args.first + args.count)))
    counts = campaign.counts
    print(", ".join(f"{name} {counts[name]}" for name in ("injected", *WRONG)))
    return 1 if any(counts[name] for name in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
