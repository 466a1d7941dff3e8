# SPDX-License-Identifier: MIT
"""The pictures of a report, one module each, declared in altair."""
