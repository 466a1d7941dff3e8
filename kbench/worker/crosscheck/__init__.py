# SPDX-License-Identifier: MIT
"""A run held against what the kernel and KVM counted meanwhile."""
