# SPDX-License-Identifier: MIT
"""One `kbench run` measures on one target or on both, each into a suite of its own."""

from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.session import run

HOST = ("host", None, None)
LAB, LAB_ALL = ("lab", None, None), ("lab", "all", None)


@pytest.mark.parametrize(
    ("words", "name", "works", "sessions"),
    [
        (["exit"], "auto", True, [("auto", None, None)]),
        (["exit"], "both", True, [HOST, LAB]),
        (["exit"], "lab", True, [LAB]),
        (["rfc", "--fast"], "auto", True, [HOST, LAB_ALL]),
        (["rfc"], "auto", False, [LAB_ALL]),
        (["rfc"], "host", True, [HOST]),
        (["rfc"], "both", False, [HOST, LAB_ALL]),
    ],
)
def test_where_a_run_measures(
    words: list[str],
    name: str,
    works: bool,
    sessions: list[run.Chosen],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "host_works", lambda: works)
    assert run.sessions(words, name, None, None) == sessions


def test_the_lab_s_options_choose_the_lab_and_its_modules() -> None:
    assert run.sessions(["rfc"], "lab", "stock", "6.12") == [("lab", "stock", "6.12")]
    assert run.sessions(["rfc"], "auto", "rfc-v1", None) == [("auto", "rfc-v1", None)]


def test_an_unknown_target_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(KbenchError, match="one of auto, host, lab, both"):
        run.sessions(["exit"], "moon", None, None)


def test_each_target_has_a_suite() -> None:
    assert run.named(Path("a/rfc.json"), "lab") == Path("a/rfc-lab.json")
    assert run.named(None, "host").name.endswith("-host.json")
