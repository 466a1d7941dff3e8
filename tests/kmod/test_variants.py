# SPDX-License-Identifier: MIT
"""Which modules a variant's name stands for."""

from pathlib import Path

import pytest
from support.kernels import FakeKernel

from kbench.kernels import cache
from kbench.kernels.errors import KernelError
from kbench.kmod import modules

KERNEL = FakeKernel()


def test_users_build_is_found_by_its_label(root: Path) -> None:
    key = f"{KERNEL.name}-stock+ab12cd34-{'0' * 16}"
    cache.entry("kvm-modules", key, lambda work: (work / "kvm.ko").touch(), print)
    built = modules.made(KERNEL, "stock+ab12cd34")
    assert built.path("kvm").is_file()
    assert built.key == "0" * 16


def test_label_that_was_not_built(root: Path) -> None:
    with pytest.raises(KernelError, match="kbench kvm build --kernel"):
        modules.made(KERNEL, "source-ab12cd34")
