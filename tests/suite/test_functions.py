# SPDX-License-Identifier: MIT
"""Functions in a run: small, read back as they were, and bounded."""

import base64
import zlib

import pytest

from kbench.errors import KbenchError
from kbench.suite.functions import LARGEST, pack, unpack


def test_they_are_read_back() -> None:
    functions = {("kvm_vcpu_ioctl", "kvm"): 78, ("waker", ""): 0, ("a function", "libc"): 3}
    assert unpack(pack(functions)) == functions


def test_they_are_small() -> None:
    many = {(f"kvm_arch_vcpu_function_{n}", ("kvm", "kernel")[n % 2]): 7 * n for n in range(120)}
    assert len(pack(many)) < 2048


def squeezed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "no base64!",
        squeezed(b"1 kvm a\n")[:8],
        squeezed(b"nothing\n"),
        squeezed(b"-5 kvm a\n"),
        squeezed(b"5 kvm a\x1b[31m\n"),
        squeezed(b"\xff\xfe"),
        squeezed(bytes(LARGEST + 1)),
    ],
)
def test_damage_is_one_error(text: str) -> None:
    with pytest.raises(KbenchError, match="kbench_functions is"):
        unpack(text)
