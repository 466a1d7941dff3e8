# SPDX-License-Identifier: MIT
"""pyperf's words become the options of a run."""

import os

import pyperf
import pytest

from kbench.errors import KbenchError
from kbench.session.options import Words, parse
from kbench.targets.options import RunOptions


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyperf allows one Runner a process; a process of kbench parses once."""
    monkeypatch.setattr(pyperf.Runner, "_created", set())


def test_no_words_are_the_defaults_that_gate_measures_with() -> None:
    assert parse([]) == Words((), RunOptions())


def test_selectors_and_options_in_any_order() -> None:
    cpu = str(max(os.sched_getaffinity(0)))
    found = parse(["exit", "-p", "2", "floor", f"--affinity={cpu}", "--stats", "-q"], limit=0.5)
    assert found.selectors == ("exit", "floor")
    assert (found.options.processes, found.options.affinity, found.options.limit) == (2, cpu, 0.5)
    assert found.shows == ("stats",) and found.quiet


@pytest.mark.parametrize(
    ("words", "inherited"),
    [
        ([], {"LC_TIME"}),
        (["--no-locale"], set()),
        (["--inherit-environ", "MALLOC_ARENA_MAX"], {"LC_TIME", "MALLOC_ARENA_MAX"}),
        (["--copy-env"], {"LC_TIME", "MALLOC_ARENA_MAX", "LANGUAGE_SERVER"}),
    ],
)
def test_a_worker_inherits_little(
    words: list[str], inherited: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("LC_TIME", "MALLOC_ARENA_MAX", "LANGUAGE_SERVER")
    for name in names:
        monkeypatch.setenv(name, "C")
    found = parse(words).options.environment
    assert inherited == found.keys() & set(names)
    assert found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("--no-such-option", "unrecognized arguments"), ("--worker", "pyperf refused")],
)
def test_what_is_refused(word: str, hint: str) -> None:
    with pytest.raises(KbenchError, match=hint):
        parse([word])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--track-memory"], "--track-memory is not for kbench run"),
        (["--tracemalloc"], "--tracemalloc is not for kbench run"),
        (["--affinity=4095"], "--cpu 4095: this process may use the CPUs "),
        (["--affinity=foo"], "--cpu foo: this process may use the CPUs "),
        (["--python=/usr/bin/false"], "--python /usr/bin/false: it cannot import kbench"),
    ],
)
def test_refused_before_anything_is_measured(words: list[str], line: str) -> None:
    with pytest.raises(KbenchError) as refused:
        parse(words)
    assert str(refused.value).startswith(line)
