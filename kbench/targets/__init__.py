# SPDX-License-Identifier: MIT
"""Where a benchmark is measured: this machine's /dev/kvm, or the emulated lab."""
