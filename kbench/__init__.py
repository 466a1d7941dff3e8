# SPDX-License-Identifier: MIT
"""kbench: what an idle or exiting KVM vCPU costs."""

__version__ = "0.2.0"
