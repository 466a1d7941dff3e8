# SPDX-License-Identifier: MIT
"""A Python console inside the lab, on this terminal."""

from kbench.lab import labs, protocol
from kbench.lab.labs import Lab
from kbench.lab.vm.qemu import emulator as qemu

ENTRY = "kbench.lab.inside.console:main"
# "mon:" keeps Ctrl-C for the guest and gives Ctrl-A X for the end of QEMU.
SERIAL = ("-serial", "mon:stdio")
# A forgotten console ends too.
SECONDS = 12 * 3600.0


def run(lab: Lab) -> None:
    """Restore the lab with its serial console on stdin and stdout, until either ends it."""
    job = protocol.Job(entry=ENTRY)
    shot = lab.snapshot
    emulator = qemu.require(shot.emulator)
    with emulator.restore(shot.place, labs.files(job), SECONDS, SERIAL) as process:
        process.wait()
