# SPDX-License-Identifier: MIT
"""Lines of source are told where debug information of the very code is at hand, and only there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kbench.explain import lines
from kbench.explain.elf import functions
from kbench.explain.lines import sourced
from kbench.explain.listing import Instruction, Listing
from kbench.explain.symbols import KERNEL, Function, Symbols
from kbench.kernels.files import FileKernel

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
BASE = 0xFFFFFFFFC0001000
SOURCE = """int f(int x)
{
	return x * 3;
}
"""
SYMBOLS = Symbols(
    {"kallsyms": "", "sections": f"mod .text {BASE:#x}\nmod .bss {BASE + 0x9000:#x}\n", "maps": ""},
    lambda name: None,
)


def compiled(folder: Path, name: str, *options: str) -> bytes:
    """An ELF file of SOURCE; without -g it has no debug information."""
    (folder / "f.c").write_text(SOURCE)
    subprocess.run(["gcc", *options, "-o", name, "f.c"], cwd=folder, check=True)
    return (folder / name).read_bytes()


def kernel(folder: Path, vmlinuz: Path) -> FileKernel:
    return FileKernel(
        spec="test", version="9.9", name="9.9", release="9.9", content="", vmlinuz=vmlinuz,
        modules=folder / "lib/modules/9.9/kernel",
    )  # fmt: skip


def listing(module: str, start: int) -> Listing:
    return Listing(Function("f", module), (Instruction(start, 0, b"\x55", 1),))


def line(found: Listing) -> str:
    return found.instructions[0].source.rpartition("/")[2]


def start_of(data: bytes) -> int:
    return next(each.value for each in functions(data) if each.name == "f")


def test_a_module_that_its_user_built_with_debug_information(tmp_path: Path) -> None:
    code = listing("mod", BASE)
    data = compiled(tmp_path, "mod.ko", "-g", "-c")
    made = kernel(tmp_path, tmp_path / "none")
    assert line(sourced(code, SYMBOLS, made, lambda name: data)) == "f.c:2"
    plain = compiled(tmp_path, "plain.ko", "-c")
    assert sourced(code, SYMBOLS, made, lambda name: plain) == code
    assert sourced(code, SYMBOLS, made, lambda name: None) == code


def test_a_debug_package_counts_for_the_same_build_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "DEBUG", tmp_path)
    package = tmp_path / "lib/modules/9.9/kernel/arch/x86/kvm"
    package.mkdir(parents=True)
    compiled(tmp_path, str(package / "mod.ko"), "-g", "-c")
    code, made = listing("mod", BASE), kernel(tmp_path, tmp_path / "none")
    same = compiled(tmp_path, "same.ko", "-c")
    assert line(sourced(code, SYMBOLS, made, lambda name: same)) == "f.c:2"
    other = compiled(tmp_path, "other.ko", "-c", "-O2")
    assert sourced(code, SYMBOLS, made, lambda name: other) == code


def test_a_vmlinux_of_the_same_addresses(tmp_path: Path) -> None:
    vmlinux = tmp_path / "vmlinux"
    start = start_of(compiled(tmp_path, str(vmlinux), "-g", "-shared"))
    made = kernel(tmp_path, vmlinux)
    code, elsewhere = listing(KERNEL, start), listing(KERNEL, start + 16)
    assert line(sourced(code, SYMBOLS, made, lambda name: None)) == "f.c:2"
    assert sourced(elsewhere, SYMBOLS, made, lambda name: None) == elsewhere
