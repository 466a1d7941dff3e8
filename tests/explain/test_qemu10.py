# SPDX-License-Identifier: MIT
"""In the lab under QEMU 10, whose plugins have another interface than those of 7.2.

`PATH=DIRECTORY:$PATH` names a QEMU that is not the installed one.
"""

import pytest

from kbench.explain.explain import EventChoice, Explainer
from kbench.explain.tree import GUEST, walk
from kbench.lab.labs import Lab

pytestmark = pytest.mark.lab
NEWER = 10


@pytest.fixture(scope="module")
def explainer(lab: Lab) -> Explainer:
    version = lab.snapshot.emulator.version
    if int(version.partition(".")[0]) < NEWER:
        pytest.skip(f"QEMU here is {version}")
    return Explainer(lab, print)


@pytest.mark.parametrize(
    ("name", "through"),
    [
        ("exit.pio_out", "io_interception"),
        ("inkernel.cpuid", "kvm_emulate_cpuid"),
        ("wake.irqfd@hlt", "kvm_vcpu_halt"),
    ],
)
def test_the_tree_adds_up(explainer: Explainer, name: str, through: str) -> None:
    found = explainer.explain(name, EventChoice())
    nodes = [path[-1] for root in found.roots for path in walk(root)]
    assert sum(node.own for node in nodes) == found.count
    assert any(node.how == GUEST for node in nodes)
    assert through in {node.function.name for node in nodes}
