# SPDX-License-Identifier: MIT
"""One `kbench run` measures on one target or on both."""

import pytest

from kbench.errors import KbenchError
from kbench.session import choose
from kbench.session.choose import Choice, sessions

HOST = Choice("host")
LAB, LAB_ALL = Choice("lab"), Choice("lab", "all")


@pytest.mark.parametrize(
    ("selector", "target", "works", "expected"),
    [
        ("exit", "auto", True, [Choice("auto")]),
        ("exit", "both", True, [HOST, LAB]),
        ("exit", "lab", True, [LAB]),
        ("rfc", "auto", True, [HOST, LAB_ALL]),
        ("rfc", "auto", False, [LAB_ALL]),
        ("rfc", "host", True, [HOST]),
        ("rfc", "both", False, [HOST, LAB_ALL]),
    ],
)
def test_where_a_run_measures(
    selector: str,
    target: str,
    works: bool,
    expected: list[Choice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choose, "host_works", lambda: works)
    assert sessions(Choice(target), [selector]) == expected


def test_the_lab_s_options_choose_the_lab_and_its_modules() -> None:
    one = Choice("lab", "stock", "6.12")
    assert sessions(one, ["rfc"]) == [one]
    other = Choice("auto", "rfc-v1")
    assert sessions(other, ["rfc"]) == [other]


def test_an_unknown_target_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(KbenchError, match="one of auto, host, lab, both"):
        sessions(Choice("moon"), ["exit"])


def test_the_host_takes_no_option_of_the_lab() -> None:
    with pytest.raises(KbenchError, match="--kernel is for the lab"):
        choose.choose(Choice("host", kernel="6.12"))
