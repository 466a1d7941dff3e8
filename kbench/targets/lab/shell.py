# SPDX-License-Identifier: MIT
"""A Python console inside the lab, on this terminal."""

from kbench.targets.lab import protocol, target
from kbench.targets.lab.target import Lab

ENTRY = "kbench.targets.lab.console:main"
# "mon:" keeps Ctrl-C for the guest and gives Ctrl-A X for the end of QEMU.
SERIAL = ("-serial", "mon:stdio")
# A forgotten console ends too.
SECONDS = 12 * 3600.0


def run(lab: Lab) -> None:
    """Restore the lab with its serial console on stdin and stdout, until either ends it."""
    job = protocol.Job(entry=ENTRY)
    with lab.snapshot.restore(target.files(job), SECONDS, SERIAL) as process:
        process.wait()
