# SPDX-License-Identifier: MIT
"""A comparison as text, Markdown, JSON, CSV, JUnit and GitHub annotations: one module each."""
