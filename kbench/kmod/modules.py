# SPDX-License-Identifier: MIT
"""KVM modules built out of tree and cached by their content.

The build runs against stock linux-headers; unchanged sources give modules whose
.text is identical to the distribution's, so what a variant measures
differs from stock by the variant alone.
"""

import glob
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import cache, elf, tools
from kbench.kernels.cache import Progress
from kbench.kernels.confine import confined
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import Kernel, KernelTree
from kbench.kmod import builddir, compiler, sources, variants
from kbench.kmod.recipes import Recipe

# The lab's CPU is an AMD: kvm-intel is built apart, where somebody asks for it.
NAMES = ("kvm", "kvm-amd")
INTEL = "kvm-intel"
SYMBOLS = "Module.symvers"
BUILD_SECONDS = 1800
# Debian's modules are built with debug information and BTF, which change no code;
# BTF would need the debug package's vmlinux.
OPTIONS = ("CONFIG_DEBUG_INFO=", "CONFIG_DEBUG_INFO_BTF_MODULES=")
# Changes when the way of building does.
RECIPE = "2"


@dataclass(frozen=True)
class ModuleSet:
    """kvm.ko and kvm-amd.ko of one recipe for one kernel; `key` identifies their content."""

    variant: str
    release: str
    key: str
    directory: Path

    def path(self, name: str) -> Path:
        """The file of module `name`, one of NAMES."""
        return self.directory / f"{name}.ko"


def build(tree: KernelTree, recipe: Recipe, progress: Progress) -> ModuleSet:
    """The modules of NAMES.

    Raises KernelError when they do not compile, and as recipe.prepare() and cache.entry() do.
    """
    key = cache.digest(RECIPE, tree.key, *OPTIONS, *recipe.content)

    def fill(work: Path) -> None:
        progress(f"building KVM {recipe.label} for {tree.kernel.version}")
        _build(tree, recipe, NAMES, ["CONFIG_KVM_INTEL="], work)

    name = f"{tree.kernel.name}-{recipe.label}-{key}"
    place = cache.entry("kvm-modules", name, fill, progress)
    return ModuleSet(variant=recipe.label, release=tree.kernel.release, key=key, directory=place)


def build_intel(tree: KernelTree, recipe: Recipe, progress: Progress) -> Path:
    """kvm-intel.ko for the kvm.ko of build(). Raises as build() does."""
    built = build(tree, recipe, progress)
    # Makes nothing of kvm.ko again: its exports are known.
    options = ["CONFIG_KVM=", "CONFIG_KVM_X86=", "CONFIG_KVM_AMD="]
    options.append(f"KBUILD_EXTRA_SYMBOLS={built.directory / SYMBOLS}")

    def fill(work: Path) -> None:
        progress(f"building {INTEL} {recipe.label} for {tree.kernel.version}")
        _build(tree, recipe, (INTEL,), options, work)

    place = cache.entry("kvm-intel", built.directory.name, fill, progress)
    return place / f"{INTEL}.ko"


def users() -> list[ModuleSet]:
    """What users' patches and trees were built to: all in the cache that are no variants."""
    names = {one.name for one in variants.variants()}
    found = []
    for place in sorted((cache.root() / "kvm-modules").glob(f"*-{'?' * 16}")):
        # Its name is KERNEL-LABEL-KEY: a label has no "-" but that of source-DIGEST.
        kernel, label, key = place.name.rsplit("-", 2)
        if kernel.endswith("-source"):
            kernel, label = kernel.removesuffix("-source"), f"source-{label}"
        if label not in names and not kernel.endswith(tuple(f"-{name}" for name in names)):
            found.append(ModuleSet(label, kernel, key, place))
    return found


def made(kernel: Kernel, label: str) -> ModuleSet:
    """The latest modules that a user's patch or tree was built to, for `kernel`, as `label`.

    Raises KernelError when there are none.
    """
    places = (cache.root() / "kvm-modules").glob(f"{kernel.name}-{glob.escape(label)}-{'?' * 16}")
    found = sorted(places, key=lambda place: place.stat().st_mtime)
    if not found or not cache.intact(found[-1]):
        raise KernelError(
            f"no modules {label!r} for {kernel.version} are built: "
            f"kbench kvm build --kernel {kernel.spec} with --patch or --source says their name"
        )
    return ModuleSet(label, kernel.release, found[-1].name[-16:], found[-1])


def _build(
    tree: KernelTree, recipe: Recipe, names: Sequence[str], options: Sequence[str], into: Path
) -> None:
    """Build `names`; `into` gets them and what they export."""
    with (
        tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch,
        builddir.directory(tree) as place,
    ):
        recipe.prepare(Path(scratch))
        sources.relocate(Path(scratch))
        builddir.refresh(place.path, Path(scratch))
        below = place.path / "arch/x86/kvm"
        make(tree, below, options, writable=place.path, held=(place.lock,))
        for name in names:
            built = below / f"{name}.ko"
            if not built.exists():
                raise KernelError(f"the configuration of {tree.kernel.version} has no {name}")
            (into / f"{name}.ko").write_bytes(elf.stripped(built.read_bytes(), "--strip-debug"))
        shutil.copyfile(below / SYMBOLS, into / SYMBOLS)


def make(
    tree: KernelTree,
    directory: Path,
    options: Sequence[str] = (),
    *,
    writable: Path | None = None,
    held: Sequence[int] = (),
) -> None:
    """Run kbuild on an external module directory; `held`: as for tools.run().

    Only `writable` can be written where bubblewrap works: `directory` itself by default.

    Raises ProgramsMissing, and KernelError with the compiler's messages when the modules do
    not build.
    """
    compiler.require(tree)
    for path in (directory, tree.headers):
        compiler.require_path(path)
    jobs = len(os.sched_getaffinity(0))
    command = ["make", f"-j{jobs}", "-C", str(tree.headers), f"M={directory}"]
    command += [*OPTIONS, *options, "modules"]
    # The sources may be anybody's: a patch can change a Makefile, which runs what it likes.
    # Headers that are a build with O= include the Makefile of the sources that they link to.
    readable = [cache.root(), tree.headers, *filter(Path.exists, [tree.headers / "source"])]
    command = confined(command, [writable or directory], readable)
    tools.run(command, BUILD_SECONDS, what="the modules do not build", held=held)
