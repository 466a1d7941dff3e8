# SPDX-License-Identifier: MIT
"""Each bug of bugs.py, put back, fails the selftest that was written for it, and says how."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from ext.kvm import bugs, lab, pretend
from kbench.kernels import find
from kbench.kmod import live

KERNEL = "6.1"
pytestmark = [
    pytest.mark.lab,
    pytest.mark.test_variants,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(shutil.which("spatch") is None, reason="coccinelle is not installed"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
MODULE = live.NAME.replace("-", "_")


def run(
    loaded: dict[str, bytes], test: str, scratch: Path, unload: Sequence[str] = ()
) -> lab.Messages:
    """The messages of the selftest `test` (SUITE.NAME)."""
    suites = [test.partition(".")[0]]
    return lab.run(KERNEL, loaded, scratch, [test], suites=suites, unload=unload)


@pytest.mark.parametrize("name", bugs.BUGS)
def test_bug_is_found(name: str, tmp_path: Path) -> None:
    bug = bugs.BUGS[name]
    tree = find.find(KERNEL, print).tree(print)
    loaded = pretend.built(tree, "bug", {**bug.beside, **bug.change})
    result = str(run(loaded, bug.test, tmp_path)[bug.test]["result"])
    assert re.search(bug.says, result)


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, bytes]:
    """The live module with the changes that the test's parameter names, and stock KVM's."""
    files = live.files()
    for change in request.param:
        files = pretend.live(files, change)
    monkeypatch.setattr(live, "files", lambda: files)
    return lab.live(KERNEL)


@pytest.mark.parametrize("changed", [[bugs.UNWRAPPED]], indirect=True)
def test_32_bit_vmm_past_the_live_module_is_found(
    changed: dict[str, bytes], tmp_path: Path
) -> None:
    test = "live.test_32_bit_vmm_enables"
    result = str(run(changed, test, tmp_path)[test]["result"])
    assert "KVM_ENABLE_CAP: expected 0, got -22" in result


@pytest.mark.parametrize("changed", [[pretend.MISSES, bugs.UNCOUNTED]], indirect=True)
def test_missed_probes_that_are_not_counted_are_found(
    changed: dict[str, bytes], tmp_path: Path
) -> None:
    messages = run(changed, "live.test_32_bit_vmm_enables", tmp_path, [MODULE])
    assert messages[f"unload.{MODULE}"]["missed"] != pretend.MISSED
    assert messages["kernel_log"]["missed"] == []
