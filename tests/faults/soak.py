# SPDX-License-Identifier: MIT
"""The soak: `python tests/faults/soak.py --minutes 60`: mixed commands, one after the other.

Samples what they hold (memory, descriptors, processes) and what is left on the disk, and writes
reports/local/soak.csv and soak.svg. Exits 1 where a command failed or something was left.
"""

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.case import alive
from faults.subjects import SUBJECTS, Place, Subject

from kbench.kernels import cache

OUTPUT = Path(__file__).parents[2] / "reports" / "local"
PERIOD = 0.5  # seconds between two samples
MIXED = [subject for subject in SUBJECTS if subject.name not in ("kvm-patch", "append")]
TITLES = {
    "rss_mb": "resident memory, MB",
    "fds": "open descriptors",
    "processes": "processes",
    "cache_mb": "cache on the disk, MB",
}


def sample(place: Place) -> tuple[float, int, int]:
    """Resident memory (MB), descriptors and number of the processes of this place now."""
    pids, resident, descriptors = alive(place), 0, 0
    for pid in pids:
        with suppress(OSError, ValueError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            resident += int(next(one for one in lines if one.startswith("VmRSS")).split()[1])
            descriptors += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return resident / 1024, descriptors, len(pids)


def one(place: Place, subject: Subject) -> tuple[dict[str, Any], str]:
    """Run a command: the most that it held, and what is wrong, or ""."""
    place.subject = subject
    most = [0.0, 0, 0]
    again = ["--force"] if subject.writes and subject.name != "history-add" else []
    process = subprocess.Popen(
        [*place.words(), *again],
        cwd=place.cwd, env=place.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while process.poll() is None:
        most = [max(pair) for pair in zip(most, sample(place), strict=True)]
        with suppress(subprocess.TimeoutExpired):
            process.wait(PERIOD)
    held = dict(zip(("rss_mb", "fds", "processes"), most, strict=True))
    known = 2 if subject.name == "history-add" else 0  # the suite is there already
    if process.returncode not in (*subject.verdicts, known):
        return held, f"{subject.name} ended with {process.returncode}"
    left = [path.name for path in place.tmp.iterdir()]
    return held, f"{subject.name} left {left}" if left or alive(place) else ""


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """A panel a quantity, over the minutes of the soak."""
    import altair

    from kbench.report.draw import to_svgs

    panels = [
        altair.Chart(altair.InlineData(values=rows), height=90, width=600)
        .mark_line()
        .encode(
            x=altair.X("minutes:Q", title="minutes"),
            y=altair.Y(f"{name}:Q", title=title),
        )
        for name, title in TITLES.items()
    ]
    path.write_text(to_svgs([altair.vconcat(*panels)])[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, start, faults = random.Random(args.seed), time.monotonic(), 0
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="kbench-soak-", dir=cache.root().parent) as top:
        # One place for all, whose cache grows as a user's does.
        cached = next(subject for subject in MIXED if subject.cached)
        place = Place(Path(top) / "place", cached)
        place.set_up(Path(top) / "none")
        while (minutes := (time.monotonic() - start) / 60) < args.minutes:
            (subject,) = rng.choices(MIXED, [each.weight for each in MIXED])
            held, wrong = one(place, subject)
            held |= {"minutes": minutes, "cache_mb": cache.size(place.cache) / 1e6}
            rows.append({"command": subject.name, **held})
            faults += bool(wrong)
            if wrong:
                print(f"{minutes:.1f} min: {wrong}", flush=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with (OUTPUT / "soak.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    plot(rows, OUTPUT / "soak.svg")
    print(f"{len(rows)} commands, {faults} faults: {OUTPUT / 'soak.svg'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
