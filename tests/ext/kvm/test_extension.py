# SPDX-License-Identifier: MIT
"""The extension's selftests, run in the lab: one test here for each of a variant's messages."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(shutil.which("spatch") is None, reason="coccinelle is not installed"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
# Taint bits of Documentation/admin-guide/tainted-kernels.rst: out of tree, unsigned.
EXPECTED_TAINT = 1 << 12 | 1 << 13
# What the live module does as the hooked build does; the others it says it does not.
LIVE = (
    "quirk",
    "exits.test_hlt",
    "exits.test_halted",
    "exits.test_mwait",
    "exits.test_race_with_the_timer",
    "mwait_yield",
    "every_entry",
    "halted_vcpu_becomes",
    "race_poll",
    "race_epoll",
)


def check(messages: dict[str, dict[str, Any]], wanted: set[str]) -> None:
    """Every test passed, the tests of `wanted` suites ran, the kernel has nothing to say."""
    failed = [f"{name}: {message['result']}" for name, message in messages.items()]
    failed = [line for line, message in zip(failed, messages.values(), strict=True)
              if message["result"]]  # fmt: skip
    assert not failed, "\n".join(failed)
    ran = {name.split(".")[0] for name in messages if "." in name}
    assert wanted <= ran, f"expected {wanted}, ran {ran}"
    assert messages["taint"]["taint"] & ~EXPECTED_TAINT == 0, messages["taint"]


@pytest.mark.selftest
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_all(kernel: str, tmp_path: Path) -> None:
    from kbench.targets.lab import kvm_series

    messages = lab.run(kernel, "all", tmp_path)
    mechanisms = kvm_series.variant("all").mechanisms
    check(messages, {"quirk", *(mechanism.name for mechanism in mechanisms)})
    assert messages["capability"]["bits"] == kvm_series.variant("all").bits


@pytest.mark.selftest
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_rfc_as_posted(kernel: str, tmp_path: Path) -> None:
    check(lab.run(kernel, "rfc-v1", tmp_path, ["rfc_v1"]), {"rfc_v1"})


@pytest.mark.parametrize("kernel", ["6.1", pytest.param("6.12", marks=pytest.mark.selftest)])
def test_quirk_on_stock(kernel: str, tmp_path: Path) -> None:
    messages = lab.run(kernel, "stock", tmp_path, ["quirk"])
    check(messages, {"quirk"})
    assert messages["capability"]["bits"] == 0


@pytest.mark.selftest
@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_live(kernel: str, tmp_path: Path) -> None:
    from kbench.targets.lab import image, kvm_live, packages, payload, pins, snapshot

    pin = pins.resolve(kernel)
    shot = snapshot.ensure(pin, print)
    live = kvm_live.build(packages.fetch(pin, print), print)
    # With their local symbols: a probe is placed by the name of a static function.
    files = {name: image.module(shot.image, pin, name) for name in snapshot.KVM_MODULES}
    files[kvm_live.NAME] = payload.module(live.read_bytes())
    names = (*snapshot.KVM_MODULES, kvm_live.NAME)
    messages = lab.run(kernel, "live", tmp_path, LIVE, files, names)
    check(messages, {"quirk", "userspace_exits", "mwait_yield", "entry_intercepts", "vcpu_poll"})
