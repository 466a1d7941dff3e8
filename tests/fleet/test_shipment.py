# SPDX-License-Identifier: MIT
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.fleet.shipment import Damaged, Shipment, kernel, shipment

SAID = {
    "spec": "tree:linux@HEAD", "version": "6.12-1", "name": "6.12-1", "release": "6.12.0",
    "content": "0123", "told": {"kbench_kernel_commit": "abc"},
}  # fmt: skip
FILES = {"vmlinuz": b"kernel", "modules/kvm.ko": b"kvm", "modules/irqbypass.ko": b"irq"}


def test_a_kernel_arrives_as_it_was(root: Path) -> None:
    sent: Shipment = pickle.loads(pickle.dumps(shipment(SAID, FILES)))
    sent.check()
    found = kernel(sent, print)
    assert found.vmlinuz.read_bytes() == b"kernel"
    assert found.module("kvm").read_bytes() == b"kvm"
    assert (found.version, found.content) == ("6.12-1", "0123")
    assert found.facts == {"kbench_kernel_commit": "abc"}
    with pytest.raises(KbenchError, match="came without its headers"):
        found.tree(print)


def test_what_came_before_is_not_written_again(root: Path) -> None:
    first = kernel(shipment(SAID, FILES), print).vmlinuz.stat()
    again = kernel(shipment(SAID, dict(reversed(FILES.items()))), print).vmlinuz.stat()
    assert (first.st_ino, first.st_mtime_ns) == (again.st_ino, again.st_mtime_ns)


def test_a_damaged_one_is_refused() -> None:
    sent = shipment(SAID, FILES)
    for damaged in (
        replace(sent, files=(*sent.files[:-1], ("vmlinuz", b"kernex"))),
        replace(sent, said=sent.said.replace("0123", "0124")),
    ):
        with pytest.raises(Damaged):
            damaged.check()
