# SPDX-License-Identifier: MIT
"""A kernel that hangs while it boots: the console's last lines say where."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.kernels import FakeKernel

from kbench.lab import errors
from kbench.lab.image import initramfs
from kbench.lab.vm import common, snapshot

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed"),
]
# A kernel that is entered by PVH (%ebx: struct hvm_start_info, whose member at 24 is the address of
# the command line). It is silent for ever; where the command line begins as a verbose one does,
# it prints that and ends QEMU.
HANGS = r"""
.section .note, "a", @note
.long 4, 8, 18
.asciz "Xen"
.quad start
.text
.code32
.globl start
start:
    movl 24(%ebx), %esi
    cmpb $'e', (%esi)
    jne 2f
1:  lodsb
    testb %al, %al
    jz 3f
    movw $0x3f8, %dx
    outb %al, %dx
    jmp 1b
2:  cli
    hlt
    jmp 2b
3:  movw $EXIT, %dx
    outb %al, %dx
"""


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    source, built = tmp_path / "hangs.S", tmp_path / "vmlinux"
    source.write_text(HANGS.replace("EXIT", f"{common.EXIT_PORT:#x}"))
    command = ["gcc", "-m64", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"]
    command += ["-Wl,-Ttext=0x200000", "-Wl,-estart", str(source), "-o", str(built)]
    subprocess.run(command, check=True, capture_output=True)
    return FakeKernel(vmlinuz=built)


def test_it_is_booted_again_for_all_that_it_says(
    kernel: FakeKernel, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BOOT_SECONDS", 1.5)
    monkeypatch.setattr(snapshot, "below", lambda *words: [])
    monkeypatch.setattr(initramfs, "build", lambda modules: b"")
    with pytest.raises(
        errors.BootFailed, match=r"not come up within 1\.5 s\nearlyprintk"
    ) as caught:
        snapshot.ensure(kernel, print)
    assert "quiet" not in str(caught.value)
    assert list((root / "snapshot").iterdir()) == []
