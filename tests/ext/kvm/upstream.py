# SPDX-License-Identifier: MIT
"""The modules of stock KVM with the first patches of a series, and the numbers of its user ABI."""

import re
import tempfile
from pathlib import Path

from kbench.kernels.kernel import KernelTree
from kbench.kmod import mail, modules, recipes, series
from kbench.kmod.recipes import Recipe
from kbench.lab.image import payload
from kbench.lab.vm.machines import SVM

NUMBER = re.compile(r"^\+#define (KVM_\w+)\s+(\d+)$", re.M)


def recipe(tree: KernelTree, mechanism: str, count: int) -> Recipe:
    """Stock KVM and the first `count` patches; the documentation is not built."""
    patches = series.patches(mechanism)[:count]

    def prepare(work: Path) -> None:
        recipes.variant(tree, "stock", print).prepare(work)
        (work / mail.API).parent.mkdir(parents=True)
        (work / mail.API).write_text(mail.api(tree, print).read_text())
        for patch in patches:
            patch.apply(work)

    return Recipe(f"{mechanism}-{count}", tuple(map(repr, patches)), prepare)


def built(tree: KernelTree, mechanism: str, count: int) -> dict[str, bytes]:
    """The modules of recipe(), by name, in the order of loading."""
    made = modules.build(tree, recipe(tree, mechanism, count), print)
    return {name: payload.module(made.path(name).read_bytes()) for name in SVM.modules}


def numbers(tree: KernelTree, mechanism: str) -> dict[str, int]:
    """What the series calls its capabilities and exits, by name; the kernel decides."""
    with tempfile.TemporaryDirectory() as scratch:
        text = "".join(mail.mails(tree, mechanism, Path(scratch), print))
    return {name: int(number) for name, number in NUMBER.findall(text)}
