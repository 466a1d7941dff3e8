# SPDX-License-Identifier: MIT
"""KVM's own part of a kernel source, as a tree that builds against stock headers.

`arch/x86/kvm` and `virt/kvm` with the KVM headers that they may change, and a
Makefile that takes from this tree what it took from the kernel's: nothing
else of the kernel is needed to build kvm.ko, kvm-amd.ko and kvm-intel.ko.
"""

import shutil
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import read_regular
from kbench.kernels import cache, tools
from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import KernelTree

# What a change of KVM may touch. The headers shadow those of linux-headers.
DIRECTORIES = ("arch/x86/kvm", "virt/kvm", "include/kvm")
HEADERS = (
    "include/linux/kvm*.h",
    "include/trace/events/kvm.h",
    "include/uapi/linux/kvm*.h",
    "arch/x86/include/asm/kvm*.h",
    "arch/x86/include/uapi/asm/kvm*.h",
)
# What is taken of an unchanged kernel: its include/kvm is in the headers.
PARTS = (*DIRECTORIES[:2], *HEADERS)
SHADOWS = ("arch/x86/include", "arch/x86/include/uapi", "include", "include/uapi")
MAKEFILE = Path("arch/x86/kvm/Makefile")
TOOL_SECONDS = 600
PATCH_BYTES = 64 << 20


def pristine(tree: KernelTree, progress: Progress) -> Path:
    """The unchanged KVM sources of `tree`'s kernel, cached. Raises as cache.entry() does."""

    def build(work: Path) -> None:
        progress(f"extracting KVM from the source of {tree.kernel.version}")
        tree.source.extract(PARTS, work)

    return cache.entry("kernel-kvm", cache.digest(tree.source.digest), build, progress)


def copy(source: Path, into: Path) -> None:
    """Copy KVM's part of the kernel tree `source` to `into`, writable.

    Raises KernelError when `source` holds no KVM.
    """
    if not (source / MAKEFILE).is_file():
        raise KernelError(f"{source} is no kernel source: it has no {MAKEFILE}")
    for name in DIRECTORIES:
        if (source / name).is_dir():
            ignore = shutil.ignore_patterns("*.o", "*.ko", "*.cmd", "*.mod", "*.mod.c")
            shutil.copytree(source / name, into / name, ignore=ignore)
    for pattern in HEADERS:
        for header in source.glob(pattern):
            target = into / header.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(header, target)


def patch(tree: Path, patches: list[Path]) -> None:
    """Apply unified diffs (-p1, no fuzz) to the KVM sources below `tree`.

    Raises KernelError, which names the patch, when it does not apply or leaves KVM's part.
    """
    for file in patches:
        for name in _touched(file):
            path = Path(name)
            if ".." in path.parts or not _ours(path):
                raise KernelError(
                    f"{file}: {name} is not part of the KVM modules: --source DIR "
                    "takes a whole tree, but other parts of it are not rebuilt"
                )
        command = ["patch", "--batch", "--forward", "--fuzz=0", "-p1", f"--directory={tree}"]
        tools.run(
            [*command, f"--input={file.resolve()}"],
            TOOL_SECONDS,
            what=f"{file} does not apply to this kernel",
        )


def read_patch(file: Path) -> str:
    """The text of a patch. Raises KernelError when it cannot be read."""
    try:
        return read_regular(file, PATCH_BYTES).decode(errors="replace")
    except KbenchError as error:
        raise KernelError(f"no patch: {error}") from error


def relocate(tree: Path) -> None:
    """Make the Makefile of `tree` take everything of KVM's from `tree`.

    Kbuild runs with $(srctree) at linux-headers, which have no KVM sources.
    LINUXINCLUDE is searched before the headers' own directories: this is how
    a changed uapi header is found, in an external build as well.
    """
    path = tree / MAKEFILE
    lines = [
        "KVMTOP := $(abspath $(src)/../../..)",
        path.read_text().replace("$(srctree)/", "$(KVMTOP)/"),
    ]
    include = " ".join(f"-I$(KVMTOP)/{name}" for name in SHADOWS)
    lines.append(f"LINUXINCLUDE := {include} $(LINUXINCLUDE)")
    lines.append("ccflags-y += -I $(KVMTOP)/arch/x86/kvm -I $(KVMTOP)/include/trace")
    path.write_text("\n".join(lines) + "\n")


def _ours(path: Path) -> bool:
    return any(path.is_relative_to(name) for name in DIRECTORIES) or any(
        path.match(pattern) for pattern in HEADERS
    )


def _touched(file: Path) -> set[str]:
    """The files that a unified diff changes, without the leading a/ or b/."""
    lines = read_patch(file).splitlines()
    names = {line[4:].split("\t")[0].strip() for line in lines if line.startswith(("+++ ", "--- "))}
    names.discard("/dev/null")
    if not names:
        raise KernelError(f"{file} is not a unified diff")
    return {name.split("/", 1)[-1] for name in names}
