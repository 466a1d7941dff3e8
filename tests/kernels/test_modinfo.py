# SPDX-License-Identifier: MIT
import lzma
from pathlib import Path

import pytest
from support.kernels import FakeKernel

from kbench.kernels import modinfo
from kbench.kernels.errors import KernelError

KVM_AMD = b"\0alias=x\0depends=ccp,kvm\0vermagic=6.1 SMP \0\0"


def kernel(top: Path) -> FakeKernel:
    modules = {"kvm-amd.ko.xz": KVM_AMD, "kvm.ko": b"\0depends=irqbypass\0",
               "ccp.ko": b"\0depends=\0", "irqbypass.ko": b"\0depends=\0"}  # fmt: skip
    for name, data in modules.items():
        (top / name).write_bytes(lzma.compress(data) if name.endswith(".xz") else data)
    return FakeKernel(modules=top)


def test_fields() -> None:
    assert modinfo.depends(KVM_AMD) == ["ccp", "kvm"]
    assert modinfo.field(KVM_AMD, "vermagic") == "6.1 SMP "
    assert modinfo.depends(b"\0depends=\0") == []
    assert modinfo.field(KVM_AMD, "srcversion") == ""


def test_dependencies_come_in_the_order_of_loading(tmp_path: Path) -> None:
    found = kernel(tmp_path)
    module = modinfo.content(found, "kvm_amd")
    assert module == KVM_AMD
    assert list(modinfo.dependencies(found, module)) == ["ccp", "irqbypass", "kvm"]


def test_missing_module(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"the kernel 6.1.2-1 has no module vfio"):
        kernel(tmp_path).module("vfio")
