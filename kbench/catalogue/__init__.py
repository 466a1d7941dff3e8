# SPDX-License-Identifier: MIT
"""The catalogue: every benchmark of every family as data, and how to pick from it."""

from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.selectors import catalogue, find, select

__all__ = ["Benchmark", "catalogue", "find", "select"]
