# SPDX-License-Identifier: MIT
"""Write the C source of kbench._abi (cffi, API mode).

usage: build_abi.py KVM_CDEF NEWER_H ABI_H KVM_KBENCH_H OUTPUT -- CC...

kvm.cdef declares the structs. The names of the constants come from what the compiler
finds in <linux/kvm.h>, so kbench knows every capability of the kernel headers that it
is built with. abi.h is shared with the guests.
"""

import re
import subprocess
import sys
from pathlib import Path

from cffi import FFI

CONSTANTS = re.compile(
    r"^#define ((?:KVM_(?:CAP|EXIT|MP_STATE|GUESTDBG|STATS|IRQ_ROUTING|IRQCHIP|IRQFD_FLAG"
    r"|IOEVENTFD_FLAG|MSR_EXIT_REASON|MSR_FILTER|MEM|X86_DISABLE_EXITS|X86_QUIRK|VCPU_TSC"
    r"|KBENCH|RUN_KBENCH)"
    r"|KB)_\w+) +[^\"]",
    re.MULTILINE,
)
# Names of this form that are no integer constants, or belong to another architecture.
NOT_INTEGERS = re.compile(r"_FLAG_nr_|_MAX_SIZE$|KVM_CAP_ARM|KVM_CAP_PPC|KVM_CAP_S390")

SOURCE = """
#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>
#include "newer.h"
#include "abi.h"
#include "kvm_kbench.h"

static int kb_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument);
}
"""


def macros(cc: list[str], headers: list[Path]) -> set[str]:
    """The names of the integer constants that these headers define."""
    includes = [word for header in headers for word in ("-include", str(header))]
    output = subprocess.run(
        [*cc, "-E", "-dM", *includes, "-x", "c", "/dev/null"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return {name for name in CONSTANTS.findall(output) if not NOT_INTEGERS.search(name)}


def guest_structs(header: Path) -> str:
    """The struct declarations of abi.h, which cffi parses unchanged."""
    return "\n".join(re.findall(r"^struct \w+ \{.*?^\};", header.read_text(), re.M | re.S))


def main() -> None:
    split = sys.argv.index("--")
    cdef, newer, abi, extension, output = map(Path, sys.argv[1:split])
    cc = sys.argv[split + 1 :]
    ffi = FFI()
    ffi.cdef(cdef.read_text() + guest_structs(abi))
    ffi.cdef(
        "\n".join(f"#define {name} ..." for name in sorted(macros(cc, [newer, abi, extension])))
    )
    ffi.set_source("kbench._abi", SOURCE)
    ffi.emit_c_code(str(output))


if __name__ == "__main__":
    main()
