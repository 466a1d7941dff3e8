# SPDX-License-Identifier: MIT
"""What the lab is handed: the measuring part of kbench, with its guests."""

from kbench.lab.image import payload
from kbench.lab.inside import bundle


def test_holds_what_measures_and_nothing_of_the_host() -> None:
    found = payload.package()
    assert "kbench/lab/inside/measure.pyc" in found
    assert not [name for name in found if name.startswith(("kbench/cli/", "kbench/judge/"))]
    guests = {name.rpartition("/")[2] for name in found if name.endswith(".bin")}
    assert {"pio_out.long.bin", "pio_out.real.bin", "idle_hlt.long.bin"} < guests


def test_is_the_same_each_time() -> None:
    assert bundle.pack(payload.package()) == bundle.pack(payload.package())
