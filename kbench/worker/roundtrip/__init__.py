# SPDX-License-Identifier: MIT
"""Round trips between the guest and userspace: timed loops on one vCPU."""
