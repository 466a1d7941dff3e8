# SPDX-License-Identifier: MIT
"""The part of `kbench lab shell` that runs inside the lab."""

import code
from collections.abc import Callable
from typing import Any

from kbench import catalogue, kvm, worker

BANNER = """\
kbench in the lab: CPython as PID 1, KVM is loaded. Time here is instructions.
catalogue, kvm and worker are imported; exit() or Ctrl-D ends the lab, Ctrl-A X ends QEMU."""


def main(job: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    """Talk Python on the console until the user leaves."""
    names = {"catalogue": catalogue, "kvm": kvm, "worker": worker}
    try:
        code.interact(BANNER, local=names, exitmsg="")
    except SystemExit:
        return
