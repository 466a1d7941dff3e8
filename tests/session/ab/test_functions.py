# SPDX-License-Identifier: MIT
"""A gate in the lab names the function that a patch made longer, and by how much."""

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.kvm_change import CHANGED, FUNCTION, patch, run, with_nops

from kbench.kernels import find
from kbench.kmod import sources

pytestmark = [
    pytest.mark.lab,
    pytest.mark.test_kvm,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of KVM that the patches change."""
    place = tmp_path_factory.mktemp("kvm")
    sources.copy(sources.pristine(find.find("6.1", print).tree(print), print), place)
    return (place / CHANGED).read_text()


@pytest.mark.parametrize("nops", [1, 3, 50])
def test_the_gate_names_the_function_and_the_number(
    original: str, tmp_path: Path, nops: int
) -> None:
    (tmp_path / "my.patch").write_text(patch(original, with_nops(original, nops)))
    name = run("kvm", "build", "--patch", "my.patch", cwd=tmp_path).split()[0]
    words = ("--ab", "stock", name, "exit.hlt", "exit.pio_out", "--margin", "0.001%")
    shown = run("gate", *words, "-o", "gate.xml", cwd=tmp_path, status=1)
    assert f"exit.hlt +{nops}: {FUNCTION} +{nops}\n" in shown
    failures = ET.parse(tmp_path / "gate.xml").findall("testcase/failure")
    assert failures and {each.text for each in failures} == {f"+{nops}: {FUNCTION} +{nops}"}
    silent = run("gate", *words, "--no-explain", cwd=tmp_path, status=1)
    assert FUNCTION not in silent
