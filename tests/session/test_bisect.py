# SPDX-License-Identifier: MIT
"""Bisecting a git tree, with a lab that counts what the tree's files say."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.kernels import GitTree
from support.suites import lab_run, write

from kbench.errors import KbenchError
from kbench.explain.difference import FunctionChange
from kbench.judge import history
from kbench.judge.bisection import Bisection, Move
from kbench.judge.functions import FunctionChanges
from kbench.judge.project import Project
from kbench.judge.series import series as series_of
from kbench.kernels.errors import BuildFailed, NoSpace
from kbench.kernels.tree.git import Commit
from kbench.lab.errors import BootFailed
from kbench.metrics import metrics
from kbench.present.bisection import text
from kbench.session import bisect
from kbench.suite.load import load
from kbench.suite.suite import Suite

NAME = "exit.pio_out"
OUTPUT = "core.c:1:1: error: what\n    1 | what\nmake: *** Error 1\n"
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def stored(path: Path, instructions: int) -> Suite:
    """The suite of a lab in which every round trip takes so many instructions."""
    kernel = {"kbench_pin_kernel": f"6.13.0-{instructions}", "kbench_kernel_commit": "a"}
    return load(write(path, {NAME: [lab_run(instructions)]}, **kernel))


@pytest.fixture
def tree(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> GitTree:
    """A tree whose core.c holds the count of its kernel, or how building it fails."""
    made = GitTree(tmp_path / "linux")
    made.commit(**{"core.c": "100"})
    made.git("tag", "good")

    def measure(lab: object, commit: Commit, path: Path) -> Suite:
        words = made.git("show", f"{commit.hash}:core.c")
        failures: dict[str, Callable[[str, str], Exception]] = {
            "broken": BuildFailed, "dead": BootFailed, "full": NoSpace,
        }  # fmt: skip
        if words in failures:
            raise failures[words](f"{words}, it is", OUTPUT)
        return stored(path, int(words))

    def functions(lab: object, *ends: Commit) -> FunctionChanges:
        before, after = (int(made.git("show", f"{end.hash}:core.c")) for end in ends)
        changes = (FunctionChange("svm_vcpu_run", "kvm_amd", before, after),)
        return FunctionChanges(NAME, after - before, changes)

    monkeypatch.setattr(bisect._Lab, "measure", measure)
    monkeypatch.setattr(bisect._Lab, "functions", functions)
    return made


def found(tree: GitTree, wanted: str = NAME, **more: Any) -> Bisection:
    options = {"threshold": 1, "every": 0, "keep": None, "report": print, **more}
    place = f"{tree.place},tiny"
    return bisect.bisect("good", "main", place, wanted, **options)


def test_commits_are_named_with_their_instructions(tree: GitTree) -> None:
    for words in ("100", "105", "broken", "112", "dead", "112"):
        tree.commit(**{"core.c": words, "kvm.c": words + "x"})
        tree.commit(**{"net.c": words})
    result = found(tree)
    assert result.commits == 12
    shown = text(result, 80)
    assert shown.startswith("exit.pio_out p50: 100 -> 112 instructions over 12 commits, ")
    first, second = result.moves
    assert first == Move(2, 3)
    assert (second.before, result.steps[second.before].figure) == (4, 105)
    assert result.steps[second.after].figure == 112
    assert "+5  100 -> 105" in shown
    assert "  exit.pio_out +5: svm_vcpu_run +5" in shown
    assert "  exit.pio_out +7: svm_vcpu_run +7" in shown
    assert "one of these: those before the last cannot be measured" in shown
    assert "broken, it is core.c:1:1: error: what 1 | what" in " ".join(shown.split())
    assert "make: ***" not in shown


def test_a_merge_says_how_to_search_its_branch(tree: GitTree) -> None:
    tree.git("checkout", "--quiet", "-b", "side")
    tree.commit(**{"core.c": "101"})
    side = tree.commit(**{"core.c": "103"})
    tree.git("checkout", "--quiet", "main")
    tree.commit(**{"net.c": "1"})
    tree.git("merge", "--quiet", "--no-edit", "side")
    shown = text(found(tree), 80)
    assert "+3  100 -> 103" in shown
    ends = (tree.git("rev-parse", "--short", name) for name in ("good", side))
    assert f"a merge: kbench bisect {' '.join(ends)} searches it" in shown
    inside = bisect.bisect("good", "side", f"{tree.place},tiny", NAME, threshold=1, every=0,
                           keep=None, report=print)  # fmt: skip
    assert inside.moves == (Move(0, 1), Move(1, 2))


def test_nothing_moves(tree: GitTree) -> None:
    tree.commit(**{"net.c": "1"})
    assert "no commit moves it" in text(found(tree), 80)


def test_suites_are_kept_for_the_history(tree: GitTree, tmp_path: Path) -> None:
    for words in ("101", "102", "103", "104"):
        tree.commit(**{"core.c": words})
    keep = tmp_path / "history"
    found(tree, threshold=10, keep=keep, every=2)
    (series,) = series_of(history.entries(keep), [NAME], [metrics()["p50"]], Project())
    assert [point.value for point in series.points] == [100, 102, 104]


def test_an_end_that_does_not_build(tree: GitTree) -> None:
    tree.commit(**{"core.c": "broken"})
    with pytest.raises(KbenchError, match="main cannot be measured: broken, it is"):
        found(tree)


def test_a_full_disk_is_no_commits_fault(tree: GitTree) -> None:
    tree.commit(**{"core.c": "full"})
    tree.commit(**{"core.c": "105"})
    with pytest.raises(NoSpace):
        found(tree)


def test_unknown_words(tree: GitTree) -> None:
    tree.commit(**{"core.c": "105"})
    with pytest.raises(KbenchError, match="no metric 'p5': known are"):
        found(tree, f"{NAME}:p5")
    with pytest.raises(KbenchError, match="did you mean"):
        found(tree, "exit.pio_otu")
    with pytest.raises(KbenchError, match="does not descend"):
        bisect.bisect("main", "good", str(tree.place), NAME, threshold=1, every=0, keep=None,
                      report=print)  # fmt: skip
