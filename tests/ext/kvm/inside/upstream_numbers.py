# SPDX-License-Identifier: MIT
"""The numbers of the user ABI of a series on this kernel; ../upstream.py has another file."""

NUMBERS: dict[str, int] = {}
