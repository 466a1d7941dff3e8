# SPDX-License-Identifier: MIT
"""The compiled loops of ext/loops; the stubs beside this file are their interface.

A Cython module finds the classes that another one defines by the bare names under which
these three enter themselves, so they come first.
"""

from kbench._loops import hdr, lanes, watchdog

__all__ = ["hdr", "lanes", "watchdog"]
