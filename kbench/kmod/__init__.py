# SPDX-License-Identifier: MIT
"""KVM modules: the variants of the extension and users' own trees, built out of tree."""
