# SPDX-License-Identifier: MIT
"""Two explained events as people and programs read them, and one for other tools."""

import json

import pytest
from support.explained import exit_tree, explanation, node

from kbench.explain.difference import FunctionChange
from kbench.judge.functions import FunctionChanges
from kbench.present import difference, functions
from kbench.present import explanation as one

BASE, HEAD = explanation(exit_tree()), explanation(exit_tree(handler=303, syscall=99))


def test_both_tables_end_with_the_difference() -> None:
    text = difference.makers(BASE, HEAD, 80)["table"]()
    assert "exit.pio_out: +2 instructions, by function" in text
    assert "+3  ... > entry_SYSCALL_64 > kvm_vcpu_ioctl [kvm] > io_interception" in text
    assert text.count("+2  in all") == 2
    assert max(map(len, text.splitlines())) <= 80
    assert "no function differs" in difference.makers(BASE, BASE, 80)["table"]()


def test_json_adds_up() -> None:
    data = json.loads(difference.makers(BASE, HEAD, 80)["json"]())
    assert data["delta"] == sum(each["delta"] for each in data["paths"]) == 2
    assert sum(each["head"] - each["base"] for each in data["functions"]) == 2


def test_a_line_adds_up_whatever_it_leaves_out() -> None:
    changes = tuple(FunctionChange(f"f{n}", "kvm", 0, n) for n in range(9, 0, -1))
    line = functions.text(FunctionChanges("exit.hlt", 45, changes))
    assert line == "+45: f9 +9, f8 +8, f7 +7, f6 +6, f5 +5, f4 +4 and 3 more +6"
    assert functions.text(FunctionChanges("exit.hlt", 0, reason="no gcc")) == "by function: no gcc"


@pytest.mark.parametrize("form", ["folded", "speedscope"])
def test_other_tools_get_every_instruction(form: str) -> None:
    text = one.makers(explanation(exit_tree(), node("waker", 7)), 80)[form]()
    if form == "folded":
        rows = [line.rpartition(" ") for line in text.splitlines()]
        assert sum(int(row[2]) for row in rows) == 1057
        assert rows[0][0] == "round_trips [exits]"
    else:
        (profile,) = json.loads(text)["profiles"]
        assert sum(profile["weights"]) == profile["endValue"] == 1057
        frames = json.loads(text)["shared"]["frames"]
        assert max(max(sample) for sample in profile["samples"]) == len(frames) - 1
