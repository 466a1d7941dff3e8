# SPDX-License-Identifier: MIT
"""A comparison of stored counts names the functions that its runs have stored."""

from pathlib import Path

import pytest
from support.suites import LAB, lab_run, write

from kbench.judge.compare import Comparison, compare
from kbench.judge.gate import outcome
from kbench.judge.options import options
from kbench.present.gate import makers
from kbench.suite.functions import KEY, pack
from kbench.suite.load import load

BASE = {("kvm_vcpu_ioctl", "kvm"): 2900, ("kvm_emulate_halt_noskip", "kvm"): 121}
HEAD = {**BASE, ("kvm_emulate_halt_noskip", "kvm"): 171}


def compared(
    place: Path, head: int, functions: dict[tuple[str, str], int] | None = None
) -> Comparison:
    more = {KEY: pack(functions)} if functions else {}
    write(place / "a.json", {"exit.hlt": [lab_run(3021, **LAB, **{KEY: pack(BASE)})]})
    write(place / "b.json", {"exit.hlt": [lab_run(head, **LAB, **more)]})
    return compare(load(place / "a.json"), load(place / "b.json"), options((), None, False))


def test_every_form_names_the_function(tmp_path: Path) -> None:
    comparison = compared(tmp_path, 3071, HEAD)
    forms = makers(comparison, outcome(comparison, False), 80, everything=False)
    line = "+50: kvm_emulate_halt_noskip +50"
    assert f"exit.hlt {line}" in forms["table"]()
    assert line in forms["junit"]() and line in forms["github"]()
    assert "kvm\\_emulate\\_halt\\_noskip \\+50" in forms["md"]()
    assert '"function": "kvm_emulate_halt_noskip"' in forms["json"]()


@pytest.mark.parametrize(("head", "functions"), [(3071, None), (3021, BASE)])
def test_none_are_named_without_a_reason(
    tmp_path: Path, head: int, functions: dict[tuple[str, str], int] | None
) -> None:
    assert compared(tmp_path, head, functions).functions == ()
