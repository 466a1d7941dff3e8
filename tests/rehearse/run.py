# SPDX-License-Identifier: MIT
"""The first day on real hardware, rehearsed: `python tests/rehearse/run.py [--only NAME,...]`.

Starts emulated machines of two CPUs with SVM, in which CPUs run at once and in time, and on each
runs kbench doctor and kbench run. Writes what they hand back below reports/local/rehearsal/, and
prints a line for each command; exits 1 where one failed or its suite cannot be read.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rehearse import handed_back, machine
from rehearse.image import Disks, disks
from rehearse.variants import SHORT_FORM, VARIANTS, Variant
from support.cli import kbench

from kbench.errors import KbenchError

OUT = Path(__file__).parents[2] / "reports" / "local" / "rehearsal"
SECONDS = 240.0  # of a command: what it has measured until then is kept
SHORT_SECONDS = 100.0


def rehearse(
    variant: Variant, made: Disks, out: Path, seconds: float, tell: Callable[[str], None]
) -> int:
    """Run a variant into the directory `out`, which is replaced; how many things are wrong."""
    shutil.rmtree(out, ignore_errors=True)
    ended = machine.run(variant, made, out, seconds)
    names = list(variant.commands())
    rows = handed_back.rows(out, names)
    wrong = handed_back.missing(out, names, ended=ended)
    tell(f"== {variant.name}")
    for line in (*map(str, rows), *(f"           WRONG: {line}" for line in wrong)):
        tell(line)
    return len(wrong) + sum(bool(row.wrong) for row in rows)


def compared(out: Path, names: list[str], tell: Callable[[str], None]) -> int:
    """Compare the suites "few" of the variants with the first's; how many comparisons failed."""
    suites = [suite for name in names if (suite := out / name / "few.json").exists()]
    failed = 0
    for suite in suites[1:]:
        done = kbench("compare", suites[0], suite)
        name = suite.parent.name
        (out / f"compare-{name}.txt").write_text(done.out + done.err)
        # Another CPU model is refused, in one line.
        tell(f"compare {suites[0].parent.name} {name}: {done.status}")
        failed += "Traceback" in done.err or done.status not in (0, 2)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names of variants, with commas between")
    parser.add_argument("--short", action="store_true", help="one machine, a few benchmarks")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="limit of each command")
    args = parser.parse_args()
    names = args.only.split(",") if args.only else [variant.name for variant in VARIANTS]
    if unknown := set(names) - {variant.name for variant in VARIANTS}:
        parser.error(f"no machine is called {', '.join(sorted(unknown))}")
    variants = [variant for variant in VARIANTS if variant.name in names]
    seconds = args.seconds
    if args.short:
        variants, seconds = [SHORT_FORM], min(seconds, SHORT_SECONDS)
    OUT.mkdir(parents=True, exist_ok=True)
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch, (OUT / "log").open("a") as log:

        def tell(line: str) -> None:
            print(line, flush=True)
            print(line, file=log, flush=True)

        made = disks(Path(scratch))
        for variant in variants:
            wrong += rehearse(variant, made, OUT / variant.name, seconds, tell)
        wrong += compared(OUT, [variant.name for variant in variants], tell)
        tell(f"{len(variants)} machines, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KbenchError as error:
        sys.exit(f"{Path(__file__).name}: {error}")
