# SPDX-License-Identifier: MIT
"""Reading suites: pyperf JSON and HDR strings of untrusted files, and their figures."""
