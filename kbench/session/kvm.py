# SPDX-License-Identifier: MIT
"""What `kbench kvm` does: build variants of the KVM modules, show them, carry them."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kbench.errors import KbenchError
from kbench.kernels.debian import DEFAULT
from kbench.kmod import (
    compiler,
    dkms,
    hooks,
    live,
    mail,
    modules,
    recipes,
    series,
    sources,
    text,
    variants,
)  # fmt: skip
from kbench.present.table import Table, words
from kbench.present.text import table_lines
from kbench.session.progress import say


def build(
    variant: str,
    kernel: str | None,
    source: Path | None,
    patches: Sequence[Path],
    name: str | None = None,
) -> Iterator[str]:
    """Build kvm.ko, kvm-amd.ko and kvm-intel.ko; yield what was built, then each file.

    Of a variant with `patches`, or of the kernel tree `source`, for `kernel`: without one for the
    tree's own, or Debian's. Raises KbenchError for an unknown name before anything is fetched,
    and for what cannot be built.
    """
    kernel = kernel or _own_kernel(source)
    groups = variants.variant(variant).needs
    if source is not None and (patches or variant != variants.STOCK):
        raise KbenchError("--source builds that tree as it is: leave out --variant and --patch")
    if name:
        _require_free(name, users=bool(source or patches))
    # A tree that is none is refused before anything is fetched, too.
    given = recipes.source(source) if source else None
    tree = compiler.tree(kernel, groups, say)
    recipe = given or recipes.patched(tree, list(patches), variant, say)
    if name:
        recipe = replace(recipe, label=name)
    built = modules.build(tree, recipe, say)
    yield f"{built.variant} for {built.release}, key {built.key}"
    here, kernels = compiler.version(tree.compiler), compiler.kernels_version(tree.headers)
    if here != kernels:
        yield f"compiled by {here}, the kernel by {kernels}"
    intel = modules.build_intel(tree, recipe, say)
    for path in (*(built.path(name) for name in modules.NAMES), intel):
        same = text.identical(path, tree.kernel.module(path.stem))
        yield f"{path}  .text {'identical to' if same else 'differs from'} the kernel's own"
    if built.variant != variants.STOCK:
        where = f" --kernel {kernel}" if kernel != DEFAULT else ""
        base = variant if patches else variants.STOCK
        say(f"next: kbench gate --ab {base} {built.variant} exit floor --margin 0{where}")


def _own_kernel(source: Path | None) -> str:
    """The kernel of the last commit of `source` where that is a git tree, Debian's otherwise.

    KVM's files hardly compile against the headers of another version.
    """
    if not source or not (source / ".git").exists():
        return DEFAULT
    if re.search("[@,]", str(source)):
        raise KbenchError(f"--source {source}: a path with @ or , names no tree: give --kernel")
    return f"tree:{source}"


def _require_free(name: str, *, users: bool) -> None:
    """Raise KbenchError unless a user's build may be called `name`."""
    if not users:
        raise KbenchError("--name is for what --patch or --source makes: variants have names")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.]*", name):
        raise KbenchError(f"--name {name!r}: lower-case letters, digits, _ and . make a name")
    if name in (one.name for one in variants.variants()):
        raise KbenchError(f"--name {name}: that is a variant of the extension")


def diff(variant: str, kernel: str) -> str:
    """A mechanism as a series in upstream's form where there is one, in mails for git am(1).

    Of any other variant what it changes in KVM's sources, as a unified diff. `variant` is a name,
    or a mechanism's number.
    """
    chosen = variants.named(variant)
    tree = compiler.tree(kernel, chosen.needs, say)
    with tempfile.TemporaryDirectory(prefix="kbench-kvm-") as scratch:
        if chosen.name in series.names():
            return "".join(mail.mails(tree, chosen.name, Path(scratch), say))
        before, after = Path(scratch) / "a", Path(scratch) / "b"
        for place in (before, after):
            sources.copy(sources.pristine(tree, say), place)
        hooks.apply(after, chosen)
        return hooks.diff(before, after)


def info(width: int) -> str:
    """The mechanisms, then the variants and what each contains."""
    mechanisms = Table(
        words("", "mechanism", "what it does", "proposed by"),
        tuple((one.label, one.name, one.title, one.mail) for one in variants.mechanisms()),
        f"series {variants.digest()} in {variants.directory()}",
    )
    made = Table(
        words("variant", "capability", "mechanisms"),
        tuple(
            (one.name, f"{one.bits:#06x}", " ".join(part.label for part in one.mechanisms) or "-")
            for one in variants.variants()
        ),
    )
    built = Table(
        words("built of patches and trees", "for", "key"),
        tuple((one.variant, one.release, one.key) for one in modules.users()),
    )
    shown = [mechanisms, made, *([built] if built.rows else [])]
    return "\n\n".join("\n".join(table_lines(one, width)) for one in shown) + "\n"


def live_module(kernel: str) -> Path:
    """The live module, built against the stock headers of `kernel`."""
    return live.build(compiler.tree(kernel, (), say), say)


def dkms_source(directory: Path, variant: str, kernel: str) -> Path:
    """A DKMS source directory of a variant, written below `directory`."""
    tree = compiler.tree(kernel, variants.variant(variant).needs, say)
    return dkms.write(tree, variant, directory, say)
