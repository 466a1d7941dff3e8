# SPDX-License-Identifier: MIT
"""Bochs as the lab's emulator: built from source, booted without firmware, saved and restored."""
