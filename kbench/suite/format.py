# SPDX-License-Identifier: MIT
"""What a run in a suite file looks like: the constants that writing and reading share."""

SCHEMA = 1
"""`kbench_schema` of the runs this kbench writes and the newest it reads. 1: the first."""

# pyperf refuses a benchmark whose runs differ in one of these (_bench._CHECKED_METADATA).
UNIFORM = (
    *("aslr", "cpu_count", "cpu_model_name", "hostname", "inner_loops", "name", "platform"),
    *("python_executable", "python_implementation", "python_unicode", "python_version", "unit"),
)

HISTOGRAM = "kbench_hdr"
"""The metadata key of a run's histogram, and with `_STAGE` behind it of a stage's."""

LOWEST, HIGHEST, DIGITS = 1, 60_000_000_000, 3
"""Range (ns, or instructions in the lab) and precision of every kbench histogram."""
