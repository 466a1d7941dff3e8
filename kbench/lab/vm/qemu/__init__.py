# SPDX-License-Identifier: MIT
"""QEMU as the lab's emulator: its options, its process, and how it saves and restores a lab."""
