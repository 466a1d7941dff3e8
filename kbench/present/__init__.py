# SPDX-License-Identifier: MIT
"""Suites and comparisons as people and programs read them: tables, text, Markdown, JSON, CSV."""
