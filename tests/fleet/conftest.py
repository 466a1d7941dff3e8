# SPDX-License-Identifier: MIT
from collections.abc import Iterator

import pytest
from support.fleet import cluster


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler with two workers, for the tests of a module."""
    with cluster() as made:
        yield made
