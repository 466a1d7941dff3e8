# SPDX-License-Identifier: MIT
"""The live module: the extension's probes for an unmodified KVM, built against headers."""

import shutil
import tempfile
from pathlib import Path

from kbench.kernels import cache
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import KernelTree
from kbench.kmod import modules, variants

NAME = "kvm-kbench-live"
MAKEFILE = """\
obj-m := kvm-kbench-live.o
kvm-kbench-live-y := {objects}
ccflags-y += -I$(src)
"""


def files() -> dict[str, bytes]:
    """What the module is built from, by name: its C files, the shared headers, a Makefile."""
    below = variants.directory()
    own = sorted((below / "live").glob("*.[ch]"))
    shared = [below / "include" / "kvm_kbench.h", below / "src" / "run_bytes.h"]
    found = {path.name: path.read_bytes() for path in (*own, *shared)}
    objects = " ".join(path.with_suffix(".o").name for path in own if path.suffix == ".c")
    return {**found, "Makefile": MAKEFILE.format(objects=objects).encode()}


def build(tree: KernelTree, progress: Progress) -> Path:
    """kvm-kbench-live.ko for the kernel of `tree`. Raises as modules.build() does."""
    content = files()

    def make(work: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="kbench-live-") as scratch:
            for name, data in content.items():
                (Path(scratch) / name).write_bytes(data)
            progress(f"building {NAME} for {tree.kernel.release}")
            modules.make(tree, Path(scratch))
            shutil.copyfile(Path(scratch) / f"{NAME}.ko", work / f"{NAME}.ko")

    parts = [part for name, data in sorted(content.items()) for part in (name, data)]
    key = cache.digest(modules.RECIPE, tree.key, *parts)
    return cache.entry("kvm-live", f"{tree.kernel.name}-{key}", make, progress) / f"{NAME}.ko"
