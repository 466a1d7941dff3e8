# SPDX-License-Identifier: MIT
"""docs/gate.md: its project file loads."""

from pathlib import Path

from support.docs import ROOT, blocks

from kbench.judge.project import load_project


def test_project_file_loads(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "docs/gate.md", "toml")
    (tmp_path / "kbench.toml").write_text(text)
    project = load_project(tmp_path / "kbench.toml")
    assert project.acknowledged and project.margin("lab", "min") is not None
