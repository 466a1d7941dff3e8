# SPDX-License-Identifier: MIT
"""What the lab boots and what it is handed: root file system, kernel, payload."""
