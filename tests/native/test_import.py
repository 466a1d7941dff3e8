# SPDX-License-Identifier: MIT
"""Each compiled module can be the first that a process imports."""

import subprocess
import sys
from pathlib import Path

import pytest

import kbench._native

MODULES = sorted(
    path.name.partition(".")[0] for path in Path(kbench._native.__file__).parent.glob("*.so")
)


@pytest.mark.parametrize("module", MODULES)
def test_alone(module: str) -> None:
    program = f"import kbench._native.{module}"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
