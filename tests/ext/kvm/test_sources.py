# SPDX-License-Identifier: MIT
"""The form of the extension's C: names, guards, and includes without circles."""

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from ext.kvm.bugs import BUGS

EXTENSION = Path(__file__).parents[3] / "ext" / "kvm"
SOURCES = sorted((EXTENSION / "src").glob("*.[ch]"))
HEADERS = [path for path in SOURCES if path.suffix == ".h"]
# What begins a function's definition, and how its name may begin.
DEFINITION = re.compile(r"^(?!#|typedef|struct \w+ \{|enum|extern)[a-z][\w \t*]*?\b(\w+)\(", re.M)
PREFIX = re.compile(r"(__)?((kvm|svm|vmx)_)?kbench_")
INCLUDE = re.compile(r'^#include "(\w+\.h)"', re.M)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_functions_have_the_prefix(path: Path) -> None:
    names = DEFINITION.findall(path.read_text())
    assert [name for name in names if not PREFIX.match(name) and name.islower()] == []


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: path.name)
def test_headers_are_guarded(path: Path) -> None:
    assert guarded(path.stem, path.read_text())


def guarded(name: str, text: str) -> bool:
    guard = f"__KVM_X86_KBENCH_{name.upper()}_H"
    return f"#ifndef {guard}\n#define {guard}\n" in text and text.endswith("\n#endif\n")


def included(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Header -> those of `texts` that it includes."""
    return {
        name: {other for other in INCLUDE.findall(text) if other in texts}
        for name, text in texts.items()
    }


def test_no_circle_and_state_below_all() -> None:
    graph = included({path.name: path.read_text() for path in HEADERS})
    names = set(graph)
    order = list(TopologicalSorter(graph).static_order())
    assert graph["state.h"] == {"run_bytes.h"}
    assert order.index("hooks.h") > max(order.index(name) for name in graph["hooks.h"])
    for name in names - {"run_bytes.h", "state.h"}:
        assert graph[name], f"{name} includes none of the others"


def test_hooks_have_no_regular_expression() -> None:
    """Its syntax is that of the library that spatch was built with: Debian 13 has another one."""
    hooks = sorted((EXTENSION / "hooks").glob("*.cocci"))
    assert hooks and not [path.name for path in hooks if re.search("[=!]~", path.read_text())]


def test_the_prefix_is_found_missing() -> None:
    assert DEFINITION.findall("static void arm(struct kvm_vcpu *vcpu)\n{\n") == ["arm"]
    assert not PREFIX.match("arm")


def test_a_missing_guard_is_noticed() -> None:
    text = (EXTENSION / "src" / "run.h").read_text()
    assert guarded("run", text)
    assert not guarded("run", text.replace("#ifndef", "#ifdef"))
    assert not guarded("run", text.removesuffix("\n#endif\n"))


def test_a_circle_is_noticed() -> None:
    texts = {path.name: path.read_text() for path in HEADERS}
    texts["state.h"] += '#include "hooks.h"\n'
    with pytest.raises(CycleError):
        TopologicalSorter(included(texts)).prepare()


@pytest.mark.parametrize("name", BUGS)
def test_old_bugs_have_their_places(name: str) -> None:
    """test_bugs.py, which nothing runs by itself, can put them back."""
    for file, old in BUGS[name].change:
        assert (EXTENSION / "src" / Path(file).name).read_text().count(old) == 1, old
