# SPDX-License-Identifier: MIT
"""The questions of the RFC's thread, answered from lab suites: a module a question."""
