# SPDX-License-Identifier: MIT
"""`kbench kvm`: what it lists, and its one line for a wrong input, before anything is fetched."""

from pathlib import Path

import pytest
from support.cli import kbench


def test_info_lists_variants_with_their_mechanisms() -> None:
    rows = {" ".join(line.split()) for line in kbench("kvm", "info").worked().splitlines()}
    assert {"all 0x05ff M1 M2 M3 M4 M5 M6 M7 M8 M9", "stock 0x0000 -"} <= rows


@pytest.mark.parametrize(
    "words",
    [
        ("kvm", "build", "--variant", "none"),
        ("kvm", "diff", "--variant", "none"),
        ("kvm", "dkms", "x", "--variant", "none"),
        ("run", "exit.pio_out", "--target", "lab", "--kvm", "none", "-o", "x.json"),
    ],
)
def test_unknown_variant(words: tuple[str, ...], tmp_path: Path) -> None:
    line = kbench(*words, cwd=tmp_path).refused()
    assert line.startswith("kbench: no KVM variant 'none': known are stock, userspace_exits,")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [("build",), ("diff",), ("live", "build"), ("dkms", "x")])
def test_unknown_kernel(command: tuple[str, ...]) -> None:
    line = kbench("kvm", *command, "--kernel", "5.9").refused()
    assert line == "kbench: no kernel debian:5.9: known are debian:6.1, debian:6.12, debian:newest"


def test_source_that_is_none(tmp_path: Path) -> None:
    line = kbench("kvm", "build", "--source", tmp_path).refused()
    assert line == f"kbench: {tmp_path} is no kernel source: it has no arch/x86/kvm/Makefile"


def test_source_takes_no_variant(tmp_path: Path) -> None:
    line = kbench("kvm", "build", "--source", tmp_path, "--variant", "all").refused()
    assert line.startswith("kbench: --source builds that tree as it is")


@pytest.mark.lab
def test_patch_that_is_not_there(tmp_path: Path) -> None:
    line = kbench("kvm", "build", "--patch", tmp_path / "x.diff").refused()
    assert line == f"kbench: no patch: cannot read {tmp_path}/x.diff: No such file or directory"


@pytest.mark.lab
def test_build_that_was_not_made() -> None:
    words = ("exit.pio_out", "--target", "lab", "--kvm", "stock+00000000", "-o", "x.json")
    line = kbench("run", *words).refused()
    assert line.startswith("kbench: no modules 'stock+00000000' for ")
