# SPDX-License-Identifier: MIT
"""Sessions on more than one machine, on dask.distributed (the extra `fleet`).

dask schedules, transports, retries, secures; this room says what a machine can measure, what a
session takes along, and what is held against what. Nothing else of kbench imports dask.
"""
