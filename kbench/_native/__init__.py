# SPDX-License-Identifier: MIT
"""The compiled loops of ext/native; the stubs beside this file are their interface.

A Cython module finds the classes that another one defines by the bare names under which
these enter themselves, so they come first, in the order in which they use each other.
"""

from kbench._native import hdr, watchdog, work, vcpu_thread, wake_sources  # isort: skip

__all__ = ["hdr", "vcpu_thread", "wake_sources", "watchdog", "work"]
