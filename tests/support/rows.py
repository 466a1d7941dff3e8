# SPDX-License-Identifier: MIT
"""Rows of the catalogue of the kind that a test is about."""

from kbench.catalogue import Batch, RoundTrip, find


def batch(name: str) -> Batch:
    """The row `name` of family inkernel."""
    row = find(name)
    assert isinstance(row, Batch)
    return row


def round_trip(name: str) -> RoundTrip:
    """The row `name` of a family of round trips."""
    row = find(name)
    assert isinstance(row, RoundTrip)
    return row
