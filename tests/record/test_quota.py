# SPDX-License-Identifier: MIT
"""The CPU quota is found in a group and above it, in both versions of control groups."""

from pathlib import Path

import pytest

from kbench.record import provenance, quota


@pytest.mark.parametrize(
    ("member", "files", "expected"),
    [
        ("0::/", {}, None),
        ("0::/a/b", {"a/b/cpu.max": "max 100000"}, None),
        ("0::/a/b", {"a/b/cpu.max": "20000 100000"}, 0.2),
        ("0::/a/b", {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 1.5),
        ("0::/", {"cpu.max": "50000 100000"}, 0.5),
        (
            "4:memory:/x\n3:cpu,cpuacct:/a",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "25000", "cpu,cpuacct/a/cpu.cfs_period_us": "50000"},
            0.5,
        ),
        ("3:cpu:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "50000"}, None),
        ("3:cpuset:/a", {"cpuset/a/cpu.max": "1 2"}, None),
    ],
)
def test_quota(
    member: str,
    files: dict[str, str],
    expected: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cgroup").write_text(member + "\n")
    for name, text in files.items():
        place = tmp_path / "groups" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + "\n")
    monkeypatch.setattr(quota, "MEMBER", tmp_path / "cgroup")
    monkeypatch.setattr(quota, "CGROUPS", tmp_path / "groups")
    assert quota.cpu_quota() == expected
    assert provenance.process().get("kbench_cpu_quota") == expected


def test_nothing_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "MEMBER", tmp_path / "absent")
    assert quota.cpu_quota() is None
