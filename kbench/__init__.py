# SPDX-License-Identifier: MIT
"""kbench: what an idle or exiting KVM vCPU costs."""

__version__ = "0.1.0"
