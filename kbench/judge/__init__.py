# SPDX-License-Identifier: MIT
"""Judging: verdicts from suites, by exact counts in the lab and by statistics on the host."""
