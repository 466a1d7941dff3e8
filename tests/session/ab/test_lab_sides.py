# SPDX-License-Identifier: MIT
"""What the sides of a comparison in the lab are called on the command line."""

import pytest

from kbench.kernels.debian import DEFAULT
from kbench.session.ab.host import is_host
from kbench.session.ab.lab import LabSide, lab_side, skips
from kbench.targets.target import RunOutcome


@pytest.mark.parametrize(
    ("text", "tree", "side"),
    [
        ("all", "", LabSide("all", DEFAULT, "all")),
        ("debian:6.12", "", LabSide("debian:6.12", "debian:6.12", "stock")),
        ("tree:/x@v6", "", LabSide("tree:/x@v6", "tree:/x@v6", "stock")),
        ("v6.12", "/x", LabSide("v6.12", "tree:/x@v6.12", "stock")),
        ("HEAD~1", "~/x,tiny", LabSide("HEAD~1", "tree:~/x@HEAD~1,tiny", "stock")),
    ],
)
def test_side(text: str, tree: str, side: LabSide) -> None:
    assert lab_side(text, tree) == side


def test_a_variant_is_one_for_a_kernel() -> None:
    assert lab_side("stock+1", "", "6.12") == LabSide("stock+1", "6.12", "stock+1")


def test_kernels_are_measured_in_the_lab() -> None:
    assert not is_host("tree:/home/me/linux@v6")
    assert not is_host("image:/boot/vmlinuz")
    assert not is_host("all")
    assert is_host("./venv")


def test_what_both_sides_skip_is_said_once() -> None:
    lacking = dict.fromkeys(("exit.hlt_user", "exit.mwait_user"), "no KVM_CAP_KBENCH")
    base, head = RunOutcome(lacking | {"exit.a": "no A"}), RunOutcome(lacking | {"exit.a": "no B"})
    assert skips(("stock", "mine"), (base, head)) == [
        "skipped exit.hlt_user, exit.mwait_user: no KVM_CAP_KBENCH",
        "stock: skipped exit.a: no A",
        "mine: skipped exit.a: no B",
    ]
