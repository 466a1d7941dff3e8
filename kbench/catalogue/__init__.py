# SPDX-License-Identifier: MIT
"""The catalogue: every benchmark of every family as data, and how to pick from it."""

from kbench.catalogue.benchmark import Batch, Benchmark, IdleWindow, RoundTrip
from kbench.catalogue.families import catalogue
from kbench.catalogue.selectors import find, select

__all__ = ["Batch", "Benchmark", "IdleWindow", "RoundTrip", "catalogue", "find", "select"]
