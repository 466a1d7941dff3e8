# SPDX-License-Identifier: MIT
"""The compiled loops of ext/native; the .pyi files in this folder are their interface."""
