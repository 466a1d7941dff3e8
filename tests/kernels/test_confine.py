# SPDX-License-Identifier: MIT
"""What a stranger's Makefile can reach where bubblewrap is installed."""

import os
import subprocess
from pathlib import Path

import pytest

from kbench.kernels import confine


def test_as_it_is_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "available", lambda: False)
    assert confine.confined(["make", "-j2"], [Path("/x")]) == ["make", "-j2"]


@pytest.mark.skipif(not confine.available(), reason="bubblewrap does not work here")
def test_what_it_can_reach(tmp_path: Path) -> None:
    build, headers, own = (tmp_path / name for name in ("build", "headers", "own"))
    for directory in (build, headers, own):
        directory.mkdir()
    (headers / "a.h").write_text("text")
    script = f"""
        cat {headers}/a.h > {build}/copy
        touch {own}/x {headers}/x /etc/kbench-x 2>/dev/null
        ls {own} /proc > {build}/seen 2>&1
        grep -vc lo: /proc/net/dev > {build}/devices
    """
    command = confine.confined(["sh", "-c", script], [build], [headers])
    subprocess.run(command, check=True, timeout=60)
    assert (build / "copy").read_text() == "text"
    assert not list(own.iterdir()) and [path.name for path in headers.iterdir()] == ["a.h"]
    seen = (build / "seen").read_text()
    assert f"'{own}'" in seen  # that it is not there
    assert str(os.getpid()) not in seen.split()
    assert (build / "devices").read_text() == "2\n"  # the head of the table alone
