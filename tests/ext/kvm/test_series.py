# SPDX-License-Identifier: MIT
"""The series of ext/kvm/upstream/ on the pinned kernels: git am, builds, and what they do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ext.kvm import lab, upstream
from kbench.kernels import find
from kbench.kernels.kernel import KernelTree
from kbench.kmod import mail, modules, series, sources

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
# What tests the modules with all patches.
SUITES = {"userspace_exits": "idle_exits", "vcpu_poll": "poll_alone"}
FIRST = "6.1"
KERNELS = [
    pytest.param(FIRST, marks=pytest.mark.test_kvm),
    pytest.param("6.12", marks=pytest.mark.test_variants),
]


def tree(kernel: str) -> KernelTree:
    return find.find(kernel, print).tree(print)


def git(place: Path, *words: str | Path) -> None:
    identity = ("-c", "user.name=kbench", "-c", "user.email=kbench@localhost")
    subprocess.run(["git", *identity, *words], cwd=place, check=True, capture_output=True)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mechanism", series.names())
def test_git_am_takes_it(mechanism: str, kernel: str, tmp_path: Path) -> None:
    """And makes the sources that the modules are built of."""
    linux, made = tmp_path / "linux", tmp_path / "made"
    sources.copy(sources.pristine(tree(kernel), print), linux)
    (linux / mail.API).parent.mkdir(parents=True)
    shutil.copyfile(mail.api(tree(kernel), print), linux / mail.API)
    git(linux, "init", "-q")
    git(linux, "add", ".")
    git(linux, "commit", "-q", "-m", "pinned")
    mails = list(mail.mails(tree(kernel), mechanism, tmp_path / "scratch", print))
    (tmp_path / "mbox").write_text("".join(mails))
    git(linux, "am", "-q", tmp_path / "mbox")
    upstream.recipe(tree(kernel), mechanism, len(mails)).prepare(made)
    changed = subprocess.run(
        ["git", "diff", "--name-only", f"HEAD~{len(mails)}"],
        cwd=linux, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert mail.API in changed
    for name in changed:
        assert (linux / name).read_text() == (made / name).read_text(), name


@pytest.mark.test_variants
@pytest.mark.parametrize("mechanism", series.names())
def test_it_builds_after_each_patch(mechanism: str) -> None:
    for count in range(1, len(series.patches(mechanism)) + 1):
        recipe = upstream.recipe(tree(FIRST), mechanism, count)
        modules.build(tree(FIRST), recipe, print)
        modules.build_intel(tree(FIRST), recipe, print)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mechanism", series.names())
def test_it_works(mechanism: str, kernel: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    numbers = upstream.numbers(tree(kernel), mechanism)
    loaded = upstream.built(tree(kernel), mechanism, len(series.patches(mechanism)))
    others = {"upstream_numbers.py": f"NUMBERS = {numbers!r}\n".encode()}
    messages = lab.run(kernel, loaded, tmp_path, suites=[SUITES[mechanism]], others=others)
    for name, message in messages.items():
        with subtests.test(name):
            assert not message["result"], message["result"]
    assert any(name.startswith(SUITES[mechanism]) for name in messages)
