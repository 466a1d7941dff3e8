# SPDX-License-Identifier: MIT
"""The compiled loops of ext/loops; the stubs beside this file are their interface."""
