# SPDX-License-Identifier: MIT
"""Every instruction of a benchmark's event in the lab, by function, exactly."""
