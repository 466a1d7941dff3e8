# SPDX-License-Identifier: MIT
"""The files that a lab's code comes from, as they lie here: with the symbols that it lacks."""

import re
from functools import cache
from pathlib import Path

import kbench
from kbench.kernels import modinfo
from kbench.kernels.errors import KernelError
from kbench.lab.image.initramfs import DYNAMIC
from kbench.lab.labs import Lab

INJECTED = "/kbench/"


class LabFiles:
    """The content of modules ("kvm_amd.ko") and of mapped files of `lab`, by their paths in it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def __call__(self, name: str) -> bytes | None:
        """None where the file is not here."""
        if name.endswith(".ko"):
            return self._module(name.removesuffix(".ko"))
        path = here(name)
        return path.read_bytes() if path else None

    def _module(self, name: str) -> bytes | None:
        loaded = {each.replace("-", "_"): data for each, data in self._lab.modules.items()}
        if name in loaded:
            return loaded[name]
        try:
            return modinfo.content(self._lab.snapshot.kernel, name)
        except KernelError:
            return None


def here(path: str) -> Path | None:
    """The file of this machine that the lab has at `path`: kbench's, Python's or a library."""
    if path.startswith(INJECTED):
        return Path(kbench.__file__).parents[1] / path.removeprefix(INJECTED)
    dynamic = DYNAMIC / Path(path).name
    if dynamic.exists():
        return dynamic
    return _mapped_here().get(Path(path).name)


@cache
def _mapped_here() -> dict[str, Path]:
    """The files that this process maps, by name: the lab has this interpreter and its libraries."""
    lines = Path("/proc/self/maps").read_text()
    return {Path(path).name: Path(path) for path in re.findall(r" (/\S+)$", lines, re.MULTILINE)}
