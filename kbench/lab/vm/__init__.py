# SPDX-License-Identifier: MIT
"""The emulated machine: its options, its process, its snapshots."""
