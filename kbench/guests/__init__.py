# SPDX-License-Identifier: MIT
"""Guest images and the page they share with the host."""

from kbench.guests.image import Image, Mode, load

__all__ = ["Image", "Mode", "load"]
