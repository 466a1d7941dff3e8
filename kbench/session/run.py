# SPDX-License-Identifier: MIT
"""`kbench run`: measure with progress, keep the runs in a suite, show the result."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from kbench.catalogue import Benchmark, select
from kbench.catalogue.derive import require_pcpus, spread
from kbench.catalogue.families import FAMILIES
from kbench.catalogue.selections import SELECTIONS
from kbench.errors import KbenchError
from kbench.present.output import hint, terminal_width
from kbench.present.show import to_text
from kbench.record.writer import SuiteWriter
from kbench.session.choose import Choice, choose, sessions
from kbench.session.hosts import measure
from kbench.session.options import Words
from kbench.session.places import FleetPlaces, places
from kbench.session.progress import progress_bar, say
from kbench.session.stop_above import require_stoppable
from kbench.suite.load import load
from kbench.suite.summary import summaries
from kbench.targets import tracing
from kbench.targets.host import Host
from kbench.targets.target import RunOutcome, Target


@dataclass(frozen=True, slots=True)
class Output:
    """The suite to write: by default kbench-DATE.json in the current directory."""

    path: Path | None = None
    append: bool = False
    force: bool = False

    def of(self, target: str) -> "Output":
        """The same with the target before the suffix: rfc.json becomes rfc-host.json."""
        path = self.named
        return replace(self, path=path.with_name(f"{path.stem}-{target}{path.suffix}"))

    @property
    def named(self) -> Path:
        return self.path or Path(f"kbench-{datetime.now():%Y%m%d-%H%M%S}.json")

    def writer(self, path: Path, names: Sequence[str], wait: float) -> SuiteWriter:
        """Of the suite `path`. Raises KbenchError as SuiteWriter() does, after `wait` seconds."""
        return SuiteWriter(path, names, append=self.append, force=self.force, wait=wait)


def run(
    words: Words,
    choice: Choice,
    output: Output,
    vcpus: str | None = None,
    *,
    own_pcpu: bool = False,
    stop: str | None = None,
) -> None:
    """Measure what `words` select on the target, or on both.

    `vcpus` are the numbers of vCPUs to measure idle guests with (`1,2,4`), each vCPU on a
    pCPU of its own with `own_pcpu`. `stop` is the limit of --stop-above (`50us`; in the lab
    instructions), at which the session ends. Raises KbenchError when nothing could be measured or a
    benchmark failed; finished runs are in the suite even then, and after Ctrl-C and SIGTERM.
    """
    if not words.selectors:
        raise KbenchError(f"name what to measure: {_proposal()} (kbench list says more)")
    rows = select(words.selectors)
    if vcpus is not None or own_pcpu:
        rows = spread(rows, vcpus or "1", own_pcpu=own_pcpu)
    each = sessions(choice, words.selectors, say)
    if stop is not None:
        require_stoppable(rows)
        if len(each) > 1:
            raise KbenchError("--stop-above has one unit: choose --target host or lab")
    with places(choice.cluster, choice.host, say) as where:
        for one in each:
            named = output.of(one.target) if len(each) > 1 else output
            if isinstance(where, FleetPlaces) and one.target == "host":
                _on_hosts(rows, words.stopping(stop, Host.unit), where, named)
            else:
                target = choose(one, say, where.labs)
                _session(rows, words.stopping(stop, target.unit), target, named)


def _proposal() -> str:
    if "quick" in SELECTIONS:
        return "kbench run quick"
    return f"kbench run FAMILY, one of {', '.join(FAMILIES)}"


def _session(rows: tuple[Benchmark, ...], words: Words, target: Target, output: Output) -> None:
    console = Console(stderr=True)
    require_pcpus(rows, target.pcpus)
    if words.options.stop_above and target.unit == Host.unit and (why := tracing.missing()):
        say(f"no kernel trace: {why}")
    path, names = output.named, [row.name for row in rows]
    with output.writer(path, names, words.options.wait) as writer:
        with _told_what_is_kept([writer]), progress_bar(console) as show:
            outcome = target.measure(rows, words.options, writer, progress=show)
        empty = not len(writer)
    _tell(outcome, words, path, empty=empty)
    say(f"suite: {path}")
    hint(
        f"kbench report {path} -o report.html: pictures and tables, one file",
        f"kbench compare {path} OTHER.json: verdicts against another suite",
    )


@contextmanager
def _told_what_is_kept(writers: Sequence[SuiteWriter]) -> Iterator[None]:
    """After Ctrl-C or a signal, say how many runs each suite has."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        for writer in writers:
            if len(writer):
                say(f"interrupted: {len(writer)} finished runs are in {writer.path}")
        raise


def _on_hosts(
    rows: tuple[Benchmark, ...], words: Words, where: FleetPlaces, output: Output
) -> None:
    """A session on each machine of a fleet, side by side, into a suite each."""
    hosts, names = where.hosts(), [row.name for row in rows]
    paths = [output.of(host.name).named for host in hosts]
    with ExitStack() as stack:
        wait = words.options.wait
        writers = [stack.enter_context(output.writer(path, names, wait)) for path in paths]
        with _told_what_is_kept(writers), progress_bar(Console(stderr=True)) as show:
            outcomes = measure(hosts, rows, words.options, writers, show)
        empty = [not len(writer) for writer in writers]
    failed: list[str] = []
    for outcome, path, nothing in zip(outcomes, paths, empty, strict=True):
        try:
            _tell(outcome, words, path, empty=nothing)
        except KbenchError as error:
            failed.append(f"{path}: {error}")
    say(f"suites: {' '.join(map(str, paths))}")
    if failed:
        raise KbenchError("\n".join(failed))


def _tell(outcome: RunOutcome, words: Words, path: Path, *, empty: bool) -> None:
    """What a finished session skipped and measured. Raises KbenchError as run() does."""
    for line in outcome.skips():
        say(line)
    if outcome.stopped:
        say(f"stopped: a round trip of {outcome.stopped} went beyond the limit")
    if not empty:
        _show(path, words)
    _refuse(outcome, empty=empty)


def _refuse(outcome: RunOutcome, *, empty: bool) -> None:
    if outcome.failed:
        failures = "\n".join(f"  {message}" for message in outcome.failed.values())
        raise KbenchError(f"{len(outcome.failed)} benchmark(s) failed:\n{failures}")
    if empty:
        raise KbenchError("nothing could be measured here (kbench doctor says more)")


def _show(path: Path, words: Words) -> None:
    """The table, and what pyperf shows for its own flags."""
    if not words.quiet:
        print(to_text({path: summaries(load(path))}, terminal_width()), end="")
    flags = [f"--{name}" for name in words.shows]
    if flags:
        subprocess.run([sys.executable, "-P", "-m", "pyperf", "show", *flags, path], check=False)
