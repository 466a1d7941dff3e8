# SPDX-License-Identifier: MIT
"""The .pyi files, by which Python code is checked, say what the compiled modules have."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

from kbench._native.vcpu_thread import WAITS
from kbench.catalogue.policies import Waits

# Cython's own additions to each module.
GENERATED = r".*\.__(test|reduce_cython|setstate_cython)__"


def stubtest(path: Path, *modules: str) -> str:
    allowed = path / "allowed"
    allowed.write_text(GENERATED + "\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mypy.stubtest", "--concise", "--ignore-disjoint-bases",
         "--ignore-unused-allowlist", "--allowlist", allowed, *modules],
        capture_output=True, text=True, cwd=path, env={"PYTHONPATH": str(path)},
    )  # fmt: skip
    assert not done.stderr
    return done.stdout


def test_the_stubs_are_true(tmp_path: Path) -> None:
    assert stubtest(tmp_path, "kbench._native", "kbench.lab.inside._port") == ""


def test_a_stub_that_lies_is_found(tmp_path: Path) -> None:
    (tmp_path / "lying.py").write_text("def queue(capacity): ...\n")
    (tmp_path / "lying.pyi").write_text("def queue(size: int) -> None: ...\n")
    assert "lying.queue" in stubtest(tmp_path, "lying")


def test_each_way_to_wait_has_its_code() -> None:
    assert set(WAITS) == set(get_args(Waits))
