# SPDX-License-Identifier: MIT
"""A report's content in each output format."""
