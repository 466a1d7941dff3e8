# SPDX-License-Identifier: MIT
"""Kernels whose files lie somewhere: what they are, and what is wrong with them."""

import struct
from pathlib import Path

import pytest

from kbench.kernels import config, files, find, vmlinux
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import Kernel

RELEASE = "6.13.0-x"


def bzimage(release: str) -> bytes:
    data = bytearray(4096)
    data[vmlinux.MAGIC : vmlinux.MAGIC + 4] = b"HdrS"
    struct.pack_into("<H", data, files.KERNEL_VERSION, 0x400)
    data[0x600:0x680] = f"{release} (me@here) #1 SMP".encode().ljust(0x80, b"\0")
    return bytes(data)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """FILE and MODULES as `make install` and `make modules_install` leave them."""
    (tmp_path / "vmlinuz").write_bytes(bzimage(RELEASE))
    below = tmp_path / "lib/modules" / RELEASE / "kernel"
    below.mkdir(parents=True)
    for name, needs in (("kvm", "irqbypass"), ("kvm-amd", "kvm"), ("irqbypass", "")):
        (below / f"{name}.ko").write_bytes(f"\0depends={needs}\0".encode())
    (tmp_path / f"config-{RELEASE}").write_text(config.text(config.fragment("required")))
    return tmp_path


def image(place: Path) -> Kernel:
    return find.find(f"image:{place}/vmlinuz", print)


def test_image_with_modules_beside_it(place: Path) -> None:
    kernel = image(place)
    assert kernel.release == RELEASE
    assert kernel.version == f"{RELEASE}-{kernel.content[:8]}"
    assert kernel.module("kvm").parent == place / "lib/modules" / RELEASE / "kernel"


def test_modules_may_lie_anywhere(place: Path) -> None:
    flat = place / f"lib/modules/{RELEASE}/kernel"
    kernel = find.find(f"image:{place}/vmlinuz,{flat}", print)
    assert kernel.content == image(place).content


def test_identity_is_of_the_content(place: Path) -> None:
    before = image(place).content
    (place / f"lib/modules/{RELEASE}/kernel/kvm.ko").write_bytes(b"\0depends=irqbypass\0more")
    assert image(place).content == before
    (place / f"lib/modules/{RELEASE}/kernel/irqbypass.ko").write_bytes(b"\0depends=\0more")
    assert image(place).content != before


def test_elf_says_its_release(tmp_path: Path) -> None:
    path = tmp_path / "vmlinux"
    path.write_bytes(vmlinux.ELF + b"\0Linux version 6.13.0-y (me@here) #1\0")
    assert files.release(path) == "6.13.0-y"


def test_installed_kernel_is_named_by_its_release() -> None:
    with pytest.raises(KernelError, match=r"cannot read the kernel /boot/vmlinuz-9\.9: No such"):
        find.find("installed:9.9", print)


def test_what_is_no_kernel(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(b"no kernel")
    with pytest.raises(KernelError, match="is no kernel of x86"):
        image(tmp_path)


def test_kernel_without_kvm(place: Path) -> None:
    (place / f"lib/modules/{RELEASE}/kernel/kvm.ko").unlink()
    with pytest.raises(KernelError, match=f"the kernel {RELEASE} has no module kvm"):
        image(place)


@pytest.mark.parametrize(
    ("before", "after", "lacks"),
    [
        ("CONFIG_PVH=y", "# CONFIG_PVH is not set", "CONFIG_PVH=y"),
        ("CONFIG_KVM=m", "CONFIG_KVM=y", "CONFIG_KVM=m"),
        ("CONFIG_HZ_250=y", "CONFIG_HZ_1000=y", "CONFIG_HZ_250=y"),
    ],
)
def test_option_that_the_lab_needs_is_named(
    place: Path, before: str, after: str, lacks: str
) -> None:
    path = place / f"config-{RELEASE}"
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(KernelError, match=f"cannot boot image:.*: it needs {lacks}$"):
        image(place)


def test_headers_and_source_are_asked_for_when_they_are_needed(place: Path, tmp_path: Path) -> None:
    kernel = image(place)
    with pytest.raises(KernelError, match=f"no headers for {RELEASE}"):
        kernel.tree(print)
    headers = place / f"lib/modules/{RELEASE}/build"
    headers.mkdir()
    (headers / "Makefile").touch()
    with pytest.raises(KernelError, match="comes without its source: name a tree with --source"):
        kernel.tree(print).source.extract(["virt/kvm"], tmp_path)


@pytest.mark.parametrize("spec", ["ubuntu:6.8", "https://x", ":"])
def test_unknown_form(spec: str) -> None:
    with pytest.raises(KernelError, match=r"no kernel '.*': --kernel takes debian:6\.1"):
        find.find(spec, print)
