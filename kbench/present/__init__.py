# SPDX-License-Identifier: MIT
"""One Table, and its forms: terminal, text, Markdown, CSV, JSON, JUnit, GitHub."""
