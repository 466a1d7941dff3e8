# SPDX-License-Identifier: MIT
"""Whether the last instruction of a nested guest before a VM exit is counted.

QEMU counts an instruction when it is complete. One that is intercepted, or that faults, has
begun and is taken back; one that an interrupt follows is counted. KVM's exit handlers show
which it was.
"""

from kbench.explain.insns import UD2
from kbench.explain.tree import Node

# Exit handlers for what comes between two instructions (arch/x86/kvm/svm/svm.c).
BETWEEN = (
    *("intr_interception", "nmi_interception", "smi_interception"),
    *("interrupt_window_interception", "db_interception"),
)
# All others are for what came in place of an instruction, and so is what completes one for it.
INSTEAD = (
    *("_interception", "skip_emulated_instruction", "x86_emulate_instruction"),
    "handle_fastpath_set_msr_irqoff",
)


class Exits:
    """Follows VM exits; takes instructions that are not counted out of their nodes."""

    def __init__(self) -> None:
        self.uncounted = 0
        self._pending: Node | None = None
        self._interrupted = False

    def left(self, guest: Node, code: bytes) -> None:
        """The guest left, and the instruction `code` was its last."""
        self._interrupted = False
        # QEMU raises #UD when it translates: the count has UD2 by then.
        self._pending = None if code.startswith(UD2) else guest

    def interrupted(self) -> None:
        """The host took an interrupt."""
        self._interrupted = True

    def seen(self, function: str) -> None:
        """The host executed `function`."""
        if self._pending is not None:
            if function in BETWEEN:
                self._pending = None
            elif function.endswith(INSTEAD):
                self._take_back()

    def entered(self) -> None:
        """The host enters the guest again."""
        if self._pending is not None and not self._interrupted:
            self._take_back()
        self._pending = None

    end = entered

    def _take_back(self) -> None:
        assert self._pending is not None
        self._pending.own -= 1
        self.uncounted += 1
        self._pending = None
