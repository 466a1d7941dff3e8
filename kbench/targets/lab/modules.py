# SPDX-License-Identifier: MIT
"""KVM modules for the lab: every variant built out of tree and cached by its content.

The build runs against stock linux-headers; unchanged sources give modules whose
.text is identical to the distribution's, so what a variant measures
differs from stock by the variant alone.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kbench.targets.lab import cache, elf, kvm_hooks, kvm_series, kvm_source
from kbench.targets.lab.cache import Progress
from kbench.targets.lab.errors import LabError
from kbench.targets.lab.packages import KernelTree
from kbench.targets.lab.pins import Pin

NAMES = ("kvm", "kvm-amd", "kvm-intel")
BUILD_SECONDS = 1800
# Debian's modules are built with debug information and BTF, which change no code;
# BTF would need the debug package's vmlinux.
OPTIONS = ("CONFIG_DEBUG_INFO=", "CONFIG_DEBUG_INFO_BTF_MODULES=")
# Changes when the way of building does.
RECIPE = "1"


@dataclass(frozen=True)
class ModuleSet:
    """The built modules of one variant for one kernel; `key` identifies their content."""

    variant: str
    release: str
    key: str
    directory: Path

    def path(self, name: str) -> Path:
        """The file of module `name`, one of NAMES."""
        return self.directory / f"{name}.ko"


def build(tree: KernelTree, name: str, progress: Progress) -> ModuleSet:
    """The modules of the variant `name` of the extension, or of `stock`.

    Errors: LabError (unknown variant, a hook that does not land, a compiler error), NoSpace.
    """
    variant = kvm_series.variant(name)
    series = kvm_series.digest() if variant.mechanisms else ""

    def prepare(work: Path) -> None:
        kvm_source.copy(kvm_source.pristine(tree, progress), work)
        kvm_hooks.apply(work, variant)

    return _built(tree, name, (series, name), prepare, progress)


def build_source(tree: KernelTree, source: Path, progress: Progress) -> ModuleSet:
    """The modules of a user's own kernel source tree (its KVM part). Errors: as build()."""

    def prepare(work: Path) -> None:
        kvm_source.copy(source, work)

    with tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch:
        prepare(Path(scratch))
        content = tree_digest(Path(scratch))
    return _built(tree, f"source-{content[:8]}", (content,), prepare, progress)


def build_patched(
    tree: KernelTree, patches: list[Path], name: str, progress: Progress
) -> ModuleSet:
    """The modules of the variant `name` with a user's patches on top. Errors: as build()."""
    variant = kvm_series.variant(name)
    contents = [kvm_source.read_patch(patch) for patch in patches]
    series = kvm_series.digest() if variant.mechanisms else ""
    label = f"{name}+{cache.digest(*contents)[:8]}"

    def prepare(work: Path) -> None:
        kvm_source.copy(kvm_source.pristine(tree, progress), work)
        kvm_source.patch(work, patches)
        kvm_hooks.apply(work, variant)

    return _built(tree, label, (series, name, *contents), prepare, progress)


def made(pin: Pin, label: str) -> ModuleSet:
    """The latest modules that build_source() or build_patched() made for `pin` as `label`.

    Errors: LabError when there are none.
    """
    places = (cache.root() / "kvm-modules").glob(f"{pin.release}-{label}-{'?' * 16}")
    found = sorted(places, key=lambda place: place.stat().st_mtime)
    if not found or not cache.intact(found[-1]):
        raise LabError(
            f"no modules {label!r} for {pin.release} are built: "
            f"kbench kvm build --kernel {pin.name} with --patch or --source says their name"
        )
    return ModuleSet(label, pin.release, found[-1].name[-16:], found[-1])


def tree_digest(tree: Path) -> str:
    """A digest over the names and contents of all files below `tree`."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    return cache.digest(
        *(part for path in files for part in (str(path.relative_to(tree)), path.read_bytes()))
    )


def _built(
    tree: KernelTree,
    name: str,
    content: tuple[str, ...],
    prepare: Callable[[Path], None],
    progress: Progress,
) -> ModuleSet:
    key = cache.digest(RECIPE, tree.pin.key, *OPTIONS, *content)

    def build(work: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch:
            prepare(Path(scratch))
            kvm_source.relocate(Path(scratch))
            progress(f"building KVM {name} for {tree.pin.release}")
            make(tree, Path(scratch) / "arch/x86/kvm")
            for module in NAMES:
                built = Path(scratch) / f"arch/x86/kvm/{module}.ko"
                data = elf.stripped(built.read_bytes(), "--strip-debug")
                (work / built.name).write_bytes(data)

    place = cache.entry("kvm-modules", f"{tree.pin.release}-{name}-{key}", build, progress)
    return ModuleSet(variant=name, release=tree.pin.release, key=key, directory=place)


def make(tree: KernelTree, directory: Path) -> None:
    """Run kbuild on an external module directory. Errors: LabError with the compiler's words."""
    jobs = len(os.sched_getaffinity(0))
    command = ["make", f"-j{jobs}", "-C", str(tree.headers), f"M={directory}", *OPTIONS, "modules"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS)
    except FileNotFoundError as error:
        raise LabError("make is not here: install build-essential, gcc-12, flex, bison") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"the build did not end within {BUILD_SECONDS} s") from error
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "warning" not in line]
        raise LabError("the modules do not build", "\n".join(errors) or done.stdout)
