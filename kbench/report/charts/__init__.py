# SPDX-License-Identifier: MIT
"""The pictures of a report: one module each, declared once in altair."""
