# SPDX-License-Identifier: MIT
"""What `run --explain` stored names functions where the modules are no longer at hand."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.cli import kbench

from kbench.lab.labs import Lab
from kbench.suite.functions import KEY
from kbench.suite.load import load

pytestmark = [pytest.mark.lab, pytest.mark.test_kvm]
# The hooks of the extension that a PIO exit passes (docs/anatomy.md).
SECONDS = 300.0  # without a snapshot, on a loaded machine
HOOKS = "kvm_arch_vcpu_ioctl_run +1, kvm_vcpu_ioctl +1, svm_prepare_switch_to_guest +1"


@pytest.fixture(scope="module")
def suites(extended: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with base.json (stock KVM) and head.json (the whole extension)."""
    folder = tmp_path_factory.mktemp("stored")
    for name, variant in (("base", "stock"), ("head", "all")):
        words = ("exit.pio_out", "--target", "lab", "--kvm", variant, "--explain")
        kbench("run", *words, "-o", folder / f"{name}.json", limit=SECONDS).worked()
    return folder


def test_some_2_kb_are_stored(suites: Path) -> None:
    (row,) = load(suites / "base.json")
    texts = [str(run.get(KEY)) for run in row.good if run.get(KEY)]
    assert len(texts) == 1 and 500 < len(texts[0]) < 4000


def test_a_gate_of_stored_suites_names_them_in_each_form(suites: Path) -> None:
    words = ("base.json", "head.json", "--margin", "0.001%")
    forms = ("-o", "gate.xml", "-o", "gate.md")
    gate = kbench("gate", *words, *forms, cwd=suites, prefix=("env", "COLUMNS=160"))
    assert gate.status == 1 and f"exit.pio_out +3: {HOOKS}" in gate.out
    failures = ET.parse(suites / "gate.xml").findall("testcase/failure")
    assert failures and {each.text for each in failures} == {f"+3: {HOOKS}"}
    said = (suites / "gate.md").read_text().replace("\\", "")
    assert f"exit.pio_out +3: {HOOKS}" in said
    listed = kbench("explain", "base.json", "head.json", cwd=suites).worked()
    assert "kvm_vcpu_ioctl" in listed and "+3" in listed


def test_history_check_names_them(suites: Path) -> None:
    for day, name in enumerate(("base", "base", "head", "head"), 1):
        when = ("--commit", f"{day:040x}", "--date", f"2026-01-0{day}T12:00:00")
        kbench("history", "add", "kept", f"{name}.json", *when, cwd=suites).worked()
    (suites / "kbench.toml").write_text('[margins.lab]\np50 = "1"\n')
    found = kbench("history", "check", "kept", cwd=suites, prefix=("env", "COLUMNS=160"))
    assert found.status == 1 and f"exit.pio_out +3: {HOOKS}" in found.out, found.err
