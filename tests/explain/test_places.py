# SPDX-License-Identifier: MIT
"""Where code lies in a lab is asked once; a kernel that cannot say it is refused."""

import base64
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kbench.explain import places
from kbench.explain.errors import Unexplained
from kbench.explain.inside import mapped
from kbench.lab.labs import Lab


def lab() -> Lab:
    """What places.found() reads of a lab."""
    kernel = SimpleNamespace(content="c", version="9.9-custom")
    made = SimpleNamespace(
        snapshot=SimpleNamespace(kernel=kernel, key="k"), identity={"qemu": "7.2"}
    )
    return cast(Lab, made)


def test_each_answer_is_asked_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(lab: Lab, function: str) -> dict[str, bytes]:
        asked.append(function)
        return {name: f"{name} of it".encode() for name in places.NAMES[function]}

    monkeypatch.setattr(places, "_run", run)
    found = [places.found(lab(), lambda line: None) for _ in range(2)]
    assert found[0] == found[1] and found[0]["maps"] == "maps of it"
    assert asked == ["kernel", "process"]


def test_a_kernel_without_symbols(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_run", lambda lab, what: dict.fromkeys(places.NAMES[what], b""))
    with pytest.raises(Unexplained, match=r"Linux 9\.9-custom was built without CONFIG_KALLSYMS"):
        places.found(lab(), lambda line: None)


@pytest.mark.parametrize("there", [True, False])
def test_functions_and_labels_alone_are_sent(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kallsyms"
    if there:
        file.write_text(
            "ffffffff81000000 T _text\nffffffff82000000 D data\n"
            "ffffffffc0000000 t f\t[kvm]\nffffffff81000010 w weak\n"
        )
    monkeypatch.setattr(mapped, "Path", lambda path: file)
    sent: list[dict[str, Any]] = []
    mapped.kernel({}, sent.append)
    text = zlib.decompress(base64.b64decode(sent[0]["facts"]["kallsyms"])).decode()
    expected = "ffffffff81000000 T _text\nffffffff81000010 w weak\n" if there else ""
    assert text == expected
