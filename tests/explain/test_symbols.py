# SPDX-License-Identifier: MIT
"""Addresses to functions: real ELF files, and a lab's texts made by hand."""

from pathlib import Path

import pytest

from kbench._native import exits
from kbench.explain import elf
from kbench.explain.symbols import Function, Symbols, plain, short

NATIVE = exits.__file__
KALLSYMS = """\
ffffffff81000000 T _stext
ffffffff81000100 T __ia32_sys_getppid
ffffffff81000100 T __x64_sys_getppid
ffffffff81000200 t schedule.cold
ffffffff81000300 t entry_SYSCALL_64_after_hwframe
"""


def symbols(maps: str = "", path: str = "") -> Symbols:
    texts = {"kallsyms": KALLSYMS, "sections": "", "maps": maps}
    data = Path(path or NATIVE).read_bytes()
    return Symbols(texts, lambda name: data)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("__pyx_pw_6kbench_7_native_5exits_1round_trips", "round_trips"),
        ("__pyx_f_6kbench_7_native_7batches_enter", "enter"),
        ("kvm_vcpu_ioctl.cold", "kvm_vcpu_ioctl"),
        ("kvm_vcpu_ioctl.cold.12", "kvm_vcpu_ioctl"),
        ("set_msr.isra.0", "set_msr.isra.0"),
        ("syscall_return_via_sysret", "entry_SYSCALL_64"),
    ],
)
def test_names_are_those_of_the_source(name: str, source: str) -> None:
    assert plain(name) == source


def test_kernel_functions_end_at_the_next() -> None:
    at = symbols().at
    assert at(0xFFFFFFFF81000104) == (Function("__x64_sys_getppid", "kernel"), 4)
    assert at(0xFFFFFFFF81000210) == (Function("schedule", "kernel"), 0x10)
    assert at(0xFFFFFFFFC0001000)[0] == Function("?", "module")


def test_a_mapped_file_has_its_own_names() -> None:
    data = Path(NATIVE).read_bytes()
    wanted = next(each for each in elf.functions(data) if "round_trips" in each.name)
    path = "/kbench/kbench/_native/exits.cpython-311.so"
    base = 0x7FFFF0000000
    # As the loader maps it: the text segment at its own address, with its offset in the file.
    offset = 0x1000
    maps = f"{base + offset:x}-{base + 0x100000:x} r-xp {offset:08x} 00:02 1    {path}\n"
    found, inside = symbols(maps).at(base + wanted.value - elf.loaded_at(data, wanted.value) + 5)
    assert (found, inside) == (Function("round_trips", "exits"), 5)
    assert symbols(maps).path(base + offset) == path
    assert symbols(maps).at(0x1234)[0].name == "?"


def test_short_names_of_files() -> None:
    assert [short("/lib/libc.so.6"), short("/usr/bin/python3")] == ["libc", "python3"]
