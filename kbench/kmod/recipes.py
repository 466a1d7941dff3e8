# SPDX-License-Identifier: MIT
"""What KVM modules are made of: a variant of the extension, a user's patches, a user's tree."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import cache
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import KernelTree
from kbench.kmod import hooks, sources, variants


@dataclass(frozen=True)
class Recipe:
    """`prepare` writes KVM's sources into a directory; equal `content` means equal sources."""

    label: str
    content: tuple[str, ...]
    prepare: Callable[[Path], None]


def variant(tree: KernelTree, name: str, progress: Progress) -> Recipe:
    """A variant of the extension, or `stock`. Raises as patched() does."""
    return patched(tree, [], name, progress)


def patched(tree: KernelTree, patches: list[Path], name: str, progress: Progress) -> Recipe:
    """The variant `name` with a user's patches below it.

    Raises KernelError for an unknown variant and when a patch cannot be read; prepare() raises it
    for a patch that does not apply and for a hook that does not land.
    """
    chosen = variants.variant(name)
    contents = [sources.read_patch(patch) for patch in patches]
    series = variants.digest() if chosen.mechanisms else ""

    def prepare(work: Path) -> None:
        if patches or not chosen.mechanisms:
            sources.copy(sources.pristine(tree, progress), work)
            sources.patch(work, patches)
            hooks.apply(work, chosen)
        else:
            sources.copy(hooked(tree, progress), work)
            hooks.select(work, chosen)

    label = f"{name}+{cache.digest(*contents)[:8]}" if patches else name
    return Recipe(label, (series, name, *contents), prepare)


def hooked(tree: KernelTree, progress: Progress) -> Path:
    """The kernel's KVM sources with the hooks in them, cached: spatch takes its time."""

    def build(work: Path) -> None:
        progress(f"putting the hooks into the KVM of {tree.kernel.version}")
        sources.copy(sources.pristine(tree, progress), work)
        hooks.hook(work)

    key = cache.digest(tree.source.digest, variants.digest())
    return cache.entry("kernel-kvm-hooked", key, build, progress)


def source(directory: Path) -> Recipe:
    """KVM's part of a user's own kernel tree. Raises KernelError when there is none."""

    def prepare(work: Path) -> None:
        sources.copy(directory, work)

    with tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch:
        prepare(Path(scratch))
        content = tree_digest(Path(scratch))
    return Recipe(f"source-{content[:8]}", (content,), prepare)


def tree_digest(tree: Path) -> str:
    """A digest over the names and contents of all files below `tree`."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    return cache.digest(
        *(part for path in files for part in (str(path.relative_to(tree)), path.read_bytes()))
    )
