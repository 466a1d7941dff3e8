# SPDX-License-Identifier: MIT
"""The emulated machines: what an emulator has to do, the one that does it, its snapshots."""
