# SPDX-License-Identifier: MIT
"""What drives measuring and judging together: runs, pairs of sides, the self-test of a gate."""
