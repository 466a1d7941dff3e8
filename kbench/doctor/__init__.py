# SPDX-License-Identifier: MIT
"""What this machine can measure, and what will disturb it."""
