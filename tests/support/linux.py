# SPDX-License-Identifier: MIT
"""A git tree of two of Debian's kernels and commits on top, each with a known effect on a count."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from support.kernels import git

from kbench.kernels import cache, packages

Edit = Callable[[Path], None]
BASE, NEXT = "6.1", "6.12"


def inserted(file: str, function: str, line: str) -> Edit:
    """Put `line` at the beginning of a function."""

    def edit(tree: Path) -> None:
        text = (tree / file).read_text()
        opened = re.compile(rf"^(?!\s).*\b{function}\([^;{{}}]*\)\n\{{\n", re.MULTILINE)
        edited, count = opened.subn(lambda found: f"{found[0]}\t{line}\n", text)
        assert count == 1, f"{function}() is {count} times in {file}"
        (tree / file).write_text(edited)

    return edit


def removed(file: str, line: str) -> Edit:
    """Take `line` out again."""

    def edit(tree: Path) -> None:
        text = (tree / file).read_text()
        (tree / file).write_text(text.replace(f"\t{line}\n", ""))

    return edit


def commented(file: str) -> Edit:
    """Append a comment, which moves no line."""

    def edit(tree: Path) -> None:
        with (tree / file).open("a") as text:
            text.write("/* Nothing more. */\n")

    return edit


def nops(number: int) -> str:
    return f'asm volatile(".rept {number}; nop; .endr");'


BALLAST = ("Documentation", "drivers/gpu/drm", "drivers/net/ethernet", "sound")
X86, SVM, INIT = "arch/x86/kvm/x86.c", "arch/x86/kvm/svm/svm.c", "init/main.c"
BROKEN, DEAD = "this does not compile;", 'panic("this does not boot");'
# The commits after BASE and NEXT, which are number 0 and 1.
COMMITS: tuple[tuple[str, Edit], ...] = (
    ("svm: 5 NOPs an exit", inserted(SVM, "svm_handle_exit", nops(5))),
    ("svm: a comment", commented(SVM)),
    ("sched: a comment in a header that all include", commented("include/linux/sched.h")),
    ("x86: does not compile", inserted(X86, "kvm_arch_vcpu_ioctl_run", BROKEN)),
    ("x86: compiles again", removed(X86, BROKEN)),
    ("x86: 7 NOPs a KVM_RUN", inserted(X86, "kvm_arch_vcpu_ioctl_run", nops(7))),
    ("init: does not boot", inserted(INIT, "kernel_init_freeable", DEAD)),
    ("init: boots again", removed(INIT, DEAD)),
    ("entry: 3 NOPs a system call", inserted("arch/x86/entry/common.c", "do_syscall_64", nops(3))),
)


def linux_tree() -> Path:
    """The tree, made once and kept in the cache; its commits have the tags c0, c1 ... c10.

    Dates and names are fixed, so that its commits have the same hashes wherever it is made.
    """
    place = cache.root() / "test-linux" / cache.digest(Path(__file__).read_bytes())
    if not place.is_dir():
        work = place.with_suffix(".new")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        git(work, 0, "init", "--quiet", "--initial-branch=main")
        git(work, 0, "config", "core.looseCompression", "1")
        git(work, 0, "config", "gc.auto", "0")
        for number, release in enumerate((BASE, NEXT)):
            for path in work.iterdir():
                if path.name != ".git":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            packages.kernel(release, print).code(print).extract_all(work)
            _without_ballast(work)
            _commit(work, number, f"Linux {release}")
        for number, (subject, edit) in enumerate(COMMITS, start=2):
            edit(work)
            _commit(work, number, subject)
        work.rename(place)
    return place


def _without_ballast(work: Path) -> None:
    """Half of the files are for other machines, or drivers that are not built.

    Makefiles and Kconfig files stay: Kconfig reads even those of machines other than its own.
    """
    others = [path for path in (work / "arch").iterdir() if path.name not in ("x86", "um")]
    for top in (*others, *(work / name for name in BALLAST)):
        for path in top.rglob("*"):
            if path.is_file() and not path.name.startswith(("Makefile", "Kbuild", "Kconfig")):
                path.unlink()


def _commit(work: Path, number: int, subject: str) -> None:
    git(work, number, "add", "--all", "--force")
    git(work, number, "commit", "--quiet", "--message", subject)
    git(work, number, "tag", f"c{number}")
