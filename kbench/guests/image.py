# SPDX-License-Identifier: MIT
"""Guest images: freestanding kernels that the wheel carries, one subject each (guests/)."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from kbench._abi import lib
from kbench.errors import KbenchError

Mode = Literal["long", "real", "x2apic"]
"""The CPU mode a guest is built for; "x2apic" is long mode with the APIC's MSRs."""

# A wheel is always unpacked; importlib.resources would cost a worker 10 ms for nothing.
IMAGES = Path(__file__).parent / "images"


@dataclass(frozen=True)
class Image:
    """A guest built for one CPU mode: `data` is loaded at guest-physical `base`."""

    name: str
    mode: Mode
    data: bytes

    @property
    def base(self) -> int:
        return 0 if self.mode == "real" else int(lib.KB_PML4)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def load(name: str, mode: Mode = "long") -> Image:
    """The image of guests/NAME.S. Raises KbenchError where the wheel has none."""
    path = IMAGES / f"{name}.{mode}.bin"
    try:
        return Image(name, mode, path.read_bytes())
    except FileNotFoundError:
        raise KbenchError(
            f"this build of kbench has no guest {name!r} for {mode} mode: reinstall kbench"
        ) from None
