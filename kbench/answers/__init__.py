# SPDX-License-Identifier: MIT
"""Questions about an idle vCPU, answered from suites: each sentence checks its premise."""
