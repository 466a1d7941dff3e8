# SPDX-License-Identifier: MIT
"""What can go wrong when an event is explained."""

from kbench.errors import KbenchError


class Unexplained(KbenchError):
    """The event has no two stamps, or its instructions do not add up to its count."""
