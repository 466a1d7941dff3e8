# SPDX-License-Identifier: MIT
"""Kernels that kbench builds itself, of any commit of a git tree."""
