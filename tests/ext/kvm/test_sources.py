# SPDX-License-Identifier: MIT
"""The form of the extension's C: names, guards, and includes without circles."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

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
    guard = f"__KVM_X86_KBENCH_{path.stem.upper()}_H"
    text = path.read_text()
    assert f"#ifndef {guard}\n#define {guard}\n" in text
    assert text.endswith("\n#endif\n")


def test_no_circle_and_state_below_all() -> None:
    names = {path.name for path in HEADERS}
    graph = {
        path.name: {name for name in INCLUDE.findall(path.read_text()) if name in names}
        for path in HEADERS
    }
    order = list(TopologicalSorter(graph).static_order())
    assert graph["state.h"] == {"run_bytes.h"}
    assert order.index("hooks.h") > max(order.index(name) for name in graph["hooks.h"])
    for name in names - {"run_bytes.h", "state.h"}:
        assert graph[name], f"{name} includes none of the others"


def test_the_prefix_is_found_missing() -> None:
    assert DEFINITION.findall("static void arm(struct kvm_vcpu *vcpu)\n{\n") == ["arm"]
    assert not PREFIX.match("arm")
