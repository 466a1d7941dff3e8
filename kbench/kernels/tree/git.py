# SPDX-License-Identifier: MIT
"""A user's git repository, which is read only, and kbench's own work tree of it.

The work tree is a clone in the cache that borrows the repository's objects: what is checked
out in the user's own is never touched.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kbench.kernels import cache, tools
from kbench.kernels.errors import KernelError

GIT_SECONDS = 600
# The name of what is not committed yet.
WORKTREE = "worktree"


@dataclass(frozen=True)
class Commit:
    """A state of the sources: `tree` is git's hash of the content, `name` what people call it.

    `hash` is the commit's, or that of the commit which the uncommitted state stands on.
    """

    tree: str
    hash: str
    name: str


class Repository:
    """The git repository of a directory. Raises KernelError where there is none."""

    def __init__(self, directory: Path) -> None:
        path = directory.expanduser()
        if not path.is_dir():
            raise KernelError(f"{directory} is no directory")
        self.path = path.resolve()
        self._git("rev-parse", "--git-dir", what=f"{directory} is no git tree")

    def commit(self, ref: str) -> Commit:
        """What `ref` names: a commit, or WORKTREE for the state that is not committed yet."""
        if ref == WORKTREE:
            return self._uncommitted()
        name = f"{ref}^{{commit}}"
        try:
            found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        except KernelError:
            message = f"{self.path} has no commit {ref}{self._shallow()}"
            raise KernelError(message) from None
        return self._described(found)

    def between(self, good: str, bad: str) -> list[Commit]:
        """The commits from `good` to `bad`, both included, along the first parents.

        Raises KernelError when `bad` does not descend from `good` that way.
        """
        first, last = self.commit(good), self.commit(bad)
        words = ("log", "--reverse", "--first-parent", "--format=%P %H %T")
        lines = self._git(*words, f"{first.hash}..{last.hash}").splitlines()
        if not lines or lines[0].split()[0] != first.hash:
            raise KernelError(
                f"{bad} does not descend from {good} along first parents{self._shallow()}"
            )
        rows = (line.split()[-2:] for line in lines)
        return [first, *(Commit(tree, name, name[:12]) for name, tree in rows)]

    def date(self, commit: Commit) -> datetime:
        """When it was committed (UTC)."""
        seconds = self._git("show", "--no-patch", "--format=%ct", commit.hash)
        return datetime.fromtimestamp(int(seconds), UTC)

    def subject(self, commit: Commit) -> str:
        """The short hash and the first line of the message."""
        return self._git("show", "--no-patch", "--format=%h %s", commit.hash)

    def merged(self, commit: Commit) -> tuple[str, str] | None:
        """The branch that a merge brings in: where it began and its end. None of another commit."""
        parents = self._git("show", "--no-patch", "--format=%p", commit.hash).split()
        if len(parents) != 2:
            return None
        began = self._git("merge-base", *parents)
        return began[: len(parents[1])], parents[1]

    def touched(self, before: Commit, after: Commit) -> list[str]:
        """The files that differ."""
        return self._git("diff-tree", "-r", "--name-only", before.tree, after.tree).splitlines()

    def check_out(self, commit: Commit, place: Path) -> None:
        """Make `place`, kbench's own clone, hold the files of `commit`; equal ones stay."""
        if not (place / ".git").is_dir():
            shutil.rmtree(place, ignore_errors=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            words = ("clone", "--quiet", "--shared", "--no-checkout", str(self.path), str(place))
            self._git(*words, what=f"cannot clone {self.path}")
        words = ("-C", str(place), "read-tree", "-u", "--reset", commit.tree)
        environment = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(_objects())}
        self._git(*words, environment=environment, what=f"cannot check out {commit.name}")

    def archive(self, commit: Commit, patterns: Sequence[str], into: Path) -> None:
        """Write the files of `commit` that match `patterns` below `into`."""
        names = self._git("ls-tree", "-r", "--name-only", commit.tree).splitlines()
        wanted = [name for name in names if _matches(name, patterns)]
        with tempfile.NamedTemporaryFile(suffix=".tar") as tar:
            words = ("archive", "--format=tar", f"--output={tar.name}", commit.tree, *wanted)
            environment = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(_objects())}
            self._git(*words, environment=environment, what=f"cannot read {commit.name}")
            tools.run(["tar", "--extract", f"--file={tar.name}", "-C", into], GIT_SECONDS)

    def _described(self, commit: str) -> Commit:
        tree = self._git("rev-parse", f"{commit}^{{tree}}")
        return Commit(tree, commit, commit[:12])

    def _uncommitted(self) -> Commit:
        """The tracked files as they are, written as a tree into kbench's own object store."""
        head = self.commit("HEAD")
        index = Path(self._git("rev-parse", "--path-format=absolute", "--git-path", "index"))
        with tempfile.NamedTemporaryFile(prefix="kbench-index-") as own:
            if index.exists():
                shutil.copyfile(index, own.name)
            _objects().mkdir(parents=True, exist_ok=True)
            environment = {
                "GIT_INDEX_FILE": own.name,
                "GIT_OBJECT_DIRECTORY": str(_objects()),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": self._git(
                    "rev-parse", "--path-format=absolute", "--git-path", "objects"
                ),
            }
            self._git("add", "--update", environment=environment)
            tree = self._git("write-tree", environment=environment)
        name = head.name if tree == head.tree else f"{head.name}-dirty"
        return Commit(tree, head.hash, name)

    def _shallow(self) -> str:
        shallow = self._git("rev-parse", "--is-shallow-repository") == "true"
        return ": the clone is shallow, git fetch --unshallow" if shallow else ""

    def _git(
        self, *words: str, what: str = "", environment: Mapping[str, str] | None = None
    ) -> str:
        command = ["git", "-C", str(self.path), *words]
        output = tools.run(command, GIT_SECONDS, what=what, environment=environment)
        return output.strip()


def _objects() -> Path:
    """Where the trees of uncommitted states are kept."""
    return cache.root() / "trees" / "objects"


def _matches(name: str, patterns: Sequence[str]) -> bool:
    path = Path(name)
    return any(path.match(pattern) or path.is_relative_to(pattern) for pattern in patterns)
