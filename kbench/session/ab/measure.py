# SPDX-License-Identifier: MIT
"""Both sides from their names on the command line to a comparison."""

import random
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from kbench.judge.compare import Comparison, Options
from kbench.kernels.debian import DEFAULT
from kbench.record.writer import SuiteWriter
from kbench.session.ab.host import HostSide, is_host, named, side
from kbench.session.ab.lab import in_the_lab, lab_side
from kbench.session.ab.pairs import PairLimits, measure_and_compare
from kbench.session.places import SessionPlaces
from kbench.session.progress import counter


def measured(
    sides: tuple[str, str],
    selectors: Sequence[str],
    options: Options,
    max_time: float,
    output: Path | None,
    tree: str = "",
    kernel: str = DEFAULT,
    *,
    explain: bool = True,
    places: SessionPlaces | None = None,
) -> Comparison:
    """Measure both sides and compare them; the suites stay at `output`-a.json and -b.json.

    With `tree`, a kernel's git tree as DIR[,BASE], the sides are its commits; KVM variants are
    those built for `kernel`. With `explain`, the functions of what is worse in the lab are named.
    `places` says where, by default here; both sides of a host are on one machine.
    On the host in pairs until there is a verdict or `max_time` (s) is over; in the lab once,
    as counts repeat. Raises KbenchError for a side that is none, and where nothing ran.
    """
    places = places or SessionPlaces()
    with ExitStack() as stack:
        folder = output or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "ab"
        writers = [
            stack.enter_context(SuiteWriter(folder.with_name(f"{folder.name}-{letter}.json")))
            for letter in "ab"
        ]
        if tree or not any(is_host(text) for text in sides):
            base_side, head_side = (lab_side(text, tree, kernel) for text in sides)
            pair = base_side, head_side
            return in_the_lab(pair, selectors, options, writers, explain=explain, place=places.labs)
        hosts = [side(text) for text in sides]
        place = places.host()
        loops: dict[str, int] = {}
        base, head = (
            HostSide(text, writer, host, loops, variant, place)
            for text, writer, (host, variant) in zip(sides, writers, hosts, strict=True)
        )
        names = named(selectors, (hosts[0][1], hosts[1][1]))
        with place.lock(), counter() as show:
            return measure_and_compare(
                base,
                head,
                names,
                options,
                PairLimits(max_time),
                random.Random(),
                lambda pair, left: show(f"pair {pair}: {len(left)} of {len(names)} undecided"),
            )
