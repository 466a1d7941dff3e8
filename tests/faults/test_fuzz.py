# SPDX-License-Identifier: MIT
"""A sample of the fuzzing (make fuzz), and every input that was kept."""

import random

import pytest
from faults.fuzz import inputs, mutated
from faults.readers import READERS, Reader, check
from hypothesis import given, settings
from hypothesis import strategies as st

from kbench.errors import KbenchError


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_what_was_kept(reader: Reader) -> None:
    seed, *kept = inputs(reader)
    try:
        reader.read(seed)
    except KbenchError as error:
        assert reader.name == "journal", error
    for data in kept:
        check(reader, data)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(max_examples=30)
@given(seed=st.integers(0, 1 << 32), garbage=st.binary(max_size=200))
def test_a_sample(reader: Reader, seed: int, garbage: bytes) -> None:
    check(reader, mutated(random.Random(seed), reader.seed))
    check(reader, garbage)
