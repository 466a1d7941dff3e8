# SPDX-License-Identifier: MIT
"""Every guest of the source tree is in the wheel, in the modes that its build names."""

import hashlib
import re
from pathlib import Path
from typing import get_args

import pytest

from kbench._abi import lib
from kbench.errors import KbenchError
from kbench.guests import Mode, load
from kbench.guests.image import IMAGES

SOURCE = Path(__file__).parents[2] / "guests"
SHARED = {"start"}  # start.S is linked into every guest


def declared() -> dict[str, list[str]]:
    """guests/meson.build: name -> modes."""
    rows = re.findall(r"^  '(\w+)': \[(.*?)\]", (SOURCE / "meson.build").read_text(), re.M)
    return {name: re.findall(r"'(\w+)'", modes) for name, modes in rows}


def test_every_row_has_its_file_and_every_file_its_row() -> None:
    files = {path.stem for path in SOURCE.glob("*.S")} - SHARED
    assert files == set(declared())


def test_the_wheel_has_them_all() -> None:
    names = {f"{name}.{mode}" for name, modes in declared().items() for mode in modes}
    assert {path.stem for path in IMAGES.glob("*.bin")} == names
    assert {path.stem for path in IMAGES.glob("*.elf")} == names


@pytest.mark.parametrize("path", sorted(IMAGES.glob("*.bin")), ids=lambda path: path.stem)
def test_image(path: Path) -> None:
    name, word = path.stem.split(".")
    (mode,) = (mode for mode in get_args(Mode) if mode == word)
    image = load(name, mode)
    assert image.base + len(image.data) <= lib.KB_BUFFER, "a guest ends below the buffer"
    assert image.base + len(image.data) > lib.KB_ENTRY
    assert image.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.S")), ids=lambda path: path.stem)
def test_a_guest_is_one_short_subject_that_says_what_it_is(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[1].startswith("/*")
    if path.stem not in SHARED:
        code = [line for line in lines if line.strip() and not line.startswith(("/*", " *"))]
        assert len(code) <= 25


def test_unknown_guest() -> None:
    with pytest.raises(KbenchError, match="no guest 'nothing' for real mode: reinstall"):
        load("nothing", "real")
