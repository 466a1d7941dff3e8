# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from kbench.lab.errors import EmulatorUnavailable
from kbench.lab.vm.qemu import installed


def install(programs: Path, script: str) -> None:
    path = programs / installed.PROGRAM
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_version_is_what_qemu_prints(programs: Path) -> None:
    install(programs, "echo 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)'; echo Copyright")
    assert installed.find().version == "7.2.22 (Debian 1:7.2+dfsg-7)"


def test_two_digits_are_newer(programs: Path) -> None:
    install(programs, "echo 'QEMU emulator version 10.0.8'")
    assert installed.find().version == "10.0.8"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'QEMU emulator version 5.2.0 (Debian)'", "is 5.2.0.*needs QEMU 7.2 or newer"),
        ("echo hello", "of unknown version"),
        ("exit 1", "failed"),
    ],
)
def test_unusable_qemu(programs: Path, script: str, words: str) -> None:
    install(programs, script)
    with pytest.raises(EmulatorUnavailable, match=words):
        installed.find()


def test_missing_qemu(programs: Path) -> None:
    with pytest.raises(
        EmulatorUnavailable, match=r"is not installed: sudo apt-get install .* qemu-system-x86$"
    ):
        installed.find()
